"""Which rule judges which statement: the table by which completeness is a number."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.rule import Card
from ..rules import every_card
from ..spec import Statement, excuses, statements

__all__ = ["Count", "Row", "coverage", "markdown", "rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One statement, the cards that judge it (or show it legal), or the reason why none does."""

    statement: Statement
    cards: tuple[Card, ...]
    excuse: str

    @property
    def id(self) -> str:
        return self.statement.id


@dataclass(slots=True)
class Count:
    """How many statements of one kind of check there are, and what became of them."""

    total: int = 0
    covered: int = 0
    excused: int = 0

    @property
    def open(self) -> int:
        return self.total - self.covered - self.excused


def rows() -> list[Row]:
    """Return every statement in order."""
    reasons = excuses()
    cards: dict[str, list[Card]] = {}
    for card in every_card():
        for row in dict.fromkeys((*card.covers, *card.allows)):
            cards.setdefault(row, []).append(card)
    return [Row(statement, tuple(cards.get(name, ())), reasons.get(name, ""))
            for name, statement in statements().items()]


def coverage() -> dict[str, Count]:
    """Return the counts by kind of check."""
    counts: dict[str, Count] = {}
    for row in rows():
        count = counts.setdefault(row.statement.check, Count())
        count.total += 1
        count.covered += bool(row.cards)
        count.excused += bool(row.excuse) and not row.cards
    return counts


def markdown() -> str:
    """Return the table as Markdown, a line a statement, with the counts on top."""
    lines = ["# Statements and the rules that judge them", "",
             "Made by `wsgicheck rules --coverage`; a test fails when it is stale.", "",
             "| check | statements | judged or shown legal | excused | open |", "|---|---|---|---|---|"]
    for check, count in coverage().items():
        lines.append(f"| {check} | {count.total} | {count.covered} | {count.excused} | {count.open} |")
    lines += ["", "| statement | level | binds | what it says | judged by |", "|---|---|---|---|---|"]
    for row in rows():
        s = row.statement
        judged = ", ".join(f"`{card.name}`" for card in row.cards)
        judged = judged or (f"excused: {row.excuse}" if row.excuse else "open")
        lines.append(f"| {s.id} | {s.level} | {s.subject} | {s.statement.replace('|', chr(92) + '|')} | {judged} |")
    return "\n".join(lines) + "\n"
