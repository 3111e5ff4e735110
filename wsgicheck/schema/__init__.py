"""The JSON schemas of what wsgicheck writes, as package data."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["events_schema", "report_schema"]


def report_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the report "wsgicheck-report/1"."""
    return _read("report-1.schema.json")


def events_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of one line of "wsgicheck-events/1", whole: it holds the report's own."""
    return _read("events-1.schema.json") | {"$defs": {"report": report_schema()}}


def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))
    return schema
