"""Whether the body comes in blocks of a sensible size (PEP 3333, "Buffering and Streaming")."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.rule import ADVICE, APPLICATION, HOLDS, NOT_APPLICABLE, Verdict, pep, rule

TEXT = ("Content-Type", "text/plain; charset=utf-8")

MANY = 100
"""Items of at most 16 bytes from which on a response is said to be crumbled."""


@rule(at=Moment.END, binds=APPLICATION, level=ADVICE, covers=("BD-005",),
      cites=(pep("specification-details", "applications should perform their own buffering."),
             pep("buffering-and-streaming", "applications will achieve the best throughput by buffering their "
                 "(modestly-sized) output and sending it all at once.")))
def body_is_buffered(x: Exchange, ending: Ending) -> Verdict:
    """The body does not come in very many tiny items.

    The server may not wait for more: it sends each item on its own, with a system call and, when chunked, a
    frame that is larger than the item. A hundred items of a few bytes are slower than one of a megabyte.
    Join them: `yield b"".join(parts)`. Event streams are left alone, since they are slow on purpose.
    """
    if ending is not Ending.EXHAUSTED:
        return NOT_APPLICABLE
    measured = x.chunks - x.unmeasured
    if x.small_chunks < MANY or x.small_chunks * 2 <= measured:
        return HOLDS
    if (x.value("Content-Type") or "").lower().startswith("text/event-stream"):
        return NOT_APPLICABLE
    return (f"{x.small_chunks} of {measured} items have at most 16 bytes ({x.bytes_yielded} bytes in all); "
            "expected fewer and larger ones")


@body_is_buffered.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    for number in range(200):
        yield b"%d\n" % number


@body_is_buffered.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"".join(b"%d\n" % number for number in range(200))


@body_is_buffered.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(200):
        yield b"data: %d\n\n" % number


FEW = 8
"""Items up to which a list of them is left alone."""
MODEST = 64 * 1024
"""Bytes up to which a body is called modest."""


@rule(at=Moment.END, binds=APPLICATION, level=ADVICE, covers=("BD-018",), given=(body_is_buffered,),
      cites=(pep("buffering-and-streaming", "The corresponding approach in WSGI is for the application to simply "
                 "return a single-element iterable (such as a list) containing the response body as a single "
                 "bytestring."),
             pep("handling-the-content-length-header", "returns an iterable whose len() is 1, then the server can "
                 "automatically determine Content-Length by taking the length of the first bytestring")))
def modest_body_is_one_item(x: Exchange, ending: Ending) -> Verdict:
    """A modest body that lies ready in a list is returned as one item.

    Only when len() is 1 can the server tell the size before it sends the headers; otherwise it has to use
    chunked coding or to close the connection after the response. A list of lines is the usual case: return
    `[b"".join(lines)]`, or declare Content-Length. Nothing is said about up to 8 items, about more than
    64 KiB, or about generators.
    """
    if ending is not Ending.EXHAUSTED or x.returned not in ("list", "tuple"):
        return NOT_APPLICABLE
    if x.length is None or x.length <= FEW or x.bytes_sent > MODEST or x.declared_length is not None:
        return HOLDS
    return f"a {x.returned} of {x.length} items holds {x.bytes_sent} bytes and no Content-Length; expected one item"


@modest_body_is_one_item.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"Line %d of a page that lies ready\n" % number for number in range(20)]


@modest_body_is_one_item.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"".join(b"Line %d of a page that lies ready\n" % number for number in range(20))]


@modest_body_is_one_item.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"<header>", b"Hello", b"<footer>"]
