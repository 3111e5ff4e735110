"""compare: servers that are alike show no difference, and a fault shows as the difference it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.test_faults import FAULTS, faulty
from wsgicheck.active.compare import compare
from wsgicheck.errors import TargetError
from wsgicheck.harness.recipes import recipe
from wsgicheck.report.comparison import render_comparison

ROOT = Path(__file__).resolve().parents[2]
HELLO = str(ROOT / "fixtures" / "apps" / "hello.py") + ":application"


def test_the_exemplary_server_is_like_itself() -> None:
    found = compare(HELLO, ["exemplary"])
    assert found.differences == ()
    assert found.requests > 10
    assert found.exit_code() == 0
    assert render_comparison(found).endswith("no differences\n")


@pytest.mark.parametrize(("fault", "aspect"), [
    ("merges-slashes", "environ PATH_INFO"), ("adds-no-date", "")])
def test_a_fault_shows_as_its_difference_and_noise_as_none(fault: str, aspect: str) -> None:
    found = compare(HELLO, [faulty(FAULTS[fault])])
    assert {one.aspect for one in found.differences} == ({aspect} if aspect else set())
    assert found.exit_code() == (1 if aspect else 0)
    if aspect:
        assert fault in render_comparison(found)


def test_a_server_that_does_not_start_is_told_and_the_rest_goes_on() -> None:
    broken = recipe("gunicorn")
    from dataclasses import replace

    from wsgicheck.harness.recipes import Process

    absent = replace(broken, name="absent", install=(), processes=(Process(("no-such-server", "{port}")),))
    found = compare(HELLO, [absent], paths=["/"])
    assert [name for name, _ in found.missing] == ["absent"]
    assert found.exit_code() == 4


def test_a_target_that_is_not_there_is_told() -> None:
    with pytest.raises(TargetError, match="nowhere"):
        compare("nowhere.at_all:application", ["exemplary"])


@pytest.mark.slow
def test_the_polls_under_four_servers() -> None:
    code = ("from wsgicheck.active.compare import compare\n"
            "from wsgicheck.report.comparison import render_comparison\n"
            "found = compare('polls_site.wsgi:application', ['gunicorn', 'uwsgi', 'waitress', 'mod-wsgi-daemon'])\n"
            "print(render_comparison(found))\n"
            "assert len(found.servers) == 5, found.missing\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "fixtures" / "apps" / "polls", text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    # What is known of these servers, and nothing about Date, Server, the order of names or the framing.
    assert "HEAD /polls/search/\n  ending" in done.stdout
    assert "GET //double//slash/\n" in done.stdout
    assert "header order" not in done.stdout
    assert "header date" not in done.stdout
