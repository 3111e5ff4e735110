"""One finding as a few plain lines, for the formats that carry text inside of something else."""

from __future__ import annotations

import os
import re

from ..model.finding import Finding
from ..model.rule import Card
from .block import drive_words, quote_words, request_words, section_words, seen_words
from .prose import remedy
from .reproduce import curls
from .safe import line as safe
from .view import RunView

__all__ = ["finding_text", "first_pep", "from_root", "pieces", "place_words"]


def from_root(file: str, root: str) -> str:
    """Return the path of `file` as seen from the folder `root`, where it lies below it; else as it is."""
    if not root or not file or "\0" in file:
        return file
    way = os.path.relpath(os.path.abspath(file), root)
    return file if way.startswith(os.pardir + os.sep) else way


def pieces(text: str) -> list[tuple[str, str]]:
    """Return the text of a card in pieces: ("code", what stood between backticks) and ("", the rest)."""
    parts = re.split(r"(``[^`]+``|`[^`]+`)", text)
    return [("code", part.strip("`")) if part[:1] == part[-1:] == "`" and len(part) > 2 else ("", part)
            for part in parts if part]


def place_words(finding: Finding) -> str:
    """Return "file:line in function", "" where there is no line."""
    site = finding.site
    if site is None:
        return ""
    return f"{safe(site.file, 1000)}:{site.line}" + (f" in {safe(site.function, 200)}" if site.function else "")


def first_pep(card: Card) -> str:
    """Return the first quotation of a card with its section, "" where it quotes nothing."""
    for citation in card.cites:
        if citation.quote:
            return f"“{quote_words(citation)}” ({safe(section_words(citation))})"
    return ""


def finding_text(finding: Finding, view: RunView, card: Card | None) -> str:
    """Return what is broken, where, by which request, on what ground, and how to see it again."""
    case = finding.case
    rows = [
        ("", f"{finding.name} · {finding.level.value.upper()} · {safe(finding.culprit, 100)}"),
        ("", safe(finding.evidence)),
        ("at", place_words(finding)),
        ("rule", safe(card.title) if card else ""),
        ("request", request_words(case.request) if case else ""),
        ("server", drive_words(case.drive) if case else ""),
        *(("then", request_words(case.request)) for case in finding.between),
        ("against", request_words(finding.twin.request) if finding.twin else ""),
        ("seen in", seen_words(finding, view.run)),
        ("says", first_pep(card) if card else ""),
        ("fix", safe(" ".join(remedy(card.explanation)[1].split())) if card else ""),
        ("again", f"wsgicheck replay {view.id(finding)}"),
        ("", curls(finding)),
    ]
    return "".join(f"{label + ': ' if label else ''}{text}\n" for label, text in rows if text)
