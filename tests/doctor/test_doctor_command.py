"""`wsgicheck doctor TARGET` as a person types it, and the same findings in an ordinary run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

APPS = Path(__file__).parents[2] / "fixtures" / "apps"
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("WSGICHECK_", "POLLS_")) and name not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")}
GOOD = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
"""


def wsgicheck(*args: str, folder: Path, code: int) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", "wsgicheck", *args], cwd=folder, env=CLEAN, timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def found(*args: str, folder: Path, code: int = 0) -> dict[str, dict[str, object]]:
    """Return the findings of a JSON report, by rule."""
    report = json.loads(wsgicheck(*args, "--format", "json", folder=folder, code=code).stdout)
    return {finding["rule"]: finding for finding in report["findings"]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "wsgicheck.toml").write_text("", encoding="utf-8")
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def test_a_clean_application_passes_and_each_rule_was_judged(site: Path) -> None:
    (site / "wsgi.py").write_text(GOOD, encoding="utf-8")
    report = json.loads(wsgicheck("doctor", "wsgi", "--format", "json", folder=site, code=0).stdout)
    assert report["outcome"] == "pass"
    assert report["findings"] == []
    assert {rule["verdict"] for rule in report["rules"]} == {"holds"}
    assert len(report["rules"]) > 20


def test_a_finding_fails_at_its_level_and_names_its_line(site: Path) -> None:
    (site / "wsgi.py").write_text("import os\n\nos.chdir('/')\n" + GOOD, encoding="utf-8")
    text = wsgicheck("doctor", "wsgi.py", folder=site, code=0).stdout
    assert "hygiene/working-directory-is-left-alone" in text
    assert "--> wsgi.py:3" in text
    assert "Again:  wsgicheck doctor wsgi.py\n" in text
    found = re.search("again +wsgicheck replay ([0-9A-Z]{6})", text)
    assert found is not None
    assert "--> wsgi.py:3" in wsgicheck("replay", found[1], folder=site, code=1).stdout
    wsgicheck("doctor", "wsgi.py", "--strict", folder=site, code=1)
    wsgicheck("doctor", "wsgi.py", "--strict", "--ignore", "working-directory-is-left-alone", folder=site, code=0)


def test_every_format_tells_it(site: Path) -> None:
    (site / "wsgi.py").write_text("print('hello')\n" + GOOD, encoding="utf-8")
    begins = {"concise": "wsgi.py:1: should", "junit": "<?xml", "sarif": "{", "github": "::warning",
              "markdown": "## wsgicheck", "html": "<!"}
    reports = [word for form in begins for word in ("--report", f"{form}=report.{form}")]
    wsgicheck("doctor", "wsgi", *reports, folder=site, code=0)
    for form, beginning in begins.items():
        text = (site / f"report.{form}").read_text(encoding="utf-8")
        assert text.lower().startswith(beginning), text[:200]
        assert "stdout-is-left-alone" in text


def test_a_wrong_request_is_one_line(site: Path) -> None:
    for args in (["doctor"], ["doctor", "nowhere:application"], ["doctor", "wsgi", "--select", "chunks-are-bytes"]):
        (site / "wsgi.py").write_text(GOOD, encoding="utf-8")
        told = wsgicheck(*args, folder=site, code=2).stderr
        assert told.startswith("wsgicheck: error: ")
        assert len(told.splitlines()) == 1


def test_an_exception_on_import_is_the_targets_fault(site: Path) -> None:
    (site / "wsgi.py").write_text("import os\nos.umask(0)\n1 / 0\n", encoding="utf-8")
    assert "ZeroDivisionError" in wsgicheck("doctor", "wsgi", folder=site, code=2).stderr


def test_an_exit_on_import_is_a_finding_and_no_green(site: Path) -> None:
    (site / "wsgi.py").write_text("import argparse\n\nparser = argparse.ArgumentParser()\n"
                                  "parser.add_argument('--port', required=True)\nparser.parse_args()\n" + GOOD,
                                  encoding="utf-8")
    text = wsgicheck("doctor", "wsgi", folder=site, code=4).stdout
    assert "hygiene/import-ignores-the-command-line" in text
    assert "--> wsgi.py:5" in text


def test_a_server_that_is_started_on_import_is_a_finding_and_no_green(site: Path) -> None:
    (site / "wsgi.py").write_text(GOOD + "\nfrom wsgiref.simple_server import make_server\n"
                                  "make_server('127.0.0.1', 0, application).serve_forever()\n", encoding="utf-8")
    text = wsgicheck("doctor", "wsgi", "--timeout", "2", folder=site, code=4).stdout
    assert "hygiene/servers-start-under-a-main-guard" in text
    assert "the import did not end" in " ".join(text.split())
    assert "--> wsgi.py:6" in text


def test_an_import_that_waits_for_ever_is_the_targets_fault(site: Path) -> None:
    (site / "wsgi.py").write_text("import threading\nthreading.Event().wait()\n" + GOOD, encoding="utf-8")
    told = wsgicheck("doctor", "wsgi", "--timeout", "1", folder=site, code=2).stderr
    assert "no answer within 1 s" in told


@pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"])
def test_a_death_on_import_is_one_line(site: Path, death: str) -> None:
    (site / "wsgi.py").write_text(f"import os\n{death}\n" + GOOD, encoding="utf-8")
    told = wsgicheck("doctor", "wsgi", folder=site, code=2).stderr
    assert told.startswith("wsgicheck: error: importing wsgi did not end well")


def test_an_asgi_application_fails_at_must(site: Path) -> None:
    (site / "asgi.py").write_text("async def application(scope, receive, send):\n    pass\n", encoding="utf-8")
    assert "hygiene/application-is-synchronous" in wsgicheck("doctor", "asgi", folder=site, code=1).stdout


def test_an_ordinary_run_tells_the_same(site: Path) -> None:
    (site / "wsgi.py").write_text("import signal\n\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\n\n"
                                  + GOOD.replace("    return", "    print('asked')\n    return"), encoding="utf-8")
    ordinary = found("wsgi", "--seed", "1", "--max-examples", "5", folder=site)
    doctor = found("doctor", "wsgi", folder=site)
    assert set(doctor) == {"signals-are-left-to-the-server", "stdout-is-left-alone"}
    for rule, finding in doctor.items():
        assert ordinary[rule]["site"] == finding["site"]
        assert ordinary[rule]["level"] == "should"


# -- real sites ----------------------------------------------------------------------------------------------

def test_setdefault_lets_another_site_win(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("django")
    findings = found("doctor", "polls_site.wsgi:application", folder=APPS / "polls")
    assert set(findings) == {"site-is-chosen-by-assignment", "cleanup-does-not-wait-for-the-exit"}
    finding = findings["site-is-chosen-by-assignment"]
    assert finding["site"] == {"file": "polls_site/wsgi.py", "line": 13, "function": "<module>"}
    evidence = str(finding["evidence"])
    assert "'another_site.settings' instead of 'polls_site.settings'" in evidence
    assert "os.environ['DJANGO_SETTINGS_MODULE'] = 'polls_site.settings'" in evidence
    assert "one process group for each site" in evidence


def test_the_mended_form_runs_its_own_site() -> None:
    pytest.importorskip("django")
    # What is left is the fixture's own: it removes its scratch database when the process ends.
    findings = found("doctor", "polls_site.wsgi_mended:application", folder=APPS / "polls")
    assert set(findings) == {"cleanup-does-not-wait-for-the-exit"}


def test_flask_is_silent() -> None:
    pytest.importorskip("flask")
    assert found("doctor", "shop:app", "--path", "/cart", "--path", "/price-list.txt", folder=APPS / "shop") == {}


def test_an_ordinary_run_knows_what_is_assigned_after_all(site: Path) -> None:
    (site / "wsgi.py").write_text("import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
                                  "os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n\n" + GOOD,
                                  encoding="utf-8")
    assert found("wsgi", "--seed", "1", "--max-examples", "3", folder=site) == {}


def test_the_name_of_the_application_is_the_doctors_matter_alone(site: Path) -> None:
    (site / "wsgi.py").write_text(GOOD.replace("application", "shop"), encoding="utf-8")
    assert set(found("doctor", "wsgi:shop", folder=site)) == {"application-goes-by-the-usual-name"}
    assert found("wsgi:shop", "--seed", "1", "--max-examples", "3", folder=site) == {}
