"""Where one request ends and the next begins: what is malformed is refused (RFC 9112).

Two readers that disagree here are how requests are smuggled past a proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, rfc
from ...model.scene import Receive, Script, Seen, Send, Stage, ask, get, hello, scene
from ...model.wire import Wire
from .common import failed_request, only_http_1_0, value


def _unserved(seen: Seen, wire: Wire, what: str) -> Verdict:
    """Hold where the application was not called; a refusal by closing is as good as a 400 to smugglers."""
    answer = wire.answer
    if seen.calls:
        return f"a request with {what} reached the application; expected 400"
    if answer is not None and answer.code < 400:
        return f"a request with {what} was answered {answer.status_line!r}; expected 400"
    return HOLDS


def _with_length(drawn: str) -> Script:
    return (Send(ask("POST", "/", f"Content-Length: {drawn}").data + b"hello", "POST"), Receive())


@scene(level=MUST, covers=("HTTP-030",), script=_with_length, draws="bad length",
       examples=("+5", "-5", "5x", "0x5", "5, 6", "5 5", "1_0", "\u00b2"), cites=rfc(9112, "6.3"))
def malformed_content_length_is_refused(seen: Seen, wire: Wire) -> Verdict:
    """A Content-Length that is no row of digits is answered 400.

    int() takes "+5", "1_0" and other forms that the proxy in front does not.
    """
    return _unserved(seen, wire, f"Content-Length: {wire.asked}")


@scene(level=MUST, covers=("HTTP-030",), cites=rfc(9112, "6.3"),
       script=(Send(ask("POST", "/", "Content-Length: 5", "Content-Length: 6").data + b"hello!", "POST"), Receive()))
def differing_content_lengths_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """Two different Content-Length fields are answered 400."""
    return _unserved(seen, wire, "Content-Length: 5 and 6")


def _reads_all(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    length = str(environ.get("CONTENT_LENGTH") or "")
    try:
        if length.isdigit():
            data = environ["wsgi.input"].read(int(length))
        elif environ.get("wsgi.input_terminated"):
            data = environ["wsgi.input"].read()
        else:
            data = b""
    except Exception as error:
        stage.report("raised", error=type(error).__name__)
    else:
        stage.report("read", data=data, length=length)
    return hello(stage, environ, start_response)


@scene(level=MUST, covers=("HTTP-031",), app=_reads_all, cites=rfc(9112, "6.3"),
       script=(Send(ask("POST", "/", "Content-Length: 6", "Transfer-Encoding: chunked", close=False).data
                    + b"0\r\n\r\nX", "POST"), Receive(patience=1.5)))
def length_beside_chunked_does_not_count(seen: Seen, wire: Wire) -> Verdict:
    """With both Transfer-Encoding and Content-Length the request is refused, or the length is forgotten.

    The one who trusts the length and the one who reads the chunks see different requests.
    """
    if only_http_1_0(seen, wire):
        return NOT_APPLICABLE
    if failed_request(seen, wire) or not seen.calls:
        return HOLDS if wire.answer is None or wire.answer.code >= 400 else NOT_APPLICABLE
    environ = seen.environ() or {}
    length = value(environ, "CONTENT_LENGTH")
    if length not in ("", "0"):
        return f"CONTENT_LENGTH is {length!r} beside Transfer-Encoding: chunked; expected it absent, or 400"
    got = seen.fact("read", "data", "")
    return HOLDS if not got else f"the application read {got!r} of an empty chunked body; expected nothing"


def _chunks(drawn: bytes) -> Script:
    return (Send(ask("POST", "/", "Transfer-Encoding: chunked").data + drawn, "POST"), Receive(patience=1.0))


@scene(level=SHOULD, covers=("HTTP-032",), app=_reads_all, script=_chunks, draws="bad chunks",
       examples=(b"5x\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
                 b"5\r\nhelloXX0\r\n\r\n", b"\r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
                 b"5\nhello\n0\n\n", b"fffffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
       cites=rfc(9112, "7.1"))
def malformed_chunks_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """A chunked body whose framing is broken is refused, or raises, and is never given as if it were sound."""
    if only_http_1_0(seen, wire) and not seen.happened("read"):
        return NOT_APPLICABLE
    if not seen.happened("read"):
        return HOLDS
    got = seen.fact("read", "data", "")
    return HOLDS if not got else (
        f"the application read {got!r} from the malformed chunks {wire.asked!r}; expected 400 or an exception")


@scene(level=MUST, covers=("HTTP-033",), script=get("X-Probe : a"), cites=rfc(9112, "5.1"))
def space_before_the_colon_is_refused(seen: Seen, wire: Wire) -> Verdict:
    """A header line with a space between name and colon is answered 400.

    A proxy that does not know "Content-Length " passes on what the server behind it obeys.
    """
    return _unserved(seen, wire, "a space before a header's colon")


@scene(level=MUST, covers=("HTTP-034",), script=get("X-Probe: one\r\n two", "X-After: yes"), cites=rfc(9112, "5.2"))
def folded_headers_carry_no_line_break(seen: Seen, wire: Wire) -> Verdict:
    """A header folded over two lines is refused, or its line break becomes spaces.

    A line break in a variable becomes one in the log, or in a header made from it.
    """
    environ = seen.environ()
    if environ is None:
        return HOLDS if wire.answer is None or wire.answer.code >= 400 else NOT_APPLICABLE
    got = str(value(environ, "HTTP_X_PROBE"))
    if "\r" in got or "\n" in got:
        return f"HTTP_X_PROBE is {got!r} for a folded header; expected the line break as spaces, or 400"
    return HOLDS


def _with_control(drawn: bytes) -> Script:
    return (ask("GET", "/", b"X-Probe: a" + drawn + b"b"), Receive())


@scene(level=MUST, covers=("HTTP-034",), script=_with_control, draws="control", examples=(b"\r", b"\x00"),
       cites=(rfc(9110, "5.5"), rfc(9112, "2.2")))
def control_characters_do_not_reach_environ(seen: Seen, wire: Wire) -> Verdict:
    """A bare CR or a NUL in a header value is refused, or replaced by a space."""
    environ = seen.environ()
    if environ is None:
        return HOLDS
    for key, got in environ.items():
        if key.startswith("HTTP_") and any(c in str(got) for c in "\r\n\0"):
            return f"{key} is {got!r}; expected the request refused, or a space in its place"
    return HOLDS


@scene(level=MUST, covers=("HTTP-035",), cites=rfc(9112, "3.2"),
       script=(ask("GET", "/", host=False), Receive(), ask("GET", on=1), Receive(on=1)))
def missing_host_is_refused(seen: Seen, wire: Wire) -> Verdict:
    """An HTTP/1.1 request without Host is answered 400.

    It binds servers of HTTP/1.1; one of HTTP/1.0 may answer.
    """
    if len(seen.calls) < 2:
        return HOLDS if seen.calls and wire.answer is not None and wire.answer.code >= 400 else NOT_APPLICABLE
    other = wire.beside[0].answer if wire.beside else None
    if only_http_1_0(seen, wire) or (other is not None and other.version == "1.0"):
        return NOT_APPLICABLE
    return "an HTTP/1.1 request without Host reached the application; expected 400"


@scene(level=MUST, covers=("HTTP-035",), script=get("Host: other.example"), cites=rfc(9112, "3.2"))
def several_hosts_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """A request with two Host lines is answered 400.

    The proxy routes by one, the application builds its links by the other.
    """
    if only_http_1_0(seen, wire):
        return NOT_APPLICABLE
    return _unserved(seen, wire, "two Host lines")
