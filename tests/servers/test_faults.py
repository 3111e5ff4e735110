"""The judges are judged: each one-fault server is found by its rule, and the exemplary one breaks nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fixtures.faulty_servers import calls, environs, inputs, requests, responses
from fixtures.faulty_servers.fault import FAULTS, Fault
from fixtures.faulty_servers.permitted import PERMITTED, Permitted
from wsgicheck.active.server import check_server
from wsgicheck.harness.recipes import Process, Recipe, recipe
from wsgicheck.model.run import Run, RunVerdict
from wsgicheck.rules.server import scenes

ROOT = Path(__file__).resolve().parents[2]
MODULES = (calls, environs, inputs, requests, responses)
by_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


def faulty(fault: Fault | Permitted) -> Recipe:
    command = (sys.executable, "-m", "fixtures.faulty_servers", fault.name, "{host}", "{port}", "{app}",
               "probe.deployed=deployed")
    return Recipe(fault.name, f"the exemplary server that {fault.name}", (Process(command),),
                  env={"PYTHONPATH": f"{{dir}}:{{site}}:{ROOT}"}, multithread=True, multiprocess=False,
                  deployer_variable="probe.deployed")


def broken(run: Run) -> set[str]:
    return {result.id for result in run.rules if result.verdict is RunVerdict.BROKEN}


def test_there_is_a_fault_for_every_scene() -> None:
    assert MODULES
    assert len(FAULTS) >= 45
    known = {card.id for card in scenes()}
    named = {fault.breaks for fault in FAULTS.values()}
    assert named <= known
    assert known - named == set()


@pytest.mark.parametrize("fault", list(FAULTS.values())[::12], ids=list(FAULTS)[::12])
def test_a_fault_is_found_by_its_rule(fault: Fault) -> None:
    run = check_server(faulty(fault), select=(fault.breaks,), seed=1, examples=0)
    assert broken(run) == {fault.breaks}, [r.verdict for r in run.rules]
    finding = run.findings[0]
    assert "expected" in finding.evidence
    assert finding.events
    assert ".sendall(" in finding.program
    compile(finding.program, "program", "exec")


def test_the_exemplary_server_breaks_nothing() -> None:
    run = check_server("exemplary", seed=1)
    assert [(f.name, f.evidence) for f in run.findings] == []
    assert run.notes == ()
    unexercised = {r.id for r in run.rules if r.verdict is RunVerdict.UNEXERCISED}
    assert not unexercised & {card.id for card in scenes()}


@pytest.mark.slow
@by_fault
def test_a_fault_breaks_its_rule_and_no_other(fault: Fault) -> None:
    run = check_server(faulty(fault), seed=1, examples=0)
    assert broken(run) == {fault.breaks, *fault.also}, [(f.name, f.evidence) for f in run.findings]


@pytest.mark.slow
@pytest.mark.parametrize("one", PERMITTED.values(), ids=PERMITTED)
def test_what_is_permitted_is_not_flagged(one: Permitted) -> None:
    run = check_server(faulty(one), seed=1, examples=2)
    assert [(f.name, f.evidence) for f in run.findings] == []
    assert any(r.verdict is RunVerdict.HOLDS for r in run.rules)


def test_the_faulty_servers_differ_from_the_exemplary_recipe_in_nothing_else() -> None:
    exemplary, one = recipe("exemplary"), faulty(next(iter(FAULTS.values())))
    assert (one.multithread, one.multiprocess, one.deployer_variable) == (
        exemplary.multithread, exemplary.multiprocess, exemplary.deployer_variable)
