"""`--wsgicheck-wrap`: each client's applications are watched, and the tests never notice."""

from __future__ import annotations

import pytest
from suite_in_folder import Suite

FLASK = """\
from flask import Flask, Response

app = Flask(__name__)

@app.get("/good")
def good():
    return "fine"

@app.get("/bad")
def bad():
    return Response(["x"], headers={"X-Rows": "a\\x7fb"})

def test_good():
    assert app.test_client().get("/good").text == "fine"

def test_bad():
    assert app.test_client().get("/bad").status_code == 200
"""
DJANGO = """\
import django
from django.conf import settings

settings.configure(ROOT_URLCONF="test_django", ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                   MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
django.setup()
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

closed = []

def empty(request):
    return HttpResponse(status=204)

def long(request):
    def pieces():
        try:
            yield b"one "
            yield b"two"
        finally:
            closed.append(True)
    return StreamingHttpResponse(pieces(), headers={"Content-Length": "99"})

urlpatterns = [path("empty", empty), path("long", long), path("fine", lambda request: HttpResponse("fine"))]

def test_empty():
    assert Client().get("/empty").status_code == 204

def test_streamed():
    response = Client().get("/long")
    assert response.streaming and not closed
    assert response.getvalue() == b"one two"
    assert closed == [True]

def test_fine():
    response = Client().post("/fine", {"a": "b"})
    assert response.content == b"fine"
    assert response.resolver_match.route == "fine"
"""
OTHERS = """\
import wsgiref.util
import wsgiref.validate

import webob
import webtest
import werkzeug.test

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "\\x7f")])
    app.body = [b"x"]
    app.input = environ["wsgi.input"]
    return app.body

def test_werkzeug():
    assert werkzeug.test.Client(app).get("/").data == b"x"

def test_webtest():
    assert webtest.TestApp(app).get("/").text == "x"

def test_webtest_without_lint():
    assert webtest.TestApp(app, lint=False).get("/").text == "x"

def test_webob_gets_the_very_list():
    request = webob.Request.blank("/")
    before = request.environ["wsgi.input"]
    assert request.call_application(app)[2] is app.body
    assert request.environ["wsgi.input"] is before

def test_wsgiref():
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": ""}
    wsgiref.util.setup_testing_defaults(environ)
    body = wsgiref.validate.validator(app)(environ, lambda status, headers, exc_info=None: print)
    assert list(body) == [b"x"]
    body.close()
"""


def names_of(text: str, start: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith(start)]


def test_flask_client(suite: Suite) -> None:
    suite.write(test_flask=FLASK)
    answer = suite.pytest("--wsgicheck-wrap")
    assert answer.code == 0
    assert answer.counts == {"passed": 2}
    assert "header-text/header-values-have-no-control-characters · MUST" in answer.text
    assert "test_flask.py::test_bad" in answer.text.partition("MUST")[2]
    assert "2 exchanges watched" in answer.text


def test_django_client(suite: Suite) -> None:
    suite.write(test_django=DJANGO)
    answer = suite.pytest("--wsgicheck-wrap=report")
    assert answer.counts == {"passed": 3}
    told = answer.text.partition("test clients called ==")[2]
    assert "content-length/no-content-response-has-no-content-length · MUST" in told
    assert "test_django.py:13 in empty" in told
    assert "test_django.py:16 in long\n      the body ended after 7 bytes and Content-Length is 99" in told
    assert "test_django.py::test_streamed" in told
    assert "test_django.py::test_fine" not in told.partition("short test summary")[0]


def test_each_other_client_is_watched_once(suite: Suite) -> None:
    suite.write(test_others=OTHERS)
    answer = suite.pytest("--wsgicheck-wrap=report", "-v")
    assert answer.counts == {"passed": 5}
    assert "5 exchanges watched" in answer.text
    assert "seen in 5 exchanges of 5 tests" in answer.text


def test_clients_that_a_conftest_imports_first_are_watched_too(suite: Suite) -> None:
    suite.write(test_others=OTHERS,
                conftest="from werkzeug.test import run_wsgi_app\nimport webtest, wsgiref.validate\n")
    assert "5 exchanges watched" in suite.pytest("--wsgicheck-wrap=report").text


def test_fail_fails_the_tests_that_show_it_and_no_other(suite: Suite) -> None:
    suite.write(test_flask=FLASK)
    answer = suite.pytest("--wsgicheck-wrap=fail")
    assert answer.code == 1
    assert answer.counts == {"passed": 1, "failed": 1}
    assert len(answer.lines("FAILED test_flask.py::test_bad - ")) == 1
    assert "header-text/header-values-have-no-control-characters" in answer.lines("FAILED")[0]
    ignored = suite.pytest("--wsgicheck-wrap=fail", "--wsgicheck-ignore", "header-values-have-no-control-characters")
    assert ignored.counts == {"passed": 2}


def test_the_ini_file_asks_for_it_as_well(suite: Suite) -> None:
    suite.write(test_flask=FLASK)
    suite.write_file("pytest.ini", "[pytest]\nwsgicheck_wrap = fail\n")
    assert suite.pytest().counts == {"passed": 1, "failed": 1}


def test_where_nothing_was_watched_the_sum_says_so(suite: Suite) -> None:
    suite.write(test_own="def test_one():\n    pass\n")
    assert "nothing was watched: no test client that is known called an application" in suite.pytest(
        "--wsgicheck-wrap=report").text


def test_without_the_option_nothing_is_watched(suite: Suite) -> None:
    suite.write(test_others=OTHERS)
    answer = suite.pytest()
    assert "wsgicheck:" not in answer.text
    assert answer.counts == {"passed": 5}


def test_a_path_taken_for_the_mode_is_told(suite: Suite) -> None:
    suite.write(test_flask=FLASK)
    answer = suite.pytest("--wsgicheck-wrap", "test_flask.py")
    assert answer.code == 4
    assert "with a path behind it write --wsgicheck-wrap=report test_flask.py" in answer.text


@pytest.mark.slow
def test_workers_watch_and_the_controller_sums_up(suite: Suite) -> None:
    suite.write(test_flask=FLASK, test_others=OTHERS)
    answer = suite.pytest("--wsgicheck-wrap=report", "-n", "2")
    assert answer.counts == {"passed": 7}
    assert "7 exchanges watched" in answer.text
    assert "seen in 5 exchanges of 5 tests" in answer.text
