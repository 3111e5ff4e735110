"""Bugs that published releases had are found in the release that had them, and not in the one that mended them."""

from __future__ import annotations

import pytest

from fixtures.releases.pairs import HERE, Pair, broken, pairs
from wsgicheck.model.rule import Side
from wsgicheck.rules import cards_about


def test_there_are_fifteen_pairs_and_each_says_where_it_is_from() -> None:
    ids = {card.id for card in cards_about(Side.APPLICATION)}
    assert len(pairs()) >= 15
    for pair in pairs():
        assert pair.rule in ids
        assert pair.source.startswith("https://")
        assert pair.fact
        assert (HERE / "apps" / pair.app).exists()


@pytest.mark.slow
@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair.name)
def test_a_bug_is_found_where_it_was_and_not_where_it_was_mended(pair: Pair) -> None:
    assert pair.rule in broken(pair, pair.had)
    assert pair.rule not in broken(pair, pair.fixed)
