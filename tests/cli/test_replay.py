"""wsgicheck replay: a finding of each kind happens again by its id, in another process, until it is mended."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("WSGICHECK_")}

STR_BODY = '''
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ.get("PATH_INFO") == "/text":
        return ["text"]
    return [b"text"]
'''
LYING_HEAD = '''
def application(environ, start_response):
    size = "9" if environ["REQUEST_METHOD"] == "HEAD" else "4"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", size)])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"text"]
'''
CHDIR = '''
import os
os.chdir("/")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"text"]
'''
NO_CLOSE = '''
class Middleware:
    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        return (item for item in self.application(environ, start_response))
'''


def run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wsgicheck", *words], cwd=directory, env=CLEAN, check=False,
                          capture_output=True, text=True, timeout=300)


def ids(directory: Path, rule: str) -> list[str]:
    found = []
    for path in sorted((directory / ".wsgicheck" / "findings").glob("*.json")):
        if json.loads(path.read_text())["findings"][0]["rule"] == rule:
            found.append(path.stem)
    return found


def shown_and_mended(directory: Path, name: str, rule: str, mend: tuple[str, str]) -> None:
    (known,) = ids(directory, rule)
    again = run(directory, "replay", known)
    assert again.returncode == 1, again.stdout + again.stderr
    assert rule in again.stdout
    source = directory / name
    assert mend[0] in source.read_text()
    source.write_text(source.read_text().replace(*mend))
    gone = run(directory, "replay", known.lower())
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert "does not show again" in gone.stdout


def test_a_finding_of_one_exchange(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(STR_BODY)
    assert run(tmp_path, "subject.py:application").returncode == 1
    shown_and_mended(tmp_path, "subject.py", "chunks-are-bytes", ('["text"]', '[b"text"]'))


def test_a_finding_of_a_law_over_exchanges(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(LYING_HEAD)
    assert run(tmp_path, "subject.py:application", "--max-examples", "20").returncode == 1
    rules = {json.loads(path.read_text())["findings"][0]["rule"]
             for path in (tmp_path / ".wsgicheck" / "findings").glob("*.json")}
    (rule,) = [rule for rule in rules if "length" in rule and "head" in rule]
    shown_and_mended(tmp_path, "subject.py", rule, ('"9"', '"4"'))


def test_a_finding_about_the_import(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(CHDIR)
    run(tmp_path, "doctor", "subject.py:application")
    rules = {json.loads(path.read_text())["findings"][0]["rule"]
             for path in (tmp_path / ".wsgicheck" / "findings").glob("*.json")}
    (rule,) = [rule for rule in rules if "directory" in rule]
    shown_and_mended(tmp_path, "subject.py", rule, ('os.chdir("/")', ""))


def test_a_finding_about_a_middleware(tmp_path: Path) -> None:
    (tmp_path / "wrap.py").write_text(NO_CLOSE)
    assert run(tmp_path, "middleware", "wrap.py:Middleware").returncode == 1
    (kept,) = [path for path in (tmp_path / ".wsgicheck" / "findings").glob("*.json")
               if "close" in json.loads(path.read_text())["findings"][0]["rule"]]
    again = run(tmp_path, "replay", kept.stem)
    assert again.returncode == 1, again.stdout + again.stderr


@pytest.mark.slow
def test_a_finding_about_a_server(tmp_path: Path) -> None:
    checked = run(tmp_path, "server", "wsgiref", "--exit-zero", "-q", "--max-time", "120")
    found = re.findall(r"^MUST (\S+) .*\((\w{6})(?:-\d+)?\)$", checked.stdout, re.MULTILINE)
    assert found, checked.stdout + checked.stderr
    again = run(tmp_path, "replay", found[0][1])
    assert again.returncode == 1, again.stdout + again.stderr
    assert found[0][0].rpartition("/")[2] in again.stdout


SLOW_PLACE = """
import ctypes, os, time

MENDED = False

def application(environ, start_response):
    if environ.get("PATH_INFO") == "/here" and not MENDED:
        {act}
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"text"]
"""
FATES = {
    "each-request-is-answered-in-time": "time.sleep(3600)",
    "process-survives-each-request": "os._exit(3)",
    "process-survives-each-request ": "ctypes.string_at(0)",
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", FATES)
def test_a_finding_about_the_end_of_the_process(tmp_path: Path, rule: str) -> None:
    (tmp_path / "subject.py").write_text(SLOW_PLACE.format(act=FATES[rule]))
    checked = run(tmp_path, "subject.py:application", "--seed", "3", "--path", "/here", "--timeout", "3",
                  "--max-examples", "20", "--select", "survival")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    shown_and_mended(tmp_path, "subject.py", rule.strip(), ("MENDED = False", "MENDED = True"))


SHARED = """
import time

current = ""

def application(environ, start_response):
    global current
    mine = current = environ.get("QUERY_STRING", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    time.sleep(0.001)
    return [current.encode("latin-1")]
"""


@pytest.mark.slow
def test_a_finding_among_threads(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(SHARED)
    run(tmp_path, "subject.py:application", "--seed", "3", "--max-examples", "20", "--select", "concurrency")
    shown_and_mended(tmp_path, "subject.py", "answers-are-the-same-among-threads",
                     ("[current.encode", "[mine.encode"))


REMEMBERING = """
notes = []

def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        notes.append("x")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"%d notes" % len(notes)]
"""


@pytest.mark.slow
def test_a_finding_that_rests_on_other_requests(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(REMEMBERING)
    checked = run(tmp_path, "subject.py:application", "--seed", "3", "--unsafe-methods", "--select", "repetition")
    rule = "state-is-shared-by-all-processes"
    assert rule in checked.stdout, checked.stdout + checked.stderr
    (known,) = ids(tmp_path, rule)
    kept = json.loads((tmp_path / ".wsgicheck" / "findings" / f"{known}.json").read_text())["findings"][0]
    # One of the requests that the run had made is enough, and the reproductions make it too.
    assert [other["method"] for other in kept["beside"]] == ["POST"]
    assert [case["method"] for case in kept["between"]] == ["POST"]
    assert [" -X POST " in line for line in kept["reproduce"]["curl"].splitlines()] == [False, True, False]
    shown = subprocess.run([sys.executable, "-c", kept["reproduce"]["python"]], cwd=tmp_path, env=CLEAN, check=True,
                           capture_output=True, text=True, timeout=60).stdout
    assert [line for line in shown.splitlines() if "notes" in line] == ["b'0 notes'", "b'1 notes'", "b'1 notes'"]
    shown_and_mended(tmp_path, "subject.py", rule, ("% len(notes)", "% 0"))


LOGIN = """
import secrets
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

sessions = set()

def application(environ, start_response):
    cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    path = environ.get("PATH_INFO", "")
    if path == "/login" and environ["REQUEST_METHOD"] == "POST":
        form = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        if form.get(b"password") == [b"right"]:
            sessions.add(secrets.token_hex())
            start_response("303 See Other", [("Location", "/"), ("Set-Cookie", "session=" + max(sessions))])
            return [b""]
    if "session" not in cookies or cookies["session"].value not in sessions:
        start_response("303 See Other", [("Location", "/login")])
        return [b""]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["known"] if path == "/inside" else [b"text"]
"""


def test_a_finding_that_only_a_known_visitor_sees(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(LOGIN)
    login = "POST /login user=me password=right"
    checked = run(tmp_path, "subject.py:application", "--seed", "3", "--max-examples", "20", "--select", "body",
                  "--path", "/inside", "--login", login, "--report", "json=report.json")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert (tmp_path / ".wsgicheck").stat().st_mode & 0o077 == 0
    # A report that is handed on has no password in it; who repeats it says it again.
    known = json.loads((tmp_path / "report.json").read_text())["findings"][0]["id"]
    assert "password" not in (tmp_path / "report.json").read_text()
    assert run(tmp_path, "replay", "report.json", known).returncode == 0
    assert run(tmp_path, "replay", "report.json", known, "--login", login).returncode == 1
    shown_and_mended(tmp_path, "subject.py", "chunks-are-bytes", ('["known"]', '[b"known"]'))



@pytest.mark.slow
def test_the_very_application_stands_in_the_middleware_again(tmp_path: Path) -> None:
    (tmp_path / "wrap.py").write_text(NO_CLOSE)
    assert run(tmp_path, "middleware", "wrap.py:Middleware", "--seed", "1").returncode == 1
    (kept,) = [path for path in (tmp_path / ".wsgicheck" / "findings").glob("*.json")
               if "close" in json.loads(path.read_text())["findings"][0]["rule"]]
    record = json.loads(kept.read_text())
    found = record["findings"][0]
    assert found["given"]
    # Not from the seed: from what is written down.
    record["stats"]["seed"] = 99
    kept.write_text(json.dumps(record))
    again = run(tmp_path, "replay", kept.stem)
    assert again.returncode == 1, again.stdout + again.stderr
    assert f"wsgicheck replay {kept.stem}" in again.stdout
    assert re.search(r" s, \d exchanges?$", again.stdout, re.MULTILINE), again.stdout
    source = tmp_path / "wrap.py"
    source.write_text(source.read_text().replace(
        "(item for item in self.application(environ, start_response))", "self.application(environ, start_response)"))
    gone = run(tmp_path, "replay", kept.stem)
    assert gone.returncode == 0, gone.stdout + gone.stderr


SERVER = """
import sys

from fixtures.faulty_servers import environs, responses
from fixtures.faulty_servers.fault import FAULTS
from wsgicheck.reference.server import main

FAULT = "{fault}"
main(sys.argv[1:], FAULTS[FAULT].connection) if FAULT else main(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "rule", "drawn"), [
    ("takes-two-arguments", "start-response-takes-three-arguments", False),
    ("folds-spaces-in-headers", "header-values-are-passed-unchanged", True),
])
def test_a_finding_about_a_server_that_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str,
                                                 rule: str, drawn: bool) -> None:
    monkeypatch.setitem(CLEAN, "PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    (tmp_path / "serve.py").write_text(SERVER.format(fault=fault))
    command = f"{sys.executable} {tmp_path / 'serve.py'} {{host}} {{port}} {{app}} probe.deployed=deployed"
    checked = run(tmp_path, "server", "--command", command, "--select", rule, "--seed", "1")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    (known,) = ids(tmp_path, rule)
    kept = json.loads((tmp_path / ".wsgicheck" / "findings" / f"{known}.json").read_text())["findings"][0]
    assert bool(kept["given"]) is drawn
    shown_and_mended(tmp_path, "serve.py", rule, (f'FAULT = "{fault}"', 'FAULT = ""'))



def test_a_report_is_as_good_as_an_id(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(STR_BODY)
    run(tmp_path, "subject.py:application", "--report", "json=report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    known = report["findings"][0]["id"]
    again = run(tmp_path, "replay", "report.json", known)
    assert again.returncode == 1
    assert "chunks-are-bytes" in again.stdout


@pytest.mark.parametrize(("words", "told"), [
    (("replay", "NOSUCH"), "neither a report"),
    (("replay", "broken.json"), "no JSON"),
    (("replay", "other.json"), "no report of schema"),
    (("replay",), "ID|FILE"),
])
def test_bad_input_is_one_line(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    outcome = run(tmp_path, *words)
    assert outcome.returncode == 2
    assert told in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
