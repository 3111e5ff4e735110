"""The harness: what starts, what does not and how that is told, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wsgicheck.active.server import check_command, check_server, check_url
from wsgicheck.errors import ConfigError, HarnessError
from wsgicheck.harness.launch import HOST, Launched, free_port
from wsgicheck.harness.recipes import Process, Recipe, fill, for_command, recipe, recipes
from wsgicheck.model.run import RunVerdict

PYTHON = Path(sys.executable)
EXEMPLARY = f"{sys.executable} -m wsgicheck.reference.server {{host}} {{port}} {{app}}"


def made(*command: str, ready: float = 5.0) -> Recipe:
    return Recipe("made", "a made server", (Process(command),), ready=ready)


def test_every_recipe_can_be_read_and_says_how_it_starts() -> None:
    for one in recipes().values():
        assert one.title
        assert one.processes
        words = " ".join([*(w for p in one.processes for w in p.command), *one.files.values()])
        assert "{port}" in words
        assert "{app}" in words or "{module}" in words, one.name
    assert len(recipes()) >= 45


def test_an_unknown_name_is_told_with_near_misses() -> None:
    with pytest.raises(ConfigError, match="did you mean gunicorn"):
        recipe("gunicorm")


def test_only_known_names_in_braces_are_filled() -> None:
    assert fill("http { listen {port}; }", {"port": "80"}) == "http { listen 80; }"


def test_a_command_needs_a_port() -> None:
    with pytest.raises(ConfigError, match=r"\{port\}"):
        for_command("serve {app}")


def test_a_server_that_exits_is_told_with_its_last_words() -> None:
    code = "import sys; print('cannot bind'); sys.exit(7)"
    with pytest.raises(HarnessError, match=r"(?s)exited with code 7.*cannot bind"), \
            Launched(made(sys.executable, "-c", code), PYTHON):
        pass


def test_a_server_that_never_listens_is_given_up() -> None:
    with pytest.raises(HarnessError, match="no 200 from the probe"), \
            Launched(made(sys.executable, "-c", "import time; time.sleep(60)", ready=0.3), PYTHON):
        pass


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(HarnessError, match="no-such-program"), Launched(made("no-such-program"), PYTHON):
        pass


def test_another_server_on_the_port_does_not_pass_for_ours() -> None:
    code = ("import http.server, sys\n"
            "class H(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self): self.send_response(200); self.end_headers(); self.wfile.write(b'hello')\n"
            "http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()\n")
    with pytest.raises(HarnessError, match=r"last answer: HTTP/1\.0 200"), \
            Launched(made(sys.executable, "-c", code, "{host}", "{port}", ready=1.0), PYTHON):
        pass


def test_children_that_left_the_session_do_not_outlive_the_run() -> None:
    code = ("import subprocess, sys, time, runpy\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
            "sys.argv[1:] = sys.argv[1:]\n"
            "from wsgicheck.reference.server import main\n"
            "main(sys.argv[1:])\n")
    with Launched(made(sys.executable, "-c", code, "{host}", "{port}", "{app}"), PYTHON) as server:
        assert server.alive
        assert len(server.survivors()) == 2
    assert server.survivors() == []
    assert not server.folder.exists()


def test_a_server_that_ignores_term_is_killed() -> None:
    code = ("import signal, sys\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "from wsgicheck.reference.server import main\n"
            "main(sys.argv[1:])\n")
    start = Process((sys.executable, "-c", code, "{host}", "{port}", "{app}"))
    stubborn = Recipe("made", "stubborn", (start,), grace=0.2)
    with Launched(stubborn, PYTHON) as server:
        pid = server.processes[0].pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_interrupted_run_leaves_no_process() -> None:
    code = ("from wsgicheck.active.server import check_command\n"
            f"check_command({EXEMPLARY!r}, progress=lambda n, i, t: print(i, flush=True))\n")
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           start_new_session=True)
    assert run.stdout is not None
    run.stdout.readline()
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert children
    run.send_signal(signal.SIGINT)
    run.wait(20)
    run.stdout.close()
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_one_rule_of_a_command_is_checked() -> None:
    run = check_command(EXEMPLARY, select=("head-has-no-content",), seed=1)
    assert [(r.id, r.verdict) for r in run.rules] == [("head-has-no-content", RunVerdict.HOLDS)]
    assert not run.nothing_checked


def test_a_server_that_dies_is_started_again_and_its_death_is_a_finding() -> None:
    code = ("import os, sys\n"
            "from wsgicheck.reference.server import Connection, main\n"
            "class Dying(Connection):\n"
            "    def run(self, environ, response):\n"
            "        super().run(environ, response)\n"
            "        if environ['REQUEST_METHOD'] == 'HEAD': os._exit(3)\n"
            "main(sys.argv[1:], Dying)\n")
    dying = Recipe("made", "dying", (Process((sys.executable, "-c", code, "{host}", "{port}", "{app}")),))
    run = check_server(dying, select=("head-has-no-content", "date-is-added"), seed=1)
    verdicts = {r.id: r.verdict for r in run.rules}
    assert verdicts == {"date-is-added": RunVerdict.HOLDS, "head-has-no-content": RunVerdict.BROKEN}
    assert "exited with code 3" in run.findings[0].evidence
    assert any("started again" in note for note in run.notes)


def test_a_server_started_by_hand_is_checked_by_its_url(tmp_path: Path) -> None:
    port = free_port()
    env = os.environ | {"WSGICHECK_CHANNEL": str(tmp_path)}
    server = subprocess.Popen([sys.executable, "-m", "wsgicheck.reference.server", HOST, str(port),
                               "wsgicheck.harness.probe:application"], env=env)
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        run = check_url(f"http://{HOST}:{port}/", channel=str(tmp_path), seed=1,
                        select=("environ-is-fresh", "class-is-an-application", "date-is-added"))
        verdicts = {r.id: r.verdict.value for r in run.rules}
        assert verdicts == {"environ-is-fresh": "holds", "class-is-an-application": "unexercised",
                            "date-is-added": "holds"}
        assert server.poll() is None
    finally:
        server.kill()
        server.wait()


def test_a_url_without_the_probe_is_told() -> None:
    with pytest.raises(HarnessError, match="no probe answers"):
        check_url(f"http://{HOST}:{free_port()}/")
