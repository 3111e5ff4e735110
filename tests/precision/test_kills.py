"""The kill matrix: each one-defect application is found by its rule, by no other, and by default settings."""

from __future__ import annotations

import pytest

from fixtures.kills import Defect, defects, kill, rows
from wsgicheck.model.rule import Side
from wsgicheck.rules import cards_about


def _id(defect: Defect) -> str:
    return defect.label


def test_the_matrix_is_complete() -> None:
    every, committed = list(defects()), rows()
    assert list(committed) == [defect.label for defect in every]
    assert len(every) >= 150
    ids = {card.id for card in cards_about(Side.APPLICATION)}
    assert {defect.rule for defect in every} <= ids
    shy = [line for line in committed.values() if line.endswith("\tshy")]
    assert len(shy) * 2 >= len(every)
    for line in committed.values():
        _, rule, found, _ = line.split("\t")
        assert found == rule


@pytest.mark.parametrize("defect", list(defects())[::20], ids=_id)
def test_a_sample_is_found_by_its_rule_alone(defect: Defect) -> None:
    assert kill(defect).row() == rows()[defect.label]


@pytest.mark.slow
@pytest.mark.parametrize("defect", list(defects()), ids=_id)
def test_each_is_found_by_its_rule_alone(defect: Defect) -> None:
    assert kill(defect).row() == rows()[defect.label]
