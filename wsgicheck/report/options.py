"""What a reader wants of a report, and what the stream it goes to can show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from ..model.rule import MUST, Level

__all__ = ["Options", "columns_of", "is_unicode", "wants_color"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is rendered.

    Attributes:
        color: whether escape sequences for colours may be written (text only).
        width: columns that prose is wrapped at.
        verbose: show everything: reproducers in full, events, each rule that was not exercised.
        quiet: the findings in one line each and the summary.
        ascii: write nothing outside ASCII.
        fail_on: the level from which on findings make the outcome "fail".
        statistics: in place of the findings, how often each rule is broken (text only).
        show_passed: name the rules that hold, too (text only).
        root: the folder that build servers count paths from, "" for the present one.
        arguments: what a repetition needs to know besides a finding (the folder, the settings), as JSON has it.
        file: the file that the report is written to, "" for standard output.
    """

    color: bool = False
    width: int = 80
    verbose: bool = False
    quiet: bool = False
    ascii: bool = False
    fail_on: Level = MUST
    statistics: bool = False
    show_passed: bool = False
    root: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)
    file: str = ""


def wants_color(stream: TextIO, environ: Mapping[str, str] = os.environ, asked: bool | None = None) -> bool:
    """Tell whether `stream` should get colours.

    What the user asked for on the command line wins, then NO_COLOR, then FORCE_COLOR (each counts when it
    is set and not empty; "0" for FORCE_COLOR says no), then whether the stream is a terminal that can.
    """
    if asked is not None:
        return asked
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    try:
        terminal = stream.isatty()
    except (AttributeError, ValueError):
        return False
    return terminal and environ.get("TERM") != "dumb"


def is_unicode(stream: TextIO) -> bool:
    """Tell whether `stream` encodes every character, so that glyphs beyond ASCII may be written."""
    name = (getattr(stream, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    return name.startswith(("utf8", "utf16", "utf32"))


def columns_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """Return the columns to wrap prose at: COLUMNS, else the terminal's, at least 40 and at most 100; 80 for
    whatever is no terminal."""
    given = environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return max(40, int(given))
    try:
        if stream.isatty():
            return max(40, min(100, shutil.get_terminal_size().columns))
    except (AttributeError, ValueError, OSError):
        pass
    return 80
