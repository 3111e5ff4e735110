"""The property run over an application, seen from the parent: lives of a child, added up to a Run."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .. import __version__
from ..errors import TargetError, WsgicheckError
from ..harness.child import Death
from ..model.exchange import Exchange
from ..model.finding import Finding
from ..model.imported import Imported
from ..model.moments import Fate, Moment
from ..model.request import Case, Request
from ..model.rule import Card, Rule, Side
from ..model.run import RuleResult, Run, RunVerdict, Subject
from ..reach.survey import require
from ..rules import cards_about, catalogue, process_rules
from ..selection import select
from ..show import show
from .doctor import judge_import, merged
from .layers import inward_rules, stack_notes
from .life import live
from .options import Options
from .records import Job, Sighting, Tally, groundless, weight

__all__ = ["Intention", "Progress", "check_application", "intend", "repeat_cases"]

_LIVES = 8
"""Children that one run uses up at most, where the application ends them."""
_SPARE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: counts so far, the broken rules with what was seen first, seconds left at most, and how many
    routes were entered of those that are known."""

    examples: int
    of: int
    exchanges: int
    broken: Mapping[str, str]
    seconds_left: float
    routes: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Intention:
    """What a run would do: the rules it would judge, the routes it would enter, its notes."""

    cards: tuple[Card, ...]
    details: tuple[str, ...]
    routes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Sum:
    """What all lives so far have shown."""

    tally: Tally = field(default_factory=Tally)
    life: Tally = field(default_factory=Tally)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    inside: dict[str, Sighting] = field(default_factory=dict)
    """What a middleware of the stack breaks towards the layer within."""
    layers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    all_methods: bool = True
    imported: Imported | None = None

    def sight(self, sighting: Sighting, smaller: bool = False) -> None:
        known = self.sightings.get(sighting.rule)
        if known is None or (smaller and sighting.case and known.case
                             and weight(sighting.case) <= weight(known.case)):
            self.sightings[sighting.rule] = sighting

    def end_life(self) -> None:
        self.tally.add(self.life)
        self.life = Tally()

    @property
    def routes_entered(self) -> tuple[int, int]:
        """How many routes were entered, and how many are known."""
        before, now = self.tally.reached, self.life.reached
        return len(before.entered | now.entered), len(before.answers.keys() | now.answers.keys())

    @property
    def examples(self) -> int:
        return self.tally.examples + self.life.examples

    @property
    def exchanges(self) -> int:
        return self.tally.exchanges + self.life.exchanges


class _Check:
    """One run."""

    def __init__(self, target: str, options: Options, progress: Callable[[Progress], None] | None) -> None:
        cards = catalogue()
        self.target = target
        self.options = options = replace(options, reach=options.reach.absolute())
        require(options.reach)
        self.progress = progress
        self.chosen: tuple[Card, ...] = select(cards_about(Side.APPLICATION), options.select, options.ignore,
                                               known=cards)
        self.fates: tuple[Rule, ...] = select(process_rules(), options.select, options.ignore, known=cards)
        self.seed = secrets.randbelow(2**32) if options.seed is None else options.seed
        self.begun = time.monotonic()
        self.deadline = self.begun + options.max_time
        self.sum = _Sum()
        self.avoid: list[tuple[str, str]] = []
        self.killers: list[Request] = []
        self.alive = False

    def live(self, job: Job) -> Death | None:
        """Run one child to its end; return how it died, None if it did its work."""
        with tempfile.TemporaryDirectory(prefix="wsgicheck-", ignore_cleanup_errors=True) as scratch:
            return self.live_in(replace(job, scratch=scratch))

    def live_in(self, job: Job) -> Death | None:
        return live("wsgicheck.active.worker", job, self.options, job.seconds + _SPARE_SECONDS, self.hear)

    def hear(self, kind: str, payload: object) -> None:
        """Take one message of the child."""
        self.alive = True
        if kind == "inside" and isinstance(payload, Sighting):
            self.sum.inside.setdefault(payload.rule, payload)
        elif isinstance(payload, Sighting):
            self.sum.sight(payload, smaller=kind == "smallest")
        elif isinstance(payload, Tally):
            self.sum.life = payload
            self.tell()
        elif isinstance(payload, Imported):
            self.sum.imported = merged(self.sum.imported, payload)
        elif kind == "ready" and isinstance(payload, tuple):
            self.sum.details = payload
        elif kind == "routes" and isinstance(payload, tuple):
            self.sum.routes = payload
        elif kind == "layers" and isinstance(payload, tuple):
            self.sum.layers = payload
        elif kind == "note":
            if payload not in self.sum.notes:
                self.sum.notes.append(str(payload))
        elif kind == "all methods":
            self.sum.all_methods = bool(payload)
        elif kind == "target":
            raise TargetError(str(payload))
        elif kind == "bug":
            raise WsgicheckError(f"wsgicheck itself failed in the child: {payload}")

    def tell(self) -> None:
        if self.progress is not None:
            self.progress(Progress(self.sum.examples, self.options.max_examples, self.sum.exchanges,
                                   {name: one.evidence for name, one in self.sum.sightings.items()},
                                   max(0.0, self.deadline - time.monotonic()), self.sum.routes_entered))

    def shun(self, request: Request) -> None:
        """Leave out from now on what has ended the process: this request, or what it has in common with others."""
        self.killers.append(request)
        if sum(request.path == killer.path for killer in self.killers) > 1:
            self.avoid.append(("*", request.path))
        elif len(self.killers) > 2 and all(killer.method == request.method for killer in self.killers):
            self.avoid.append((request.method, "*"))
        else:
            self.avoid.append((request.method, request.path))

    def judge(self, death: Death) -> None:
        """Turn the end of a child into a sighting."""
        case = death.doing if isinstance(death.doing, Case) else None
        for rule in self.fates:
            verdict = rule.check(Exchange(), Fate(death.kind, death.detail))
            if isinstance(verdict, str):
                last = death.output.strip().splitlines()[-1:] if death.kind != "output" else []
                evidence = verdict + (f"; last line printed: {last[0][:120]}" if last else "")
                self.sum.sight(Sighting(rule.id, evidence, case))
                self.sum.tally.broken[rule.id] = self.sum.tally.broken.get(rule.id, 0) + 1

    def run(self) -> Run:
        options = self.options
        for life in range(_LIVES):
            left = self.deadline - time.monotonic()
            examples = options.max_examples - self.sum.examples
            if life and (left < 0.5 or examples <= 0):
                break
            self.alive = False
            death = self.live(Job(self.target, options, self.seed + life, max(1, examples), max(left, 0.5),
                                  tuple(self.avoid)))
            if death is not None and not self.alive:
                raise WsgicheckError(f"wsgicheck's own child did not start: {death.detail}: {death.output[-2000:]}")
            if death is not None and death.doing == "import":
                raise TargetError(_import_death(self.target, death))
            self.sum.end_life()
            if death is None:
                break
            self.judge(death)
            if not isinstance(death.doing, Case):
                self.sum.notes.append(f"the application's process ended between two requests: {death.detail}")
                break
            self.shun(death.doing.request)
        if self.avoid:
            left_out = ", ".join(f"{method} {show(path)[1:-1]}" for method, path in self.avoid)
            self.sum.notes.append(f"left out after it had ended the process: {left_out} (* stands for any)")
        self.simplify_fates()
        self.judge_imported()
        return self.report()

    def look(self) -> Intention:
        """Import the application and find out what could be asked."""
        death = self.live(Job(self.target, self.options, self.seed, 1, self.options.max_time, look=True))
        if death is not None and not self.alive:
            raise WsgicheckError(f"wsgicheck's own child did not start: {death.detail}: {death.output[-2000:]}")
        if death is not None:
            raise TargetError(_import_death(self.target, death))
        return Intention(tuple(dict.fromkeys((*self.chosen, *self.fates))), self.sum.details, self.sum.routes,
                         tuple(self.sum.notes))

    def repeat(self, cases: tuple[Case, ...], beside: tuple[Request, ...] = ()) -> Run:
        """Make these cases happen again, and nothing else."""
        self.alive = False
        death = self.live(Job(self.target, self.options, self.seed, 1, self.options.max_time, cases=cases,
                              beside=beside))
        if death is not None and not self.alive:
            raise WsgicheckError(f"wsgicheck's own child did not start: {death.detail}: {death.output[-2000:]}")
        if death is not None and death.doing == "import":
            raise TargetError(_import_death(self.target, death))
        self.sum.end_life()
        if death is not None:
            self.judge(death)
        self.judge_imported()
        # How many requests there are, and how they are answered, is not the question here.
        self.sum.tally.examples = self.options.max_examples
        return replace(self.report(), nothing_checked="")

    def judge_imported(self) -> None:
        """Judge what importing the application, and the requests since, did to the process."""
        imported = self.sum.imported
        if imported is None:
            return
        judgement = judge_import(imported, tuple(card for card in self.chosen if isinstance(card, Rule)
                                                 and card.at is Moment.IMPORT))
        tally = self.sum.tally
        tally.applied.update(dict.fromkeys(judgement.judged, 1))
        tally.crashed.update(judgement.crashed)
        for finding in judgement.findings:
            tally.broken[finding.rule] = finding.count
            self.sum.sight(Sighting(finding.rule, finding.evidence, None, None, finding.site))

    def simplify_fates(self) -> None:
        """Show a plainer request that ends the process in the same way, where there is one."""
        for rule in self.fates:
            sighting = self.sum.sightings.get(rule.id)
            if sighting is None or sighting.case is None or not self.options.shrink:
                continue
            request = sighting.case.request
            for plainer in (Request(), Request.make("GET", request.path), Request.make(request.method, request.path)):
                if weight(Case(plainer)) >= weight(sighting.case):
                    continue
                before = self.sum.life
                death = self.live(Job(self.target, self.options, 0, 1, self.options.timeout + 5,
                                      cases=(Case(plainer),)))
                self.sum.life = before
                if death is not None and isinstance(rule.check(Exchange(), Fate(death.kind, death.detail)), str):
                    self.sum.sightings[rule.id] = replace(sighting, case=Case(plainer))
                    break

    def report(self) -> Run:
        tally, sightings = self.sum.tally, self.sum.sightings
        inside = tuple(rule for rule in inward_rules(self.options) if rule.id in self.sum.inside)
        self.chosen += inside
        sightings |= self.sum.inside
        silent = groundless(self.chosen, frozenset(sightings))
        for name in silent:
            sightings.pop(name, None)
        results = []
        for card in self.chosen:
            applied = 0 if card.id in silent else tally.applied.get(card.id, 0)
            if card.id in sightings:
                verdict = RunVerdict.BROKEN
            elif card.id in tally.crashed:
                verdict = RunVerdict.CRASHED
            elif applied or (card in self.fates and tally.exchanges):
                verdict = RunVerdict.HOLDS
            else:
                verdict = RunVerdict.UNEXERCISED
            exchanges = tally.exchanges if card in self.fates else applied
            results.append(RuleResult(card.id, card.family, card.level, verdict, card.covers, exchanges))
        notes = [*self.sum.notes, *stack_notes(self.sum.layers), *tally.reached.advice(not self.sum.all_methods),
                 *(f"wsgicheck's own rule {name} crashed: {text}"
                   for name, text in sorted(tally.crashed.items()))]
        if self.sum.examples < self.options.max_examples and not self.avoid:
            notes.append(f"time was over after {self.sum.examples} of {self.options.max_examples} requests "
                         f"(--max-time {self.options.max_time:g})")
        return Run(
            subject=Subject("application", self.target, self.sum.details), seed=self.seed,
            seconds=time.monotonic() - self.begun, exchanges=tally.exchanges, rules=tuple(results),
            findings=tuple(self.findings()), nothing_checked=_nothing_checked(tally), notes=tuple(notes),
            reach=tally.reached.facts(), statuses=dict(sorted(tally.statuses.items())), version=__version__,
            layers=self.sum.layers)

    def findings(self) -> list[Finding]:
        order = {card.id: number for number, card in enumerate(self.chosen)}
        found = []
        for card in sorted(self.chosen, key=lambda card: (-card.level.rank, order[card.id])):
            sighting = self.sum.sightings.get(card.id)
            if sighting is not None:
                found.append(Finding(card.id, card.family, card.level, sighting.culprit or card.binds.value,
                                     sighting.evidence,
                                     max(1, self.sum.tally.broken.get(card.id, 0)), sighting.site, sighting.case,
                                     sighting.twin, sighting.events, sighting.layers, beside=sighting.beside,
                                     between=sighting.between))
        return found


def _import_death(target: str, death: Death) -> str:
    last = death.output.strip().splitlines()[-1:]
    printed = f" (it printed last: {last[0][:200]})" if last else ""
    if death.kind == "hang":
        return f"importing {target} did not end: {death.detail}{printed}"
    return f"importing {target} ended the process: {death.detail}{printed}"


def _nothing_checked(tally: Tally) -> str:
    """Return why the run says nothing about the application, "" if it says something."""
    answers = sum(tally.statuses.values())
    if not tally.exchanges or not answers:
        return "no request was answered"
    if sum(count for code, count in tally.statuses.items() if 0 < code < 400) > tally.by_itself:
        return ""
    if set(tally.statuses) == {0}:
        most = max(tally.raised, key=lambda text: tally.raised[text], default="an exception")
        return f"each of {answers} requests ended in an exception, mostly {most}"
    codes = ", ".join(f"{code or 'an exception'} ({count})" for code, count in sorted(tally.statuses.items())
                      if not 0 < code < 400)
    aside = ", OPTIONS aside," if tally.by_itself else ""
    return (f"each of {answers - tally.by_itself} requests{aside} was answered with an error: {codes}; name a path "
            "that works with --path, or set up what the application needs")


def repeat_cases(target: str, cases: tuple[Case, ...], *, beside: tuple[Request, ...] = (),
                 options: Options | None = None) -> Run:
    """Make `cases` happen again with the application that `target` names, judged by what the options select.

    A law over several exchanges is judged from each case as its first request.

    Args:
        beside: further requests, for a law that asks for what else was answered well.

    Raises as check_application does.
    """
    return _Check(target, options or Options(), None).repeat(cases, beside)


def intend(target: str, *, options: Options | None = None) -> Intention:
    """Import the application that `target` names, and return what a run would do with it; nothing is asked.

    Raises as check_application does.
    """
    return _Check(target, options or Options(), None).look()


def check_application(target: str, *, options: Options | None = None,
                      progress: Callable[[Progress], None] | None = None) -> Run:
    """Check the application that `target` names, in a child process.

    Args:
        target: "pkg.mod:attr", "pkg.mod", "pkg.mod:factory()" or "path/to/file.py:attr".
        progress: is told how far the run is, several times a second.

    Raises:
        TargetError: the target cannot be imported or called.
        ConfigError: an option is wrong.
        WsgicheckError: a bug of ours in the child.
    """
    return _Check(target, options or Options(), progress).run()
