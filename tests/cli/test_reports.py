"""The forms in which the command itself tells of a run: lines that stream, GitHub's summary, numbers, what holds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from project import CLEAN, GOOD, STR_BODY, Project

from wsgicheck.schema import events_schema

SCHEMA = Draft202012Validator(events_schema())
SLOW = """\
import time

def application(environ, start_response):
    time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield "hello"
"""


def events(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        SCHEMA.validate(event)
    return found


def names(found: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in found]


def test_lines_come_while_the_run_goes_on(project: Project) -> None:
    project.write({"shop.py": SLOW})
    words = [sys.executable, "-m", "wsgicheck", "shop:application", "--format", "json-lines", "--seed", "1",
             "--max-time", "8"]
    with subprocess.Popen(words, cwd=project.folder, env=CLEAN, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = []
        for line in running.stdout:
            first.append(line)
            if '"broken"' in line:
                break
        # It is told before the run is over.
        assert running.poll() is None
        rest = running.stdout.read()
    found = events("".join(first) + rest)
    assert running.returncode == 1
    assert found[0]["event"] == "start"
    assert {"entered", "routes", "exchanges"} <= next(e for e in found if e["event"] == "progress").keys()
    broken = next(event for event in found if event["event"] == "broken")
    assert (broken["rule"], broken["family"], broken["level"]) == ("chunks-are-bytes", "body", "must")
    assert "'hello'" in broken["evidence"]
    assert names(found).index("broken") < names(found).index("finding")
    assert found[-1]["event"] == "end"
    assert found[-1]["outcome"] == "fail"


def test_lines_in_a_file_beside_another_report(project: Project) -> None:
    project.write({"shop.py": STR_BODY, "run.jsonl": "what was here before\n"})
    answer = project.run("shop:application", "--seed", "1", "--report", "json-lines=run.jsonl", "--report",
                         "json=run.json", "-q")
    assert answer.returncode == 1
    assert answer.stdout.startswith("MUST body/chunks-are-bytes ")
    found = events((project.folder / "run.jsonl").read_text(encoding="ascii"))
    report = json.loads((project.folder / "run.json").read_text(encoding="utf-8"))
    assert [{k: v for k, v in event.items() if k != "event"} for event in found if event["event"] == "finding"] \
        == report["findings"]
    assert found[-1]["stats"] == report["stats"]


@pytest.mark.parametrize("target", ["nosuch:application", "shop:application"])
def test_lines_say_why_there_is_no_result(project: Project, target: str) -> None:
    project.write({"shop.py": "raise RuntimeError('no \\x1b[2J database')\n"})
    answer = project.run(target, "--format", "json-lines")
    assert answer.returncode == 2
    found = events(answer.stdout)
    assert names(found) == ["start", "stopped"]
    assert "TargetError" in found[-1]["message"]


def github(project: Project, *words: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], str]:
    summary = project.folder / "summary.md"
    answer = project.run("shop:application", "--seed", "1", *words,
                         env={"GITHUB_STEP_SUMMARY": str(summary), **variables})
    return answer, summary.read_text(encoding="utf-8") if summary.exists() else ""


def test_the_summary_of_a_step_at_github(project: Project) -> None:
    project.write({"shop.py": STR_BODY, "summary.md": "of an earlier command\n"})
    answer, summary = github(project, "--format", "github", GITHUB_WORKSPACE=str(project.folder.parent))
    assert answer.returncode == 1
    first = answer.stdout.splitlines()[0]
    assert first.startswith("::error file=site/shop.py,line=3,")
    assert re.fullmatch(r"::(error|warning|notice) [a-zA-Z]+=[^,:]*(,[a-zA-Z]+=[^,:]*)*::.+", first)
    assert summary.startswith("of an earlier command\n")
    assert "## wsgicheck: fail" in summary
    assert "chunks-are-bytes" in summary
    assert "not exercised, so not passed" in summary


def test_no_summary_where_nobody_asked_for_annotations(project: Project) -> None:
    project.write({"shop.py": STR_BODY})
    assert github(project, "-q")[1] == ""
    assert "wsgicheck: fail" in github(project, "-q", "--report", "github=annotations.txt")[1]


def test_a_summary_that_cannot_be_written_fails_no_run(project: Project) -> None:
    project.write({"shop.py": GOOD})
    answer = project.run("shop:application", "--seed", "1", "--format", "github",
                         env={"GITHUB_STEP_SUMMARY": str(project.folder / "no" / "such.md")})
    assert answer.returncode == 0
    assert "the summary of this step cannot be written" in answer.stderr


def test_a_full_summary_is_cut_between_findings(project: Project) -> None:
    project.write({"shop.py": STR_BODY, "summary.md": "x" * (1024 * 1024 - 4000)})
    _, summary = github(project, "--format", "github")
    assert len(summary.encode()) <= 1024 * 1024
    assert summary.endswith("The other findings did not fit into this summary.\n")
    assert "## wsgicheck: fail" in summary


def test_statistics(project: Project) -> None:
    project.write({"shop.py": STR_BODY})
    answer = project.run("shop:application", "--seed", "1", "--statistics")
    assert answer.returncode == 1
    assert re.search(r"^ +[\d,]+x  MUST    body/chunks-are-bytes$", answer.stdout, re.MULTILINE)
    assert "━━ 1" not in answer.stdout
    assert "FAIL: 1 violation" in answer.stdout


def test_show_passed(project: Project) -> None:
    project.write({"shop.py": GOOD})
    words = ("shop:application", "--seed", "1", "--select", "body")
    plain, more = project.run(*words).stdout, project.run(*words, "--show-passed").stdout
    assert "body/chunks-are-bytes (" not in plain
    assert re.search(r"^\d+ rules hold:$", more, re.MULTILINE)
    assert "body/chunks-are-bytes (" in more


def test_a_report_read_back_takes_the_folder_along(project: Project) -> None:
    project.write({"inner/shop.py": STR_BODY})
    answer = project.run("shop:application", "--chdir", "inner", "--seed", "1", "--format", "json", "-o", "out.json")
    assert answer.returncode == 1
    report = json.loads(Path(project.folder / "out.json").read_text(encoding="utf-8"))
    assert report["arguments"]["chdir"] == "inner"
    assert not {"login", "cookies", "headers"} & report["arguments"].keys()
    assert project.run("replay", "out.json", report["findings"][0]["id"]).returncode == 1
    assert project.run("replay", "out.json", report["findings"][0]["id"], "--chdir", ".").returncode == 2


def test_a_dry_run_asks_nothing(project: Project) -> None:
    project.write({"shop.py": "CALLS = open('calls', 'a')\n" + STR_BODY.replace(
        "    start_response", "    CALLS.write('called')\n    CALLS.flush()\n    start_response", 1)})
    answer = project.run("shop:application", "--dry-run", "--select", "body,status", "--report", "json=out.json",
                         "--route", "/product/<int:id>", "--max-examples", "7")
    assert (answer.returncode, answer.stderr) == (0, "")
    said = " ".join(answer.stdout.split())
    for part in ("would check shop:application", "rules: status (", "body (", "1 known route: GET /product/<int:id>",
                 "at most 7 drawn requests, 60 s", "json to out.json", "text to standard output", "Nothing was asked."):
        assert part in said, part
    assert (project.folder / "calls").read_text(encoding="utf-8") == ""
    assert not (project.folder / "out.json").exists()
    assert project.run("nosuch:application", "--dry-run").returncode == 2


# What it looks for does not stand in it: constants of an application are asked for anyway.
ONLY_ONE_BODY = """\
import hashlib

def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["found"] if hashlib.sha256(body).hexdigest().startswith("10fe3dce80de781df571") else [b"text"]
"""


def test_a_body_leads_to_a_place_that_is_not_found_otherwise(project: Project) -> None:
    project.write({"shop.py": ONLY_ONE_BODY})
    words = ("shop:application", "--seed", "1", "--select", "chunks-are-bytes", "-q")
    assert project.run(*words).returncode == 0
    found = project.run(*words, "--body", 'application/json: {"secret": [1, 2]}')
    assert found.returncode == 1
    assert "chunks-are-bytes" in found.stdout
    refused = project.run(*words, "--body", "no type at all")
    assert refused.returncode == 2
    assert "--body takes" in refused.stderr
