"""A server's finding is seen again without the checker: what each format prints is run as printed, and shows it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest

from tests.servers.test_faults import FAULTS
from wsgicheck.active.server import check_command
from wsgicheck.harness.program import PORT, Place, curl_line, program
from wsgicheck.model.finding import Finding
from wsgicheck.model.run import Run
from wsgicheck.model.scene import Receive, ask
from wsgicheck.model.wire import Wire
from wsgicheck.report import render
from wsgicheck.report.matrix import render_matrix, row_of

ROOT = Path(__file__).resolve().parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PLACE = Place("started so")


def command(fault: str) -> str:
    return f"{sys.executable} -m fixtures.faulty_servers {fault} {{host}} {{port}} {{app}} probe.deployed=deployed"


def found(fault: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Finding]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run = check_command(command(fault), select=(FAULTS[fault].breaks,), seed=1, examples=0)
    return run, run.findings[0]


@contextmanager
def standing(fault: str, *rule: str) -> Iterator[tuple[int, list[str]]]:
    """Run `wsgicheck server --serve`; yield its port, and what it prints as it comes."""
    words = [sys.executable, "-m", "wsgicheck", "server", "--command", command(fault), *rule, "--serve", "0"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"})
    printed: list[str] = []
    assert server.stdout is not None
    assert server.stderr is not None
    reader = threading.Thread(target=lambda stream: printed.extend(stream), args=(server.stdout,))
    try:
        port = re.search(r"127\.0\.0\.1:(\d+)", server.stderr.readline())
        assert port is not None
        reader.start()
        yield int(port[1]), printed
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        reader.join(5)
        server.stdout.close()
        server.stderr.close()


def as_printed(text: str) -> str:
    """Return the program as the text report shows it."""
    lines = text.partition("\n  python\n")[2].split("\n")
    shown = lines[: lines.index("")]
    return "\n".join(line.removeprefix("    ") for line in shown) + "\n"


@pytest.mark.parametrize(("fault", "shows"), [
    ("sends-yields-for-head", "he'\n= closed"),
    ("sends-headers-with-empty-items", "HTTP/1.1 200 OK"),
    ("keeps-one-environ-for-all", ""),
])
def test_the_printed_program_shows_the_fault(fault: str, shows: str, monkeypatch: pytest.MonkeyPatch,
                                             tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run, finding = found(fault, monkeypatch)
    code = as_printed(render(run, "text", width=100))
    assert code == finding.program
    assert len(code.splitlines()) < 30
    with standing(fault) as (port, printed):
        done = subprocess.run([sys.executable, "-c", code.replace(str(PORT), str(port))], capture_output=True,
                              text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert shows in done.stdout
    assert any(finding.rule in line and ": call" in line for line in printed)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_line_for_the_shell_shows_the_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run, finding = found("adds-no-date", monkeypatch)
    assert finding.shell in render(run, "text", width=100)
    with standing("adds-no-date") as (port, printed):
        done = subprocess.run(["sh", "-c", finding.shell.replace(str(PORT), str(port))], capture_output=True, text=True,
                              timeout=60)
    assert done.returncode == 0, done.stderr
    assert "200 OK" in done.stdout
    assert "date:" not in done.stdout.lower()
    assert any(": call" in line for line in printed)
    assert any("REQUEST_METHOD='GET'" in line for line in printed)


def test_a_rule_about_a_kind_of_application_stands_with_that_kind(monkeypatch: pytest.MonkeyPatch,
                                                                  tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    _, finding = found("serves-no-classes", monkeypatch)
    assert "--select class-is-an-application --serve" in finding.program
    with standing("serves-no-classes", "--select", "class-is-an-application") as (port, printed):
        done = subprocess.run([sys.executable, "-c", finding.program.replace(str(PORT), str(port))],
                              capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "500 Internal Server Error" in done.stdout
    assert any(line.startswith("log: ") and "is no application" in line for line in printed)


@pytest.mark.parametrize("fault", ["adds-no-date", "sends-headers-with-empty-items"])
def test_every_format_shows_it(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, finding = found(fault, monkeypatch)
    line = (finding.shell or finding.program).split("\n")[-1 if finding.shell else -2]
    assert line
    assert line in render(run, "text", width=100)
    assert line in render(run, "markdown")
    assert line.replace("\\", "\\\\").replace('"', '\\"') in render(run, "json")
    assert line in unescape(render(run, "html"))
    assert line in unescape(render_matrix([row_of(run)]))


def test_a_port_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with standing("adds-no-date") as (port, _):
        words = [sys.executable, "-m", "wsgicheck", "server", "exemplary", "--serve", str(port)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert f"port {port} of 127.0.0.1 cannot be had" in done.stderr
    assert done.returncode not in (0, 1)


def wire(data: bytes = ANSWER, method: str = "GET") -> Wire:
    return Wire(data=data, methods=(method,), ended="closed")


@pytest.mark.parametrize(("request_", "words"), [
    (ask("GET", "/a?b=c"), "curl -i --raw -m 5 -H 'Wsgicheck: a.1' -H 'Connection: close' 'http://127.0.0.1:8000/a?b=c'"),
    (ask("PUT", "/", body=b"a'b"), "printf 'a\\047b' | curl -i --raw -m 5 -X PUT"),
    (ask("GET", "/", version="1.0", host=False), "--http1.0 -H Host: "),
    (ask("GET", "/../a"), "--path-as-is"),
    (ask("GET", "http://x/a"), "--request-target http://x/a http://127.0.0.1:8000/"),
    (ask("GET", "/", b"X: caf\xe9"), '-H "$(printf \'X: caf\\351\')"'),
])
def test_what_curl_can_say(request_: object, words: str) -> None:
    assert words in curl_line("a", (request_, Receive()), wire(), PLACE)  # type: ignore[arg-type]


@pytest.mark.parametrize("request_", [
    ask("HEAD"), ask("GET", "/", "X : y"), ask("GET", "/", " folded"), ask("GET", "/", "Content-Length: 5"),
    ask("POST", "/", "Transfer-Encoding: chunked"), ask("GET", "/a b"), ask("GET", "/", "Host: two"),
    ask("GET", "/", "X:y"), ask("GET", "/", b"X: a\x00b"), ask("GET", "/\xe9")])
def test_what_curl_cannot_say(request_: object) -> None:
    method = request_.method  # type: ignore[attr-defined]
    assert curl_line("a", (request_, Receive()), wire(method=method), PLACE) == ""  # type: ignore[arg-type]
    compile(program("a", (request_, Receive()), PLACE), "program", "exec")  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [
    b"", ANSWER + b"more", b"nothing\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_what_curl_would_not_show(data: bytes) -> None:
    assert curl_line("a", (ask(), Receive()), wire(data), PLACE) == ""
