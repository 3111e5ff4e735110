"""The pytest file: a request reads back as itself, nothing hostile is code, and pytest itself runs what is written."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from report_nasty import cases, runs
from report_samples import cards_of, finding_of, run_of, sample

from wsgicheck import Drive, Request
from wsgicheck.model.request import Case
from wsgicheck.model.run import Run
from wsgicheck.report import render
from wsgicheck.report.tests import request_expression

APPLICATION = '''
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Count", COUNT)])
    return ["text"] if environ.get("QUERY_STRING") else [b"text"]
'''
MIDDLEWARE = '''
def watched(application):
    def middleware(environ, start_response):
        return (item for item in application(environ, start_response))
    return middleware
'''


@settings(max_examples=150, deadline=None)
@given(cases)
def test_a_request_reads_back_as_itself(case: Case) -> None:
    source = request_expression(case.request)
    assert source.isascii()
    assert eval(source, {"Request": Request}) == case.request


@pytest.mark.parametrize(("request_", "source"), [
    (Request(), "Request.make('GET')"),
    (Request.make("POST", "/cart", "a=1", body=b"x" * 100, content_type="text/plain", HTTP_ACCEPT="*/*"),
     "Request.make('POST', '/cart', 'a=1', body=b'x' * 100, content_type='text/plain', HTTP_ACCEPT='*/*')"),
    (Request.make("GET", "/", SERVER_PORT=None), "Request.make('GET', SERVER_PORT=None)"),
])
def test_what_is_usual_reads_well(request_: Request, source: str) -> None:
    assert request_expression(request_) == source


@settings(max_examples=40, deadline=None)
@given(runs())
def test_hostile_runs_make_a_module_of_tests(run: Run) -> None:
    tree = ast.parse(render(run, "pytest"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            statements = [statement for statement in node.body if not isinstance(statement, ast.Expr)
                          or not isinstance(statement.value, ast.Constant)]
            (only,) = statements
            assert isinstance(only, ast.Expr)
            assert isinstance(only.value, ast.Call)
            assert isinstance(only.value.func, ast.Name)
            assert only.value.func.id == "assert_holds"
            calls = {ast.unparse(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
            assert calls <= {"assert_holds", "Request.make", "Request", "Drive"}
        else:
            assert isinstance(node, (ast.Expr, ast.ImportFrom, ast.Assign))
            assert {ast.unparse(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)} <= {
                "Path", "Path(__file__).resolve"}


def test_every_new_finding_has_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sample(Path())
    tree = ast.parse(render(run, "pytest"))
    tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(tests) == len(set(tests)) == len(run.findings)
    card = cards_of()[0]
    known = run_of(finding_of(card), known=(card.id,))
    assert "def test" not in render(known, "pytest")


def test_what_is_too_large_is_named() -> None:
    large = finding_of(cards_of()[0], case=Case(Request.make(HTTP_X="x" * 100_000)))
    text = render(run_of(large), "pytest")
    assert "is too large for a test: wsgicheck replay" in text
    assert "def test" not in text


def wsgicheck(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wsgicheck", *words], cwd=folder, check=False, capture_output=True,
                          text=True, timeout=300)


def run_tests(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    """Let pytest run the file from a folder that is none of the project's."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(elsewhere),
                           str(folder / file)], cwd=elsewhere, check=False, capture_output=True, text=True, timeout=300)


def test_pytest_sees_the_fault_and_the_mended_application(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    source = folder / "shop.py"
    source.write_text("COUNT = 1\n" + APPLICATION)
    made = wsgicheck(folder, "shop:application", "--seed", "1", "--path", "/?q", "-q", "--report",
                     "pytest=tests/test_wsgi.py")
    assert made.returncode == 1, made.stderr
    text = (folder / "tests" / "test_wsgi.py").read_text()
    assert "test_chunks_are_bytes_" in text
    broken = run_tests(folder, "tests/test_wsgi.py")
    assert broken.returncode == 1, broken.stdout + broken.stderr
    failed = [line for line in broken.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == text.count("\ndef test_")
    assert "body/chunks-are-bytes: " in broken.stdout
    assert "shop.py:5 in application" in broken.stdout
    source.write_text('COUNT = "1"\n' + APPLICATION.replace('["text"]', '[b"text"]'))
    mended = run_tests(folder, "tests/test_wsgi.py")
    assert mended.returncode == 0, mended.stdout + mended.stderr


def test_a_middleware_and_an_import_have_tests_as_well(tmp_path: Path) -> None:
    (tmp_path / "wrap.py").write_text(MIDDLEWARE)
    (tmp_path / "loud.py").write_text("print('loud')\n" + APPLICATION)
    made = wsgicheck(tmp_path, "middleware", "wrap.py:watched", "--seed", "1", "--max-examples", "10", "-o",
                     "test_wrap.py", "--format", "pytest")
    assert made.returncode == 1, made.stderr
    made = wsgicheck(tmp_path, "doctor", "loud:application", "--report", "pytest=test_loud.py", "-q", "--fail-on",
                     "advice", "--select", "hygiene")
    assert made.returncode == 1, made.stderr
    for file, mend in (("test_wrap.py", "wrap.py"), ("test_loud.py", "loud.py")):
        broken = run_tests(tmp_path, file)
        assert broken.returncode == 1, broken.stdout + broken.stderr
        (tmp_path / mend).write_text(
            "def watched(application):\n    return application\n" if mend == "wrap.py" else APPLICATION)
        mended = run_tests(tmp_path, file)
        assert mended.returncode == 0, mended.stdout + mended.stderr


def test_a_login_is_not_written_down() -> None:
    run = run_of(finding_of(cards_of()[0]))
    arguments = {"login": "POST /login password=secret", "cookies": (("theme", "dark"),)}
    text = render(run, "pytest", arguments=arguments)
    assert "from os import environ\n" in text
    assert "login=environ['WSGICHECK_LOGIN']" in text
    assert "cookies=(('theme', 'dark'),)" in text
    for format in ("pytest", "json", "json-lines", "text", "html", "markdown", "sarif", "junit", "github"):
        assert "password=secret" not in render(run, format, arguments=arguments, verbose=True), format


def test_a_drive_is_printed_where_it_matters() -> None:
    card = cards_of()[0]
    text = render(run_of(finding_of(card, case=Case(Request(), Drive(stop_after=1, headers="marked")))), "pytest")
    assert "Drive(stop_after=1, headers='marked')" in text
    assert "import Drive, Request, assert_holds" in text
