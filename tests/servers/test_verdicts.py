"""The committed verdicts on real servers: whole, explained, and still true."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.servers.__main__ import SEED
from fixtures.servers.verdicts import FOLDER, Verdicts, changes, committed, of_run, read, write
from wsgicheck.active.server import check_server, server_cards
from wsgicheck.harness.recipes import Recipe, recipe, recipes

COMMITTED = committed()
IN_CI = [one for one in recipes().values() if one.run_in_ci]
by_server = pytest.mark.parametrize("one", COMMITTED, ids=lambda one: one.server)


def test_every_server_of_the_ci_matrix_has_its_file() -> None:
    assert {one.name for one in IN_CI} <= {one.server for one in COMMITTED}
    assert len(COMMITTED) >= 40


def test_no_file_is_left_of_a_server_that_has_no_recipe() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {one.server for one in COMMITTED}


@by_server
def test_a_file_has_a_verdict_on_every_rule(one: Verdicts) -> None:
    assert set(one.verdicts) == {card.name for card in server_cards()}
    assert set(one.verdicts.values()) <= {"holds", "broken", "unexercised"}
    assert "broken" not in one.verdicts.values() or one.evidence


@by_server
def test_every_broken_rule_has_its_evidence(one: Verdicts) -> None:
    broken = {name for name, verdict in one.verdicts.items() if verdict == "broken"}
    assert set(one.evidence) == broken
    for name in broken:
        assert "expected" in one.evidence[name], name
        assert one.tape[name] or "does not start" in one.evidence[name], name


def test_the_exemplary_server_holds_them_all() -> None:
    assert read(FOLDER / "exemplary.toml").evidence == {}


@by_server
def test_writing_what_was_read_changes_nothing(one: Verdicts, tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text((FOLDER / f"{one.server}.toml").read_text(encoding="utf-8"), encoding="utf-8")
    write(path, read(path))
    assert path.read_text(encoding="utf-8") == (FOLDER / f"{one.server}.toml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("one", IN_CI, ids=lambda one: one.name)
def test_the_verdicts_are_still_true(one: Recipe) -> None:
    """A failure here is a server that changed, or a rule that did: python -m fixtures.servers NAME, and look."""
    run = check_server(one, seed=SEED)
    assert not run.nothing_checked
    assert changes(read(FOLDER / f"{one.name}.toml"), of_run(recipe(one.name), run)) == []
