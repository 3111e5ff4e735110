"""Which layer of a stack broke a rule, in a property run: the smallest case once more, with every layer watched.

Laws: every layer is put back as it was, whatever happens; a rule that an application has to keep is blamed on a layer
only where the whole stack breaks it; what a layer does to the one within is seen in a few plain requests of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..model.exchange import Exchange
from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import Card, Rule, Side
from ..reference.gateway import environ_of, serve
from ..rules import catalogue, passive_rules
from ..selection import select
from ..spies.layers import Blame, Layers, LayerSpied
from ..spies.stack import find_layers
from .options import Options
from .records import Sighting, weight

__all__ = ["blame", "blamed", "inward_rules", "layers_of", "seen_inside", "stack_notes"]

_DRIVES = (PLAIN, Drive(stop_after=1))
_MOST_REQUESTS = 8


def _ignore(*_: object) -> None:
    """A check that raised is told where the rule is judged over the whole stack."""


def layers_of(application: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the layers, outermost first; nothing where there is one."""
    names = tuple(layer.name for layer in find_layers(application))
    return names if len(names) > 1 else ()


def stack_notes(names: Sequence[str]) -> list[str]:
    """Return what to tell of the layers."""
    return [f"layers, each watched by itself: {' -> '.join(names)}"] if names else []


def _breaches(application: Callable[..., Any], rules: Iterable[Rule],
              case: Case) -> list[tuple[Rule, Exchange, Blame]]:
    """Perform `case` with every layer watched, and return what was broken; nothing where there is one layer."""
    told: list[tuple[Rule, Exchange, Blame]] = []
    layers = Layers(application, rules, lambda *one: told.append(one), _ignore, recording=True)
    if len(layers.found) < 2:
        return told
    layers.watch()
    try:
        stack = LayerSpied(layers.found[0].application, layers)
        for _ in range(max(1, case.drive.calls)):
            serve(stack, case.request, case.drive, environ_of(case.request))
    finally:
        layers.restore()
    return told


def blame(application: Callable[..., Any], case: Case, rule: Rule) -> Blame | None:
    """Return which layer of `application` breaks `rule` with `case`; None where there is one layer, or none breaks it.
    """
    # Behind the rules it stands on, so that it is silent where it would be in a run.
    grounds = tuple(other for other in rule.given if isinstance(other, Rule))
    return next((told for broken, _, told in _breaches(application, (*grounds, rule), case) if broken is rule), None)


def blamed(sighting: Sighting, card: Card, application: Callable[..., Any]) -> Sighting:
    """Return `sighting` with the layer to blame, where `application` is a stack and the rule can be judged in it."""
    if not isinstance(card, Rule) or card.binds is not Side.APPLICATION or sighting.case is None:
        return sighting
    try:
        found = blame(application, sighting.case, card)
    except Exception:
        return sighting  # what holds the layers may refuse to be looked into; the run says so
    if found is None:
        return sighting
    return replace(sighting, layers=found.layers, culprit=found.culprit, site=found.site or sighting.site)


def inward_rules(options: Options) -> tuple[Rule, ...]:
    """Return the rules by which a layer is judged as the server of the one within, as far as they were chosen."""
    if not options.layers:
        return ()
    return select([rule for rule in passive_rules() if rule.binds is Side.SERVER], options.select, options.ignore,
                  known=catalogue())


def seen_inside(application: Callable[..., Any], requests: Sequence[Request], rules: Sequence[Rule],
                doing: Callable[[Case | None], None]) -> list[Sighting]:
    """Return what the layers of `application` break towards the layers within, one sighting a rule.

    Args:
        requests: what to ask besides "/".
        doing: is told of each case before it is performed, and of None after.
    """
    found: dict[str, Sighting] = {}
    # Nothing is asked a third time that may change data.
    asked = (Request(), *[request for request in requests if request.method in ("GET", "HEAD")][:_MOST_REQUESTS])
    for case in sorted((Case(request, drive) for request in asked for drive in _DRIVES), key=weight):
        doing(case)
        told = _breaches(application, rules, case)
        doing(None)
        for rule, x, one in told:
            if one.number >= 0 and rule.binds is Side.SERVER:
                found.setdefault(rule.id, Sighting(rule.id, one.evidence, case, None, one.site, tuple(x.events or ()),
                                                   one.layers, one.culprit))
    return list(found.values())
