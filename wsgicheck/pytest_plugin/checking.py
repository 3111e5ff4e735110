"""The plugin object of a run that checks applications and middlewares: makes the items, divides the work, sums it up.

Laws: items are ordinary ones from pytest's own selection on: -k, -m, --lf, --deselect and a node id choose among
them; all workers of xdist collect the same items, whichever of them runs an item.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ..errors import ConfigError
from .items import INSIDE, REACH, InsideItem, RuleItem, SubjectItem, SubjectNode
from .settings import named_targets, settings_of
from .subject import Division, Subject, cards_for

__all__ = ["Checking"]

_PREFIX = "wsgicheck_"


class Checking:
    """Checks the applications and middlewares that the ini file and the command line name."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = settings_of(config)
        targets = named_targets(config)
        try:
            cards = [cards_for(named, self.settings) for named in targets]
            if self.settings.baseline:
                from ..cli.baseline import read_baseline

                read_baseline(self.settings.baseline)
        except ConfigError as error:
            raise pytest.UsageError(f"wsgicheck: {error}") from None
        crowded = [file for _, file in self.settings.report if "{app}" not in file]
        if crowded and len(targets) > 1:
            raise pytest.UsageError(f"--wsgicheck-report: {crowded[0]} would hold one subject of {len(targets)}; "
                                    "write {app} into the file's name")
        self._mine: Path | None = None
        self.seed, division = self._divided()
        try:
            added = tuple(str(path) for path in config.getini("pythonpath"))
        except ValueError:  # pytest's own python-path plugin is switched off
            added = ()
        self.subjects = [Subject(named, self.settings, judged, self.seed, division, added)
                         for named, judged in zip(targets, cards)]
        self.asked: list[str] = self._node_ids()

    def _divided(self) -> tuple[int, Division]:
        """Return the run's seed and how its work is divided: what the controller of xdist said, where there is one."""
        told: dict[str, Any] = getattr(self.config, "workerinput", {})
        seed = self.settings.seed
        if seed is None:
            seed = told.get(f"{_PREFIX}seed")
        if seed is None:
            seed = secrets.randbelow(2**32)
        folder = told.get(f"{_PREFIX}folder", "")
        # On another host of xdist's there is no such folder: the workers there do all of the work for themselves.
        if folder and os.path.isdir(folder):
            name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
            index = int("".join(c for c in name if c.isdigit()) or 0)
            count = max(1, int(told.get("workercount", 1)))
            return seed, Division(Path(folder), count, index % count)
        self._mine = Path(tempfile.mkdtemp(prefix="wsgicheck-pytest-"))
        return seed, Division(self._mine)

    def _node_ids(self) -> list[str]:
        """Take out of pytest's arguments those that name items of ours: pytest would look for such files."""
        mine: list[str] = []
        others: list[str] = []
        for arg in self.config.args:
            place, _, rest = arg.partition("::")
            # From below or above its root folder, pytest prints a path before the name.
            named = next((s.target for s in self.subjects if place == s.target or place.endswith(f"/{s.target}")), None)
            if named is None:
                others.append(arg)
            else:
                mine.append(f"{named}::{rest}")
        self.config.args[:] = others
        return mine

    # -- xdist -------------------------------------------------------------------------------------------

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell each worker, before it starts, where the workers meet and which seed is theirs."""
        node.workerinput[f"{_PREFIX}seed"] = self.seed
        node.workerinput[f"{_PREFIX}folder"] = str(self._mine or "")

    def pytest_unconfigure(self) -> None:
        if self._mine is not None:
            shutil.rmtree(self._mine, ignore_errors=True)

    # -- collection --------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the items before pytest's own selection looks at them."""
        only = [arg.partition("::") for arg in self.asked]
        left = list(only)
        for subject in self.subjects:
            wanted = [rest for target, _, rest in only if target == subject.target]
            if self.asked and not wanted:
                continue
            node = SubjectNode.from_parent(session, name=subject.target, nodeid=subject.target, subject=subject)
            for item in session.genitems(node):
                if not isinstance(item, pytest.Item):
                    continue
                fitting = [rest for rest in wanted if not rest or item.name == rest or item.name.startswith(f"{rest}/")]
                if fitting or not wanted:
                    items.append(item)
                left = [one for one in left if one[0] != subject.target or one[2] not in fitting]
        if left:
            raise pytest.UsageError(f"not found: {'::'.join(part for part in (left[0][0], left[0][2]) if part)} "
                                    "(no such rule among those that are judged)")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what was left by the selection, so that nothing else is judged."""
        for subject in self.subjects:
            mine = [item for item in session.items
                    if isinstance(item, (RuleItem, SubjectItem, InsideItem)) and item.subject is subject]
            subject.first = any(item.name == REACH for item in mine)
            subject.inside = any(item.name == INSIDE for item in mine)
            subject.wanted = {item.card.name for item in mine if isinstance(item, RuleItem)}
        left = [subject for subject in self.subjects if subject.wanted or subject.first or subject.inside]
        for subject in left:
            # Ten subjects keep four processes busy without any being divided, which costs its start once more.
            subject.peers, subject.parts = left, -(-subject.division.count // len(left))

    # -- the sum -----------------------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        return [f"wsgicheck: {', '.join(s.target for s in self.subjects)} (seed {self.seed})"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say for each subject what was done, and what is broken below the failing level."""
        facts: dict[str, dict[str, str]] = {}
        verdicts: dict[str, Counter[str]] = {}
        below: dict[str, list[str]] = {}
        for reports in list(terminalreporter.stats.values()):
            for report in reports:
                given = {key.removeprefix(_PREFIX): value for key, value in getattr(report, "user_properties", ())
                         if isinstance(key, str) and key.startswith(_PREFIX)}
                target = given.get("target")
                if target is None or getattr(report, "when", "") != "call":
                    continue
                facts.setdefault(target, {}).update(given)
                verdicts.setdefault(target, Counter())[given.get("verdict", "")] += 1
                if "below" in given:
                    below.setdefault(target, []).append(f"{given['level'].upper()} {given['rule']}: {given['below']}")
        for target, fact in facts.items():
            if "total" not in fact:
                continue
            terminalreporter.section(f"wsgicheck: {target}", "=")
            counts = verdicts[target]
            said = [fact["details"], f"{int(fact['total']):,} exchanges", f"seed {fact['seed']}"]
            said += [f"{counts[name]} {word}" for name, word in
                     (("holds", "hold"), ("broken", "broken"), ("known", "known"), ("unexercised", "not exercised"))
                     if counts[name]]
            terminalreporter.line(", ".join(part for part in said if part))
            for line in sorted(below.get(target, [])):
                terminalreporter.line(f"below the failing level: {line}")
