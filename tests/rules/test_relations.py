"""Laws over several exchanges: silent on legal applications, steady about what changes by itself, all on record."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsgicheck.crowd import at_once
from wsgicheck.model.request import Case, Drive, Request
from wsgicheck.model.rule import ADVICE, Relation
from wsgicheck.reference.gateway import MARK
from wsgicheck.reference.repertoire import Recipe
from wsgicheck.report.coverage import rows
from wsgicheck.rules import laws
from wsgicheck.spec import statements
from wsgicheck.stories import look, tell
from wsgicheck.strategies import requests
from wsgicheck.strategies.applications import recipes

LAWS = laws()
QUICK = tuple(law for law in LAWS if not law.costly)
# Some recipes send an ETag and never look at If-None-Match: PEP 3333 leaves that to them, RFC 9110 does not.
NOT_OF_THE_PEP = {"etag-is-evaluated"}
ELSEWHERE = {
    "SR-025": "binds who implements start_response: servers and middleware",
}


def by_id(name: str) -> Relation:
    return next(law for law in LAWS if law.id == name)


def verdicts(application: Callable[..., Any], request: Request) -> dict[str, str]:
    """Return the evidence of each law that is broken, told twice, as a run does."""
    found = {}
    for law in QUICK:
        telling = tell(law, request, application)
        assert not telling.crash, (law, telling.crash)
        if isinstance(telling.verdict, str) and tell(law, request, application).broken:
            found[law.id] = telling.verdict
    return found


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(recipes(mishaps=False), requests())
def test_legal_applications_break_nothing_that_binds(recipe: Recipe, request: Request) -> None:
    application = recipe.build()
    found = {name: told for name, told in verdicts(application, request).items()
             if by_id(name).level is not ADVICE and name not in NOT_OF_THE_PEP}
    assert not found, recipe.source()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.sampled_from([law for law in LAWS if law.costly]), recipes(mishaps=False))
def test_legal_applications_stand_many_threads(law: Relation, recipe: Recipe) -> None:
    telling = tell(law, Request(), recipe.build())
    assert not telling.crash
    assert not telling.broken, telling.verdict


def restless(environ: dict[str, Any], start_response: Any, visits: Any = itertools.count(1)) -> Any:  # noqa: B008
    """Everything that changes by itself: the time, a token, a cookie, a tag, a count."""
    token = f"{time.perf_counter_ns():x}"
    body = f"<p>visit {next(visits)} of {token}</p><input name=csrf value={token}>".encode()
    start_response("200 OK", [
        ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), ("Date", "now"),
        ("Set-Cookie", f"session={token}; Path=/"), ("X-Request-Id", token), ("X-Token", token), ("Age", token[:2]),
        ("Vary", "Cookie")])
    return [body]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_what_changes_by_itself_is_not_compared(law: Relation, method: str) -> None:
    telling = tell(law, Request.make(method, "/a/b", "name=Ada", body=b"a=b" if method == "POST" else b""), restless)
    assert not telling.crash
    assert not telling.broken, telling.verdict


@pytest.mark.parametrize("law", QUICK, ids=lambda law: law.id)
def test_whatever_an_application_does_no_law_crashes(law: Relation) -> None:
    def nothing(environ: Any, start_response: Any) -> None:
        return None

    def text(environ: Any, start_response: Any) -> str:
        start_response(200, {"a": 1})
        return "text"

    def failing(environ: Any, start_response: Any) -> Any:
        raise SystemError

    def late(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("ETag", '"1"'), ("Content-Length", "x"), ("Content-Range", "bytes 9-3/x"),
                                  ("Accept-Ranges", "bytes"), ("Location", "http://[")])
        yield b"a"
        raise SystemError

    for application in (nothing, text, failing, late):
        for method in ("GET", "POST", "get"):
            telling = tell(law, Request.make(method, "/x", "a=b", body=b"a=b", content_type="text/plain"), application)
            assert not telling.crash, (application, telling.crash)


def test_the_servers_mark_is_taken_off_again() -> None:
    shared = [("Content-Type", "text/plain")]

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", shared)
        return [b"x"]

    law = by_id("header-lists-are-not-shared")
    for _ in range(2):
        assert tell(law, Request(), application).broken
        assert MARK not in shared
    assert shared == [("Content-Type", "text/plain")]


def test_a_list_that_was_emptied_is_filled_again() -> None:
    shared = [("Content-Type", "text/plain")]
    x, response = look(lambda environ, start: [b"x"] if start("200 OK", shared) else [], Case(
        Request(), Drive(headers="cleared")))
    assert shared == [("Content-Type", "text/plain")]
    assert x.headers == tuple(shared) == tuple(response.headers)


def test_what_is_kept_is_named_with_who_keeps_it() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        KEPT.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    telling = tell(by_id("nothing-of-the-server-is-kept"), Request(), application)
    KEPT.clear()
    assert isinstance(telling.verdict, str)
    assert f"wsgi.input (by {__name__}.KEPT)" in telling.verdict


KEPT: list[Any] = []


def test_every_active_statement_about_applications_is_judged() -> None:
    judged = {row.id: bool(row.cards) or bool(row.excuse) for row in rows()}
    missing = [name for name, row in statements().items()
               if row.check == "active" and row.subject in ("application", "both") and not judged[name]
               and not name.startswith("MW-") and name not in ELSEWHERE]
    assert not missing


def test_a_lock_ends_the_order_and_not_the_round() -> None:
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        with lock:
            body = environ["QUERY_STRING"]
            start_response("200 OK", [("Content-Type", "text/plain")])
        return [body.encode()]

    telling = tell(by_id("answers-are-the-same-among-threads"), Request.make(query="q=a"), application)
    assert not telling.crash
    assert not telling.broken, telling.verdict


def test_a_deadlock_is_told_and_not_waited_for() -> None:
    first, second = threading.Lock(), threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        one, two = (first, second) if "v0" in environ["QUERY_STRING"] else (second, first)
        with one:
            body = environ["QUERY_STRING"].encode()
            # Longer than a round may take, and not for ever, so that the threads of this test end with it.
            if two.acquire(timeout=6):
                two.release()
            start_response("200 OK", [("Content-Type", "text/plain")])
        return [body]

    def ask(query: str) -> bytes | None:
        return look(application, Case(Request.make(query=query)))[0].body

    found = at_once([partial(ask, "v0"), partial(ask, "v1")], 40, 0)
    for thread in threading.enumerate():
        if thread.name.startswith("wsgicheck-"):
            thread.join(10)
    assert found[-1] is None
    assert all(bodies == [b"v0", b"v1"] for bodies in found[:-1])


@pytest.mark.parametrize("ordered", [True, False])
def test_threads_really_run_at_once(ordered: bool) -> None:
    order: list[int] = []

    def job(number: int) -> int:
        for _ in range(200):
            order.append(number)
        return number

    found = at_once([partial(job, number) for number in range(3)], 3 * ordered, 3 * (not ordered))
    assert found == [[0, 1, 2]] * 3


def test_content_that_is_too_long_to_keep_is_not_compared() -> None:
    size = 9 * 1024 * 1024

    def application(environ: Any, start_response: Any) -> Any:
        headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))]
        if environ.get("HTTP_RANGE"):
            start_response("206 Partial Content", [headers[0], ("Content-Range", f"bytes 0-0/{size}")])
            return [b"x"]
        start_response("200 OK", headers)
        return [b"x" * (1 << 20)] * 9

    for name in ("ranges-fit-the-whole", "head-declares-the-length-of-get"):
        assert not tell(by_id(name), Request(), application).broken


@pytest.mark.parametrize("ticks", [False, True])
def test_a_page_that_ages_does_not_depend_on_the_visitor(ticks: bool) -> None:
    asked = itertools.count()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        # The two requests that show what stays, then the one with another Accept, then the first once more.
        aged = next(asked) >= 2 if ticks else environ.get("HTTP_ACCEPT") == "application/json"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")])
        return [b"1 minute ago" if aged else b"59 seconds ago"]

    assert tell(by_id("vary-names-what-the-answer-depends-on"), Request(), application).broken is not ticks
