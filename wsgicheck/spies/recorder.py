"""Writes down the requests that a watched application is asked, one line each, so that a later run can ask them again.

Laws: the application gets the same bytes from wsgi.input as without it; what it does not read is not recorded; a
body is kept up to a bound, and so is the file; a file that cannot be written to ends the recording, not the site.
The file holds cookies and passwords as they came, so only its owner may read it.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError
from ..model.exchange import Exchange
from ..model.request import Request
from ..model.traffic import to_line
from ..show import show

__all__ = ["Recorder"]

MOST_BODY = 1024 * 1024
"""Bytes of one request's body that are kept."""
MOST_FILE = 256 * 1024 * 1024
"""Bytes after which a file is left as it is."""
_MOST_OPEN = 10_000
_NAMES = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
          "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR")
log = logging.getLogger("wsgicheck")


class _Tee:
    """wsgi.input that remembers what was read from it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.read_so_far = bytearray()

    def _keep(self, data: Any) -> Any:
        if isinstance(data, bytes) and len(self.read_so_far) < MOST_BODY:
            self.read_so_far += data[:MOST_BODY - len(self.read_so_far)]
        return data

    def read(self, *args: Any, **keywords: Any) -> Any:
        return self._keep(self._stream.read(*args, **keywords))

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._keep(self._stream.readline(*args, **keywords))

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        lines = self._stream.readlines(*args, **keywords)
        for line in lines if isinstance(lines, list) else ():
            self._keep(line)
        return lines

    def __iter__(self) -> Iterator[Any]:
        return (self._keep(line) for line in self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _TeeFile(_Tee):
    """The same over what is its own iterator and context manager, as files are."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._keep(next(self._stream))

    def __enter__(self) -> Any:
        entered = self._stream.__enter__()
        return self if entered is self._stream else entered

    def __exit__(self, *error: Any) -> Any:
        return self._stream.__exit__(*error)


class _Taken:
    """One request while it goes on."""

    def __init__(self, environ: dict[Any, Any]) -> None:
        self.variables = tuple((name, value) for name, value in environ.items()
                               if type(name) is str and type(value) is str
                               and (name in _NAMES or name.startswith("HTTP_")))
        self.scheme = "https" if environ.get("wsgi.url_scheme") == "https" else "http"
        self.terminated = bool(environ.get("wsgi.input_terminated"))
        stream = environ.get("wsgi.input")
        self.tee: _Tee | None = None
        if stream is not None:
            kind = type(stream)
            whole = all(hasattr(kind, name) for name in ("__next__", "__enter__", "__exit__"))
            self.tee = environ["wsgi.input"] = (_TeeFile if whole else _Tee)(stream)

    def request(self) -> Request:
        body = bytes(self.tee.read_so_far) if self.tee is not None else b""
        return Request(self.variables, body, input_terminated=self.terminated, url_scheme=self.scheme)


class Recorder:
    """Appends to one file; may be used from any thread and by several processes.

    Raises:
        ConfigError: the file cannot be opened.
    """

    def __init__(self, name: str) -> None:
        try:
            handle = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot record to {show(name)}: {getattr(error, 'strerror', None) or error}") from error
        self._handle = handle
        weakref.finalize(self, os.close, handle)
        self._left = MOST_FILE - os.fstat(handle).st_size
        self._lock = threading.Lock()
        self._here = threading.local()
        self._open: dict[int, _Taken] = {}

    def enter(self, environ: object) -> None:
        """Take note of a request that is about to be made in this thread."""
        self._here.taken = _Taken(environ) if isinstance(environ, dict) and self._left > 0 else None

    def begin(self, x: Exchange) -> None:
        """Connect the exchange with the request that was entered last in this thread."""
        taken = getattr(self._here, "taken", None)
        if taken is not None:
            with self._lock:
                if len(self._open) < _MOST_OPEN:
                    self._open[id(x)] = taken
            self._here.taken = None

    def done(self, x: Exchange) -> None:
        """Write the exchange's request down."""
        with self._lock:
            taken = self._open.pop(id(x), None)
        if taken is None or self._left <= 0:
            return
        try:
            line = (to_line(taken.request()) + "\n").encode("ascii")
            with self._lock:
                os.write(self._handle, line)    # in one piece, so that lines of several processes stay whole
                self._left -= len(line)
        except (OSError, ValueError) as error:
            self._left = 0
            log.warning("recording has ended: %s", error)
