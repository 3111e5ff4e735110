"""What of a module is meant: the attribute named, or the one that goes by a usual name; factories are called."""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from functools import partial
from types import ModuleType

from ..errors import TargetError
from .modules import guarded
from .shape import Shape, needs, shape_of
from .spec import Call, Spec, one_line

__all__ = ["APPLICATIONS", "FACTORIES", "find_attribute"]

APPLICATIONS = ("application", "app", "wsgi_app")
"""What an application is called, the name that WSGI servers look for first."""
FACTORIES = ("create_app", "make_app", "create_application", "make_application")
"""What a function that makes the application is called."""


def _callables(holder: object) -> list[str]:
    """Return the names of what `holder` itself offers to call, those that look like applications first."""
    names = []
    for name, value in vars(holder).items() if hasattr(holder, "__dict__") else ():
        if name.startswith("_") or isinstance(value, ModuleType) or not callable(value):
            continue
        shape = shape_of(value)
        own = getattr(value, "__module__", None) == getattr(holder, "__name__", None)
        if shape is Shape.APPLICATION and (own or not isinstance(value, type)):
            names.append((0 if own or not hasattr(value, "__code__") else 2, name))
        elif own:
            names.append((1 if shape is Shape.FACTORY else 3, name))
    return [name for _, name in sorted(names, key=lambda pair: pair[0])]


def _submodules(module: ModuleType) -> list[str]:
    return [info.name for info in pkgutil.iter_modules(getattr(module, "__path__", []))]


_ABSENT = object()


def _lookup(spec: Spec, module: ModuleType, attribute: str) -> object:
    holder: object = module
    walked = spec.place
    for name in attribute.split("."):
        # A module may have a __getattr__ and a class a property: looking up runs the user's code.
        value = guarded(f"looking up {name!r} in {walked}", partial(getattr, holder, name, _ABSENT))
        if value is _ABSENT:
            raise _absent(spec, walked, holder, name)
        walked += f"{':' if holder is module else '.'}{name}"
        holder = value
    return holder


def _absent(spec: Spec, walked: str, holder: object, name: str) -> TargetError:
    offered = _callables(holder)
    everything = [n for n in dir(holder) if not n.startswith("__")] if isinstance(holder, ModuleType) else offered
    near = get_close_matches(name, offered, n=2, cutoff=0.55) or get_close_matches(name, everything, n=2, cutoff=0.75)
    separator = ":" if isinstance(holder, ModuleType) else "."
    if near:
        hint = "did you mean " + " or ".join(f"{walked}{separator}{n}" for n in near)
    elif isinstance(holder, ModuleType) and name in _submodules(holder):
        hint = f"{name} is a module of that package: did you mean {holder.__name__}.{name}"
    elif offered:
        hint = f"callable there: {', '.join(offered[:5])}"
    else:
        hint = "nothing there can be called"
    return TargetError(one_line(f"{walked} has no attribute {name!r}; {hint}"))


def _call(spec: Spec, attribute: str, factory: object, call: Call) -> object:
    if not callable(factory):
        raise TargetError(one_line(f"{spec.named(attribute)} is {type(factory).__name__}, not a factory: "
                                   "it cannot be called; leave out the parentheses if it is meant itself"))
    wanted = needs(factory, call)
    if wanted:
        raise TargetError(one_line(f"{spec.named(attribute)} cannot be called like that: {wanted}; "
                                   f"literal arguments may be given, as in {spec.named(attribute)}('test')"))
    made = guarded(f"calling {spec.named(attribute)}()", lambda: factory(*call.args, **call.keywords))
    if made is None:
        raise TargetError(one_line(f"{spec.named(attribute)}() returned None, not an application; "
                                   "a factory returns what it makes"))
    return made


def _discover(spec: Spec, module: ModuleType) -> tuple[str, object]:
    """Find what goes by a usual name; a factory that needs no arguments is called."""
    held = vars(module)
    first = ""
    for name in APPLICATIONS:
        value = held.get(name)
        if value is not None and not isinstance(value, ModuleType):
            if shape_of(value) is Shape.APPLICATION:
                return name, value
            first = first or name
    for name in FACTORIES:
        factory = held.get(name)
        if not callable(factory):
            continue
        if needs(factory, Call()):
            first = first or name
            continue
        return f"{name}()", _call(spec, name, factory, Call())
    if first in FACTORIES:
        raise TargetError(one_line(f"{spec.place} has a factory {first}, but it needs arguments: "
                                   f"{needs(held[first], Call())}; name it with them, "
                                   f"as in {spec.named(first)}('test')"))
    if first:
        return first, held[first]
    raise _nothing(spec, module)


def _nothing(spec: Spec, module: ModuleType) -> TargetError:
    looked = ", ".join((*APPLICATIONS, FACTORIES[0]))
    offered = _callables(module)
    inside = [name for name in _submodules(module) if name in ("wsgi", "app", "application", "main", "web")]
    if inside and not spec.path:
        hint = "did you mean " + " or ".join(f"{spec.module}.{name}" for name in inside)
    elif offered:
        hint = "did you mean " + " or ".join(spec.named(name) for name in offered[:3])
    else:
        hint = f"name the attribute, as in {spec.place}:application"
    return TargetError(one_line(f"{spec.place} has none of {looked}; {hint}"))


def find_attribute(spec: Spec, module: ModuleType) -> tuple[str, object]:
    """Return what `spec` names in `module`: how it is written ("app", "create_app()"), and the object.

    Raises:
        TargetError: nothing there goes by that name, or a factory failed.
    """
    if not spec.attribute:
        return _discover(spec, module)
    value = _lookup(spec, module, spec.attribute)
    if spec.call is None:
        return spec.attribute, value
    words = spec.text.strip().partition(":")[2].strip()
    return words, _call(spec, spec.attribute, value, spec.call)
