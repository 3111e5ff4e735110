"""The JSON schemas of what wsgicheck writes, as package data."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["report_schema"]


def report_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the report "wsgicheck-report/1"."""
    text = files(__name__).joinpath("report-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
