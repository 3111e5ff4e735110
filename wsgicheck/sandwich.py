"""The sandwich: a middleware between the exemplary gateway and a legal application, watched on both sides.

From outside it is judged as an application, from inside as a server, and the rules for middleware see both
sides at once. Laws: what the application or the gateway does of itself is never held against the middleware;
one mistake is one breach (a card names the rules that it explains).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .model.exchange import Exchange
from .model.finding import Site
from .model.request import Case
from .model.rule import Card, Rule, Side
from .model.sandwich import Pair, PairExample, Sandwich, Variation
from .plan import compile_plan
from .reference.gateway import Response, environ_of, serve
from .reference.repertoire import Recipe
from .show import show
from .spies.site import LIVE_MOMENTS, site_of
from .spies.spy import Spied
from .spies.timeline import Timeline, facing

__all__ = ["PairBreach", "PairObservation", "Sandwiched", "perform_pair"]

Factory = Callable[[Any], Any]
"""Takes the application that is to be wrapped, and returns the middleware around it."""


@dataclass(frozen=True, slots=True)
class PairBreach:
    """One rule, broken by the middleware; `outside` tells on which side it was seen (None: on both)."""

    rule: Card
    evidence: str
    site: Site | None = None
    outside: bool | None = None


@dataclass(slots=True)
class PairObservation:
    """What one request through the middleware showed.

    Attributes:
        pair: the facts.
        response: what the gateway got.
        breaches: what is held against the middleware.
        crashed: checks of ours that raised.
    """

    case: Case
    recipe: Recipe
    pair: Pair = field(default_factory=Pair)
    response: Response = field(default_factory=Response)
    breaches: list[PairBreach] = field(default_factory=list)
    crashed: list[tuple[Card, str]] = field(default_factory=list)

    def evidence(self, rule_id: str) -> str | None:
        """Return the evidence that the rule with that id was broken, None if it was not."""
        return next((breach.evidence for breach in self.breaches if breach.rule.id == rule_id), None)


@functools.lru_cache(maxsize=512)
def _built(recipe: Recipe) -> Callable[..., Any]:
    return recipe.build(bare=True)


def _reads_all(recipe: Recipe, case: Case) -> bool:
    """Tell whether the application goes on reading until it has all, however little each read gives."""
    return recipe.read in ("small", "lines") or (recipe.read == "whole" and not case.request.reads)


class _Instance:
    """The application as an instance that answers no question but being called, and notes each."""

    __slots__ = ("_asked", "_call")

    def __init__(self, call: Callable[..., Any], asked: list[str]) -> None:
        self._call = call
        self._asked = asked

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._call(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        self._asked.append(name)
        raise AttributeError(f"the application has no attribute {name!r}; it is only there to be called")


class _Holder:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def application(self, *args: Any, **keywords: Any) -> Any:
        return self._call(*args, **keywords)


class _Side:
    """Takes the breaches of one side (a Sink)."""

    def __init__(self, current: Callable[[], Sandwiched]) -> None:
        self.current = current
        self.exchanges: list[Exchange] = []
        self.breaches: list[tuple[Rule, str, Site | None]] = []
        self.crashes: list[tuple[Card, str]] = []

    def clear(self) -> None:
        self.exchanges, self.breaches, self.crashes = [], [], []

    def begin(self, x: Exchange) -> None:
        x.body = b""
        self.exchanges.append(x)

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        # An exchange of an earlier request that is judged only now (a body let go of late) tells nothing here.
        if any(x is known for known in self.exchanges):
            site = site_of(x, live=rule.at in LIVE_MOMENTS)
            # The application's line is not the middleware's doing.
            self.breaches.append((rule, evidence, None if site and site.file.startswith("<") else site))

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        self.crashes.append((rule, f"{type(error).__name__}: {error}"))


class Sandwiched:
    """Puts one middleware on stage, again and again.

    Args:
        factory: takes an application and returns the middleware around it; called once for each kind of callable.
        rules: the rules of a single exchange; of those that bind applications the outer side is judged by, of
            those that bind servers the inner side.
        cards: the rules over both sides.
        meant: how often the middleware is meant to call the application at most.
        tally: counts by rule id how often each was applicable; shared with the caller.
    """

    def __init__(self, factory: Factory, rules: Iterable[Rule], cards: Iterable[Card] = (), *, meant: int = 1,
                 tally: dict[str, int] | None = None) -> None:
        self.factory = factory
        self.meant = meant
        self.tally: dict[str, int] = {} if tally is None else tally
        cards, rules = tuple(cards), tuple(rules)
        self.cards = tuple(card for card in cards if isinstance(card, Sandwich))
        self.variations = tuple(card for card in cards if isinstance(card, Variation))
        replaced = {rule.id for card in self.cards for rule in card.replaces}
        rules = tuple(rule for rule in rules if rule.id not in replaced)
        self._binds = {rule.id: rule.binds for rule in rules}
        self._timeline = Timeline()
        self._outer, self._inner = _Side(lambda: self), _Side(lambda: self)
        self._outer_tally: dict[str, int] = {}
        self._inner_tally: dict[str, int] = {}
        self._outer_plan = compile_plan(rules, self._outer, tally=self._outer_tally)
        self._inner_plan = compile_plan(rules, self._inner, tally=self._inner_tally)
        self._application: Callable[..., Any] | None = None
        self._stacks: dict[str, Callable[..., Any]] = {}
        self._asked: dict[str, list[str]] = {}

    # -- the stack ---------------------------------------------------------------------------------------

    def _switch(self, *args: Any, **keywords: Any) -> Any:
        if self._application is None:
            raise RuntimeError("the application was called outside any request")
        return self._application(*args, **keywords)

    def stack(self, kind: str = "function") -> Callable[..., Any]:
        """Return the watched middleware around an application that is this kind of callable.

        Raises whatever the factory raises.
        """
        if kind not in self._stacks:
            spied = Spied(self._timeline.inner(self._switch), self._inner_plan, begin=self._inner.begin)
            call = facing(self._timeline, spied)
            asked = self._asked.setdefault(kind, [])
            made: Any
            if kind == "instance":
                made = _Instance(call, asked)
            elif kind == "method":
                made = _Holder(call).application
            elif kind == "partial":
                made = functools.partial(call)
            else:
                made = call
            middleware = self.factory(made)
            # The recorder stands next to the middleware, since the spy's bodies answer to close() whatever they hold.
            self._stacks[kind] = Spied(self._timeline.outer(middleware), self._outer_plan, begin=self._outer.begin)
        return self._stacks[kind]

    # -- one request -------------------------------------------------------------------------------------

    def perform(self, case: Case, recipe: Recipe) -> PairObservation:
        """Send one request through the middleware to the application that `recipe` describes."""
        now = PairObservation(case, recipe)
        try:
            stack = self.stack(recipe.kind)
        except Exception as error:
            if recipe.kind == "function":
                raise
            # It takes a function, and not this: that is what the law on callables is about.
            now.pair.outer.raised = f"{type(error).__name__}: {show(str(error))[1:-1]}"
            now.pair.outer.raised_in, now.pair.outer.raised_by = "call", "itself"
            return now
        self._application = _built(recipe)
        try:
            for _ in range(max(1, case.drive.calls)):
                asked = tuple(self._asked.get(recipe.kind, ()))
                pair = now.pair = Pair(request=case.request, drive=case.drive, meant=self.meant,
                                       reads_all=_reads_all(recipe, case), asked=asked)
                self._timeline.begin(pair)
                self._outer.clear()
                self._inner.clear()
                now.response = serve(stack, case.request, case.drive, environ_of(case.request))
                self._timeline.settle()
                self._judge(now)
        finally:
            self._timeline.end()
        return now

    def _judge(self, now: PairObservation) -> None:
        """Take what is the middleware's own from both sides, then ask the cards that see both."""
        own_application = {rule.id for rule, _, _ in self._inner.breaches if rule.binds is Side.APPLICATION}
        own_server = {rule.id for rule, _, _ in self._outer.breaches if rule.binds is Side.SERVER}
        found = [PairBreach(rule, evidence, site, True) for rule, evidence, site in self._outer.breaches
                 if rule.binds is Side.APPLICATION and rule.id not in own_application]
        found += [PairBreach(rule, evidence, site, False) for rule, evidence, site in self._inner.breaches
                  if rule.binds is Side.SERVER and rule.id not in own_server]
        now.crashed += [*self._outer.crashes, *self._inner.crashes]
        broken = {breach.rule.id for breach in found}
        for card in self.cards:
            if not broken.isdisjoint(other.id for other in card.given):
                continue
            verdict = self._ask(now, card, lambda card=card: card(now.pair))  # type: ignore[misc]
            if verdict is not None:
                explained = {other.id for other in card.explains}
                found = [breach for breach in found if breach.rule.id not in explained]
                found.append(PairBreach(card, verdict))
                broken.add(card.id)
        self._count()
        seen = {breach.rule.id for breach in now.breaches}
        now.breaches += [breach for breach in found if breach.rule.id not in seen]

    def _ask(self, now: PairObservation, card: Card, judge: Callable[[], Any]) -> str | None:
        try:
            verdict = judge()
        except Exception as error:
            now.crashed.append((card, f"{type(error).__name__}: {error}"))
            return None
        if verdict is None or isinstance(verdict, str):
            self.tally[card.id] = self.tally.get(card.id, 0) + 1
        return verdict if isinstance(verdict, str) else None

    def _count(self) -> None:
        for counts, side in ((self._outer_tally, Side.APPLICATION), (self._inner_tally, Side.SERVER)):
            for name, count in counts.items():
                if self._binds.get(name) is side:
                    self.tally[name] = self.tally.get(name, 0) + count
            counts.clear()

    # -- two applications --------------------------------------------------------------------------------

    def compare(self, law: Variation, first: PairObservation) -> PairBreach | None:
        """Judge a law over two forms of one application, the first of which has been performed.

        Where it is broken, what else is broken in the first form and not in the plainer one is the same
        mistake, and is taken back from `first`.
        """
        plainer = law.vary(first.recipe)
        given = {card.id for card in law.given}
        if plainer is None or plainer == first.recipe or first.crashed:
            return None
        if any(known.rule.id in given for known in first.breaches):
            return None
        second = self.perform(Case(first.case.request, first.case.drive), plainer)
        here, there = ({breach.rule.id for breach in found.breaches} for found in (first, second))
        # What both forms suffer from is another mistake; what only one of them does takes the ground away, unless
        # it is the consequence that this law explains.
        if any(breach.rule.id not in here and breach.rule.level.rank >= law.level.rank for breach in second.breaches):
            return None
        if any(breach.rule.id not in there and isinstance(breach.rule, Sandwich)
               and breach.rule.level.rank >= law.level.rank for breach in first.breaches):
            return None
        verdict = self._ask(first, law, lambda: law(first.pair, second.pair))
        if verdict is None:
            return None
        first.breaches = [breach for breach in first.breaches
                          if breach.rule.id in there or isinstance(breach.rule, Variation)]
        breach = PairBreach(law, verdict)
        first.breaches.append(breach)
        return breach


def perform_pair(example: PairExample, rules: Iterable[Rule], cards: Iterable[Card],
                 tally: dict[str, int] | None = None) -> PairObservation:
    """Put the example of a rule for middleware on stage, judged by `rules`, `cards` and every variation."""
    stage = Sandwiched(example.subject, rules, cards, tally=tally)
    recipe = example.recipe if isinstance(example.recipe, Recipe) else Recipe()
    observed = stage.perform(Case(example.request, example.drive), recipe)
    for law in stage.variations:
        stage.compare(law, observed)
    return observed
