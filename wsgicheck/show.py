"""show(value): a repr that is bounded, of one line, and harmless in a terminal.

Laws: the result is printable (no control, escape, bidirectional or surrogate character), has no line
break, and is at most LIMIT characters long, whatever the value; and it never raises.
"""

from __future__ import annotations

import ast
import re

__all__ = ["LIMIT", "printable", "show", "typed"]

LIMIT = 160
# An object's address says nothing to a person, and the same seed gives the same report.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# repr() of a large container builds all of it before anything can be cut: look at no more than this of it.
_ITEMS = 8


def printable(text: str) -> str:
    """Return `text` with everything a terminal could act on written as an escape.

    str.isprintable() is false for control, format (bidirectional too), surrogate and separator
    characters, apart from the space.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def typed(value: object) -> str:
    """Return `value` as it is typed behind NAME= on a command line: text as it is, where it is no Python literal."""
    if isinstance(value, str):
        try:
            ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return repr(value)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = f"… ({len(text)} characters)"
    return text[: limit - len(tail)] + tail


def _repr(value: object, depth: int = 2) -> str:
    kind = type(value)
    if kind is str or kind is bytes or kind is bytearray:
        assert isinstance(value, (str, bytes, bytearray))
        if len(value) > LIMIT:
            unit = "characters" if kind is str else "bytes"
            return f"{value[: LIMIT // 2]!r}… ({len(value)} {unit})"
        return repr(value)
    if kind in (list, tuple) and depth:
        assert isinstance(value, (list, tuple))
        inner = ", ".join(_repr(item, depth - 1) for item in value[:_ITEMS])
        if len(value) > _ITEMS:
            inner += f", … ({len(value)} items)"
        elif kind is tuple and len(value) == 1:
            inner += ","
        return f"[{inner}]" if kind is list else f"({inner})"
    if kind is dict or kind is set or kind is frozenset or kind is list or kind is tuple:
        assert isinstance(value, (dict, set, frozenset, list, tuple))
        return f"<{kind.__name__} of {len(value)} items>"
    return _ADDRESS.sub("", repr(value))


def show(value: object, limit: int = LIMIT) -> str:
    """Return a one-line, printable repr of `value`, at most `limit` characters long.

    A value whose __repr__ raises, or returns no str, is shown by its type's name: whatever a subject
    hands us is evidence about the subject and never the end of the check.
    """
    try:
        text = _repr(value)
    except Exception:
        text = f"<{type(value).__name__} whose repr fails>"
    return _cut(printable(text), limit)
