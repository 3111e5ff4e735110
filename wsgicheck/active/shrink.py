"""Makes the request that shows a breach as small as it gets: each rule by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import Phase
from hypothesis.strategies import SearchStrategy

from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import Relation
from .drawing import each
from .explore import Explorer
from .records import Sighting, weight
from .safety import SAFE

__all__ = ["smallest"]

_BASE = Request()


class _Shown(Exception):
    """The rule is broken by this request; tells Hypothesis to make it smaller."""


def _simpler_drives(drive: Drive) -> Iterator[Drive]:
    if drive != PLAIN:
        yield PLAIN
        if drive.stop_after and drive.stop_after > 1:
            yield replace(drive, stop_after=1)


def _simpler(request: Request) -> Iterator[Request]:
    """Yield requests that differ from `request` in one thing, which is plainer."""
    plain = dict(_BASE.variables)
    for name, value in request.variables:
        if name in plain and value != plain[name]:
            yield request.with_variables(**{name: plain[name]})
        elif name not in plain:
            yield request.with_variables(**{name: None})
    for name, value in plain.items():
        if not request.has(name):
            yield replace(request, variables=(*request.variables, (name, value)))
    pairs = request.query.split("&")
    if len(pairs) > 1:
        for index in range(len(pairs)):
            yield request.with_variables(QUERY_STRING="&".join(pairs[:index] + pairs[index + 1:]))
    if request.body:
        yield replace(request, body=b"", reads=()).with_variables(CONTENT_LENGTH=None, CONTENT_TYPE=None)
        if request.has("CONTENT_LENGTH"):
            half = request.body[: len(request.body) // 2]
            yield replace(request, body=half).with_variables(CONTENT_LENGTH=str(len(half)))
    for change in ({"reads": ()}, {"input_terminated": False}, {"url_scheme": "http"}, {"multithread": False},
                   {"multiprocess": False}, {"run_once": False}, {"file_wrapper": True}):
        if any(getattr(request, name) != value for name, value in change.items()):
            yield replace(request, **change)


class _Shrinker:
    def __init__(self, explorer: Explorer, sighting: Sighting, law: Relation | None, deadline: float) -> None:
        self.explorer = explorer
        self.best = sighting
        self.law = law
        self.deadline = deadline

    def shows(self, case: Case) -> bool:
        """Perform `case`; tell whether it breaks the rule, and remember it if it is the smallest that does."""
        if time.monotonic() > self.deadline or self.explorer.avoids(case.request):
            return False
        if self.law is not None:
            found = self.explorer.relate(self.law, case.request)
        else:
            observed = self.explorer.perform(case)
            found = None
            for breach in observed.breaches:
                if breach.rule.id == self.best.rule:
                    found = Sighting(breach.rule.id, breach.evidence, case, None, breach.site,
                                     tuple(observed.exchange.events or ()))
                    break
        if found is None or found.case is None or self.best.case is None:
            return False
        if weight(found.case) <= weight(self.best.case):
            self.best = found
        return True

    def shows_smaller(self, case: Case) -> bool:
        """Tell whether `case` led to something smaller than what was known: a law may ask for another case first."""
        before = self.best
        return self.shows(case) and self.best.case is not None and before.case is not None and (
            weight(self.best.case) < weight(before.case))

    def greedy(self) -> None:
        """Undo one oddity after the other, as long as the rule stays broken."""
        progress = True
        while progress and self.best.case is not None:
            progress = False
            case = self.best.case
            if self.law is None:
                for drive in _simpler_drives(case.drive):
                    if self.shows_smaller(Case(case.request, drive)):
                        progress = True
                        break
            for request in _simpler(self.best.case.request):
                candidate = Case(request, self.best.case.drive)
                if weight(candidate) < weight(self.best.case) and self.shows_smaller(candidate):
                    progress = True
                    break

    def fewer(self) -> None:
        """Give the law no more further requests than it needs."""
        case, beside = self.best.case, self.best.beside
        if self.law is None or case is None or len(beside) < 2:
            return
        gathered = self.explorer.gathered
        try:
            # Those that may have changed something are the likelier reason.
            for other in sorted(beside, key=lambda request: request.method in SAFE):
                self.explorer.gathered = [other]
                if self.shows(case):
                    return
        finally:
            self.explorer.gathered = gathered

    def finished(self) -> Sighting:
        """Take away what is left to take away, and return the smallest."""
        self.greedy()
        self.fewer()
        return self.best


def smallest(explorer: Explorer, sighting: Sighting, law: Relation | None, requests: SearchStrategy[Request],
             seed_value: int, first_at: int, deadline: float) -> Sighting:
    """Return the smallest sighting of the same rule that can be found before `deadline` (monotonic seconds).

    Hypothesis draws the same requests again (the same seed), comes to the one that showed the breach, and
    shrinks from there. Whatever fails to repeat leaves the sighting as it was.
    """
    if sighting.case is None:
        return sighting
    shrinker = _Shrinker(explorer, sighting, law, deadline)
    drive = sighting.case.drive
    if shrinker.shows(Case(_BASE, PLAIN)) or shrinker.shows(Case(_BASE, drive)):
        return shrinker.finished()
    if law is not None and law.costly:
        return shrinker.finished()

    @each(requests, seed_value, first_at + 2, Phase.generate, Phase.shrink)
    def again(request: Request) -> None:
        if shrinker.shows(Case(request, drive)):
            raise _Shown

    try:
        again()
    except BaseException as error:
        # _Shown, or one of the many ways in which Hypothesis says that a state-keeping subject is flaky.
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    return shrinker.finished()
