"""The user's own line, with the place marked.

Laws: reading it never raises and never blocks (a regular file, of at most LIMIT bytes, or nothing); what is
marked is the expression the rule looks at where the line has exactly one such, else the whole statement.
"""

from __future__ import annotations

import ast
import io
import os
import stat
import tokenize
import warnings
from dataclasses import dataclass

from ..model.finding import Site
from ..model.moments import Moment
from ..model.rule import Card, Rule
from ..show import printable
from .safe import cells

__all__ = ["Excerpt", "SourceLine", "excerpt"]

LIMIT = 4_000_000
_TAB = 4
_WIDEST = 2000


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of source, printable, tabs as spaces."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A few lines of a file.

    Attributes:
        lines: in order; the site's own is among them.
        number: the site's line, counted from 1.
        start, end: the marked columns of that line, counted from 0, in cells of a terminal.
        column, end_column: the same in characters of the file, counted from 1, for tools.
    """

    lines: tuple[SourceLine, ...]
    number: int
    start: int
    end: int
    column: int
    end_column: int


def excerpt(site: Site | None, card: Card | None = None, evidence: str = "", *, before: int = 2,
            after: int = 1) -> Excerpt | None:
    """Return the lines around `site`, None where its file is not there (any more) or has no such line.

    `card` and `evidence` tell which expression of the line to mark.
    """
    if site is None:
        return None
    text = _read(site.file)
    if text is None:
        return None
    lines = text.split("\n")
    if not 1 <= site.line <= len(lines):
        return None
    own = lines[site.line - 1]
    first, last = _marked(text, own, site.line, card, evidence[:1000])
    shown = [SourceLine(n, _clean(lines[n - 1])) for n in
             range(max(1, site.line - before), min(len(lines), site.line + after) + 1)]
    while shown and not shown[0].text.strip() and shown[0].number < site.line:
        del shown[0]
    while shown and not shown[-1].text.strip() and shown[-1].number > site.line:
        del shown[-1]
    start = cells(_clean(own[:first], whole=False))
    end = start + max(1, cells(_clean(own[:last], whole=False)) - start)
    return Excerpt(tuple(shown), site.line, start, end, first + 1, max(last, first + 1) + 1)


def _read(path: str) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LIMIT:
            return None
        with os.fdopen(os.dup(fd), "rb") as file:
            raw = file.read(LIMIT)
    except OSError:
        return None
    finally:
        os.close(fd)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return raw.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, LookupError, ValueError):
        return raw.decode("latin-1").replace("\r\n", "\n")


def _clean(line: str, *, whole: bool = True) -> str:
    """Return `line` printable, tabs as the spaces they stand for."""
    text = printable(line.expandtabs(_TAB))
    if len(text) > _WIDEST and whole:
        return text[:_WIDEST] + "…"
    return text.rstrip() if whole else text[:_WIDEST]


def _marked(text: str, own: str, number: int, card: Card | None, evidence: str) -> tuple[int, int]:
    """Return the columns to mark in `own`, in characters."""
    stripped = own.strip()
    start = len(own) - len(own.lstrip())
    whole = (start, start + len(stripped))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return whole
    found = [node for node in _candidates(tree, number, card, evidence) if node.end_lineno is not None]
    if len(found) != 1:
        return whole
    node = found[0]
    encoded = own.encode("utf-8", "surrogatepass")
    first = len(encoded[: node.col_offset].decode("utf-8", "replace"))
    if node.end_lineno == number and node.end_col_offset is not None:
        return first, len(encoded[: node.end_col_offset].decode("utf-8", "replace"))
    return first, whole[1]


def _candidates(tree: ast.AST, number: int, card: Card | None, evidence: str) -> list[ast.expr]:
    """Return the expressions that begin on line `number` and that the rule may be about.

    A tuple or call that holds a text which the evidence names ("('X-Count', 3)") is the surest guess; then
    the expression of the moment: what is yielded or returned, a read, the call.
    """
    at = card.at if isinstance(card, Rule) else Moment.END
    here = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and node.lineno == number]
    named: list[ast.expr] = [node for node in here if isinstance(node, ast.Tuple) and any(
        isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value
        and repr(item.value) in evidence for item in node.elts)]
    if len(named) == 1 and at is Moment.START:
        return named
    calls = [node for node in here if isinstance(node, ast.Call)]
    if at in (Moment.READ, Moment.DATA):
        reads = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr.startswith("read")]
        if len(reads) == 1:
            return list(reads)
    if at in _CALLS:
        return [call for call in calls if not any(_encloses(other, call) for other in calls)]
    return [node.value for node in ast.walk(tree) if isinstance(node, _VALUES.get(at, ()))
            and node.lineno == number and isinstance(node.value, ast.expr) and node.value.lineno == number]


_VALUES: dict[Moment, tuple[type[ast.Yield] | type[ast.YieldFrom] | type[ast.Return], ...]] = {
    Moment.CHUNK: (ast.Yield, ast.YieldFrom, ast.Return), Moment.RETURNED: (ast.Return,)}
_CALLS = frozenset({Moment.START, Moment.STARTED, Moment.WRITE, Moment.READ, Moment.DATA, Moment.ERRORS,
                    Moment.FILE_WRAPPER})


def _encloses(outer: ast.expr, inner: ast.expr) -> bool:
    """Tell whether `outer` is another expression that `inner` is a part of."""
    if outer is inner or outer.end_lineno is None or inner.end_lineno is None:
        return False
    outer_end = (outer.end_lineno, outer.end_col_offset or 0)
    return outer.col_offset <= inner.col_offset and outer_end >= (inner.end_lineno, inner.end_col_offset or 0)
