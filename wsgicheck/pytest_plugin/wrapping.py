"""The plugin object of `--wsgicheck-wrap`: somebody's existing tests become the driver, and we only watch.

Laws: no test's outcome changes, unless `fail` was asked for; the sum says also when nothing was watched; under
xdist each worker watches its own tests and the controller sums up.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ..errors import ConfigError
from ..model.rule import Level
from ..rules import catalogue
from ..show import printable
from ..wrap import Sighted, Watch, listen, silence
from .ledger import Ledger, fail_with
from .settings import settings_of

__all__ = ["Wrapping"]

_SENT = "wsgicheck_wrap"
_MOST_TESTS = 1000
_SHOWN_TESTS = 3


@dataclass(slots=True)
class _Place:
    """What one rule's breaches at one place amount to."""

    level: str
    evidence: str
    count: int = 0
    tests: dict[str, int] = field(default_factory=dict)


class Wrapping:
    """Watches the applications that the suite's test clients call."""

    def __init__(self, config: pytest.Config, mode: str) -> None:
        self.config, self.mode = config, mode
        self.settings = settings_of(config)
        self.places: dict[tuple[str, str], _Place] = {}
        self.exchanges = 0
        self.crashed: dict[str, str] = {}
        self.judged: set[str] = set()
        self._of_test = Ledger()
        self._everything = Ledger()
        try:
            self.watch = Watch(self._tell, self.settings.select, self.settings.ignore)
        except ConfigError as error:
            raise pytest.UsageError(f"wsgicheck: {error}") from None
        listen(self.watch)

    def _tell(self, sighted: Sighted) -> None:
        finding = sighted.finding
        site = finding.site
        place = f"{site.file}:{site.line}" + (f" in {site.function}" if site.function else "") if site else ""
        self._count(finding.name, place, finding.level.value, finding.evidence, 1, {sighted.test: 1})
        if sighted.test and sighted.test == self.watch.test:
            self._of_test.take(finding)

    def _count(self, rule: str, place: str, level: str, evidence: str, count: int, tests: dict[str, int]) -> None:
        known = self.places.setdefault((rule, place), _Place(level, evidence))
        known.count += count
        for test, number in tests.items():
            if test in known.tests or len(known.tests) < _MOST_TESTS:
                known.tests[test] = known.tests.get(test, 0) + number

    # -- the tests ---------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.watch.test = item.nodeid
        self._of_test.drain()
        try:
            return (yield)
        finally:
            self.watch.test = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        result = yield
        found = self._of_test.drain()
        if self.mode == "fail":
            fail_with(found, self.settings.fail_on)
        return result

    def pytest_unconfigure(self) -> None:
        silence()

    # -- xdist -------------------------------------------------------------------------------------------

    def pytest_sessionfinish(self) -> None:
        """Take in what this process watched; in a worker, send it to the controller."""
        self.exchanges += self.watch.exchanges
        self.crashed.update(self.watch.crashed_rules)
        self.judged |= {rule.name for rule in self.watch.rules if rule.id in self.watch.applied}
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[_SENT] = {
                "exchanges": self.exchanges, "crashed": self.crashed, "judged": sorted(self.judged),
                "places": [[rule, place, one.level, one.evidence, one.count, one.tests]
                           for (rule, place), one in self.places.items()]}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        sent = getattr(node, "workeroutput", {}).get(_SENT)
        if sent is None:
            return  # the worker crashed; xdist says so
        self.exchanges += sent["exchanges"]
        self.crashed.update(sent["crashed"])
        self.judged.update(sent["judged"])
        for one in sent["places"]:
            self._count(*one)

    # -- the sum -----------------------------------------------------------------------------------------

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say for each rule what was broken, where, and by which tests it is seen."""
        terminalreporter.section("wsgicheck: the applications that this suite's test clients called", "=")
        line = terminalreporter.line
        if not self.exchanges:
            line("nothing was watched: no test client that is known called an application")
            return
        titles = {card.name: card.title for card in catalogue()}
        rules: dict[tuple[int, str], list[tuple[str, _Place]]] = {}
        for (rule, place), one in sorted(self.places.items()):
            rules.setdefault((-Level(one.level).rank, rule), []).append((place, one))
        for (rank, rule), places in sorted(rules.items()):
            line("")
            line(f"{rule} · {places[0][1].level.upper()}", red=rank == -2, bold=True)
            line(f"    {titles.get(rule, '')}")
            for place, one in places:
                for text in self._about(place, one):
                    line(text)
        for rule, error in sorted(self.crashed.items()):
            line(f"a bug of wsgicheck: its check {rule} failed: {error}", red=True)
        line("")
        counts = {level: sum(1 for rank, _ in rules if rank == -level.rank) for level in Level}
        broken = ", ".join(f"{count} {level.value.upper()}" for level, count in counts.items() if count) or "none"
        line(f"{self.exchanges:,} exchanges watched, {len(self.judged)} rules judged; broken: {broken}")

    def _about(self, place: str, one: _Place) -> list[str]:
        tests = [test for test in sorted(one.tests) if test]
        shown = tests if self.config.get_verbosity() > 0 else tests[:_SHOWN_TESTS]
        more = len(tests) - len(shown)
        lines = [printable(f"  {place or 'no line of code to name'}"), printable(f"      {one.evidence}"),
                 f"      seen in {one.count} exchange{'s' if one.count != 1 else ''}"
                 + (f" of {len(tests)} test{'s' if len(tests) != 1 else ''}:" if tests else ", outside of any test")]
        lines += [printable(f"        {test}") for test in shown]
        return [*lines, f"        and {more} more (-v names them)"] if more else lines
