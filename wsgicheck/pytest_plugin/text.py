"""A finding as the text of a failed test: the block that the command prints, and the pytest line that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..model.finding import Finding
from ..model.rule import Card, Level
from ..model.run import Run
from ..report import Options, render
from ..report.block import Blocks
from ..report.paint import UNICODE, paint
from ..report.view import RunView
from ..show import printable

__all__ = ["finding_block", "run_text", "summary_line"]

_WIDTH = 96


def finding_block(finding: Finding, run: Run, card: Card, number: int, again: Sequence[str]) -> str:
    """Return what is broken, where, by which request, on what ground, and how to see it again.

    Args:
        again: the command line that makes the same run.
    """
    # What no curl can say, a program can, and there is no -v to ask for it afterwards.
    options = Options(width=_WIDTH, verbose=bool(finding.program))
    blocks = Blocks(RunView(run, card.level), {card.name: card}, options, UNICODE)
    return paint(blocks.block(number, finding), color=False, ascii=False) + f"  pytest    {shlex.join(again)}\n"


def run_text(run: Run, fail_on: Level) -> str:
    """Return the run's report as the command prints it."""
    return render(run, "text", width=_WIDTH, fail_on=fail_on)


def summary_line(finding: Finding) -> str:
    """Return the one line that pytest's summary shows beside the item's name."""
    place = f" ({finding.site.file}:{finding.site.line})" if finding.site else ""
    return printable(finding.evidence + place)
