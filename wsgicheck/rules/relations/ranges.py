"""A part against the whole: range requests (RFC 9110, "Range Requests")."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, pep, relation, rfc
from ...model.story import Story
from ...show import show
from .answers import Steady, media_type, steady, whole, without

_BINARY = ("Content-Type", "application/octet-stream")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z", re.IGNORECASE)
_UNSATISFIED = re.compile(r"bytes \*/(\d+)\Z", re.IGNORECASE)
_CONDITIONS = ("HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH",
               "HTTP_IF_UNMODIFIED_SINCE")


def _whole(request: Request) -> Generator[Case, Any, tuple[Request, Steady, bytes] | None]:
    """Ask for the whole; return how, the answer, and its content of two bytes or more. None where there is none."""
    if request.method != "GET":
        return None
    bare = without(request, *_CONDITIONS)
    base = yield from steady(bare)
    if base is None or base.x.code != 200 or not base.body:
        return None
    content = whole(base.x)
    return (bare, base, content) if content is not None and len(content) > 1 else None


def serve_ranges(environ: dict[str, Any], start_response: Any, content: bytes, shift: int = 0) -> list[bytes]:
    """Serve `content` and single ranges of it, `shift` bytes beside where they are."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", environ.get("HTTP_RANGE", ""))
    if found is None:
        start_response("200 OK", [_BINARY, ("Accept-Ranges", "bytes"), ("Content-Length", str(len(content)))])
        return [content]
    first, last = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
    if first > last:
        start_response("416 Range Not Satisfiable", [_BINARY, ("Content-Range", f"bytes */{len(content)}")])
        return [b"no such range"]
    part = content[first + shift : last + 1 + shift]
    start_response("206 Partial Content", [_BINARY, ("Content-Range", f"bytes {first}-{last}/{len(content)}"),
                                           ("Content-Length", str(len(part)))])
    return [part]


def _wrong(x: Exchange, content: bytes) -> str:
    """Return what is wrong with an answer to a range request, "" if it fits `content`."""
    named = x.value("content-range") or ""
    if x.code == 416:
        told = _UNSATISFIED.match(named)
        if told is not None and int(told[1]) != len(content):
            return f"the 416 says {show(named)} of {len(content)} bytes; expected bytes */{len(content)}"
        return ""
    if x.code != 206 or media_type(x) == "multipart/byteranges":
        return ""
    told = _CONTENT_RANGE.match(named)
    if told is None:
        return ""  # judged where the field is
    first, last = int(told[1]), int(told[2])
    if told[3] != "*" and int(told[3]) != len(content):
        return (f"Content-Range is {show(named)} and the whole has {len(content)} bytes; expected its length after "
                f"the slash")
    if last >= len(content):
        return f"Content-Range is {show(named)} and the whole has {len(content)} bytes; expected a range inside it"
    part = x.body or b""
    if not x.raised and part != content[first : last + 1]:
        return (f"Content-Range is {show(named)} and {len(part)} bytes came, {show(part[:24])}; expected "
                f"{last + 1 - first}, {show(content[first : first + 24])}")
    return ""


@relation(binds=APPLICATION, level=MUST, covers=("HTTP-007",), cites=(rfc(9110, "15.3.7"), rfc(9110, "14.4")))
def ranges_fit_the_whole(request: Request) -> Story:
    """The bytes of a 206 are those of the whole at the place that Content-Range names.

    Downloads that were broken off and videos that jump put the parts together by their Content-Range. One byte too few
    at the end (the last position is included), a range of the file against a length of the compressed body, or a
    counting from one, and the file is damaged with nobody noticing.
    """
    found = yield from _whole(request)
    if found is None:
        return NOT_APPLICABLE
    bare, _, content = found
    size, applied = len(content), False
    middle = size // 2
    for wanted in (f"bytes={middle}-", f"bytes=0-{middle - 1}", "bytes=-1", f"bytes={size - 1}-{size + 9}",
                   f"bytes={size}-"):
        x = yield Case(bare.with_variables(HTTP_RANGE=wanted))
        if x.code not in (206, 416):
            break
        if x.code == 206 and x.value("content-encoding"):
            break
        applied = True
        wrong = _wrong(x, content)
        if wrong:
            return f"Range: {wanted}: {wrong}"
    return HOLDS if applied else NOT_APPLICABLE


@ranges_fit_the_whole.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return serve_ranges(environ, start_response, b"0123456789", shift=1)


@ranges_fit_the_whole.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("HTTP_RANGE") == "bytes=-1":
        start_response("206 Partial Content", [_BINARY, ("Content-Range", "bytes 9-9/9"), ("Content-Length", "1")])
        return [b"9"]
    return serve_ranges(environ, start_response, b"0123456789")


@ranges_fit_the_whole.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return serve_ranges(environ, start_response, b"0123456789")


@relation(binds=APPLICATION, level=ADVICE, covers=("SV-019",), blames="start", cites=(pep(
    "other-http-features", "Again, however, the application **should** perform this function on its own if desired."),
    rfc(9110, "14.3")))
def announced_ranges_are_served(request: Request) -> Story:
    """Who sends "Accept-Ranges: bytes" serves ranges.

    The field tells players and download managers that they may ask for parts. Where they get the whole again, a jump in
    a video starts it anew and a resumed download begins at its beginning. The server need not cut the ranges out for
    you. Serve them (most frameworks have a file response that does), or don't announce them.
    """
    found = yield from _whole(request)
    if found is None:
        return NOT_APPLICABLE
    bare, base, content = found
    announced = [value.strip().lower() for value in base.x.values("accept-ranges")]
    if announced != ["bytes"]:
        return NOT_APPLICABLE
    x = yield Case(bare.with_variables(HTTP_RANGE="bytes=0-0"))
    if x.code != 200 or x.raised:
        return HOLDS
    return f"Accept-Ranges is bytes, and bytes=0-0 of {len(content)} is answered {show(x.status)}; expected 206"


@announced_ranges_are_served.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_BINARY, ("Accept-Ranges", "bytes")])
    return [b"0123456789"]


@announced_ranges_are_served.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return serve_ranges(environ, start_response, b"0123456789")


@announced_ranges_are_served.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_BINARY, ("Accept-Ranges", "none")])
    return [b"0123456789"]
