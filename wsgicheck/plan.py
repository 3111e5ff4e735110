"""A plan: rules compiled to one callable a moment, with the only loop over checks.

Laws: a plan is immutable and shared by all threads; a moment at which nothing was selected is None and
costs nothing; what is decided once (gates, tallies, the sink) is decided here and not per event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from .model.exchange import Exchange
from .model.gate import Gate
from .model.moments import Moment
from .model.rule import HOLDS, NOT_APPLICABLE, Rule

__all__ = ["Judge", "Plan", "Sink", "compile_plan"]

Judge = Callable[[Exchange, Any], None]
"""Judges one thing at one moment; may raise what the sink raises."""


class Sink(Protocol):
    """Where verdicts go."""

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        """Take one breach, the first of this rule in this exchange; may raise to stop the subject."""

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        """Take a check that raised: our bug, and no verdict on the subject."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One judge a moment, None where nothing was selected."""

    request: Judge | None = None
    start: Judge | None = None
    started: Judge | None = None
    returned: Judge | None = None
    chunk: Judge | None = None
    write: Judge | None = None
    read: Judge | None = None
    data: Judge | None = None
    errors: Judge | None = None
    file_wrapper: Judge | None = None
    end: Judge | None = None
    close: Judge | None = None


def _loop(rules: tuple[Rule, ...], sink: Sink, tally: MutableMapping[str, int] | None) -> Judge:
    steps = tuple((rule, rule.id, rule.check, frozenset(card.id for card in rule.given)) for rule in rules)

    def judge(x: Exchange, thing: Any) -> None:
        for rule, name, check, given in steps:
            broken = x.broken
            if broken and (name in broken or not given.isdisjoint(broken)):
                continue
            try:
                verdict = check(x, thing)
            except Exception as error:
                sink.crashed(rule, x, error)
                continue
            if verdict is NOT_APPLICABLE:
                continue
            if tally is not None:
                tally[name] = tally.get(name, 0) + 1
            if verdict is not HOLDS:
                x.broken += (name,)
                sink.broken(rule, x, verdict)

    return judge


def _gated(gate: Gate, cleared: Judge, rest: Judge | None) -> Judge:
    proves = gate.proves

    def judge(x: Exchange, thing: Any) -> None:
        if not proves(x, thing):
            cleared(x, thing)
        if rest is not None:
            rest(x, thing)

    return judge


def compile_plan(rules: Iterable[Rule], sink: Sink, *, gates: Iterable[Gate] = (),
                 tally: MutableMapping[str, int] | None = None) -> Plan:
    """Compile `rules` into a plan whose verdicts go to `sink`.

    Args:
        gates: shortcuts; left out where every rule must speak for itself.
        tally: counts, per rule id, the exchanges-and-moments at which the rule was applicable; a
            tallied plan uses no gates.
    """
    by_moment: dict[Moment, list[Rule]] = {}
    for rule in rules:
        by_moment.setdefault(rule.at, []).append(rule)
    gate_at = {gate.at: gate for gate in gates} if tally is None else {}
    judges: dict[str, Judge] = {}
    for moment, here in by_moment.items():
        if moment in (Moment.WIRE, Moment.IMPORT, Moment.PROCESS):
            continue
        gate = gate_at.get(moment)
        cleared = tuple(rule for rule in here if gate is not None and rule.name in gate.clears)
        rest = tuple(rule for rule in here if rule not in cleared)
        if gate is not None and cleared:
            judges[moment.value] = _gated(gate, _loop(cleared, sink, tally),
                                          _loop(rest, sink, tally) if rest else None)
        else:
            judges[moment.value] = _loop(rest, sink, tally)
    return Plan(**judges)
