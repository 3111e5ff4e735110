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
