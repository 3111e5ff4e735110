"""develop(app): what an application breaks, shown where its developer looks: in the terminal, each place once.

Laws: the answer to the client stays what it is; nothing is raised; what is shown needs no logging to be set
up and cannot be hidden by a set-up that silences loggers. Standard library only.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from textwrap import fill
from typing import Any, TextIO

from .model.finding import Finding
from .model.rule import Level, Rule
from .rules import passive_rules
from .show import printable
from .validator import Validator, validator

__all__ = ["develop", "told"]

_WIDTH = 100
_lock = threading.Lock()


@cache
def _rules() -> Mapping[str, Rule]:
    return {rule.name: rule for rule in passive_rules()}


def _row(label: str, text: str) -> str:
    return fill(printable(" ".join(text.split())), _WIDTH, initial_indent=f"    {label:<7}",
                subsequent_indent=" " * 11, break_long_words=False, break_on_hyphens=False)


def told(finding: Finding) -> str:
    """Return `finding` as a few lines for the person who writes the code: where, which rule, what, the remedy."""
    rule = _rules()[finding.name]
    site = finding.site
    lines = [f"wsgicheck: {finding.name} [{finding.level.value.upper()}, {finding.culprit}]"]
    if site is not None:
        within = f", in {site.function}" if site.function else ""
        lines.append(printable(f"    at     {site.file}:{site.line}{within}"))
    if finding.layers:
        lines.append(_row("layers", " -> ".join(finding.layers)))
    lines.append(_row("found", finding.evidence))
    lines.append(_row("rule", rule.title))
    lines += [_row("remedy" if not number else "", paragraph)
              for number, paragraph in enumerate(rule.explanation.split("\n\n")) if paragraph.strip()]
    lines.append(f"    more   wsgicheck explain {finding.rule}")
    return "\n".join(lines) + "\n"


def _shown_from(least: Level, stream: TextIO | None) -> Callable[[Finding], None]:
    def show(finding: Finding) -> None:
        if finding.level.rank < least.rank:
            return
        to = sys.stderr if stream is None else stream
        # One write, so that the lines of two threads stay apart.
        with _lock:
            try:
                to.write(told(finding))
                to.flush()
            except (OSError, ValueError, AttributeError):
                pass  # a server without standard error; the application is not to suffer from that

    return show


def develop(application: Callable[..., Any], *, select: Iterable[str] = (), ignore: Iterable[str] = (),
            level: str = "should", stream: TextIO | None = None, layers: bool = False) -> Validator:
    """Wrap `application` for development: violations are shown on standard error, once for each place.

    Args:
        select: ids, families or levels of the rules to judge; all, if empty.
        ignore: ids, families or levels to leave out.
        level: the level from which on a violation is shown: "must", "should" or "advice".
        stream: where to write instead of standard error.
        layers: watch each middleware of a stack by itself, and name the one that broke the rule (see validator).

    Raises:
        ConfigError: an unknown rule or level, or an application that is not callable.
    """
    from .errors import ConfigError
    from .show import show

    levels = {one.value: one for one in Level}
    if level not in levels:
        raise ConfigError(f"level is one of {', '.join(levels)}, not {show(level)}")
    return validator(application, on_violation=_shown_from(levels[level], stream), select=select, ignore=ignore,
                     layers=layers)
