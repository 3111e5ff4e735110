"""One line a finding, `file:line: RULE [layer] message`, as editors and grep read it."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.rule import Card
from ..model.run import Run
from .options import Options
from .safe import line as safe
from .safe import to_ascii
from .view import RunView

__all__ = ["render"]


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return a line for each new finding; nothing at all where there is none.

    A finding without a line of code has the subject's target in its place.
    """
    view = RunView(run, options.fail_on)
    lines = []
    for finding in view.findings:
        site = finding.site
        place = f"{safe(site.file, 1000)}:{site.line}" if site else safe(run.subject.target, 300)
        lines.append(f"{place}: {finding.level.value.upper()} {finding.name} [{safe(finding.culprit, 100)}] "
                     f"{safe(finding.evidence)} ({view.id(finding)})\n")
    text = "".join(lines)
    return to_ascii(text) if options.ascii else text
