"""Finds the applications below an application: what middleware wraps, what dispatchers mount, and where.

Laws: nothing of the subject runs, no attribute is asked for in the ordinary way; the search is bounded; an
application that a framework made is not looked into, apart from what was put in front of its wsgi_app.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Mounted", "applications", "attributes_of", "is_a"]

_MOST = 400
_FRAMEWORKS = (
    ("flask", "Flask"), ("django", "WSGIHandler"), ("pyramid", "Router"), ("bottle", "Bottle"), ("falcon", "App"),
    ("falcon", "API"), ("cherrypy", "Application"), ("cherrypy", "Tree"), ("web", "application"), ("werkzeug", "Map"),
)
_INNER = ("wsgi_app", "app", "application", "_app", "wrapped", "_wrapped", "next_app", "inner", "handler", "wsgi")


@dataclass(frozen=True, slots=True)
class Mounted:
    """An application and the path it is mounted at ("" for the root), as text."""

    application: object
    mount: str = ""


def is_a(value: object, package: str, name: str) -> bool:
    """Tell whether a class called `name` of that package, or of a copy of it, is among the value's classes."""
    for cls in type.__dict__["__mro__"].__get__(type(value)):
        module = type.__dict__["__dict__"].__get__(cls).get("__module__")
        if cls.__name__ == name and isinstance(module, str) and package in module.split("."):
            return True
    return False


def attributes_of(value: object) -> dict[str, Any]:
    """Return what stands in the instance's own __dict__ and slots."""
    found: dict[str, Any] = {}
    for cls in type.__dict__["__mro__"].__get__(type(value)):
        for name, entry in list(type.__dict__["__dict__"].__get__(cls).items()):
            if name == "__dict__" and type(entry) is types.GetSetDescriptorType:
                held = entry.__get__(value)
                if type(held) is dict:
                    found.update((key, item) for key, item in list(held.items()) if type(key) is str)
            elif type(entry) is types.MemberDescriptorType:
                try:
                    found.setdefault(name, entry.__get__(value))
                except (AttributeError, TypeError):
                    continue
    return found


def _is_framework(value: object) -> bool:
    return any(is_a(value, package, name) for package, name in _FRAMEWORKS)


def _callable(value: object) -> bool:
    if isinstance(value, (type, types.BuiltinFunctionType, types.ModuleType)):
        return False
    return any("__call__" in type.__dict__["__dict__"].__get__(cls)
               for cls in type.__dict__["__mro__"].__get__(type(value)))


def _mounts(value: object, held: dict[str, Any]) -> Iterator[Mounted]:
    """Yield what a dispatcher sends its requests on to, each with its mount."""
    if is_a(value, "werkzeug", "DispatcherMiddleware") and type(held.get("mounts")) is dict:
        yield Mounted(held.get("app"))
        for mount, inner in held["mounts"].items():
            yield Mounted(inner, str(mount).rstrip("/"))
    elif is_a(value, "paste", "URLMap") and type(held.get("applications")) is list:
        for key, inner in held["applications"]:
            mount = key[1] if type(key) is tuple and len(key) == 2 else key
            yield Mounted(inner, str(mount).rstrip("/"))
    elif is_a(value, "cherrypy", "Tree") and type(held.get("apps")) is dict:
        for mount, inner in held["apps"].items():
            yield Mounted(inner, str(mount).rstrip("/"))


def _inside(value: object) -> Iterator[object]:
    if type(value) is types.MethodType:
        yield value.__self__
        return
    if type(value) is functools.partial:
        yield value.func
        yield from value.args
        yield from value.keywords.values()
        return
    if type(value) is types.FunctionType:
        yield value.__dict__.get("__wrapped__")
        for cell in value.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:      # not filled yet
                continue
        names = value.__globals__
        for name in value.__code__.co_names:
            other = names.get(name)
            # An application that a hand-written one calls by its global name.
            if other is not None and (_is_framework(other) or type(other) is types.FunctionType):
                yield other
        return
    held = attributes_of(value)
    if _is_framework(value):
        yield held.get("wsgi_app")
        return
    for name in _INNER:
        if name in held:
            yield held[name]
    for inner in list(held.values()):
        if is_a(inner, "werkzeug", "Map"):
            continue
        if _callable(inner):
            yield inner
        elif type(inner) in (list, tuple):
            yield from [item for item in inner if _callable(item)][:20]
        elif type(inner) is dict and all(type(key) is str for key in inner):
            yield from [item for item in inner.values() if _callable(item)][:20]


def applications(application: object) -> list[Mounted]:
    """Return `application` and what is found below it, outermost first, each once for each mount."""
    queue = deque([Mounted(application)])
    seen: dict[tuple[int, str], Mounted] = {}
    while queue and len(seen) < _MOST:
        here = queue.popleft()
        value = here.application
        key = (id(value), here.mount)
        if value is None or key in seen or type(value) in (str, bytes, int, bool, float, dict, list, tuple, set):
            continue
        # What is mounted somewhere is not also at the root, because a table of mounts was looked through.
        seen[key] = here
        mounts = list(_mounts(value, attributes_of(value)))
        for below in mounts:
            queue.append(Mounted(below.application, here.mount + below.mount))
        if not mounts:
            queue.extend(Mounted(inner, here.mount) for inner in _inside(value))
    return list(seen.values())
