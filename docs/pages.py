"""Writes the pages that are made from the cards: a page a rule, the annotated PEP, the tables of what is covered.

Nothing here is written twice: what a page says stands on a card, in fixtures/ or in the pinned PEP.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wsgicheck.model.rule import Card
from wsgicheck.report.catalogue import explain
from wsgicheck.report.markdown import code, escaped, fence, prose
from wsgicheck.report.pep import Block, annotated
from wsgicheck.rules import every_card

FIXTURES = Path(__file__).parent.parent / "fixtures"


def place(card: Card) -> str:
    """Return the page of a card below generated/; two families may have one name, so the module decides."""
    module = card.check.__module__.split(".rules.", 1)[1].replace(".", "/").replace("_", "-")
    return f"rules/{module}/{card.id}.md"


def families(cards: Iterable[Card]) -> dict[str, list[Card]]:
    """Return the cards by the folder of their pages, in order."""
    found: dict[str, list[Card]] = {}
    for card in cards:
        found.setdefault(str(Path(place(card)).parent), []).append(card)
    return found


def put(path: Path, text: str) -> None:
    """Write one page, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def toctree(entries: Iterable[str]) -> str:
    """Return a hidden table of contents."""
    return "\n".join(["```{toctree}", ":hidden:", ":maxdepth: 1", "", *entries, "```", ""])


def rule_pages(out: Path) -> None:
    """Write a page a rule, one a family, and their index."""
    grouped = families(every_card())
    lines = ["# Rules", "", f"{sum(map(len, grouped.values()))} rules in {len(grouped)} families.", "",
             "| family | rules | binds |", "|---|---|---|"]
    for folder, cards in grouped.items():
        name = folder.removeprefix("rules/")
        sides = ", ".join(dict.fromkeys(card.binds.value for card in cards))
        lines.append(f"| [{name}]({name}/index.md) | {len(cards)} | {sides} |")
        body = [f"# {name}", "", "| rule | level | what holds |", "|---|---|---|"]
        for card in cards:
            title = prose(card.title).replace("|", "\\|").replace("\\\\|", "\\|")
            body.append(f"| [{card.id}]({card.id}.md) | {card.level.value.upper()} | {title} |")
            put(out / place(card), explain(card, "markdown"))
        put(out / folder / "index.md", "\n".join(body) + "\n\n" + toctree(card.id for card in cards))
    index = toctree(f"{folder.removeprefix('rules/')}/index" for folder in grouped)
    put(out / "rules" / "index.md", "\n".join(lines) + "\n\n" + index)


def _segments(block: Block, pages: dict[str, str]) -> str:
    parts = []
    for segment in block.segments:
        text = code(segment.text) if segment.kind == "code" else escaped(segment.text)
        if segment.kind == "strong":
            text = f"**{text}**" if text.strip() else text
        elif segment.kind == "em":
            text = f"*{text}*" if text.strip() else text
        if segment.rules and text.strip():
            left = text[:len(text) - len(text.lstrip())]
            right = text[len(text.rstrip()):]
            text = f"{left}[{text.strip()}]{{.judged}}{right}"
        parts.append(text)
        for name in segment.ends:
            if name in pages:
                parts.append(f" ([{name}]({pages[name]}))")
    return "".join(parts)


def pep_page(out: Path) -> None:
    """Write PEP 3333 with the rule that judges a sentence beside the sentence."""
    cards = every_card()
    pages = {card.id: place(card) for card in cards}
    blocks, missing = annotated(cards)
    lines = ["# PEP 3333, annotated", "", "The words of the PEP, which is in the public domain; what is underlined is "
             "judged, by the rule that follows it.", ""]
    for block in blocks:
        if block.kind == "heading":
            lines.append("#" * block.level + " " + _segments(block, pages))
        elif block.kind == "pre":
            lines.append(fence(block.segments[0].text, "text"))
        else:
            text = _segments(block, pages)
            lines.append(f"- {text[2:]}" if text.startswith("• ") else text)
        lines.append("")
    if missing:
        lines += ["# Rules that rest on something else", "",
                  "These quote an RFC or a practice: " + ", ".join(
                      f"[{name}]({pages[name]})" for name in missing if name in pages) + "."]
    put(out / "pep.md", "\n".join(lines) + "\n")


def _toml(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml"))]


def servers_page(out: Path) -> None:
    """Write what each real server was found to break, from the committed verdicts."""
    lines = ["# Servers", "", "What real servers were found to break, each as installed and started by its recipe. "
             "The evidence stands in `fixtures/servers/`; each finding at MUST was shown again by a proof of its own, "
             "which uses neither probe nor judges, and whose transcript stands there too; why the server does it is "
             "below.", "",
             "| server | version | rules that hold | broken: MUST | SHOULD | ADVICE |", "|---|---|---|---|---|---|"]
    details = []
    for name, record in _toml(FIXTURES / "servers"):
        broken = record.get("broken", {})
        count = {level: sum(one["level"] == level for one in broken.values()) for level in ("must", "should", "advice")}
        held = sum(verdict == "holds" for verdict in record["verdicts"].values())
        lines.append(f"| {name} | {escaped(', '.join(record['versions']))} | {held} | {count['must']} | "
                     f"{count['should']} | {count['advice']} |")
        if broken:
            details += [f"## {name}", ""]
        for rule, one in broken.items():
            details.append(f"- {code(rule.rpartition('/')[2])}: {prose(one['evidence'][:300])}")
            if "by_hand" in one:
                details.append(f"  <br>{prose(one['by_hand'])}")
        details.append("")
    put(out / "servers.md", "\n".join([*lines, "", *details]) + "\n")


def _broken(record: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in record.get("broken", {}).items():
        text = value if isinstance(value, str) else str(value.get("evidence", "") or value.get("note", ""))
        found[name.rpartition("/")[2]] = " ".join(text.split())[:300]
    return found


def middleware_page(out: Path) -> None:
    """Write what real middleware was found to break, from the committed verdicts."""
    lines = ["# Middleware", "", "What real middleware was found to break. The evidence stands in "
             "`fixtures/middleware/real/`.", "", "| middleware | version | broken |", "|---|---|---|"]
    for name, record in _toml(FIXTURES / "middleware" / "real"):
        broken = ", ".join(code(rule) for rule in _broken(record)) or "nothing"
        lines.append(f"| {name} | {escaped(str(record.get('version', '')))} | {broken} |")
    put(out / "middleware.md", "\n".join(lines) + "\n")


def write(out: Path) -> None:
    """Write every generated page below `out`, which is made anew."""
    shutil.rmtree(out, ignore_errors=True)
    rule_pages(out)
    pep_page(out)
    servers_page(out)
    middleware_page(out)
