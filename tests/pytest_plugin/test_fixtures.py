"""The fixtures, the marker, and given_environ, as a test's author uses them."""

from __future__ import annotations

from suite_in_folder import Suite

TESTS = """\
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import webtest
from blog import application as bad
from hello import application as good

import wsgicheck as package


def test_good(wsgicheck):
    run = wsgicheck(good)
    assert run.exchanges > 50 and not run.findings

def test_bad(wsgicheck):
    wsgicheck(bad)

def test_bad_is_left_out(wsgicheck):
    wsgicheck(bad, ignore="chunks-are-bytes")

@pytest.mark.wsgicheck(ignore=["chunks-are-bytes"])
def test_bad_is_left_out_by_the_marker(wsgicheck):
    wsgicheck(bad)

@pytest.mark.wsgicheck(select="start-response")
class TestOfAClass:
    def test_selected(self, wsgicheck):
        assert {rule.family for rule in wsgicheck(bad).rules} == {"start-response"}

def test_local(wsgicheck):
    def local(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x", 7]
    wsgicheck(local)

def test_watched(wsgi_validator):
    app = webtest.TestApp(wsgi_validator(bad), lint=False)
    assert app.get("/").status_int == 200

def test_watched_good(wsgi_validator):
    webtest.TestApp(wsgi_validator(good)).get("/")

def test_watched_and_failing_by_itself(wsgi_validator):
    webtest.TestApp(wsgi_validator(bad), lint=False).get("/")
    assert 1 == 2

def test_swallowed(wsgi_validator):
    watched = wsgi_validator(bad)
    def swallowing(environ, start_response):
        try:
            return list(watched(environ, start_response))
        except Exception:
            return [b"?"]
    webtest.TestApp(swallowing, lint=False).get("/")

def test_served(wsgi_server):
    url = wsgi_server(good)
    assert url.startswith("http://127.0.0.1:")
    assert urlopen(url + "/x?y=1").read() == b"hello"

def test_served_bad(wsgi_server):
    with pytest.raises(HTTPError):
        urlopen(wsgi_server(bad))

def test_no_thread_is_left():
    assert threading.active_count() == 1

@package.given_environ(good)
def test_given(environ):
    sent = []
    def start_response(status, headers, exc_info=None):
        sent.append(status)
        return sent.append
    assert list(package.validator(good, ignore=["server"] and ["advice"])(environ, start_response)) == [b"hello"]
    assert sent == ["200 OK"]
"""
FAILING = ["test_bad", "test_local", "test_served_bad", "test_swallowed", "test_watched",
           "test_watched_and_failing_by_itself"]


def test_each_fixture_fails_what_breaks_a_rule_and_nothing_else(suite: Suite) -> None:
    suite.write(test_own=TESTS.replace('ignore=["server"] and ["advice"]', 'ignore=["advice"]'))
    answer = suite.pytest()
    failed = sorted(line.split(" - ")[0].rpartition("::")[2] for line in answer.lines("FAILED"))
    assert failed == FAILING, answer.text[-3000:]
    by_name = {line.split(" - ")[0].rpartition("::")[2]: line for line in answer.lines("FAILED")}
    assert "body/chunks-are-bytes: item 0 of the body is 'hello'" in by_name["test_bad"]
    assert "body/chunks-are-bytes: item 1 of the body is 7, of type int" in by_name["test_local"]
    assert "assert 1 == 2" in by_name["test_watched_and_failing_by_itself"]
    assert "curl -i http://127.0.0.1:8000/" in answer.text


def test_an_unknown_word_in_the_marker_is_told(suite: Suite) -> None:
    suite.write(test_own="import pytest\n\n@pytest.mark.wsgicheck(ignored='x')\ndef test_it(wsgicheck):\n    pass\n")
    assert "takes select, ignore and max_examples, and no ignored" in suite.pytest().text


def test_the_same_test_draws_the_same_requests(suite: Suite) -> None:
    suite.write(test_own="from hello import application\ndef test_it(wsgicheck):\n"
                         "    print('seed', wsgicheck(application).seed)\n")
    seeds = {line for _ in range(2) for line in suite.pytest().text.splitlines() if line.startswith("seed ")}
    assert len(seeds) == 1
