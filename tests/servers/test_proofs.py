"""Each finding at MUST against a real server is proved by hand, and its proof still shows it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fixtures.servers.proofs
from fixtures.servers.proofs.agree import disagreements, of_findings
from fixtures.servers.proofs.causes import causes
from fixtures.servers.proofs.proof import Proof, proofs
from fixtures.servers.proofs.run import show
from fixtures.servers.proofs.talk import responses
from fixtures.servers.verdicts import FOLDER, Verdicts, committed, read, unfinished
from wsgicheck.harness.recipes import recipe, recipes

COMMITTED = committed()
IN_CI = [name for name, one in recipes().items() if one.run_in_ci]
PROOFS = Path(fixtures.servers.proofs.__file__).parent
# The rest starts the servers, or writes the files.
PURE = ("bodies", "endings", "inputs", "proof", "requests", "responses", "talk")


@pytest.mark.parametrize("one", COMMITTED, ids=lambda one: one.server)
def test_each_finding_at_must_has_its_proof_and_its_cause(one: Verdicts) -> None:
    assert list(unfinished(one)) == []


@pytest.mark.parametrize("one", COMMITTED, ids=lambda one: one.server)
def test_a_kept_proof_says_what_is_broken_and_shows_the_bytes(one: Verdicts) -> None:
    for name, (breach, *transcript) in one.proof.items():
        assert breach, name
        assert any(line.startswith("> b'") for line in transcript), name


def test_each_rule_that_a_server_breaks_at_must_has_a_proof() -> None:
    broken = {name for one in COMMITTED for name, level in one.levels.items() if level == "must"}
    assert broken <= set(proofs())


def test_the_causes_are_of_servers_that_have_a_file() -> None:
    assert {server for server, _ in causes()} <= {one.server for one in COMMITTED}
    assert all(note.startswith(("Read in ", "Observed: ")) for note in causes().values())


@pytest.mark.parametrize("name", PURE)
def test_a_proof_uses_nothing_of_what_judged(name: str) -> None:
    tree = ast.parse((PROOFS / f"{name}.py").read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not any(module.startswith(("wsgicheck", "fixtures")) for module in imported)


@pytest.mark.parametrize("one", proofs().values(), ids=lambda one: one.rule)
def test_the_application_of_a_proof_is_a_few_lines_that_define_it(one: Proof) -> None:
    tree = ast.parse(one.app)
    assert "proof" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert len(one.app.splitlines()) <= 35


def test_responses_are_taken_apart_as_they_stand() -> None:
    first, second, third = responses(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\nA:2\r\n\r\nto the end", ended=False)
    assert (first.code, first.body, first.whole) == (b"100", b"", True)
    assert (second.code, second.body, second.whole) == (b"200", b"abc", True)
    assert (third.values(b"a"), third.body, third.whole) == ([b"1", b"2"], b"to the end", False)


def test_a_response_that_is_cut_off_is_not_whole() -> None:
    assert not responses(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ended=True)[0].whole
    assert not responses(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ended=True)[0].whole


@pytest.mark.slow
def test_no_proof_shows_a_breach_on_the_exemplary_server() -> None:
    shown = list(show(recipe("exemplary"), list(proofs().values())))
    assert {one.rule: one.breach for one in shown if one.breach} == {}
    assert {one.rule for one in shown} == set(proofs())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in IN_CI if name != "exemplary"])
def test_what_was_proved_can_still_be_seen(name: str) -> None:
    """A failure is a server that changed, or a false alarm: python -m fixtures.servers.proofs NAME RULE."""
    chosen = of_findings(read(FOLDER / f"{name}.toml"))
    assert [one.rule for one in show(recipe(name), chosen) if not one.breach] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wsgiref", "waitress"])
def test_proofs_and_verdicts_agree_in_both_directions(name: str) -> None:
    """All servers take the better part of an hour: python -m fixtures.servers.proofs --check."""
    assert list(disagreements(read(FOLDER / f"{name}.toml"))) == []
