"""What is said of real middleware stays what it is, and every MUST among it has been proved by hand."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest
from real import FOLDER, TABLE, Verdict, check, table, verdicts

from wsgicheck.rules import catalogue

ALL = verdicts()
pytestmark = pytest.mark.filterwarnings("ignore")  # the middlewares' own


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ALL, ids=[verdict.name for verdict in ALL])
def test_the_verdict_is_the_committed_one(verdict: Verdict) -> None:
    if not verdict.installed:
        pytest.skip(f"{verdict.distribution} is not installed: pip install -e '.[middleware]'")
    run = check(verdict.name)
    assert not run.nothing_checked
    found = {finding.rule: finding.level.value for finding in run.findings}
    assert found == {rule: facts["level"] for rule, facts in verdict.findings.items()}, (
        f"{verdict.distribution} {verdict.installed}; the verdict is for {verdict.version}")


def test_each_finding_has_its_evidence_and_its_rule() -> None:
    levels = {card.id: card.level.value for card in catalogue()}
    for verdict in ALL:
        for rule, facts in verdict.findings.items():
            assert levels[rule] == facts["level"], f"{verdict.name}: {rule}"
            assert len(facts["evidence"]) > 30, f"{verdict.name}: {rule}"


@cache
def _module(name: str) -> ModuleType:
    """Load a file of FOLDER by a name of its own: other tests have a module called subjects too."""
    spec = spec_from_file_location(f"real_middleware_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _functions(name: str) -> set[str]:
    tree = ast.parse((FOLDER / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_subject_has_a_verdict_and_each_must_a_proof() -> None:
    assert _functions("subjects.py") == {verdict.name for verdict in ALL}
    proofs = {facts["proof"] for verdict in ALL for facts in verdict.findings.values() if facts["level"] == "must"}
    assert proofs <= _functions("by_hand.py")


@pytest.mark.slow
@pytest.mark.parametrize("proof", sorted({(verdict.name, facts["proof"]) for verdict in ALL
                                          for facts in verdict.findings.values() if "proof" in facts}),
                         ids=lambda proof: "-".join(proof))
def test_the_proof_by_hand_shows_it(proof: tuple[str, str]) -> None:
    name, function = proof
    verdict = next(verdict for verdict in ALL if verdict.name == name)
    if not verdict.installed:
        pytest.skip(f"{verdict.distribution} is not installed: pip install -e '.[middleware]'")
    assert getattr(_module("by_hand"), function)(getattr(_module("subjects"), name)) is True


def test_the_table_is_fresh() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "python tests/middleware/real.py"
