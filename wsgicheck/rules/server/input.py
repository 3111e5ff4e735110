"""wsgi.input on a real connection: content, end, slow and broken-off bodies (PEP 3333, "Input and Error Streams")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Citation, Verdict, pep, rfc
from ...model.scene import (
    Abort,
    Await,
    HalfClose,
    Pause,
    Receive,
    SceneApp,
    Script,
    Seen,
    Send,
    Stage,
    ask,
    hello,
    scene,
)
from ...model.wire import Wire
from .common import ends_with_its_request, failed_request, lost, only_http_1_0

_STREAMS = "input-and-error-streams"
_LIBRARY = pep(_STREAMS, "The semantics of each method are as documented in the Python Library\nReference")
_END = pep(_STREAMS, "A server **should** return empty bytestrings from any attempt to\n   read from an empty or "
           "exhausted input stream.")


def _using(use: Callable[[Any, int], Any]) -> SceneApp:
    """Make an application that uses wsgi.input and tells the result, or what was raised."""
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        length = str(environ.get("CONTENT_LENGTH") or "")
        stage.report("reading")
        try:
            result = use(environ["wsgi.input"], int(length) if length.isdigit() else 0)
        except Exception as error:
            stage.report("raised", error=f"{type(error).__name__}: {error}"[:200])
        else:
            stage.report("read", result=result)
        return hello(stage, environ, start_response)

    return application


def _judge(seen: Seen, wire: Wire, expected: Any, what: str) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    if seen.happened("raised"):
        return f"{what} raised {seen.fact('raised', 'error')}; expected {_brief(expected)}"
    # An answer shows as well that reading returned with the client still there.
    if not seen.happened("read") or not (wire.mark("read|raised").met or wire.answer is not None):
        return f"{what} did not return while the client waited; expected {_brief(expected)}"
    got = seen.fact("read", "result")
    return HOLDS if got == expected else f"{what} gave {_brief(got)}; expected {_brief(expected)}"


def _brief(result: Any) -> str:
    text = repr(result)
    return text if len(text) < 120 else f"{text[:60]}… ({len(result)} items)"


def _post(body: bytes, event: str = "read|raised") -> Script:
    # How long a process takes to be started is not what is measured.
    return (ask("POST", body=body), Await("reading", 5.0), Await(event, 1.5), Receive(patience=1.0))


def _whole(stream: Any, length: int) -> bytes:
    parts = []
    while length > 0:
        data = stream.read(min(length, 8192))
        if not data:
            break
        parts.append(data)
        length -= len(data)
    return b"".join(parts)


def _in_pieces(drawn: tuple[bytes, int]) -> Script:
    body, cut = drawn
    request = ask("POST", body=body)
    at = len(request.data) - len(body) + cut
    return (Send(request.data[:at]), Pause(0.02), Send(request.data[at:], "POST"), Await("read|raised", 2.5), Receive())


@scene(level=MUST, covers=("ENV-047", "IN-005"), allows=("IN-018",), app=_using(_whole), script=_in_pieces,
       draws="body",
       examples=((b"abc", 1), (bytes(range(256)) * 64, 100), (b"\r\n\r\n", 2), (b"0\r\n\r\n", 0)),
       cites=pep("environ-variables", "An input stream (file-like object) from which\n                       the HTTP "
                 "request body bytes can be read."))
def input_gives_the_body(seen: Seen, wire: Wire) -> Verdict:
    """Reading wsgi.input until CONTENT_LENGTH gives the body, byte for byte, however it arrives.

    A server that has read the head together with the first bytes of the body must not lose them, and one
    whose client is slow must wait for the rest.
    """
    return _judge(seen, wire, wire.asked[0].decode("latin-1"), "reading the body")


@scene(level=MUST, covers=("IN-005",), allows=("IN-018",), app=_using(_whole),
       script=(Send(ask("POST", body=b"x" * 200000).data, "POST"), Await("read|raised", 2.5), Receive()),
       cites=_LIBRARY)
def large_body_arrives_whole(seen: Seen, wire: Wire) -> Verdict:
    """A body of 200,000 bytes, more than a socket's buffer, can be read to its end."""
    if seen.happened("read") and len(str(seen.fact("read", "result"))) != 200000:
        return f"{len(str(seen.fact('read', 'result')))} bytes could be read; expected 200000"
    return _judge(seen, wire, "x" * 200000, "reading the body")


@scene(level=SHOULD, covers=("IN-007", "IN-010"), allows=("IN-006",),
       app=_using(lambda stream, length: [stream.read(length + 10), stream.read(10), stream.readline()]),
       script=_post(b"hello"),
       cites=pep(_STREAMS, "**should** simulate an end-of-file\n   condition if the application attempts to read past "
                 "that point."))
def input_ends_with_the_body(seen: Seen, wire: Wire) -> Verdict:
    """Reading past Content-Length gives what is left, and then nothing.

    Copy loops read in blocks until they get an empty one. On a server that reads on from the socket they
    hang until the client gives up.
    """
    return _judge(seen, wire, ["hello", "", ""], "read(15), read(10) and readline() of a 5 byte body")


@scene(level=SHOULD, covers=("IN-009",), app=_using(lambda stream, _: [stream.read(1), stream.read()]),
       script=_post(b"hello"),
       cites=pep(_STREAMS, "A server **should** allow ``read()`` to be called without an argument,\n   and return the "
                 "remainder of the client's input stream."))
def read_without_size_gives_the_rest(seen: Seen, wire: Wire) -> Verdict:
    """read() without an argument gives the rest of the body."""
    return _judge(seen, wire, ["h", "ello"], "read(1) and read() of b'hello'")


@scene(level=SHOULD, covers=("IN-010",), app=_using(lambda stream, _: [stream.read(), stream.read(4),
                                                                       stream.readline()]),
       script=(ask("GET"), Await("read|raised", 2.5), Receive(patience=1.0)), cites=_END)
def input_without_a_body_is_empty(seen: Seen, wire: Wire) -> Verdict:
    """Reading wsgi.input of a request without a body gives nothing, at once.

    Frameworks look for a form in any request; on a server that waits for the client they hang.
    """
    return _judge(seen, wire, ["", "", ""], "read(), read(4) and readline() of a GET")


@scene(level=MUST, covers=("IN-005",), app=_using(lambda stream, _: [stream.read(0), stream.read(2), stream.read(0)]),
       script=_post(b"ab"), cites=_LIBRARY)
def read_of_nothing_gives_nothing(seen: Seen, wire: Wire) -> Verdict:
    """read(0) gives an empty bytestring and takes nothing from the body."""
    return _judge(seen, wire, ["", "ab", ""], "read(0), read(2) and read(0) of b'ab'")


_LINES = b"one\ntwo\r\nth\rree\n\nlast"


@scene(level=MUST, covers=("IN-005",), script=_post(_LINES), cites=_LIBRARY,
       app=_using(lambda stream, _: [stream.readline() for _ in range(4)]))
def readline_gives_lines(seen: Seen, wire: Wire) -> Verdict:
    """readline() gives one line with its line feed; a carriage return ends none.

    Parsers of multipart bodies count every byte.
    """
    return _judge(seen, wire, ["one\n", "two\r\n", "th\rree\n", "\n"], "readline() four times")


@scene(level=SHOULD, covers=("IN-005", "IN-007"), script=_post(b"one\nlast"), cites=(_LIBRARY, _END),
       app=_using(lambda stream, _: [stream.readline(), stream.readline(), stream.readline()]),
       given=(input_ends_with_the_body,))
def last_line_needs_no_line_feed(seen: Seen, wire: Wire) -> Verdict:
    """readline() gives a last line that has no line feed, and then nothing."""
    return _judge(seen, wire, ["one\n", "last", ""], "readline() three times")


@scene(level=SHOULD, covers=("IN-011",), script=_post(b"abcdef\nxy"),
       app=_using(lambda stream, _: [stream.readline(4), stream.readline(10), stream.readline(1)]),
       cites=pep(_STREAMS, "Servers **should** support the optional \"size\" argument to ``readline()``"))
def readline_takes_a_size(seen: Seen, wire: Wire) -> Verdict:
    """readline(size) gives at most so many bytes of the line, and never more than the line."""
    return _judge(seen, wire, ["abcd", "ef\n", "x"], "readline(4), readline(10) and readline(1)")


@scene(level=MUST, covers=("IN-005",), allows=("IN-014",), script=_post(_LINES),
       app=_using(lambda stream, _: stream.readlines()), cites=_LIBRARY,
       given=(input_ends_with_the_body, readline_gives_lines))
def readlines_gives_all_lines(seen: Seen, wire: Wire) -> Verdict:
    """readlines() gives the remaining lines."""
    return _judge(seen, wire, ["one\n", "two\r\n", "th\rree\n", "\n", "last"], "readlines()")


@scene(level=MUST, covers=("IN-005",), script=_post(_LINES), app=_using(lambda stream, _: list(stream)), cites=_LIBRARY,
       given=(input_ends_with_the_body, readline_gives_lines))
def iterating_input_gives_lines(seen: Seen, wire: Wire) -> Verdict:
    """Iterating over wsgi.input gives its lines."""
    return _judge(seen, wire, ["one\n", "two\r\n", "th\rree\n", "\n", "last"], "iteration")



def _unread() -> Script:
    # The tag and the host take the place of their names only when sent: the length is that of a fixed text.
    body = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    return (Send(b"POST /first HTTP/1.1\r\nHost: @HOST@\r\nWsgicheck: @TAG@\r\nContent-Length: %d\r\n\r\n" % len(body)
                 + body, "POST"), Receive(name="first"), ask("GET", "/second"), Receive())


@scene(level=MUST, covers=("IN-022",), script=_unread(), cites=rfc(9112, "9.3"))
def unread_body_is_not_the_next_request(seen: Seen, wire: Wire) -> Verdict:
    """A body that the application did not read is no request: it is read off, or the connection ends.

    Else whoever chooses a body chooses the next request on the connection, which behind a proxy is another
    user's.
    """
    if not seen.calls:
        return lost(seen, wire)
    codes = [answer.code for answer in wire.answers]
    paths = [event.facts["environ"].get("PATH_INFO") for event in seen.calls]
    if "/smuggled" in paths:
        return f"the unread body became a request: calls for {', '.join(map(str, paths))}; expected no /smuggled"
    if wire.data.count(b"HTTP/1.") > max(len(paths), 1) and len(codes) > 1 and codes[1] >= 400:
        return f"the answers are {codes} though the second request is sound; expected 200, or a closed connection"
    return HOLDS


_GONE: Script = (Send(ask("POST", body=b"x" * 100).data[:-90]), Await("reading", 1.0))
_HANG = Citation("RFC 9112", "8", "", "https://www.rfc-editor.org/rfc/rfc9112.html#section-8")


def _broken_off(seen: Seen, wire: Wire) -> Verdict:
    if not seen.happened("reading") or ends_with_its_request(seen):
        return NOT_APPLICABLE
    if seen.happened("raised") and wire.mark("read|raised").met:
        return HOLDS
    if not wire.mark("read|raised").met:
        return "reading did not return after the client left inside the body; expected an exception or a short read"
    got = str(seen.fact("read", "result"))
    return HOLDS if len(got) < 100 else f"{len(got)} bytes were read of 10 that were sent; expected at most 10"


@scene(level=MUST, covers=("IN-023",), app=_using(_whole), script=(*_GONE, HalfClose(), Await("read|raised", 2.5),
                                                                   Abort()),
       cites=(_HANG, _END))
def input_ends_when_the_client_stops_sending(seen: Seen, wire: Wire) -> Verdict:
    """A client that ends its side inside the body causes an exception or a short read, never a hang.

    A worker that waits for bytes that cannot come any more is lost until a timeout ends it.
    """
    return _broken_off(seen, wire)


@scene(level=MUST, covers=("IN-023",), app=_using(_whole), script=(*_GONE, Abort(), Await("read|raised", 2.5)),
       cites=(_HANG, _END))
def input_ends_when_the_client_resets(seen: Seen, wire: Wire) -> Verdict:
    """A connection that is reset inside the body causes an exception or a short read, never a hang."""
    return _broken_off(seen, wire)


def _to_the_end(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    length = str(environ.get("CONTENT_LENGTH") or "")
    stage.report("reading", terminated=bool(environ.get("wsgi.input_terminated")), length=length)
    try:
        if length:
            data = _whole(environ["wsgi.input"], int(length) if length.isdigit() else 0)
        else:
            data = b""
            while block := environ["wsgi.input"].read(100):
                data += block
    except Exception as error:
        stage.report("raised", error=f"{type(error).__name__}: {error}"[:200])
    else:
        stage.report("read", result=data)
    return hello(stage, environ, start_response)


_CHUNKED: Script = (ask("POST", "/", "Transfer-Encoding: chunked"), Send(b"5\r\nhello\r\n"), Pause(0.02),
                    Send(b"7\r\n, world\r\n0\r\n\r\n"), Await("read|raised", 2.5), Receive(patience=1.0))


@scene(level=MUST, covers=("SV-014",), app=_to_the_end, script=_CHUNKED,
       cites=(pep("other-http-features", "WSGI servers **must** handle any supported inbound \"hop-by-hop\" headers\n"
                  "on their own, such as by decoding any inbound ``Transfer-Encoding``"), rfc(9112, "7.1")))
def chunked_body_is_decoded(seen: Seen, wire: Wire) -> Verdict:
    """A chunked request body reaches the application decoded and whole, or the request is refused.

    Clients send one when they do not know the length in advance; given as it came, or as empty, it is lost.
    """
    if only_http_1_0(seen, wire) or failed_request(seen, wire):
        return NOT_APPLICABLE
    return _judge(seen, wire, "hello, world", "reading a chunked body to its end")


@scene(level=MUST, covers=("SV-014",), app=_to_the_end, given=(chunked_body_is_decoded,), cites=rfc(9112, "7.1.1"),
       script=(ask("POST", "/", "Transfer-Encoding: chunked"),
               Send(b"5;x=y;z=\"a\"\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n"),
               Await("read|raised", 2.5), Receive(patience=1.0)))
def chunk_extensions_are_ignored(seen: Seen, wire: Wire) -> Verdict:
    """A chunk with an extension, and a trailer after the last one, are read like any others.

    RFC 9112 has a recipient ignore extensions that it does not know; proxies and signing clients send some.
    """
    if only_http_1_0(seen, wire) or failed_request(seen, wire):
        return NOT_APPLICABLE
    return _judge(seen, wire, "hello", "reading a chunk with an extension")


@scene(level=ADVICE, covers=("SV-028",), app=_to_the_end, script=_CHUNKED, given=(chunked_body_is_decoded,),
       cites=Citation("wsgi.input_terminated", "", "", "https://gist.github.com/mitsuhiko/5721547"))
def end_of_chunked_input_is_promised(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.input_terminated is true where a chunked body can be read to its end without CONTENT_LENGTH.

    Frameworks read such a body only when the server promises that it ends.
    """
    if not seen.happened("read") or seen.fact("reading", "length") or only_http_1_0(seen, wire):
        return NOT_APPLICABLE
    return HOLDS if seen.fact("reading", "terminated") else (
        "wsgi.input_terminated is not set, though the chunked body ends; expected it to be true")
