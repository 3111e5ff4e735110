"""The layers of an application: the middlewares around it, found where each keeps what it wraps.

A layer is found in an attribute (`app`, `application`, `wsgi_app`, ...), in a variable of a closure, in the arguments
of a partial, in a table of mounts. Laws: nothing of the subject runs; what only might be an application is none; an
application that a framework made is not looked into, apart from what was put in front of its wsgi_app.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .spy import Spied

__all__ = ["Layer", "Put", "find_layers"]

NAMES = ("app", "application", "wsgi_app", "wsgi_application", "_app", "_application", "_wsgi_app", "wrap_app",
         "wrapped", "wrapped_app", "inner", "inner_app", "next_app", "nextapp", "_wrapped", "_inner", "wsgi", "handler",
         "__wrapped__", "func")
"""What a layer is kept under, the usual first."""
_PRIVATE = re.compile(r"^(?:_[A-Za-z][A-Za-z0-9_]*?)?__(?=[A-Za-z].*(?<!__)$)")
"""What a class puts before a private name: `self.__app` is kept as `_Timing__app`."""
_FRAMEWORKS = {
    ("flask", "Flask"): ("wsgi_app",), ("django", "WSGIHandler"): (), ("pyramid", "Router"): (),
    ("bottle", "Bottle"): (), ("falcon", "App"): (), ("cherrypy", "Application"): (), ("web", "application"): (),
}
"""Applications that frameworks make, by package and class, and where each keeps what was put in front of it."""
_MOST, _MOST_MOUNTS = 64, 50

Put = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack.

    Attributes:
        name: what to call it: "ProxyFix", "Flask 'shop'", "timing.middleware".
        application: the layer as its neighbour outside calls it.
        puts: each replaces it in one place where a neighbour keeps it; none for the outermost.
        outside: the number of the neighbour that was found to hold it first, -1 for the outermost.
    """

    name: str
    application: Callable[..., Any]
    puts: tuple[Put, ...] = ()
    outside: int = -1


def name_of(layer: Any) -> str:
    """Return what a person calls the layer."""
    if isinstance(layer, functools.partial):
        return name_of(layer.func)
    if isinstance(layer, types.MethodType):
        owner = layer.__self__
        return name_of(owner) if not isinstance(owner, type) else f"{owner.__name__}.{layer.__name__}"
    if isinstance(layer, types.FunctionType):
        # Its own name, and not the one that functools.wraps gave it: that is the name of what it wraps.
        return layer.__code__.co_qualname.split(".<locals>")[0]
    if isinstance(layer, type):
        return layer.__qualname__
    kind = type(layer).__name__
    held = _held(layer)
    name = held.get("name")
    if _is_a(layer, "pyramid", "Router"):
        kind, name = "Pyramid", getattr(held.get("registry"), "package_name", None)
    elif _is_a(layer, "django", "WSGIHandler"):
        kind = f"Django {kind}"
    return f"{kind} {name!r}" if isinstance(name, str) and 0 < len(name) < 60 else kind


def _held(value: Any) -> dict[str, Any]:
    """Return the instance's own attributes, apart from those in slots."""
    return vars(value) if hasattr(value, "__dict__") else {}


def _is_a(value: Any, package: str, name: str) -> bool:
    return any(kind.__name__ == name and package in kind.__module__.split(".") for kind in type(value).__mro__)


def _set_cell(cell: types.CellType, value: Any) -> None:
    cell.cell_contents = value


def _in_partial(layer: functools.partial[Any]) -> Iterator[tuple[str, Any, Put]]:
    """Yield what a partial passes on; it is changed as unpickling changes it, for there is no other way."""
    def put(new: Any, at: int = -1, key: str = "") -> None:
        args = tuple(new if number == at else arg for number, arg in enumerate(layer.args))
        state = (layer.func, args, {**layer.keywords, **({key: new} if key else {})}, layer.__dict__)
        layer.__setstate__(state)  # type: ignore[attr-defined]

    names = [parameter.name for parameter in _parameters(layer.func) or ()]
    for number, arg in enumerate(layer.args):
        yield names[number] if number < len(names) else "", arg, functools.partial(put, at=number)
    for key, value in layer.keywords.items():
        yield key, value, functools.partial(put, key=key)
    yield from _within(layer.func)


def _within(layer: Any) -> Iterator[tuple[str, Any, Put]]:
    """Yield (name, value, put) of what the layer keeps and can be told to keep something else."""
    if isinstance(layer, functools.partial):
        yield from _in_partial(layer)
        return
    function = layer.__func__ if isinstance(layer, types.MethodType) else layer
    if isinstance(function, types.FunctionType):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                yield name, cell.cell_contents, functools.partial(_set_cell, cell)
            except ValueError:
                continue  # not yet assigned
    owner = layer.__self__ if isinstance(layer, types.MethodType) else layer
    for name, value in [] if isinstance(owner, type) else list(_held(owner).items()):
        yield name, value, functools.partial(setattr, owner, name)
    for kind in type(owner).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            member = vars(kind).get(f"_{kind.__name__.lstrip('_')}{name}" if private else name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    yield name, member.__get__(owner), functools.partial(member.__set__, owner)
                except AttributeError:
                    continue


def _seen_through(value: Any, put: Put | None = None) -> tuple[Any, Put | None]:
    """Return what stands behind spies of ours: they are no layer of theirs."""
    while issubclass(type(value), Spied):
        value, put = value.__wrapped__, functools.partial(setattr, value, "__wrapped__")
    return value, put


def _parameters(value: Any) -> list[inspect.Parameter] | None:
    """Return the parameters by which a caller passes `value` its arguments, None where that cannot be told."""
    try:
        return list(inspect.signature(value, follow_wrapped=False).parameters.values())
    except Exception:  # ValueError, TypeError, and whatever a proxy raises that stands for nothing now
        return None


def _may_be(value: Any) -> bool:
    """Tell whether `value`, which is kept where applications are kept, can be called as one."""
    if not callable(value) or issubclass(type(value), type):
        return False
    parameters = _parameters(value)
    if parameters is None:
        return True
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    open_ended = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return (len(places) >= 2 or open_ended) and len(needed) <= 2 and not any(p.kind is p.KEYWORD_ONLY for p in needed)


def _is_one(value: Any) -> bool:
    """Tell whether `value` says of itself that it is an application: it takes environ and start_response."""
    value = _seen_through(value)[0]
    if not callable(value) or issubclass(type(value), type):
        return False
    names = [parameter.name for parameter in _parameters(value) or ()][:2]
    return len(names) == 2 and names[0].lstrip("_") in ("environ", "env") and "start" in names[1]


def _mounted(held: Any) -> Iterator[tuple[Any, Put]]:
    """Yield what a table of mounts, or a list of applications, holds."""
    entries = list(held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ())
    for key, value in entries[:_MOST_MOUNTS]:
        if _is_one(value):
            yield value, functools.partial(held.__setitem__, key)
        elif isinstance(value, tuple) and len(value) == 2 and _is_one(value[1]):
            first, place = value[0], held.__setitem__
            yield value[1], lambda new, place=place, key=key, first=first: place(key, (first, new))  # type: ignore[misc]


def _framework(layer: Any) -> tuple[str, ...] | None:
    """Return where a framework's application keeps what was put in front of it, None where it is no framework's."""
    for (package, name), kept in _FRAMEWORKS.items():
        # Django's handler for static files is one of its applications, and wraps another.
        if _is_a(layer, package, name) and not _is_one(_held(layer).get("application")):
            return kept
    return None


def _next(layer: Any) -> Iterator[tuple[Any, Put]]:
    """Yield the layers within, each with how it is replaced."""
    owner = layer.__self__ if isinstance(layer, types.MethodType) else layer
    framework = _framework(owner)
    if framework is not None and owner is not layer:
        return  # Flask.wsgi_app itself: what was put in front of it stands outside
    named: dict[str, tuple[Any, Put]] = {}
    for name, value, put in _within(layer):
        if framework is not None and name not in framework:
            continue
        plain = _PRIVATE.sub("", name)
        if _is_one(value) or (plain in NAMES and _may_be(value)):
            named.setdefault(plain, (value, put))
        elif framework is None:
            yield from _mounted(value)
    # Of several things under the usual names that do not say what they are, the first is taken for it.
    usual = [name for name in NAMES if name in named]
    for name, found in named.items():
        if name in usual[:1] or _is_one(found[0]):
            yield found


def _holds(layers: list[Layer], at: int, value: Any) -> bool:
    """Tell whether `value` is the layer of that number, or one around it."""
    while at >= 0:
        if layers[at].application is value:
            return True
        at = layers[at].outside
    return False


def find_layers(application: Callable[..., Any]) -> tuple[Layer, ...]:
    """Return the layers of `application`, each behind the one that holds it; one that wraps nothing is its own only
    layer."""
    outermost = _seen_through(application)[0]
    layers = [Layer(name_of(outermost), outermost)]
    numbers = {id(outermost): 0}
    at = 0
    while at < len(layers):
        for found in list(_next(layers[at].application)):
            value, put = _seen_through(*found)
            if put is None or _holds(layers, at, value):
                continue
            known = numbers.get(id(value))
            if known is not None:
                layers[known] = replace(layers[known], puts=(*layers[known].puts, put))
            elif len(layers) < _MOST:
                numbers[id(value)] = len(layers)
                layers.append(Layer(name_of(value), value, (put,), at))
        at += 1
    return tuple(layers)
