"""Which methods of wsgi.input the application uses (PEP 3333, "Input and Error Streams").

Law: looking for an attribute is less than calling it: the one is judged at the end, the other where it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Use
from ..model.request import Request
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, Verdict, pep, rule
from ..reference.gateway import environ_of, serve
from .input import METHODS

TEXT = [("Content-Type", "text/plain")]
INTO_BUFFERS = ("readinto", "readinto1")
NO_OTHER = "Applications conforming to this specification must not use any other methods or attributes of the input " \
           "or errors objects."


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
