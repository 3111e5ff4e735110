"""The outcome of one run: what was checked, with which verdicts, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .finding import Finding
from .rule import Level

__all__ = ["RuleResult", "Run", "RunVerdict", "Subject"]


class RunVerdict(Enum):
    """What a run says of one rule."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNEXERCISED = "unexercised"
    """Nothing that was done let the rule be judged; never reported as passed."""
    KNOWN = "known"
    """Broken, and accepted in the user's baseline."""
    CRASHED = "crashed"
    """The check itself raised: a bug of wsgicheck, and no verdict on the subject."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was checked.

    Attributes:
        kind: "application", "server" or "middleware".
        target: as the user named it.
        details: what it turned out to be ("Flask 3.1.3", "Python 3.11.7").
    """

    kind: str
    target: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule in one run; `exchanges` counts those in which it was judged."""

    id: str
    family: str
    level: Level
    verdict: RunVerdict
    covers: tuple[str, ...]
    exchanges: int


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        seconds: wall-clock time.
        nothing_checked: why nothing was really checked ("" when something was): exit code 4.
        notes: what else a person should know, one line each.
        reach: routes, entered, succeeded, unreached; empty where reach was not asked.
        statuses: how often each status code was answered.
        layers: the middlewares that were found around an application and watched, outermost first, and it itself;
            empty where there is none.
    """

    subject: Subject
    seed: int
    seconds: float
    exchanges: int
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    nothing_checked: str = ""
    notes: tuple[str, ...] = ()
    reach: Mapping[str, Any] = field(default_factory=dict)
    statuses: Mapping[int, int] = field(default_factory=dict)
    version: str = ""
    layers: tuple[str, ...] = ()

    def failing(self, level: Level) -> list[Finding]:
        """Return the findings at or above `level`, baselined ones aside."""
        known = {r.id for r in self.rules if r.verdict is RunVerdict.KNOWN}
        return [f for f in self.findings if f.level.rank >= level.rank and f.rule not in known]

    def exit_code(self, fail_on: Level) -> int:
        """Return 1 for findings at `fail_on`, 3 for a crashed check, 4 for an empty run, else 0."""
        if self.failing(fail_on):
            return 1
        if any(r.verdict is RunVerdict.CRASHED for r in self.rules):
            return 3
        return 4 if self.nothing_checked else 0
