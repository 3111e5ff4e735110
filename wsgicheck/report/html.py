"""One HTML file: the findings with the annotated PEP beside them, read without a network and without a script.

Laws: every value goes through the template's escaping; the page's own policy allows exactly our style and our
script by their digests, and nothing else to load or run; each verdict is a word and a glyph, not a colour alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..model.finding import Finding
from ..model.rule import Card, Citation, Level
from ..model.run import RuleResult, Run, RunVerdict
from .block import drive_words, quote_words, request_words, section_words, seen_words
from .options import Options
from .pep import annotated
from .plain import pieces, place_words
from .prose import remedy
from .reproduce import curls
from .safe import line as safe
from .script import script
from .source import excerpt
from .view import RunView, plural, reach_words, same_again, split_evidence

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]

_WORDS: dict[RunVerdict, tuple[str, str]] = {
    RunVerdict.BROKEN: ("✘", "broken"),
    RunVerdict.CRASHED: ("‼", "crashed"),
    RunVerdict.KNOWN: ("≈", "known"),
    RunVerdict.UNEXERCISED: ("–", "not exercised"),
    RunVerdict.HOLDS: ("✔", "holds"),
}
"""The glyph and the word of each verdict, the worst first."""
_OUTCOME = {"pass": "✔", "fail": "✘", "error": "‼"}


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the page."""
    from markupsafe import Markup

    style, script_text = _read("report.css"), _read("report.js")
    # Style and script are files of this package and contain nothing of the run, so they go in as they are.
    return _template().render(style=Markup(style), style_hash=_digest(style), script=Markup(script_text),
                           script_hash=_digest(script_text), **_facts(run, cards, options))


def _read(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["pieces"] = pieces
    return environment.from_string(_read("report.html"))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _facts(run: Run, cards: Mapping[str, Card], options: Options) -> dict[str, Any]:
    view = RunView(run, options.fail_on)
    counts = view.counts()
    return {
        "version": safe(run.version, 40),
        "outcome": view.outcome,
        "outcome_glyph": _OUTCOME[view.outcome],
        "target": safe(run.subject.target, 300),
        "kind": safe(run.subject.kind),
        "details": [safe(detail, 300) for detail in run.subject.details],
        "exchanges": plural(run.exchanges, "exchange"),
        "seconds": f"{run.seconds:.1f}",
        "seed": run.seed,
        "nothing_checked": safe(run.nothing_checked),
        "layers": [safe(layer, 200) for layer in run.layers],
        "notes": [safe(note) for note in run.notes if not run.layers or not note.startswith("layers, ")],
        "again": safe(same_again(run, options.arguments), 2000),
        "reach": _reach(run),
        "levels": [{"name": level.value, "count": counts[level]} for level in Level],
        "totals": [{"verdict": verdict.value, "glyph": glyph, "word": word,
                    "count": len(view.with_verdict(verdict))} for verdict, (glyph, word) in _WORDS.items()],
        "findings": [_finding(f, view, cards.get(f.name)) for f in view.findings],
        "accepted": [_finding(f, view, cards.get(f.name)) for f in view.accepted],
        "families": [{"name": safe(family.name),
                      "rules": [_rule(r, cards.get(f"{r.family}/{r.id}")) for r in family.results]}
                     for family in view.families()],
        "pep": _pep(run, cards),
    }


def _reach(run: Run) -> dict[str, Any]:
    if not run.reach:
        return {}
    unreached = run.reach.get("unreached", ())
    return {
        "words": safe(reach_words(run)) or "no routes are known",
        "unreached": [safe(path, 200) for path in unreached] if isinstance(unreached, (list, tuple)) else []}


def _finding(finding: Finding, view: RunView, card: Card | None) -> dict[str, Any]:
    actual, expected = split_evidence(safe(finding.evidence))
    why, fix = remedy(card.explanation) if card else ("", "")
    case, twin = finding.case, finding.twin
    rows = [
        ("request", request_words(case.request, verbose=True) if case else ""),
        ("server", drive_words(case.drive) if case else ""),
        *(("then", request_words(between.request, verbose=True)) for between in finding.between),
        ("against", request_words(twin.request, verbose=True) if twin else ""),
        ("layers", " → ".join(safe(layer, 200) for layer in finding.layers)),
        ("seen in", seen_words(finding, view.run)),
    ]
    return {
        "id": view.id(finding), "rule": safe(finding.rule), "family": safe(finding.family),
        "level": finding.level.value, "culprit": safe(finding.culprit, 100),
        "known": finding.rule in view.known, "actual": actual, "expected": expected,
        "title": safe(card.title) if card else "", "place": place_words(finding),
        "source": _source(finding, card), "rows": [row for row in rows if row[1]],
        "quotes": _quotes(card), "why": _paragraphs(why), "fix": _paragraphs(fix),
        "curl": curls(finding),
        "python": script(finding, view.run.subject, card).rstrip("\n"),
        "events": [safe(event, 400) for event in finding.events[:200]],
    }


def _source(finding: Finding, card: Card | None) -> list[dict[str, Any]]:
    found = excerpt(finding.site, card, finding.evidence)
    if found is None:
        return []
    lines = []
    # What all lines are indented by says nothing, and takes the room of a narrow screen.
    indent = min((len(s.text) - len(s.text.lstrip(" ")) for s in found.lines if s.text.strip()), default=0)
    for source in found.lines:
        own, text = source.number == found.number, source.text[indent:]
        first, last = (max(0, found.start - indent), max(0, found.end - indent)) if own else (len(text), len(text))
        lines.append({"number": source.number, "own": own, "before": text[:first], "marked": text[first:last],
                      "after": text[last:]})
    return lines


def _paragraphs(text: str) -> list[str]:
    return [safe(" ".join(p.split()), 10_000) for p in text.split("\n\n") if p.strip()]


def _quotes(card: Card | None) -> list[dict[str, str]]:
    if card is None:
        return []
    quotes = []
    for citation in card.cites:
        quotes.append({"text": quote_words(citation) if citation.quote else "",
                       "where": safe(section_words(citation)), "anchor": _anchor(citation, card)})
    return quotes


def _anchor(citation: Citation, card: Card) -> str:
    """Return where in the page the quotation stands, "" where it is not from the PEP."""
    if citation.document != "PEP 3333":
        return ""
    return f"said-{card.id}" if citation.quote else citation.section


def _rule(result: RuleResult, card: Card | None) -> dict[str, Any]:
    glyph, word = _WORDS[result.verdict]
    return {"id": safe(result.id), "level": result.level.value, "verdict": result.verdict.value, "glyph": glyph,
            "word": word, "exchanges": plural(result.exchanges, "time") if result.exchanges else "",
            "title": safe(card.title) if card else "",
            "why": _paragraphs(card.explanation) if card else [], "quotes": _quotes(card)}


# -- the PEP ---------------------------------------------------------------------------------------------


def _pep(run: Run, cards: Mapping[str, Card]) -> list[dict[str, Any]]:
    mine = {f"{r.family}/{r.id}" for r in run.rules}
    # Of two cards with one id, the page speaks of the one of this run.
    blocks, _ = annotated({card.id: card for card in sorted(cards.values(), key=lambda c: c.name in mine)}.values())
    verdicts = {r.id: r.verdict for r in run.rules}
    order = list(_WORDS)
    seen: dict[str, int] = {}

    def worst(rules: tuple[str, ...]) -> str:
        present = [verdicts[rule] for rule in rules if rule in verdicts]
        if present:
            return min(present, key=order.index).value
        return "absent" if rules else ""

    def ending(rule: str) -> dict[str, str]:
        glyph, word = _WORDS[verdicts[rule]]
        seen[rule] = seen.get(rule, 0) + 1
        return {"id": rule, "verdict": verdicts[rule].value, "glyph": glyph, "word": word,
                "number": "" if seen[rule] == 1 else f"-{seen[rule]}"}

    return [{"kind": block.kind, "level": block.level, "anchor": block.anchor,
             "segments": [{"text": s.text, "kind": s.kind, "verdict": worst(s.rules),
                           "ends": [ending(rule) for rule in s.ends if rule in verdicts]} for s in block.segments]}
            for block in blocks]
