"""One application or middleware in one pytest run: checked once, however many items and processes ask for it.

A property run's cost lies in its requests, each of which every rule looks at; so processes do not divide the
rules among themselves but the subjects: whoever finds that another has begun one takes the next. Where there are more
processes than subjects, several share one: each of n draws an n-th of its requests, from a seed of its own, visits an
n-th of the routes and makes an n-th of the exchanges that laws need; every item then reads the verdict over all.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..active.application import check_application
from ..active.layers import inward_rules
from ..active.middleware import check_middleware
from ..active.middleware_run import chosen_cards
from ..active.options import Options
from ..config import Config
from ..errors import ConfigError, TargetError, WsgicheckError
from ..model.rule import APPLICATION, Card
from ..model.run import Run
from ..model.sandwich import Sandwich, Variation
from ..rules import cards_about, catalogue
from ..selection import select
from .merge import merged
from .settings import Named
from .shares import Shares

__all__ = ["Division", "Failed", "Subject", "cards_for"]

_SEEDS_APART = 1000
"""A run uses up a few seeds after its own; shares must not meet."""


@dataclass(frozen=True, slots=True)
class Division:
    """How the work is divided: the folder where the processes meet, how many there are, which one this is."""

    folder: Path
    count: int = 1
    index: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """A share that could not be done: why, in one line; `bug` where that is wsgicheck's own fault."""

    message: str
    bug: bool = False


def cards_for(named: Named, settings: Config) -> tuple[Card, ...]:
    """Return the rules that are judged of a subject.

    Raises:
        ConfigError: a word of select or ignore names no rule, or none is left.
    """
    if named.wrapping is not None:
        cards = chosen_cards(Options(select=settings.select, ignore=settings.ignore))
    else:
        cards = select(cards_about(APPLICATION), settings.select, settings.ignore, known=catalogue())
    if not cards:
        raise ConfigError(f"no rule is left to judge {named.target} by")
    return cards


def _closure(cards: Iterable[Card]) -> set[str]:
    """Return the full names of `cards`, of all that their verdicts rest on, and of what may explain their breach."""
    explaining: dict[str, list[Card]] = {}
    for card in catalogue():
        if isinstance(card, (Sandwich, Variation)):
            for explained in card.explains:
                explaining.setdefault(explained.name, []).append(card)
    found: set[str] = set()
    waiting = list(cards)
    while waiting:
        card = waiting.pop()
        if card.name not in found:
            found.add(card.name)
            waiting += [*card.given, *explaining.get(card.name, ())]
    return found


@dataclass(slots=True)
class Subject:
    """An application or a middleware, and what is to be judged of it.

    Attributes:
        cards: the rules of its items.
        wanted: full names of those whose items are left after pytest's own selection.
        first: whether the item that stands for the subject as a whole is left too.
        inside: whether the item about the layers of an application's stack is.
        parts: how many processes share the subject.
        peers: all subjects that have an item left, this one among them.
        pythonpath: folders that pytest adds to sys.path, for the child to have them.
    """

    named: Named
    settings: Config
    cards: tuple[Card, ...]
    seed: int
    division: Division
    pythonpath: tuple[str, ...] = ()
    wanted: set[str] = field(default_factory=set)
    first: bool = False
    inside: bool = False
    parts: int = 1
    peers: Sequence[Subject] = ()
    _outcome: Run | Failed | None = None

    @property
    def target(self) -> str:
        return self.named.target

    @property
    def slug(self) -> str:
        """The target as a part of a file's name."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.target).strip("-") or "app"

    @property
    def inward(self) -> tuple[Card, ...]:
        """The rules by which middleware around an application is judged towards the layers within."""
        if self.named.wrapping is not None:
            return ()
        return inward_rules(Options(select=self.settings.select, ignore=self.settings.ignore,
                                    layers=self.settings.layers == "auto"))

    def again(self, item: str) -> list[str]:
        """Return the command line that makes the same run for that item."""
        wrapping = self.named.wrapping
        what = (["--wsgicheck", self.target] if wrapping is None
                else ["--wsgicheck-middleware", shlex.join(wrapping.words)])
        shares = ["-n", str(self.parts)] if self.parts > 1 else []
        return ["pytest", *what, f"{self.target}::{item}", "--wsgicheck-seed", str(self.seed), *shares]

    def outcome(self) -> Run | Failed:
        """Return the run, or why there is none; the first call does the work, or its part of it."""
        if self._outcome is None:
            results = self._shares.results(self._share, self._help)
            failed = [result for result in results if isinstance(result, Failed)]
            self._outcome = failed[0] if failed else self._whole([r for r in results if isinstance(r, Run)])
        return self._outcome

    @property
    def _shares(self) -> Shares[Run | Failed]:
        key = hashlib.sha256(f"{self.named.kind} {self.target}".encode()).hexdigest()[:16]
        return Shares(self.division.folder, key, self.parts, self.division.index % self.parts)

    def _help(self) -> None:
        """Do what nobody has begun of the other subjects, since waiting helps nobody."""
        for peer in self.peers:
            if peer is not self:
                peer._shares.start(peer._share)

    def options(self, number: int) -> Options:
        """Return what share `number` is told."""
        settings, count = self.settings, self.parts
        wanted = [card for card in self.cards if card.name in self.wanted]
        chosen = _closure([*(wanted or self.cards), *(self.inward if self.inside else ())])
        return Options(
            select=tuple(sorted(chosen)), seed=(self.seed + number * _SEEDS_APART) % 2**32,
            max_examples=max(1, -(-settings.max_examples // count)), max_time=settings.max_time,
            timeout=settings.timeout, directory=settings.chdir or self.named.directory, settings=settings.settings,
            paths=settings.paths, headers=settings.headers, layers=settings.layers == "auto",
            part=number, parts=count)

    def _share(self, number: int) -> Run | Failed:
        try:
            with _pythonpath(self.pythonpath):
                wrapping = self.named.wrapping
                if wrapping is None:
                    return check_application(self.target, options=self.options(number))
                return check_middleware(wrapping.target, arguments=dict(wrapping.arguments), calls=wrapping.calls,
                                        configuration=wrapping.configuration, options=self.options(number))
        except (TargetError, ConfigError) as error:
            return Failed(str(error))
        except WsgicheckError as error:
            return Failed(str(error), bug=True)

    def _whole(self, runs: list[Run]) -> Run:
        run = merged(runs)
        if self.settings.baseline:
            from ..cli.baseline import accept, read_baseline

            run = accept(run, read_baseline(self.settings.baseline))
        reports: Shares[bool] = Shares(self.division.folder, f"report-{self.slug}", 1)
        reports.results(lambda _: self._write(run))
        return run

    def _write(self, run: Run) -> bool:
        """Keep the findings for `wsgicheck replay`, and write the reports that were asked for."""
        from ..cli.memory import remember
        from ..report import render

        settings, wrapping = self.settings, self.named.wrapping
        here = "" if self.named.directory == os.getcwd() else self.named.directory
        again = {} if wrapping is None else {
            "arguments": dict(wrapping.arguments), "configuration": wrapping.configuration, "calls": wrapping.calls}
        remember(run, {"chdir": settings.chdir or here, "settings": settings.settings, "timeout": settings.timeout,
                       "max_examples": settings.max_examples, **again})
        for form, file in self.settings.report:
            Path(file.replace("{app}", self.slug)).write_text(
                render(run, form, fail_on=self.settings.fail_on), encoding="utf-8", errors="backslashreplace")
        return True


@contextmanager
def _pythonpath(folders: tuple[str, ...]) -> Iterator[None]:
    """Let children started meanwhile find modules where pytest's own `pythonpath` setting lets this process."""
    before = os.environ.get("PYTHONPATH")
    if folders:
        os.environ["PYTHONPATH"] = os.pathsep.join([*folders, *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = before
