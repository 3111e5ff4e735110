"""Watches every layer of a stack at once, and tells of each breach which layer it is the doing of.

What an application has to keep flows outward, so a breach belongs to the innermost layer from which on, outward, each
breaks the same rule. What a server has to keep flows inward: where a layer is not treated as an application must be,
and the layer around it is, that one is to blame. Laws: each layer gets and gives what it did; a request that did not
come through the outermost layer is not watched; an exchange knows the one around it, however late the inner one begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Site
from ..model.gate import Gate
from ..model.moments import Moment
from ..model.rule import Rule, Side
from ..plan import Sink, compile_plan
from .body import Body, ListBody
from .bytes_input import BytesInputSpy
from .errors import ErrorsSpy
from .input import InputSpy
from .site import LIVE_MOMENTS, site_of
from .spy import Spied
from .stack import Layer, find_layers

__all__ = ["Blame", "LayerSpied", "Layers"]

_CALLER = frozenset({Moment.REQUEST, Moment.CHUNK, Moment.CLOSE})
"""Moments at which the one who calls, and is judged as a server, is on the stack."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Which layer broke a rule, once.

    Attributes:
        culprit: the layer's name.
        layers: the stack that the request went through, outermost first, the place marked.
        evidence: as the rule tells it of that layer.
        site: the line in that layer, None where it is no line of the user's.
        number: the layer's, from the outermost inward; -1 for the server.
    """

    culprit: str
    layers: tuple[str, ...]
    evidence: str
    site: Site | None = None
    number: int = 0


Deliver = Callable[[Rule, Exchange, Blame], None]


@dataclass(slots=True)
class _Told:
    """One breach, and the layer that it was traced to so far."""

    layer: int
    evidence: str
    site: Site | None


@dataclass(slots=True)
class _Place:
    """Where in the stack an exchange takes place."""

    stack: Layers
    layer: int
    around: Exchange | None = None
    told: dict[str, _Told] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)
    """The layers that this request has come to; one set for all of its exchanges."""


def _can_be_closed(x: Exchange) -> bool:
    """Tell whether what a layer returned has a close() of its own: the spies that stand for it always have one."""
    body = x.subject
    while isinstance(body, (Body, ListBody)):
        body = body._iterable
    return hasattr(body, "close")


class _Sink(Sink):
    """Takes what is said of one layer, and hands it outward until it belongs to somebody."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        place = x.place
        if not isinstance(place, _Place):
            return
        if rule.binds is Side.APPLICATION:
            told = place.told.pop(rule.id, None) or _Told(
                place.layer, evidence, site_of(x, live=rule.at in LIVE_MOMENTS))
            around = place.around.place if place.around is not None else None
            if isinstance(around, _Place):
                around.told[rule.id] = told
            else:
                self._layers.blame(rule, x, told, place)
        elif place.around is None:
            self._layers.blame(rule, x, _Told(-1, evidence, site_of(x, live=rule.at in LIVE_MOMENTS)), place)
        elif rule.id not in place.around.broken and (rule.at is not Moment.CLOSE or _can_be_closed(x)):
            outside = place.around.place
            number = outside.layer if isinstance(outside, _Place) else -1
            site = site_of(x, live=True) if rule.at in _CALLER else None
            self._layers.blame(rule, x, _Told(number, evidence, site), place)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        self._layers.crashed(rule, x, error)


class Layers:
    """The spies around the layers of one stack, put in by `watch` and taken out by `restore`.

    Args:
        application: the outermost layer.
        rules: by which each layer is judged.
        deliver: gets each breach with the layer to blame; may raise what is to stop the request.
        crashed: gets each check of ours that raised.
        recording: each exchange has its body and its tape.
    """

    def __init__(self, application: Callable[..., Any], rules: Iterable[Rule], deliver: Deliver,
                 crashed: Callable[[Rule, Exchange, Exception], None], *, gates: Sequence[Gate] = (),
                 recording: bool = False) -> None:
        self.found = find_layers(application)
        self.deliver, self.crashed = deliver, crashed
        self.plan = compile_plan(rules, _Sink(self), gates=gates)
        self.recording = recording
        self.here = threading.local()
        self._replaced: list[Layer] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names, outermost first."""
        return tuple(layer.name for layer in self.found)

    def watch(self) -> None:
        """Put a spy around each layer within the outermost."""
        for number, layer in enumerate(self.found[1:], 1):
            spy = LayerSpied(layer.application, self, number)
            for put in layer.puts:
                try:
                    put(spy)
                except Exception:
                    continue  # it does not let itself be told another; the layer counts as a part of its neighbour
            self._replaced.append(layer)

    def restore(self) -> None:
        """Put each layer back where its spy stands."""
        while self._replaced:
            layer = self._replaced.pop()
            for put in layer.puts:
                try:
                    put(layer.application)
                except Exception:
                    continue

    def begin(self, x: Exchange, number: int, around: Exchange | None) -> None:
        """Note where an exchange takes place."""
        outside = around.place if around is not None else None
        called = outside.called if isinstance(outside, _Place) else set()
        called.add(number)
        x.place = _Place(self, number, around, called=called)
        if self.recording:
            x.body, x.events = b"", []

    def around(self, environ: Any, running: Sequence[Exchange]) -> Exchange | None:
        """Return the exchange in which a layer is called: its spies stand in environ, or it is being called now."""
        for key in ("wsgi.errors", "wsgi.input") if isinstance(environ, dict) else ():
            stream = environ.get(key)
            while isinstance(stream, (BytesInputSpy, ErrorsSpy, InputSpy)):
                place = stream._x.place
                # The nearest may be another validator's, around the same layers.
                if isinstance(place, _Place) and place.stack is self:
                    return stream._x
                stream = stream._stream
        return running[-1] if running else None

    def blame(self, rule: Rule, x: Exchange, told: _Told, place: _Place) -> None:
        """Deliver a breach that has been traced to a layer."""
        inward = rule.binds is not Side.APPLICATION
        layers = self._shown(told.layer, place.called, inward)
        culprit = self.found[told.layer].name if told.layer >= 0 else rule.binds.value
        if len(self.found) < 2:
            culprit, layers = rule.binds.value, ()
        self.deliver(rule, x, Blame(culprit, layers, told.evidence, told.site, told.layer))

    def _shown(self, guilty: int, called: set[int], inward: bool) -> tuple[str, ...]:
        """Return the layers that the request could come through, the guilty one and its neighbour marked."""
        shown, at = [], 0
        while True:
            name = self.found[at].name
            inner = [number for number, layer in enumerate(self.found) if layer.outside == at]
            if at == guilty:
                name += " (breaks it towards the next)" if inward else " (broken after this one)"
            elif self.found[at].outside == guilty and at in called and not inward and at:
                name += " (clean after this one)"
            shown.append(name)
            met = [number for number in inner if number in called]
            if not met and len(inner) != 1:
                return tuple(shown)
            at = (met or inner)[0]


class LayerSpied(Spied):
    """The spy around one layer of a stack; number 0 is the outermost."""

    __slots__ = ("_layers", "_number")

    def __init__(self, application: Callable[..., Any], layers: Layers, number: int = 0, *,
                 done: Callable[[Exchange], None] | None = None) -> None:
        super().__init__(application, layers.plan, begin=self._begin, done=done)
        self._layers, self._number = layers, number

    def _begin(self, x: Exchange) -> None:
        self._layers.begin(x, self._number, self._layers.here.around)
        self._layers.here.running.append(x)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        here, environ = self._layers.here, args[0] if args else keywords.get("environ")
        running: list[Exchange] | None = getattr(here, "running", None)
        if running is None:
            running = here.running = []
        around = None
        if self._number:
            around = self._layers.around(environ, running)
            if around is None:
                return self.__wrapped__(*args, **keywords)
        before = len(running)
        here.around = around
        try:
            return super().__call__(*args, **keywords)
        finally:
            del running[before:]
