"""The application's half: start_response, status, exc_info, write(), body, close and Content-Length.

The cards' own examples are put on stage by test_cards.py; here stand the verdicts that a table, a
property or a real framework shows better than an example.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgicheck.model.exchange import Exchange
from wsgicheck.model.moments import Ending, Moment, Start
from wsgicheck.model.request import PLAIN, Case, Drive, Request
from wsgicheck.model.rule import MUST, NOT_APPLICABLE, Level, Rule
from wsgicheck.rules import cards_in
from wsgicheck.stage import Observation, Stage
from wsgicheck.syntax import STATUS

# In the catalogue's order, since a rule is given those before it.
FAMILIES = ("start_response", "status", "content_length", "exc_info", "write", "body", "buffering", "close")
RULES = [card for family in FAMILIES for card in cards_in(f"wsgicheck.rules.{family}") if isinstance(card, Rule)]
BY_ID = {rule.id: rule for rule in RULES}
TEXT = ("Content-Type", "text/plain; charset=utf-8")

App = Callable[[dict[str, Any], Any], Any]


def observe(app: App, drive: Drive = PLAIN, **request: Any) -> Observation:
    observed = Stage(app, RULES).perform(Case(Request.make(**request), drive))
    assert not observed.crashed
    return observed


def broken(app: App, drive: Drive = PLAIN, **request: Any) -> set[str]:
    return {breach.rule.id for breach in observe(app, drive, **request).breaches}


def status_app(status: object) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, [TEXT])
        return []

    return app


# -- status ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("status", "expected"), [
    ("200 OK", set()),
    ("200 A", set()),
    ("200 Froody", set()),
    ("404 Pas trouvé", set()),
    ("200 All  is  well", set()),
    ("200 ", {"reason-phrase-is-not-empty"}),
    ("200", {"status-has-reason-phrase"}),
    ("200  OK", {"status-code-and-phrase-are-one-space-apart"}),
    ("200  ", {"status-has-no-surrounding-whitespace", "status-has-reason-phrase"}),
    (" 200 OK ", {"status-has-no-surrounding-whitespace"}),
    ("200 OK\n", {"status-does-not-end-in-a-line-break"}),
    ("200 OK\r", {"status-does-not-end-in-a-line-break"}),
    ("200\n", {"status-does-not-end-in-a-line-break", "status-has-reason-phrase"}),
    ("200 O\nK", {"status-has-no-control-characters"}),
    ("200 O\x7fK", {"status-has-no-control-characters"}),
    ("200\tOK", {"status-has-no-control-characters"}),
    ("२०० OK", {"status-is-latin-1"}),
    ("200 \ud800", {"status-is-latin-1"}),
    ("20 OK", {"status-begins-with-three-digits"}),
    ("600 Beyond", {"status-code-is-between-100-and-599"}),
    ("099 Before", {"status-code-is-between-100-and-599"}),
    ("101 Switching Protocols", {"status-is-final"}),
    (200, {"status-is-str"}),
    (None, {"status-is-str"}),
])
def test_status(status: object, expected: set[str]) -> None:
    assert broken(status_app(status)) == expected


FORM = [rule for rule in RULES if rule.family == "status" and rule.id not in (
    "status-code-is-between-100-and-599", "status-is-final")]


@given(st.text("012 A\t\r\n\x7fé\x85€", max_size=9) | st.from_regex(STATUS, fullmatch=True))
def test_the_rules_of_the_status_line_together_are_its_grammar(status: str) -> None:
    observed = Stage(status_app(status), FORM).perform(Case(Request()))
    assert (not observed.breaches) == (STATUS.fullmatch(status) is not None), observed.breaches


# -- what is legal, however odd --------------------------------------------------------------------------

def late(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b""
    yield b"Hello"


def saved_exc_info(environ: dict[str, Any], start_response: Any) -> Any:
    failed: Any = None
    try:
        raise LookupError("gone")
    except LookupError:
        failed = sys.exc_info()
    start_response("404 Not Found", [TEXT], failed)
    return (b"Nothing here",)


def first_call_in_a_handler(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        raise LookupError("gone")
    except LookupError:
        start_response("500 Internal Server Error", [TEXT])
        return [b"Sorry"]


def outer_exc_info(environ: dict[str, Any], start_response: Any) -> Any:
    # The error that is reported is not the innermost that is being handled.
    try:
        raise LookupError("gone")
    except LookupError:
        failed = sys.exc_info()
        try:
            raise KeyError("template")
        except KeyError:
            start_response("404 Not Found", [TEXT], failed)
    return [b"Nothing here"]


def head_with_a_body(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "3")])
    return [b"Hello"]


class ByIndex:
    def __init__(self, environ: dict[str, Any], start_response: Any) -> None:
        self.start_response = start_response

    def __getitem__(self, index: int) -> bytes:
        if index == 0:
            self.start_response("200 OK", [TEXT])
        return (b"", b"Hello")[index]


def error_that_gets_out(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "20")])
    yield b"Hello"
    try:
        raise LookupError("gone")
    except LookupError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())


def replaced_by_another_error(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"Hello"
    try:
        raise LookupError("gone")
    except LookupError:
        try:
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())
        except LookupError as error:
            raise RuntimeError("the page broke off") from error


def declared_too_long_and_left(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "20")])
    yield b"Hello"
    yield b"World"


@pytest.mark.parametrize(("app", "method", "drive"), [
    (late, "GET", PLAIN),
    (saved_exc_info, "GET", PLAIN),
    (first_call_in_a_handler, "GET", PLAIN),
    (outer_exc_info, "GET", PLAIN),
    (head_with_a_body, "HEAD", PLAIN),
    (ByIndex, "GET", PLAIN),
    (error_that_gets_out, "GET", PLAIN),
    (replaced_by_another_error, "GET", PLAIN),
    (declared_too_long_and_left, "GET", Drive(stop_after=1)),
    (declared_too_long_and_left, "HEAD", PLAIN),
])
def test_legal(app: App, method: str, drive: Drive) -> None:
    assert broken(app, drive, method=method) == set()


def test_empty_items_before_start_response_are_advice_only() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        yield b""
        start_response("200 OK", [TEXT])
        yield b"Hello"

    assert broken(app) == {"start-response-called-before-first-item"}


def test_an_application_that_never_started_is_excused_when_the_server_left_first() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        return iter([b"", b""])

    assert "start-response-is-called" not in broken(app, Drive(stop_after=1))
    assert "start-response-is-called" in broken(app)


def test_write_and_an_iterable_count_together() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [TEXT, ("Content-Length", environ["QUERY_STRING"])])
        write(b"Hello, ")
        return [b"World"]

    assert broken(app, query="12") == {"body-comes-from-the-iterable"}
    assert broken(app, query="13") == {"body-comes-from-the-iterable", "body-fills-content-length"}
    assert broken(app, query="11") == {"body-comes-from-the-iterable", "body-fits-content-length"}
    assert broken(app, query="6") == {"written-data-fits-content-length"}


def test_a_body_cut_short_by_a_failing_write_is_not_too_short() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [TEXT, ("Content-Length", "12")])
        with suppress(Exception):
            write(b"Hello, ")
            write(b"World")
        return []

    assert broken(app, Drive(write_raises_after=1)) == {"body-comes-from-the-iterable"}
    assert broken(app, Drive(write_raises_after=0)) == {"body-comes-from-the-iterable"}


def test_a_tuple_of_none_is_no_exc_info_when_start_response_fails() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        with suppress(Exception):
            start_response("200 OK", [TEXT], sys.exc_info())
        return [b"Hello"]

    assert broken(app, Drive(start_raises=True)) == set()


def test_two_differing_lengths_are_compared_with_neither() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [TEXT, ("Content-Length", "3"), ("content-length", "4")])
        return [b"Hello"]

    assert broken(app) == set()


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "304 Not Modified"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_statuses_without_content(status: str, method: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, [])
        return [b"Hello"]

    found = broken(app, method=method)
    assert len(found) == (method == "GET"), found
    assert all(name.endswith("response-has-no-body") for name in found)


def test_a_start_response_in_a_handler_says_that_it_is_one() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        try:
            raise LookupError("gone")
        except LookupError:
            start_response("404 Not Found", [TEXT])
        return []

    evidence = observe(app).evidence("start-response-called-again-only-with-exc-info")
    assert evidence is not None
    assert "while an exception is being handled" in evidence
    assert "expected sys.exc_info()" in evidence


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_a_coroutine_is_told_apart() -> None:
    async def app(environ: dict[str, Any], start_response: Any) -> Any:
        return [b"Hello"]

    observed = observe(app)
    assert [breach.rule.id for breach in observed.breaches] == ["application-returns-an-iterable"]
    assert "async" in observed.breaches[0].evidence


def test_a_body_that_raised_and_is_dropped_is_not_closed() -> None:
    x = Exchange()
    judge = BY_ID["body-is-closed"]
    for ending, expected in ((Ending.EXHAUSTED, True), (Ending.RAISED, True), (Ending.ABANDONED, False)):
        x.ending = ending
        assert isinstance(judge(x, Ending.ABANDONED), str) == expected
        assert judge(x, None) is None


# -- total, whatever comes -------------------------------------------------------------------------------

class Hostile:
    """Answers everything with an error."""

    def _fail(self, *args: object, **keywords: object) -> Any:
        raise RuntimeError("hands off\n\x1b[31m")

    __class__ = property(_fail)  # type: ignore[assignment]
    __len__ = __bool__ = __iter__ = __next__ = __getitem__ = __eq__ = __hash__ = __repr__ = __str__ = _fail  # type: ignore
    __add__ = __lt__ = __contains__ = __call__ = __getattr__ = _fail


class HostileText(str):
    def _fail(self, *args: object, **keywords: object) -> Any:
        raise RuntimeError("hands off")

    __len__ = __bool__ = __iter__ = __getitem__ = __eq__ = __hash__ = __repr__ = __str__ = _fail  # type: ignore
    rstrip = strip = isascii = endswith = _fail


class HostileBytes(bytes):
    __len__ = __bool__ = __iter__ = __getitem__ = __eq__ = __hash__ = __repr__ = HostileText._fail  # type: ignore


class HostileTuple(tuple):  # type: ignore[type-arg]
    __len__ = __bool__ = __iter__ = __getitem__ = __eq__ = __hash__ = __repr__ = HostileText._fail  # type: ignore


class HostileError(Exception):
    __traceback__ = property(HostileText._fail)  # type: ignore[assignment]
    __repr__ = __str__ = HostileText._fail


class Meta(type):
    def __subclasscheck__(cls, other: Any) -> bool:
        raise RuntimeError("hands off")

    __instancecheck__ = __subclasscheck__


class WithMeta(Exception, metaclass=Meta):
    pass


def thrown() -> Any:
    try:
        raise LookupError("gone")
    except LookupError:
        return sys.exc_info()


def released() -> memoryview:
    view = memoryview(b"Hello")
    view.release()
    return view


THINGS: list[Any] = [
    None, True, 0, 404, -1, 1.5, 10 ** 400, "", "200 OK", "200", "\ud800\x00\n", b"", b"Hello", bytearray(b"x"),
    memoryview(b"x"), released(), [], [b"x"], (), (None, None, None), (1, 2, 3), {}, set(), object(), object, Hostile,
    Hostile(), HostileText("200 OK"), HostileText(""), HostileBytes(b"Hello"), HostileTuple((1, 2)),
    HostileTuple((None, None, None)), HostileTuple((LookupError, LookupError("x"), None)), thrown(),
    (HostileError, HostileError(), None), (WithMeta, WithMeta(), None), (WithMeta, LookupError(), None),
    (LookupError, LookupError, LookupError), LookupError("gone"), lambda: None, ..., NotImplemented, *Ending,
]
FACTS: dict[str, list[Any]] = {
    "method": ["", "GET", "HEAD"], "starts": [0, 1, 3], "start_failed": [False, True], "handling": [0, 1],
    "failed_with_exc_info": [False, True], "exc_info_given": [False, True], "status": ["", "200 OK", "204 \ud800"],
    "code": [0, 100, 200, 204, 205, 304], "headers": [(), (("Content-Length", "5"),), (("content-type", "\n"),)],
    "declared_length": [None, 0, 5], "length": [None, 0, 1, 20], "returned": ["", "list", "x"],
    "iterating": [False, True], "iterations": [0, 1, 2], "closes": [0, 1], "chunks": [0, 1, 200],
    "small_chunks": [0, 150], "bytes_yielded": [0, 7], "bytes_written": [0, 7], "writes": [0, 2],
    "over": [False, True], "ending": [None, *Ending], "raised": ["", "LookupError: gone"],
    "uncounted": [0, 64], "write_failed": [False, True],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_checks_are_total_and_say_one_printable_line(rule: Rule) -> None:
    draw = random.Random(rule.id)
    for thing in THINGS:
        for _ in range(20):
            x = Exchange()
            for fact, values in FACTS.items():
                if draw.random() < 0.5:
                    setattr(x, fact, draw.choice(values))
            judged = thing
            if rule.at is Moment.START:
                judged = Start(*(thing if draw.random() < 0.6 else draw.choice(THINGS) for _ in range(3)),
                               positional=draw.choice([0, 2, 4]), keywords=draw.choice([(), ("a\nb",)]))
            before = dict(vars(x))
            verdict = rule(x, judged)
            assert vars(x) == before, "a check changes nothing"
            if verdict is not None and verdict is not NOT_APPLICABLE:
                assert isinstance(verdict, str)
                assert verdict.isprintable(), verdict
                assert "expected" in verdict


# -- real frameworks -------------------------------------------------------------------------------------

def flask_app() -> App:
    from flask import Flask, Response, abort, redirect

    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return "Grüße"

    @app.get("/stream")
    def stream() -> Any:
        return Response((str(n) * 40 for n in range(5)), mimetype="text/plain")

    @app.get("/empty")
    def empty() -> Any:
        return "", 204

    @app.get("/boom")
    def boom() -> Any:
        raise RuntimeError("boom")

    @app.get("/teapot")
    def teapot() -> Any:
        abort(418)

    @app.get("/away")
    def away() -> Any:
        return redirect("/")

    @app.get("/cached")
    def cached() -> Any:
        from flask import request

        response = Response("Hello")
        response.set_etag("1")
        return response.make_conditional(request)

    return app


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["/", "/stream", "/empty", "/boom", "/teapot", "/away", "/cached", "/missing"])
@pytest.mark.parametrize("drive", [PLAIN, Drive(stop_after=1), Drive(stop_after=0)], ids=["plain", "left", "closed"])
def test_flask_keeps_the_rules(method: str, path: str, drive: Drive) -> None:
    observed = observe(flask_app(), drive, method=method, path=path, HTTP_IF_NONE_MATCH='"1"')
    assert observed.exchange.code, "the framework answered"
    assert [breach for breach in observed.breaches if breach.rule.level in (MUST, Level.SHOULD)] == []


def test_django_keeps_the_rules() -> None:
    pytest.importorskip("django")
    site = Path(__file__).with_name("django_site.py")
    told = subprocess.run([sys.executable, "-W", "error", str(site)], capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    # Three methods, eight paths, three drives: each answered, and no line beside the count.
    assert told.stdout.split() == ["72"], told.stdout
