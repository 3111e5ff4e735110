"""The property run over an application that is an object in this process, and so cannot go to a child.

Laws: the same exploration, rules and shrinking as in a child; without its protection: an application that
hangs, exits or floods does so here, so the rules about the process are not judged.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from .. import __version__
from ..errors import ConfigError
from ..model.finding import Finding
from ..model.moments import Moment
from ..model.rule import Card, Relation, Rule, Side
from ..model.run import RuleResult, Run, RunVerdict, Subject
from ..rules import cards_about, catalogue, passive_rules
from ..selection import select
from ..show import show
from ..strategies import requests
from ..targets.frameworks import details_of
from .explore import Explorer
from .layers import blamed, inward_rules, layers_of, seen_inside, stack_notes
from .material import material_for
from .options import Options
from .place import return_line
from .records import Sighting, groundless
from .shrink import smallest

__all__ = ["check_callable", "name_of"]

_RETURNED = frozenset({Moment.RETURNED, Moment.END, Moment.CHUNK, Moment.CLOSE})


def name_of(application: Callable[..., Any]) -> str:
    """Return what to call an application that no target names: "shop.wsgi:application", "Flask 'shop'"."""
    kind = type(application)
    module = getattr(application, "__module__", None)
    qualname = getattr(application, "__qualname__", None)
    if isinstance(module, str) and isinstance(qualname, str):
        return f"{module}:{qualname}"
    return f"an instance of {kind.__module__}:{kind.__qualname__}"


def _ignore(*_: object) -> None:
    pass


def check_callable(application: Callable[..., Any], *, options: Options | None = None, name: str = "") -> Run:
    """Check `application`, an object, in this process.

    Args:
        options: as for `check_application`; timeout, memory, output, directory and settings have no meaning here.
        name: what to call it in the report.

    Raises:
        ConfigError: an unknown rule, or an application that is not callable.
    """
    if not callable(application):
        raise ConfigError(f"an application is callable, and {show(application)} is not")
    options = options or Options()
    begun = time.monotonic()
    cards = catalogue()
    chosen = select([card for card in cards_about(Side.APPLICATION)
                     if not (isinstance(card, Rule) and card.at is Moment.PROCESS)],
                    options.select, options.ignore, known=cards)
    rules = tuple(card for card in chosen if isinstance(card, Rule) and card in passive_rules())
    laws = tuple(card for card in chosen if isinstance(card, Relation))
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    explorer = Explorer(application, rules, laws, doing=_ignore, sighted=_ignore, tick=_ignore,
                        deadline=begun + options.max_time * 0.7)
    strategy = requests(material_for(application, options))
    explorer.run(strategy, seed, options.max_examples)
    # What is called to make requests small says nothing about how often a rule is broken.
    tally = deepcopy(explorer.tally)
    end = begun + options.max_time
    by_id = {law.id: law for law in laws}
    moments = {rule.id: rule.at for rule in rules}
    by_name: dict[str, Card] = {card.id: card for card in chosen}
    best: dict[str, Sighting] = {}
    silent = groundless(chosen, frozenset(explorer.smallest))
    for law_id in silent:
        explorer.smallest.pop(law_id, None)
    for number, sighting in enumerate(sorted(explorer.smallest.values(), key=lambda s: explorer.first_at[s.rule])):
        share = max(0.5, (end - time.monotonic()) / (len(explorer.smallest) - number))
        if options.shrink:
            sighting = smallest(explorer, sighting, by_id.get(sighting.rule), strategy, seed,
                                explorer.first_at[sighting.rule], time.monotonic() + min(share, 10.0))
        moment = moments.get(sighting.rule, Moment.END)
        if sighting.case is not None and (moment is Moment.RETURNED or (sighting.site is None and moment in _RETURNED)):
            sighting = replace(sighting, site=return_line(application, sighting.case) or sighting.site)
        best[sighting.rule] = blamed(sighting, by_name[sighting.rule], application) if options.layers else sighting
    inward = inward_rules(options)
    inside = {sighting.rule: sighting for sighting in seen_inside(application, explorer.gathered, inward, _ignore)}
    best |= inside
    chosen = (*chosen, *(rule for rule in inward if rule.id in inside))
    layers = layers_of(application) if options.layers else ()
    notes = stack_notes(layers)
    notes += [f"wsgicheck's own rule {rule} crashed: {text}" for rule, text in sorted(tally.crashed.items())]
    if tally.examples < options.max_examples:
        notes.append(f"time was over after {tally.examples} of {options.max_examples} requests "
                     f"(max_time {options.max_time:g} s)")
    answers = sum(tally.statuses.values())
    return Run(
        subject=Subject("application", name or name_of(application), details_of(application)), seed=seed,
        seconds=time.monotonic() - begun, exchanges=tally.exchanges,
        rules=tuple(_result(card, 0 if card.id in silent else tally.applied.get(card.id, 0), card.id in best,
                            card.id in tally.crashed) for card in chosen),
        findings=tuple(_findings(chosen, best, tally.broken)),
        nothing_checked="" if answers else "no request was answered", notes=tuple(notes),
        statuses=dict(sorted(tally.statuses.items())), version=__version__, layers=layers)


def _result(card: Card, applied: int, broken: bool, crashed: bool) -> RuleResult:
    if broken:
        verdict = RunVerdict.BROKEN
    elif crashed:
        verdict = RunVerdict.CRASHED
    else:
        verdict = RunVerdict.HOLDS if applied else RunVerdict.UNEXERCISED
    return RuleResult(card.id, card.family, card.level, verdict, card.covers, applied)


def _findings(chosen: tuple[Card, ...], best: dict[str, Sighting], broken: dict[str, int]) -> list[Finding]:
    order = {card.id: number for number, card in enumerate(chosen)}
    return [Finding(card.id, card.family, card.level, best[card.id].culprit or card.binds.value, best[card.id].evidence,
                    max(1, broken.get(card.id, 0)), best[card.id].site, best[card.id].case, best[card.id].twin,
                    best[card.id].events, best[card.id].layers, between=best[card.id].between)
            for card in sorted(chosen, key=lambda card: (-card.level.rank, order[card.id])) if card.id in best]
