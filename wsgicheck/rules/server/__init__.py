"""The rules that can only be judged on a real server: one module per chapter, each card with its scene."""

from __future__ import annotations

from importlib import import_module

from ...model.scene import Scene

__all__ = ["CHAPTERS", "scenes"]

CHAPTERS = (
    "application", "environ", "paths", "flags", "input", "errors", "start_response", "headers", "body", "close",
    "write", "file_wrapper", "exceptions", "content_length", "streaming", "http_response", "http_request",
    "framing", "connection", "expect", "survival",
)


def scenes() -> tuple[Scene, ...]:
    """Return every scene, in the order of the chapters and within one in the order of the file."""
    found = []
    for chapter in CHAPTERS:
        module = import_module(f"{__name__}.{chapter}")
        found += [value for value in vars(module).values()
                  if isinstance(value, Scene) and value.check.__module__ == module.__name__]
    return tuple(found)
