"""Routes of a Flask application, and of any application that keeps a werkzeug.routing.Map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .route import Hole, Part, Route, make_route
from .unwrap import attributes_of, is_a

__all__ = ["routes"]

_HOLE = re.compile(r"<(?:(?P<kind>[A-Za-z_]\w*)(?:\((?P<args>.*?)\))?:)?(?P<name>[A-Za-z_]\w*)>")
_KINDS = {"int": "int", "float": "float", "path": "path", "uuid": "uuid", "string": "str", "default": "str"}
_CHOICE = re.compile(r"""["']([^"']*)["']|([\w-]+)""")


def parts_of(rule: str, converters: dict[str, Any]) -> list[Part]:
    """Return the parts of a werkzeug rule; `converters` are those of the rule, by the name of the value."""
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(rule):
        parts.append(rule[end:match.start()])
        end = match.end()
        kind, args, name = match["kind"] or "str", match["args"] or "", match["name"]
        regex = getattr(converters.get(name), "regex", "") or ""
        if kind == "any":
            values = tuple(quoted or plain for quoted, plain in _CHOICE.findall(args))
            parts.append(Hole(name, "re", "|".join(map(re.escape, values)), values))
        elif kind in _KINDS:
            length = re.search(r"(?:min)?length=(\d+)", args)
            values = ("1" * int(length[1]),) if length and int(length[1]) < 200 else ()
            lowest = re.search(r"\bmin=(\d+)", args)
            parts.append(Hole(name, _KINDS[kind], regex, values or ((lowest[1],) if lowest else ())))
        else:
            parts.append(Hole(name, "re", regex))
    parts.append(rule[end:])
    return parts


def _view(holder: object, endpoint: Any) -> object:
    """Return what answers for an endpoint, in the ways in which applications write it down."""
    if callable(endpoint):
        return endpoint
    held = attributes_of(holder)
    for name in ("view_functions", "views", "endpoints", "handlers"):
        table = held.get(name)
        if isinstance(table, dict) and endpoint in table:
            return table[endpoint]
    if isinstance(endpoint, str):
        for name in (endpoint, f"on_{endpoint}", f"view_{endpoint}"):
            for cls in type(holder).__mro__:
                if name in vars(cls):
                    return vars(cls)[name]
    return None


def _of_map(table: Any, holder: object, source: str) -> Iterator[Route]:
    # The most literal first, as the Map itself decides between rules that both match.
    for rule in sorted(table.iter_rules(), key=lambda rule: ("<path:" in rule.rule, rule.rule.count("<"))):
        if rule.build_only or rule.websocket:
            continue
        written = str(rule.rule)
        if getattr(table, "host_matching", False) and not written.startswith("/"):
            written = "/" + written.partition("/")[2]
        view = _view(holder, rule.endpoint)
        methods = sorted(rule.methods or (), key=lambda method: (method != "GET", method == "HEAD", method))
        view_class = getattr(view, "view_class", None)
        yield make_route(parts_of(written, getattr(rule, "_converters", {})), methods, rule=written,
                         view=view_class or view, source=source)


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of `application`, none if it keeps no Map."""
    flask = is_a(application, "flask", "Flask")
    for value in list(attributes_of(application).values()):
        if is_a(value, "werkzeug", "Map"):
            yield from _of_map(value, application, "Flask" if flask else "werkzeug")
    if not flask:
        for cls in type(application).__mro__[:-1]:
            for value in list(vars(cls).values()):
                if is_a(value, "werkzeug", "Map"):
                    yield from _of_map(value, application, "werkzeug")
