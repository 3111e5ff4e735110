"""The child's half of a property run: draw requests, make exchanges happen, note what is broken.

Laws: a function of the seed and of the application alone, as long as no time limit is met; each drawn
request is worth several exchanges, since drawing costs more than calling.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import Phase
from hypothesis.strategies import SearchStrategy

from ..model.exchange import Exchange
from ..model.moments import Ending
from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import HOLDS, NOT_APPLICABLE, Relation, Rule
from ..rules.gates import gates
from ..stage import Observation, Stage
from ..stories import Fresh, Telling, tell
from .drawing import each
from .guide import Guide
from .place import raised_site
from .records import Sighting, Tally, weight
from .safety import SAFE

__all__ = ["Explorer", "OutOfTime"]

_DRIVES = (
    Drive(stop_after=1), Drive(calls=2), Drive(stop_after=0), Drive(start_raises=True),
    Drive(stop_after=2), Drive(write_raises_after=0), Drive(write_raises_after=1),
)
THOROUGH = 8
"""Examples at the beginning for which every drive is tried."""
SHARE = 3
"""Drives that each later example is worth."""
POOL, MOST_AT_ONCE, KNOWN_ANSWER = 800, 100, 3
"""Exchanges that laws share in one run: an example that is answered as none before may take an eighth of what is left
of the pool, so that an application of few pages is looked at closely and one of many still in time; an example that
is answered as others were may take KNOWN_ANSWER besides."""
ENOUGH = 4
"""Breaches of one law after which it has been shown."""
LARGE = 2 * 1024 * 1024
"""Bytes of a body beyond which an answer is not looked at by laws."""
GATHERED, CHANGES = 12, 4
"""Requests that are kept to be asked for again at the end: such as only look, and such as may change something."""


class OutOfTime(Exception):
    """The time of the run is over."""


class Declined(Exception):
    """A law asks for what might change the application's data."""


class Memory:
    """What came of one request, so that laws which all begin by making it, and making it again, need not.

    It serves as long as a law has done nothing else: what came before must not be what shall come after.
    """

    def __init__(self, perform: Callable[[Case], Observation], case: Case, first: Exchange) -> None:
        self._perform = perform
        self._case = case
        self._known = [first]

    def exchange(self, asked: Sequence[Case], case: Case) -> Exchange:
        """Return what comes of `case` after those that were `asked`."""
        if case != self._case or len(asked) > len(self._known) or any(other != case for other in asked):
            return self._perform(case).exchange
        if len(self._known) == len(asked):
            self._known.append(self._perform(case).exchange)
        return self._known[len(asked)]


class Explorer:
    """Explores one application.

    Args:
        doing: is told of each case before it is performed, and of None after.
        sighted: is told of the first sighting of each rule.
        tick: is called after each example.
        fresh: makes cases happen in a process that has served nothing.
        guide: follows which routes are entered, and says what may be asked; without it, everything may.
        part, parts: which of several explorers this is that divide the work (see Options).
    """

    def __init__(self, application: Callable[..., Any], rules: Sequence[Rule], relations: Sequence[Relation], *,
                 doing: Callable[[Case | None], None], sighted: Callable[[Sighting], None],
                 tick: Callable[[Tally], None], deadline: float, avoid: frozenset[tuple[str, str]] = frozenset(),
                 fresh: Fresh | None = None, guide: Guide | None = None, part: int = 0, parts: int = 1) -> None:
        self.tally = Tally()
        if guide is not None:
            self.tally.reached = guide.reached
        self.smallest: dict[str, Sighting] = {}
        """By rule id, the sighting with the smallest case."""
        self.first_at: dict[str, int] = {}
        """By rule id, the number of the example that showed it first."""
        self.gathered: list[Request] = []
        """Requests that were answered well, each method, path and query once."""
        self._application = application
        self._stage = Stage(application, rules, self.tally.applied, gates())
        self._laws = tuple(law for law in relations if not law.costly)
        self._costly = tuple(law for law in relations if law.costly)[part::parts]
        self._met: dict[tuple[Any, ...], dict[str, int]] = {}
        """By kind of answer, and by kind and path, how often each law was put to the test there."""
        self._answers: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """By answer, where it was seen first."""
        self._pool = POOL // parts
        self._thorough = -(-THOROUGH // parts)
        self._fresh = fresh
        self._doing, self._sighted, self._tick = doing, sighted, tick
        self._deadline = deadline
        self._avoid = avoid
        self._guide = guide

    def perform(self, case: Case) -> Observation:
        """Make one case happen and count it."""
        guide = self._guide if case.drive == PLAIN else None
        self._doing(case)
        try:
            if guide is None:
                observed = self._stage.perform(case)
            else:
                with guide.watch:
                    observed = self._stage.perform(case)
        finally:
            self._doing(None)
        if guide is not None:
            guide.saw(case.request, observed)
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

    def relate(self, law: Relation, request: Request, memory: Memory | None = None) -> Sighting | None:
        """Let a law judge from `request` on; return the breach that was confirmed, None if there was none.

        Args:
            memory: the exchanges of this example so far, which need not be made again.
        """
        beside: list[Request] = []
        telling = self._tell(law, request, memory, beside)
        if telling is None or telling.verdict is NOT_APPLICABLE:
            return None
        self.tally.applied[law.id] = self.tally.applied.get(law.id, 0) + 1
        if not isinstance(telling.verdict, str):
            return None
        for _ in range(0 if law.costly else 2):
            again = self._tell(law, request, None)
            # What a breach has left behind may keep the law from being put to the test once more.
            if again is None or again.verdict is HOLDS or (again.verdict is NOT_APPLICABLE and not law.lasting):
                return None
        self.tally.broken[law.id] = self.tally.broken.get(law.id, 0) + 1
        first, last = telling.row[0], telling.row[-1]
        x = telling.exchanges[-1] if telling.exchanges else Exchange()
        raised = next((site for site in map(raised_site, reversed(telling.exchanges)) if site is not None), None)
        sighting = Sighting(law.id, telling.verdict, first, last if len(telling.row) > 1 else None,
                            raised, tuple(x.events or ()), beside=tuple(beside), between=telling.between)
        self._note(sighting)
        return sighting

    def _tell(self, law: Relation, request: Request, memory: Memory | None,
              beside: list[Request] | None = None) -> Telling | None:
        asked: list[Case] = []
        declined: list[Case] = []

        def perform(case: Case) -> Exchange:
            if not self.permits(case.request):
                declined.append(case)
                raise Declined
            return self.perform(case).exchange if memory is None else memory.exchange(asked, case)

        def others() -> list[Request]:
            if beside is not None:
                beside[:] = self.gathered
            return self.gathered

        telling = tell(law, request, self._application, perform=perform, fresh=self._fresh, others=others,
                       doing=self._doing, asked=asked)
        if declined:
            return None
        if telling.crash:
            self.tally.crashed.setdefault(law.id, telling.crash)
            return None
        return telling

    def _note(self, sighting: Sighting) -> None:
        known = self.smallest.get(sighting.rule)
        if known is None:
            self.first_at[sighting.rule] = self.tally.examples
            self._sighted(sighting)
        if known is None or (sighting.case and known.case and weight(sighting.case) < weight(known.case)):
            self.smallest[sighting.rule] = sighting

    def permits(self, request: Request) -> bool:
        """Tell whether the request may be made, as far as the application's data is concerned."""
        return self._guide is None or self._guide.permits(request)

    def avoids(self, request: Request) -> bool:
        """Tell whether a request is not to be made: one like it has ended an earlier life, or it may change data."""
        return not self.permits(request) or not self._avoid.isdisjoint((
            (request.method, request.path), ("*", request.path), (request.method, "*")))

    def example(self, request: Request) -> None:
        """Make of one drawn request all that it is worth."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        number = self.tally.examples
        if self._guide is not None:
            self._guide.renew()
        if not self.avoids(request):
            plain = self.perform(Case(request))
            self._count_answer(plain)
            # A stream without an end is legal, as is a large file, and would be asked for again and again.
            if plain.exchange.ending is not Ending.CLOSED and len(plain.exchange.body or b"") <= LARGE:
                self._gather(request, plain.exchange)
                self._judge(request, plain)
            for drive in _turn(_DRIVES, number, self._thorough):
                self.perform(Case(request, drive))
            if number % 2:
                self.perform(Case(replace(request, file_wrapper=not request.file_wrapper)))
        self.tally.examples += 1
        self._tick(self.tally)

    def _judge(self, request: Request, plain: Observation) -> None:
        """Put laws to the test with `request`: those first that answers of its kind have met least often."""
        x = plain.exchange
        kind = (request.method, x.code, x.value("content-type"), bool(x.raised))
        here = self._answers.setdefault((kind, x.headers, x.body, x.raised), (*kind, request.path))
        of_kind, met = self._met.setdefault(kind, {}), self._met.setdefault(here, {})
        memory = Memory(self.perform, plain.case, x)
        begun = self.tally.exchanges
        share = min(MOST_AT_ONCE, self._pool // 8) if not met else 0
        number = self.tally.examples
        count = len(self._laws)
        order = sorted(range(count), key=lambda at: (met.get(self._laws[at].id, 0), of_kind.get(self._laws[at].id, 0),
                                                     (at + number) % count))
        for law in (self._laws[at] for at in order):
            if self.tally.broken.get(law.id, 0) >= ENOUGH:
                continue
            if self.tally.exchanges - begun >= share + KNOWN_ANSWER or time.monotonic() > self._deadline:
                break
            met[law.id] = met.get(law.id, 0) + 1
            of_kind[law.id] = of_kind.get(law.id, 0) + 1
            self.relate(law, request, memory)
        self._pool -= min(share, self.tally.exchanges - begun)

    def _gather(self, request: Request, x: Exchange) -> None:
        """Keep the first requests of each kind that were answered well."""
        if x.raised or not 200 <= x.code < 400:
            return
        changes = request.method not in SAFE
        if sum((known.method not in SAFE) == changes for known in self.gathered) >= (CHANGES if changes else GATHERED):
            return
        if not any((request.method, request.path, request.query) == (known.method, known.path, known.query)
                   for known in self.gathered):
            self.gathered.append(request)

    def finish(self) -> None:
        """Put the costly laws to the test, with some of the requests that were answered well."""
        places: dict[tuple[str, str], Request] = {}
        changing = [request for request in self.gathered if request.method not in SAFE]
        safe = [request for request in self.gathered if request.method in SAFE]
        for request in (*safe[:4], *changing[:2], *safe[4:], *changing[2:]):
            places.setdefault((request.method, request.path), request)
        for law in self._costly:
            for request in list(places.values())[:6]:
                if time.monotonic() > self._deadline or self.tally.broken.get(law.id, 0):
                    break
                if not self.avoids(request):
                    self.relate(law, request)

    def ask(self, request: Request) -> Observation:
        """Make one exchange happen in passing: judged and counted, no example of its own."""
        observed = self.perform(Case(request))
        self._count_answer(observed)
        if request.method not in SAFE:
            # A form that was filled in as the page asked for is more than most that is drawn.
            self._gather(request, observed.exchange)
        return observed

    def _count_answer(self, observed: Observation) -> None:
        x = observed.exchange
        code = 0 if x.raised and not x.headers_gone else x.code
        self.tally.statuses[code] = self.tally.statuses.get(code, 0) + 1
        self.tally.by_itself += x.method == "OPTIONS" and 0 < code < 400
        if x.raised:
            text = f"{x.raised} ({x.raised_at})" if x.raised_at else x.raised
            if text in self.tally.raised or len(self.tally.raised) < 100:
                self.tally.raised[text] = self.tally.raised.get(text, 0) + 1

    def visit(self, requests: Sequence[Request]) -> None:
        """Explore given requests, each as an example; stops when the deadline has passed."""
        try:
            for request in requests:
                self.example(request)
        except OutOfTime:
            pass

    def run(self, requests: SearchStrategy[Request], seed_value: int, examples: int, *, last: bool = True) -> None:
        """Draw `examples` requests and explore each.

        Stops early, and silently, when the deadline has passed.

        Args:
            last: no more are drawn afterwards, so that costly laws have their turn.
        """

        @each(requests, seed_value, examples, Phase.generate)
        def explore(request: Request) -> None:
            self.example(request)

        try:
            explore()
        except OutOfTime:
            return
        if last:
            self.finish()


def _turn(things: Sequence[Any], number: int, thorough: int) -> Iterator[Any]:
    """Yield all of `things` for the first `thorough` examples, later a share of them by turns."""
    if number < thorough or len(things) <= SHARE:
        yield from things
        return
    for step in range(SHARE):
        yield things[(number * SHARE + step) % len(things)]
