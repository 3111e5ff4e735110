"""A plan: rules compiled to one callable a moment, with the only loop over checks.

Laws: a plan is immutable and shared by all threads; a moment at which nothing was selected is None and
costs nothing; what is decided once (gates, tallies, the sink) is decided here and not per event.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from .model.exchange import Exchange
from .model.gate import BOUNDLESS, Asked, Gate, Likeness, Proof, Room
from .model.moments import Moment
from .model.rule import HOLDS, NOT_APPLICABLE, Rule

__all__ = ["Gates", "Judge", "Plan", "Sink", "compile_plan"]

Judge = Callable[[Exchange, Any], None]
"""Judges one thing at one moment; may raise what the sink raises."""


class Sink(Protocol):
    """Where verdicts go."""

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        """Take one breach, the first of this rule in this exchange; may raise to stop the subject."""

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        """Take a check that raised: our bug, and no verdict on the subject."""


@dataclass(frozen=True, slots=True)
class Gates:
    """The proofs of a plan, where they clear all of what its judge would look at; None where there is none.

    Attributes:
        chunk_room: bytes that may come in plain items before CHUNK has to be judged.
        read_room: bytes that may be asked for in plain reads before READ and DATA have to be judged.
        lists: RETURNED has nothing to say of a list.
    """

    request: Callable[[Exchange, Any], Asked | None] | None = None
    start: Proof | None = None
    started: Proof | None = None
    returned: Proof | None = None
    end: Proof | None = None
    close: Proof | None = None
    chunk_room: Room | None = None
    read_room: Room | None = None
    lists: bool = False


_NO_GATES = Gates()


@dataclass(frozen=True, slots=True)
class Plan:
    """One judge a moment, None where nothing was selected; `gates` has the proofs that may be tried before.

    A spy asks `if judge is not None and (proves is None or not proves(x, thing)): judge(x, thing)`; that the gate is
    not called from within the judge saves a call a moment.
    """

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
    gates: Gates = _NO_GATES
    exact: bool = False
    """Whether each thing is judged and noted by itself, as in a run that records; there are no gates then."""


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


def _mixed(proves: Proof, cleared: Judge, rest: Judge) -> Judge:
    def judge(x: Exchange, thing: Any) -> None:
        if not proves(x, thing):
            cleared(x, thing)
        rest(x, thing)

    return judge


_MOST_REMEMBERED = 4096


def _remembering(gate: Gate, likeness: Likeness, loop: Judge, tally: MutableMapping[str, int]) -> Judge:
    """Return a judge that counts as `loop` does, and asks the rules but once for things that are alike."""
    known: dict[Hashable, tuple[str, ...]] = {}
    proves, whole = gate.proves, gate.whole

    def judge(x: Exchange, thing: Any) -> None:
        # Where something is broken already, some rules may not be judged.
        if x.broken or not (whole or proves(x, thing)):
            loop(x, thing)
            return
        key = likeness(x, thing)
        applicable = known.get(key)
        if applicable is None:
            before = dict(tally)
            loop(x, thing)
            if x.broken or (whole and key is None):
                return
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            known[key] = tuple(name for name, times in tally.items() if times != before.get(name, 0))
            return
        for name in applicable:
            tally[name] += 1

    return judge


def _boundless(x: Exchange) -> int:
    return BOUNDLESS


class _Compiler:
    """Sorts rules by moment, and at each moment into those that its gate clears and the rest."""

    def __init__(self, rules: Iterable[Rule], sink: Sink, gates: Iterable[Gate],
                 tally: MutableMapping[str, int] | None) -> None:
        self.sink = sink
        self.tally = tally
        self.gates = {gate.at: gate for gate in gates}
        self.rules: dict[Moment, list[Rule]] = {}
        for rule in rules:
            if rule.at not in _ELSEWHERE:
                self.rules.setdefault(rule.at, []).append(rule)

    def loop(self, rules: Iterable[Rule]) -> Judge:
        return _loop(tuple(rules), self.sink, self.tally)

    def rest(self, moment: Moment) -> list[Rule]:
        """The rules at `moment` for which no gate answers."""
        gate = self.gates.get(moment)
        return [rule for rule in self.rules.get(moment, ()) if gate is None or rule.id not in gate.clears]

    def judge(self, moment: Moment) -> Judge:
        here, rest = self.rules[moment], self.rest(moment)
        gate = self.gates.get(moment)
        if self.tally is not None:
            if gate is None or gate.likeness is None or rest:
                return self.loop(here)
            return _remembering(gate, gate.likeness, self.loop(here), self.tally)
        if not rest or rest == here:
            return self.loop(here)
        cleared = [rule for rule in here if rule not in rest]
        return _mixed(self.gates[moment].proves, self.loop(cleared), self.loop(rest))

    def proof(self, moment: Moment) -> Proof | None:
        """The gate that spares the judge at `moment` altogether."""
        return None if self.rest(moment) or moment not in self.gates else self.gates[moment].proves

    def spares_lists(self) -> bool:
        proves = self.proof(Moment.RETURNED)
        return not self.rules.get(Moment.RETURNED) or (proves is not None and bool(proves(Exchange(), [])))

    def room(self, moment: Moment) -> Room | None:
        if not self.rules.get(moment):
            return _boundless
        return None if self.rest(moment) or moment not in self.gates else self.gates[moment].room

    def plan(self) -> Plan:
        # A plain read passes two moments, of which DATA has no room of its own.
        reads = None if self.rest(Moment.DATA) else self.room(Moment.READ)
        proofs: dict[str, Any] = {moment.value: self.proof(moment) for moment in _PROVED}
        gates = Gates(**proofs, chunk_room=self.room(Moment.CHUNK), read_room=reads, lists=self.spares_lists())
        return Plan(**{moment.value: self.judge(moment) for moment in self.rules},
                    gates=_NO_GATES if self.tally is not None else gates, exact=self.tally is not None)


_PROVED = (Moment.REQUEST, Moment.START, Moment.STARTED, Moment.RETURNED, Moment.END, Moment.CLOSE)
_ELSEWHERE = (Moment.WIRE, Moment.IMPORT, Moment.PROCESS)


def compile_plan(rules: Iterable[Rule], sink: Sink, *, gates: Iterable[Gate] = (),
                 tally: MutableMapping[str, int] | None = None) -> Plan:
    """Compile `rules` into a plan whose verdicts go to `sink`.

    Args:
        gates: shortcuts; left out where every rule must speak for itself.
        tally: counts, per rule id, the exchanges-and-moments at which the rule was applicable; for that, gates spare
            no more than the repetition.
    """
    return _Compiler(rules, sink, gates, tally).plan()
