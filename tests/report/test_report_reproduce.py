"""What a finding is seen again by: the shell line does what it says, and the program judges the rule."""

from __future__ import annotations

import gc
import io
import shutil
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from unittest.mock import patch
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from hypothesis import given, settings
from report_nasty import cases, requests
from report_samples import CARDS, finding_of

from wsgicheck.model.request import Case, Drive, Request
from wsgicheck.model.rule import APPLICATION, Card, Example, Rule
from wsgicheck.model.run import Subject
from wsgicheck.report.judge import judged
from wsgicheck.report.reproduce import curl, curls, shell_word
from wsgicheck.report.script import script, short
from wsgicheck.report.standalone import MOMENTS

JUDGED = [(card, example) for card in CARDS.values() if isinstance(card, Rule) and card.binds is APPLICATION
          for example in card.examples if example.kind == "app"]


def judge(card: Card, example: Example) -> str | None:
    """Return what the program for `example` says of the rule, None where there is no program."""
    program = judged(finding_of(card, case=Case(example.request, example.drive)), [], card)
    if not program:
        return None
    said = io.StringIO()
    try:
        module = ModuleType("program")
        vars(module)["application"] = example.subject
        # dataclasses look up the module that they are defined in.
        # A broken application may also raise when it is thrown away; that is not what is asked here.
        with (patch.dict(sys.modules, program=module), patch.object(sys, "unraisablehook", lambda _: None),
              redirect_stdout(said), redirect_stderr(io.StringIO())):
            try:
                exec(compile(program, "<program>", "exec"), vars(module))
            finally:
                vars(module).clear()
                gc.collect()
    except SystemExit as ended:
        return str(ended.code)
    return said.getvalue()


@pytest.mark.parametrize(("card", "example"), JUDGED, ids=[
    f"{card.id}-{'bad' if example.bad else 'good'}-{n}" for n, (card, example) in enumerate(JUDGED)])
def test_the_program_agrees_with_the_card(card: Card, example: Example) -> None:
    said = judge(card, example)
    if said is None:
        pytest.skip("no program")
    if example.bad:
        assert said.startswith(f"{card.id} is broken: ")
    else:
        assert said.endswith(f"{card.id} holds here\n")


def test_nearly_every_rule_has_a_program() -> None:
    rules = {card.id: card for card, _ in JUDGED if isinstance(card, Rule) and card.at.value in MOMENTS}
    assert len(rules) > 80
    without = [card.id for card in rules.values()
               if not judged(finding_of(card, case=Case(Request.make())), [], card)]
    assert len(without) <= len(rules) // 20, without


def test_the_program_needs_the_standard_library_only(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def app(environ, start_response):\n"
                                      "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                                      "    wrong = environ['PATH_INFO'] == '/caf\\xc3\\xa9'\n"
                                      "    return ['hello' if wrong else b'hello']\n")
    card = CARDS["chunks-are-bytes"]
    for path, status in (("/caf\xc3\xa9", 1), ("/", 0)):
        finding = finding_of(card, case=Case(Request.make(path=path)))
        program = script(finding, Subject("application", "shop:app"), card)
        assert "wsgicheck" not in program
        (tmp_path / "again.py").write_text(program, encoding="ascii")
        # -S: without site-packages, so without wsgicheck.
        done = subprocess.run([sys.executable, "-S", "again.py"], cwd=tmp_path, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == status, done.stderr
        assert ("chunks-are-bytes is broken: item" in done.stderr) is bool(status)


@pytest.mark.parametrize(("target", "kind"), [("shop:app", "application"), ("shop:make()", "application"),
                                              ("shop:hub.app", "application"), ("shop.py:app", "application"),
                                              ("shop:wrap", "middleware")])
def test_the_short_program_runs(tmp_path: Path, target: str, kind: str) -> None:
    (tmp_path / "shop.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('A', environ.get('HTTP_HOST', 'no host'))])\n"
        "    return [environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)), b'hello']\n"
        "def make(): return app\ndef wrap(app): return app\nclass hub: pass\nhub.app = app\n")
    case = Case(Request.make("POST", body=b"x\xff", HTTP_HOST=None))
    program = short([case], Subject(kind, target))
    assert len(program.splitlines()) <= 10
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    assert kind == "middleware" or ("no host" in done.stdout and r"b'x\xff'" in done.stdout)


def test_both_requests_of_a_law_are_made(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def app(environ, start_response):\n    start_response('200 OK', [])\n"
                                      "    return [environ.get('PATH_INFO', 'no path').encode()]\n")
    finding = finding_of(CARDS["chunks-are-bytes"], case=Case(Request.make(path="/a")),
                         twin=Case(Request.make().with_variables(PATH_INFO=None)))
    assert finding.case is not None
    program = short(finding.cases, Subject("application", "shop:app"))
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["200 OK []", "b'/a'", "200 OK []", "b'no path'"]
    first, second = curls(finding).split("\n")
    assert first == "curl -i http://127.0.0.1:8000/a"
    assert second == "curl -i http://127.0.0.1:8000/  # cannot say: an empty path, a missing PATH_INFO"


@settings(max_examples=200, deadline=None)
@given(cases)
def test_a_request_enters_a_program_as_data(case: Case) -> None:
    for target in ("shop:app", "a/b.py:app", "os:system('x')#:app", "x:y\nimport z"):
        for program in (short([case], Subject("application", target)),
                        script(finding_of(CARDS["chunks-are-bytes"], case=case), Subject("application", target),
                               CARDS["chunks-are-bytes"])):
            assert program.isascii()
            compile(program, "<program>", "exec")
            assert "import z" not in program.split("\n")
            assert program == "" or target in ("shop:app", "a/b.py:app")


# -- the shell -------------------------------------------------------------------------------------------

SH = shutil.which("sh")
needs_sh = pytest.mark.skipif(SH is None, reason="no POSIX shell")


def words_of(line: str, folder: Path) -> list[bytes]:
    """Return the arguments that curl would get."""
    assert SH is not None
    done = subprocess.run([SH, "-c", f'curl() {{ printf "%s\\0" "$@"; cat >body; }}\n{line}'], cwd=folder,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout.split(b"\0")[:-1]


@needs_sh
@settings(max_examples=60, deadline=None)
@given(request=requests())
def test_a_shell_line_is_one_command_and_nothing_else(tmp_path_factory: pytest.TempPathFactory,
                                                      request: Request) -> None:
    folder = tmp_path_factory.mktemp("shell")
    line = curl(Case(request))
    assert line.isascii()
    assert line.isprintable()
    words = words_of(line, folder)
    assert [path.name for path in folder.iterdir()] in ([], ["body"])
    assert words[-1].startswith(b"http://127.0.0.1:8000/")
    fields = [words[n + 1] for n, word in enumerate(words) if word == b"-H"]
    for key, value in request.variables:
        raw = value.encode("latin-1", "replace")
        plain = value.isascii() or all(ord(c) < 256 for c in value)
        if key == "HTTP_COOKIE" and value and plain and not {0, 10, 13} & set(raw):
            assert b"Cookie: " + raw in fields
    if request.body and b"@-" in words:
        assert (folder / "body").read_bytes() == request.body
    elif request.body:
        assert request.body in words


@needs_sh
@pytest.mark.parametrize("data", [
    b"", b"a b", b"'", b"%s%n\\", b"$(touch x)`touch y`", b"\xff", b"\n\r", b"-n", "é".encode()])
def test_a_word_is_what_it_stands_for(tmp_path: Path, data: bytes) -> None:
    assert words_of(f"curl x{shell_word(data)}x", tmp_path) == [b"x" + data + b"x"]


@pytest.mark.skipif(shutil.which("curl") is None or SH is None, reason="no curl")
@pytest.mark.parametrize("case", [
    Case(Request.make()), Case(Request.make("HEAD", "/a b/../c", "x=1&y=%20#'")),
    Case(Request.make("POST", "/caf\xc3\xa9", body=b"'\x00\xff%s\n", HTTP_X_A="caf\xc3\xa9 $HOME",
                      HTTP_COOKIE="a=b; c")),
    Case(Request.make("PUT", "/", body=b"@/etc/passwd", content_type="text/plain", HTTP_HOST="example.org:81")),
    Case(Request.make("DELETE", "/x//", HTTP_EMPTY="")),
    Case(Request.make("POST", "/", body=b"a=b"), Drive(stop_after=1)),
])
def test_curl_sends_the_request(case: Case) -> None:
    seen: list[dict[str, object]] = []

    def application(environ, start_response):  # type: ignore[no-untyped-def]
        seen.append({**environ, "body": environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))})
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert SH is not None
        line = curl(case, f"http://127.0.0.1:{server.server_port}")
        line = line.replace("curl ", "curl --noproxy '*' -s -S -m 30 ", 1)
        done = subprocess.run([SH, "-c", line], capture_output=True, timeout=60)
        thread.join(60)
    assert done.returncode == 0, done.stderr
    (got,) = seen
    request = case.request
    assert got["body"] == request.body
    for key in ("REQUEST_METHOD", "PATH_INFO"):
        assert got[key] == request.get(key)
    assert got["QUERY_STRING"] == request.query.replace("#", "%23")
    for key, value in request.variables:
        if key.startswith("HTTP_") and key != "HTTP_HOST":
            assert got[key] == value
    if request.get("HTTP_HOST") != "127.0.0.1":
        assert got["HTTP_HOST"] == request.get("HTTP_HOST")
    if request.has("CONTENT_TYPE"):
        assert got["CONTENT_TYPE"] == request.get("CONTENT_TYPE")
