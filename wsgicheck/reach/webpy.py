"""Routes of a web.py application: its mapping of regular expressions to classes and other applications."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .route import Hole, Route, make_route
from .sample import sample_of
from .unwrap import is_a

__all__ = ["routes"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _class_of(app: Any, target: Any) -> Any:
    if isinstance(target, str):
        if target.startswith("redirect "):
            return None
        found = app.fvars.get(target)
        if found is None and "." in target:
            module, _, name = target.rpartition(".")
            try:
                found = getattr(__import__(module, fromlist=[name]), name)
            except Exception:       # an import that fails for reasons of its own is not ours to tell
                found = None
        return found
    return target


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the web.py application, none if it is none."""
    if not is_a(application, "web", "application"):
        return
    app: Any = application
    for pattern, target in app.mapping:
        if is_a(target, "web", "application"):
            for route in routes(target):
                yield route.mounted(str(pattern))
            continue
        cls = _class_of(app, target)
        if not isinstance(pattern, str) or cls is None:
            continue
        bare = re.sub(r"\(\?P<\w+>", "(?:", pattern.removeprefix("^").removesuffix("$"))
        hole = Hole("", "re", bare, tuple(filter(None, (sample_of(bare.replace(".*", "a")),))))
        for method in _METHODS:
            handler = getattr(cls, method, None)
            if callable(handler):
                yield make_route([hole], (method,), rule=pattern, view=handler, source="web.py", pattern=bare)
