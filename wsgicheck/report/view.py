"""What every format says about a run: its outcome, its findings in one order, their ids, its families.

Laws: the order depends on what was found and not on when; a finding's id depends on the rule, the place and
the layer, so that it outlives a run, a version and a machine.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..model.finding import Finding
from ..model.rule import Card, Level
from ..model.run import RuleResult, Run, RunVerdict
from ..show import typed

__all__ = ["FamilyView", "RunView", "by_name", "finding_id", "plural", "reach_words", "same_again",
           "split_evidence"]


def by_name(cards: Iterable[Card]) -> dict[str, Card]:
    """Return the cards by their full names, "body/chunks-are-bytes"."""
    return {card.name: card for card in cards}


def reach_words(run: Run) -> str:
    """Return "12 of 14 routes entered, 9 with a 2xx", with the share of lines where it is known; "" without reach."""
    def number(key: str) -> int:
        value = run.reach.get(key, 0)
        return value if isinstance(value, int) else 0

    if not number("routes"):
        return ""
    said = f"{number('entered'):,} of {plural(number('routes'), 'route')} entered, {number('succeeded'):,} with a 2xx"
    if number("lines"):
        said += f"; {number('lines_run'):,} of {plural(number('lines'), 'line')} of the views' code run"
    return said


def same_again(run: Run, arguments: Mapping[str, object]) -> str:
    """Return the command line that makes the same run once more, as far as the target, its place and the seed go.

    A login has a password in it, which a report keeps to itself.
    """
    verb = {"server": ["server"], "middleware": ["middleware"]}.get(run.subject.kind, [])
    target = [run.subject.target]
    if run.subject.kind == "server":
        told = [(str(arguments.get("server") or ""), []), (str(arguments.get("command") or ""), ["--command"]),
                (str(arguments.get("url") or ""), ["--url"])]
        target = next(([*option, word] for word, option in told if word), target)
    given = arguments.get("arguments")
    for name, value in given.items() if isinstance(given, Mapping) else ():
        target += ["--arg", f"{name}={typed(value)}"]
    if arguments.get("configuration"):
        target += ["--configuration", str(arguments["configuration"])]
    if arguments.get("calls", 1) != 1:
        target += ["--calls", str(arguments["calls"])]
    for name in ("chdir", "settings"):
        if arguments.get(name):
            target += [f"--{name}", str(arguments[name])]
    if arguments.get("login"):
        target += ["--login", "..."]
    if run.subject.kind == "application" and run.rules and all(rule.family == "hygiene" for rule in run.rules):
        return shlex.join(["wsgicheck", "doctor", *target])  # it draws nothing, so there is no seed to name
    return shlex.join(["wsgicheck", *verb, *target, "--seed", str(run.seed)])


# Crockford's base 32: nothing that is read as something else, and no case.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_INSTALLED = re.compile(r"^.*/(?:site|dist)-packages/")


def _hash(parts: Iterable[str], digits: int) -> str:
    joined = "\0".join(parts).encode("utf-8", "backslashreplace")
    number = int.from_bytes(hashlib.sha256(joined).digest()[:8], "big")
    return "".join(_DIGITS[(number >> (5 * place)) & 31] for place in range(digits))


def finding_id(finding: Finding, server: str = "") -> str:
    """Return the six characters by which `wsgicheck replay` and a baseline know `finding`.

    The line counts only by its function, where there is one: code that moves keeps its findings; of a library's
    file, what stands below site-packages: it lies elsewhere on the next machine. Findings about
    servers have no place: `server` tells those of several servers apart.
    """
    site = finding.site
    place = ("", "") if site is None else (_INSTALLED.sub("", site.file), site.function or str(site.line))
    return _hash((finding.rule, finding.culprit, *place, *filter(None, (server,))), 6)


@dataclass(frozen=True, slots=True)
class FamilyView:
    """One family in one run; `judged` sums the exchanges in which each of its rules was judged."""

    name: str
    results: tuple[RuleResult, ...]

    @property
    def judged(self) -> int:
        return sum(r.exchanges for r in self.results)

    def count(self, verdict: RunVerdict) -> int:
        """Return how many of the family's rules have `verdict`."""
        return sum(1 for r in self.results if r.verdict is verdict)

    def worst(self) -> Level | None:
        """Return the highest level among the broken rules, None where none is broken."""
        broken = [r.level for r in self.results if r.verdict is RunVerdict.BROKEN]
        return max(broken, key=lambda level: level.rank) if broken else None


class RunView:
    """A run, put in order."""

    def __init__(self, run: Run, fail_on: Level) -> None:
        self.run = run
        self.known = frozenset(r.id for r in run.rules if r.verdict is RunVerdict.KNOWN)
        self.ordered: tuple[Finding, ...] = tuple(dict.fromkeys(sorted(run.findings, key=_place)))
        self.findings = tuple(f for f in self.ordered if f.rule not in self.known)
        """The new ones, the worst first."""
        self.accepted = tuple(f for f in self.ordered if f.rule in self.known)
        """Those in the user's baseline."""
        self.ids = _ids(self.ordered, run.subject.target if run.subject.kind == "server" else "")
        self.outcome = self._outcome(fail_on)

    def id(self, finding: Finding) -> str:
        """Return the id of a finding of this run, unique in it."""
        return self.ids[finding]

    def _outcome(self, fail_on: Level) -> str:
        code = self.run.exit_code(fail_on)
        return {0: "pass", 1: "fail"}.get(code, "error")

    @property
    def rules(self) -> tuple[RuleResult, ...]:
        return tuple(sorted(self.run.rules, key=lambda r: (r.family, r.id)))

    def families(self) -> tuple[FamilyView, ...]:
        """Return the families in the order of the run's own rules, each with its rules in order."""
        order: dict[str, list[RuleResult]] = {}
        for result in self.run.rules:
            order.setdefault(result.family, []).append(result)
        return tuple(FamilyView(name, tuple(results)) for name, results in order.items())

    def with_verdict(self, verdict: RunVerdict) -> tuple[RuleResult, ...]:
        """Return the rules of the run that have `verdict`, in order."""
        return tuple(r for r in self.rules if r.verdict is verdict)

    def counts(self) -> dict[Level, int]:
        """Return how many new findings there are at each level."""
        return {level: sum(1 for f in self.findings if f.level is level) for level in Level}


def _place(finding: Finding) -> tuple[object, ...]:
    site = finding.site
    request = finding.case.request if finding.case else None
    return (-finding.level.rank, finding.family, finding.rule, finding.culprit,
            site is not None, site.file if site else "", site.line if site else 0,
            finding.evidence, request.method if request else "", request.path[:200] if request else "")


def _ids(findings: tuple[Finding, ...], server: str) -> dict[Finding, str]:
    ids: dict[Finding, str] = {}
    taken: dict[str, int] = {}
    for finding in findings:
        short = finding_id(finding, server)
        taken[short] = taken.get(short, 0) + 1
        # Two findings of one rule in one function: the second is told by its number, in the order above.
        ids.setdefault(finding, short if taken[short] == 1 else f"{short}-{taken[short]}")
    return ids


def split_evidence(evidence: str) -> tuple[str, str]:
    """Return the actual and the expected of a line of evidence, "" where it names no expectation."""
    actual, found, expected = evidence.rpartition("; expected ")
    return (actual, expected) if found else (evidence, "")


def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 rule", "2 rules", "1,204 rules"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
