"""`pytest --wsgicheck-middleware TARGET`: a middleware's rules as items, chosen, divided and told as any."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from suite_in_folder import CLEAN, Suite

from wsgicheck.active.wrapping import Wrapping
from wsgicheck.cli.wrapping import wrapping_of
from wsgicheck.errors import ConfigError

MIDDLEWARE = '''\
with open("imports.txt", "a") as file:
    file.write("imported\\n")


class Adds:
    def __init__(self, app, field="X-Added", value="yes"):
        self.app, self.field, self.value = app, field, value

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, (self.field, self.value)], exc_info)

        return self.app(environ, start)


def leaky(app):
    def middleware(environ, start_response):
        body = app(environ, start_response)
        return (item for item in body)

    return middleware
'''
CLOSED = "middleware-endings/application-body-is-closed"
STRINGS = "headers/header-values-are-strings"


@pytest.fixture
def middle(suite: Suite) -> Suite:
    """A project with two middlewares, one of which leaks."""
    suite.write(middle=MIDDLEWARE)
    return suite


def imports(suite: Suite) -> int:
    path = suite.folder / "imports.txt"
    count = len(path.read_text().splitlines())
    path.unlink()
    return count


def test_one_item_a_rule_and_only_the_broken_one_fails(middle: Suite) -> None:
    answer = middle.pytest("--wsgicheck-middleware", "middle:leaky", "--wsgicheck-seed", "3", "--junitxml", "out.xml")
    assert answer.code == 1
    failed, = answer.lines("FAILED")
    assert failed.startswith(f"FAILED middle:leaky::{CLOSED} - close() of the application's ")
    assert "--> middle.py:19 in leaky.<locals>.middleware" in answer.text
    assert imports(middle) == 1
    assert "PASSED middle:leaky::something-was-checked" in answer.text
    assert answer.counts["passed"] > 60
    assert answer.counts["skipped"] > 10
    assert "not exercised: nothing that was done let this rule be judged" in answer.text
    text = " ".join(answer.text.split())
    for part in ("return (item for item in body)", "PEP 3333 “If the iterable returned by the application",
                 f"pytest --wsgicheck-middleware middle:leaky middle:leaky::{CLOSED} --wsgicheck-seed 3",
                 "middleware = middle.leaky"):
        assert part in text, part
    name = text.partition("wsgicheck replay ")[2].split()[0]
    again = subprocess.run([sys.executable, "-m", "wsgicheck", "replay", name], cwd=middle.folder, env=CLEAN,
                           capture_output=True, text=True, timeout=120)
    assert again.returncode == 1, again.stderr
    assert CLOSED in again.stdout
    case, = [case for case in ET.parse(middle.folder / "out.xml").findall(".//testcase") if case.get("name") == CLOSED]
    assert case.get("classname") == "middle:leaky"
    told = {one.get("name"): one.get("value") for one in case.findall(".//property")}
    assert (told["wsgicheck_rule"], told["wsgicheck_level"], told["wsgicheck_verdict"]) == (CLOSED, "must", "broken")
    assert case.find("failure") is not None


def test_arguments_are_spelled_as_for_the_command_and_set_two_lines_apart(middle: Suite) -> None:
    middle.write_file("numbers.txt", "{'value': 3}\n")
    middle.write_file("pytest.ini", "[pytest]\nwsgicheck_middlewares =\n    middle:Adds --arg field=X-Mine\n"
                                    "    middle:Adds --arg field=X-Other --arg value=3\n"
                                    "    middle:Adds --configuration numbers.txt\nwsgicheck_apps = hello:application\n")
    middle.write_file("below/keep.txt", "")
    answer = middle.pytest("-k", f"{STRINGS.partition('/')[2]} or something-was-checked", cwd="below")
    assert {line.split(" - ")[0].partition(" ")[2].removeprefix("../") for line in answer.lines("FAILED")} == {
        f"middle:Adds[field=X-Other,value=3]::{STRINGS}", f"middle:Adds[configuration=numbers.txt]::{STRINGS}"}
    assert answer.counts == {"failed": 2, "passed": 6, "deselected": answer.counts["deselected"]}
    assert "pytest --wsgicheck-middleware 'middle:Adds --arg field=X-Other --arg value=3'" in answer.text


@pytest.mark.parametrize(("words", "failed", "passed"), [
    (["-k", "body-is-closed and not once"], 1, 0),
    (["-m", "wsgicheck(family='middleware-endings')"], 1, 1),
    ([f"middle:leaky::{CLOSED}"], 1, 0),
    (["middle:leaky::middleware-blocks"], 0, 2),
    (["--deselect", f"middle:leaky::{CLOSED}", "-k", "middleware-endings/"], 0, 1),
], ids=["k", "m", "node-id", "family", "deselect"])
def test_items_are_selected_as_any(middle: Suite, words: list[str], failed: int, passed: int) -> None:
    counts = middle.pytest("--wsgicheck-middleware", "middle:leaky", *words).counts
    assert (counts.get("failed", 0), counts.get("passed", 0)) == (failed, passed)


def test_last_failed_asks_again_for_what_failed(middle: Suite) -> None:
    middle.pytest("--wsgicheck-middleware", "middle:leaky", "-k", "middleware-endings/")
    again = middle.pytest("--wsgicheck-middleware", "middle:leaky", "--lf")
    assert again.counts["failed"] == 1
    assert again.counts.get("passed", 0) == 0
    middle.write(middle=MIDDLEWARE.partition("def leaky")[0] + "def leaky(app):\n    return app\n")
    mended = middle.pytest("--wsgicheck-middleware", "middle:leaky", "--lf")
    assert mended.counts["passed"] == 1
    assert mended.code == 0


def test_known_findings_are_expected_failures_and_reports_are_written(middle: Suite) -> None:
    from wsgicheck.active.middleware import check_middleware
    from wsgicheck.active.options import Options
    from wsgicheck.cli.baseline import write_baseline

    run = check_middleware("middle:leaky", options=Options(seed=1, max_examples=3, directory=str(middle.folder)))
    assert write_baseline(str(middle.folder / "known.json"), run) == 1
    answer = middle.pytest("--wsgicheck-middleware", "middle:leaky", "--wsgicheck-baseline=known.json",
                           "--wsgicheck-report", "json={app}.json", "-k", "middleware-endings/")
    assert answer.counts["xfailed"] == 1
    assert answer.code == 0
    report = json.loads((middle.folder / "middle-leaky.json").read_text())
    assert report["subject"]["kind"] == "middleware"


@pytest.mark.parametrize(("line", "part"), [
    ("middle:Adds --arg field", "--arg 'field' is no argument"),
    ("middle:Adds --calls none", "'none' is not a valid integer"),
    ("middle:Adds --colour red", "No such option"),
    ("--arg a=1", "Missing argument"),
    ("middle:Adds --arg 'a=1", "No closing quotation"),
    ("middle:Adds::body", "takes a middleware, as in pkg.mod:factory"),
], ids=["arg", "calls", "option", "target", "quotation", "node-id"])
def test_what_is_wrong_with_the_line_is_one_line(middle: Suite, line: str, part: str) -> None:
    answer = middle.pytest("--wsgicheck-middleware", line)
    assert answer.code == 4
    error, = answer.lines("ERROR: ")
    assert part in error


def test_what_cannot_be_put_around_an_application_is_one_failure(middle: Suite) -> None:
    answer = middle.pytest("--wsgicheck-middleware", "middle:Adds --arg colour=red")
    assert answer.code == 1
    failed, = answer.lines("FAILED")
    assert failed.startswith("FAILED middle:Adds[colour=red]::something-was-checked - ")
    assert "unexpected keyword argument" in failed
    assert "passed" not in answer.counts


def test_a_rule_that_another_explains_is_skipped_and_says_why(middle: Suite) -> None:
    faulty = Path(__file__).parents[2] / "fixtures" / "middleware" / "faulty.py"
    answer = middle.pytest("--wsgicheck-middleware", f"{faulty}:writes_what_is_yielded", "-k", "middleware-")
    failed, = answer.lines("FAILED")
    assert "::middleware-write/yielded-data-is-not-written - " in failed
    assert ("not judged by itself: middleware-blocks/body-is-returned-at-once is broken too, which "
            "middleware-write/yielded-data-is-not-written explains") in answer.text
    one = middle.pytest("--wsgicheck-middleware", f"{faulty}:writes_what_is_yielded", "-k", "body-is-returned-at-once")
    assert one.counts["skipped"] == 1
    assert "failed" not in one.counts, "also where nothing else was asked for"


FIXTURE = '''\
import functools

import pytest
from middle import Adds, leaky
from wsgicheck.model.request import Request
from wsgicheck.reference.gateway import environ_of


def test_good(wsgicheck):
    run = wsgicheck.middleware(Adds, arguments={"field": "X-Mine"})
    assert run.subject.kind == "middleware" and not run.findings and run.exchanges > 100

def test_bad(wsgicheck):
    wsgicheck.middleware(leaky)

def test_partial(wsgicheck):
    wsgicheck.middleware(functools.partial(Adds, value=3), max_examples=2)

@pytest.mark.wsgicheck(ignore=["application-body-is-closed"])
def test_ignored_by_the_marker(wsgicheck):
    wsgicheck.middleware(leaky, max_examples=2)

def test_selected(wsgicheck):
    run = wsgicheck.middleware(leaky, select="middleware-blocks")
    assert {rule.family for rule in run.rules} == {"middleware-blocks"}

def test_seed(wsgicheck):
    print("seed", wsgicheck.middleware(Adds, max_examples=1).seed)

def test_layers(wsgi_validator):
    app = wsgi_validator(Adds(leaky(Adds(lambda environ, start_response: (
        start_response("200 OK", [("Content-Type", "text/plain")]), iter([b"x"]))[1])), value=3), layers=True)
    try:
        list(app(environ_of(Request()), lambda status, headers, exc_info=None: print))
    except Exception:
        pass
'''


def test_the_fixture_checks_a_middleware_too(middle: Suite) -> None:
    middle.write(test_own=FIXTURE)
    answer = middle.pytest("-p", "no:cacheprovider")
    failed = {line.split(" - ")[0].rpartition("::")[2]: line for line in answer.lines("FAILED")}
    assert set(failed) == {"test_bad", "test_partial", "test_layers"}, answer.text[-3000:]
    assert f"{CLOSED}: close() of the application's" in failed["test_bad"]
    assert f"{STRINGS}: as an application: the value in" in failed["test_partial"]
    assert "layers Adds (broken after this one) -> leaky" in " ".join(answer.text.split())


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_several_processes_divide_the_work_and_run_no_item_twice(middle: Suite, workers: int) -> None:
    words = ("--wsgicheck-middleware", "middle:leaky", "--wsgicheck-middleware", "middle:Adds", "--wsgicheck-seed", "3")
    alone = middle.pytest(*words)
    assert imports(middle) == 2
    together = middle.pytest(*words, "-n", str(workers), "--junitxml", "out.xml")
    assert imports(middle) == workers, "a subject for each of two, half of one for each of four"
    assert together.counts == alone.counts
    names = Counter(line.split()[1] for line in together.text.splitlines()
                    if line.startswith(("PASSED", "FAILED", "SKIPPED")))
    del names["[1]"]
    assert set(names.values()) == {1}
    cases = ET.parse(middle.folder / "out.xml").findall(".//testcase")
    assert len(cases) == sum(alone.counts.values())
    assert ("--wsgicheck-seed 3 -n 2" in together.text) == (workers == 4)


def test_the_same_line_is_read_as_the_command_reads_it(tmp_path: Path) -> None:
    wrapping = wrapping_of("a.b:C --arg x=1 --arg 'y=it is' --arg z='\"2\"' --calls 2 --configuration c.txt",
                           str(tmp_path))
    assert wrapping == Wrapping("a.b:C", (("x", 1), ("y", "it is"), ("z", "2")), str(tmp_path / "c.txt"), 2)
    assert wrapping.label == "a.b:C[x=1,y=it is,z=2,configuration=c.txt,calls=2]"
    assert wrapping_of(shlex.join(wrapping.words), str(tmp_path)) == wrapping
    with pytest.raises(ConfigError):
        wrapping_of("a.b:C --arg 1=2", str(tmp_path))
