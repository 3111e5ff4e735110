"""What `wsgicheck rules` and `wsgicheck explain RULE` print: the cards, as text, JSON or Markdown.

Laws: everything comes from the card; an example is the source of the very function that the self-test puts
on stage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..model.request import PLAIN, Request
from ..model.rule import Card, Example, Relation, Rule
from ..model.scene import Scene
from .block import LEVEL_STYLES, drive_words, quote_words, request_words, section_words
from .examples import example_source, function_source, script_of, script_words
from .markdown import card_help, code, escaped, fence, prose
from .paint import ASCII, UNICODE, Glyphs, Line, paint, wrap
from .safe import line as safe
from .view import plural

__all__ = ["FORMATS", "card_record", "explain", "rules"]

FORMATS = ("text", "json", "markdown")
_KINDS = {"app": "an application", "environ": "a change to a legal environ", "server": "a server",
          "import": "a module to import"}


# -- JSON ------------------------------------------------------------------------------------------------


def card_record(card: Card) -> dict[str, Any]:
    """Return everything about a card as what json.dumps takes."""
    return {
        "id": card.id, "family": card.family, "kind": type(card).__name__.lower(),
        "level": card.level.value, "binds": card.binds.value,
        "judged_at": card.at.value if isinstance(card, Rule) else "",
        "application": function_source(card.app, "application") if isinstance(card, Scene) else "",
        "client": list(script_words(script_of(card))) if isinstance(card, Scene) else [],
        "title": card.title, "explanation": card.explanation,
        "covers": list(card.covers), "allows": list(card.allows), "formerly": list(card.formerly),
        "given": [other.id for other in card.given],
        "cites": [{"document": c.document, "section": c.section, "quote": c.quote, "url": c.url}
                  for c in card.cites],
        "examples": [{"kind": e.kind, "bad": e.bad, "request": request_words(e.request),
                      "server": drive_words(e.drive), "source": example_source(e)} for e in card.examples],
    }


# -- rules -----------------------------------------------------------------------------------------------


def rules(cards: Iterable[Card], format: str = "text", *, color: bool = False, width: int = 80,
          verbose: bool = False, ascii: bool = False) -> str:
    """Return the list of `cards` in one of FORMATS; `verbose` adds each one's title (text)."""
    listed = list(cards)
    if format == "json":
        return json.dumps([card_record(card) for card in listed], indent=2) + "\n"
    if format == "markdown":
        return _rules_markdown(listed)
    if format != "text":
        raise KeyError(format)
    return paint(_rules_text(listed, width, verbose), color=color, ascii=ascii)


def _families(cards: Iterable[Card]) -> dict[str, list[Card]]:
    families: dict[str, list[Card]] = {}
    for card in cards:
        families.setdefault(card.family, []).append(card)
    return families


def _rules_text(cards: list[Card], width: int, verbose: bool) -> Iterator[Line]:
    wide = max((len(card.id) for card in cards), default=0)
    for number, (family, members) in enumerate(_families(cards).items()):
        if number:
            yield ()
        yield (("bold", safe(family)), ("dim", f"  {plural(len(members), 'rule')}"))
        for card in members:
            yield (("", f"  {safe(card.id):<{wide}}  "), (LEVEL_STYLES[card.level], f"{card.level.value.upper():<6}"),
                   ("dim", f"  {card.binds.value}"))
            if verbose:
                yield from ((("dim", "      " + part),) for part in wrap(safe(card.title), width - 6))
    yield ()
    yield (("", f"{plural(len(cards), 'rule')}.  "), ("dim", "More: "), ("bold", "wsgicheck explain RULE"))


def _rules_markdown(cards: list[Card]) -> str:
    parts = []
    for family, members in _families(cards).items():
        rows = "".join(f"| {code(safe(card.id), cell=True)} | {card.level.value.upper()} | {card.binds.value} "
                       f"| {prose(safe(card.title)).replace('|', chr(92) + '|')} |\n" for card in members)
        parts.append(f"## {escaped(safe(family))}\n\n| rule | level | binds | what holds |\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


# -- explain ---------------------------------------------------------------------------------------------


def explain(card: Card, format: str = "text", *, color: bool = False, width: int = 80,
            ascii: bool = False) -> str:
    """Return everything about `card` in one of FORMATS."""
    if format == "json":
        return json.dumps(card_record(card), indent=2) + "\n"
    if format == "markdown":
        return _explain_markdown(card)
    if format != "text":
        raise KeyError(format)
    return paint(_explain_text(card, width, ASCII if ascii else UNICODE), color=color, ascii=ascii)


def _explain_text(card: Card, width: int, glyphs: Glyphs) -> Iterator[Line]:
    yield ((LEVEL_STYLES[card.level], card.name),)
    yield ((LEVEL_STYLES[card.level], card.level.value.upper()), ("", f", binds the {card.binds.value}"))
    yield ()
    yield from ((("bold", part),) for part in wrap(safe(card.title), width))
    for paragraph in card.explanation.split("\n\n"):
        if paragraph.strip():
            yield ()
            yield from ((("", part),) for part in wrap(safe(" ".join(paragraph.split()), 10_000), width))
    yield ()
    for citation in card.cites:
        yield from ((("dim bold", part),) for part in wrap(safe(section_words(citation)), width))
        if citation.quote:
            yield from ((("italic", "  " + part),)
                        for part in wrap(f"“{quote_words(citation)}”", width - 2))
        if citation.url:
            yield (("underline", "  " + safe(citation.url, 300)),)
    yield from _facts(card, width)
    if isinstance(card, Scene):
        yield from _scene_text(card)
    for example in card.examples:
        source = example_source(example)
        if source:
            yield ()
            yield _example_title(example, glyphs)
            for written in source.rstrip().split("\n"):
                yield (("", "    "), ("python", safe(written.expandtabs(4), 400)))


def _facts(card: Card, width: int) -> Iterator[Line]:
    facts = [("judged at", _judged_at(card)),
             ("covers", ", ".join(card.covers)), ("allows", ", ".join(card.allows)),
             ("silent after", ", ".join(other.id for other in card.given)),
             ("formerly", ", ".join(card.formerly))]
    yield ()
    for label, text in facts:
        for index, part in enumerate(wrap(safe(text), width - 14)):
            yield (("dim bold", f"{'' if index else label:<14}"), ("", part))


def _judged_at(card: Card) -> str:
    if isinstance(card, Rule):
        return card.at.value
    if isinstance(card, Relation):
        return "the comparison of two exchanges"
    return "the socket of a real server, and inside it"


def _scene_text(card: Scene) -> Iterator[Line]:
    """Yield the application that runs inside the server, and what the client does."""
    yield ()
    yield (("dim bold", "  the application"),)
    for written in function_source(card.app, "application").rstrip().split("\n"):
        yield (("", "    "), ("python", safe(written.expandtabs(4), 400)))
    yield ()
    more = f" (one of the {card.draws})" if card.draws else ""
    yield (("dim bold", "  the client" + safe(more)),)
    yield from ((("", "    " + step),) for step in script_words(script_of(card)))


def _example_title(example: Example, glyphs: Glyphs) -> Line:
    asked = request_words(example.request) if example.request != Request() else ""
    driven = drive_words(example.drive) if example.drive != PLAIN else ""
    detail = "; ".join(part for part in (asked, driven) if part)
    said = _KINDS.get(example.kind, example.kind) + (f": {detail}" if detail else "")
    if example.bad:
        return (("bold red", f"  {glyphs.bad} breaks it"), ("dim", f"  ({said})"))
    return (("green", f"  {glyphs.good} keeps it"), ("dim", f"  ({said})"))


def _explain_markdown(card: Card) -> str:
    parts = [f"# {escaped(card.name)}\n",
             f"{card.level.value.upper()}, binds the {card.binds.value}.\n", card_help(card)]
    if isinstance(card, Scene):
        parts.append("## The application\n")
        parts.append(fence(function_source(card.app, "application"), "python"))
        parts.append("## The client\n")
        parts.append(fence("\n".join(script_words(script_of(card)))))
    for bad, heading in ((True, "Breaks it"), (False, "Keeps it")):
        sources = [example_source(e) for e in card.examples if e.bad is bad]
        sources = [source for source in sources if source]
        if sources:
            parts.append(f"## {heading}\n")
            parts += [fence(source, "python") for source in sources]
    if card.covers:
        parts.append("Statements of the PEP: " + ", ".join(code(row) for row in card.covers) + "\n")
    return "\n".join(parts)
