"""Routes of a Pyramid application, and the views of its root where it goes by traversal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from .route import Hole, Part, Route, make_route
from .unwrap import is_a

__all__ = ["routes"]

_HOLE = re.compile(r"\{(?P<name>\w+)(?::(?P<regex>(?:[^{}]|\{[^{}]*\})+))?\}|\*(?P<rest>\w+)\Z|(?<=/):(?P<old>\w+)")


def _parts(pattern: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    pattern = pattern if pattern.startswith("/") else "/" + pattern
    for match in _HOLE.finditer(pattern):
        parts.append(pattern[end:match.start()])
        end = match.end()
        if match["rest"]:
            parts.append(Hole(match["rest"], "path", ".*"))
        else:
            parts.append(Hole(match["name"] or match["old"], "re" if match["regex"] else "str", match["regex"] or ""))
    parts.append(pattern[end:])
    return parts


def _methods(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (str(value),) if isinstance(value, str) else tuple(str(method) for method in value)


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the Pyramid application, none if it is none."""
    if not is_a(application, "pyramid", "Router"):
        return
    router: Any = application
    registry = router.registry
    views = [item["introspectable"] for item in registry.introspector.get_category("views") or ()]
    mapper = registry.queryUtility(import_module("pyramid.interfaces").IRoutesMapper)
    known = list(mapper.get_routes()) if mapper is not None else []
    declared = {item["introspectable"]["name"]: item["introspectable"]
                for item in registry.introspector.get_category("routes") or ()}
    for route in known:
        own = [view for view in views if view.get("route_name") == route.name]
        # A view for HEAD beside one for GET is the same place asked in another way.
        if any("GET" in _methods(view.get("request_methods")) for view in own):
            own = [view for view in own if _methods(view.get("request_methods")) != ("HEAD",)]
        written = "/" + route.pattern.lstrip("/")
        limited = _methods(declared.get(route.name, {}).get("request_methods"))
        if not own:
            yield make_route(_parts(route.pattern), limited, rule=written, source="Pyramid")
        for view in own:
            callback = view.get("callable")
            attr = view.get("attr")
            yield make_route(_parts(route.pattern), _methods(view.get("request_methods")) or limited,
                             rule=written, view=getattr(callback, attr, None) if attr else callback,
                             source="Pyramid")
    for view in views:
        if not view.get("route_name") and not view.get("context"):
            yield make_route([f"/{view.get('name') or ''}"], _methods(view.get("request_methods")),
                             view=view.get("callable"), source="Pyramid")
