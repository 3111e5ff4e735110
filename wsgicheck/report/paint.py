"""Lines of styled pieces, and how they become text for a terminal or a pipe.

Laws: without colours nothing but the text of the pieces comes out, and rich is not imported; pieces hold
printable text only, so every escape sequence in the output is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .safe import cells, to_ascii

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ASCII", "UNICODE", "Glyphs", "Line", "Piece", "paint", "wrap"]

Piece = tuple[str, str]
"""A style of rich ("bold red", "" for none, "python" for source to be highlighted) and printable text."""
Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks of a report; each stands beside a word or a number, never alone."""

    good: str
    bad: str
    warn: str
    none: str
    bar: str
    arrow: str
    gutter: str
    dot: str
    caret: str = "^"


UNICODE = Glyphs("✔", "✘", "!", "–", "━", "-->", "│", "·")
ASCII = Glyphs("+", "x", "!", "-", "=", "-->", "|", "-")


def wrap(text: str, width: int) -> list[str]:
    """Return printable `text` in lines of at most `width` columns.

    A word that is longer stands alone on a line that is too long, so that it can still be copied.
    """
    lines: list[str] = []
    current = ""
    used = 0
    for word in text.split():
        size = cells(word)
        if current and used + 1 + size > width:
            lines.append(current)
            current, used = word, size
        else:
            current = f"{current} {word}" if current else word
            used += size + (1 if used else 0)
    return [*lines, current] if current else lines


def paint(lines: Iterable[Line], *, color: bool, ascii: bool) -> str:
    """Return the lines as text, each with its line break."""
    if not color:
        plain = "".join("".join(text for _, text in line).rstrip() + "\n" for line in lines)
        return to_ascii(plain) if ascii else plain
    return "".join(_colored(lines, ascii))


def _colored(lines: Iterable[Line], ascii: bool) -> Iterator[str]:
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.style import Style

    console = Console(force_terminal=True, color_system="standard", width=10_000)
    for line in lines:
        for style, text in line:
            shown = to_ascii(text) if ascii else text
            if not style or not shown.strip():
                yield shown
            elif style == "python":
                yield from _python(shown, console)
            else:
                yield Style.parse(style).render(shown, color_system=ColorSystem.STANDARD)
        yield "\n"


def _python(source: str, console: Console) -> Iterator[str]:
    from rich.color import ColorSystem
    from rich.syntax import Syntax

    highlighted = Syntax("", "python", theme="ansi_dark").highlight(source)
    if highlighted.plain.endswith("\n"):
        highlighted.right_crop(1)
    for segment in highlighted.render(console):
        if segment.style is None:
            yield segment.text
        elif segment.text != "\n":
            yield segment.style.render(segment.text, color_system=ColorSystem.STANDARD)
