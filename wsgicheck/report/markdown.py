"""Markdown (GitHub's) for the summary of a build step, an issue or a chat, and for the pages about rules.

Laws: text from a subject stands in a code span or block that it cannot end, so that it makes no markup, no
link, no mention and no HTML; text of ours is escaped where it could be markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model.finding import Finding
from ..model.rule import Card, Citation
from ..model.run import Run, RunVerdict
from .block import drive_words, quote_words, request_words, section_words, seen_words
from .options import Options
from .plain import pieces, place_words
from .reproduce import curls
from .safe import line as safe
from .script import script
from .source import excerpt
from .view import RunView, plural, reach_words

__all__ = ["card_help", "code", "escaped", "fence", "finding_markdown", "prose", "render"]

_WORDS = {RunVerdict.HOLDS: "holds", RunVerdict.BROKEN: "broken", RunVerdict.UNEXERCISED: "not exercised",
          RunVerdict.KNOWN: "known", RunVerdict.CRASHED: "crashed"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~^$#!]|(?<=:)//|(?<=www)\.|^[-+=]|^\d+(?=[.)]))")


def escaped(text: str) -> str:
    """Return printable `text` of ours as Markdown that shows exactly it."""
    whole = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda found: found[0] + "\\" if found[0][0].isdigit() else "\\" + found[0], whole)


def code(text: str, *, cell: bool = False) -> str:
    """Return printable `text` of one line as a code span; `cell`: inside a table."""
    if not text.strip():
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    inner = f" {text} " if text.startswith("`") or text.endswith("`") or ticks != "`" else text
    span = f"{ticks}{inner}{ticks}"
    return span.replace("|", "\\|") if cell else span


def fence(text: str, language: str = "") -> str:
    """Return the lines of `text` as a fenced block."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}\n"


def prose(text: str) -> str:
    """Return the text of a card as Markdown: `words in backticks` stay code, all else is shown as it is."""
    return "".join(code(part) if kind else escaped(part) for kind, part in pieces(text))


def _paragraphs(text: str) -> str:
    return "\n\n".join(prose(safe(" ".join(p.split()), 10_000)) for p in text.split("\n\n") if p.strip())


def _quotation(citation: Citation) -> str:
    where = escaped(safe(section_words(citation)))
    linked = f"[{where}](<{citation.url}>)" if citation.url.startswith("https://") and ">" not in citation.url \
        else where
    document = "" if where.startswith(escaped(citation.document)) else f"{escaped(safe(citation.document))}, "
    if not citation.quote:
        return f"See {document}{linked}.\n"
    return f"> {prose(quote_words(citation))}\n>\n> {document}{linked}\n"


def card_help(card: Card) -> str:
    """Return a rule's title, explanation and grounds as Markdown."""
    parts = [f"**{prose(safe(card.title))}**\n", _paragraphs(card.explanation) + "\n" if card.explanation else ""]
    parts += [_quotation(citation) for citation in card.cites]
    return "\n".join(part for part in parts if part)


def finding_markdown(finding: Finding, view: RunView, card: Card | None) -> str:
    """Return one finding as Markdown, without a heading."""
    rows = [("where", code(place_words(finding)))]
    case = finding.case
    if case is not None:
        rows += [("request", code(request_words(case.request))), ("server", escaped(drive_words(case.drive)))]
    rows += [("then", code(request_words(between.request))) for between in finding.between]
    if finding.twin is not None:
        rows.append(("against", code(request_words(finding.twin.request))))
    if finding.layers:
        rows.append(("layers", code(" -> ".join(safe(layer, 200) for layer in finding.layers))))
    rows.append(("seen in", seen_words(finding, view.run)))
    rows.append(("again", code(f"wsgicheck replay {view.id(finding)}")))
    parts = [f"{code(safe(finding.evidence))}\n"]
    parts.append("".join(f"- {label}: {text}\n" for label, text in rows if text))
    found = excerpt(finding.site, card, finding.evidence)
    if found is not None:
        parts.append(fence("".join(
            f"{source.text}{'  # <- line ' + str(source.number) if source.number == found.number else ''}\n"
            for source in found.lines), "python"))
    if card is not None:
        parts.append(card_help(card))
    return "\n".join(parts)


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the whole report as Markdown."""
    view = RunView(run, options.fail_on)
    parts = [f"## wsgicheck: {view.outcome}\n", _subject(view)]
    if run.nothing_checked:
        parts.append(f"**Nothing was really checked:** {code(safe(run.nothing_checked))}\n")
    if run.layers:
        stack = " → ".join(code(safe(layer, 200)) for layer in run.layers)
        parts.append(f"Layers: {stack} ({len(run.layers)} found, each watched)\n")
    if reach_words(run):
        missed = ", ".join(code(safe(path, 120)) for path in run.reach.get("unreached", ())[:20])
        parts.append(f"{reach_words(run)}{f'; not entered: {missed}' if missed else ''}\n")
    notes = [note for note in run.notes if not run.layers or not note.startswith("layers, ")]
    if notes:
        parts.append("".join(f"- {code(safe(note))}\n" for note in notes))
    if not options.quiet:
        parts.append(_table(view))
    for number, finding in enumerate(view.findings, 1):
        card = cards.get(finding.name)
        parts.append(f"### {number}\\. {escaped(finding.name)}\n")
        parts.append(f"**{finding.level.value.upper()}**, {code(safe(finding.culprit, 100))}\n")
        parts.append(finding_markdown(finding, view, card))
        parts.append(_reproduce(finding, view, card))
    if view.accepted:
        parts.append(f"{plural(len(view.accepted), 'finding')} accepted in the baseline: "
                     + ", ".join(code(f"{f.rule} ({view.id(f)})") for f in view.accepted) + "\n")
    unexercised = view.with_verdict(RunVerdict.UNEXERCISED)
    if unexercised:
        names = ", ".join(code(f"{r.family}/{r.id}") for r in unexercised)
        parts.append(f"<details><summary>{plural(len(unexercised), 'rule')} not exercised, so not passed"
                     f"</summary>\n\n{names}\n\n</details>\n")
    return "\n".join(part for part in parts if part)


def _subject(view: RunView) -> str:
    run = view.run
    details = "".join(f", {code(safe(d, 200))}" for d in run.subject.details)
    return (f"{escaped(run.subject.kind)} {code(safe(run.subject.target, 300))}{details}: "
            f"{plural(len(view.findings), 'finding')} in {plural(run.exchanges, 'exchange')}, "
            f"{run.seconds:.1f} s, seed {run.seed}\n")


def _table(view: RunView) -> str:
    rows = ["| family | rules | holds | broken | not exercised | known | crashed |",
            "|---|---:|---:|---:|---:|---:|---:|"]
    order = (RunVerdict.HOLDS, RunVerdict.BROKEN, RunVerdict.UNEXERCISED, RunVerdict.KNOWN, RunVerdict.CRASHED)
    for family in view.families():
        counts = " | ".join(str(family.count(verdict) or "") for verdict in order)
        rows.append(f"| {code(safe(family.name), cell=True)} | {len(family.results)} | {counts} |")
    return "\n".join(rows) + "\n"


def _reproduce(finding: Finding, view: RunView, card: Card | None) -> str:
    parts = [fence(curls(finding), "sh")] if curls(finding) else []
    python = script(finding, view.run.subject, card)
    if not python and not parts:
        return ""
    if python:
        parts.append(fence(python, "python"))
    return "<details><summary>See it again</summary>\n\n" + "\n".join(parts) + "\n</details>\n"
