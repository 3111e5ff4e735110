"""GitHub annotations: workflow commands on the standard output of a step.

Laws: GitHub shows ten annotations of a kind and step, so the nine worst are named and the rest counted; every
line is one command of ours, because nothing from a subject can end a line or a property.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.finding import Finding
from ..model.rule import ADVICE, MUST, SHOULD, Card, Level
from ..model.run import Run, RunVerdict
from .options import Options
from .plain import first_pep, from_root, place_words
from .prose import remedy
from .safe import line as safe
from .source import excerpt
from .view import RunView, plural

__all__ = ["SHOWN", "render"]

SHOWN = 9
_COMMANDS: dict[Level, str] = {MUST: "error", SHOULD: "warning", ADVICE: "notice"}


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the workflow commands, one a line; the summary of the step is format "markdown"."""
    view = RunView(run, options.fail_on)
    about = _about_the_run(view)
    shown = SHOWN - len(about)
    lines = [_annotation(f, view, cards.get(f.name), options.root) for f in view.findings[:shown]]
    more = len(view.findings) - shown
    if more > 0:
        worst = view.findings[shown].level
        lines.append(command(_COMMANDS[worst], f"{plural(more, 'more finding')}: see the summary of this step",
                             title="wsgicheck"))
    return "".join(line + "\n" for line in (*lines, *about))


def _about_the_run(view: RunView) -> list[str]:
    """Return what is no finding and must not be missed."""
    lines = []
    crashed = view.with_verdict(RunVerdict.CRASHED)
    if crashed:
        names = ", ".join(safe(r.id) for r in crashed)
        lines.append(command("error", f"a bug of wsgicheck: {plural(len(crashed), 'check')} crashed: {names}",
                             title="wsgicheck"))
    if view.run.nothing_checked:
        lines.append(command("error", f"nothing was really checked: {safe(view.run.nothing_checked)}",
                             title="wsgicheck"))
    return lines


def command(name: str, message: str, **properties: str) -> str:
    """Return the workflow command `name`, escaped as the runner unescapes it."""
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {said}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _annotation(finding: Finding, view: RunView, card: Card | None, root: str) -> str:
    site = finding.site
    place: dict[str, str] = {}
    if site is not None:
        place = {"file": safe(from_root(site.file, root), 1000), "line": str(site.line)}
        found = excerpt(site, card, finding.evidence)
        if found is not None:
            place |= {"col": str(found.column), "endColumn": str(found.end_column)}
    parts = [safe(finding.evidence), safe(card.title) if card else "", first_pep(card) if card else "",
             safe(" ".join(remedy(card.explanation)[1].split())) if card else "",
             f"Again: wsgicheck replay {view.id(finding)}"]
    where = place_words(finding)
    title = f"{finding.name} ({finding.level.value.upper()}, {safe(finding.culprit, 60)})"
    message = "\n".join(part for part in parts if part)
    return command(_COMMANDS[finding.level], message if where else f"{safe(view.run.subject.target, 200)}: {message}",
                   **place, title=title)
