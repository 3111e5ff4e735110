"""The exemplary gateway, in process: makes an environ of a Request, calls an application, takes its answer.

It keeps the server's half of PEP 3333 to the letter and is strict where the PEP says that a server
raises; where the PEP leaves the server free it takes what it gets, so that one mistake of the
application does not hide the next.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..model.moments import Ending
from ..model.request import PLAIN, Drive, Request

__all__ = ["MARK", "Errors", "FileWrapper", "Input", "Refused", "Response", "environ_of", "serve"]

MOST_ITEMS = 10_000
"""Items after which the gateway leaves an endless body."""
MOST_BYTES = 64 * 1024 * 1024
"""Body bytes after which it does."""


MARK = ("X-Wsgicheck-Server", "was here")
"""The field that a server adds to the header list when its drive says so."""


class Input:
    """wsgi.input over known content: ends where the content ends, and reads as short as it is told to.

    PEP 3333, "Input and Error Streams": read, readline, readlines and iteration. It possesses close, seek
    and tell besides, as most servers' streams do, so that an application that uses them is seen to.
    """

    __slots__ = ("__weakref__", "_buffer", "_reads")

    def __init__(self, content: bytes, reads: tuple[int, ...] = ()) -> None:
        self._buffer = io.BytesIO(content)
        self._reads = iter(reads)

    def read(self, size: int = -1, /) -> bytes:
        if size is None or size < 0:
            return self._buffer.read()
        most = next(self._reads, None)
        return self._buffer.read(size if most is None or size == 0 else max(1, min(size, most)))

    def readline(self, size: int = -1, /) -> bytes:
        return self._buffer.readline(size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return self._buffer.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._buffer.readline, b"")

    def close(self) -> None:
        pass

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._buffer.seek(offset, whence)

    def tell(self) -> int:
        return self._buffer.tell()


class Errors:
    """wsgi.errors that keeps what is written, up to a bound; possesses close and isatty, as log files do."""

    __slots__ = ("__weakref__", "_size", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self._size = 0

    def write(self, text: str, /) -> None:
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        self._size += len(text)
        if self._size < 65536:
            self.text.append(text)

    def writelines(self, lines: Any, /) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


class FileWrapper:
    """wsgi.file_wrapper: an iterable over read() whose close() closes the file (PEP 3333, "File Handling")."""

    def __init__(self, filelike: Any, block_size: int = 8192, /) -> None:
        self._filelike = filelike
        self._block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._filelike.read(self._block_size), b"")


def environ_of(request: Request) -> dict[str, Any]:
    """Return the environ of `request`, with streams and flags, as a server would build it."""
    environ: dict[str, Any] = dict(request.variables)
    environ["wsgi.version"] = (1, 0)
    environ["wsgi.url_scheme"] = request.url_scheme
    environ["wsgi.input"] = Input(request.body, request.reads)
    environ["wsgi.errors"] = Errors()
    environ["wsgi.multithread"] = request.multithread
    environ["wsgi.multiprocess"] = request.multiprocess
    environ["wsgi.run_once"] = request.run_once
    if request.input_terminated:
        environ["wsgi.input_terminated"] = True
    if request.file_wrapper:
        environ["wsgi.file_wrapper"] = FileWrapper
    return environ


class Refused(Exception):
    """What the gateway raises out of start_response or write() when its drive says so."""


@dataclass(slots=True)
class Response:
    """What the gateway got.

    Attributes:
        status, headers: as last set; None before start_response was called.
        chunks: the non-empty body items, written ones first, in order.
        ending: how the exchange ended.
        error: what left the application or its body, None if nothing did.
    """

    status: Any = None
    headers: Any = None
    chunks: list[bytes] = field(default_factory=list)
    ending: Ending = Ending.EXHAUSTED
    error: BaseException | None = None
    errors_text: str = ""
    traces: dict[str, weakref.ref[Any]] = field(default_factory=dict)
    """By name, what a watched exchange gave to the application."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


class _Gateway:
    """One exchange."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.response = Response()
        self.sent = False
        self.writes = 0
        self.cleared: list[tuple[list[Any], list[Any]]] = []

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], None]:
        response = self.response
        if exc_info and exc_info[0] is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif response.status is not None:
            raise RuntimeError("start_response was called twice without exc_info")
        # Recorded before anything can be refused: the call counts (PEP 3333, the sample gateway).
        response.status, response.headers = status, headers
        if self.drive.start_raises:
            raise Refused("the server refuses these headers")
        if self.drive.headers and isinstance(headers, list):
            self.change(headers)
        return self.write

    def change(self, headers: list[Any]) -> None:
        """Change the list as a server may: "in any way it desires" (PEP 3333, "The start_response() Callable")."""
        if self.drive.headers == "marked":
            headers.append(MARK)
        else:
            self.response.headers = list(headers)
            self.cleared.append((headers, self.response.headers))
            headers.clear()

    def restore(self) -> None:
        """Give the lists their fields back, so that one exchange cannot spoil the next ones."""
        for headers, fields in self.cleared:
            if not headers:
                headers.extend(fields)

    def write(self, data: bytes, /) -> None:
        after = self.drive.write_raises_after
        if after is not None and self.writes >= after:
            raise Refused("the client has left")
        self.writes += 1
        self.take(data)

    def take(self, data: Any) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"a body item is {type(data).__name__}, not bytes")
        if data:
            if self.response.status is None:
                raise RuntimeError("body data came before start_response was called")
            self.sent = True
            self.response.chunks.append(data)

    def iterate(self, body: Any) -> Ending:
        stop_after = self.drive.stop_after
        if stop_after == 0:
            return Ending.CLOSED
        size = 0
        for items, item in enumerate(body, 1):
            self.take(item)
            size += len(item)
            if items == stop_after or items >= MOST_ITEMS or size >= MOST_BYTES:
                return Ending.CLOSED
        if self.response.status is None:
            raise RuntimeError("the body ended and start_response was never called")
        return Ending.EXHAUSTED


def serve(application: Callable[..., Any], request: Request, drive: Drive = PLAIN,
          environ: dict[str, Any] | None = None) -> Response:
    """Ask `application` once and return what it answered; never raises what the application raises.

    Args:
        environ: is used in place of the one that `request` makes.
    """
    if environ is None:
        environ = environ_of(request)
    errors = environ.get("wsgi.errors")
    gateway = _Gateway(drive)
    response = gateway.response
    if drive.watched:
        response.traces = {"wsgi.input": weakref.ref(environ["wsgi.input"]), "wsgi.errors": weakref.ref(errors),
                           "start_response": weakref.ref(gateway)}
    body: Any = None
    try:
        body = application(environ, gateway.start_response)
        response.ending = gateway.iterate(body)
    except BaseException as error:
        response.error = error
        response.ending = Ending.RAISED
    finally:
        # Looked up on the object that the application returned, and called whatever happened.
        close = getattr(body, "close", None)
        for _ in range(drive.closes):
            if close is None:
                break
            try:
                close()
            except BaseException as error:
                if response.error is None:
                    response.error = error
                response.ending = Ending.RAISED
        gateway.restore()
    if isinstance(errors, Errors):
        response.errors_text = "".join(errors.text)
    return response

