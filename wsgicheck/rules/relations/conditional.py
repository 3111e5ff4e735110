"""Conditional requests: what ETag promises, and what a 304 carries (RFC 9110, "Conditional Requests")."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Ending
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, pep, relation, rfc
from ...model.story import Story
from ...show import show
from ...syntax import ENTITY_TAG
from .answers import SAFE, Steady, answered, steady, whole, without

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE",
               "HTTP_RANGE", "HTTP_IF_RANGE")


def _unconditional(request: Request) -> Request:
    return without(request, *_CONDITIONS)


def _validated(request: Request) -> Generator[Case, Any, tuple[Steady, Exchange] | None]:
    """Ask for a 200 with a validator that stays, then on the condition that it has changed; None where there is
    none."""
    if request.method != "GET":
        return None
    bare = _unconditional(request)
    base = yield from steady(bare)
    if base is None or base.x.code != 200:
        return None
    tag, date = base.x.value("etag"), base.x.value("last-modified")
    if tag is not None and "etag" not in base.but:
        conditional = bare.with_variables(HTTP_IF_NONE_MATCH=tag)
    elif date is not None and "last-modified" not in base.but:
        conditional = bare.with_variables(HTTP_IF_MODIFIED_SINCE=date)
    else:
        return None
    return base, (yield Case(conditional))


def _answer(environ: dict[str, Any], start_response: Any, headers: list[tuple[str, str]],
            on_304: list[tuple[str, str]]) -> list[bytes]:
    """Answer as an application does that evaluates If-None-Match."""
    if environ.get("HTTP_IF_NONE_MATCH") == dict(headers).get("ETag"):
        start_response("304 Not Modified", on_304)
        return []
    start_response("200 OK", [_PLAIN, *headers])
    return [b"hello"]


@relation(binds=APPLICATION, level=SHOULD, covers=("HTTP-014", "SV-016"), blames="start",
          cites=(rfc(9110, "13.1.2"), pep(
    "other-http-features", "the application **should** perform its own cache validation if it wants to support that "
                           "feature, "
                           "since the server/gateway is not required to do such validation.")))
def etag_is_evaluated(request: Request) -> Story:
    """Who sends an ETag answers 304 to If-None-Match with that tag.

    The tag is computed and sent for one purpose: that the client may ask whether its copy is still good. Where the
    question is never looked at, each visit costs the whole page again. Compare If-None-Match with the tag (your
    framework has a function or a middleware for it), or send no tag.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    bare = _unconditional(request)
    base = yield from steady(bare)
    tag = None if base is None or base.x.code != 200 else base.x.value("etag")
    if base is None or tag is None or "etag" in base.but or not ENTITY_TAG.fullmatch(tag):
        return NOT_APPLICABLE  # what is no tag cannot be compared with one
    again = yield Case(bare.with_variables(HTTP_IF_NONE_MATCH=tag))
    if again.code in (304, 412) or again.code != 200 or again.raised:
        return HOLDS
    if again.value("etag") != tag:
        return NOT_APPLICABLE
    return f"ETag is {show(tag)}, and If-None-Match with that tag is answered {show(again.status)}; expected 304"


@etag_is_evaluated.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN, ("ETag", '"v1"')])
    return [b"hello"]


@etag_is_evaluated.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response, [("ETag", '"v1"')], [("ETag", '"v1"')])


@relation(binds=APPLICATION, level=MUST, covers=("CT-019",), blames="start", cites=rfc(
    9110, "8.6", "A server MAY send a Content-Length header field in a 304 (Not Modified) response to a conditional "
                 "GET "
                 "request; a server MUST NOT send Content-Length in such a response unless its field value equals "
                 "the decimal "
                 "number of octets that would have been sent in the content of a 200 (OK) response to the same "
                 "request."))
def not_modified_declares_the_length_of_the_page(request: Request) -> Story:
    """A Content-Length on a 304 is that of the page it stands for.

    A 304 has no content, so code that measures the body declares 0, and caches take that for the length of the page:
    they drop their copy, or give out an empty one. Leave the field out of a 304.
    """
    found = yield from _validated(request)
    if found is None:
        return NOT_APPLICABLE
    base, second = found
    if second.code != 304 or second.declared_length is None or "content-length" in base.but or not base.body:
        return NOT_APPLICABLE
    x = base.x
    length = x.declared_length
    if length is None:
        content = whole(x)
        if content is None:
            return NOT_APPLICABLE
        length = len(content)
    if second.declared_length == length:
        return HOLDS
    return (f"Content-Length is {second.declared_length} on the 304 and the page has {length} bytes; expected no "
            f"such field")


@not_modified_declares_the_length_of_the_page.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response, [("ETag", '"v1"')], [("ETag", '"v1"'), ("Content-Length", "0")])


@not_modified_declares_the_length_of_the_page.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response, [("ETag", '"v1"')], [("ETag", '"v1"'), ("Content-Length", "5")])


_KEPT = ("Cache-Control", "Content-Location", "ETag", "Expires", "Vary")


@relation(binds=APPLICATION, level=MUST, covers=("CT-020",), blames="start", cites=rfc(
    9110, "15.4.5", "The server generating a 304 response MUST generate any of the following header fields that "
                    "would have "
                    "been sent in a 200 (OK) response to the same request"))
def not_modified_keeps_what_caches_need(request: Request) -> Story:
    """A 304 carries the Cache-Control, Content-Location, ETag, Expires and Vary of the page it stands for.

    A cache refreshes its copy with the fields of the 304. Without Cache-Control the copy stays stale and is asked for
    on each visit; without ETag the next question cannot be put; without Vary the copy goes to the wrong visitors. Drop
    only the fields that describe the content.
    """
    found = yield from _validated(request)
    if found is None:
        return NOT_APPLICABLE
    base, second = found
    if second.code != 304:
        return NOT_APPLICABLE
    for name in _KEPT:
        value = base.x.value(name)
        if value is None or name.lower() in base.but:
            continue
        got = second.value(name)
        if got is None:
            return f"the 304 lacks {name}: {show(value)}, which the 200 has; expected it there too"
        if name == "ETag" and got.removeprefix("W/") != value.removeprefix("W/"):
            return f"ETag is {show(got)} on the 304 and {show(value)} on the 200; expected the same"
    return HOLDS


@not_modified_keeps_what_caches_need.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("ETag", '"v1"'), ("Cache-Control", "max-age=60")]
    return _answer(environ, start_response, headers, headers[:1])


@not_modified_keeps_what_caches_need.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response, [("ETag", '"v1"')], [("X-Cache", "hit")])


@not_modified_keeps_what_caches_need.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("ETag", 'W/"v1"'), ("Cache-Control", "max-age=60"), ("Vary", "Cookie")]
    return _answer(environ, start_response, [*headers, ("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")], headers)


def _strong(x: Exchange) -> str:
    """Return the strong entity tag, "" if there is none."""
    tag = x.value("etag") or ""
    return tag if tag.startswith('"') and len(tag) > 1 else ""


_REPRESENTATIONS = ({"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}, {"HTTP_ACCEPT_LANGUAGE": "de"},
                    {"HTTP_ACCEPT": "application/json"})


@relation(binds=APPLICATION, level=MUST, covers=("HTTP-015",), blames="start", cites=rfc(
    9110, "8.8.1", "A strong validator is representation metadata that changes value whenever a change occurs to the "
                   "representation data that would be observable in the content of a 200 (OK) response to GET."))
def strong_etags_differ_where_bodies_do(request: Request) -> Story:
    """Two bodies with the same strong ETag are the same, byte for byte.

    A client with the one is told 304 when it asks for the other; a download that was broken off goes on with bytes of
    another file; a proxy gives gzip to who asked for none. Compute the tag from the bytes that are sent, after
    compression, or make it weak: `W/"..."`.
    """
    if request.method != "GET":
        return NOT_APPLICABLE
    bare = _unconditional(request)
    first = yield Case(bare)
    tag = _strong(first)
    if first.code != 200 or not tag:
        return NOT_APPLICABLE
    for changes in ({}, *_REPRESENTATIONS):
        other = yield Case(bare.with_variables(**changes))
        if not answered(other) or other.code != 200 or _strong(other) != tag or other.body == first.body:
            continue
        if Ending.RAISED in (first.ending, other.ending):
            continue
        words = "".join(f" with {name} {show(value)}" for name, value in changes.items()) or " asked again"
        return (f"ETag is {tag} of {show((first.body or b'')[:40])} and,{words}, of {show((other.body or b'')[:40])}; "
                "expected another tag, or a weak one")
    return HOLDS


@strong_etags_differ_where_bodies_do.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    headers = [_PLAIN, ("ETag", '"v1"'), ("Vary", "Accept-Encoding")]
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", headers[1:])
        return []
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        start_response("200 OK", [*headers, ("Content-Encoding", "gzip")])
        return [gzip.compress(b"hello", mtime=0)]
    start_response("200 OK", headers)
    return [b"hello"]


@strong_etags_differ_where_bodies_do.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    small = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    tag = '"v1-gzip"' if small else '"v1"'
    headers = [("ETag", tag), ("Vary", "Accept-Encoding")]
    if environ.get("HTTP_IF_NONE_MATCH") == tag:
        start_response("304 Not Modified", headers)
        return []
    start_response("200 OK", [_PLAIN, *headers, *([("Content-Encoding", "gzip")] if small else [])])
    return [gzip.compress(b"hello", mtime=0) if small else b"hello"]


@relation(binds=APPLICATION, level=SHOULD, covers=("HTTP-015",), blames="start", cites=rfc(9110, "8.8.1"))
def etag_stays_while_the_body_stays(request: Request) -> Story:
    """The same body has the same ETag when it is asked for again.

    A tag with the time, a random number, the process's id or a hash of str() in it is never found again: each question
    costs the whole page and a 304 never happens. Take the tag from the content, with hashlib and not with hash(), which
    differs from process to process.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    bare = _unconditional(request)
    one = yield Case(bare)
    if one.code != 200 or one.raised or one.value("etag") is None:
        return NOT_APPLICABLE
    two = yield Case(bare)
    if two.body != one.body or two.code != 200 or two.value("etag") is None:
        return NOT_APPLICABLE
    if two.value("etag") == one.value("etag"):
        return HOLDS
    return f"ETag is {show(one.value('etag'))}, then {show(two.value('etag'))} of the same body; expected the same"


@etag_stays_while_the_body_stays.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import time

    start_response("200 OK", [_PLAIN, ("ETag", f'"{time.perf_counter_ns()}"')])
    return [b"hello"]


@etag_stays_while_the_body_stays.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import hashlib

    tag = f'"{hashlib.sha256(b"hello").hexdigest()[:16]}"'
    return _answer(environ, start_response, [("ETag", tag)], [("ETag", tag)])
