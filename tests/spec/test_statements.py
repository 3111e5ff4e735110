"""Completeness: every statement is judged by a rule, shown legal by an example, or excused with a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from wsgicheck.report.coverage import coverage, markdown, rows
from wsgicheck.rules import every_card
from wsgicheck.spec import excuses, statements


def test_rows_named_by_cards_exist() -> None:
    known = statements()
    for card in every_card():
        for row in (*card.covers, *card.allows):
            assert row in known, f"{card.name} names {row}"
        for row in card.covers:
            assert known[row].level != "MAY" or row in card.allows, f"{card.name} judges the permission {row}"


def test_every_passive_statement_is_covered_or_excused() -> None:
    missing = [row.id for row in rows() if row.statement.check == "passive" and not row.cards and not row.excuse]
    assert not missing, f"{len(missing)} rows: {missing}"


def test_an_excuse_is_for_a_row_that_exists_and_that_nobody_judges() -> None:
    judged = {row for card in every_card() for row in card.covers}
    for row, reason in excuses().items():
        assert row in statements(), row
        assert row not in judged, f"{row} is excused and judged"
        assert len(reason) > 20, f"{row}: {reason}"


def test_coverage_counts_add_up() -> None:
    table = coverage()
    total = Counter(row.check for row in statements().values())
    assert {check: counts.total for check, counts in table.items()} == dict(total)


def test_the_committed_table_is_fresh() -> None:
    committed = Path(__file__).parents[2] / "docs" / "coverage.md"
    assert committed.read_text(encoding="utf-8") == markdown(), "wsgicheck rules --coverage > docs/coverage.md"
