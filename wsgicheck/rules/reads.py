"""How much of wsgi.input the application asks for, and how it says so (PEP 3333, "Input and Error Streams", notes 1-3).

Law: READ is judged before the server is asked, so `x.bytes_read` counts what earlier reads gave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeGuard

from ..model.exchange import Exchange
from ..model.moments import Moment, Use
from ..model.request import Request
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rule
from ..show import show
from .input import METHODS
from .input_use import only_listed_methods_of_input_are_called
from .shapes import has

TEXT = [("Content-Type", "text/plain")]
SIZED = ("read", "readline", "readlines")
NO_MORE = "The application should not attempt to read more data than is specified by the CONTENT_LENGTH variable."
_UNGIVEN = object()

TERMINATED = replace(Request.make("POST", body=b"abc"), input_terminated=True)
UNKNOWN_LENGTH = replace(Request.make("POST", body=b"abc").with_variables(CONTENT_LENGTH=None),
                         input_terminated=False)
CHUNKED = replace(UNKNOWN_LENGTH, input_terminated=True)


def _size(use: Use) -> object:
    """Return the size or hint that was passed, by position or by keyword; _UNGIVEN where none was."""
    return use.args[0] if use.args else next(iter(use.keywords.values()), _UNGIVEN)


def _is_int(value: object) -> TypeGuard[int]:
    return type(value) is int or issubclass(type(value), int)


# -- their arguments -------------------------------------------------------------------------------------------


@rule(at=Moment.READ, binds=APPLICATION, level=SHOULD, covers=("IN-019",),
      cites=pep("the-start-response-callable", "(As with all WSGI callables, the arguments must be supplied "
                                               "positionally, not by keyword.)"))
def read_arguments_are_positional(x: Exchange, use: Use) -> Verdict:
    """The size of a read is passed by position and not by keyword.

    The parameter's name is the server's: Python's own streams take no keyword at all, others call it n or
    amt. read(size=10) is a TypeError on most. Write `read(10)`.
    """
    if use.name not in SIZED:
        return NOT_APPLICABLE
    if not use.keywords:
        return HOLDS
    return f"wsgi.input.{use.name} was called with the keyword {next(iter(use.keywords))}; expected it by position"


@read_arguments_are_positional.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        body = environ["wsgi.input"].read(size=3)
    except TypeError:
        body = b""
    start_response("200 OK", TEXT)
    return [body]


@read_arguments_are_positional.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        body = environ["wsgi.input"].readlines(hint=3)
    except TypeError:
        body = []
    start_response("200 OK", TEXT)
    return body


@read_arguments_are_positional.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(3)
    start_response("200 OK", TEXT)
    return [body]


@rule(at=Moment.READ, binds=APPLICATION, level=MUST, covers=("IN-020",),
      cites=pep("input-and-error-streams", "The semantics of each method are as documented in the Python Library "
                                           "Reference"))
def reads_take_at_most_one_argument(x: Exchange, use: Use) -> Verdict:
    """read, readline and readlines are called with one argument at most.

    There is a size, or a hint, and nothing else: a second argument is a TypeError on every server. A
    timeout or a "block" flag belongs to sockets, which wsgi.input is none of.
    """
    if use.name not in SIZED:
        return NOT_APPLICABLE
    count = len(use.args) + len(use.keywords)
    if count <= 1:
        return HOLDS
    return f"wsgi.input.{use.name} was called with {count} arguments; expected one at most"


@reads_take_at_most_one_argument.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        body = environ["wsgi.input"].read(3, 0)
    except TypeError:
        body = b""
    start_response("200 OK", TEXT)
    return [body]


@reads_take_at_most_one_argument.good(method="POST", body=b"abc\ndef\n")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].readline(3)
    start_response("200 OK", TEXT)
    return [body]


@rule(at=Moment.READ, binds=APPLICATION, level=SHOULD, covers=("IN-021",),
      cites=(cited("Web-SIG", "2010-04-16", url="https://mail.python.org/pipermail/web-sig/2010-April/"),
             pep("input-and-error-streams", "A server should allow read() to be called without an argument, and return "
                                            "the remainder of the client's input stream.")),
      given=(reads_take_at_most_one_argument,))
def read_sizes_are_natural_numbers(x: Exchange, use: Use) -> Verdict:
    """The size of a read is an integer and not negative: neither -1 nor None stands for "all".

    Servers with a stream of their own compare the size with what is left: min(-1, left) reads nothing or
    everything beyond the request, and None is a TypeError. It comes from handing on the default of a
    wrapper's own read(size=-1). Write `read(length)`, or read() where you mean all.
    """
    if use.name not in SIZED:
        return NOT_APPLICABLE
    size = _size(use)
    if size is _UNGIVEN:
        return NOT_APPLICABLE
    if _is_int(size):
        if int.__ge__(size, 0):
            return HOLDS
    elif size is not None and has(size, "__index__"):
        return HOLDS
    return f"wsgi.input.{use.name}({show(size, 60)}) was called; expected a size of 0 or more"


@read_sizes_are_natural_numbers.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(-1)
    start_response("200 OK", TEXT)
    return [body]


@read_sizes_are_natural_numbers.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(None)
    start_response("200 OK", TEXT)
    return [body]


@read_sizes_are_natural_numbers.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        body = environ["wsgi.input"].read(environ["CONTENT_LENGTH"])
    except TypeError:
        body = b""
    start_response("200 OK", TEXT)
    return [body]


@read_sizes_are_natural_numbers.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    body = stream.read(0) + stream.read()
    start_response("200 OK", TEXT)
    return [body]


# -- how much --------------------------------------------------------------------------------------------------


def _beyond(x: Exchange, use: Use) -> str | None:
    """Return what is wrong where a read asks for more than is left of CONTENT_LENGTH."""
    size = _size(use)
    if use.name != "read" or x.request_length is None or not _is_int(size):
        return None
    left = max(0, x.request_length - x.bytes_read)
    if int.__le__(size, left):
        return None
    return (f"wsgi.input.read({show(size, 40)}) was called with {left} of CONTENT_LENGTH {x.request_length} left; "
            f"expected no more than is left")


@rule(at=Moment.READ, binds=APPLICATION, level=SHOULD, covers=("IN-008",),
      cites=pep("input-and-error-streams", NO_MORE), given=(only_listed_methods_of_input_are_called,))
def reads_stay_within_content_length(x: Exchange, use: Use) -> Verdict:
    """No read asks for more than is left of CONTENT_LENGTH.

    A server SHOULD give an end of file there, and need not: wsgiref.simple_server hands out the socket, and
    a read beyond the body waits for bytes that never come. `while chunk := stream.read(8192)` does it with
    its last read. Count what is left, and ask for `min(8192, left)`; read() without a size is fine.
    """
    if x.input_terminated or use.name != "read":
        return NOT_APPLICABLE
    return _beyond(x, use)


@reads_stay_within_content_length.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(65536)
    start_response("200 OK", TEXT)
    return [body]


@reads_stay_within_content_length.bad(method="POST", body=b"abcdef")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The last read of a copying loop.
    start_response("200 OK", TEXT)
    return list(iter(lambda: environ["wsgi.input"].read(2), b""))


@reads_stay_within_content_length.bad(method="GET", CONTENT_LENGTH="0")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(1)
    start_response("200 OK", TEXT)
    return [body]


@reads_stay_within_content_length.good(
    request=replace(Request.make("POST", body=b"abcdefgh"), reads=(1, 3, 2)))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Short reads are no end: what is left is counted.
    left = int(environ.get("CONTENT_LENGTH") or 0)
    chunks = []
    while left and (chunk := environ["wsgi.input"].read(min(4, left))):
        chunks.append(chunk)
        left -= len(chunk)
    start_response("200 OK", TEXT)
    return chunks


@reads_stay_within_content_length.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # read() without a size is the remainder, by the PEP's own words.
    body = environ["wsgi.input"].read()
    start_response("200 OK", TEXT)
    return [body]


@reads_stay_within_content_length.good(method="POST", body=b"one\ntwo\n")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The size of readline() is a bound on one line and no demand for as many bytes.
    stream = environ["wsgi.input"]
    lines = [stream.readline(65536), stream.readline(65536)]
    start_response("200 OK", TEXT)
    return lines


@reads_stay_within_content_length.bad(method="POST", body=b"0123456789", CONTENT_TYPE="application/octet-stream")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Blocks of four: right for whatever is a multiple of four, wrong for ten.
    left = int(environ["CONTENT_LENGTH"])
    while left > 0:
        environ["wsgi.input"].read(4)
        left -= 4
    start_response("200 OK", TEXT)
    return [b"Hello"]


@reads_stay_within_content_length.good(method="POST", body=b"01234567", CONTENT_TYPE="application/octet-stream")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    left = int(environ["CONTENT_LENGTH"])
    while left > 0:
        environ["wsgi.input"].read(4)
        left -= 4
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.READ, binds=APPLICATION, level=ADVICE, covers=("IN-008",),
      cites=pep("input-and-error-streams", NO_MORE), given=(only_listed_methods_of_input_are_called,))
def reads_need_no_simulated_end(x: Exchange, use: Use) -> Verdict:
    """No read asks for more than is left of CONTENT_LENGTH, also where the server promises an end of file.

    wsgi.input_terminated says that this server ends the stream with the body, so nothing hangs here. The
    same code waits for ever on a server without that promise. Count what is left all the same.
    """
    if not x.input_terminated or use.name != "read":
        return NOT_APPLICABLE
    return _beyond(x, use)


@reads_need_no_simulated_end.bad(request=TERMINATED)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(65536)
    start_response("200 OK", TEXT)
    return [body]


@reads_need_no_simulated_end.good(request=TERMINATED)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(3)
    start_response("200 OK", TEXT)
    return [body]


@reads_need_no_simulated_end.good(request=CHUNKED)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Where nothing says how much there is, the end is all there is to go by.
    start_response("200 OK", TEXT)
    return list(iter(lambda: environ["wsgi.input"].read(2), b""))


@rule(at=Moment.READ, binds=APPLICATION, level=ADVICE, covers=("PORT-003",), allows=("IN-013",),
      cites=pep("input-and-error-streams", "The server is not required to read past the client's specified "
                                           "Content-Length, and should simulate an end-of-file condition"))
def unbounded_reads_have_a_known_end(x: Exchange, use: Use) -> Verdict:
    """Nothing is read without a bound where neither CONTENT_LENGTH nor wsgi.input_terminated tells of an end.

    A request without CONTENT_LENGTH has no body, or one of unknown length. read() then waits for the client
    to close the connection on a server that hands out the socket. Read only if CONTENT_LENGTH is given or
    `environ.get("wsgi.input_terminated")` is true; answer 411 to a body of unknown length otherwise.
    """
    if x.request_length is not None or x.input_terminated or use.name not in METHODS:
        return NOT_APPLICABLE
    size = _UNGIVEN if use.name == "__iter__" else _size(use)
    bounded = size is not None and size is not _UNGIVEN
    if bounded and _is_int(size):
        bounded = int.__ge__(size, 0)
    if bounded:
        return HOLDS
    called = "iterated over" if use.name == "__iter__" else f"read by {use.name}() without a size"
    return (f"wsgi.input was {called}, and there is no CONTENT_LENGTH and no wsgi.input_terminated; "
            "expected a size, or no read")


@unbounded_reads_have_a_known_end.bad(request=UNKNOWN_LENGTH)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read()
    start_response("200 OK", TEXT)
    return [body]


@unbounded_reads_have_a_known_end.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A plain GET, by an application that reads whatever was asked.
    lines = list(environ["wsgi.input"])
    start_response("200 OK", TEXT)
    return lines


@unbounded_reads_have_a_known_end.bad(method="POST", CONTENT_LENGTH="")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines()
    start_response("200 OK", TEXT)
    return lines


@unbounded_reads_have_a_known_end.good(request=CHUNKED)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else b""
    start_response("200 OK", TEXT)
    return [body]


@unbounded_reads_have_a_known_end.good(method="POST", body=b"one\ntwo\n")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # IN-013: the hint of readlines() may be left out.
    lines = environ["wsgi.input"].readlines()
    start_response("200 OK", TEXT)
    return lines


@unbounded_reads_have_a_known_end.good(request=UNKNOWN_LENGTH)
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("411 Length Required", TEXT)
    return [b"say how long the body is\n"]
