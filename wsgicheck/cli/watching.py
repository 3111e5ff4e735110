"""What is told while a run goes on: one line on a terminal that comes and goes, and JSON lines where they are wanted.

Laws: the first line of a stream is there before the run begins, and its last says how the run has ended, whatever
ended it; what goes to standard output is for programs and is as the format has it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ..errors import ConfigError
from ..model.rule import Card
from ..report import lines
from ..report.progress import Progress

__all__ = ["Watching"]

_INTERVAL = 1.0


class Watching:
    """Tells of one run; use it as a context manager around the run itself.

    Args:
        kind, target: of the subject.
        files: where JSON lines go; "" is standard output.
        cards: the rules by their ids.
        quiet: no line on the terminal.
    """

    def __init__(self, kind: str, target: str, files: tuple[str, ...], cards: Mapping[str, Card], quiet: bool) -> None:
        self.kind, self.target, self.files, self.cards = kind, target, files, cards
        self._line = Progress(enabled=not quiet and os.environ.get("TERM") != "dumb")
        self._told: set[str] = set()
        self._last = time.monotonic()

    def __enter__(self) -> Watching:
        self._put(lines.started(self.kind, self.target), "w")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._line.clear()
        if error is not None:
            message = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
            self._put(lines.stopped(message))

    def so_far(self, exchanges: int, broken: Mapping[str, str] | None = None, seconds_left: float | None = None,
               doing: str = "", routes: tuple[int, int] = (0, 0)) -> None:
        """Tell how far the run is.

        Args:
            broken: the rules seen broken so far, each with what was seen first.
            seconds_left: until the run ends by itself; None where nothing limits it.
            doing: what happens right now, in a few words.
            routes: how many were entered, and how many are known.
        """
        broken = broken or {}
        self._line.update(exchanges, len(broken), time_left=seconds_left, doing=doing,
                          routes=routes if routes[1] else None)
        if not self.files:
            return
        for rule, evidence in broken.items():
            if rule not in self._told:
                self._told.add(rule)
                self._put(lines.broken(rule, evidence, self.cards.get(rule)))
        if time.monotonic() - self._last >= _INTERVAL:
            self._last = time.monotonic()
            self._put(lines.progress(exchanges, len(broken), seconds_left, doing, routes))

    def finish(self, text: str) -> None:
        """Write the last lines of a run that came to a result."""
        self._put(text)

    def _put(self, text: str, mode: str = "a") -> None:
        from .delivery import put

        for file in self.files:
            if not file:
                put(text, for_people=False)
                continue
            try:
                with Path(file).open(mode, encoding="ascii") as stream:
                    stream.write(text)
            except OSError as error:
                raise ConfigError(f"{file} cannot be written: {error.strerror or error}") from None
