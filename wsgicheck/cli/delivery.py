"""What becomes of a finished run: baseline, reports, exit code.

Law: what can be known to be wrong before the run (a format, a rule's name, a folder that is not there) is
said before the run, and not after a minute of work.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Config
from ..errors import ConfigError
from ..model.rule import Card
from ..model.run import Run, RunVerdict
from ..report import FORMATS, by_name, render
from ..report.options import Options, columns_of, is_unicode, wants_color
from .baseline import accept, read_baseline, write_baseline
from .exits import FINDINGS, OK
from .memory import remember
from .options import Screen, near
from .silence import silence

if TYPE_CHECKING:
    from .watching import Watching

__all__ = ["Delivery", "View", "put", "shown_on", "write"]

_FOR_PEOPLE = ("text", "full", "concise")
_LINES = "json-lines"
"""The one format that is written while the run goes on."""
_SUMMARY = 1024 * 1024
"""The most bytes that GitHub takes as the summary of one step."""


@dataclass(frozen=True, slots=True)
class View:
    """What standard output can show: colours, columns, ASCII only."""

    color: bool
    width: int
    ascii: bool


def shown_on(color: bool | None) -> View:
    """Return what standard output can show; `color` is what the command line asks for, None for nothing."""
    stream = sys.stdout
    return View(wants_color(stream, asked=color), columns_of(stream), not is_unicode(stream))


def put(text: str, *, for_people: bool) -> None:
    """Write to standard output: for people as the terminal encodes, for machines as UTF-8.

    A reader that leaves before the end (`| head`) is no failure, and changes no exit code.
    """
    encoding = (sys.stdout.encoding or "utf-8") if for_people else "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace"), nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the run of one invocation is told."""

    config: Config
    screen: Screen
    update_baseline: bool = False
    exit_zero: bool = False
    again: Mapping[str, object] = field(default_factory=dict)
    """What a repetition needs to know besides the configuration (see memory.py)."""

    def require(self, judged: Sequence[Card] | None = None, known: Sequence[Card] | None = None) -> None:
        """Check all that can be checked before there is a run.

        Args:
            judged: the cards that such a run can judge; all of `known`, where none are given.
            known: the cards that --select and --ignore may name; the catalogue, where none are given.

        Raises:
            ConfigError: an unknown rule or format, no rule left, a file that cannot be written or read.
        """
        from ..rules import catalogue

        config = self.config
        known = catalogue() if known is None else known
        self._require_rules(known if judged is None else judged, known)
        self._require_format(config.format, config.origin("format"))
        for form, _ in config.report:
            self._require_format(form, config.origin("report"))
        for file, key in ((config.output, "output"), *((file, "report") for _, file in config.report)):
            if file:
                _require_place(file, config.origin(key))
        if self.update_baseline:
            if not config.baseline:
                raise ConfigError("--update-baseline needs the file: --baseline FILE")
            _require_place(config.baseline, config.origin("baseline"))
        elif config.baseline:
            read_baseline(config.baseline)

    def _require_rules(self, judged: Sequence[Card], known: Sequence[Card]) -> None:
        from ..selection import select

        for name, words in (("select", self.config.select), ("ignore", self.config.ignore)):
            try:
                select(known, words)
            except ConfigError as error:
                raise ConfigError(f"{self.config.origin(name)}: {error}") from None
        # A run that judges nothing would pass, and say nothing.
        if not select(judged, self.config.select, self.config.ignore, known=known):
            others = {card.binds.value for card in select(known, self.config.select, self.config.ignore)}
            raise ConfigError("no rule is left: " + (
                f"what is selected binds the {' and the '.join(sorted(others))} and is not judged here" if others
                else "all that is selected is ignored as well"))

    def _require_format(self, form: str, origin: str) -> None:
        if form not in FORMATS:
            raise ConfigError(f"{origin}: there is no format {form!r}; {near(form, list(FORMATS))}")

    def watching(self, kind: str, target: str) -> Watching:
        """Return what is told of a run over `target` while it goes on; the run goes inside of it."""
        from ..rules import every_card
        from .watching import Watching

        asked = ((self.config.format, self.config.output), *self.config.report)
        files = tuple(file for form, file in asked if form == _LINES)
        return Watching(kind, target, files, {card.id: card for card in every_card()}, self.screen.quiet)

    def deliver(self, run: Run, told: Watching | None = None) -> int:
        """Write every report of `run`, and return the exit code.

        Args:
            told: what was told while it went on, which is told to its end.
        """
        config = self.config
        run = silence(_seen_from_here(run, config.chdir), config.chdir)
        if self.update_baseline:
            count = write_baseline(config.baseline, run)
            click.echo(f"wsgicheck: {config.baseline}: {count} accepted", err=True)
        if config.baseline:
            run = accept(run, read_baseline(config.baseline))
        remember(run, self.arguments)
        for form, file in (*config.report, (config.format, config.output)):
            if form == _LINES and told is not None:
                continue
            if file:
                write(file, self.rendered(run, form, file))
            else:
                put(self.rendered(run, form), for_people=form in _FOR_PEOPLE)
        self._summarize(run)
        if told is not None and told.files:
            from ..report.lines import ended
            from ..rules import every_card

            told.finish(ended(run, by_name(every_card()), Options(fail_on=config.fail_on, arguments=self.arguments)))
        self._warn(run)
        code = run.exit_code(config.fail_on)
        return OK if code == FINDINGS and self.exit_zero else code

    @property
    def arguments(self) -> dict[str, object]:
        """What a repetition of a finding needs to know besides its request."""
        config = self.config
        return {"chdir": config.chdir, "settings": config.settings, "timeout": config.timeout,
                "max_examples": config.max_examples, "login": config.login, "cookies": config.cookies,
                "headers": config.headers, "unsafe_methods": config.unsafe_methods, "layers": config.layers,
                **self.again}

    def rendered(self, run: Run, form: str, file: str = "") -> str:
        """Return `run` in the format `form`, as `file` takes it, or standard output where that is ""."""
        screen, people = self.screen, form in _FOR_PEOPLE
        view = View(bool(screen.color), 100, False) if file else shown_on(screen.color)
        return render(run, form, color=view.color and people, width=view.width, verbose=screen.verbose,
                      quiet=screen.quiet, statistics=screen.statistics, show_passed=screen.show_passed,
                      fail_on=self.config.fail_on, ascii=view.ascii and people, arguments=self.arguments, file=file,
                      root=os.environ.get("GITHUB_WORKSPACE", ""))

    def _summarize(self, run: Run) -> None:
        """Append the report to the summary of a step of GitHub's, where one goes on and annotations are asked for."""
        file = os.environ.get("GITHUB_STEP_SUMMARY", "")
        if not file or "github" not in (self.config.format, *(form for form, _ in self.config.report)):
            return
        try:
            taken = os.path.getsize(file) if os.path.exists(file) else 0
            text = _shortened(self.rendered(run, "markdown", file), _SUMMARY - taken)
            with Path(file).open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text)
        except OSError as error:
            click.echo(f"wsgicheck: the summary of this step cannot be written: {error.strerror or error}", err=True)

    def _warn(self, run: Run) -> None:
        """Say on standard error what a report for machines, or in a file, does not say to a person."""
        told = not self.config.output and self.config.format in _FOR_PEOPLE
        if told and not self.screen.quiet:
            return
        if run.nothing_checked and not told:
            click.echo(f"wsgicheck: nothing was really checked: {run.nothing_checked}", err=True)
        crashed = [r.id for r in run.rules if r.verdict is RunVerdict.CRASHED]
        if crashed:
            click.echo(f"wsgicheck: a bug of wsgicheck: crashed while judging: {', '.join(crashed)}", err=True)


def _shortened(text: str, size: int) -> str:
    """Return as many whole findings of a report in Markdown as fit into `size` bytes, and say that there are more."""
    more = "\nThe other findings did not fit into this summary.\n"
    if len(text.encode("utf-8", "backslashreplace")) <= size:
        return text
    kept: list[str] = []
    left = size - len(more)
    for part in re.split(r"(?m)^(?=### )", text):
        left -= len(part.encode("utf-8", "backslashreplace"))
        if left < 0:
            break
        kept.append(part)
    return "".join(kept) + more if kept else ""


def _seen_from_here(run: Run, directory: str) -> Run:
    """Return `run` with the places of its findings relative to where the command was given.

    The subject ran in `directory` and named its files from there; a person, an editor and a build server look
    for them from here. What is a library's, and lies elsewhere, keeps its whole path.
    """
    if not directory:
        return run

    def seen(file: str) -> str:
        way = os.path.relpath(os.path.join(directory, file))
        return file if os.path.isabs(file) and way.startswith(os.pardir + os.sep) else way

    return replace(run, findings=tuple(
        finding if finding.site is None else replace(finding, site=replace(finding.site, file=seen(finding.site.file)))
        for finding in run.findings))


def _require_place(file: str, origin: str) -> None:
    path = Path(file)
    if path.is_dir():
        raise ConfigError(f"{origin}: {file} is a folder, and a file is to be written")
    if not path.parent.is_dir():
        raise ConfigError(f"{origin}: there is no folder {path.parent} to write {path.name} into")


def write(file: str, text: str) -> None:
    """Write a report; raises ConfigError where that cannot be done."""
    try:
        Path(file).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}") from None
