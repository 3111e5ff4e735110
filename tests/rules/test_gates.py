"""The gates are sound: where one proves that all is well, no rule that it clears says otherwise."""

from __future__ import annotations

import enum
import io
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck.model.exchange import Exchange
from wsgicheck.model.gate import Gate
from wsgicheck.model.moments import Ending, Moment, Start
from wsgicheck.model.request import PLAIN, Case, Drive, Request
from wsgicheck.model.rule import Example, Rule
from wsgicheck.plan import Plan, compile_plan
from wsgicheck.reference.apps import plain
from wsgicheck.reference.gateway import environ_of, serve
from wsgicheck.reference.repertoire import Recipe
from wsgicheck.rules import catalogue, passive_rules
from wsgicheck.rules.gates import gates
from wsgicheck.rules.gates.end import END, LOOKED_AT, ORDINARY
from wsgicheck.spies.head import read_off
from wsgicheck.spies.spy import Spied
from wsgicheck.stage import Stage
from wsgicheck.strategies import DRIVES, requests
from wsgicheck.strategies.applications import recipes

GATES = {gate.at: gate for gate in gates()}
CLEARED = {moment: tuple(rule for rule in passive_rules() if rule.at is moment and rule.id in gate.clears)
           for moment, gate in GATES.items()}

LEFT_TO_THE_LOOP: frozenset[str] = frozenset()
"""Rules at a gated moment that are judged each time, on purpose. Each makes every request slower."""


class Unsound(Exception):
    """A gate proved what a rule denies."""


def verify(gate: Gate, x: Exchange, thing: Any) -> bool:
    """Tell whether `gate` proves that all is well; if it does, ask each rule."""
    if not gate.proves(x, thing):
        return False
    for rule in CLEARED[gate.at]:
        verdict = rule.check(x, thing)
        if isinstance(verdict, str):
            raise Unsound(f"{rule.name}: {verdict}")
    return True


class Watch:
    """A plan that judges nothing and verifies every gate at each step; keeps what went wrong."""

    def __init__(self) -> None:
        self.unsound: list[str] = []
        self.proved: dict[Moment, int] = {}
        self.plan = Plan(**{moment.value: self.judge(gate) for moment, gate in GATES.items()})

    def judge(self, gate: Gate) -> Callable[[Exchange, Any], None]:
        def judge(x: Exchange, thing: Any) -> None:
            try:
                self.proved[gate.at] = self.proved.get(gate.at, 0) + verify(gate, x, thing)
            except Unsound as error:
                self.unsound.append(str(error))

        return judge


def test_every_rule_at_a_gated_moment_is_cleared_or_left_on_purpose() -> None:
    for moment, gate in GATES.items():
        here = {rule.id for rule in passive_rules() if rule.at is moment}
        assert here - gate.clears - LEFT_TO_THE_LOOP == set(), f"at {moment.name}: extend the gate, or leave the rule"
        assert gate.clears <= here, "a rule was renamed or is gone"


def rule_examples() -> list[Any]:
    found = []
    for card in catalogue():
        if isinstance(card, Rule) and card.at is not Moment.PROCESS:
            for number, example in enumerate(card.examples):
                if isinstance(example, Example) and example.kind in ("app", "environ", "server"):
                    found.append(pytest.param(example, id=f"{card.name}-{number}"))
    return found


@pytest.mark.parametrize("example", rule_examples())
@pytest.mark.filterwarnings("ignore")
def test_no_example_gets_past_a_gate(example: Example) -> None:
    watch = Watch()
    if example.kind == "app":
        for _ in range(2):  # the second time what was learned is remembered
            serve(Spied(example.subject, watch.plan), example.request, example.drive)
    elif example.kind == "environ":
        for _ in range(2):
            environ = environ_of(example.request)
            changed = example.subject(environ)
            serve(Spied(plain, watch.plan), example.request, example.drive, environ if changed is None else changed)
    else:
        example.subject(Spied(plain, watch.plan))
    assert watch.unsound == []


@given(recipes(), requests(), st.sampled_from(DRIVES))
@settings(max_examples=300, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_legal_exchanges_are_proved_soundly(recipe: Recipe, request: Request, drive: Drive) -> None:
    watch = Watch()
    serve(Spied(recipe.build(), watch.plan), request, drive)
    assert watch.unsound == []


class Text(str):
    __slots__ = ()


class Named(enum.StrEnum):
    GET = "GET"
    PORT = "80"


class Odd:
    """An object that answers strangely to whatever it is asked."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    def __bool__(self) -> bool:
        raise ValueError("no truth")

    def __iter__(self) -> Iterator[Any]:
        raise ValueError("no items")


class Liar:
    """Claims to be a str."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return str


class Unreadable(io.BytesIO):
    read = None  # type: ignore[assignment]


class Sealed:
    read = readline = readlines = __iter__ = write = writelines = flush = print

    def __getattribute__(self, name: str) -> Any:
        raise AttributeError(name)


def without_read() -> io.BytesIO:
    stream = io.BytesIO()
    stream.read = None  # type: ignore[method-assign, assignment]
    return stream


Pair = namedtuple("Pair", "name value")
WEIRD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 600), st.floats(allow_nan=True), st.binary(max_size=4),
    st.sampled_from(["", " ", "x", "\n", "\x00", "\x7f", "\x80", "\xe9", "€", "\ud800", "/", "//", "*", "80", "²", "８",
                     "1_0", "+5", " 5", "GET", "HTTP/1.1", "HTTP/2", "localhost", "[::1]", "a b", "http"]),
    st.sampled_from([Text("GET"), Text("x"), Named.GET, Named.PORT, (1, 0), (1, 1), (1.0, 0), (True, False), [1, 0]]),
    st.builds(Odd), st.builds(Liar), st.builds(Unreadable), st.builds(without_read), st.builds(Sealed),
    st.builds(io.BytesIO), st.builds(io.StringIO), st.just(print), st.just(io.BytesIO),
)
KEYS = st.sampled_from([
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_HOST", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_COOKIE",
    "REMOTE_ADDR",
    "REMOTE_USER", "AUTH_TYPE", "GATEWAY_INTERFACE", "RAW_URI", "REQUEST_URI", "wsgi.version", "wsgi.url_scheme",
    "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once", "wsgi.file_wrapper",
    "wsgi.input_terminated", "wsgi.unknown", "server.thing", "Server.Thing", ".hidden", "plain", "HTTP_X\nY", "HTTP_É",
    "HTTP_€", "", Text("HTTP_HOST"),
])


@given(requests(), st.lists(st.tuples(KEYS | st.integers(0, 1), st.just(KeyError) | WEIRD), max_size=3),
       st.sampled_from([dict, dict, dict, dict, OrderedDict]))
@settings(max_examples=1500, deadline=None)
def test_environs_right_and_wrong(request: Request, changes: list[tuple[Any, Any]], kind: type) -> None:
    environ = environ_of(request)
    for key, value in changes:
        if value is KeyError:
            environ.pop(key, None)
        else:
            environ[key] = value
    for _ in range(2):
        verify(GATES[Moment.REQUEST], Exchange(), kind(environ))


STATUSES = st.sampled_from([
    "200 OK", "404 Not Found", "204 No Content", "304 Not Modified", "301 Moved Permanently", "302 Found",
    "401 Unauthorized",
    "405 Method Not Allowed", "206 Partial Content", "416 Range Not Satisfiable", "426 Upgrade Required", "500 Oops",
    "100 Continue", "999 Far", "099 Low", "200", "200 ", "200  OK", " 200 OK", "200 OK\r\n", "200 \x7f", "200 €",
    "2x0 OK", "",
    Text("200 OK"), b"200 OK", 200, None,
]) | st.builds(Odd)
FIELDS = [
    "Content-Type", "content-type", "Content-Length", "CONTENT-LENGTH", "Set-Cookie", "Date", "Last-Modified",
    "Expires",
    "ETag", "Location", "Retry-After", "Allow", "WWW-Authenticate", "Content-Range", "Connection", "Transfer-Encoding",
    "Upgrade", "Proxy-Authenticate", "Status", "Vary", "X-Thing", "X-Thing-", "X Thing", "X:", "", "É", "€",
    Text("X-Thing"),
    "Content-Encoding", "Server", "Age",
]
NAMES = st.sampled_from(FIELDS) | st.sampled_from([b"X", None, 1])
VALUES_OF_ALL_KINDS = [
    "", " ", "x", " x", "x ", "a `~ b", "`~ x", "x `~", "`~", "\t", "a\nb", "a\r\n b", "\x7f", "\x80", "\xe9", "€",
    "0", "13", "-1",
    "1_3", "²", "1" * 30, "text/plain", "text/plain; charset=utf-8", "text", "text/plain;",
    "Wed, 01 Jan 2020 00:00:00 GMT",
    "Wed, 01 Jan 2120 00:00:00 GMT", "Mon, 31 Feb 2020 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:60 GMT", "yesterday",
    "-1",
    '"tag"', 'W/"tag"', '"\x85"', '"\xe9"', "tag",
    '"a b"', "/there", "/a b", "/\xe9", "bytes 0-1/2", "bytes 5-1/2", "bytes */5", "close",
    "chunked",
    Text("x"), Text("13"),
]
VALUES = st.sampled_from(VALUES_OF_ALL_KINDS) | st.sampled_from([b"x", None, 1]) | st.builds(Odd)
COOKIES = st.sampled_from([
    "a=b", "a=b; Path=/", "b=c; Path=/; HttpOnly", "a=b; Path=/; Path=/x", "__Host-a=b", "__Secure-a=b; Secure",
    "a b=c",
    "a=b c", 'a="b"', 'a="b', "a=b; Max-Age=0", "a=b; Max-Age=5", "a=b; max-age=x", "a=b; Expires=tomorrow", "=b", "b",
    "",
    "a=b; Expires=Wed, 01 Jan 2020 00:00:00 GMT; Max-Age=0", "a=b, c=d", "a=b; SameSite=None",
    "a=b; SameSite=none; secure",
    "a=b; SameSite=maybe", "a=" + "x" * 4200, "a=b; Domain=" + "x" * 4200, "a=b;", "a=b;;", "a=b; Path=/, c=d",
    "a=\xe9",
    "__HOST-a=b",
])
HEADERS = st.lists(st.one_of(
    st.tuples(NAMES, VALUES), st.tuples(NAMES, VALUES), st.tuples(st.just("Set-Cookie"), COOKIES),
    st.builds(Pair, NAMES, VALUES), st.tuples(NAMES), st.tuples(NAMES, VALUES, VALUES),
    st.just(["X-Thing", "x"]), st.just("ab"), st.none(),
), max_size=4)


@given(STATUSES, HEADERS, st.sampled_from([list, list, list, tuple, iter]),
       st.sampled_from([None, None, None, (None, None, None), (ValueError, ValueError("x"), None), 1]),
       st.integers(0, 1), st.booleans(), st.sampled_from([2, 2, 2, 3, 4]))
@settings(max_examples=3000, deadline=None)
def test_starts_right_and_wrong(status: Any, headers: list[Any], kind: Any, exc_info: Any, starts: int, over: bool,
                                positional: int) -> None:
    x = Exchange()
    x.starts, x.over = starts, over
    given_headers = kind(headers)
    for _ in range(2):
        verify(GATES[Moment.START], x,
               Start(status, given_headers, exc_info, *read_off(status, given_headers), positional))


@pytest.mark.parametrize("name", [name for name in FIELDS if type(name) is str])
def test_a_value_that_is_wrong_in_its_field_is_never_proved(name: str) -> None:
    for value in VALUES_OF_ALL_KINDS:
        for headers in ([(name, value)], [(name, value), ("X-Other", "x")], [("X-Other", "x"), (name, value)]):
            verify(GATES[Moment.START], Exchange(), Start("200 OK", headers, None, *read_off("200 OK", headers)))


def test_the_gates_prove_the_ordinary_request() -> None:
    watch = Watch()
    serve(Spied(plain, watch.plan), Request(), PLAIN)
    moments = {Moment.REQUEST, Moment.START, Moment.STARTED, Moment.RETURNED, Moment.CHUNK, Moment.END}
    assert {moment for moment, times in watch.proved.items() if times} >= moments
    assert watch.unsound == []


@pytest.mark.parametrize("headers", [
    [("Content-Type", "text/html"), ("Set-Cookie", "sessionid=x1; Path=/; HttpOnly; SameSite=Lax"),
     ("Set-Cookie", "csrftoken=y; expires=Wed, 31 Dec 2025 10:00:00 GMT; Max-Age=31449600; Path=/; Secure")],
    [("Date", "Wed, 01 Jan 2020 00:00:00 GMT"), ("Last-Modified", "Tue, 31 Dec 2019 00:00:00 GMT"), ("ETag", 'W/"1"')],
    [],
])
def test_the_gate_proves_ordinary_headers(headers: list[tuple[str, str]]) -> None:
    assert verify(GATES[Moment.START], Exchange(), Start("200 OK", headers, None, *read_off("200 OK", headers)))


class Breaches:
    """A sink that keeps the ids of what was broken."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self.ids.append(rule.id)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        raise error


@given(recipes(), requests(), st.sampled_from(DRIVES))
@settings(max_examples=300, deadline=None)
def test_with_gates_the_same_is_found(recipe: Recipe, request: Request, drive: Drive) -> None:
    application = recipe.build()
    found = []
    for chosen in (gates(), ()):
        sink = Breaches()
        with warnings.catch_warnings(), suppress(Exception):
            warnings.simplefilter("ignore")
            serve(Spied(application, compile_plan(passive_rules(), sink, gates=chosen)), request, drive)
        found.append(sink.ids)
    assert found[0] == found[1]


# Not those that are called twice: they keep something between calls, and so are not the same the second time.
@pytest.mark.parametrize("example", [param for param in rule_examples() if param.values[0].drive.calls == 1])
@pytest.mark.filterwarnings("ignore")
def test_with_gates_examples_break_the_same(example: Example) -> None:
    found = []
    for chosen in (gates(), ()):
        sink = Breaches()
        plan = compile_plan(passive_rules(), sink, gates=chosen)
        if example.kind == "app":
            serve(Spied(example.subject, plan), example.request, example.drive)
        elif example.kind == "environ":
            environ = environ_of(example.request)
            changed = example.subject(environ)
            serve(Spied(plain, plan), example.request, example.drive, environ if changed is None else changed)
        else:
            example.subject(Spied(plain, plan))
        found.append(sink.ids)
    assert found[0] == found[1]


class Looks:
    """Stands for an exchange and keeps the names of what was looked at."""

    def __init__(self, x: Exchange, names: set[str]) -> None:
        self._x, self._names = x, names

    def __getattr__(self, name: str) -> Any:
        self._names.add(name)
        return getattr(self._x, name)


# What stands on the class is the same for all exchanges that have nothing of their own in its place.
CONSTANT = {name for name in vars(Exchange) if name not in Exchange.__slots__ and not name.startswith("_")} - ORDINARY


@given(st.lists(st.tuples(recipes(), requests(), st.sampled_from(DRIVES)), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_run_that_remembers_finds_and_counts_the_same(story: list[tuple[Recipe, Request, Drive]]) -> None:
    results = []
    for chosen in (gates(), ()):
        tally: dict[str, int] = {}
        sink = Breaches()
        plan = compile_plan(passive_rules(), sink, gates=chosen, tally=tally)
        for recipe, request, drive in [*story, *story]:
            def begin(x: Exchange, request: Request = request, drive: Drive = drive) -> None:
                x.request, x.drive, x.body, x.events = request, drive, b"", []

            with warnings.catch_warnings(), suppress(Exception):
                warnings.simplefilter("ignore")
                serve(Spied(recipe.build(), plan, begin=begin), request, drive)
        results.append((sink.ids, tally))
    assert results[0] == results[1]


@given(recipes(), requests(), st.sampled_from(DRIVES))
@settings(max_examples=200, deadline=None)
def test_rules_at_the_end_look_at_nothing_but_what_is_kept(recipe: Recipe, request: Request, drive: Drive) -> None:
    gate = GATES[Moment.END]
    rules = [rule for rule in passive_rules() if rule.at is Moment.END]
    names: set[str] = set()

    def end(x: Exchange, ending: Any) -> None:
        if gate.likeness is not None and gate.likeness(x, ending) is not None:
            for rule in rules:
                rule.check(Looks(x, names), ending)

    def begin(x: Exchange) -> None:
        x.request, x.drive, x.body, x.events = request, drive, b"", []

    with suppress(Exception):
        serve(Spied(recipe.build(), Plan(end=end), begin=begin), request, drive)
    assert names - LOOKED_AT - CONSTANT == set()


def test_the_end_of_an_ordinary_exchange_is_remembered() -> None:
    # Else each exchange of a run would have its end judged anew, and nobody would notice but by the time it takes.
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    observed = Stage(application, passive_rules()).perform(Case(Request()))
    assert END.likeness is not None
    assert END.likeness(observed.exchange, Ending.EXHAUSTED) is not None
