"""Whatever a subject does is a finding about the subject: the run goes on where it can, and always ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.options import Options
from wsgicheck.model.rule import MUST
from wsgicheck.model.run import Run

HOSTILE = Path(__file__).parents[2] / "fixtures" / "applications" / "hostile.py"


def check(name: str, **changes: object) -> Run:
    return check_application(f"{HOSTILE}:{name}", options=Options(seed=1, timeout=2, **changes))  # type: ignore[arg-type]


def only(run: Run) -> str:
    assert [finding.rule for finding in run.findings if finding.family == "survival"] == [run.findings[0].rule]
    return run.findings[0].rule


@pytest.mark.parametrize(("name", "path"), [("exits", "/bye"), ("closes_every_descriptor", "/daemon")])
def test_an_exit_is_found_and_the_run_goes_on(name: str, path: str) -> None:
    run = check(name)
    assert only(run) == "process-survives-each-request"
    case = run.findings[0].case
    assert case is not None
    assert (case.request.method, case.request.path, case.request.query) == ("GET", path, "")
    assert run.exchanges > 200
    assert run.statuses[200] > 50
    assert run.exit_code(MUST) == 1


@pytest.mark.slow
def test_a_hang_is_found() -> None:
    run = check("hangs")
    assert only(run) == "each-request-is-answered-in-time"
    assert run.findings[0].case is not None
    assert run.findings[0].case.request.path == "/wait"
    assert run.exchanges > 200


def test_a_flood_of_output_is_found() -> None:
    run = check("floods", max_output=4 * 1024 * 1024)
    assert only(run) == "memory-and-output-stay-bounded"
    assert run.exchanges > 200


@pytest.mark.slow
def test_a_flood_of_memory_is_found() -> None:
    run = check("grows", max_memory=400 * 1024 * 1024)
    assert only(run) == "memory-and-output-stay-bounded"


def test_a_crash_is_found() -> None:
    run = check("crashes")
    assert only(run) == "process-survives-each-request"
    assert "SIGSEGV" in run.findings[0].evidence
    assert run.findings[0].case is not None
    assert run.findings[0].case.request.method == "POST"


def test_a_subject_that_never_lives_ends_the_run_soon() -> None:
    run = check("dies_always")
    assert only(run) == "process-survives-each-request"
    assert run.nothing_checked


def test_system_exit_is_found() -> None:
    run = check("quits")
    assert [finding.rule for finding in run.findings if finding.level.value != "advice"] == ["exits-do-not-escape"]
    assert run.findings[0].case is not None
    assert run.findings[0].case.request.path == "/quit"


@pytest.mark.parametrize(("name", "words"), [("raises_always", "ValueError: no database"), ("refuses_all", "404")])
def test_no_false_green(name: str, words: str) -> None:
    run = check(name)
    assert words in run.nothing_checked
    assert run.exit_code(MUST) == 4


def test_an_endless_stream_is_legal() -> None:
    run = check("streams_for_ever", max_examples=3)
    assert not [finding for finding in run.findings if finding.level is MUST]
    assert run.exit_code(MUST) == 0
