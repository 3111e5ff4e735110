"""Routes of a Falcon application: its compiled router's tree of templates and resources, and its sinks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .route import Hole, Part, Route, make_route
from .unwrap import attributes_of, is_a

__all__ = ["routes"]

_HOLE = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>\w+)(?:\((?P<args>[^)]*)\))?)?\}")
_KINDS = {"int": "int", "float": "float", "uuid": "uuid", "path": "path"}


def _parts(template: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(template):
        parts.append(template[end:match.start()])
        end = match.end()
        if match["kind"] == "dt":
            parts.append(Hole(match["name"], "re", r"[^/]+", ("2024-01-01T00:00:00Z",)))
        else:
            parts.append(Hole(match["name"], _KINDS.get(match["kind"] or "", "str")))
    parts.append(template[end:])
    return parts


def _nodes(nodes: Any, depth: int = 0) -> Iterator[Any]:
    for node in nodes:
        yield node
        if depth < 30:
            yield from _nodes(node.children, depth + 1)


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the Falcon application, none if it is none."""
    if not is_a(application, "falcon", "App") and not is_a(application, "falcon", "API"):
        return
    held = attributes_of(application)
    nodes = [node for node in _nodes(getattr(held.get("_router"), "_roots", ())) if node.uri_template]
    for node in sorted(nodes, key=lambda node: str(node.uri_template).count("{")):
        resource = getattr(node, "resource", None)
        if resource is None or not node.method_map:
            continue
        for method, responder in node.method_map.items():
            # Falcon fills the map up with answers of its own: 405, and OPTIONS.
            if getattr(responder, "__self__", None) is resource and method not in ("WEBSOCKET",):
                yield make_route(_parts(node.uri_template), (method,), rule=node.uri_template, view=responder,
                                 source="Falcon")
    for sink in held.get("_sinks") or ():
        pattern = getattr(sink[0], "pattern", "")
        if isinstance(pattern, str) and len(sink) > 1:
            yield make_route([Hole("", "re", pattern + ".*")], rule=pattern, view=sink[1], source="Falcon")
