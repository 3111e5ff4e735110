"""Explores one middleware: draws pairs of request and legal application, and makes those that show a breach small.

Laws: a function of the seed and of the middleware alone, as long as no time limit is met; what is called to make
a pair small is not counted; a small pair has been seen to show the breach with a middleware made anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..model.finding import Site
from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import Card, Rule
from ..model.sandwich import Variation
from ..reference.repertoire import GALLERY, Recipe
from ..sandwich import Factory, PairObservation, Sandwiched
from ..strategies.applications import legal, recipes
from .drawing import each
from .explore import OutOfTime
from .pair_program import tape_lines
from .records import Tally, weight
from .shrink import _simpler as simpler_requests
from .shrink import _simpler_drives as simpler_drives

__all__ = ["PairExplorer", "PairSighting"]

DRIVES = (Drive(stop_after=1), Drive(stop_after=0), Drive(start_raises=True), Drive(calls=2), Drive(stop_after=2),
          Drive(write_raises_after=0))
REQUESTS = (Request(), Request.make("GET", "/", HTTP_ACCEPT_ENCODING="gzip, deflate"),
            Request.make("POST", "/", body=b"name=value&other=1",
                         content_type="application/x-www-form-urlencoded"),
            Request.make("HEAD", "/"))
"""What each application of the gallery is asked."""
DOORED = (Recipe(shape="closing", items=(b"one\n", b"", b"two\n")),
          Recipe(headers=(("Content-Type", "text/html; charset=utf-8"), ("ETag", '"v1"')), shape="closing",
                 items=(b"<html><head></head><body>", b"Hello, world" * 80, b"</body></html>\n")))
"""Applications around which a middleware is asked for all that its own code names."""


@dataclass(frozen=True, slots=True)
class PairSighting:
    """One breach of one rule, with the request and the application that show it.

    Attributes:
        plainer: for a law over two forms, the form that is served well.
        outside: the side on which it was seen, None for both.
    """

    rule: str
    evidence: str
    case: Case
    recipe: Recipe
    plainer: Recipe | None = None
    site: Site | None = None
    outside: bool | None = None
    events: tuple[str, ...] = ()

    @property
    def weight(self) -> tuple[int, str]:
        """By which the smaller of two is found."""
        size, text = weight(self.case)
        source = self.recipe.source()
        return size + len(source) + 20 * self.recipe.oddities, text + source


class PairExplorer:
    """Explores one middleware.

    Args:
        factory: takes an application, and returns the middleware around it.
        meant: how often it is meant to call the application at most.
        doing: is told of each (case, recipe) before it is performed, and of None after.
        sighted: is told of the first sighting of each rule.
        tick: is called after each example.
        deadline: monotonic seconds.
        avoid: pairs that are left out, since they have ended an earlier process; with None for the recipe, all
            with that request.
        part, parts: which of several explorers this is that divide the gallery among themselves.
    """

    def __init__(self, factory: Factory, rules: Sequence[Rule], cards: Sequence[Card], *, meant: int = 1,
                 doing: Callable[[object], None], sighted: Callable[[PairSighting], None],
                 tick: Callable[[Tally], None], deadline: float,
                 avoid: Sequence[tuple[Case, Recipe | None]] = (), part: int = 0, parts: int = 1) -> None:
        self.tally = Tally()
        self.smallest: dict[str, PairSighting] = {}
        self._factory, self._rules, self._cards, self._meant = factory, rules, cards, meant
        self._doing, self._sighted, self._tick = doing, sighted, tick
        self._deadline = deadline
        self._avoid = frozenset(avoid)
        self._part, self._parts = part, parts
        self._stage = self._new_stage(self.tally.applied)

    def _new_stage(self, tally: dict[str, int] | None = None) -> Sandwiched:
        return Sandwiched(self._factory, self._rules, self._cards, meant=self._meant, tally=tally)

    # -- exploring ---------------------------------------------------------------------------------------

    def _judged(self, stage: Sandwiched, case: Case, recipe: Recipe, laws: bool) -> PairObservation:
        """Perform one pair and ask every law over two forms to which it gives ground."""
        self._doing((case, recipe))
        try:
            observed = stage.perform(case, recipe)
            if laws:
                for law in stage.variations:
                    stage.compare(law, observed)
        finally:
            self._doing(None)
        return observed

    def perform(self, case: Case, recipe: Recipe, laws: bool = False, explained: bool = False) -> PairObservation:
        """Make one pair happen, count it, and note what is broken.

        Args:
            laws: ask every law over two forms, too.
            explained: the middleware does not serve this form of application, so what else is broken on one side
                of it is a consequence.
        """
        observed = self._judged(self._stage, case, recipe, laws)
        if explained:
            observed.breaches = [breach for breach in observed.breaches if not isinstance(breach.rule, Rule)]
        tally = self.tally
        tally.exchanges += max(1, case.drive.calls)
        for card, text in observed.crashed:
            tally.crashed.setdefault(card.id, text)
        for sighting in _sightings(observed, self._stage):
            tally.broken[sighting.rule] = tally.broken.get(sighting.rule, 0) + 1
            known = self.smallest.get(sighting.rule)
            if known is None:
                self._sighted(sighting)
            if known is None or sighting.weight < known.weight:
                self.smallest[sighting.rule] = sighting
        return observed

    def _count_answer(self, observed: PairObservation) -> None:
        outer = observed.pair.outer
        code = 0 if outer.raised and not outer.items else outer.code
        self.tally.statuses[code] = self.tally.statuses.get(code, 0) + 1
        if outer.raised and outer.raised_by == "itself":
            text = outer.raised
            if text in self.tally.raised or len(self.tally.raised) < 100:
                self.tally.raised[text] = self.tally.raised.get(text, 0) + 1

    def example(self, request: Request, recipe: Recipe, drives: Sequence[Drive]) -> None:
        """Make of one drawn pair all that it is worth."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        explained = False
        if not self._avoids(Case(request), recipe):
            plain = self.perform(Case(request), recipe, laws=True)
            self._count_answer(plain)
            explained = any(isinstance(breach.rule, Variation) for breach in plain.breaches)
        for drive in drives:
            if not self._avoids(Case(request, drive), recipe):
                self.perform(Case(request, drive), recipe, explained=explained)
        self.tally.examples += 1
        self._tick(self.tally)

    def _avoids(self, case: Case, recipe: Recipe) -> bool:
        return (case, recipe) in self._avoid or (Case(case.request), None) in self._avoid

    def run(self, requests: SearchStrategy[Request], seed_value: int, examples: int,
            doors: Sequence[Request] = ()) -> None:
        """Ask each application of the gallery a few things, some of them `doors`, then draw `examples` pairs.

        Stops early, and silently, when the deadline has passed.
        """

        @each(st.tuples(requests, recipes()), seed_value, examples, Phase.generate)
        def explore(drawn: tuple[Request, Recipe]) -> None:
            number = self.tally.examples
            self.example(*drawn, [DRIVES[(number * 2 + step) % len(DRIVES)] for step in range(2)])

        try:
            for recipe in GALLERY[self._part::self._parts]:
                for request in REQUESTS:
                    self.example(request, recipe, DRIVES if request is REQUESTS[0] else ())
            for request in doors[self._part::self._parts]:
                for recipe in DOORED:
                    self.example(request, recipe, ())
            self.tally.examples = 0
            explore()
        except OutOfTime:
            pass

    # -- making small ------------------------------------------------------------------------------------

    def shrunk(self, sighting: PairSighting, deadline: float) -> PairSighting:
        """Return the smallest sighting of the same rule that undoing one oddity after the other leads to."""
        best = self._again(sighting.rule, sighting.case, sighting.recipe) or sighting
        if best is sighting and self._again(sighting.rule, sighting.case, sighting.recipe) is None:
            return sighting  # needs what an earlier request has left behind
        for recipe in (Recipe(), *_simplest(best.recipe)):
            found = self._again(best.rule, Case(Request()), recipe)
            if found is not None and found.weight < best.weight:
                best = found
        progress = True
        while progress and time.monotonic() < deadline:
            progress = False
            for case, recipe in _plainer(best):
                if time.monotonic() > deadline:
                    break
                found = self._again(best.rule, case, recipe)
                if found is not None and found.weight < best.weight:
                    best, progress = found, True
                    break
        return best

    def _again(self, rule: str, case: Case, recipe: Recipe) -> PairSighting | None:
        """Perform the pair with a middleware made anew; return its sighting of `rule`, None if it shows none."""
        stage = self._new_stage()
        observed = self._judged(stage, case, recipe, laws=any(law.id == rule for law in stage.variations))
        return next((found for found in _sightings(observed, stage) if found.rule == rule), None)


def _sightings(observed: PairObservation, stage: Sandwiched) -> Iterator[PairSighting]:
    events = tape_lines(observed.pair.steps) if observed.breaches else ()
    for breach in observed.breaches:
        law = breach.rule if isinstance(breach.rule, Variation) else None
        yield PairSighting(breach.rule.id, breach.evidence, observed.case, observed.recipe,
                           law.vary(observed.recipe) if law is not None else None, breach.site, breach.outside, events)


def _simplest(recipe: Recipe) -> Iterator[Recipe]:
    """Yield recipes that keep one oddity of `recipe` and no other."""
    plain = Recipe()
    for name in Recipe.__slots__:
        if getattr(recipe, name) != getattr(plain, name):
            yield legal(replace(plain, **{name: getattr(recipe, name)}))


def _plainer(sighting: PairSighting) -> Iterator[tuple[Case, Recipe]]:
    """Yield pairs that differ from the sighting's in one thing, which is plainer."""
    case, recipe, plain = sighting.case, sighting.recipe, Recipe()
    for drive in (PLAIN, *simpler_drives(case.drive)):
        if drive != case.drive:
            yield Case(case.request, drive), recipe
    for name in Recipe.__slots__:
        if getattr(recipe, name) != getattr(plain, name):
            yield case, legal(replace(recipe, **{name: getattr(plain, name)}))
    for name in ("items", "writes", "headers"):
        values = getattr(recipe, name)
        for index in range(len(values)):
            yield case, legal(replace(recipe, **{name: values[:index] + values[index + 1:]}))
    for index, item in enumerate(recipe.items):
        if len(item) > 4:
            yield case, legal(replace(recipe, items=(*recipe.items[:index], item[:4], *recipe.items[index + 1:])))
    if recipe.empties_first > 1:
        yield case, replace(recipe, empties_first=1)
    yield Case(Request(), case.drive), recipe
    for request in simpler_requests(case.request):
        yield Case(request, case.drive), recipe
