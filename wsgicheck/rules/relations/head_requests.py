"""HEAD against GET: the same answer without its content (RFC 9110 9.3.2)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, cited, relation, rfc
from ...model.story import Afresh, Story
from ...show import show
from .answers import Steady, answered, fields, steady, whole

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")

_FROM_CONTENT = frozenset({
    "content-length", "content-type", "content-encoding", "content-range", "etag", "last-modified", "content-md5",
    "digest", "content-digest", "repr-digest", "vary", "accept-ranges", "transfer-encoding", "trailer",
    "content-disposition",
})
"""Fields that an answer to HEAD may lack, since their values may come from making the content."""


def _pair(request: Request) -> Generator[Case, Any, tuple[Steady, Exchange] | None]:
    """Ask with GET, then with HEAD; None where the two cannot be compared."""
    if request.method not in ("GET", "HEAD") or request.body:
        return None
    base = yield from steady(request.with_variables(REQUEST_METHOD="GET"))
    if base is None:
        return None
    head: Exchange = yield Case(request.with_variables(REQUEST_METHOD="HEAD"))
    # A file or a page that is not there for HEAD is another matter, and legal.
    return (base, head) if answered(head) and head.code == base.x.code else None


def _length_of_get(base: Steady) -> int | None:
    """Return how long the content of the GET is, None where that changes or cannot be known."""
    x = base.x
    if not base.body or "content-length" in base.but:
        return None
    if x.declared_length is not None:
        return x.declared_length
    content = whole(x)
    return len(content) if content is not None and x.code != 206 else None


@relation(binds=APPLICATION, level=MUST, covers=("CT-015",), blames="start", cites=rfc(
    9110, "8.6", "a server MUST NOT send Content-Length in such a response unless its field value equals the decimal "
                 "number of octets that would have been sent in the content of a response if the same request had "
                 "used the "
                 "GET method"))
def head_declares_the_length_of_get(request: Request) -> Story:
    """A Content-Length on the answer to HEAD is that of the answer to GET.

    Caches take the length of HEAD as news about the page: with another one they throw away a good copy, or believe that
    the page is empty. Download managers plan their ranges by it, health checks compare it. Mostly the body was dropped
    first and measured afterwards. Leave the field out, or let HEAD run through the code of GET.
    """
    pair = yield from _pair(request)
    if pair is None:
        return NOT_APPLICABLE
    base, head = pair
    length = _length_of_get(base)
    if length is None or head.declared_length is None:
        return NOT_APPLICABLE
    if head.declared_length == length:
        return HOLDS
    return f"Content-Length is {head.declared_length} on HEAD; expected {length} as with GET, or no such field"


@head_declares_the_length_of_get.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [_PLAIN, ("Content-Length", str(len(body)))])
    return [body]


@head_declares_the_length_of_get.bad(method="HEAD")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [_PLAIN, ("Content-Length", "0")])
        return []
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@head_declares_the_length_of_get.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The server leaves the content out.
    start_response("200 OK", [_PLAIN, ("Content-Length", "5")])
    return [b"hello"]


@head_declares_the_length_of_get.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


@relation(binds=APPLICATION, level=SHOULD, covers=("CT-014", "PORT-026"), blames="start", cites=(rfc(
    9110, "9.3.2", "The server SHOULD send the same header fields in response to a HEAD request as it would have "
                   "sent if the "
                   "request method had been GET."), cited(
    "mod_wsgi documentation", "WSGIMapHEADToGET",
    url="https://modwsgi.readthedocs.io/en/develop/configuration-directives/WSGIMapHEADToGET.html")))
def head_has_the_fields_of_get(request: Request) -> Story:
    """The answer to HEAD has the header fields of the answer to GET.

    Who asks with HEAD wants to know what GET would say: whether it is cacheable, of what type, where it leads. mod_wsgi
    even asks with GET in place of HEAD, so that an application that answers them differently behaves differently there.
    Fields that can only be known by making the content may be missing; none may differ.
    """
    pair = yield from _pair(request)
    if pair is None:
        return NOT_APPLICABLE
    base, head = pair
    get, got = fields(base.x, base.but), fields(head, base.but)
    for name, values in get.items():
        if name == "content-length":
            continue  # a rule of its own
        if name not in got and name not in _FROM_CONTENT:
            return f"HEAD lacks {name}: {show(', '.join(values))}, which GET has; expected the same fields"
        if name in got and got[name] != values and name not in ("vary", "etag", "last-modified"):
            return (f"{name} is {show(', '.join(got[name]))} on HEAD and {show(', '.join(values))} on GET; expected "
                    f"the same")
    return HOLDS


@head_has_the_fields_of_get.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [_PLAIN])
        return []
    start_response("200 OK", [_PLAIN, ("Cache-Control", "max-age=60")])
    return [b"hello"]


@head_has_the_fields_of_get.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [("Content-Type", "text/html")])
        return []
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]


@head_has_the_fields_of_get.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import time

    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [("X-Token", str(time.perf_counter_ns()))])
        return []
    start_response("200 OK", [_PLAIN, ("ETag", '"1"'), ("X-Token", str(time.perf_counter_ns()))])
    return [b"hello"]


@relation(binds=APPLICATION, level=SHOULD, covers=("HTTP-021",), costly=True, lasting=True, cites=rfc(
    9110, "9.2.1", "Request methods are considered \"safe\" if their defined semantics are essentially read-only"))
def head_leaves_nothing_behind(request: Request) -> Story:
    """A GET is answered as ever when somebody has asked with HEAD before.

    What is kept of one answer for the next, by a cache whose key has forgotten the method, is an empty page once a link
    checker or a monitor came first with HEAD: for all visitors, until it runs out, and on the processes only that were
    asked. Keep answers to GET alone, or let the method be a part of the key.
    """
    if request.method not in ("GET", "HEAD") or request.body:
        return NOT_APPLICABLE
    get, head = (Case(request.with_variables(REQUEST_METHOD=method)) for method in ("GET", "HEAD"))
    usual = yield Afresh((get, get))
    if usual is None or not answered(usual[0]) or usual[0].body != usual[1].body or not usual[0].body:
        return NOT_APPLICABLE
    after = yield Afresh((head, get))
    if after is None or not answered(after[1]):
        return NOT_APPLICABLE
    if after[1].body == usual[0].body:
        return HOLDS
    once_more = yield Afresh((head, get))
    if once_more is None or once_more[1].body != after[1].body:
        return HOLDS
    return (f"in a fresh process GET gave {len(usual[0].body)} bytes, and after a HEAD {len(after[1].body or b'')}; "
            "expected the same body")


@head_leaves_nothing_behind.bad
def _(environ: dict[str, Any], start_response: Any, pages: dict[str, bytes] = {}) -> Any:  # noqa: B006
    path = environ.get("PATH_INFO", "")
    if path not in pages:
        pages[path] = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [_PLAIN])
    return [pages[path]]


@head_leaves_nothing_behind.good
def _(environ: dict[str, Any], start_response: Any, pages: dict[str, bytes] = {}) -> Any:  # noqa: B006
    body = pages.setdefault(environ.get("PATH_INFO", ""), b"hello")
    start_response("200 OK", [_PLAIN])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
