"""Real middleware: the committed verdicts of fixtures/middleware/real/, and the table made of them."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from wsgicheck.active.middleware import check_middleware
from wsgicheck.active.options import Options
from wsgicheck.model.run import Run

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "middleware" / "real"
TABLE = FOLDER / "TABLE.md"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one middleware, and how it was proved."""

    name: str
    distribution: str
    version: str
    role: str
    findings: dict[str, dict[str, Any]]
    notes: str

    @property
    def installed(self) -> str:
        """The version that is installed, "" for none."""
        try:
            return metadata.version(self.distribution) if self.distribution else "standard library"
        except metadata.PackageNotFoundError:
            return ""


def verdicts() -> list[Verdict]:
    """Return every committed verdict, by name."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(Verdict(path.stem, data["distribution"], data["version"], data["role"], data.get("findings", {}),
                             data.get("notes", "")))
    return found


def check(name: str) -> Run:
    """Run the middleware of that name, as subjects.py puts it around an application."""
    logging.getLogger().addHandler(logging.NullHandler())
    return check_middleware(f"{FOLDER / 'subjects.py'}:{name}",
                            options=Options(seed=1, max_examples=20, max_time=300, timeout=30, shrink=False))


def table() -> str:
    """Return the table of all verdicts as Markdown."""
    lines = ["# Real middleware", "",
             "Made by `python tests/middleware/real.py` out of the files beside it, which say how each was proved.",
             "", "| middleware | release | what it does | MUST | SHOULD | advice |", "|---|---|---|---|---|---|"]
    for verdict in verdicts():
        cells = []
        for level in ("must", "should", "advice"):
            rules = [rule for rule, facts in verdict.findings.items() if facts["level"] == level]
            cells.append("<br>".join(rules) or "–")
        lines.append(f"| {verdict.name} | {verdict.distribution or 'Python'} {verdict.version} | {verdict.role} | "
                     + " | ".join(cells) + " |")
    clean = sum(not verdict.findings for verdict in verdicts())
    lines += ["", f"{len(verdicts())} middlewares, {clean} without a finding.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
