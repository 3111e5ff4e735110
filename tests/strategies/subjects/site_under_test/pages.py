"""Never imported before the first request."""

from __future__ import annotations

from typing import Any

LOADED = True


def serve(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    if environ.get("PATH_INFO") == "/late-page":
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"late"]
    start_response("404 Not Found", [("Content-Type", "text/html")])
    return [b""]
