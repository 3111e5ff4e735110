"""Whole sites: each fault is found by its rule alone, at its line; what is lawful is left in peace."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures"))

from hygiene.faulty import FAULTY
from hygiene.legal import LEGAL

from wsgicheck.active.doctor import import_rules, judge_import
from wsgicheck.harness.import_stage import import_facts
from wsgicheck.model.finding import Finding
from wsgicheck.model.imported import Imported

RULES = import_rules()


@cache
def facts() -> dict[str, Imported]:
    """The facts of all sites: one process, a fork for each load."""
    names = [*FAULTY, *LEGAL]
    return dict(zip(names, import_facts([*(site.files for site in FAULTY.values()), *LEGAL.values()]), strict=True))


def findings(name: str) -> list[Finding]:
    judgement = judge_import(facts()[name], RULES)
    assert not judgement.crashed
    return judgement.findings


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_found_by_its_rule_alone_at_its_line(name: str) -> None:
    site = FAULTY[name]
    found = findings(name)
    assert [finding.rule for finding in found] == [site.rule], found
    place = found[0].site
    assert (f"{Path(place.file).name}:{place.line}" if place else "") == site.place


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_lawful_is_left_in_peace(name: str) -> None:
    assert findings(name) == []


def test_every_rule_has_a_site_that_breaks_it() -> None:
    # An extension module that works in one interpreter alone is none that a fixture could bring along.
    assert {rule.id for rule in RULES} - {site.rule for site in FAULTY.values()} == {
        "extensions-work-in-sub-interpreters"}
