"""Routes of a Django site: its URLconf with what it includes, the admin, prefixes of languages, DRF's routers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .route import Hole, Part, Route, make_route
from .sample import sample_of
from .unwrap import is_a

__all__ = ["routes"]

_HOLE = re.compile(r"<(?:(?P<kind>[^>:]+):)?(?P<name>\w+)>")
_NAMED = re.compile(r"\(\?P<\w+>")
_MOST = 2000


def _route_parts(route: str, converters: dict[str, Any]) -> Iterator[Part]:
    end = 0
    for match in _HOLE.finditer(route):
        yield route[end:match.start()]
        end = match.end()
        kind = match["kind"] or "str"
        regex = str(getattr(converters.get(match["name"]), "regex", ""))
        yield Hole(match["name"], kind if kind in ("int", "str", "slug", "path", "uuid") else "re", regex)
    yield route[end:]


def _regex_parts(regex: str) -> list[Part]:
    """Return the parts of a regular expression: its literal beginning, then a hole for each group if that is all."""
    bare = regex.removeprefix("^").removeprefix(r"\A")
    for end in ("$", r"\Z"):
        bare = bare.removesuffix(end)
    made = sample_of(bare)
    parts: list[Part] = []
    rest = bare
    for group in re.finditer(r"\(\?P<(\w+)>((?:[^()\\]|\\.|\[[^]]*\])*)\)", bare):
        before, _, rest = rest.partition(group.group())
        literal = sample_of(before) if before else ""
        if literal is None:
            return [made or ""]
        parts += [literal, Hole(group[1], "re", group[2])]
    literal = sample_of(rest) if rest else ""
    if literal is None or not parts:
        return [made or ""]
    return [*parts, literal]


def _described(pattern: Any) -> tuple[list[Part], str, str]:
    """Return the parts, the regular expression and the spelling of one pattern of a URLconf."""
    name = type(pattern).__name__
    if hasattr(pattern, "language_prefix"):
        prefix = str(pattern.language_prefix)
        return [prefix], re.escape(prefix), prefix
    if hasattr(pattern, "_route"):
        parts = list(_route_parts(str(pattern._route), pattern.converters))
        regex = "".join(re.escape(part) if isinstance(part, str) else f"(?:{part.pattern})" for part in parts)
        return parts, regex, str(pattern._route)
    regex = str(getattr(pattern, "_regex", "") or "")
    if not regex and name == "RegexPattern":
        regex = pattern.regex.pattern
    return _regex_parts(regex), _NAMED.sub("(?:", regex.removeprefix("^").removeprefix(r"\A")), regex


def methods_of(view: Any) -> tuple[str, ...]:
    """Return the methods that a view takes, as far as its class or its decorators say; () for any."""
    actions = getattr(view, "actions", None)
    if isinstance(actions, dict):
        return tuple(str(method).upper() for method in actions)
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if isinstance(cls, type):
        named = getattr(cls, "http_method_names", ())
        return tuple(str(name).upper() for name in named if name != "options" and hasattr(cls, str(name)))
    function = view
    for _ in range(16):
        code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
        if code is not None and cells and "request_method_list" in code.co_freevars:
            listed = cells[code.co_freevars.index("request_method_list")].cell_contents
            if isinstance(listed, (list, tuple)):
                return tuple(str(method) for method in listed)
        function = getattr(function, "__wrapped__", None)
        if function is None:
            break
    return ()


def _view(view: Any) -> object:
    return getattr(view, "view_class", None) or getattr(view, "cls", None) or view


def _walk(patterns: Any, parts: list[Part], regex: str, written: str, depth: int = 0) -> Iterator[Route]:
    for entry in patterns:
        more, fragment, spelling = _described(entry.pattern)
        inside = getattr(entry, "url_patterns", None)
        if inside is not None:
            if depth < 12:
                yield from _walk(inside, parts + more, regex + fragment, written + spelling, depth + 1)
            continue
        if getattr(entry, "callback", None) is None:
            continue
        whole = regex + fragment
        if not hasattr(entry.pattern, "_route"):
            closed = re.search(r"(?:\$|\\Z)\Z", whole) is not None
            whole = re.sub(r"(?:\$|\\Z)\Z", "", whole) + ("" if closed else ".*")
        rule = "/" + (written + spelling).replace("^", "").removesuffix("$").replace(r"\Z", "")
        yield make_route(["/", *parts, *more], methods_of(entry.callback), rule=rule, view=_view(entry.callback),
                         source="Django", pattern="/" + whole)


def routes(application: object) -> Iterator[Route]:
    """Yield the routes of the Django site, none if `application` is none."""
    if not is_a(application, "django", "BaseHandler"):
        return
    from importlib import import_module

    resolver: Any = import_module("django.urls").get_resolver()
    yield from islice(_walk(resolver.url_patterns, [], "", ""), _MOST)
