"""wsgi.input: what the server provides and what the application may ask of it (PEP 3333, "Input and Error Streams").

Law: READ is judged before the server is asked, so `x.bytes_read` counts what earlier reads gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeGuard

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Use
from ..model.request import Request
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rule
from ..reference.gateway import environ_of, serve
from ..show import show
from .environ import environ_is_builtin_dict
from .kinds import name_of
from .shapes import has, is_bytes

TEXT = [("Content-Type", "text/plain")]
METHODS = ("read", "readline", "readlines", "__iter__")
SIZED = ("read", "readline", "readlines")
INTO_BUFFERS = ("readinto", "readinto1")
SUPPORTED = "The methods listed in the table above must be supported by all servers conforming to this specification."
NO_OTHER = "Applications conforming to this specification must not use any other methods or attributes of the input " \
           "or errors objects."
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


def _is_exception(value: object) -> bool:
    return issubclass(type(value), BaseException)


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("IN-001", "IN-002", "IN-003", "IN-004"),
      cites=(pep("input-and-error-streams", "The input and error streams provided by the server must support the "
                                            "following methods"),
             pep("input-and-error-streams", SUPPORTED)),
      given=(environ_is_builtin_dict,))
def input_has_its_methods(x: Exchange, environ: object) -> Verdict:
    """wsgi.input has read, readline, readlines and __iter__.

    Which of the four an application uses is its own affair: form parsers read, line protocols iterate,
    old code calls readlines. A socket's makefile(), io.BytesIO or a temporary file has them all; a class
    of one's own that wraps one of these tends to lack the last two, and so does None for "no body".
    """
    if type(environ) is not dict or "wsgi.input" not in environ:
        return NOT_APPLICABLE
    stream = environ["wsgi.input"]
    missing = [name for name in METHODS if not has(stream, name)]
    if not missing:
        return HOLDS
    return f"wsgi.input is {show(stream, 80)} without {', '.join(missing)}; expected {', '.join(METHODS)}"


class _OnlyRead:
    """A stream of one method."""

    def read(self, size: int = -1) -> bytes:
        return b""


class _Unlooped(_OnlyRead):
    """A stream that can't be iterated over."""

    def readline(self) -> bytes:
        return b""

    def readlines(self, hint: int = -1) -> list[bytes]:
        return []


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _OnlyRead()


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Unlooped()


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = None


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = b""


@input_has_its_methods.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BytesIO(b"abc")


@input_has_its_methods.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BufferedReader(io.BytesIO(b"abc"))  # type: ignore[type-var, arg-type, unused-ignore]


# -- which methods ---------------------------------------------------------------------------------------------


@rule(at=Moment.READ, binds=APPLICATION, level=MUST, covers=("IN-015",),
      cites=pep("input-and-error-streams", NO_OTHER))
def only_listed_methods_of_input_are_called(x: Exchange, use: Use) -> Verdict:
    """No method of wsgi.input is called but read, readline, readlines and iteration.

    seek(0) to read the body twice, tell(), fileno(), readable() through io.TextIOWrapper: each works on the
    server whose stream is a file or a BytesIO, and is an AttributeError or "not seekable" on the one whose
    stream is a socket (wsgiref, gunicorn, mod_wsgi, uWSGI). Read the body once and keep it:
    `io.BytesIO(environ["wsgi.input"].read(length))` has all the methods there are.
    """
    if not use.called or use.name in METHODS or use.name in INTO_BUFFERS or use.name == "close":
        return NOT_APPLICABLE
    return f"wsgi.input.{use.name}() was called; expected {', '.join(METHODS)} alone"


@only_listed_methods_of_input_are_called.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    stream.read(3)
    stream.seek(0)
    start_response("200 OK", TEXT)
    return [stream.read(3)]


@only_listed_methods_of_input_are_called.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    # A feature test does not make the method portable.
    if hasattr(stream, "tell") and stream.tell() == 0:
        stream.read(3)
    start_response("200 OK", TEXT)
    return [b"Hello"]


@only_listed_methods_of_input_are_called.good(method="POST", body=b"one\ntwo\nthree\nfour\n")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    body = stream.read(4) + stream.readline() + b"".join(stream)
    start_response("200 OK", TEXT)
    return [body]


@only_listed_methods_of_input_are_called.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import io

    body = io.BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    body.seek(1)
    start_response("200 OK", TEXT)
    return [body.read()]


@rule(at=Moment.READ, binds=APPLICATION, level=MUST, covers=("IN-015",),
      cites=pep("input-and-error-streams", NO_OTHER))
def input_is_not_read_into_buffers(x: Exchange, use: Use) -> Verdict:
    """wsgi.input is read by its listed methods and not by readinto.

    Servers whose stream is a class of their own (gunicorn, uWSGI, mod_wsgi) have no readinto(), and the
    request ends in an AttributeError there; middleware that counts or limits what is read does not see such
    a read. Call `read(size)` and copy what it gave.
    """
    if not use.called or use.name not in INTO_BUFFERS or use.name in x.input_tested:
        return NOT_APPLICABLE
    return f"wsgi.input.{use.name}() was called; expected read(size)"


@rule(at=Moment.READ, binds=APPLICATION, level=ADVICE, covers=("IN-015",),
      cites=pep("input-and-error-streams", NO_OTHER))
def input_is_read_alike_from_every_server(x: Exchange, use: Use) -> Verdict:
    """wsgi.input is not read by readinto where there is one and by read elsewhere.

    The application looked for the method before it called it, so it works on every server; werkzeug's
    LimitedStream, on which Flask's request stands, does just that. It is a second way through the code that
    one server takes and another does not, and middleware that counts what read() gives is passed by. Call
    `read(size)` everywhere; where a library does it, nothing is left to be done.
    """
    if not use.called or use.name not in INTO_BUFFERS or use.name not in x.input_tested:
        return NOT_APPLICABLE
    return f"wsgi.input.{use.name}() was called where there is one; expected read(size) everywhere"


class _Readable:
    """A server's stream that is a file."""

    def __init__(self, content: bytes) -> None:
        import io

        self._buffer = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._buffer.read(size)

    def readinto(self, buffer: Any) -> int:
        return self._buffer.readinto(buffer)

    def readline(self, size: int = -1) -> bytes:
        return self._buffer.readline(size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return self._buffer.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._buffer)


def _by_readinto(stream: Any) -> None:
    stream.readinto(bytearray(3))


def _by_what_there_is(stream: Any) -> None:
    if hasattr(stream, "readinto"):
        for _ in range(3):
            stream.readinto(bytearray(1))
    else:
        stream.read(3)


def _by_read(stream: Any) -> None:
    stream.read(3)


def _read(application: Any, stream: Any, reader: Callable[[Any], None]) -> None:
    """Play a server with that stream, and put an application in its place that reads it in that way."""

    def reading(environ: dict[str, Any], start_response: Any) -> Any:
        reader(environ["wsgi.input"])
        start_response("200 OK", TEXT)
        return [b"Hello"]

    request = Request.make("POST", body=b"abc")
    application.__wrapped__ = reading
    serve(application, request, environ=environ_of(request) | {"wsgi.input": stream})


@input_is_not_read_into_buffers.bad_server
def _(application: Any) -> None:
    _read(application, _Readable(b"abc"), _by_readinto)


@input_is_not_read_into_buffers.good_server
def _(application: Any) -> None:
    _read(application, _Readable(b"abc"), _by_read)


@input_is_read_alike_from_every_server.bad_server
def _(application: Any) -> None:
    _read(application, _Readable(b"abc"), _by_what_there_is)


@input_is_read_alike_from_every_server.good_server
def _(application: Any) -> None:
    _read(application, _Readable(b"abc"), _by_read)


@rule(at=Moment.READ, binds=APPLICATION, level=MUST, covers=("IN-016",),
      cites=pep("input-and-error-streams", "In particular, applications must not attempt to close these streams, even "
                                           "if they possess close() methods."))
def input_is_not_closed(x: Exchange, use: Use) -> Verdict:
    """The application does not close wsgi.input.

    The stream is the server's, and often the connection itself: closed, it can't be emptied for the next
    request, and keep-alive breaks or the socket closes before the answer is out. It is closed by accident
    where a wrapper such as io.TextIOWrapper or io.BufferedReader is, or is collected: call its detach().
    """
    if use.name != "close" or not use.called:
        return NOT_APPLICABLE
    return "wsgi.input.close() was called; expected it to be left to the server"


@input_is_not_closed.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = environ["wsgi.input"].read(3)
    environ["wsgi.input"].close()
    start_response("200 OK", TEXT)
    return [body]


@input_is_not_closed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from contextlib import closing

    with closing(environ["wsgi.input"]):
        start_response("200 OK", TEXT)
        return [b"Hello"]


@input_is_not_closed.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return [environ["wsgi.input"].read(3)]


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("IN-015",),
      cites=pep("input-and-error-streams", NO_OTHER))
def unlisted_attributes_of_input_are_not_needed(x: Exchange, ending: Ending) -> Verdict:
    """No attribute of wsgi.input that PEP 3333 does not list is relied on.

    The application asked for one that this server's stream does not have, and the AttributeError ended the
    request. On the server where it was written the stream was a file, which had it. Use read, readline,
    readlines and iteration alone, or read the body into an io.BytesIO first.
    """
    if not x.input_attributes:
        return NOT_APPLICABLE
    if x.raised.startswith("AttributeError"):
        for name in x.input_attributes:
            if f"attribute '{name}'" in x.raised:
                return f"wsgi.input.{name} was needed and is not there; expected {', '.join(METHODS)} alone"
    return HOLDS


@unlisted_attributes_of_input_are_not_needed.bad(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import os

    size = os.fstat(environ["wsgi.input"].fileno()).st_size
    start_response("200 OK", TEXT)
    return [b"%d" % size]


@unlisted_attributes_of_input_are_not_needed.good(method="POST", body=b"abc")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return [environ["CONTENT_LENGTH"].encode()]


@rule(at=Moment.END, binds=APPLICATION, level=ADVICE, covers=("IN-015",),
      cites=pep("input-and-error-streams", NO_OTHER), given=(unlisted_attributes_of_input_are_not_needed,))
def unlisted_attributes_of_input_are_not_asked_for(x: Exchange, ending: Ending) -> Verdict:
    """wsgi.input is not asked whether it has more than PEP 3333 lists.

    hasattr(stream, "fileno") breaks nothing by itself. But what follows from the answer is a second way
    through the code that only some servers take, so that it is tested on one and fails on another. Treat
    every server's stream alike.
    """
    if not x.input_attributes:
        return NOT_APPLICABLE
    return f"wsgi.input was asked for {', '.join(x.input_attributes[:4])}; expected {', '.join(METHODS)} alone"


@unlisted_attributes_of_input_are_not_asked_for.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return [b"yes" if hasattr(environ["wsgi.input"], "fileno") else b"no"]


@unlisted_attributes_of_input_are_not_asked_for.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    closed = getattr(environ["wsgi.input"], "closed", False)
    start_response("200 OK", TEXT)
    return [b"yes" if closed else b"no"]


@unlisted_attributes_of_input_are_not_asked_for.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return [b"yes" if hasattr(environ["wsgi.input"], "readline") else b"no"]


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


# -- what comes out --------------------------------------------------------------------------------------------


@rule(at=Moment.DATA, binds=SERVER, level=MUST, covers=("IN-017", "STR-002"),
      cites=pep("unicode-issues", "For values referred to in this specification as \"bytestrings\" (i.e., values "
                                  "read from wsgi.input, passed to write() or yielded by the application), the value "
                                  "must be of type bytes under Python 3"))
def input_gives_bytes(x: Exchange, use: Use) -> Verdict:
    """Whatever is read from wsgi.input is bytes.

    A text stream (sys.stdin, StringIO in a hand-made test) gives str, and every form parser fails on it; a
    non-blocking socket gives None, which is neither data nor the end. Pass sys.stdin.buffer or
    io.BytesIO(body), and let the socket block.
    """
    data = use.result
    if type(data) is bytes and use.name != "readlines":
        return HOLDS
    if use.name not in METHODS or _is_exception(data):
        return NOT_APPLICABLE
    where = "iteration over wsgi.input" if use.name == "__iter__" else f"wsgi.input.{use.name}()"
    if use.name != "readlines":
        return HOLDS if is_bytes(data) else f"{where} gave {show(data, 80)}, of type {name_of(data)}; expected bytes"
    if type(data) is not list and type(data) is not tuple:
        return f"{where} gave {show(data, 80)}, of type {name_of(data)}; expected a list of bytes"
    for line in data:
        if not is_bytes(line):
            return f"{where} gave a list with {show(line, 80)}, of type {name_of(line)}; expected bytes"
    return HOLDS


class _Giving(_Unlooped):
    """A stream that gives the same thing whatever is asked."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def read(self, size: int = -1) -> Any:
        return self._thing

    def __iter__(self) -> Iterator[Any]:
        return iter(())


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.StringIO("abc")


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Giving(None)


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Giving(bytearray(b"abc"))


@input_gives_bytes.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BytesIO(b"abc")


@input_gives_bytes.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    # The client has left in the middle of the body: what comes is short.
    environ["wsgi.input"] = _Giving(b"")
