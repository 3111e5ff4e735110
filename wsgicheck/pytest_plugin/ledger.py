"""What the watched applications of one test broke, and how that becomes the test's failure."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ..develop import told
from ..model.finding import Finding
from ..model.rule import Level

__all__ = ["Ledger", "fail_with", "ledger_of", "settle"]


class Ledger:
    """Takes findings from any thread."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._lock = threading.Lock()

    def take(self, finding: Finding) -> None:
        with self._lock:
            self._findings.append(finding)

    def drain(self) -> list[Finding]:
        """Return what was taken since the last call."""
        with self._lock:
            found, self._findings = self._findings, []
        return found


_LEDGER: pytest.StashKey[Ledger] = pytest.StashKey()


def ledger_of(item: pytest.Item) -> Ledger:
    """Return the ledger of a test, which the test's end looks into."""
    found = item.stash.get(_LEDGER, None)
    if found is None:
        found = item.stash[_LEDGER] = Ledger()
    return found


def fail_with(findings: list[Finding], least: Level, show: Callable[[Finding], str] = told) -> None:
    """Fail the running test where one of `findings` is at `least` or above; the text tells those."""
    failing = [finding for finding in findings if finding.level.rank >= least.rank]
    if failing:
        unique = dict.fromkeys(show(finding) for finding in failing)
        first = failing[0]
        pytest.fail(f"{first.name}: {first.evidence}\n\n" + "\n".join(unique), pytrace=False)


def settle(item: pytest.Item) -> None:
    """Fail the test that has just passed where a watched application broke a rule in it."""
    ledger = item.stash.get(_LEDGER, None)
    if ledger is not None:
        from .settings import settings_of

        fail_with(ledger.drain(), settings_of(item.config).fail_on)
