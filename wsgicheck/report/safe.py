"""Text from a subject, made harmless and bounded before any format sees it.

Laws: what comes out of `line` is printable and of one line; no function looks at more of a value than it
shows, so a gigabyte costs what its first kilobyte costs.
"""

from __future__ import annotations

import unicodedata

from ..show import printable

__all__ = ["LINE", "cells", "line", "to_ascii"]

LINE = 2000
"""The most characters of one value that a report shows."""

_PLAIN = str.maketrans({
    "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "→": "->", "·": "-", "×": "x",
    "µ": "u", "≥": ">=", "≤": "<=", "−": "-", "✔": "ok", "✘": "x", "━": "=", "─": "-", "│": "|", "•": "*",
})


def line(text: object, limit: int = LINE) -> str:
    """Return `text` (a str, whatever its type says) printable, on one line, at most about `limit` long."""
    whole = text if type(text) is str else str(text)
    if len(whole) > limit:
        return f"{printable(whole[:limit])}… ({len(whole):,} characters)"
    return printable(whole)


def to_ascii(text: str) -> str:
    """Return `text` in ASCII: the usual typography by its look, everything else as an escape."""
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def cells(text: str) -> int:
    """Return how many columns of a terminal the printable `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)
