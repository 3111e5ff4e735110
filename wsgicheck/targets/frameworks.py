"""What an application was made with, and the versions of that: "Flask 3.1.3", "Python 3.11.7"."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from types import FunctionType, MethodType

__all__ = ["details_of", "framework_of"]

_DISTRIBUTIONS = {
    "django": "Django", "flask": "Flask", "pyramid": "Pyramid", "bottle": "Bottle", "falcon": "Falcon",
    "cherrypy": "CherryPy", "web": "web.py", "morepath": "Morepath", "tg": "TurboGears2", "hug": "Hug",
    "connexion": "Connexion", "pecan": "Pecan", "webpy": "web.py", "Zope2": "Zope", "ZPublisher": "Zope",
    "trac": "Trac", "werkzeug": "Werkzeug", "webob": "WebOb", "paste": "Paste", "odoo": "Odoo",
}
"""Top-level package of a framework, and the distribution that carries its version."""
_TOOLKITS = {"werkzeug", "webob", "paste"}
"""What frameworks stand on: named only where no framework is found."""
_INNER = ("app", "application", "wsgi_app", "wrapped", "__wrapped__", "_app", "_application", "__self__", "__func__")
_DEEPEST = 12


def _packages(value: object) -> Iterator[str]:
    cls = value if isinstance(value, type) else type(value)
    for base in cls.__mro__:
        yield base.__module__.partition(".")[0]
    if isinstance(value, FunctionType):
        yield (value.__module__ or "").partition(".")[0]


def _inside(value: object) -> Iterator[object]:
    """Yield what a middleware may have wrapped; reads attributes without running any code of the value's."""
    if isinstance(value, MethodType):
        yield value.__self__
        yield value.__func__
        return
    held = getattr(value, "__dict__", None)
    if isinstance(held, dict):
        for name in _INNER:
            if name in held:
                yield held[name]
    for cell in getattr(value, "__closure__", None) or ():
        try:
            if callable(cell.cell_contents):
                yield cell.cell_contents
        except ValueError:
            continue


def framework_of(application: object) -> str:
    """Return the distribution of the framework that made `application` or what it wraps, "" if none is known."""
    queue, seen, toolkit = [application], 0, ""
    while queue and seen < _DEEPEST:
        value = queue.pop(0)
        seen += 1
        try:
            for package in _packages(value):
                if package in _TOOLKITS:
                    toolkit = toolkit or _DISTRIBUTIONS[package]
                elif package in _DISTRIBUTIONS:
                    return _DISTRIBUTIONS[package]
            queue.extend(_inside(value))
        except Exception:  # a __dict__ or __mro__ of the user's own making
            continue
    return toolkit


def _version(distribution: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except Exception:  # not installed as a distribution (vendored, or a copied file), or its metadata is damaged
        return ""


def details_of(application: object) -> tuple[str, ...]:
    """Return the framework that was found, if any, and the Python that runs it, each with its version."""
    framework = framework_of(application)
    found = [f"{framework} {_version(framework)}".strip()] if framework else []
    implementation = platform.python_implementation()
    name = "Python" if implementation == "CPython" else implementation
    number = ".".join(map(str, sys.version_info[:3])) if name == "Python" else platform.python_version()
    return (*found, f"{name} {number}")
