"""What a run would do, for `wsgicheck TARGET --dry-run`: rules, routes, methods, limits and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..model.rule import Card
from .paint import ASCII, UNICODE, Line, paint, wrap
from .safe import line as safe
from .view import plural

__all__ = ["render"]

_FEW = 12
_LABEL = 10


def render(target: str, details: Sequence[str], cards: Sequence[Card], routes: Sequence[str], notes: Sequence[str],
           reports: Iterable[tuple[str, str]], examples: int, seconds: float, *, color: bool = False, width: int = 80,
           ascii: bool = False, verbose: bool = False) -> str:
    """Return what would be judged and asked, as text; `reports` are formats, each with where it would go."""
    dot = f" {(ASCII if ascii else UNICODE).dot} "
    families = Counter(card.family for card in cards)
    judged = ", ".join(f"{family} ({count})" for family, count in families.items())
    shown = routes if verbose else routes[:_FEW]
    more = f" and {len(routes) - len(shown)} more (-v)" if len(shown) < len(routes) else ""
    asked = f"{plural(len(routes), 'known route')}: {', '.join(safe(route, 120) for route in shown)}{more}"
    rows = [
        ("judged", f"{plural(len(cards), 'rule')}: {judged}"),
        ("asked", asked if routes else "no routes are known beforehand"),
        *(("note", safe(note)) for note in notes),
        ("at most", f"{plural(examples, 'drawn request')}, {seconds:g} s"),
        *(("report", f"{form} to {safe(file, 400)}") for form, file in reports),
    ]

    def lines() -> Iterator[Line]:
        head = dot.join(["would check " + safe(target, 300), *(safe(detail, 200) for detail in details)])
        yield from ((("bold", part),) for part in wrap(head, width))
        for label, text in rows:
            for number, part in enumerate(wrap(text, width - _LABEL - 2)):
                yield (("dim bold", f"  {'' if number else label:<{_LABEL}}"), ("", part))
        yield (("green", "Nothing was asked."),)

    return paint(lines(), color=color, ascii=ascii)
