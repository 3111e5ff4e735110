"""Routes of a CherryPy application: the tree of its exposed handlers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from .route import Hole, Part, Route, make_route
from .unwrap import is_a

__all__ = ["routes"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_DEEPEST = 8
_MOST = 500


def _exposed(value: Any) -> bool:
    return bool(getattr(value, "exposed", False))


def _arguments(handler: Any) -> tuple[int, bool]:
    """Return how many positional arguments must be path segments, and whether there may be more."""
    try:
        parameters = list(inspect.signature(handler).parameters.values())
    except (TypeError, ValueError):
        return 0, False
    needed = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    return needed, any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _here(path: str, handler: Any, methods: tuple[str, ...]) -> Route:
    needed, more = _arguments(handler)
    parts: list[Part] = [path if path == "/" or not needed else path + "/"]
    for number in range(needed):
        parts += [Hole(f"arg{number}"), "/" if number < needed - 1 else ""]
    route = make_route(parts, methods, view=handler, source="CherryPy")
    slash = "" if path.endswith("/") else "/?"
    rest = "(?:/.*)?" if more else slash
    return make_route(parts, methods, view=handler, source="CherryPy", pattern=route.pattern.pattern + rest)


def _walk(node: Any, path: str, seen: set[int], depth: int = 0) -> Iterator[Route]:
    if id(node) in seen or depth > _DEEPEST or len(seen) > _MOST:
        return
    seen.add(id(node))
    if _exposed(node) and not callable(node):
        for method in _METHODS:
            handler = getattr(node, method, None)
            if callable(handler):
                yield _here(path, handler, (method,))
    for name in dir(node):
        if name.startswith("_"):
            continue
        try:
            value = getattr(node, name)
        except Exception:       # a property that needs a request
            continue
        if isinstance(value, (type, str, bytes, int, float, list, dict, tuple, set)):
            continue
        if callable(value) and _exposed(value):
            if name == "index":
                yield _here(path, value, ())
            elif name == "default":
                below = path.rstrip("/") + "/"
                yield make_route([below, Hole("rest", "path")], rule=below + "<default>", view=value, source="CherryPy")
            else:
                yield _here(f"{path.rstrip('/')}/{name}", value, ())
        if hasattr(value, "__dict__") and not inspect.isroutine(value) and not inspect.ismodule(value):
            yield from _walk(value, f"{path.rstrip('/')}/{name}", seen, depth + 1)


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the CherryPy application, none if it is none.

    Its paths count from the application's own mount, which unwrap.py knows; one that is not in a tree has the
    mount that it was made with.
    """
    if not is_a(application, "cherrypy", "Application"):
        return
    app: Any = application
    yield from _walk(app.root, "/", set())
