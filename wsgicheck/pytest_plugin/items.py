"""The test items: one for each rule and application, named `pkg.mod:application::body/chunks-are-bytes`.

Laws: a rule that was not exercised is skipped and never passed; one that is broken and accepted is an expected
failure; where nothing was really checked, no item passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ExceptionInfo, ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from ..model.finding import Finding
from ..model.rule import Card
from ..model.run import Run, RunVerdict
from .subject import Failed, Subject
from .text import finding_block, summary_line

__all__ = ["REACH", "RuleItem", "SubjectItem", "SubjectNode"]

REACH = "something-was-checked"
"""The name of the item that stands for the subject as a whole."""


class Told(Exception):
    """What an item has to tell instead of a traceback: text, and one line for pytest's summary."""

    def __init__(self, text: str, line: str) -> None:
        super().__init__(line)
        self.text, self.line = text, line


class _Item(pytest.Item):
    """An item whose outcome is read off its subject's run."""

    subject: Subject

    def property(self, name: str, value: object) -> None:
        """Record a fact about the item for the summary, for JUnit XML and for other plugins."""
        self.user_properties.append((f"wsgicheck_{name}", str(value)))

    def run_of(self) -> Run:
        """Return the subject's finished run; ends the item where there is none."""
        outcome = self.subject.outcome()
        if isinstance(outcome, Run):
            self.property("seed", outcome.seed)
            self.property("shares", self.subject.division.count)
            self.property("total", outcome.exchanges)
            self.property("details", ", ".join(outcome.subject.details))
            return outcome
        return self._without_run(outcome)

    def _without_run(self, failed: Failed) -> Run:
        first = failed.message.partition("\n")[0]
        if failed.bug:
            raise Told(f"a bug of wsgicheck, and no verdict on the application:\n{failed.message}\n",
                       f"a bug of wsgicheck: {first}")
        raise Told(f"wsgicheck: {failed.message}\n", first)

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Told):
            told = excinfo.value
            shown = ReprTraceback([ReprEntryNative(told.text.splitlines(keepends=True))], None, style="native")
            return ReprExceptionInfo(shown, ReprFileLocation(self.subject.target, 0, told.line))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.subject.target}::{self.name}"


class SubjectItem(_Item):
    """The subject as a whole: it can be loaded, and something of it was really checked."""

    def __init__(self, *, subject: Subject, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.subject = subject
        self.add_marker(pytest.mark.wsgicheck(subject=subject.target))

    def runtest(self) -> None:
        self.property("target", self.subject.target)
        run = self.run_of()
        if run.nothing_checked:
            raise Told(f"nothing was really checked: {run.nothing_checked}\n",
                       f"nothing was really checked: {run.nothing_checked}")


class RuleItem(_Item):
    """One rule, judged over all that was done with one application."""

    def __init__(self, *, subject: Subject, card: Card, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.subject, self.card = subject, card
        self.add_marker(pytest.mark.wsgicheck(subject=subject.target, family=card.family, level=card.level.value))

    def runtest(self) -> None:
        subject, card = self.subject, self.card
        for name, value in (("target", subject.target), ("rule", card.name), ("level", card.level.value)):
            self.property(name, value)
        if isinstance(subject.outcome(), Failed) and subject.first:
            pytest.skip(f"not judged: see {subject.target}::{REACH}")
        run = self.run_of()
        result = next(r for r in run.rules if (r.family, r.id) == (card.family, card.id))
        findings = [f for f in run.findings if f.name == card.name]
        self.property("verdict", result.verdict.value)
        self.property("exchanges", result.exchanges)
        if result.verdict is RunVerdict.UNEXERCISED:
            pytest.skip("not exercised: nothing that was done let this rule be judged")
        if result.verdict is RunVerdict.CRASHED:
            note = next((note for note in run.notes if card.id in note), "")
            raise Told(f"the check crashed: a bug of wsgicheck, and no verdict on the application\n{note}\n",
                       "the check crashed: a bug of wsgicheck")
        if result.verdict is RunVerdict.KNOWN:
            pytest.xfail(f"known, accepted in the baseline: {'; '.join(f.evidence for f in findings)}")
        if findings:
            self._broken(run, findings)
        if run.nothing_checked:
            message = f"nothing was really checked: {run.nothing_checked}"
            if subject.first:
                pytest.skip(message)
            raise Told(message + "\n", message)

    def _broken(self, run: Run, findings: list[Finding]) -> None:
        shares = self.subject.division.count
        text = "\n".join(finding_block(f, run, self.card, number, shares) for number, f in enumerate(findings, 1))
        if self.card.level.rank >= self.subject.settings.fail_on.rank:
            raise Told(text, summary_line(findings[0]))
        self.property("below", summary_line(findings[0]))
        self.add_report_section("call", "wsgicheck", "below the failing level:\n" + text)


class SubjectNode(pytest.Collector):
    """The collector of one application's items."""

    def __init__(self, *, subject: Subject, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.subject = subject

    def collect(self) -> Iterator[pytest.Item]:
        yield SubjectItem.from_parent(self, name=REACH, subject=self.subject)
        for card in self.subject.cards:
            yield RuleItem.from_parent(self, name=card.name, subject=self.subject, card=card)
