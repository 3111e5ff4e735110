"""The doctor, seen from the parent: a target imported in watched children, and the hygiene rules' verdicts.

Laws: the target is loaded in children alone, the watched load first, then the trials (see harness/survey.py); an
import that never ends or exits is a finding where a line of the user's own explains it, else it is the target
that is wrong. Facts of a normal run are judged by the same function, `judge_import`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from .. import __version__
from ..errors import TargetError, WsgicheckError
from ..harness.child import Death
from ..harness.examine import Load
from ..harness.survey import survey
from ..model.exchange import Exchange
from ..model.finding import Finding
from ..model.imported import Act, Deed, Imported, Placed, Trial
from ..model.moments import Moment
from ..model.rule import HOLDS, NOT_APPLICABLE, Card, Rule
from ..model.run import RuleResult, Run, RunVerdict, Subject
from ..rules import catalogue
from ..selection import select
from .life import start
from .options import Options

__all__ = ["Judgement", "check_import", "doctor_findings", "import_rules", "judge_import", "merged"]

_SURE = frozenset({Deed.ARGV, Deed.CHDIR, Deed.LISTEN, Deed.NETWORK, Deed.PRINTED, Deed.READ_STDIN, Deed.SETDEFAULT,
                   Deed.SIGNAL})
"""Deeds that count also where the import did not live to show what lasts."""


def import_rules() -> tuple[Rule, ...]:
    """Return the rules about what loading an application does to its process."""
    return tuple(card for card in catalogue() if isinstance(card, Rule) and card.at is Moment.IMPORT)


@dataclass(slots=True)
class Judgement:
    """What the hygiene rules say of one import.

    Attributes:
        judged: ids of the rules that had something to say.
        crashed: checks of ours that raised, by rule id.
    """

    findings: list[Finding] = field(default_factory=list)
    judged: set[str] = field(default_factory=set)
    crashed: dict[str, str] = field(default_factory=dict)

    def results(self, cards: Iterable[Card]) -> list[RuleResult]:
        """Return the result of each of these cards."""
        broken = {finding.rule for finding in self.findings}
        return [RuleResult(card.id, card.family, card.level, self._verdict(card, broken), card.covers,
                           int(card.id in self.judged)) for card in cards]

    def _verdict(self, card: Card, broken: set[str]) -> RunVerdict:
        if card.id in broken:
            return RunVerdict.BROKEN
        if card.id in self.crashed:
            return RunVerdict.CRASHED
        return RunVerdict.HOLDS if card.id in self.judged else RunVerdict.UNEXERCISED


def judge_import(imported: Imported, rules: Sequence[Rule]) -> Judgement:
    """Judge what an import did; a rule whose ground another one has taken away is left out."""
    judgement, broken = Judgement(), set[str]()
    for rule in rules:
        if any(card.id in broken for card in rule.given):
            continue
        try:
            verdict = rule.check(Exchange(), imported)
        except Exception as error:
            judgement.crashed[rule.id] = f"{type(error).__name__}: {error}"
            continue
        if verdict is NOT_APPLICABLE:
            continue
        judgement.judged.add(rule.id)
        if verdict is HOLDS or not isinstance(verdict, str):
            continue
        broken.add(rule.id)
        site, times = (verdict.site, verdict.times) if isinstance(verdict, Placed) else (None, 1)
        judgement.findings.append(Finding(rule.id, rule.family, rule.level, rule.binds.value, str(verdict), times,
                                          site))
    judgement.findings.sort(key=lambda finding: -finding.level.rank)
    return judgement


def merged(before: Imported | None, now: Imported) -> Imported:
    """Return the facts of two lives of the same target as those of one."""
    if before is None:
        return now
    acts = {(act.deed, act.site, act.subject, act.phase): act for act in (*now.acts, *before.acts)}
    return replace(now, acts=tuple(acts.values()))


class _Doctor:
    """One run."""

    def __init__(self, target: str, options: Options) -> None:
        self.target, self.options = target, options
        self.deadline = time.monotonic() + options.max_time

    def load(self, *, trials: bool) -> Imported:
        """Make the watched load, and the trials where they are wanted."""
        directory = os.path.abspath(self.options.directory or os.getcwd())
        load = Load(self.target, directory, self.options.paths, again=trials)
        return survey(load, self.examine, self.attempt) if trials else self.examine(load)

    def child(self, load: Load) -> tuple[object, list[Act], Death | None]:
        """Return what a child answers, the acts it told before, and how it died."""
        options = self.options
        acts: list[Act] = []
        with start("wsgicheck.harness.examine", load, options) as child:
            for message in child.messages(self.deadline):
                if isinstance(message, Death):
                    return None, acts, message
                kind, payload = message
                if isinstance(payload, Act):
                    acts.append(payload)
                elif isinstance(payload, (Imported, Trial)):
                    return payload, acts, None
                elif kind == "target":
                    raise TargetError(str(payload))
                elif kind == "bug":
                    raise WsgicheckError(f"wsgicheck itself failed in the child: {payload}")
        return None, acts, Death("hang", f"the time was over (--max-time {options.max_time:g})", None, child.output())

    def examine(self, load: Load) -> Imported:
        answer, acts, death = self.child(load)
        if isinstance(answer, Imported):
            return answer
        detail = death.detail if death is not None else "the process ended"
        return Imported(acts=tuple(act for act in acts if act.deed in _SURE), ended=detail)

    def attempt(self, load: Load) -> Trial:
        try:
            answer, _, death = self.child(load)
        except TargetError as error:
            return Trial(load.trial, load.trial, raised=str(error))
        if isinstance(answer, Trial):
            return answer
        return Trial(load.trial, load.trial, raised=death.detail if death is not None else "the process ended")


def _chosen(options: Options) -> tuple[Rule, ...]:
    return select(import_rules(), options.select, options.ignore, known=catalogue())


def _requests(imported: Imported) -> int:
    return len(imported.answers) + sum(len(trial.answers) for trial in imported.trials)


def check_import(target: str, *, options: Options | None = None) -> Run:
    """Check what importing `target` does to a process, and whether it works where things are otherwise.

    Args:
        target: as for check_application.
        options: select, ignore, timeout, max_time, directory, settings and paths are looked at.

    Raises:
        TargetError: the target cannot be imported, and no rule says why.
        ConfigError: an option is wrong.
        WsgicheckError: a bug of ours in the child.
    """
    options = options or Options()
    begun = time.monotonic()
    imported = _Doctor(target, options).load(trials=True)
    rules = _chosen(options)
    judgement = judge_import(imported, rules)
    ended = imported.ended and f"importing {target} did not end well: {imported.ended}"
    if ended and not judgement.findings:
        raise TargetError(ended)
    exited = imported.exited and f"importing {target} called {imported.exited}"
    statuses: dict[int, int] = {}
    for answer in imported.answers:
        statuses[answer.code] = statuses.get(answer.code, 0) + 1
    return Run(
        subject=Subject("application", target, imported.details), seed=options.seed or 0,
        seconds=time.monotonic() - begun, exchanges=_requests(imported), rules=tuple(judgement.results(rules)),
        findings=tuple(judgement.findings), nothing_checked=ended or exited, notes=tuple(
            f"wsgicheck's own rule {name} crashed: {text}" for name, text in sorted(judgement.crashed.items())),
        statuses=statuses, version=__version__)


def doctor_findings(target: str, options: Options) -> tuple[list[RuleResult], list[Finding]]:
    """Return results and findings of one watched load of `target`, without trials.

    Raises:
        TargetError, ConfigError, WsgicheckError: as check_import does.
    """
    rules = _chosen(options)
    judgement = judge_import(_Doctor(target, options).load(trials=False), rules)
    return judgement.results(rules), judgement.findings
