"""The child's half of a property run: draw requests, make exchanges happen, note what is broken.

Laws: a function of the seed and of the application alone, as long as no time limit is met; each drawn
request is worth several exchanges, since drawing costs more than calling.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import Relation, Rule
from ..stage import Observation, Stage
from .records import Sighting, Tally, weight

__all__ = ["Explorer", "OutOfTime", "quiet_settings"]

_DRIVES = (
    Drive(stop_after=1), Drive(calls=2), Drive(stop_after=0), Drive(start_raises=True),
    Drive(stop_after=2), Drive(write_raises_after=0), Drive(write_raises_after=1),
)
THOROUGH = 8
"""Examples at the beginning for which every drive and every relation is tried."""
SHARE = 3
"""Drives, and relations, that each later example is worth."""


class OutOfTime(Exception):
    """The time of the run is over."""


def quiet_settings(examples: int, *phases: Phase) -> settings:
    """Return Hypothesis settings for a run inside a program: no database, no deadline, no health checks."""
    return settings(max_examples=examples, database=None, deadline=None, phases=phases, print_blob=False,
                    suppress_health_check=list(HealthCheck), report_multiple_bugs=False)


class Explorer:
    """Explores one application.

    Args:
        doing: is told of each case before it is performed, and of None after.
        sighted: is told of the first sighting of each rule.
        tick: is called after each example.
    """

    def __init__(self, application: Callable[..., Any], rules: Sequence[Rule], relations: Sequence[Relation], *,
                 doing: Callable[[Case | None], None], sighted: Callable[[Sighting], None],
                 tick: Callable[[Tally], None], deadline: float, avoid: frozenset[tuple[str, str]] = frozenset(),
                 ) -> None:
        self.tally = Tally()
        self.smallest: dict[str, Sighting] = {}
        """By rule id, the sighting with the smallest case."""
        self.first_at: dict[str, int] = {}
        """By rule id, the number of the example that showed it first."""
        self._stage = Stage(application, rules, self.tally.applied)
        self._relations = relations
        self._doing, self._sighted, self._tick = doing, sighted, tick
        self._deadline = deadline
        self._avoid = avoid

    def perform(self, case: Case) -> Observation:
        """Make one case happen and count it."""
        self._doing(case)
        try:
            observed = self._stage.perform(case)
        finally:
            self._doing(None)
        tally = self.tally
        tally.exchanges += len(observed.exchanges)
        for rule, text in observed.crashed:
            tally.crashed.setdefault(rule.id, text)
        for name in {breach.rule.id for breach in observed.breaches}:
            tally.broken[name] = tally.broken.get(name, 0) + 1
        for breach in observed.breaches:
            events = tuple(observed.exchange.events or ())
            self._note(Sighting(breach.rule.id, breach.evidence, case, None, breach.site, events))
        return observed

    def relate(self, law: Relation, request: Request, plain: Observation | None = None) -> Sighting | None:
        """Judge a law over two exchanges, the first with `request`; `plain` is that exchange, if it has been."""
        twin = law.twin(request)
        if twin is None:
            return None
        first, second = Case(request, law.drive), Case(twin, law.twin_drive)
        one = plain if plain is not None and law.drive == PLAIN else self.perform(first)
        two = self.perform(second)
        try:
            verdict = law(one.exchange, two.exchange)
        except Exception as error:
            self.tally.crashed.setdefault(law.id, f"{type(error).__name__}: {error}")
            return None
        if verdict is None:
            self.tally.applied[law.id] = self.tally.applied.get(law.id, 0) + 1
            return None
        if not isinstance(verdict, str):
            return None
        self.tally.applied[law.id] = self.tally.applied.get(law.id, 0) + 1
        self.tally.broken[law.id] = self.tally.broken.get(law.id, 0) + 1
        sighting = Sighting(law.id, verdict, first, second, None, tuple(two.exchange.events or ()))
        self._note(sighting)
        return sighting

    def _note(self, sighting: Sighting) -> None:
        known = self.smallest.get(sighting.rule)
        if known is None:
            self.first_at[sighting.rule] = self.tally.examples
            self._sighted(sighting)
        if known is None or (sighting.case and known.case and weight(sighting.case) < weight(known.case)):
            self.smallest[sighting.rule] = sighting

    def avoids(self, request: Request) -> bool:
        """Tell whether a request like this one has ended an earlier life of the child."""
        return not self._avoid.isdisjoint((
            (request.method, request.path), ("*", request.path), (request.method, "*")))

    def example(self, request: Request) -> None:
        """Make of one drawn request all that it is worth."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        number = self.tally.examples
        if not self.avoids(request):
            plain = self.perform(Case(request))
            self._count_answer(plain)
            for drive in _turn(_DRIVES, number):
                self.perform(Case(request, drive))
            if number % 2:
                self.perform(Case(replace(request, file_wrapper=not request.file_wrapper)))
            for law in _turn(self._relations, number):
                self.relate(law, request, plain)
        self.tally.examples += 1
        self._tick(self.tally)

    def _count_answer(self, observed: Observation) -> None:
        x = observed.exchange
        code = 0 if x.raised and not x.headers_gone else x.code
        self.tally.statuses[code] = self.tally.statuses.get(code, 0) + 1
        if x.raised:
            text = f"{x.raised} ({x.raised_at})" if x.raised_at else x.raised
            if text in self.tally.raised or len(self.tally.raised) < 100:
                self.tally.raised[text] = self.tally.raised.get(text, 0) + 1

    def run(self, requests: SearchStrategy[Request], seed_value: int, examples: int) -> None:
        """Draw `examples` requests and explore each.

        Stops early, and silently, when the deadline has passed.
        """

        @seed(seed_value)
        @quiet_settings(examples, Phase.generate)
        @given(requests)
        def explore(request: Request) -> None:
            self.example(request)

        try:
            explore()
        except OutOfTime:
            pass


def _turn(things: Sequence[Any], number: int) -> Iterator[Any]:
    """Yield all of `things` for the first examples, later a share of them by turns."""
    if number < THOROUGH or len(things) <= SHARE:
        yield from things
        return
    for step in range(SHARE):
        yield things[(number * SHARE + step) % len(things)]
