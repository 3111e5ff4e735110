"""develop(), wsgicheck.wsgi, egg:wsgicheck and wsgicheck.webtest, as far as no server is needed."""

from __future__ import annotations

import io
import logging.config
import os
import subprocess
import sys
import wsgiref.util
import wsgiref.validate
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import webtest

import wsgicheck
from wsgicheck.errors import ConfigError
from wsgicheck.paste import filter_app_factory
from wsgicheck.validator import Validator
from wsgicheck.webtest import TestApp

Start = Callable[..., Any]
ROOT = Path(__file__).parent.parent.parent


def good(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


def bad(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Rows", 3)])
    return [b"ok"]


def careless(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def ask(application: Callable[..., Any]) -> bytes:
    environ: dict[str, Any] = {"QUERY_STRING": ""}
    wsgiref.util.setup_testing_defaults(environ)
    body = application(environ, lambda status, headers, exc_info=None: print)
    try:
        return b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()


class TestDevelop:
    def test_each_place_is_shown_once_with_rule_line_and_remedy(self, capfd: pytest.CaptureFixture[str]) -> None:
        application = wsgicheck.develop(bad)
        assert [ask(application) for _ in range(3)] == [b"ok"] * 3
        shown = capfd.readouterr().err
        assert shown.count("wsgicheck: headers/header-values-are-strings [MUST, application]") == 1
        line = bad.__code__.co_firstlineno + 1
        assert f"test_middleware.py:{line}, in bad" in shown
        assert "the value in ('X-Rows', 3) is of type int; expected a str" in shown
        assert "    remedy " in shown
        assert "wsgicheck explain header-values-are-strings" in shown

    def test_logging_cannot_hide_it(self, capfd: pytest.CaptureFixture[str]) -> None:
        logging.getLogger("wsgicheck")
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
        ask(wsgicheck.develop(bad))
        assert "header-values-are-strings" in capfd.readouterr().err

    def test_levels(self) -> None:
        def shown(level: str) -> str:
            stream = io.StringIO()
            ask(wsgicheck.develop(careless, level=level, stream=stream))
            return stream.getvalue()

        assert "content-length/body-has-a-content-type [SHOULD" in shown("should")
        assert shown("must") == ""
        with pytest.raises(ConfigError, match="level is one of must, should, advice"):
            wsgicheck.develop(good, level="may")

    def test_a_closed_stream_does_not_reach_the_application(self) -> None:
        stream = io.StringIO()
        stream.close()
        assert ask(wsgicheck.develop(bad, stream=stream)) == b"ok"

    def test_what_is_shown_is_harmless_in_a_terminal(self) -> None:
        def hostile(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "\x1b[2J\x9b1m\u202e")])
            return [b"ok"]

        stream = io.StringIO()
        ask(wsgicheck.develop(hostile, stream=stream))
        assert stream.getvalue()
        assert all(line.isprintable() for line in stream.getvalue().splitlines())


class TestPasteFilter:
    def test_shows_raises_and_ignores(self, capfd: pytest.CaptureFixture[str]) -> None:
        assert ask(filter_app_factory(bad, {})) == b"ok"
        assert "header-values-are-strings" in capfd.readouterr().err
        with pytest.raises(AssertionError, match="header-values-are-strings"):
            ask(filter_app_factory(bad, {}, on_violation="raise"))
        assert ask(filter_app_factory(bad, {}, on_violation="raise", ignore="headers, cookies")) == b"ok"

    @pytest.mark.parametrize(("settings", "part"), [
        ({"ignored": "x"}, "did you mean ignore"), ({"on_violation": "die"}, "show, raise, warn or log"),
        ({"on_violation": "log", "sample": "much"}, "a share from 0 to 1"), ({"select": "nonsense"}, "nonsense"),
        ({"sample": "0.5"}, "sample goes with"), ({"on_violation": "warn", "level": "must"}, "level goes with"),
        ({"layers": "all"}, "layers is true or false"),
    ], ids=["key", "violation", "sample", "rule", "sample-shown", "level", "layers"])
    def test_what_is_wrong_is_one_line(self, settings: dict[str, str], part: str) -> None:
        with pytest.raises(ConfigError) as caught:
            filter_app_factory(good, {}, **settings)
        assert part in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("violation", ["show", "warn"])
    def test_layers_name_the_one_below(self, violation: str, capfd: pytest.CaptureFixture[str]) -> None:
        class Outer:
            def __init__(self, app: Any) -> None:
                self.app = app

            def __call__(self, environ: Any, start_response: Any) -> Any:
                return self.app(environ, start_response)

        watched = filter_app_factory(Outer(bad), {}, layers="true", on_violation=violation)
        if violation == "show":
            ask(watched)
            assert "header-values-are-strings [MUST, bad]" in capfd.readouterr().err
        else:
            with pytest.warns(match=r"header-values-are-strings \[MUST, bad\].*Outer -> bad \(broken after this one\)"):
                ask(watched)

    def test_the_entry_point_is_installed(self) -> None:
        from importlib.metadata import entry_points

        found = [point for point in entry_points(group="paste.filter_app_factory") if point.dist
                 and point.dist.name == "wsgicheck"]
        assert [point.name for point in found] == ["main"]
        assert found[0].load() is filter_app_factory


class TestNamedByAVariable:
    def run(self, code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WSGICHECK_")}
        return subprocess.run([sys.executable, "-c", code], cwd=folder, env={**clean, **variables},
                              capture_output=True, text=True, timeout=60)

    def test_the_named_application_is_watched(self, tmp_path: Path) -> None:
        (tmp_path / "wsgicheck.toml").write_text("")
        (tmp_path / "shop.py").write_text(
            "def application(environ, start_response):\n"
            "    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Rows', 3)])\n    return [b'ok']\n")
        code = ("from wsgicheck.wsgi import application; from wsgiref.util import setup_testing_defaults as d; "
                "e = {'QUERY_STRING': ''}; d(e); body = application(e, lambda *a: print); print(list(body)); "
                "body.close()")
        done = self.run(code, tmp_path, WSGICHECK_APP="shop:application")
        assert done.stdout == "[b'ok']\n"
        assert "at     shop.py:2, in application" in done.stderr
        ignored = self.run(code, tmp_path, WSGICHECK_APP="shop:application", WSGICHECK_IGNORE="headers")
        assert ignored.stderr == ""

    @pytest.mark.parametrize(("name", "part"), [
        ("", "and none is named: set WSGICHECK_APP"), ("nowhere:application", "there is no module 'nowhere'"),
        ("wsgicheck.wsgi:application", "which would watch itself"),
    ], ids=["none", "missing", "itself"])
    def test_a_wrong_name_is_told_in_the_last_line(self, name: str, part: str, tmp_path: Path) -> None:
        (tmp_path / "wsgicheck.toml").write_text("")
        done = self.run("import wsgicheck.wsgi", tmp_path, **({"WSGICHECK_APP": name} if name else {}))
        assert done.returncode == 1
        assert part in done.stderr.splitlines()[-1]


class TestWebTest:
    def test_a_drop_in_that_raises_at_the_request(self) -> None:
        assert TestApp(good).get("/").text == "ok"
        with pytest.raises(wsgicheck.RuleBroken) as caught:
            TestApp(bad).get("/")
        assert caught.value.rule == "header-values-are-strings"

    def test_webtests_own_ways_of_asking_are_clean(self) -> None:
        def echo(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            text = b"<form action='/x' method='POST'><input name='a' value='1'></form>" + body
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(text))),
                                      ("Set-Cookie", "k=v")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]

        app = TestApp(echo)
        page = app.get("/", {"q": "ä"})
        assert page.form.submit().text.endswith("a=1")
        app.post_json("/", {"a": [1]})
        app.post("/", {"f": webtest.Upload("a.txt", b"data")})
        for ask_with in (app.put, app.patch, app.delete, app.options, app.head):
            ask_with("/")
        assert app.cookies == {"k": "v"}

    def test_lint_may_be_switched_and_rules_chosen(self) -> None:
        app = TestApp(bad)
        app.lint = False
        assert app.get("/").status_int == 200
        app.lint = True
        with pytest.raises(wsgicheck.RuleBroken):
            app.get("/")
        assert app.lint is True
        assert app.app is bad
        assert TestApp(bad, ignore=["headers"]).get("/").status_int == 200
        assert TestApp(bad, lint=False).get("/").status_int == 200
        with pytest.raises(ConfigError, match="no rule, family or level"):
            TestApp(good, select=["nonsense"])

    def test_everything_works_beside_the_other_lints(self) -> None:
        for wrap in (wsgiref.validate.validator, webtest.lint.middleware):
            assert ask(wrap(wsgicheck.validator(good, ignore=["advice"]))) == b"ok"
            assert ask(wsgicheck.validator(wrap(good), ignore=["advice", "should"])) == b"ok"
            assert TestApp(wrap(good), ignore=["advice", "should"]).get("/").text == "ok"
        assert webtest.TestApp(wsgicheck.validator(good)).get("/").text == "ok"


def test_a_validator_is_what_develop_returns() -> None:
    assert isinstance(wsgicheck.develop(good), Validator)


@pytest.mark.slow
def test_the_public_names_are_typed() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "tests/typing/api.py"], cwd=ROOT,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
