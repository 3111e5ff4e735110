"""The rules that can only be judged on a real server: one module per chapter, each card with its scene."""

from __future__ import annotations

from importlib import import_module

from ...model.scene import Scene

__all__ = ["CHAPTERS", "everyday", "scenes"]

CHAPTERS = (
    "application", "environ", "paths", "flags", "input", "errors", "start_response", "exc_info", "headers", "body",
    "close", "write", "file_wrapper", "exceptions", "content_length", "streaming", "http_response",
    "framing", "connection", "expect", "survival",
)


def _in(module_name: str) -> list[Scene]:
    module = import_module(f"{__name__}.{module_name}")
    return [value for value in vars(module).values()
            if isinstance(value, Scene) and value.check.__module__ == module.__name__]


def scenes() -> tuple[Scene, ...]:
    """Return every scene, in the order of the chapters and within one in the order of the file."""
    return tuple(card for chapter in CHAPTERS for card in _in(chapter))


def everyday() -> tuple[Scene, ...]:
    """Return the scenes that judge nothing themselves and let the spies watch (see everyday.py)."""
    return tuple(_in("everyday"))
