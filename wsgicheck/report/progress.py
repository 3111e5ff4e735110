"""One transient line about a run that goes on, for a person who waits at a terminal.

Laws: it goes to a terminal or nowhere, it is wiped before anything else is written, and a terminal that went
away ends the display and not the run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from .options import is_unicode
from .safe import cells, to_ascii
from .safe import line as safe
from .view import plural

__all__ = ["Progress"]

_INTERVAL = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"


class Progress:
    """The line; use it as a context manager, so that it is wiped whatever happens.

    Args:
        stream: where to write; standard error by default. Nothing is written unless it is a terminal.
        enabled: False silences it (`--quiet`).
        width: columns, the terminal's own by default.
        clock: seconds, monotonic.
    """

    def __init__(self, stream: TextIO | None = None, *, enabled: bool = True, width: int | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._width = width
        self._unicode = is_unicode(self._stream)
        self._last = float("-inf")
        self._turn = 0
        self._shown = False
        self._live = enabled and self._is_terminal()

    def _is_terminal(self) -> bool:
        try:
            return self._stream.isatty()
        except (AttributeError, ValueError):
            return False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.clear()

    def update(self, examples: int = 0, rules_broken: int = 0, routes: tuple[int, int] | None = None,
               time_left: float | None = None, doing: str = "") -> None:
        """Show where the run stands; calls that come faster than a person reads are dropped.

        Args:
            examples: exchanges made so far.
            rules_broken: rules that are broken so far.
            routes: (entered, known).
            time_left: seconds until the run ends by itself, None where it has no limit.
            doing: what happens right now, in a few words.
        """
        if not self._live:
            return
        now = self._clock()
        if now - self._last < _INTERVAL:
            return
        self._last = now
        spinner = _SPINNER if self._unicode else _PLAIN_SPINNER
        self._turn += 1
        said = [f"{spinner[self._turn % len(spinner)]} {plural(examples, 'exchange')}",
                f"{plural(rules_broken, 'rule')} broken"]
        if routes is not None:
            said.append(f"{routes[0]:,} of {plural(routes[1], 'route')}")
        if time_left is not None:
            said.append(f"{max(0.0, time_left):.0f} s left")
        if doing:
            said.append(safe(doing, 200))
        self._write("\r\x1b[2K" + self._cut((" · " if self._unicode else " - ").join(said)))
        self._shown = True

    def clear(self) -> None:
        """Wipe the line, so that what follows starts on an empty one."""
        if self._live and self._shown:
            self._write("\r\x1b[2K")
            self._shown = False

    def _cut(self, text: str) -> str:
        """Return as much of `text` as leaves the last column free: a line that wraps cannot be wiped."""
        room = (self._width if self._width is not None else self._columns()) - 1
        shown = text if self._unicode else to_ascii(text)
        while cells(shown) > room and shown:
            shown = shown[:-1]
        return shown

    def _columns(self) -> int:
        import os

        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (AttributeError, ValueError, OSError):
            return 80

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._live = False
