"""The report for programs that listen while a run goes on: JSON lines of schema "wsgicheck-events/1".

Laws: a line is one object and names its event; lines are ASCII and end where they end; "rule", "finding", "note" and
"end" are the same for the same seed, "progress" is as fast as the machine; after "end" or "stopped" comes nothing more
of that run. A line "broken" says what was seen first: the finding that follows has the smallest request, and knows
what a baseline or a comment silences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..model.rule import Card
from ..model.run import Run
from .json import document
from .options import Options
from .safe import line as safe

__all__ = ["SCHEMA", "broken", "ended", "line", "progress", "render", "started", "stopped"]

SCHEMA = "wsgicheck-events/1"


def line(event: str, **facts: Any) -> str:
    """Return one event as a line with its end."""
    return json.dumps({"event": event, **facts}) + "\n"


def started(kind: str, target: str, version: str = __version__) -> str:
    """Return the line that opens a run."""
    return line("start", schema=SCHEMA, version=safe(version), subject={"kind": safe(kind), "target": safe(target)})


def progress(exchanges: int, rules_broken: int, seconds_left: float | None = None, doing: str = "",
             routes: tuple[int, int] = (0, 0)) -> str:
    """Return the line that says how far a run is.

    Args:
        seconds_left: None where nothing limits the run.
        routes: how many were entered, and how many are known.
    """
    return line("progress", exchanges=exchanges, broken=rules_broken,
                seconds_left=None if seconds_left is None else round(max(0.0, seconds_left), 1), doing=safe(doing, 200),
                entered=routes[0], routes=routes[1])


def broken(rule: str, evidence: str, card: Card | None = None) -> str:
    """Return the line that says that a rule was seen broken for the first time."""
    return line("broken", rule=safe(rule), family=safe(card.family) if card else "",
                level=card.level.value if card else "", evidence=safe(evidence))


def stopped(message: str) -> str:
    """Return the line that closes a run which came to no result."""
    return line("stopped", message=safe(message))


def ended(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the lines that tell what a run has come to."""
    whole = document(run, cards, options)
    return "".join([
        *(line("rule", **rule) for rule in whole["rules"]),
        *(line("finding", **finding) for finding in whole["findings"]),
        *(line("note", text=note) for note in whole["notes"]),
        line("end", outcome=whole["outcome"], subject=whole["subject"], stats=whole["stats"], reach=whole["reach"],
             nothing_checked=whole["nothing_checked"]),
    ])


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return all lines of a run that is over; the command writes them as they come instead."""
    return started(run.subject.kind, run.subject.target, run.version or __version__) + ended(run, cards, options)
