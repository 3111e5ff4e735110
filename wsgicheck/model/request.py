"""One request as plain facts, and what the server does with its answer.

A Request holds what the gateway would put into environ (strings of code points below 256 that carry
bytes, PEP 3333 "Unicode Issues") and how wsgi.input will behave; no live object, so it can be shrunk,
pickled, printed and repeated. A Drive says how the server treats the exchange. Together they are a Case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["PLAIN", "Case", "Drive", "Request"]

_BASE: tuple[tuple[str, str], ...] = (
    ("REQUEST_METHOD", "GET"),
    ("SCRIPT_NAME", ""),
    ("PATH_INFO", "/"),
    ("QUERY_STRING", ""),
    ("SERVER_NAME", "127.0.0.1"),
    ("SERVER_PORT", "80"),
    ("SERVER_PROTOCOL", "HTTP/1.1"),
    ("HTTP_HOST", "127.0.0.1"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What the application is asked.

    Attributes:
        variables: the CGI and HTTP_* variables of environ, in order; an absent key is absent here.
        body: the request's content, in bytes as wsgi.input will give them.
        reads: the most bytes that each successive read returns at once (a server that passes on what
            the socket has); reads beyond the tuple are whole. Empty: every read is whole.
        input_terminated: whether wsgi.input_terminated is set, so that the end of the input is its end
            also without CONTENT_LENGTH (a chunked body, de-chunked by the server).
        url_scheme: wsgi.url_scheme.
        multithread, multiprocess, run_once: the flags of environ.
        file_wrapper: whether the server offers wsgi.file_wrapper.
    """

    variables: tuple[tuple[str, str], ...] = _BASE
    body: bytes = b""
    reads: tuple[int, ...] = ()
    input_terminated: bool = False
    url_scheme: str = "http"
    multithread: bool = False
    multiprocess: bool = False
    run_once: bool = False
    file_wrapper: bool = True

    def get(self, key: str, default: str = "") -> str:
        """Return the variable `key`, or `default` where it is absent."""
        for name, value in self.variables:
            if name == key:
                return value
        return default

    def has(self, key: str) -> bool:
        """Tell whether the variable `key` is present."""
        return any(name == key for name, _ in self.variables)

    @property
    def method(self) -> str:
        return self.get("REQUEST_METHOD", "GET")

    @property
    def path(self) -> str:
        """PATH_INFO, "" where absent."""
        return self.get("PATH_INFO")

    @property
    def query(self) -> str:
        """QUERY_STRING, "" where absent."""
        return self.get("QUERY_STRING")

    def with_variables(self, **changes: str | None) -> Request:
        """Return a copy in which each named variable has the given value, or is absent if that is None."""
        kept = [(name, changes.pop(name, value)) for name, value in self.variables]
        merged = [*kept, *changes.items()]
        return replace(self, variables=tuple((name, value) for name, value in merged if value is not None))

    @classmethod
    def make(cls, method: str = "GET", path: str = "/", query: str = "", *, body: bytes = b"",
             content_type: str | None = None, **variables: str | None) -> Request:
        """Build an ordinary request; further keywords are environ variables (None leaves one out)."""
        changes: dict[str, str | None] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        if body:
            changes["CONTENT_LENGTH"] = str(len(body))
        if content_type is not None:
            changes["CONTENT_TYPE"] = content_type
        return cls(body=body).with_variables(**changes | variables)


@dataclass(frozen=True, slots=True)
class Drive:
    """What the server does with the answer.

    Attributes:
        stop_after: the server stops iterating after this many items and calls close(), as when the
            client has left; None iterates to the end.
        start_raises: start_response records its arguments and then raises, as a server does that
            refuses the headers (PEP 3333, the sample gateway).
        write_raises_after: write() raises after this many calls, as when the client has left.
        calls: how often the same request is made one after the other.
        headers: what the server does with the header list once start_response was called, which it may change
            in any way: nothing, "cleared", or "marked" with a field of its own.
        closes: how often the server calls close(), as stacks of middleware do on their error paths.
        watched: the server remembers, without holding them, environ's streams and start_response.
    """

    stop_after: int | None = None
    start_raises: bool = False
    write_raises_after: int | None = None
    calls: int = 1
    headers: Literal["", "cleared", "marked"] = ""
    closes: int = 1
    watched: bool = False


PLAIN = Drive()


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try: a request and what the server does with its answer."""

    request: Request
    drive: Drive = PLAIN
