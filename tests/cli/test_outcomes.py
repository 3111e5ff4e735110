"""From a real application to a report and an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from project import CLEAN, GOOD, STR_BODY

FEW = ("--max-examples", "3", "--seed", "1")


def test_a_good_application(project: Any) -> None:
    project.write({"good.py": GOOD})
    answer = project.run("good", *FEW, "--fail-on", "advice")
    assert answer.returncode == 0, answer.stdout
    assert answer.stderr == ""
    assert "good" in answer.stdout
    assert "seed 1" in answer.stdout


@pytest.mark.parametrize("verb", [[], ["app"]], ids=["no verb", "app"])
def test_a_finding_names_the_line_and_fails(project: Any, verb: list[str]) -> None:
    project.write({"bad.py": STR_BODY})
    answer = project.run(*verb, "bad", *FEW)
    assert (answer.returncode, answer.stderr) == (1, "")
    for part in ("body/chunks-are-bytes", "MUST", "bad.py:3", 'yield "hello"', "FAIL"):
        assert part in answer.stdout


def test_options_may_stand_first(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    assert project.run("--seed", "1", "--max-examples", "3", "bad").returncode == 1


def test_a_module_called_app_needs_no_verb_twice(project: Any) -> None:
    project.write({"app.py": STR_BODY})
    answer = project.run("app", *FEW, "-q")
    assert answer.returncode == 1
    assert "app.py:3" in answer.stdout
    assert project.run("app", "app", *FEW, "-q").stdout.partition(" in ")[0] == answer.stdout.partition(" in ")[0]


def test_what_is_ignored_or_not_selected_does_not_fail(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    assert project.run("bad", *FEW, "--ignore", "chunks-are-bytes").returncode == 0
    assert project.run("bad", *FEW, "--select", "status").returncode == 0
    assert project.run("bad", *FEW, "--select", "status", "--select", "body").returncode == 1


def test_exit_zero(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    answer = project.run("bad", *FEW, "--exit-zero")
    assert answer.returncode == 0
    assert "FAIL" in answer.stdout


def test_quiet_is_a_line_for_each_finding(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    lines = project.run("bad", *FEW, "-q", "--select", "chunks-are-bytes").stdout.splitlines()
    assert len(lines) == 2
    assert "chunks-are-bytes" in lines[0]
    assert lines[1].startswith("FAIL")


def test_several_reports_of_one_run(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    answer = project.run("bad", *FEW, "--format", "json", "--report", "json=one.json", "--report", "junit=two.xml",
                         "--report", "text=three.txt", "-o", "four.json")
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", "")
    one, four = (json.loads((project.folder / name).read_text()) for name in ("one.json", "four.json"))
    assert one == four
    assert one["outcome"] == "fail"
    assert one["subject"]["target"] == "bad"
    assert {finding["rule"] for finding in one["findings"]} >= {"chunks-are-bytes"}
    assert "<testsuite" in (project.folder / "two.xml").read_text()
    text = (project.folder / "three.txt").read_text(encoding="utf-8")
    assert "FAIL" in text
    assert "\x1b" not in text


def test_the_same_seed_gives_the_same_report(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    reports = []
    for _ in range(2):
        report = json.loads(project.run("bad", *FEW, "--format", "json").stdout)
        del report["stats"]["seconds"]
        reports.append(report)
    assert reports[0] == reports[1]


def test_an_application_that_answers_errors_alone_is_no_success(project: Any) -> None:
    project.write({"shop.py": "from flask import Flask\napp = Flask(__name__)\n"})
    answer = project.run("shop", *FEW)
    assert answer.returncode == 4
    assert "Nothing was really checked" in answer.stdout
    answer = project.run("shop", *FEW, "--format", "json", "--exit-zero")
    assert answer.returncode == 4
    assert json.loads(answer.stdout)["outcome"] == "error"
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stderr.startswith("wsgicheck: nothing was really checked: ")


def test_baseline(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    first = project.run("bad", *FEW, "--select", "body", "--baseline", "known.json", "--update-baseline")
    assert first.returncode == 0
    file = project.folder / "known.json"
    written = json.loads(file.read_text())
    assert [entry["rule"] for entry in written["findings"]] == ["body/chunks-are-bytes"]

    # A reason survives an update, and what is accepted fails no longer.
    written["findings"][0]["reason"] = "to be mended in May"
    file.write_text(json.dumps(written))
    again = project.run("bad", *FEW, "--select", "body", "--baseline", "known.json", "--update-baseline",
                        "--format", "json")
    assert again.returncode == 0
    assert json.loads(file.read_text())["findings"][0]["reason"] == "to be mended in May"
    verdicts = {rule["id"]: rule["verdict"] for rule in json.loads(again.stdout)["rules"]}
    assert verdicts["chunks-are-bytes"] == "known"

    # Another place breaks the same rule: that is new.
    project.write({"bad.py": STR_BODY.replace("application", "other") + "app = other\n"})
    new = project.run("bad", *FEW, "--select", "body", "--baseline", "known.json")
    assert new.returncode == 1
    assert "1 of the baseline not seen" in " ".join(new.stdout.split())


def test_chdir_and_settings(project: Any) -> None:
    project.write({
        "web/site_settings.py": "SECRET_KEY = 'x'\nROOT_URLCONF = 'site_urls'\nALLOWED_HOSTS = ['*']\n",
        "web/site_urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n"
                            "urlpatterns = [path('', lambda request: HttpResponse('hello'))]\n",
        "web/entry.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"})
    answer = project.run("entry", "--chdir", "web", "--settings", "site_settings", *FEW, "--format", "json")
    report = json.loads(answer.stdout)
    assert answer.returncode in (0, 1), answer.stderr
    assert report["outcome"] != "error"


def test_path_leads_to_a_place_that_is_not_found_otherwise(project: Any) -> None:
    project.write({"shop.py": """\
def application(environ, start_response):
    if environ["PATH_INFO"] == chr(47) + "x" * 9:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return ["text"]
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
"""})
    assert project.run("shop", *FEW).returncode == 4
    answer = project.run("shop", "--path", "/xxxxxxxxx", "--max-examples", "30", "--seed", "1")
    assert answer.returncode == 1
    assert "chunks-are-bytes" in answer.stdout


def test_an_interrupt_ends_the_run_quietly(project: Any) -> None:
    project.write({"slow.py": "import time\nprint('here', flush=True)\nopen('started', 'w').close()\n"
                              "time.sleep(30)\n"})
    process = subprocess.Popen([sys.executable, "-m", "wsgicheck", "slow"], cwd=project.folder, env=CLEAN,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    try:
        while not (project.folder / "started").exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    # The empty line before it ends the one on which a terminal shows ^C.
    assert (process.returncode, out, err) == (130, "", "\nwsgicheck: interrupted\n")


def test_a_reader_that_leaves_changes_nothing(project: Any) -> None:
    project.write({"bad.py": STR_BODY})
    read, write = os.pipe()
    os.close(read)
    try:
        answer = subprocess.run([sys.executable, "-m", "wsgicheck", "bad", *FEW], cwd=project.folder, env=CLEAN,
                                stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(write)
    assert (answer.returncode, answer.stderr) == (1, "")


def test_a_bug_of_ours_is_a_line_and_a_traceback_on_request(project: Any) -> None:
    project.write({"sitecustomize.py": "import wsgicheck.config\n"
                                       "def load(*a, **k):\n    raise ZeroDivisionError('made for a test')\n"
                                       "wsgicheck.config.load = load\n"})
    answer = project.run("shop", env={"PYTHONPATH": "."})
    assert answer.returncode == 3
    assert len(answer.stderr.splitlines()) == 1
    assert "internal error: ZeroDivisionError: made for a test" in answer.stderr
    assert "-v" in answer.stderr
    answer = project.run("shop", "-v", env={"PYTHONPATH": "."})
    assert answer.returncode == 3
    assert "Traceback" in answer.stderr


def test_a_terminal_sees_progress_that_leaves_no_trace(project: Any) -> None:
    project.write({"slow.py": "import time\n" + GOOD.replace("    body =", "    time.sleep(0.02)\n    body =")})
    master, slave = os.openpty()
    process = subprocess.Popen([sys.executable, "-m", "wsgicheck", "slow", *FEW, "--route", "/"], cwd=project.folder,
                               env={**CLEAN, "TERM": "xterm"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # Linux says EIO where the other side of a terminal is closed
                break
            if not data:
                break
            shown += data
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == 0
    assert b"exchange" in shown
    assert b"1 of 1 route" in shown
    assert shown.endswith(b"\r\x1b[2K")
    assert b"\x1b" not in out
