"""The test items: one for each rule and subject, named `pkg.mod:application::body/chunks-are-bytes`.

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

__all__ = ["INSIDE", "REACH", "InsideItem", "RuleItem", "SubjectItem", "SubjectNode"]

REACH = "something-was-checked"
"""The name of the item that stands for the subject as a whole."""
INSIDE = "layers-serve-the-layers-within"
"""The name of the item for what middleware around an application breaks towards what it wraps."""


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
            self.property("shares", self.subject.parts)
            self.property("total", outcome.exchanges)
            self.property("details", ", ".join(outcome.subject.details))
            return outcome
        return self._without_run(outcome)

    def _tell(self, run: Run, findings: list[Finding], cards: dict[str, Card]) -> None:
        """Fail with `findings`, or tell them beside, where they are below the failing level."""
        subject = self.subject
        text = "\n".join(finding_block(finding, run, cards[finding.name], number, subject.again(self.name))
                         for number, finding in enumerate(findings, 1))
        if any(finding.level.rank >= subject.settings.fail_on.rank for finding in findings):
            raise Told(text, summary_line(findings[0]))
        self.property("below", summary_line(findings[0]))
        self.add_report_section("call", "wsgicheck", "below the failing level:\n" + text)

    def _without_run(self, failed: Failed) -> Run:
        first = failed.message.partition("\n")[0]
        if failed.bug:
            raise Told(f"a bug of wsgicheck, and no verdict on the {self.subject.named.kind}:\n{failed.message}\n",
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


class InsideItem(_Item):
    """What the middlewares around an application do to the layers that they wrap."""

    def __init__(self, *, subject: Subject, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.subject = subject
        self.add_marker(pytest.mark.wsgicheck(subject=subject.target))

    def runtest(self) -> None:
        subject = self.subject
        self.property("target", subject.target)
        if isinstance(subject.outcome(), Failed) and subject.first:
            pytest.skip(f"not judged: see {subject.target}::{REACH}")
        run = self.run_of()
        inward = {card.name: card for card in subject.inward}
        verdicts = {f"{result.family}/{result.id}": result.verdict for result in run.rules}
        findings = [finding for finding in run.findings if finding.name in inward]
        known = [finding for finding in findings if verdicts[finding.name] is RunVerdict.KNOWN]
        findings = [finding for finding in findings if finding not in known]
        if findings:
            self.property("rule", findings[0].name)
            self.property("level", findings[0].level.value)
            self._tell(run, findings, inward)
        elif known:
            pytest.xfail(f"known, accepted in the baseline: {'; '.join(finding.evidence for finding in known)}")
        elif len(run.layers) < 2:
            pytest.skip("not exercised: no middleware was found around the application")


class RuleItem(_Item):
    """One rule, judged over all that was done with one subject."""

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
        result = next((r for r in run.rules if (r.family, r.id) == (card.family, card.id)), None)
        if result is None:
            why = next((note for note in run.notes if note.startswith(f"{card.name} ")), "another rule explains it")
            pytest.skip(f"not judged by itself: {why}")
        findings = [f for f in run.findings if f.name == card.name]
        self.property("verdict", result.verdict.value)
        self.property("exchanges", result.exchanges)
        if result.verdict is RunVerdict.UNEXERCISED:
            pytest.skip("not exercised: nothing that was done let this rule be judged")
        if result.verdict is RunVerdict.CRASHED:
            note = next((note for note in run.notes if card.id in note), "")
            raise Told(f"the check crashed: a bug of wsgicheck, and no verdict on the {subject.named.kind}\n{note}\n",
                       "the check crashed: a bug of wsgicheck")
        if result.verdict is RunVerdict.KNOWN:
            pytest.xfail(f"known, accepted in the baseline: {'; '.join(f.evidence for f in findings)}")
        if findings:
            self._tell(run, findings, {card.name: card})
        if run.nothing_checked:
            message = f"nothing was really checked: {run.nothing_checked}"
            if subject.first:
                pytest.skip(message)
            raise Told(message + "\n", message)


class SubjectNode(pytest.Collector):
    """The collector of one subject's items."""

    def __init__(self, *, subject: Subject, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.subject = subject

    def collect(self) -> Iterator[pytest.Item]:
        yield SubjectItem.from_parent(self, name=REACH, subject=self.subject)
        if self.subject.inward:
            yield InsideItem.from_parent(self, name=INSIDE, subject=self.subject)
        for card in self.subject.cards:
            yield RuleItem.from_parent(self, name=card.name, subject=self.subject, card=card)
