"""A finding about a middleware is a pair that runs as printed: the program, on its own, shows the same tape."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wsgicheck.active.middleware import check_middleware
from wsgicheck.active.options import Options
from wsgicheck.model.run import Run

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "middleware"


def check(name: str, monkeypatch: pytest.MonkeyPatch, **arguments: object) -> Run:
    """Run one of the miniatures in a child process."""
    monkeypatch.chdir(FOLDER)
    return check_middleware(f"faulty:{name}", options=Options(seed=1, max_examples=5, max_time=120), **arguments)  # type: ignore[arg-type]


def run_program(program: str) -> list[str]:
    """Run the program as a person would, without wsgicheck in its way; return what it prints."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60,
                          cwd=FOLDER, check=True)
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["generator_over_the_body", "peeks_at_the_first_item", "drops_empty_items",
                                  "writes_a_banner", "headers_as_a_dict", "reads_the_form", "KeepsTheLength",
                                  "swallows_what_start_response_raises", "head_without_close"])
def test_the_program_shows_the_tape_of_the_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = check(name, monkeypatch)
    assert len(run.findings) == 1
    finding = run.findings[0]
    assert finding.events
    assert "import wsgicheck" not in finding.program
    assert run_program(finding.program) == list(finding.events)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keeps_start_response_in_itself", "keeps_every_request", "greets_the_one_before",
                                  "answers_with_one_list"])
def test_a_story_is_told_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = check(name, monkeypatch)
    assert len(run.findings) == 1
    assert "expected" in run_program(run.findings[0].program)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["looks_at_the_status_at_once", "measures_the_body", "reads_environ_afterwards"])
def test_a_law_over_two_forms_shows_both(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = check(name, monkeypatch)
    assert len(run.findings) == 1
    printed = run_program(run.findings[0].program)
    middle = printed.index("-- the same, said more plainly")
    assert printed[:middle] == list(run.findings[0].events)
    assert any("raised" in line for line in printed[:middle])
    assert not any("raised" in line for line in printed[middle:]), "the plainer form is served"


@pytest.mark.slow
def test_the_pair_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = check("generator_over_the_body", monkeypatch).findings[0]
    assert finding.case is not None
    assert finding.case.request.method == "GET"
    assert not finding.case.request.body
    source = finding.program[finding.program.index("def application"):]
    assert len(source.splitlines()) < 15


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = check("headers_as_a_dict", monkeypatch), check("headers_as_a_dict", monkeypatch)
    assert first.findings == second.findings
    assert first.rules == second.rules
