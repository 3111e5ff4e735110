"""The entry point: it imports the pages when the first request comes."""

from __future__ import annotations

from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> Any:
    from . import pages

    return pages.serve(environ, start_response)
