"""The property run: finds what is hidden, shrinks each rule by itself, repeats itself, and names the line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wsgicheck.active.application import Progress, check_application
from wsgicheck.active.options import Options
from wsgicheck.errors import ConfigError, TargetError
from wsgicheck.model.request import PLAIN
from wsgicheck.model.run import Run, RunVerdict

SOURCE = '''
def application(environ, start_response):
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if path == "/report" and "format=csv" in query:
        start_response("200 OK", [("Content-Type", "text/csv"), ("X-Rows", 3)])
        return [b"a,b\\n"]
    if environ["REQUEST_METHOD"] == "DELETE":
        start_response("204 No Content", [])
        return [b"gone"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/text":
        return pages()
    return [b"fine"]


def pages():
    yield b"one"
    yield "two"
'''


@pytest.fixture
def target(tmp_path: Path) -> str:
    (tmp_path / "subject.py").write_text(SOURCE)
    return f"{tmp_path / 'subject.py'}:application"


def check(target: str, **changes: object) -> Run:
    return check_application(target, options=Options(seed=7, **changes))  # type: ignore[arg-type]


def test_three_faults_are_three_findings_each_as_small_as_it_gets(target: str) -> None:
    run = check(target)
    found = {finding.rule: finding for finding in run.findings if finding.level.value == "must"}
    assert set(found) == {"header-values-are-strings", "chunks-are-bytes", "no-content-response-has-no-body"}
    shown = {finding.case.request.path: finding for finding in found.values() if finding.case}
    report = shown["/report"]
    assert report.case is not None
    assert report.case.request.query == "format=csv"
    assert report.case.request.method == "GET"
    assert report.site is not None
    assert report.site.line == 5
    text = shown["/text"]
    assert text.case is not None
    assert text.case.drive == PLAIN
    assert text.site is not None
    assert text.site.line == 18
    for finding in found.values():
        assert finding.count >= 1
        assert finding.case is not None
        assert not finding.case.request.body
        assert not [name for name, _ in finding.case.request.variables if name in ("HTTP_COOKIE", "HTTP_RANGE")]


def test_the_same_seed_gives_the_same_run(target: str) -> None:
    first, second = check(target), check(target)
    assert replace(first, seconds=0) == replace(second, seconds=0)


def test_rules_that_nothing_exercised_are_not_said_to_hold(target: str) -> None:
    verdicts = {result.id: result.verdict for result in check(target, max_examples=5).rules}
    assert verdicts["memory-and-output-stay-bounded"] is RunVerdict.HOLDS
    assert RunVerdict.UNEXERCISED in verdicts.values()


def test_select_and_ignore(target: str) -> None:
    run = check(target, select=("body",))
    assert {result.family for result in run.rules} == {"body"}
    assert "must" not in {finding.level.value for finding in check(target, ignore=("must",)).findings}
    with pytest.raises(ConfigError, match="did you mean"):
        check(target, select=("chunks-are-byte",))


def test_progress_is_told(target: str) -> None:
    told: list[Progress] = []
    check_application(target, options=Options(seed=1), progress=told.append)
    assert told
    assert told[-1].exchanges > 100


def test_a_target_that_fails_to_import_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import sys\nsys.exit('no config')\n")
    with pytest.raises(TargetError) as caught:
        check_application(f"{tmp_path / 'broken.py'}:application")
    assert len(str(caught.value).splitlines()) == 1


def test_an_import_that_ends_the_process_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import os\nprint('bye')\nos._exit(7)\n")
    with pytest.raises(TargetError, match=r"status 7.*bye"):
        check_application(f"{tmp_path / 'broken.py'}:application")


def test_an_import_that_never_ends_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("while True: pass\n")
    with pytest.raises(TargetError, match="did not end"):
        check_application(f"{tmp_path / 'broken.py'}:application", options=Options(timeout=0.5))


REDIRECTS = '''
from urllib.parse import parse_qs

def application(environ, start_response):
    names = parse_qs(environ.get("QUERY_STRING", ""))
    start_response("303 See Other", [("Location", "/"), ("X-Came-From", names.get("came_from", ["/"])[0])])
    return []
'''


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_that_a_visitor_can_split_is_not_left_to_luck(tmp_path: Path, seed: int) -> None:
    (tmp_path / "redirects.py").write_text(REDIRECTS)
    run = check_application(f"{tmp_path / 'redirects.py'}:application", options=Options(seed=seed, max_examples=1))
    assert {"header-values-have-no-line-breaks", "header-text-is-latin-1"} <= {item.rule for item in run.findings}


LEAKS = '''
import os

PAGE = os.path.abspath(__file__)

class Lines:
    def __init__(self, file):
        self.file = file

    def __iter__(self):
        return iter(self.file)
    CLOSE

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ.get("PATH_INFO") == "/source":
        return Lines(open(PAGE, "rb"))
    return [b"see /source"]
'''


@pytest.mark.parametrize("closes", [False, True])
def test_a_file_that_a_path_leaves_open_is_seen(tmp_path: Path, closes: bool) -> None:
    close = "def close(self):\n        self.file.close()" if closes else ""
    (tmp_path / "leaks.py").write_text(LEAKS.replace("CLOSE", close))
    run = check_application(f"{tmp_path / 'leaks.py'}:application", options=Options(seed=1))
    assert [item.rule for item in run.findings] == ([] if closes else ["what-a-response-opens-is-closed"])
