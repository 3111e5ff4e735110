"""Each miniature with one defect is found out by exactly its rule, and each legal one by none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniatures import HEADER, MATRIX, check, committed, miniatures, row

from wsgicheck.rules import catalogue

ALL = list(miniatures())
pytestmark = pytest.mark.filterwarnings("ignore")  # what the defective ones leave behind for the garbage collector


@pytest.mark.slow
@pytest.mark.parametrize(("name", "factory", "rule"), ALL, ids=[name for name, _, _ in ALL])
def test_the_defect_is_one_finding_and_what_is_legal_is_none(name: str, factory: Callable[..., Any], rule: str) -> None:
    run = check(factory)
    assert {finding.rule for finding in run.findings} == ({rule} if rule else set())
    assert not run.nothing_checked
    assert row(name, rule, run) == committed()[name], "a kill was lost or gained: python tests/middleware/miniatures.py"


def test_the_matrix_is_whole() -> None:
    assert MATRIX.read_text(encoding="utf-8").startswith(HEADER)
    assert list(committed()) == [name for name, _, _ in ALL]


def test_there_are_enough_miniatures_and_their_rules_exist() -> None:
    rules = {card.id for card in catalogue()}
    faulty = [rule for _, _, rule in ALL if rule]
    assert len(faulty) >= 40
    assert len(ALL) - len(faulty) >= 15
    assert set(faulty) <= rules


def test_every_rule_over_both_sides_has_a_miniature() -> None:
    judged = {card.id for card in catalogue() if card.family.startswith("middleware-")}
    assert judged == judged & {rule for _, _, rule in ALL}
