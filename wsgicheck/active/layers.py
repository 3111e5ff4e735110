"""Which layer of a stack broke a rule: the middlewares around an application, found and watched one by one.

A layer is found where its neighbour keeps it: in an attribute (`app`, `application`, `wsgi_app`, ...), in a
variable of a closure, in the arguments of a partial. Laws: every layer is put back as it was, whatever happens;
a watched layer answers as it did; what cannot be replaced in place ends the search and is not guessed at.
"""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Site
from ..model.request import Case
from ..model.rule import Card, Rule
from ..plan import compile_plan
from ..reference.gateway import environ_of, serve
from ..spies.site import LIVE_MOMENTS, site_of
from ..spies.spy import Spied
from .records import Sighting

__all__ = ["Blame", "Layer", "blame", "blamed", "find_layers", "watched_layers"]

NAMES = ("app", "application", "wsgi_app", "wsgi_application", "_app", "_application", "_wsgi_app", "wrap_app",
         "wrapped", "wrapped_app", "inner", "inner_app", "next_app", "_wrapped", "_inner", "wsgi", "handler",
         "__wrapped__", "func")
"""What a layer is kept under, the usual first."""
_PRIVATE = re.compile(r"^(?:_[A-Za-z][A-Za-z0-9_]*?)?__(?=[A-Za-z].*(?<!__)$)")
"""What a class puts before a private name: `self.__app` is kept as `_Timing__app`."""
_DEEPEST = 32

Put = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack.

    Attributes:
        name: what to call it: "ProxyFix", "Flask 'shop'", "timing.middleware".
        application: the layer as its neighbour outside calls it.
        put: replaces it in that neighbour; None for the outermost.
    """

    name: str
    application: Callable[..., Any]
    put: Put | None = None


def _name(layer: Any) -> str:
    """Return what a person calls the layer."""
    if isinstance(layer, functools.partial):
        return _name(layer.func)
    if isinstance(layer, types.MethodType):
        owner = layer.__self__
        return _name(owner) if not isinstance(owner, type) else f"{owner.__name__}.{layer.__name__}"
    qualname = getattr(layer, "__qualname__", "") if isinstance(layer, (type, types.FunctionType)) else ""
    if isinstance(qualname, str) and qualname:
        return qualname.split(".<locals>")[0]
    kind = type(layer).__name__
    name = vars(layer).get("name") if hasattr(layer, "__dict__") else None
    return f"{kind} {name!r}" if isinstance(name, str) and 0 < len(name) < 60 else kind


def _callable_of(layer: Any) -> Any:
    """Return the function whose closure a callable object may keep its neighbour in, None where there is none."""
    if isinstance(layer, types.MethodType):
        return layer.__func__
    return layer if isinstance(layer, types.FunctionType) else None


def _closure(function: types.FunctionType) -> Iterator[tuple[str, types.CellType]]:
    yield from zip(function.__code__.co_freevars, function.__closure__ or ())


def _set_cell(cell: types.CellType, value: Any) -> None:
    cell.cell_contents = value


def _within(layer: Any) -> Iterator[tuple[str, Any, Put]]:
    """Yield (name, value, put) of what the layer keeps and can be told to keep something else."""
    function = _callable_of(layer)
    if isinstance(function, types.FunctionType):
        for name, cell in _closure(function):
            try:
                yield name, cell.cell_contents, functools.partial(_set_cell, cell)
            except ValueError:
                continue  # not yet assigned
    owner = layer.__self__ if isinstance(layer, types.MethodType) else layer
    if hasattr(owner, "__dict__") and not isinstance(owner, type):
        for name, value in list(vars(owner).items()):
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


def _next(layer: Any, seen: set[int]) -> tuple[Any, Put] | None:
    """Return the layer within, and how to replace it; None for the innermost."""
    found: dict[str, tuple[Any, Put]] = {}
    for name, value, put in _within(layer):
        plain = _PRIVATE.sub("", name)
        if callable(value) and not isinstance(value, type) and id(value) not in seen:
            found.setdefault(plain, (value, put))
    for name in NAMES:
        if name in found:
            return found[name]
    return None


def find_layers(application: Callable[..., Any]) -> tuple[Layer, ...]:
    """Return the layers of `application`, outermost first; one that wraps nothing is its own only layer."""
    layers = [Layer(_name(application), application)]
    seen = {id(application)}
    while len(layers) < _DEEPEST:
        within = _next(layers[-1].application, seen)
        if within is None:
            break
        value, put = within
        seen.add(id(value))
        layers.append(Layer(_name(value), value, put))
    return tuple(layers)


@dataclass(slots=True)
class _Seen:
    """What the rules said of one layer (a Sink)."""

    exchanges: list[Exchange] = field(default_factory=list)
    broken_rules: dict[str, tuple[str, Site | None]] = field(default_factory=dict)

    def begin(self, x: Exchange) -> None:
        x.body = b""
        self.exchanges.append(x)

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self.broken_rules.setdefault(rule.id, (evidence, site_of(x, live=rule.at in LIVE_MOMENTS)))

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        pass  # told where the rule is judged over the whole stack


@contextmanager
def watched_layers(layers: Sequence[Layer], rules: Sequence[Rule]) -> Iterator[tuple[Callable[..., Any], list[_Seen]]]:
    """Put a spy around each layer for as long as the context lasts.

    Yields the stack to call, and what is seen of each layer, outermost first.
    """
    seen = [_Seen() for _ in layers]
    replaced: list[Layer] = []
    spies = [Spied(layer.application, compile_plan(rules, sink), begin=sink.begin) for layer, sink in zip(layers, seen)]
    try:
        for layer, spy in zip(layers, spies):
            if layer.put is not None:
                layer.put(spy)
                replaced.append(layer)
        yield spies[0], seen
    finally:
        for layer in reversed(replaced):
            if layer.put is not None:
                layer.put(layer.application)


@dataclass(frozen=True, slots=True)
class Blame:
    """Which layer broke a rule.

    Attributes:
        culprit: the layer's name.
        layers: the stack, outermost first, the culprit marked.
        site: the line in that layer, None where it is no line of the user's.
    """

    culprit: str
    layers: tuple[str, ...]
    site: Site | None = None


def blame(application: Callable[..., Any], case: Case, rule: Rule) -> Blame | None:
    """Return which layer of `application` breaks `rule` with `case`; None where there is one layer, or none breaks it.

    The culprit is the innermost layer that breaks the rule: what it wraps is clean, or is nothing.
    """
    layers = find_layers(application)
    if len(layers) < 2:
        return None
    with watched_layers(layers, _with_grounds(rule)) as (stack, seen):
        for _ in range(max(1, case.drive.calls)):
            serve(stack, case.request, case.drive, environ_of(case.request))
    guilty = max((at for at, sink in enumerate(seen) if rule.id in sink.broken_rules), default=-1)
    if guilty < 0:
        return None
    names = tuple(f"{layer.name} (broken after this one)" if at == guilty else
                  f"{layer.name} (clean after this one)" if at == guilty + 1 and seen[at].exchanges else layer.name
                  for at, layer in enumerate(layers))
    return Blame(layers[guilty].name, names, seen[guilty].broken_rules[rule.id][1])


def blamed(sighting: Sighting, card: Card, application: Callable[..., Any]) -> Sighting:
    """Return `sighting` with the layer to blame, where `application` is a stack and the rule can be judged in it."""
    if not isinstance(card, Rule) or sighting.case is None:
        return sighting
    try:
        found = blame(application, sighting.case, card)
    except Exception:
        return sighting  # what holds a layer may refuse to have it replaced
    if found is None:
        return sighting
    return replace(sighting, layers=found.layers, culprit=found.culprit, site=found.site or sighting.site)


def _with_grounds(rule: Rule) -> tuple[Rule, ...]:
    """Return `rule` behind the rules it stands on, so that it is silent where it would be in a run."""
    return (*(other for other in rule.given if isinstance(other, Rule)), rule)
