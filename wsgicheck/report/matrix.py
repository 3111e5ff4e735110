"""Many servers at a glance: one HTML file with a row a server, a column a family, each cell opening to its evidence.

Laws: nothing is loaded from outside, and the page's own policy forbids it; every value is escaped; a verdict is
a glyph and a word and not a colour alone; without a script a cell is a link to its evidence all the same.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ..model.run import Run
from .safe import line as safe

__all__ = ["Judged", "Row", "render_matrix", "row_of"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's verdict on one server.

    Attributes:
        tape: what happened.
        note: what a person found out.
        again: the line for the shell, or the program, that shows it again.
    """

    family: str
    rule: str
    level: str
    verdict: str
    evidence: str = ""
    tape: tuple[str, ...] = ()
    note: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One server.

    Attributes:
        why: why it could not be checked, "" where it was.
        log: the last lines of its log, where it could not.
    """

    name: str
    title: str
    versions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()
    why: str = ""
    log: tuple[str, ...] = ()


def row_of(run: Run, title: str = "") -> Row:
    """Return the row of a finished run."""
    found = {finding.rule: finding for finding in run.findings}
    judged = []
    for result in run.rules:
        finding = found.get(result.id)
        judged.append(Judged(result.family, result.id, result.level.value, result.verdict.value,
                             finding.evidence if finding else "", finding.events if finding else (),
                             again=(finding.shell or finding.program) if finding else ""))
    notes, log = (run.notes, ()) if judged else ((), run.notes)
    return Row(run.subject.target, title or run.subject.target, run.subject.details, notes, tuple(judged),
               run.nothing_checked, log)


# Where the catalogue's own rules watched from inside the server, their families share one column.
_INSIDE = "inside"


def _column(family: str) -> str:
    return family.removeprefix("server-") if family.startswith("server-") else _INSIDE


_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #c8c8c8; --soft: #f3f3f3;
  --must: #a3121f; --should: #7a4d00; --advice: #0b5d75; --ok: #1c6b2a; --none: #5c5c5c; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #161616; --line: #444; --soft: #222;
  --must: #ff8a90; --should: #f0b95a; --advice: #7ccbe3; --ok: #7fd18c; --none: #a5a5a5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 110rem; font: 1rem/1.45 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
.wide { overflow-x: auto; border: 1px solid var(--line); margin: 1rem 0; }
table { border-collapse: collapse; min-width: 100%; }
th, td { border: 1px solid var(--line); padding: 0; text-align: center; white-space: nowrap; }
thead th { padding: .5rem .3rem; writing-mode: vertical-rl; font-weight: 600; background: var(--soft); }
thead th:first-child { writing-mode: horizontal-tb; text-align: left; vertical-align: bottom; padding: .5rem; }
tbody th { position: sticky; left: 0; background: var(--soft); text-align: left; padding: .3rem .5rem;
  font-weight: 600; max-width: 11rem; white-space: normal; }
td a { display: block; padding: .45rem .4rem; min-width: 2.4rem; color: inherit; text-decoration: none; }
td a:hover, td a:focus-visible { outline: 2px solid currentColor; outline-offset: -2px; }
.must { color: var(--must); font-weight: 700; } .should { color: var(--should); font-weight: 600; }
.advice { color: var(--advice); } .holds { color: var(--ok); } .none { color: var(--none); }
section { border-top: 1px solid var(--line); padding: .6rem 0; } h2 { font-size: 1.15rem; margin: .3rem 0; }
details { margin: .3rem 0; } summary { cursor: pointer; padding: .2rem; } :target { background: var(--soft); }
ul { margin: .3rem 0; padding-left: 1.2rem; } li { margin: .35rem 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .5rem; font-size: .85rem;
  margin: .3rem 0; }
.small { color: var(--none); font-size: .9rem; }
"""
_SCRIPT = """
const open = () => { const at = document.getElementById(location.hash.slice(1));
  if (at) { at.closest("details").open = true; at.scrollIntoView(); } };
addEventListener("hashchange", open); open();
"""


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(value: str) -> str:
    return escape(safe(value))


_WORDS = {"holds": ("✔", "holds"), "broken": ("✘", "broken"), "unexercised": ("–", "not exercised"),
          "known": ("≈", "known"), "crashed": ("‼", "crashed")}


def _cell(judged: Sequence[Judged]) -> tuple[str, str, str]:
    """Return class, what stands in the cell, and its words."""
    broken = [one for one in judged if one.verdict == "broken"]
    for level in ("must", "should", "advice"):
        count = sum(one.level == level for one in broken)
        if count:
            return level, f"✘ {count}", f"{count} broken at {level.upper()}"
    if any(one.verdict == "crashed" for one in judged):
        return "must", "‼", "a check crashed"
    if any(one.verdict == "holds" for one in judged):
        return "holds", "✔", "holds"
    return "none", "–", "not exercised"


def _item(one: Judged) -> Iterable[str]:
    glyph, word = _WORDS.get(one.verdict, ("?", one.verdict))
    kind = one.level if one.verdict == "broken" else "holds" if one.verdict == "holds" else "none"
    yield (f'<li><span class="{kind}">{glyph} {word}</span> <b>{_text(one.rule)}</b> '
           f'<span class="small">{one.level.upper()}</span>')
    if one.evidence:
        yield f"<br>{_text(one.evidence)}"
    if one.note:
        yield f'<br><span class="small">By hand: {_text(one.note)}</span>'
    if one.tape:
        yield "<pre>" + "\n".join(_text(entry) for entry in one.tape) + "</pre>"
    if one.again:
        lines = "\n".join(escape(safe(line, 100_000)) for line in one.again.rstrip("\n").split("\n"))
        yield f"<details><summary>See it again</summary><pre>{lines}</pre></details>"
    yield "</li>"


def _section(row: Row, columns: Mapping[str, Sequence[Judged]]) -> Iterable[str]:
    yield f'<section><h2>{_text(row.title)}</h2><p class="small">{_text(" · ".join((*row.versions, *row.notes)))}</p>'
    if row.why:
        yield f"<p>Not checked: {_text(row.why)}</p>"
    if row.log:
        yield "<pre>" + "\n".join(_text(line) for line in row.log) + "</pre>"
    for column, judged in columns.items():
        kind, _, words = _cell(judged)
        order = sorted(judged, key=lambda one: (one.verdict != "broken", one.verdict == "unexercised"))
        yield (f'<details><summary>{_text(column.replace("-", " "))}: <span class="{kind}">{words}</span></summary>'
               f'<ul id="{_text(row.name)}--{_text(column)}">')
        for one in order:
            yield from _item(one)
        yield "</ul></details>"
    yield "</section>"


def render_matrix(rows: Sequence[Row]) -> str:
    """Return the page."""
    by_row: list[dict[str, list[Judged]]] = []
    columns: dict[str, None] = {}
    for row in rows:
        own: dict[str, list[Judged]] = {}
        for one in row.judged:
            own.setdefault(_column(one.family), []).append(one)
            columns.setdefault(_column(one.family))
        by_row.append(own)
    out = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
           '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
           f"style-src '{_digest(_STYLE)}'; script-src '{_digest(_SCRIPT)}'\">",
           '<meta name="viewport" content="width=device-width, initial-scale=1">',
           f"<title>WSGI servers and PEP 3333</title><style>{_STYLE}</style></head><body>",
           "<h1>WSGI servers and PEP 3333</h1>",
           f"<p>{len(rows)} servers by {len(columns)} families of rules. "
           '<span class="holds">✔ all that was judged holds</span>, '
           '<span class="must">✘ n rules broken at MUST</span>, '
           '<span class="should">✘ n at SHOULD</span>, '
           '<span class="advice">✘ n at ADVICE</span>, '
           '<span class="none">– not exercised</span>. Each cell leads to its evidence.</p>',
           '<div class="wide"><table><thead><tr><th scope="col">server</th>']
    out += [f'<th scope="col">{_text(column.replace("-", " "))}</th>' for column in columns]
    out.append("</tr></thead><tbody>")
    for row, own in zip(rows, by_row, strict=True):
        out.append(f'<tr><th scope="row">{_text(row.name)}</th>')
        if row.why and not own:
            out.append(f'<td class="none" colspan="{max(1, len(columns))}">not checked: {_text(row.why)}</td></tr>')
            continue
        for column in columns:
            if column in own:
                kind, mark, words = _cell(own[column])
                name, said = _text(row.name), _text(column)
                out.append(f'<td class="{kind}"><a href="#{name}--{said}" title="{name}, {said}: {words}">'
                           f'{mark}</a></td>')
            else:
                out.append('<td class="none">–</td>')
        out.append("</tr>")
    out.append("</tbody></table></div>")
    for row, own in zip(rows, by_row, strict=True):
        out += _section(row, own)
    out.append(f"<script>{_SCRIPT}</script></body></html>")
    return "\n".join(out) + "\n"
