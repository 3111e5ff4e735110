"""PEP 3333 as blocks of text, with the sentences that rules quote marked by those rules.

Laws: the words are those of the pinned text, in order and complete, its markup aside; a quotation is found
whatever its white space and markup, and may leave words out where it says "...".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from ..model.rule import Card
from ..spec import pep_text

__all__ = ["Block", "Segment", "annotated", "blocks", "headings", "plain"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a block: its text, its kind ("", "code", "strong", "em"), and the rules that quote it.

    `ends` names the rules whose quotation ends with this segment.
    """

    text: str
    kind: str = ""
    rules: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, an item of a list, or preformatted lines ("heading", "para", "item", "pre").

    Attributes:
        level: of a heading, 2 to 4; of the rest, the depth of indentation, from 0.
        anchor: of a heading, as in the PEP's HTML.
    """

    kind: str
    level: int
    segments: tuple[Segment, ...]
    anchor: str = ""


_INLINE = re.compile(
    r"``(?P<code>.+?)``"
    r"|\*\*(?P<strong>.+?)\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*]*?)\*(?!\w)"
    r"|:(?P<role>pep|rfc):`(?P<target>[^`<]+?)(?:\s*<[^`>]*>)?`"
    r"|`(?P<ref>[^`<]+?)(?:\s*<[^`>]*>)?`__?"
    r"|\[(?P<note>\d+)\]_"
    r"|\\(?P<escaped>\S)", re.DOTALL)
_ITEM = re.compile(r"(?P<mark>\*|\d+\.|\.\. \[\d+\])\s+")


def _runs(text: str) -> tuple[Segment, ...]:
    """Return the inline pieces of one paragraph of reST."""
    runs: list[Segment] = []
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            runs.append(Segment(text[at:found.start()]))
        at = found.end()
        if found["role"]:
            target = found["target"]
            runs.append(Segment(f"{found['role'].upper()} {target}" if target.isdigit() else target))
        elif found["note"]:
            runs.append(Segment(f"[{found['note']}]"))
        else:
            kind = next((k for k in ("code", "strong", "em") if found[k]), "")
            runs.append(Segment(found[kind or ("ref" if found["ref"] else "escaped")], kind))
    if at < len(text):
        runs.append(Segment(text[at:]))
    return tuple(runs)


def plain(text: str) -> str:
    """Return a sentence of the PEP's source on one line and without its markup."""
    whole = " ".join(text.split())
    # Where there is no markup, a backslash is a backslash.
    return "".join(run.text for run in _runs(whole)) if re.search(r"[`*]", whole) else whole


@cache
def headings() -> dict[str, str]:
    """Return the title of each section by its anchor."""
    return {block.anchor: block.segments[0].text for block in blocks() if block.kind == "heading"}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


@cache
def blocks() -> tuple[Block, ...]:
    """Return the pinned PEP without its header fields."""
    found: list[Block] = []
    chunks = _chunks(pep_text().split("\n"))
    literal, margin = -1, 0
    for lines in chunks:
        indent = len(lines[0]) - len(lines[0].lstrip())
        if literal >= 0 and indent > literal:
            if found[-1].kind == "pre":
                text = found.pop().segments[0].text + "\n\n" + "\n".join(line[margin:] for line in lines)
            else:
                margin = min(len(line) - len(line.lstrip()) for line in lines)
                text = "\n".join(line[margin:] for line in lines)
            found.append(Block("pre", 0, (Segment(text),)))
            continue
        literal = -1
        if len(lines) == 2 and re.fullmatch(r"=+|-+|~+", lines[1]):
            title = "".join(run.text for run in _runs(lines[0]))
            found.append(Block("heading", 2 + "=-~".index(lines[1][0]), (Segment(title),), _slug(title)))
            continue
        if re.fullmatch(r"=+( +=+)+", lines[0].strip()):
            found.append(Block("pre", 0, (Segment("\n".join(lines)),)))
            continue
        if lines[-1].rstrip().endswith("::"):
            literal = indent
            lines = [*lines[:-1], lines[-1].rstrip()[:-1] if lines[-1].strip() != "::" else ""]
        text = " ".join(" ".join(lines).split())
        if not text:
            continue
        mark = _ITEM.match(text)
        found.append(Block("item" if mark else "para", min(3, indent // 2),
                           _runs(("• " if text.startswith("* ") else mark["mark"].removeprefix(".. ") + " ")
                                 + text[mark.end():] if mark else text)))
    return tuple(found)


def _chunks(lines: list[str]) -> Iterable[list[str]]:
    """Yield the runs of lines between blank lines, without the header fields."""
    chunk: list[str] = []
    header = True
    for line in [*lines, ""]:
        if header:
            header = bool(line.strip())
            continue
        if line.strip():
            chunk.append(line.rstrip())
        elif chunk:
            yield chunk
            chunk = []


# -- quotations ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Squeezed:
    """The document's letters without white space and markup, and where in the document each stands."""

    text: str = ""
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """For each letter: the block, the segment, the offset in it."""


_DROPPED = frozenset(" \t\r\n`*_")
_ALIKE = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "—": "-", "–": "-"})


def _squeeze(text: str) -> str:
    return "".join(c for c in text.translate(_ALIKE) if c not in _DROPPED)


@cache
def _squeezed() -> _Squeezed:
    letters: list[str] = []
    result = _Squeezed()
    for number, block in enumerate(blocks()):
        for piece, segment in enumerate(block.segments):
            for offset, character in enumerate(segment.text.translate(_ALIKE)):
                if character not in _DROPPED:
                    letters.append(character)
                    result.places.append((number, piece, offset))
    result.text = "".join(letters)
    return result


def _found(quote: str) -> list[tuple[int, int]]:
    """Return the spans of letters that `quote` names, [] where it is not in the PEP."""
    document = _squeezed().text
    quote = plain(quote)
    whole = _squeeze(quote)
    at = document.find(whole) if whole else -1
    if at >= 0:
        return [(at, at + len(whole))]
    spans = []
    start = 0
    for part in re.split(r"\.\.\.|…", quote):
        letters = _squeeze(part)
        if not letters:
            continue
        at = document.find(letters, start)
        if at < 0:
            return []
        spans.append((at, at + len(letters)))
        start = at + len(letters)
    return spans


def annotated(cards: Iterable[Card]) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Return the PEP with the quotations of `cards` marked, and the ids of the cards with one not found."""
    covers: dict[tuple[int, int, int], list[str]] = {}
    ends: dict[tuple[int, int, int], list[str]] = {}
    lost: list[str] = []
    places = _squeezed().places
    for card in cards:
        for citation in card.cites:
            if citation.document != "PEP 3333" or not citation.quote:
                continue
            spans = _found(citation.quote)
            if not spans:
                lost.append(card.id)
            for first, last in spans:
                for place in places[first:last]:
                    if card.id not in covers.setdefault(place, []):
                        covers[place].append(card.id)
            if spans:
                ends.setdefault(places[spans[-1][1] - 1], []).append(card.id)
    done = tuple(Block(block.kind, block.level, _cut(number, block, covers, ends), block.anchor)
                 for number, block in enumerate(blocks()))
    return done, tuple(dict.fromkeys(lost))


_NONE: tuple[str, ...] = ()


def _cut(number: int, block: Block, covers: dict[tuple[int, int, int], list[str]],
         ends: dict[tuple[int, int, int], list[str]]) -> tuple[Segment, ...]:
    """Return the segments of `block`, cut where the rules that quote them change."""
    cut: list[Segment] = []
    for piece, segment in enumerate(block.segments):
        text, rules = "", _NONE
        for offset, character in enumerate(segment.text):
            place = (number, piece, offset)
            here: tuple[str, ...] = tuple(covers.get(place, ()))
            # White space and quotation marks between two marked letters belong to what was before them.
            if character in _DROPPED and text:
                here = rules
            if here != rules and text:
                cut.append(Segment(text, segment.kind, rules))
                text = ""
            text, rules = text + character, here
            if place in ends:
                cut.append(Segment(text, segment.kind, rules, tuple(dict.fromkeys(ends[place]))))
                text, rules = "", _NONE
        if text:
            cut.append(Segment(text, segment.kind, rules))
    return tuple(cut)
