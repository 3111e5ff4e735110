"""Puts a card's examples on stage: for our own tests and for people who write rules of their own.

A bad example breaks exactly its own rule, a good one breaks nothing, judged by the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .model.exchange import Exchange
from .model.rule import Card, Example, Relation, Rule
from .plan import compile_plan
from .reference.apps import plain
from .reference.gateway import environ_of, serve
from .rules import passive_rules
from .spies.spy import Spied

__all__ = ["Outcome", "perform", "perform_relation"]


@dataclass(slots=True)
class Outcome:
    """What one example showed.

    Attributes:
        broken: evidence by rule id.
        crashed: the exception by rule id, where a check itself raised.
        applied: how often each rule was applicable.
    """

    broken: dict[str, str] = field(default_factory=dict)
    crashed: dict[str, Exception] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)


class _Collect:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self._outcome.broken.setdefault(rule.id, evidence)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        self._outcome.crashed.setdefault(rule.id, error)


def perform(example: Example, rules: Iterable[Rule] | None = None) -> Outcome:
    """Put `example` on stage and return what broke.

    Args:
        rules: who judges; by default every passive rule.
    """
    outcome = Outcome()
    plan = compile_plan(passive_rules() if rules is None else rules, _Collect(outcome), tally=outcome.applied)

    def begin(x: Exchange) -> None:
        x.request, x.drive, x.body, x.events = example.request, example.drive, b"", []

    def watched(application: Any) -> Spied:
        return Spied(application, plan, begin=begin, done=outcome.exchanges.append)

    if example.kind == "server":
        example.subject(watched(plain))
    elif example.kind == "environ":
        environ = environ_of(example.request)
        changed = example.subject(environ)
        serve(watched(plain), example.request, example.drive, environ if changed is None else changed)
    else:
        application = watched(example.subject)
        for _ in range(example.drive.calls):
            serve(application, example.request, example.drive)
    return outcome


def perform_relation(card: Relation, example: Example) -> str | None:
    """Put a relation's example on stage; return the evidence of its breach, None if it holds or is silent."""
    twin = card.twin(example.request)
    if twin is None:
        return None
    pair: list[Exchange] = []
    plan = compile_plan((), _Collect(Outcome()))
    for request, drive in ((example.request, card.drive), (twin, card.twin_drive)):

        def begin(x: Exchange) -> None:
            x.request, x.drive, x.body, x.events = request, drive, b"", []  # noqa: B023 (called before it changes)

        serve(Spied(example.subject, plan, begin=begin, done=pair.append), request, drive)
    verdict = card(pair[0], pair[1])
    return verdict if isinstance(verdict, str) else None


def examples_of(cards: Iterable[Card]) -> list[tuple[Card, Example]]:
    """Return each example with its card."""
    return [(card, example) for card in cards for example in card.examples]
