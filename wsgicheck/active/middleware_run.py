"""One exploration of a middleware in the process that has it, and the report of what came of one or several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import __version__
from ..model.finding import Finding, Site
from ..model.request import PLAIN, Request
from ..model.rule import Card, Relation, Rule, Side
from ..model.run import RuleResult, Run, RunVerdict, Subject
from ..model.sandwich import Sandwich, Variation
from ..rules import cards_about, catalogue, passive_rules, process_rules
from ..selection import select
from .material import material_for
from .middleware_records import PairJob, written
from .middleware_stories import REQUESTS, seen_in_stories, stories, story_program
from .options import Options
from .pair_program import program
from .pairs import PairExplorer, PairSighting
from .place import return_line
from .provocations import doors
from .records import Tally
from .wrapping import Wrapping

__all__ = ["chosen_cards", "explore", "report"]


def chosen_cards(options: Options) -> tuple[Card, ...]:
    """Return the cards by which a middleware is judged: those on both of its sides, and those on the pair.

    Raises:
        ConfigError: a word of select or ignore names no rule.
    """
    known = catalogue()
    passive = set(passive_rules())
    pairs = tuple(card for card in known if isinstance(card, (Sandwich, Variation)))
    replaced = {rule for card in pairs if isinstance(card, Sandwich) for rule in card.replaces}
    others = {*process_rules(), *stories()}
    sides = tuple(card for side in (Side.APPLICATION, Side.SERVER) for card in cards_about(side)
                  if (card in passive and card not in replaced) or card in others)
    return select((*pairs, *sides), options.select, options.ignore, known=known)


def explore(factory: Callable[..., Any], middleware: Callable[..., Any], job: PairJob, *,
            doing: Callable[[object], None], sighted: Callable[[PairSighting], None], tick: Callable[[Tally], None],
            counted: Callable[[Tally], None]) -> Iterator[PairSighting]:
    """Explore, and then yield the smallest sighting of each rule that was broken.

    Args:
        middleware: put around some application, so that its own constants can be read.
        counted: is told of the tally when exploring is over.
    """
    from ..strategies import requests

    begun = time.monotonic()
    options = job.options
    cards = chosen_cards(options)
    # A rule that was left out can still be what another one stands on, so all are judged and some are told.
    told = {card.id for card in cards}
    pairs = [card for card in catalogue() if isinstance(card, (Sandwich, Variation))]
    explorer = PairExplorer(
        factory, passive_rules(), pairs, meant=job.wrapping.calls, doing=doing,
        sighted=lambda sighting: sighted(sighting) if sighting.rule in told else None, tick=tick,
        deadline=begun + job.seconds * 0.7, avoid=job.avoid, part=options.part, parts=options.parts)
    asked: tuple[Request, ...] = REQUESTS if not options.part else ()
    if job.pairs:
        for case, recipe in job.pairs:
            if not recipe.echo:
                explorer.perform(case, recipe, laws=case.drive == PLAIN)
        asked = tuple(case.request for case, recipe in job.pairs if recipe.echo)
        explorer.tally.examples = job.examples
    else:
        material = material_for(middleware, options)
        explorer.run(requests(material), job.seed, job.examples, doors(material))
    told_stories = []
    for sighting in seen_in_stories(factory, asked, doing, explorer.tally.applied):
        explorer.tally.broken[sighting.rule] = 1
        if sighting.rule in told:
            sighted(sighting)
            told_stories.append(sighting)
    counted(explorer.tally)
    sightings = [explorer.smallest[name] for name in explorer.smallest if name in told]
    end = begun + job.seconds
    for index, sighting in enumerate(sightings):
        share = max(0.5, (end - time.monotonic()) / (len(sightings) - index))
        small = explorer.shrunk(sighting, time.monotonic() + min(share, 5.0)) if options.shrink else sighting
        yield small if small.site is not None else replace(small, site=_line(factory, small, doing))
    for sighting in told_stories:
        yield replace(sighting, site=_line(factory, sighting, doing))


def _line(factory: Callable[..., Any], sighting: PairSighting, doing: Callable[[object], None]) -> Site | None:
    """Return the line on which the middleware returned its answer, None where that is no line of the user's."""
    doing((sighting.case, sighting.recipe))
    try:
        return return_line(factory(sighting.recipe.build()), sighting.case)
    except Exception:
        return None  # the factory's own failure is told elsewhere
    finally:
        doing(None)


def report(wrapping: Wrapping, options: Options, *, name: str, seed: int, seconds: float, tally: Tally,
           sightings: Mapping[str, PairSighting], notes: Sequence[str] = (), cut_short: bool = False) -> Run:
    """Return the run that came of `tally` and `sightings`."""
    cards = chosen_cards(options)
    fates = process_rules()
    results, findings = [], []
    known = frozenset(sightings)
    sightings, explained = _explained(sightings)
    notes = [*notes, *explained]
    for card in cards:
        applied = tally.applied.get(card.id, 0)
        sighting = sightings.get(card.id)
        if sighting is not None:
            verdict = RunVerdict.BROKEN
            findings.append(_finding(card, sighting, wrapping, max(1, tally.broken.get(card.id, 0))))
        elif card.id in known:
            continue  # broken, by a mistake that is told under another rule
        elif card.id in tally.crashed:
            verdict = RunVerdict.CRASHED
        elif applied or (card in fates and tally.exchanges):
            verdict = RunVerdict.HOLDS
        else:
            verdict = RunVerdict.UNEXERCISED
        results.append(RuleResult(card.id, card.family, card.level, verdict, card.covers,
                                  tally.exchanges if card in fates else applied))
    findings.sort(key=lambda finding: -finding.level.rank)
    told = [*notes, *(f"wsgicheck's own rule {rule} crashed: {text}" for rule, text in sorted(tally.crashed.items()))]
    told += [f"the middleware itself raised {text} ({count} times)" for text, count in sorted(
        tally.raised.items(), key=lambda item: (-item[1], item[0]))[:5]]
    if cut_short:
        told.append(f"time was over after {tally.examples} of {options.max_examples} pairs")
    return Run(
        subject=Subject("middleware", wrapping.target, (name,) if name and name != wrapping.target else ()), seed=seed,
        seconds=seconds, exchanges=tally.exchanges, rules=tuple(results), findings=tuple(findings),
        nothing_checked="" if findings else _nothing_checked(tally), notes=tuple(told),
        statuses=dict(sorted(tally.statuses.items())), version=__version__)


def _explained(sightings: Mapping[str, PairSighting]) -> tuple[dict[str, PairSighting], list[str]]:
    """Leave out what another broken rule explains: one mistake is one finding; and say so."""
    left, notes = dict(sightings), []
    for card in catalogue():
        if not isinstance(card, (Sandwich, Variation)) or card.id not in sightings:
            continue
        for other in card.explains:
            if left.pop(other.id, None) is not None:
                notes.append(f"{other.name} is broken too, which {card.name} explains")
    return left, notes


def _finding(card: Card, sighting: PairSighting, wrapping: Wrapping, count: int) -> Finding:
    recipes = (sighting.recipe,) if sighting.plainer is None else (sighting.recipe, sighting.plainer)
    headline = f"{card.name} [{card.level.value.upper()}]: {card.title}\n{sighting.evidence}"
    side = ""
    if isinstance(card, (Rule, Relation)):
        side = "as an application: " if card.binds is Side.APPLICATION else "as a server: "
    if isinstance(card, Relation):
        shown = story_program(wrapping, card, sighting.case.request, headline)
    else:
        shown = program(wrapping, sighting.case, recipes, headline)
    return Finding(card.id, card.family, card.level, Side.MIDDLEWARE.value, side + sighting.evidence, count,
                   sighting.site, sighting.case, None, sighting.events, (), shown, given=written(sighting.recipe))


def _nothing_checked(tally: Tally) -> str:
    answers = sum(tally.statuses.values())
    if not tally.exchanges or not answers:
        return "no request was answered"
    if set(tally.statuses) == {0}:
        most = max(tally.raised, key=lambda text: tally.raised[text], default="an exception")
        return f"each of {answers} requests ended in an exception, mostly {most}"
    return ""
