"""The child of a property run: imports the target, explores it, shrinks what is broken, and reports home."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from ..harness.child import BlackBox
from ..harness.examine import Watched, begin
from ..harness.pristine import Pristine
from ..model.request import PLAIN, Case, Request
from ..model.rule import Card, Relation, Rule, Side
from ..reach.survey import Reach, reach
from ..rules import cards_about, catalogue, passive_rules
from ..selection import select
from ..stories import look
from ..targets import load_target
from .batches import Batches
from .explore import Explorer
from .guide import Guide
from .layers import blamed, inward_rules, layers_of, seen_inside
from .life import Life, be_child
from .place import site_for
from .records import Job, Sighting

__all__ = ["main"]


class Worker(Life[Job]):
    """One life of the child."""

    def __init__(self, job: Job, channel: Connection, box: BlackBox) -> None:
        super().__init__(job, channel, box)
        self.begun = time.monotonic()
        self.watched: Watched | None = None

    def doing(self, what: object) -> None:
        if self.watched is not None:
            self.watched.attend(isinstance(what, Case) and what.drive == PLAIN)
        super().doing(what)

    def run(self) -> None:
        job, options = self.job, self.job.options
        self.send("hello", None)
        self.box.begin("import")
        before = frozenset(sys.modules)
        watched = self.watched = begin(job.target)
        target = load_target(job.target)
        watched.loaded(sys.modules[target.module], target.attribute, target.application)
        guide, found = self.prepare(target.application, frozenset(sys.modules) - before)
        self.box.end()
        self.send("ready", target.details)
        self.send("imported", watched.now())
        if job.look:
            self.send("routes", tuple(route.name for route in guide.routes))
            self.send("done", None)
            return
        application = target.application
        cards = catalogue()
        chosen = select(cards_about(Side.APPLICATION), options.select, options.ignore, known=cards)
        rules = tuple(card for card in chosen if isinstance(card, Rule) and card in passive_rules())
        laws = tuple(card for card in chosen if isinstance(card, Relation))
        shelter = guide.safety.shelter
        # A transaction that is never committed is nothing that another process could see.
        pristine = None if shelter is not None and shelter.private else Pristine(
            lambda cases: tuple(look(application, case)[0] for case in cases), without=(self.channel.fileno(),))
        explorer = Explorer(application, rules, laws, doing=self.doing,
                            sighted=lambda sighting: self.send("sighting", sighting), tick=self.tick,
                            deadline=self.begun + job.seconds * 0.7, avoid=frozenset(job.avoid),
                            fresh=pristine.ask if pristine is not None else None, guide=guide,
                            part=options.part, parts=options.parts)
        if job.cases:
            self.repeat(explorer, application, laws, rules)
        else:
            self.explore(explorer, application, laws, rules, guide, found)
            self.send("imported", watched.now())
        self.send("tally", explorer.tally)
        self.send("done", None)

    def prepare(self, application: Any, loaded: frozenset[str]) -> tuple[Guide, Reach]:
        """Set data aside and find out what can be asked, before anything is."""
        from ..strategies.walk import home_of
        from .safety import decide

        options = self.job.options
        safety = decide(application, options, loaded, self.job.scratch)
        found = reach(application, options.reach)
        for note in (safety.note, *found.notes):
            self.send("note", note)
        self.send("all methods", safety.all_methods)
        return Guide(found.routes, safety, home_of(application)[1].file), found

    def look_around(self, explorer: Explorer, application: Any, guide: Guide, found: Reach) -> Batches:
        """Make the first requests, and return how to draw the others."""
        from .material import material_for
        from .visits import Visitor

        job = self.job
        material = material_for(application, job.options, found)
        visitor = Visitor(explorer, guide, found, job.options, lambda note: self.send("note", note))
        visitor.look_around(material, self.begun + job.seconds * 0.25)
        self.send("tally", explorer.tally)
        part, parts = job.options.part, job.options.parts
        routes = visitor.requests(job.examples * parts // 2) if guide.routes else []
        explorer.visit([*routes, *visitor.news][part::parts])
        return Batches(explorer, guide, visitor, material)

    def explore(self, explorer: Explorer, application: Any, laws: tuple[Relation, ...],
                rules: tuple[Rule, ...], guide: Guide, found: Reach) -> None:
        job = self.job
        batches = self.look_around(explorer, application, guide, found)
        batches.run(job.seed, job.examples)
        self.send("tally", explorer.tally)
        # What is called to make requests small says nothing about how often a rule is broken.
        explored = deepcopy(explorer.tally)
        by_id = {law.id: law for law in laws}
        cards: dict[str, Card] = {card.id: card for card in (*rules, *laws)}
        end = self.begun + job.seconds
        sightings = sorted(explorer.smallest.values(), key=lambda sighting: explorer.first_at[sighting.rule])
        for index, sighting in enumerate(sightings):
            share = max(0.5, (end - time.monotonic()) / (len(sightings) - index))
            best = self.shrunk(explorer, sighting, by_id.get(sighting.rule), batches, share)
            self.send("smallest", self.placed(best, cards[best.rule], application))
        explorer.tally = explored
        self.look_inside(application, explorer.gathered)

    def look_inside(self, application: Any, requests: Sequence[Request]) -> None:
        """Ask a few plain things with every layer watched, for what a middleware does to the layer within."""
        options = self.job.options
        try:
            names = layers_of(application) if options.layers else ()
            if names:
                self.send("layers", names)
                for sighting in seen_inside(application, requests, inward_rules(options), self.doing):
                    self.send("inside", sighting)
        except Exception as error:
            self.doing(None)
            # What holds the layers may refuse to be looked into; that is no finding, and no reason to lose the others.
            self.send("note", f"the layers of the stack could not be watched: {type(error).__name__}: {error}")

    def repeat(self, explorer: Explorer, application: Any, laws: tuple[Relation, ...],
               rules: tuple[Rule, ...]) -> None:
        """Make the cases of the job happen once more, by the same visitor and beside the same other requests."""
        from .again import known_again

        job = self.job
        dressed = known_again(application, job.options, lambda note: self.send("note", note))
        explorer.gathered += map(dressed, job.beside)
        for case in job.cases:
            case = replace(case, request=dressed(case.request))
            explorer.perform(case)
            for law in laws:
                explorer.relate(law, case.request)
        cards: dict[str, Card] = {card.id: card for card in (*rules, *laws)}
        for sighting in explorer.smallest.values():
            self.send("smallest", self.placed(sighting, cards[sighting.rule], application))
        self.look_inside(application, [case.request for case in job.cases])

    def placed(self, sighting: Sighting, card: Card, application: Any) -> Sighting:
        """Return the sighting with the line of the user's code, and the layer of the stack, that it points at."""
        if sighting.case is None:
            return sighting
        self.box.begin(sighting.case)
        sighting = replace(sighting, site=site_for(card, sighting, application))
        if self.job.options.layers:
            sighting = blamed(sighting, card, application)
        self.box.end()
        return sighting

    def shrunk(self, explorer: Explorer, sighting: Sighting, law: Relation | None, batches: Batches,
               seconds: float) -> Sighting:
        from .shrink import smallest

        if not self.job.options.shrink:
            return sighting
        batch, first_at = batches.of(explorer.first_at[sighting.rule])
        return smallest(explorer, sighting, law, batch.strategy, batch.seed, first_at,
                        time.monotonic() + min(seconds, 10.0))


def main(argument: str) -> None:
    """Run one life."""
    be_child(argument, Worker)


if __name__ == "__main__":
    main(sys.argv[1])
