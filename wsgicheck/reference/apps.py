"""The exemplary applications: what a server is shown when the server is what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["plain"]


def plain(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 200 with a short text, and nothing that any rule could object to.

    A body whose length is known is read, as a server has to be left with none of it.
    """
    length = environ.get("CONTENT_LENGTH")
    if isinstance(length, str) and 0 < len(length) < 9 and length.isascii() and length.isdigit():
        environ["wsgi.input"].read(int(length))
    body = b"" if environ.get("REQUEST_METHOD") == "HEAD" else b"It works.\n"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "10")])
    return [body]
