"""Without a key: what an application does where the server has less to tell (PEP 3333, "environ Variables")."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, relation, rfc
from ...model.story import Story
from .answers import answer, answered, difference, failed, steady, without

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_PRESENCE = pep("environ-variables", "Applications **should** check for the presence of any variables they require, "
                                     "and "
                                     "have a fallback plan in the event such a variable is absent.")
_PORTABLE = pep("environ-variables", "Note, however, that an application that uses any CGI variables other than the "
                                     "ones "
                                     "listed above are necessarily non-portable to web servers that do not support the "
                                     "relevant extensions.")

_CGI = {
    "REMOTE_ADDR": "192.0.2.1", "REMOTE_HOST": "192.0.2.1", "REMOTE_PORT": "54321", "REMOTE_USER": "user",
    "AUTH_TYPE": "Basic", "SERVER_SOFTWARE": "Example/1.0", "GATEWAY_INTERFACE": "CGI/1.1", "DOCUMENT_ROOT": "/srv/www",
    "SCRIPT_FILENAME": "/srv/www/app.wsgi", "PATH_TRANSLATED": "/srv/www/index.html", "SERVER_ADDR": "192.0.2.9",
    "SERVER_ADMIN": "root@localhost", "HTTPS": "off", "REQUEST_SCHEME": "http", "UNIQUE_ID": "aaaa", "HOME": "/",
    "PATH": "/usr/bin", "CONTEXT_PREFIX": "", "SSL_PROTOCOL": "TLSv1.3",
}
_SERVERS_OWN = {
    "REQUEST_URI": "/", "RAW_URI": "/", "uwsgi.version": "2.0", "uwsgi.node": "localhost", "gunicorn.socket": "1",
    "mod_wsgi.process_group": "example", "mod_wsgi.application_group": "example", "mod_wsgi.version": "5.0",
    "werkzeug.server.shutdown": "no", "werkzeug.socket": "1", "waitress.client_disconnected": "no",
    "SERVER_SIGNATURE": "example", "paste.testing": "no", "x-wsgiorg.uri_scheme": "http", "wsgi.websocket": "no",
    "wsgi.input_terminated": "1", "wsgiorg.routing_args": "()", "cheroot.version": "1", "gevent.version": "1",
}
_FIELDS = {
    "HTTP_HOST": "127.0.0.1", "HTTP_USER_AGENT": "Mozilla/5.0", "HTTP_ACCEPT": "*/*", "HTTP_ACCEPT_LANGUAGE": "en",
    "HTTP_ACCEPT_ENCODING": "identity", "HTTP_COOKIE": "a=b", "HTTP_REFERER": "http://127.0.0.1/",
    "HTTP_ORIGIN": "http://127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1", "HTTP_X_FORWARDED_PROTO": "http",
    "HTTP_X_FORWARDED_HOST": "127.0.0.1", "HTTP_X_REAL_IP": "192.0.2.1", "HTTP_CONNECTION": "close",
    "HTTP_X_REQUESTED_WITH": "XMLHttpRequest", "HTTP_CACHE_CONTROL": "no-cache", "HTTP_IF_MODIFIED_SINCE":
    "Thu, 01 Jan 1970 00:00:00 GMT", "HTTP_X_REQUEST_ID": "1", "HTTP_DNT": "1",
}


def _named(x: Exchange) -> str:
    """Return the key that a KeyError of the application's names, "" if none."""
    kind, _, message = x.raised.partition(": ")
    return message.strip("'\"\\") if kind == "KeyError" else ""


def _needs(request: Request, values: dict[str, str]) -> Generator[Case, Any, str | None]:
    """Find out which of `values` the application cannot do without; None where that does not show."""
    bare = without(request, *values)
    poor: Exchange = yield Case(bare)
    if not failed(poor):
        return ""
    key = _named(poor)
    candidates: Iterable[str] = (key,) if key in values else values
    rich: Exchange = yield Case(bare.with_variables(**{name: values[name] for name in candidates}))
    if failed(rich):
        return None
    for name in candidates:
        alone: Exchange = rich if key == name else (yield Case(bare.with_variables(**{name: values[name]})))
        if not failed(alone):
            return f"without {name}: {answer(poor)}; with it: {answer(alone)}; expected a fallback"
    return (f"without the variables {', '.join(candidates)}: {answer(poor)}; with them: {answer(rich)}; expected a "
            f"fallback")


def _told(found: str | None) -> Verdict:
    return NOT_APPLICABLE if found is None else found or HOLDS


@relation(binds=APPLICATION, level=SHOULD, covers=("ENV-030", "ENV-032", "CFG-003"), allows=("ENV-005",),
          cites=(_PORTABLE, _PRESENCE, pep("application-configuration", "Applications **should** try to keep such "
                                                                        "required "
                                           "variables to a minimum, since not all servers will support easy "
                                           "configuration "
                                           "of them.")))
def optional_variables_may_be_absent(request: Request) -> Story:
    """The application works without the CGI variables that servers need not provide.

    REMOTE_ADDR is missing on a Unix socket, REMOTE_USER without authentication, SERVER_SOFTWARE and DOCUMENT_ROOT on
    most Python servers, and everything of Apache's elsewhere. `environ["REMOTE_ADDR"]` works on the machine where it
    was written and is a KeyError behind nginx. Write `environ.get("REMOTE_ADDR", "")` and think of what "" shall
    mean.
    """
    return _told((yield from _needs(request, _CGI)))


@optional_variables_may_be_absent.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [b"you are ", environ["REMOTE_ADDR"].encode()]


@optional_variables_may_be_absent.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A framework turned the KeyError into a page.
    known = "SERVER_SOFTWARE" in environ
    start_response("200 OK" if known else "500 Internal Server Error", [_PLAIN])
    return [b"fine" if known else b"oops"]


@optional_variables_may_be_absent.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [b"you are ", environ.get("REMOTE_ADDR", "somebody").encode()]


@relation(binds=APPLICATION, level=SHOULD, covers=("ENV-032",), cites=_PRESENCE)
def header_fields_may_be_absent(request: Request) -> Story:
    """The application works without the header fields that clients need not send.

    Browsers send User-Agent, Accept and Cookie; health checks, old clients, API clients and attackers do not, and
    HTTP/1.0 has no Host. `environ["HTTP_USER_AGENT"]` is a 500 for each of them. Write
    `environ.get("HTTP_USER_AGENT", "")`.
    """
    # Without Host no client may claim to speak HTTP/1.1 (RFC 9112 3.2).
    return _told((yield from _needs(request.with_variables(SERVER_PROTOCOL="HTTP/1.0"), _FIELDS)))


@header_fields_may_be_absent.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    agent = environ["HTTP_USER_AGENT"]
    start_response("200 OK", [_PLAIN])
    return [agent.encode("latin-1")]


@header_fields_may_be_absent.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [environ.get("HTTP_USER_AGENT", "an unknown client").encode("latin-1")]


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-027",), cites=(_PRESENCE, rfc(3875, "4.1.18"), cited(
    "mod_wsgi documentation", "WSGIPassAuthorization",
    url="https://modwsgi.readthedocs.io/en/develop/configuration-directives/WSGIPassAuthorization.html")))
def authorization_may_be_absent(request: Request) -> Story:
    """The application works, if only to refuse, where no Authorization arrives.

    Servers may keep the field to themselves: mod_wsgi does unless WSGIPassAuthorization is on, CGI servers mostly do.
    And clients send it only after a 401. `environ["HTTP_AUTHORIZATION"]` turns the first visit of each into a 500.
    Answer 401 with WWW-Authenticate where it is missing.
    """
    return _told((yield from _needs(request, {"HTTP_AUTHORIZATION": "Basic dXNlcjpwYXNzd29yZA=="})))


@authorization_may_be_absent.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    kind, _, _token = environ["HTTP_AUTHORIZATION"].partition(" ")
    start_response("200 OK", [_PLAIN])
    return [kind.encode("latin-1")]


@authorization_may_be_absent.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if "HTTP_AUTHORIZATION" not in environ:
        start_response("401 Unauthorized", [_PLAIN, ("WWW-Authenticate", 'Basic realm="example"')])
        return [b"who are you?"]
    start_response("200 OK", [_PLAIN])
    return [b"welcome"]


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-022", "ENV-061"), cites=pep(
    "questions-and-answers", "(Of course, applications that use such extensions will not be portable to other "
                             "WSGI-based "
                             "servers.)"))
def keys_of_one_server_are_not_needed(request: Request) -> Story:
    """The application works without the keys that only some servers put into environ.

    REQUEST_URI, RAW_URI, uwsgi.*, gunicorn.*, mod_wsgi.* and their like are there on one server and gone on the next,
    and in each test client. Build what you need from the standard keys, and use such a key only after a look whether
    it is there.
    """
    return _told((yield from _needs(request, _SERVERS_OWN)))


@keys_of_one_server_are_not_needed.bad(path="/a", query="b=c")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [environ["REQUEST_URI"].encode("latin-1")]


@keys_of_one_server_are_not_needed.good(path="/a", query="b=c")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [environ.get("RAW_URI", environ.get("PATH_INFO", "")).encode("latin-1")]


@relation(binds=APPLICATION, level=SHOULD, covers=("FW-003",), allows=("FW-001",), cites=pep(
    "optional-platform-specific-file-handling", "Servers and gateways **may** expose this functionality via an "
                                                "optional "
                                                "``wsgi.file_wrapper`` key in the ``environ``."))
def file_wrapper_may_be_absent(request: Request) -> Story:
    """The application sends its files also where the server offers no wsgi.file_wrapper.

    The key is optional: some servers and most test clients have none, and middleware that rewrites bodies takes it
    out. Write `environ.get("wsgi.file_wrapper")`, and without it read the file in blocks:
    `iter(lambda: file.read(8192), b"")`.
    """
    poor = yield Case(replace(request, file_wrapper=False))
    rich = yield Case(replace(request, file_wrapper=True))
    if failed(rich):
        return NOT_APPLICABLE
    if failed(poor):
        return f"without wsgi.file_wrapper: {answer(poor)}; with it: {answer(rich)}; expected the same answer"
    if not rich.file_wrapped or not answered(poor):
        return HOLDS
    again = yield Case(replace(request, file_wrapper=True))
    if rich.body == again.body and rich.body != poor.body and request.method == "GET":
        return (f"without wsgi.file_wrapper the body has {len(poor.body)} bytes, with it {len(rich.body)}; "
                "expected the same answer")
    return HOLDS


@file_wrapper_may_be_absent.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import io

    wrap: Callable[..., Any] = environ["wsgi.file_wrapper"]
    start_response("200 OK", [_PLAIN])
    return wrap(io.BytesIO(b"a file"), 8192)


@file_wrapper_may_be_absent.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import io

    file = io.BytesIO(b"a file")
    start_response("200 OK", [_PLAIN])
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](file, 8192)
    return iter(lambda: file.read(8192), b"")


_MAY_BE_EMPTY = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH")


def _length_zero(request: Request) -> Generator[Case, Any, str]:
    """Return what is wrong where the application can do without content and not without its length; "" if nothing."""
    bare = replace(without(request, "CONTENT_LENGTH"), body=b"", reads=())
    none: Exchange = yield Case(bare)
    if not failed(none):
        return ""
    zero: Exchange = yield Case(bare.with_variables(CONTENT_LENGTH="0"))
    return "" if failed(zero) else (f'without content and CONTENT_LENGTH: {answer(none)}; with CONTENT_LENGTH "0": '
                                    f'{answer(zero)}; expected the same answer')


@relation(binds=APPLICATION, level=SHOULD, covers=("ENV-032",), allows=("ENV-015", "ENV-017", "ENV-013", "ENV-011",
          "ENV-009"), cites=(pep("environ-variables", "The contents of any ``Content-Length`` fields in the HTTP "
                                                      "request. May "
                             "be empty or absent."), _PRESENCE))
def empty_and_absent_are_the_same(request: Request) -> Story:
    """SCRIPT_NAME, PATH_INFO, QUERY_STRING, CONTENT_TYPE and CONTENT_LENGTH may be absent, or "".

    Servers differ: one leaves out what is empty, another passes "". `environ["QUERY_STRING"]` is a KeyError on the
    first, `int(environ.get("CONTENT_LENGTH", 0))` a ValueError on the second. Write `environ.get("QUERY_STRING", "")`
    and `int(environ.get("CONTENT_LENGTH") or 0)`.
    """
    names = [name for name in _MAY_BE_EMPTY if not request.get(name)]
    if request.body and "CONTENT_LENGTH" in names:
        names.remove("CONTENT_LENGTH")
    empty, absent = dict.fromkeys(names, ""), without(request, *names)
    one = yield Case(request.with_variables(**empty))
    two = yield Case(absent)
    if failed(one) and failed(two):
        return (yield from _length_zero(request)) or NOT_APPLICABLE
    different = difference(one, two, but=frozenset({"content-length", "etag"}), body=False)
    if not different:
        return (yield from _length_zero(request)) or HOLDS
    if not failed(one) and not failed(two):
        base = yield from steady(request.with_variables(**empty))
        if base is None or not base.differs(two):
            return HOLDS
    for name in names:
        only = yield Case(request.with_variables(**{**empty, name: None}))
        told = difference(one, only, but=frozenset({"content-length", "etag"}), body=False)
        if told:
            return f'with {name} "" and without it: {told}; expected the same answer'
    return f'with {", ".join(names)} "" and without them: {different}; expected the same answer'


@empty_and_absent_are_the_same.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    query = environ["QUERY_STRING"]
    start_response("200 OK", [_PLAIN])
    return [query.encode("latin-1")]


@empty_and_absent_are_the_same.bad(method="POST")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", 0)))
    start_response("200 OK", [_PLAIN])
    return [data]


@empty_and_absent_are_the_same.bad(method="POST", body=b"a=b")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [_PLAIN])
    return [data]


@empty_and_absent_are_the_same.good(method="POST", body=b"a=b")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [_PLAIN])
    return [data, environ.get("QUERY_STRING", "").encode("latin-1")]
