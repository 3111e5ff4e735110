"""A run of a server is a function of the server and the seed, ends in its time, and says what it left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.servers.test_faults import FAULTS, faulty
from wsgicheck.active.server import check_server
from wsgicheck.harness.recipes import Recipe, recipe
from wsgicheck.harness.tape import settled
from wsgicheck.model.run import Run, RunVerdict
from wsgicheck.report import render


def without_seconds(run: Run) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(render(run, "json"))
    del report["stats"]["seconds"]
    return report


def twice(server: Recipe, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    first, second = (without_seconds(check_server(server, seed=1, **options)) for _ in range(2))
    return first, second


@pytest.mark.parametrize(("fault", "select"), [
    ("ends-on-exceptions", ("server-exceptions",)),
    ("sends-headers-with-empty-items", ("server-start-response", "server-paths")),
    ("keeps-the-last-header", ("server-environ",)),
])
def test_the_same_seed_gives_the_same_report(fault: str, select: tuple[str, ...]) -> None:
    first, second = twice(faulty(FAULTS[fault]), select=select)
    assert first["findings"]
    assert first == second


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gunicorn", "wsgiref"])
def test_a_real_server_gives_the_same_report_twice(name: str) -> None:
    first, second = twice(recipe(name))
    assert first["findings"]
    assert first == second


def test_what_there_was_no_time_for_is_told_and_not_passed() -> None:
    run = check_server("exemplary", seed=1, max_time=0.3, select=("server-survival", "server-environ", "environ"))
    (note,) = run.notes
    assert "the time for this run was over" in note
    assert "server-survival" in note
    assert "--max-time" in note
    late = {r.verdict for r in run.rules if r.family == "server-survival"}
    assert late == {RunVerdict.UNEXERCISED}


@pytest.mark.parametrize(("text", "settled_"), [
    ("127.0.0.1:43210 answers", "HOST:PORT answers"),
    ("Date: Wed, 25 Nov 2026 10:00:00 GMT", "Date: DATE"),
    ("scene.12.1234567890", "scene.TAG"),
    ("<object at 0x7fd40eff32a0>", "<object at 0x…>"),
    ("'/var/tmp/x/wsgicheck-ab_12cd9/probe.cgi'", "'DIR/probe.cgi'"),
    ("GET /wsgicheck-ready", "GET /wsgicheck-ready"),
    ("5 of 10 bytes came", "5 of 10 bytes came"),
])
def test_figures_of_a_single_play_are_replaced(text: str, settled_: str) -> None:
    assert settled(text) == settled_
