"""The cards about servers are complete: rows, quotes, strategies, and what runs inside a server's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wsgicheck.active.server_inputs import INPUTS
from wsgicheck.model.rule import SERVER
from wsgicheck.model.scene import Scene, Send
from wsgicheck.rules import catalogue
from wsgicheck.rules.server import everyday, scenes
from wsgicheck.spec import excuses, fold, pep_text, statements

SCENES = scenes()
by_id = pytest.mark.parametrize("card", SCENES, ids=lambda card: card.name)


def test_every_server_probe_statement_is_judged_shown_or_excused() -> None:
    known = {row for card in (*SCENES, *catalogue()) for row in (*card.covers, *card.allows)} | set(excuses())
    missing = [row.id for row in statements().values() if row.check == "server-probe" and row.id not in known]
    assert not missing


def test_no_scene_judges_an_excused_statement_or_one_that_is_not_there() -> None:
    for card in SCENES:
        assert set(card.covers) | set(card.allows) <= set(statements()), card.name
        assert not set(card.covers) & set(excuses()), card.name


def test_permissions_are_allowed_and_never_judged() -> None:
    for card in SCENES:
        assert all(statements()[row].level != "MAY" for row in card.covers), card.name
        assert all(statements()[row].level == "MAY" for row in card.allows), card.name


def test_ids_are_unique_in_the_whole_catalogue() -> None:
    ids = [card.id for card in dict.fromkeys((*SCENES, *everyday(), *catalogue()))]
    assert len(ids) == len(set(ids))


@by_id
def test_a_card_is_whole(card: Scene) -> None:
    assert card.binds is SERVER
    assert card.covers
    assert card.title.endswith(".")
    assert card.cites
    for cite in card.cites:
        assert cite.quote or cite.document != "PEP 3333"
        if cite.document == "PEP 3333":
            assert fold(cite.quote) in fold(pep_text()), cite.quote


@by_id
def test_a_script_sends_something_for_each_member_of_its_family(card: Scene) -> None:
    for drawn in card.examples_drawn or (None,):
        assert any(isinstance(step, Send) and b"@TAG@" in step.data for step in card.steps(drawn))
    assert bool(card.draws) == bool(card.examples_drawn)


def test_every_strategy_is_used() -> None:
    assert set(INPUTS) <= {card.draws for card in SCENES}


def test_what_runs_inside_a_server_needs_the_standard_library_alone() -> None:
    code = ("import sys\n"
            "import wsgicheck.harness.probe, wsgicheck.reference.server\n"
            "from wsgicheck.rules import passive_rules\n"
            "passive_rules()\n"
            "foreign = {n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)\n"
            "print(sorted(n for n in foreign if not n.startswith(('_', 'wsgicheck'))))\n")
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(_root())!r})\n{code}"],
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _root() -> object:
    from pathlib import Path

    import wsgicheck

    return Path(wsgicheck.__file__).parent.parent
