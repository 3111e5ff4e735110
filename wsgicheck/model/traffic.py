"""One request of real traffic as one line of JSON, written by a validator that records, read as material for runs.

Law: what is written is read back as the same request; bytes stand as one Latin-1 code point each.
"""

from __future__ import annotations

import json
from typing import Any

from .request import Request

__all__ = ["from_line", "to_line"]


def to_line(request: Request) -> str:
    """Return the request as a line, without its line break."""
    return json.dumps({
        "variables": [list(pair) for pair in request.variables], "body": request.body.decode("latin-1"),
        "scheme": request.url_scheme, "terminated": request.input_terminated}, ensure_ascii=True)


def from_line(line: str) -> Request | None:
    """Return the request that a line holds, None if it holds none."""
    try:
        found: Any = json.loads(line)
        variables = tuple((name, value) for name, value in found["variables"]
                          if isinstance(name, str) and isinstance(value, str))
        for name, value in variables:
            (name + value).encode("latin-1")
        return Request(variables, found["body"].encode("latin-1"), input_terminated=bool(found.get("terminated")),
                       url_scheme="https" if found.get("scheme") == "https" else "http")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
