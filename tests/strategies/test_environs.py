"""Drawn environs are legal, varied, plain at the core, and made anew for each draw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st
from legality import breaches

from wsgicheck import strategies
from wsgicheck.model.exchange import Exchange
from wsgicheck.model.request import PLAIN, Case, Drive, Request
from wsgicheck.model.rule import SERVER, Rule
from wsgicheck.plan import compile_plan
from wsgicheck.reference.gateway import environ_of, serve
from wsgicheck.rules import passive_rules
from wsgicheck.spies.spy import Spied
from wsgicheck.strategies import Endpoint, Material, bodies, cookies, headers
from wsgicheck.strategies.paths import ENCODED, HOSTILE, MOUNTS
from wsgicheck.strategies.queries import ODD_QUERIES, general
from wsgicheck.strategies.weighted import Groups, table

RICH = Material(
    endpoints=(Endpoint("/", ("GET",)), Endpoint("/login", ("GET", "POST"), form_names=("user", "password")),
               Endpoint("/é".encode().decode("latin-1"), ("PURGE",), headers=(("HTTP_X_TOKEN", "a"),)),
               Endpoint("/search", queries=("q=a&page=2",), query_names=("q", "page"), weight=5,
                        bodies=(("text/csv", b"a,b\n"),))),
    methods=("PURGE",), query_names=("ÿ", "a b", "x" * 40), query_values=("\ud800", "\n", "1"), form_names=("é",),
    form_values=("☃", '"'), pairs=(("mode", "fast & loose"),), queries=("a=1",),
    headers=(("HTTP_X_TOKEN", "caf\xe9"), ("HTTP_X_BAD", "a\nb"), ("HTTP_PROXY", "x"), ("HTTP_X_BAD", "☃"),
             ("HTTP_COOKIE", "login=yes"),
             ("PATH_INFO", "x")),
    cookies=(("theme", "dark"), ("bad", "\n"), ("bad", "☃")), content_types=("text/csv",),
    bodies=(("application/json", b'{"mode": "fast"}'),))


def sample(strategy: st.SearchStrategy[Any], size: int, number: int = 1) -> list[Any]:
    """Return the first `size` draws under a fixed seed."""
    drawn: list[Any] = []

    @seed(number)
    @settings(max_examples=size, database=None, phases=[Phase.generate], deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    return drawn


@pytest.mark.parametrize("material", [strategies.EMPTY, RICH], ids=["empty", "rich"])
def test_every_environ_is_legal(material: Material) -> None:
    for request in sample(strategies.requests(material), 3000):
        assert breaches(environ_of(request), request.body) == [], request


@pytest.mark.parametrize("framing", list(strategies.Framing))
def test_every_framing_is_legal_in_all_surroundings(framing: strategies.Framing) -> None:
    for number, around in enumerate(sample(strategies.surroundings(), 1000)):
        content = (bodies.NOTHING, *bodies.BROKEN)[number % (1 + len(bodies.BROKEN))]
        request = strategies.assembled("POST", "/", "", content, framing, (1,), (), around)
        assert breaches(environ_of(request), request.body) == [], request


def flat(groups: Groups[Any]) -> list[Any]:
    return [item for _, items in groups for item in items]


def test_the_tables_are_legal_to_the_last_entry() -> None:
    parts: list[Request] = []
    for fields in flat(headers.groups_of(RICH)):
        parts.append(strategies.assembled("GET", "/", "", fields=fields))
    for cookie in flat(cookies.groups_of(RICH)):
        parts.append(strategies.assembled("GET", "/", "", fields=(("HTTP_COOKIE", cookie),)))
    for query in (*flat(general(RICH)), *ODD_QUERIES):
        parts.append(strategies.assembled("GET", "/", query))
    for content in flat(bodies.groups_of(RICH)):
        parts.append(strategies.assembled("POST", "/", "", content))
    for path in (*ENCODED, *HOSTILE, *MOUNTS):
        parts.append(strategies.assembled("GET", path, ""))
    for request in parts:
        assert breaches(environ_of(request), request.body) == [], request


class Breaches:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self.told.append(f"{rule.name}: {evidence}")

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        self.told.append(f"{rule.name} crashed: {error!r}")


def reading(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Read all input, use all streams, answer."""
    length = environ.get("CONTENT_LENGTH", "")
    stream, left = environ["wsgi.input"], int(length) if length.isdigit() else 0
    while left and (data := stream.read(left)):
        left -= len(data)
    environ["wsgi.errors"].write("read\n")
    environ["wsgi.errors"].flush()
    head = environ["REQUEST_METHOD"] == "HEAD"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [] if head else [b"done"]


@pytest.mark.parametrize("material", [strategies.EMPTY, RICH], ids=["empty", "rich"])
def test_no_rule_of_the_catalogue_blames_the_server_for_a_drawn_environ(material: Material) -> None:
    breaches_told = Breaches()
    # Advice to servers, which many do not follow: "OPTIONS *" reaches the application with PATH_INFO "*".
    rules = [rule for rule in passive_rules()
             if rule.binds is SERVER and rule.id != "path-info-of-options-is-no-asterisk"]
    assert len(rules) > 20
    spied = Spied(reading, compile_plan(rules, breaches_told))
    for case in sample(strategies.cases(material), 2000):
        serve(spied, case.request, case.drive)
        assert breaches_told.told == [], case


def test_the_checker_of_legality_sees_what_is_not_legal() -> None:
    plain = environ_of(Request())
    assert breaches(plain, b"") == []
    for key, bad in [("PATH_INFO", "a"), ("PATH_INFO", "/☃"), ("SERVER_PORT", "http"), ("REQUEST_METHOD", "G T"),
                     ("SCRIPT_NAME", "/"), ("CONTENT_LENGTH", "+1"), ("HTTP_X", "a\nb"), ("QUERY_STRING", "a b"),
                     ("REMOTE_USER", ""), ("RAW_URI", "/"), ("SERVER_PROTOCOL", ""),
                     ("HTTP_TRANSFER_ENCODING", "gzip")]:
        assert breaches({**plain, key: bad}, b""), key
    assert breaches({k: v for k, v in plain.items() if k != "HTTP_HOST"}, b"")
    assert breaches(plain, b"x")


def test_the_simplest_is_the_plain_request() -> None:
    assert find(strategies.requests(), lambda _: True) == Request()
    assert find(strategies.cases(), lambda _: True) == Case(Request(), PLAIN)
    assert find(strategies.requests(RICH), lambda _: True) == Request()


@pytest.mark.parametrize(("wanted", "differs"), [
    (lambda r: r.body and r.method not in ("GET", "HEAD", "OPTIONS", "DELETE"),
     {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "3"}),
    (lambda r: r.method == "HEAD", {"REQUEST_METHOD": "HEAD"}),
    (lambda r: not r.has("QUERY_STRING"), {"SCRIPT_NAME": None, "QUERY_STRING": None}),
    (lambda r: r.path == "*", {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "*"}),
    (lambda r: not r.path, {"PATH_INFO": ""}),
    (lambda r: not r.has("HTTP_HOST"), {"SERVER_PROTOCOL": "HTTP/1.0", "HTTP_HOST": None}),
    (lambda r: not r.file_wrapper, {}),
], ids=["body", "head", "no query", "asterisk", "empty path", "no host", "no wrapper"])
def test_what_does_not_matter_shrinks_away(wanted: Callable[[Request], Any], differs: dict[str, Any]) -> None:
    smallest = find(strategies.requests(), lambda request: bool(wanted(request)), random=Random(1),
                    settings=settings(max_examples=5000, database=None, deadline=None))
    assert dict(smallest.variables) == dict(Request().with_variables(**differs).variables)


def _invalid(text: str) -> bool:
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _json_broken(request: Request) -> bool:
    if request.get("CONTENT_TYPE") != "application/json":
        return False
    try:
        json.loads(request.body)
    except (ValueError, RecursionError):
        return True
    return False


COMMON_TROUBLE: dict[str, Callable[[Request], bool]] = {
    "HEAD": lambda r: r.method == "HEAD",
    "POST": lambda r: r.method == "POST",
    "a form": lambda r: r.get("CONTENT_TYPE").startswith("application/x-www") and bool(r.body),
    "an unusual method": lambda r: r.method not in ("GET", "HEAD", "POST"),
    "path beyond ASCII": lambda r: not r.path.isascii(),
    "path of invalid UTF-8": lambda r: _invalid(r.path),
    "query": lambda r: bool(r.query),
    "no QUERY_STRING": lambda r: not r.has("QUERY_STRING"),
    "no SCRIPT_NAME": lambda r: not r.has("SCRIPT_NAME"),
    "a mount": lambda r: bool(r.get("SCRIPT_NAME")),
    "empty or no PATH_INFO": lambda r: not r.path,
    "empty CONTENT_LENGTH": lambda r: r.has("CONTENT_LENGTH") and not r.get("CONTENT_LENGTH"),
    "no Host": lambda r: not r.has("HTTP_HOST"),
    "https": lambda r: r.url_scheme == "https",
    "no wsgi.file_wrapper": lambda r: not r.file_wrapper,
    "a cookie": lambda r: r.has("HTTP_COOKIE"),
    "short reads": lambda r: bool(r.reads),
    "a condition or range": lambda r: any(r.has(k) for k in ("HTTP_RANGE", "HTTP_IF_NONE_MATCH",
                                                             "HTTP_IF_MODIFIED_SINCE")),
}
RARE: dict[str, Callable[[Request], bool]] = {
    "chunked, end told": lambda r: r.has("HTTP_TRANSFER_ENCODING") and r.input_terminated,
    "chunked, end untold": lambda r: r.has("HTTP_TRANSFER_ENCODING") and not r.input_terminated,
    "client left": lambda r: r.get("CONTENT_LENGTH") not in ("", "0", str(len(r.body))),
    "GET with content": lambda r: r.method == "GET" and bool(r.body),
    "OPTIONS *": lambda r: r.path == "*" and r.method == "OPTIONS",
    "lower-case method": lambda r: r.method == "get",
    "PATH_INFO absent": lambda r: not r.has("PATH_INFO"),
    "double slash": lambda r: r.path.startswith("//"),
    "control character": lambda r: "\n" in r.path,
    "nul": lambda r: "\x00" in r.path,
    "long path": lambda r: len(r.path) > 5000,
    "long query": lambda r: len(r.query) > 5000,
    "raw byte in query": lambda r: not r.query.isascii(),
    "%FF in query": lambda r: "%FF" in r.query,
    "IPv6": lambda r: r.get("SERVER_NAME") == "[::1]",
    "X-Forwarded": lambda r: r.has("HTTP_X_FORWARDED_FOR"),
    "REMOTE_USER": lambda r: r.has("REMOTE_USER"),
    "REMOTE_ADDR": lambda r: r.has("REMOTE_ADDR"),
    "Authorization": lambda r: r.has("HTTP_AUTHORIZATION"),
    "If-None-Match": lambda r: r.has("HTTP_IF_NONE_MATCH"),
    "several ranges": lambda r: "," in r.get("HTTP_RANGE"),
    "Accept-Encoding": lambda r: r.has("HTTP_ACCEPT_ENCODING"),
    "multipart": lambda r: r.get("CONTENT_TYPE").startswith("multipart/form-data; boundary=b"),
    "multipart without boundary": lambda r: r.get("CONTENT_TYPE") == "multipart/form-data",
    "broken JSON": _json_broken,
    "unknown charset": lambda r: "x-nope" in r.get("CONTENT_TYPE"),
    "big content": lambda r: len(r.body) > 60_000,
    "run_once": lambda r: r.run_once,
    "threads": lambda r: r.multithread,
    "processes": lambda r: r.multiprocess,
    "server's own keys": lambda r: r.has("example.worker"),
    "CGI variables": lambda r: r.has("GATEWAY_INTERFACE"),
    "hardly anything": lambda r: not any(r.has(key) for key in (
        "SCRIPT_NAME", "QUERY_STRING", "HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE")),
    "TRACE": lambda r: r.method == "TRACE",
}


def test_fifty_draws_meet_the_common_trouble() -> None:
    met: Counter[str] = Counter()
    for number in range(10):
        drawn = sample(strategies.requests(), 50, number)
        assert len(drawn) == 50
        met.update(name for name, holds in COMMON_TROUBLE.items() if any(map(holds, drawn)))
    assert {name: met[name] for name in COMMON_TROUBLE if met[name] < 7} == {}


def test_a_run_of_two_thousand_meets_the_rest() -> None:
    drawn = sample(strategies.requests(), 2000)
    assert [name for name, holds in (COMMON_TROUBLE | RARE).items() if not any(map(holds, drawn))] == []


def test_half_of_the_draws_are_ordinary_in_each_part() -> None:
    drawn = sample(strategies.requests(), 1000)
    assert sum(r.method in ("GET", "POST") for r in drawn) > 550
    assert sum(r.get("SERVER_PROTOCOL") == "HTTP/1.1" for r in drawn) > 700
    assert sum(r.path.isascii() and r.path.isprintable() for r in drawn) > 650


@pytest.mark.parametrize("most", [3, 2000], ids=["one draw", "two draws"])
def test_a_table_keeps_its_shares(most: int) -> None:
    strategy = table((50, ("plain",)), (30, range(most)), (0, ("never",)), (20, ("odd", "other")), (9, ()))
    drawn = sample(st.tuples(*[strategy] * 4), 1000)
    counts = Counter(type(part) for parts in drawn for part in parts)
    assert 0.2 < counts[int] / 4000 < 0.4
    assert "never" not in {part for parts in drawn for part in parts}
    assert find(strategy, lambda _: True) == "plain"


def test_the_same_seed_draws_the_same() -> None:
    assert sample(strategies.cases(RICH), 200, 7) == sample(strategies.cases(RICH), 200, 7)
    assert sample(strategies.cases(RICH), 200, 7) != sample(strategies.cases(RICH), 200, 8)


def test_drives_cover_every_way_to_treat_an_answer() -> None:
    drawn = set(sample(strategies.drives(), 300))
    assert drawn == set(strategies.DRIVES)
    assert {Drive(stop_after=0), Drive(start_raises=True), Drive(write_raises_after=0), Drive(calls=2)} <= drawn
    assert strategies.DRIVES[0] == PLAIN


def test_parts_can_be_replaced() -> None:
    drawn = sample(strategies.requests(methods=st.just("PUT"), paths=st.just("/a"), queries=st.just("b=c"),
                                       fields=st.just((("HTTP_X_Y", "z"),)),
                                       contents=st.just(strategies.Content("text/plain", b"hello"))), 100)
    assert {(r.method, r.path, r.query, r.get("HTTP_X_Y"), r.get("CONTENT_TYPE")) for r in drawn} == {
        ("PUT", "/a", "b=c", "z", "text/plain")}
    assert {r.body for r in drawn} <= {b"hello", b"he"}


@pytest.mark.parametrize("name", ["paths", "script_names", "methods", "queries", "cookie_fields", "header_fields",
                                  "contents", "framings", "reads", "surroundings", "endpoints"])
def test_each_part_stands_on_its_own(name: str) -> None:
    drawn = sample(getattr(strategies, name)(), 200)
    assert len({repr(value) for value in drawn}) > 4
    assert drawn[0] == find(getattr(strategies, name)(), lambda _: True)


@settings(max_examples=200, deadline=None)
@given(strategies.environs(RICH))
def test_environs_are_ready_to_call_an_application_with(environ: dict[str, Any]) -> None:
    content = environ["wsgi.input"].read()
    assert breaches(environ, content) == []
    environ["wsgi.errors"].write("☃\n")
    environ.clear()


@settings(max_examples=200, deadline=None)
@given(strategies.inputs())
def test_inputs_end_and_give_what_they_hold(stream: Any) -> None:
    held = bytearray()
    while data := stream.read(1000):
        assert len(data) <= 1000
        held += data
    assert stream.read(1) == stream.read() == stream.readline() == b""
    assert stream.readlines() == list(stream) == []


def test_each_draw_makes_streams_of_its_own() -> None:
    environs = sample(strategies.environs(methods=st.just("POST")), 50)
    assert len({id(environ["wsgi.input"]) for environ in environs}) == 50


def test_material_steers_the_draws() -> None:
    drawn = sample(strategies.requests(RICH), 1500)
    assert any(r.path == "/login" and r.method == "POST" and b"user=" in r.body and b"password=" in r.body
               for r in drawn)
    assert any(r.path == "/search" and r.query == "q=a&page=2" for r in drawn)
    assert any(r.method == "PURGE" for r in drawn)
    assert any(r.get("HTTP_X_TOKEN") == "caf\xe9" for r in drawn)
    assert any(r.get("HTTP_COOKIE") == "login=yes" for r in drawn)
    assert any("theme=dark" in r.get("HTTP_COOKIE") for r in drawn)
    assert any("mode=fast%20%26%20loose" in r.query for r in drawn)
    assert not any(r.has("HTTP_X_BAD") and "\n" in r.get("HTTP_X_BAD") for r in drawn)
    assert sum(r.path == "/search" for r in drawn) > sum(r.path == "/login" for r in drawn)


def test_materials_merge() -> None:
    merged = Material(methods=("A",)).merged(Material(methods=("A", "B"), query_names=("q",)))
    assert (merged.methods, merged.query_names) == (("A", "B"), ("q",))
