"""The marker `@pytest.mark.wsgicheck(...)`: what a test, its class and its module say of the fixtures in it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

__all__ = ["check_marks", "marked", "words"]


def marked(request: pytest.FixtureRequest, name: str) -> tuple[str, ...]:
    """Return what the markers of the test, its class and its module say for `name`, the outermost first."""
    found: list[str] = []
    for mark in request.node.iter_markers("wsgicheck"):
        value = mark.kwargs.get(name, ())
        found[:0] = [value] if isinstance(value, str) else list(value)
    return tuple(found)


def check_marks(request: pytest.FixtureRequest) -> None:
    """Raise a pytest.UsageError where a marker says what no fixture takes."""
    for mark in request.node.iter_markers("wsgicheck"):
        unknown = [key for key in mark.kwargs if key not in ("select", "ignore", "max_examples")]
        if unknown or mark.args:
            what = f"no {unknown[0]}" if unknown else "keywords alone"
            raise pytest.UsageError(f"@pytest.mark.wsgicheck takes select, ignore and max_examples, and {what}")


def words(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return what was given as one word or as several."""
    return (value,) if isinstance(value, str) else tuple(value)
