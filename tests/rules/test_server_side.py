"""The server's half, and the streams: the call, environ, paths, wsgi.input, wsgi.errors and the file wrapper.

The cards' own examples are put on stage by test_cards.py; here stand the verdicts that a table, a property,
a recorded environ or a real framework shows better than an example.
"""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgicheck.model.exchange import Exchange
from wsgicheck.model.moments import Ending, Moment, Use
from wsgicheck.model.request import Case, Request
from wsgicheck.model.rule import NOT_APPLICABLE, Level, Rule
from wsgicheck.reference.apps import plain
from wsgicheck.reference.gateway import environ_of
from wsgicheck.rules import cards_in
from wsgicheck.rules.cgi_grammar import content_length_is_digits
from wsgicheck.rules.file_wrapper import descriptor_of_wrapped_file_holds_its_content
from wsgicheck.rules.input import input_gives_bytes
from wsgicheck.rules.reads import reads_stay_within_content_length
from wsgicheck.rules.shapes import accepts
from wsgicheck.stage import Observation, Stage

# In the catalogue's order, since a rule is given those before it.
FAMILIES = ("call", "environ", "cgi_variables", "cgi_grammar", "wsgi_keys", "paths", "input", "input_use", "reads",
            "errors", "error_text", "file_wrapper")
RULES = [card for family in FAMILIES for card in cards_in(f"wsgicheck.rules.{family}") if isinstance(card, Rule)]
TEXT = [("Content-Type", "text/plain")]


def observe(app: Callable[..., Any] = plain, environ: dict[str, Any] | None = None,
            request: Request | None = None) -> Observation:
    observed = Stage(app, RULES).perform(Case(request or Request()), environ)
    assert not observed.crashed
    return observed


def levels(observed: Observation) -> dict[str, str]:
    return {breach.rule.id: breach.rule.level.value for breach in observed.breaches}


def environ_with(**changes: Any) -> dict[str, Any]:
    environ = environ_of(Request())
    for key, value in changes.items():
        if value is None:
            environ.pop(key, None)
        else:
            environ[key] = value
    return environ


# -- environs as real servers build them -------------------------------------------------------------------------

COMMON = {
    "HTTP_CONNECTION": "close", "HTTP_HOST": "x", "HTTP_X_Y": "café", "PATH_INFO": "/a b", "QUERY_STRING": "q=%C3%A9",
    "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multithread": True,
    "wsgi.multiprocess": False, "wsgi.run_once": False,
}
# What each added to these for `GET /a%20b?q=%C3%A9 HTTP/1.1`, and the findings that its own choices call for.
RECORDED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "wsgiref (CPython 3.11)": (
        {"REMOTE_HOST": "", "CONTENT_LENGTH": "", "CONTENT_TYPE": "text/plain", "GATEWAY_INTERFACE": "CGI/1.1",
         "SERVER_NAME": "localhost", "SERVER_SOFTWARE": "WSGIServer/0.2", "wsgi.file_wrapper": FileWrapper,
         "LANG": "C.UTF-8", "_": "python"},
        {"variables-without-value-are-left-out": "should"}),
    "waitress 3.0.2": (
        {"REMOTE_HOST": "127.0.0.1", "REMOTE_PORT": "41864", "REQUEST_URI": "/a%20b?q=%C3%A9",
         "SERVER_NAME": "waitress.invalid", "SERVER_SOFTWARE": "waitress", "wsgi.input_terminated": True,
         "waitress.client_disconnected": lambda: False},
        {"server-variables-are-in-lower-case": "advice"}),
    "cheroot 11.1.2": (
        {"ACTUAL_SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_PORT": "60576", "REQUEST_URI": "/a%20b?q=%C3%A9",
         "SERVER_NAME": "Cheroot/11.1.2", "SERVER_SOFTWARE": "Cheroot/11.1.2 Server", "wsgi.input_terminated": False},
        {"server-variables-are-in-lower-case": "advice"}),
    "cheroot 11.1.2, no Host": (
        {"HTTP_HOST": None, "SERVER_NAME": "Cheroot/11.1.2", "SERVER_PROTOCOL": "HTTP/1.0"},
        {"server-name-is-a-host": "should"}),
    "cheroot 11.1.2, Unix socket": (
        {"REMOTE_ADDR": "", "REMOTE_PORT": "", "SERVER_PORT": "", "SERVER_NAME": "Cheroot/11.1.2"},
        {"server-port-is-set": "must", "variables-without-value-are-left-out": "should"}),
    "waitress 3.0.2, Unix socket": (
        {"SERVER_PORT": "run/app.sock", "SERVER_NAME": "waitress.invalid"}, {"server-port-is-digits": "should"}),
    "gevent 26.9": (
        {"GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_PORT": "36212", "SERVER_NAME": "localhost",
         "SERVER_SOFTWARE": "gevent/20.0 Python/3.11", "wsgi.input_terminated": True}, {}),
    "werkzeug 3.1": (
        {"RAW_URI": "/a%20b?q=%C3%A9", "REQUEST_URI": "/a%20b?q=%C3%A9", "REMOTE_PORT": 54088,
         "SERVER_NAME": "127.0.0.1", "SERVER_SOFTWARE": "Werkzeug/3.1", "werkzeug.socket": object()},
        {"server-variables-are-in-lower-case": "advice", "server-variables-have-a-prefix": "advice"}),
    "gunicorn 27.0": (
        {"RAW_URI": "/a%20b?q=%C3%A9", "REMOTE_PORT": "43376", "SERVER_NAME": "127.0.0.1",
         "SERVER_SOFTWARE": "gunicorn/27.0", "wsgi.input_terminated": True, "gunicorn.socket": object(),
         "wsgi.early_hints": lambda headers: None, "wsgi.file_wrapper": FileWrapper},
        {"server-variables-are-in-lower-case": "advice"}),
    "gunicorn 27.0, Unix socket, no Host": (
        {"HTTP_HOST": None, "REMOTE_ADDR": "", "SERVER_NAME": "run/app.sock", "SERVER_PORT": "",
         "SERVER_PROTOCOL": "HTTP/1.0"},
        {"server-port-is-set": "must", "server-name-is-a-host": "should",
         "variables-without-value-are-left-out": "should"}),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_environ(name: str) -> None:
    own, expected = RECORDED[name]
    environ = environ_of(Request()) | COMMON | own
    environ = {key: value for key, value in environ.items() if value is not None}
    assert levels(observe(environ=environ)) == expected


def test_the_environ_of_wsgiref_with_the_whole_process_environment() -> None:
    observed: dict[str, Any] = {}

    class Handler(SimpleHandler):
        os_environ = dict(os.environ) | {"PATH_TRANSLATED": "docs"}

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        observed.update(levels(observe(environ=dict(environ))))
        start_response("200 OK", TEXT)
        return [b"Hello"]

    Handler(io.BytesIO(), io.BytesIO(), io.StringIO(),
            {"REQUEST_METHOD": "GET", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.0",
             "PATH_INFO": "/"}).run(app)
    assert observed == {}


def test_the_testing_defaults_of_wsgiref() -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    assert levels(observe(environ=environ)) == {}


# -- verdicts of reading-the-pep, as a table -----------------------------------------------------------------------

@pytest.mark.parametrize(("changes", "expected"), [
    # 3: both may be absent or empty.
    ({"SCRIPT_NAME": None, "PATH_INFO": None}, {}),
    ({"SCRIPT_NAME": "", "PATH_INFO": ""}, {}),
    ({"SCRIPT_NAME": None, "PATH_INFO": ""}, {}),
    # 4: absent, empty, and what int() takes but the grammar does not.
    ({"CONTENT_LENGTH": "", "CONTENT_TYPE": None, "QUERY_STRING": None}, {}),
    ({"CONTENT_LENGTH": "+5"}, {"content-length-is-digits": "must"}),
    ({"CONTENT_LENGTH": "1_0"}, {"content-length-is-digits": "must"}),
    ({"CONTENT_LENGTH": " 5"}, {"content-length-is-digits": "must"}),
    ({"CONTENT_LENGTH": "5\n"}, {"content-length-is-digits": "must"}),
    # 5: a warning, and an error only where they contradict.
    ({"HTTP_CONTENT_TYPE": "text/plain"}, {"content-fields-have-no-prefix": "should"}),
    ({"HTTP_CONTENT_TYPE": "text/plain", "CONTENT_TYPE": "text/plain"}, {"content-fields-have-no-prefix": "should"}),
    ({"HTTP_CONTENT_TYPE": "text/plain", "CONTENT_TYPE": "text/html"}, {"prefixed-content-fields-agree": "must"}),
    ({"HTTP_CONTENT_LENGTH": "1", "CONTENT_LENGTH": "2"}, {"prefixed-content-fields-agree": "must"}),
    # 6: REMOTE_USER and friends.
    ({"REMOTE_USER": ""}, {"variables-without-value-are-left-out": "should"}),
    ({"AUTH_TYPE": "", "REMOTE_IDENT": ""}, {"variables-without-value-are-left-out": "should"}),
    # 7: SERVER_PORT.
    ({"SERVER_PORT": 80}, {"cgi-variables-are-strings": "must"}),
    ({"SERVER_PORT": ""}, {"server-port-is-set": "must"}),
    ({"SERVER_PORT": "http"}, {"server-port-is-digits": "should"}),
    # 16 of URL: the asterisk of OPTIONS alone.
    ({"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "*"}, {"path-info-of-options-is-no-asterisk": "advice"}),
    ({"REQUEST_METHOD": "GET", "PATH_INFO": "*"}, {"path-info-begins-with-slash": "must"}),
    # 21: Latin-1 carries bytes; text that passes for it can't be told from it.
    ({"PATH_INFO": "/caf\xc3\xa9"}, {}),
    ({"PATH_INFO": "/café"}, {}),
    ({"PATH_INFO": "/\udcff"}, {"environ-strings-are-latin-1": "must"}),
    # Methods: any token, in any case.
    ({"REQUEST_METHOD": "get"}, {}),
    ({"REQUEST_METHOD": "BREW"}, {}),
    ({"REQUEST_METHOD": "GET\n"}, {"request-method-is-a-token": "must"}),
    # One mistake makes one finding.
    ({"REQUEST_METHOD": b"GET", "SERVER_PROTOCOL": 1.1, "PATH_INFO": b"x"}, {"cgi-variables-are-strings": "must"}),
])
def test_verdict(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert levels(observe(environ=environ_with(**changes))) == expected


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=8))
def test_a_content_length_that_holds_is_read_alike_by_everybody(value: str) -> None:
    if content_length_is_digits(Exchange(), {"CONTENT_LENGTH": value}) is None and value:
        assert value.isascii()
        assert str(int(value)).zfill(len(value)) == value
    else:
        assert not value.isdecimal()


# -- wsgi.input ----------------------------------------------------------------------------------------------------

def posted(reads: Callable[[Any], Any], *, length: str | None = "6", terminated: bool = False) -> dict[str, str]:
    """Return what breaks when `reads` is let loose on a body of two lines, six bytes in all."""
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        reads(environ["wsgi.input"])
        start_response("200 OK", TEXT)
        return [b"Hello"]

    request = Request(body=b"ab\ncd\n", input_terminated=terminated).with_variables(
        REQUEST_METHOD="POST", CONTENT_LENGTH=length)
    return levels(observe(app, request=request))


BEYOND = {"reads-stay-within-content-length": "should"}
UNBOUNDED = {"unbounded-reads-have-a-known-end": "advice"}


@pytest.mark.parametrize(("reads", "options", "expected"), [
    (lambda s: s.read(6), {}, {}),
    (lambda s: (s.read(4), s.read(2)), {}, {}),
    (lambda s: (s.read(4), s.read(3)), {}, BEYOND),
    (lambda s: (s.read(6), s.read(0)), {}, {}),
    (lambda s: (s.read(6), s.read(1)), {}, BEYOND),
    (lambda s: (s.readline(), s.read(3)), {}, {}),
    (lambda s: (s.readline(), s.read(4)), {}, BEYOND),
    (lambda s: (next(iter(s)), s.read(4)), {}, BEYOND),
    (lambda s: (s.readlines(), s.read(1)), {}, BEYOND),
    (lambda s: s.read(65536), {"terminated": True}, {"reads-need-no-simulated-end": "advice"}),
    (lambda s: s.read(65536), {"length": None}, {}),
    (lambda s: s.read(), {}, {}),
    (lambda s: s.readline(100), {}, {}),
    (lambda s: s.readlines(100), {}, {}),
    (lambda s: s.read(), {"length": None}, UNBOUNDED),
    (lambda s: s.read(), {"length": ""}, UNBOUNDED),
    (lambda s: s.readline(), {"length": None}, UNBOUNDED),
    (lambda s: s.readlines(), {"length": None}, UNBOUNDED),
    (lambda s: list(s), {"length": None}, UNBOUNDED),
    (lambda s: list(s), {"length": None, "terminated": True}, {}),
    (lambda s: s.read(-1), {}, {"read-sizes-are-natural-numbers": "should"}),
    (lambda s: s.readline(-1), {}, {"read-sizes-are-natural-numbers": "should"}),
    (lambda s: s.read(None), {}, {"read-sizes-are-natural-numbers": "should"}),
    (lambda s: s.read(True), {}, {}),
    (lambda s: s.close(), {}, {"input-is-not-closed": "must"}),
    (lambda s: s.tell(), {}, {"only-listed-methods-of-input-are-called": "must"}),
    (lambda s: hasattr(s, "tell"), {}, {"unlisted-attributes-of-input-are-not-asked-for": "advice"}),
    (lambda s: (hasattr(s, "tell"), s.tell()), {}, {"only-listed-methods-of-input-are-called": "must"}),
    (lambda s: hasattr(s, "mode"), {}, {"unlisted-attributes-of-input-are-not-asked-for": "advice"}),
    (lambda s: s.mode, {}, {"unlisted-attributes-of-input-are-not-needed": "must"}),
    (lambda s: s.readinto(bytearray(1)), {}, {"unlisted-attributes-of-input-are-not-needed": "must"}),
])
def test_reads(reads: Callable[[Any], Any], options: dict[str, Any], expected: dict[str, str]) -> None:
    assert posted(reads, **options) == expected


def test_a_stream_that_is_its_own_iterator_stays_one() -> None:
    """next(stream) and `with stream` do what they did unwatched, and are seen."""
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        with environ["wsgi.input"] as stream:
            first = next(stream)
        start_response("200 OK", TEXT)
        return [first]

    request = Request.make("POST", body=b"ab\ncd\n")
    stream = io.BytesIO(request.body)
    observed = observe(app, environ_of(request) | {"wsgi.input": stream}, request)
    assert observed.response.body == b"ab\n"
    assert stream.closed
    assert levels(observed) == {"only-listed-methods-of-input-are-called": "must"}
    # The exemplary stream is neither, and still says so with a TypeError.
    assert isinstance(observe(app, None, request).response.error, TypeError)


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 30))
def test_counting_what_is_left(sizes: list[int], length: int) -> None:
    """The rule agrees with the sum: it is broken exactly when one read asks for more than the earlier ones left."""
    x, body, verdicts = Exchange(), io.BytesIO(bytes(length)), []
    x.request_length = length
    for size in sizes:
        verdicts.append(reads_stay_within_content_length(x, Use("read", (size,))))
        x.bytes_read += len(body.read(size))
    over = any(size > max(0, length - sum(sizes[:at])) for at, size in enumerate(sizes))
    assert any(isinstance(verdict, str) for verdict in verdicts) == over


@pytest.mark.parametrize(("name", "result", "fine"), [
    ("read", b"", True), ("read", b"ab", True), ("read", "ab", False), ("read", None, False),
    ("read", bytearray(b"ab"), False), ("readline", memoryview(b"ab"), False), ("__iter__", "ab", False),
    ("__iter__", b"ab", True), ("readlines", [b"ab", b""], True), ("readlines", (), True),
    ("readlines", [b"ab", "cd"], False), ("readlines", b"ab", False), ("readlines", None, False),
])
def test_what_input_gives(name: str, result: object, fine: bool) -> None:
    assert (input_gives_bytes(Exchange(), Use(name, result=result)) is None) == fine


def test_an_exception_of_the_stream_is_nothing_that_it_gave() -> None:
    assert input_gives_bytes(Exchange(), Use("read", result=OSError("client left"))) is NOT_APPLICABLE


# -- frameworks ----------------------------------------------------------------------------------------------------

FORM = b"name=Ada&name=Grace"
MULTIPART = (b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
             b"hello\r\n--x--\r\n")
UPLOADS = [(FORM, "application/x-www-form-urlencoded"), (MULTIPART, "multipart/form-data; boundary=x"),
           (b'{"a": 1}', "application/json")]


@pytest.mark.parametrize(("body", "content_type"), UPLOADS)
@pytest.mark.parametrize("stream", ["exemplary", "file"])
def test_flask_reads_a_body(body: bytes, content_type: str, stream: str) -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.post("/")
    def index() -> str:
        return repr((flask.request.form, list(flask.request.files), flask.request.get_data()))

    request = Request.make("POST", body=body, content_type=content_type)
    environ = environ_of(request)
    if stream == "file":
        environ["wsgi.input"] = io.BufferedReader(io.BytesIO(body))
    observed = observe(app, environ, request)
    assert observed.response.status == "200 OK"
    # werkzeug's LimitedStream looks for readinto(), calls it where the server's stream has one, and reads elsewhere.
    expected = {"exemplary": "unlisted-attributes-of-input-are-not-asked-for",
                "file": "input-is-read-alike-from-every-server"}[stream]
    assert levels(observed) == {expected: "advice"}


@pytest.fixture
def django_settings() -> Iterator[None]:
    """Give Django settings of its own, whatever another test has configured or will."""
    pytest.importorskip("django")
    from django.conf import UserSettingsHolder, global_settings, settings

    before = settings._wrapped
    settings._wrapped = UserSettingsHolder(global_settings)
    yield
    settings._wrapped = before


@pytest.mark.parametrize(("body", "content_type"), UPLOADS)
@pytest.mark.parametrize("stream", ["exemplary", "file"])
def test_django_reads_a_body(body: bytes, content_type: str, stream: str, django_settings: None) -> None:
    from django.core.handlers.wsgi import WSGIRequest

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        request = WSGIRequest(environ)
        told = repr((request.POST, list(request.FILES))).encode()
        start_response("200 OK", TEXT)
        return [told]

    request = Request.make("POST", body=body, content_type=content_type)
    environ = environ_of(request)
    if stream == "file":
        environ["wsgi.input"] = io.BufferedReader(io.BytesIO(body))
    observed = observe(app, environ, request)
    assert observed.response.error is None
    assert levels(observed) == {}


# -- shapes --------------------------------------------------------------------------------------------------------

class TakesOne:
    def __init__(self, file: Any) -> None: ...
    def method(self, one: Any, two: Any = None) -> None: ...
    def __call__(self, *, keyword: Any) -> None: ...
    @classmethod
    def made(cls, one: Any) -> None: ...


class ByNew:
    def __new__(cls, one: Any, two: Any = None) -> ByNew:
        return super().__new__(cls)


class StaticCall:
    @staticmethod
    def __call__(one: Any) -> None: ...


CALLABLES: list[Any] = [
    lambda: None, lambda a: None, lambda a, b=1: None, lambda *a: None, lambda a, *b: None, lambda a, *, k: None,
    lambda a, *, k=1: None, lambda **k: None, TakesOne, TakesOne(1).method, TakesOne.method, TakesOne.made, TakesOne(1),
    FileWrapper, FileWrapper(io.BytesIO()).__iter__, plain,
]


@pytest.mark.parametrize("value", CALLABLES, ids=range(len(CALLABLES)))
@pytest.mark.parametrize("count", range(4))
def test_accepts_agrees_with_the_signature(value: Any, count: int) -> None:
    try:
        inspect.signature(value).bind(*range(count))
        expected = True
    except TypeError:
        expected = False
    assert accepts(value, count) == expected


@pytest.mark.parametrize("value", [[].append, io.BytesIO().read, partial(int, "1"), ByNew, StaticCall(), dict, len])
def test_a_callable_of_which_nothing_is_known_is_believed(value: Any) -> None:
    assert accepts(value, 1)


@pytest.mark.parametrize("value", [None, 3, "f", object()])
def test_what_cannot_be_called_accepts_nothing(value: Any) -> None:
    assert not accepts(value, 1)


def test_the_descriptor_of_a_closed_file_is_none() -> None:
    file = io.BufferedReader(io.FileIO(os.devnull))
    file.detach().close()
    assert descriptor_of_wrapped_file_holds_its_content(Exchange(), Use("file_wrapper", (file,))) is None


# -- totality ------------------------------------------------------------------------------------------------------

class Hostile:
    """An object that objects to everything but being an object."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Pretender:
    """An object that claims to be a str, an int, a dict: whatever it is asked."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    @property
    def __class__(self) -> type:
        return self._kind

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise TypeError


class HostileText(str):
    """A str whose every method of interest has been overridden by one that raises."""

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __getitem__(self, key: Any) -> str:
        raise RuntimeError("getitem")

    def __contains__(self, key: Any) -> bool:
        raise RuntimeError("contains")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def _refuse(self, *args: Any, **keywords: Any) -> Any:
        raise RuntimeError("method")

    startswith = endswith = strip = isascii = lstrip = encode = _refuse  # type: ignore[assignment]


class HostileInt(int):
    def _refuse(self, other: object) -> bool:
        raise RuntimeError("comparison")

    __ge__ = __le__ = __lt__ = __gt__ = __eq__ = __ne__ = _refuse  # type: ignore[assignment]
    __hash__ = int.__hash__


ODD: list[Any] = [
    None, Hostile(), Hostile, Pretender(str), Pretender(dict), Pretender(int), HostileText("GET"), HostileText(""),
    HostileInt(3), float("nan"), object(), b"x", "", "\udc80", "/", "*", "5", -1, 10**30, (), (1, 0), [b"", ""], {},
    int, len, io.StringIO("x"), io.BytesIO(b"x"), sys.stderr, ValueError("x"), ..., NotImplemented, {1}, True,
]
KEYS: list[Any] = [
    *sorted(environ_of(Request())), "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_TYPE",
    "REMOTE_USER", "x.Y", ".", "wsgi.", "RAW_URI", "HTTP_", "ключ", "", HostileText("SERVER_PORT"), HostileText("a.b"),
    3, b"x", (), None, ..., float("nan"),
]
# Drawn by their place: Hypothesis itself asks what it draws for its class, which some of these refuse.
AN_ODD = st.integers(0, len(ODD) - 1)
A_KEY = st.integers(0, len(KEYS) - 1)
VERDICTS = (str, type(None), type(NOT_APPLICABLE))


def judge(moment: Moment, x: Exchange, thing: object) -> None:
    for rule in RULES:
        if rule.at is moment:
            verdict = rule(x, thing)
            assert type(verdict) in VERDICTS, rule
            assert not isinstance(verdict, str) or ("\n" not in verdict and "; expected" in verdict), rule


@given(st.dictionaries(A_KEY, AN_ODD, max_size=6), st.booleans())
def test_rules_on_environ_are_total(drawn: dict[int, int], whole: bool) -> None:
    odd = {KEYS[key]: ODD[value] for key, value in drawn.items()}
    judge(Moment.REQUEST, Exchange(), environ_of(Request()) | odd if whole else odd)


@pytest.mark.parametrize("at", range(len(ODD)))
def test_rules_take_anything_for_environ_write_and_file(at: int) -> None:
    judge(Moment.REQUEST, Exchange(), ODD[at])
    judge(Moment.STARTED, Exchange(), ODD[at])
    judge(Moment.FILE_WRAPPER, Exchange(), Use("file_wrapper", (ODD[at],)))
    for key in ("wsgi.input", "wsgi.errors", "wsgi.file_wrapper", "wsgi.version", "wsgi.run_once"):
        judge(Moment.REQUEST, Exchange(), environ_of(Request()) | {key: ODD[at]})


@given(st.sampled_from(["read", "readline", "readlines", "__iter__", "close", "seek", "readinto", "write", "writelines",
                        "flush", "isatty", "file_wrapper"]),
       st.lists(AN_ODD, max_size=3), st.dictionaries(st.sampled_from(["size", "hint"]), AN_ODD), AN_ODD, st.booleans(),
       st.sampled_from([None, 0, 5]), st.booleans())
def test_rules_on_uses_are_total(name: str, args: list[int], keywords: dict[str, int], result: int, called: bool,
                                 length: int | None, terminated: bool) -> None:
    x = Exchange()
    x.request_length, x.input_terminated = length, terminated
    use = Use(name, tuple(ODD[arg] for arg in args), {key: ODD[arg] for key, arg in keywords.items()}, ODD[result],
              called)
    for moment in (Moment.READ, Moment.DATA, Moment.ERRORS, Moment.FILE_WRAPPER):
        judge(moment, x, use)
    x.input_attributes = x.errors_attributes = (name,)
    x.raised = f"AttributeError: 'Log' object has no attribute '{name}'"
    judge(Moment.END, x, Ending.RAISED)
    judge(Moment.CLOSE, x, ODD[result])


def test_must_is_kept_for_what_the_pep_or_an_rfc_demands() -> None:
    for rule in RULES:
        if rule.level is Level.MUST:
            assert any(citation.document in ("PEP 3333", "RFC 3875", "RFC 9110") for citation in rule.cites), rule
