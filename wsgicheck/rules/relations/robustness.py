"""Rare but legal requests: what an application does with bytes that are no text, unknown methods, unmeasured content.

An exception is no breach of PEP 3333, which leaves it to the server; so most of these are advice.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import ADVICE, APPLICATION, HOLDS, NOT_APPLICABLE, Verdict, pep, relation, rfc
from ...model.story import Story
from ...show import show
from ..errors import unlisted_attributes_of_errors_are_not_needed
from ..input_use import unlisted_attributes_of_input_are_not_needed
from ..survival import exits_do_not_escape
from .answers import answer, answered, failed, refused, steady, without
from .repetition import application_can_be_called_again, run_once_is_no_promise

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_BYTES = pep("a-note-on-string-types", "the *content* of native strings must still be translatable to bytes via the "
                                       "Latin-1 "
                                       "encoding!")


def _stands(request: Request, variants: list[tuple[str, Request]], expected: str) -> Generator[Case, Any, Verdict]:
    """Return a breach where `request` is answered and one of `variants` fails."""
    base: Exchange = yield Case(request)
    if failed(base):
        return NOT_APPLICABLE
    for words, variant in variants:
        x: Exchange = yield Case(variant)
        if failed(x) and not refused(x):
            return f"{words}: {answer(x)}; expected {expected}"
    return HOLDS


_MISSING = re.compile(r"KeyError: '([A-Z_]+|[a-z_]+\.[a-z_.]+)'\Z")
_RANGE = re.compile(r"bytes=[0-9]{1,9}-[0-9]{0,9}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _is_rare(request: Request) -> bool:
    """Tell whether a request is of the kinds that the other rules here are about."""
    parts = (request.path, request.get("SCRIPT_NAME"), request.query, request.get("HTTP_COOKIE"))
    try:
        for part in parts:
            part.encode("latin-1").decode("utf-8")
        unquote_to_bytes(request.query.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return True
    cookies = request.get("HTTP_COOKIE")
    odd = any(letter in cookies for letter in '"[\\') or any(pair.count("=") != 1 for pair in cookies.split(";"))
    ranged = request.get("HTTP_RANGE")
    return (request.method not in _METHODS or bool(cookies and odd)
            or bool(ranged and not _RANGE.fullmatch(ranged)) or bool(request.get("HTTP_IF_MODIFIED_SINCE"))
            or (bool(request.body) and not request.get("CONTENT_LENGTH")))


@relation(binds=APPLICATION, level=ADVICE, covers=("EX-001",), cites=pep(
    "error-handling", "In general, applications **should** try to trap their own, internal errors, and display a "
                      "helpful "
                      "message in the browser."),
    given=(application_can_be_called_again, run_once_is_no_promise, exits_do_not_escape,
           unlisted_attributes_of_input_are_not_needed, unlisted_attributes_of_errors_are_not_needed))
def errors_are_answered(request: Request) -> Story:
    """An error inside the application becomes an answer.

    What leaves the application as an exception is answered by the server: a bare "Internal Server Error", on some
    servers an empty page or a closed connection, and the traceback is in the server's log or nowhere. Catch exceptions
    at the top, log them with the request they belong to, and answer with a page of yours.
    """
    if _is_rare(request):
        return NOT_APPLICABLE  # advice of its own
    x = yield Case(request)
    if not x.raised or x.raised_in_call or refused(x):
        return HOLDS
    if _MISSING.match(x.raised) or x.raised.startswith(("SystemExit", "KeyboardInterrupt", "GeneratorExit")):
        return NOT_APPLICABLE  # judged with and without that key
    return f"raised {answer(x)}; expected an error page"


@errors_are_answered.bad(query="page=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    page = int(environ.get("QUERY_STRING", "").partition("=")[2] or 1)
    start_response("200 OK", [_TEXT])
    return [f"page {page}".encode()]


@errors_are_answered.good(query="page=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        page = int(environ.get("QUERY_STRING", "").partition("=")[2] or 1)
    except ValueError:
        start_response("400 Bad Request", [_TEXT])
        return [b"a page is a number"]
    start_response("200 OK", [_TEXT])
    return [f"page {page}".encode()]


_ODD = "\xff"


@relation(binds=APPLICATION, level=ADVICE, covers=("PORT-030",), cites=_BYTES)
def paths_and_queries_need_not_be_utf_8(request: Request) -> Story:
    """A path, a mount or a query that is no UTF-8 is answered, with 400 or 404 if need be.

    Scanners send /%FF every day, old links carry Latin-1, and a name that was cut in the middle of a letter is no UTF-8
    either. A bare `.decode("utf-8")` makes each a 500 with a traceback in the log. Decode with `errors="replace"`, or
    answer 400.
    """
    path = request.path.rstrip("/") + "/" + _ODD
    segments = request.path.rpartition("/")[0] + "/" + _ODD
    pairs = [pair.partition("=")[0] for pair in request.query.split("&") if pair][:4] or ["q"]
    query = "&".join(f"{name}=%FF" for name in pairs)
    variants = [(f"path {show(path)}", request.with_variables(PATH_INFO=path)),
                (f"path {show(segments)}", request.with_variables(PATH_INFO=segments)),
                (f"query {show(query)}", request.with_variables(QUERY_STRING=query)),
                ("query '\\xff'", request.with_variables(QUERY_STRING=f"{request.query}&\xff".lstrip("&"))),
                ("SCRIPT_NAME '/\\xff'", request.with_variables(SCRIPT_NAME="/\xff"))]
    if not request.path.startswith("/"):
        variants = variants[2:]
    return (yield from _stands(request, variants, "400, 404 or an ordinary answer"))


@paths_and_queries_need_not_be_utf_8.bad(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    start_response("200 OK", [_TEXT])
    return [path.encode()]


@paths_and_queries_need_not_be_utf_8.bad(query="name=Ada")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    name = unquote_to_bytes(environ.get("QUERY_STRING", "").partition("=")[2]).decode("utf-8")
    start_response("200 OK", [_TEXT])
    return [name.encode()]


@paths_and_queries_need_not_be_utf_8.good(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    start_response("200 OK", [_TEXT])
    return [path.encode()]


_COOKIES = ('a="', "a=\xff\xfe", "=; ;;a", "\xe9=\xe9; b", 'a="\\777\\', "$Version=1; a=b; $Path", "a=b=c;d",
            "a[b]=c; a b=c")


@relation(binds=APPLICATION, level=ADVICE, covers=("CK-013",), cites=rfc(6265, "5.4"))
def cookies_may_be_malformed(request: Request) -> Story:
    """A Cookie field that is malformed or no ASCII does not stop the application.

    Cookies come from other applications on the same domain, from scripts in the page, from extensions and from
    attackers; a browser that has a bad one sends it with each request until it expires, so the visitor sees nothing but
    errors. Ignore what cannot be read; `http.cookies.SimpleCookie.load` raises CookieError.
    """
    names = [pair.partition("=")[0].strip() for pair in request.get("HTTP_COOKIE").split(";") if "=" in pair][:2]
    values = [*_COOKIES[: 8 if request.get("HTTP_COOKIE") else 5], *(f"{name}=\xff%" for name in names)]
    bare = without(request, "HTTP_COOKIE")
    return (yield from _stands(bare, [(f"Cookie {show(value)}", request.with_variables(HTTP_COOKIE=value))
                                      for value in values], "the cookie to be ignored"))


@cookies_may_be_malformed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    cookies = dict(pair.split("=") for pair in environ.get("HTTP_COOKIE", "").split("; ") if pair)
    start_response("200 OK", [_TEXT])
    return [cookies.get("name", "nobody").encode("latin-1")]


@cookies_may_be_malformed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    cookies = dict(pair.partition("=")[::2] for pair in environ.get("HTTP_COOKIE", "").split("; "))
    start_response("200 OK", [_TEXT])
    return [cookies.get("name", "nobody").encode("latin-1")]


@relation(binds=APPLICATION, level=ADVICE, covers=("HTTP-019",), cites=rfc(
    9110, "9.1", "An origin server that receives a request method that is unrecognized or not implemented SHOULD "
                 "respond "
                 "with the 501 (Not Implemented) status code."))
def unknown_methods_are_answered(request: Request) -> Story:
    """A method that the application does not know is answered, with 405 or 501.

    Any token is a legal method, and servers pass it on as it came: PROPFIND from a Windows explorer, PURGE from a
    cache, "get" in small letters from a careless client. A table of methods that is looked up with [] makes each a 500.
    Answer 405 with Allow.
    """
    if request.method != "GET":
        return NOT_APPLICABLE
    return (yield from _stands(request, [(f"method {method}", request.with_variables(REQUEST_METHOD=method))
                                         for method in ("BREW", "get", "PROPFIND")], "405 or 501"))


@unknown_methods_are_answered.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    answers = {"GET": b"hello", "HEAD": b"", "POST": b"thank you"}
    body = answers[environ["REQUEST_METHOD"]]
    start_response("200 OK", [_TEXT])
    return [body]


@unknown_methods_are_answered.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [_TEXT, ("Allow", "GET, HEAD")])
        return [b"no"]
    start_response("200 OK", [_TEXT])
    return [b"hello"]


_RANGES = ("bytes=-5", "bytes=--1", "bytes=99999999999999999999-", "bytes=5-2", "bytes=0-0,-1", "bytes=a-b", "bytes")
_DATES = ("x", "Wed, 32 Foo 2015 25:61:00 GMT", "Wed, 21 Oct 99999 07:28:00 GMT", "0")


@relation(binds=APPLICATION, level=ADVICE, covers=("EX-001",), cites=rfc(
    9110, "14.2", "A server MAY ignore the Range header field."))
def odd_ranges_and_dates_are_answered(request: Request) -> Story:
    """A Range or If-Modified-Since that makes no sense does not stop the application.

    Both are optional, so what cannot be read is ignored: the whole is sent (RFC 9110, 13.1.3 and 14.2), or 416 where a
    range lies beyond the end. Negative, huge and reversed numbers and dates of the year 99999 come from scanners and
    from broken clients.
    """
    if request.method not in ("GET", "HEAD"):
        return NOT_APPLICABLE
    variants = [(f"Range {value}", request.with_variables(HTTP_RANGE=value)) for value in _RANGES]
    variants += [(f"If-Modified-Since {value}", request.with_variables(HTTP_IF_MODIFIED_SINCE=value))
                 for value in _DATES]
    bare = without(request, "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE")
    return (yield from _stands(bare, variants, "the field to be ignored, or 416"))


@odd_ranges_and_dates_are_answered.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = b"0123456789"
    wanted = environ.get("HTTP_RANGE", "").removeprefix("bytes=")
    if wanted:
        first, last = (int(number or 0) for number in wanted.split("-"))
        part = body[first : last + 1]
        start_response("206 Partial Content", [_TEXT, ("Content-Range", f"bytes {first}-{first + len(part) - 1}/10")])
        return [part]
    start_response("200 OK", [_TEXT])
    return [body]


@odd_ranges_and_dates_are_answered.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_TEXT])
    return [b"0123456789"]


_READS = (1,) * 64


@relation(binds=APPLICATION, level=ADVICE, covers=(), allows=("IN-018",), cites=pep(
    "input-and-error-streams", "The server is not required to read past the client's specified ``Content-Length``"))
def short_reads_are_enough(request: Request) -> Story:
    """The answer is the same where read() gives less than it was asked for.

    A server may pass on what the network has brought so far, so `read(n)` may give fewer bytes than n with more to
    come. Code that reads once takes the beginning of an upload for all of it, on slow connections only. Read until n
    bytes have come or nothing more does.
    """
    if not request.body or not request.has("CONTENT_LENGTH") or len(request.body) < 2:
        return NOT_APPLICABLE
    whole = replace(request, reads=())
    base = yield from steady(whole)
    if base is None or base.x.bytes_read < 2:
        return NOT_APPLICABLE
    short = yield Case(replace(request, reads=_READS))
    told = base.differs(short)
    if not told:
        return HOLDS
    return f"with whole reads, and with reads that give a byte each: {told}; expected the same answer"


@short_reads_are_enough.bad(method="POST", body=b"name=Ada", content_type="text/plain")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [_TEXT])
    return [data]


@short_reads_are_enough.good(method="POST", body=b"name=Ada", content_type="text/plain")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    left, parts = int(environ.get("CONTENT_LENGTH") or 0), []
    while left > 0:
        part = environ["wsgi.input"].read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    start_response("200 OK", [_TEXT])
    return parts


@relation(binds=APPLICATION, level=ADVICE, covers=("PORT-032",), cites=pep(
    "other-http-features", "WSGI servers **must** handle any supported inbound \"hop-by-hop\" headers on their own, "
                           "such as "
                           "by decoding any inbound ``Transfer-Encoding``, including chunked encoding if applicable."))
def content_without_a_length_is_read_or_refused(request: Request) -> Story:
    """Content that comes without CONTENT_LENGTH is read to its end, or refused with 411.

    Clients that don't know the size send chunks (curl -T -, mobile SDKs, proxies), and the server decodes them: there
    is content and no CONTENT_LENGTH, and wsgi.input_terminated says that the end of the input is its end. An
    application that takes a missing length for 0 answers "thank you" and loses the upload. Read until read() gives
    b"" where wsgi.input_terminated is true, else answer 411.
    """
    if not request.body or not request.has("CONTENT_LENGTH"):
        return NOT_APPLICABLE
    base = yield Case(replace(request, reads=(), input_terminated=False))
    if not answered(base) or base.bytes_read < len(request.body):
        return NOT_APPLICABLE
    chunked = yield Case(replace(without(request, "CONTENT_LENGTH"), reads=(), input_terminated=True).with_variables(
        HTTP_TRANSFER_ENCODING="chunked", SERVER_PROTOCOL="HTTP/1.1"))
    if not answered(chunked) or chunked.bytes_read:
        return HOLDS
    return (f"{len(request.body)} bytes of content without CONTENT_LENGTH (wsgi.input_terminated is true) were not "
            f"read and answered {answer(chunked)}; expected them to be read, or 411")


@content_without_a_length_is_read_or_refused.bad(method="POST", body=b"name=Ada", content_type="text/plain")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    data = environ["wsgi.input"].read(size) if size else b""
    start_response("200 OK", [_TEXT])
    return [b"thank you for ", str(len(data)).encode()]


@content_without_a_length_is_read_or_refused.good(method="POST", body=b"name=Ada", content_type="text/plain")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if not environ.get("CONTENT_LENGTH"):
        start_response("411 Length Required", [_TEXT])
        return [b"how long is it?"]
    data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [_TEXT])
    return [b"thank you for ", str(len(data)).encode()]
