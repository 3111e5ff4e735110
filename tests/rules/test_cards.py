"""Every card proves itself: a bad example breaks exactly its rule, a good one breaks nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading

import pytest

from wsgicheck.model.rule import Card, Example, Relation, Rule
from wsgicheck.rules import catalogue, process_rules
from wsgicheck.selftest import perform, perform_relation
from wsgicheck.spec import fold, pep_text

CARDS = catalogue()
EXAMPLES = [
    pytest.param(card, example, id=f"{card.name}-{'bad' if example.bad else 'good'}{number}")
    for card in CARDS
    if card not in process_rules()  # these are put on stage in tests/active, in a process of their own
    for number, example in enumerate(card.examples)
    if example.kind != "import"  # in tests/doctor: each of these takes processes of its own
]


_ELSEWHERE = """
import json, sys
from wsgicheck.rules import catalogue
from wsgicheck.selftest import perform_relation
card = next(card for card in catalogue() if card.id == sys.argv[1])
print(json.dumps(perform_relation(card, card.examples[int(sys.argv[2])])))
"""


def elsewhere(card: Relation, example: Example) -> str | None:
    """Return what `perform_relation` does, of an interpreter of its own."""
    arguments = [card.id, str(card.examples.index(example))]
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", _ELSEWHERE, *arguments],
                          capture_output=True, text=True, check=True, timeout=120)
    evidence: str | None = json.loads(done.stdout)
    return evidence


@pytest.mark.parametrize(("card", "example"), EXAMPLES)
@pytest.mark.filterwarnings("ignore")
def test_example(card: Card, example: Example) -> None:
    if isinstance(card, Relation):
        # A process that has served nothing is forked, which is not done where another test has left a thread behind.
        evidence = perform_relation(card, example) if threading.active_count() == 1 else elsewhere(card, example)
        assert (evidence is not None) == example.bad, evidence
        return
    tally: dict[str, int] = {}
    observed = perform(example, tally=tally)
    assert not observed.crashed
    broken = {breach.rule.id: breach.evidence for breach in observed.breaches}
    assert set(broken) == ({card.id} if example.bad else set()), broken
    if isinstance(card, Rule):
        assert tally, "an example at which no rule had anything to say proves nothing"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_card_is_complete(card: Card) -> None:
    assert card.title.endswith("."), card.title
    assert len(card.explanation) > 80, "says what goes wrong in practice and what to write instead"
    assert card.covers or card.allows
    assert card.cites
    kinds = {example.bad for example in card.examples}
    assert kinds == {True, False}, "has both bad and good examples"
    assert not re.search(r"\b(check|must)\b", card.id), "an id states what holds"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_quotations_are_word_for_word(card: Card) -> None:
    text = fold(pep_text())
    for citation in card.cites:
        if citation.document == "PEP 3333":
            assert citation.quote
            assert fold(citation.quote) in text, citation.quote


def test_ids_are_unique() -> None:
    ids = [name for card in CARDS for name in (card.id, *card.formerly)]
    assert len(ids) == len(set(ids)), sorted({name for name in ids if ids.count(name) > 1})
