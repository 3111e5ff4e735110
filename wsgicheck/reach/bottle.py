"""Routes of a Bottle application, those of what is mounted in it included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .route import Hole, Part, Route, make_route
from .unwrap import is_a

__all__ = ["routes"]

_HOLE = re.compile(r"<(?P<name>[A-Za-z_]\w*)?(?::(?P<kind>[A-Za-z_]\w*)(?::(?P<args>(?:\\.|[^\\>])+))?)?>"
                   r"|(?<=/):(?P<old>[A-Za-z_]\w*)(?:#(?P<regex>[^#]+)#)?")


def _parts(rule: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(rule):
        parts.append(rule[end:match.start()])
        end = match.end()
        kind, args = match["kind"] or "", match["args"] or match["regex"] or ""
        name = match["name"] or match["old"] or ""
        if kind in ("int", "float", "path"):
            parts.append(Hole(name, kind))
        else:
            parts.append(Hole(name, "re" if args else "str", args))
    parts.append(rule[end:])
    return parts


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the Bottle application, none if it is none."""
    if not is_a(application, "bottle", "Bottle"):
        return
    app: Any = application
    for route in sorted(app.routes, key=lambda route: "<" in str(route.rule)):     # as Bottle does: static ones first
        below = route.config.get("mountpoint.target")
        if below is not None:
            mount = str(route.config.get("mountpoint.prefix", "")).rstrip("/")
            if is_a(below, "bottle", "Bottle") and below is not app:
                for inner in routes(below):
                    yield inner.mounted(mount)
            continue
        method = str(route.method).upper()
        yield make_route(_parts(str(route.rule)), () if method in ("ANY", "PROXY") else (method,),
                         rule=str(route.rule), view=route.callback, source="Bottle")
