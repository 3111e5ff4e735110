"""Default runs over applications with one fault: the rule finds it, and names the very line that did it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.options import Options

pytestmark = pytest.mark.slow
SUBJECTS = Path(__file__).with_name("one_fault.py")


def marks() -> list[tuple[str, str, int]]:
    """Return (application, rule, line) for each mark in the subjects' source."""
    found, pending = [], []
    name = kind = ""
    for number, line in enumerate(SUBJECTS.read_text().splitlines(), 1):
        if defined := re.match(r"(?:def|class) (\w+)", line):
            name, kind = defined[1], line.split()[0]
            if kind == "def":
                found += [(name, rule, at) for rule, at in pending]
                pending = []
        elif assigned := re.match(r"(\w+) = \w+\(\)", line):
            found += [(assigned[1], rule, at) for rule, at in pending]
            pending = []
        if marked := re.search(r"# <- ([\w-]+)", line):
            if kind == "class":
                pending.append((marked[1], number))
            else:
                found.append((name, marked[1], number))
    return found


@pytest.mark.parametrize(("application", "rule", "line"), marks())
def test_the_line_that_did_it_is_named(application: str, rule: str, line: int) -> None:
    run = check_application(f"{SUBJECTS}:{application}", options=Options(seed=11, max_time=40))
    found = {finding.rule: finding for finding in run.findings}
    assert rule in found, sorted(found)
    site = found[rule].site
    assert site is not None
    assert Path(site.file).name == SUBJECTS.name
    assert site.line == line, f"{site.line}: {SUBJECTS.read_text().splitlines()[site.line - 1].strip()}"
