"""The request side of the exemplary server: bytes in, a checked request head and wsgi.input out.

Laws: what RFC 9112 calls malformed is refused and never repaired, since two readers that repair differently
are how requests are smuggled; no byte beyond the request's own body is ever given to the application.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

__all__ = ["Body", "ClientGone", "Head", "RequestRefused", "Stream", "body_length", "parse_head"]

MOST_HEAD = 65536
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/(1\.[01])\Z")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*\Z")
_DIGITS = re.compile(r"[0-9]{1,18}\Z")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\x20-\x7e\t]*)?\r\n\Z")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)([^#]*)\Z", re.IGNORECASE)


class RequestRefused(Exception):
    """The request is answered with this status, and the connection ends."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class ClientGone(OSError):
    """The client closed the connection in the middle of what it owed."""


class Stream:
    """The socket's bytes, buffered, so that a pipelined request waits its turn."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.buffer = bytearray()

    def fill(self) -> bool:
        """Take what the socket has; false at the end."""
        piece = self.line.recv(65536)
        self.buffer += piece
        return bool(piece)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes, at least one; raise ClientGone at the end."""
        if not self.buffer and not self.fill():
            raise ClientGone("the client closed the connection inside the body")
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def take_line(self, most: int = 4096) -> bytes:
        """Return one line with its end; raise ClientGone at the end, RequestRefused when it is too long."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > most:
                raise RequestRefused("400 Bad Request")
            if not self.fill():
                raise ClientGone("the client closed the connection inside the body")
        data = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        return data

    def take_head(self) -> bytes:
        """Return the bytes up to the empty line, b"" when the client closed before it sent any."""
        while True:
            # RFC 9112 2.2: an empty line before the request line is ignored.
            while self.buffer[:2] == b"\r\n":
                del self.buffer[:2]
            end = self.buffer.find(b"\r\n\r\n")
            if end >= 0:
                data = bytes(self.buffer[:end])
                del self.buffer[: end + 4]
                return data
            if len(self.buffer) > MOST_HEAD:
                raise RequestRefused("431 Request Header Fields Too Large")
            if b"\n\n" in self.buffer or b"\n\r\n" in self.buffer:
                raise RequestRefused("400 Bad Request")
            if not self.fill():
                return b""


@dataclass(slots=True)
class Head:
    """A request head; texts are Latin-1."""

    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """Return the values of the fields called `name` (lower case), in order."""
        return [value for key, value in self.fields if key.lower() == name]

    @property
    def path(self) -> str:
        """The path of the target, percent-decoded, as bytes in Latin-1."""
        raw = self.raw_path.partition("?")[0]
        return unquote_to_bytes(raw.encode("latin-1")).decode("latin-1")

    @property
    def query(self) -> str:
        """What follows the question mark, as sent."""
        return self.raw_path.partition("?")[2]

    @property
    def raw_path(self) -> str:
        """Path and query of the target, whatever its form."""
        absolute = _ABSOLUTE.match(self.target)
        if absolute is not None:
            rest = absolute[2]
            return rest if rest.startswith("/") else "/" + rest
        return "" if self.target == "*" else self.target

    @property
    def host(self) -> str:
        """The authority that was asked: the target's own where it has one, else Host's."""
        absolute = _ABSOLUTE.match(self.target)
        if absolute is not None:
            return absolute[1]
        return next(iter(self.values("host")), "")


def parse_head(data: bytes) -> Head:
    """Read a request head; raise RequestRefused where RFC 9112 has the server do so."""
    lines = data.split(b"\r\n")
    line = _REQUEST_LINE.match(lines[0])
    if line is None:
        if re.match(rb"\S+ \S+ HTTP/[02-9]\.\d\Z", lines[0]):
            raise RequestRefused("505 HTTP Version Not Supported")
        raise RequestRefused("400 Bad Request")
    fields = []
    for raw in lines[1:]:
        field = _FIELD.match(raw)
        if field is None:
            raise RequestRefused("400 Bad Request")
        fields.append((field[1].decode("latin-1"), field[2].decode("latin-1")))
    head = Head(line[1].decode("latin-1"), line[2].decode("latin-1"), line[3].decode("latin-1"), fields)
    hosts = head.values("host")
    if len(hosts) > 1 or (head.version == "1.1" and not hosts):
        raise RequestRefused("400 Bad Request")
    return head


def body_length(head: Head) -> int | None:
    """Return the length of the body, None where it is chunked; raise RequestRefused where it is unclear."""
    codings = [token.strip().lower() for value in head.values("transfer-encoding")
               for token in value.split(",")]
    lengths = set(head.values("content-length"))
    if codings:
        if lengths or head.version == "1.0":
            raise RequestRefused("400 Bad Request")
        if codings != ["chunked"]:
            raise RequestRefused("501 Not Implemented")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or _DIGITS.match(next(iter(lengths))) is None:
        raise RequestRefused("400 Bad Request")
    return int(next(iter(lengths)))


class Body:
    """wsgi.input: read on demand, ending where the body ends.

    `before_read` is called once, when the application first asks for data.
    """

    def __init__(self, stream: Stream, length: int | None, before_read: Callable[[], None]) -> None:
        self._stream, self._before_read = stream, before_read
        self._chunked = length is None
        self._left = length or 0
        self.ended = length == 0
        self.asked = False

    def _next_chunk(self) -> None:
        line = _CHUNK.match(self._stream.take_line())
        if line is None:
            raise RequestRefused("400 Bad Request")
        self._left = int(line[1], 16)
        if self._left == 0:
            while self._stream.take_line() != b"\r\n":
                pass
            self.ended = True

    def _some(self, size: int) -> bytes:
        """Return up to `size` bytes of the body, b"" at its end only."""
        if self.ended or size == 0:
            return b""
        if not self.asked:
            self.asked = True
            self._before_read()
        if self._chunked and self._left == 0:
            self._next_chunk()
            if self.ended:
                return b""
        data = self._stream.take(min(size, self._left))
        self._left -= len(data)
        if self._left == 0:
            if not self._chunked:
                self.ended = True
            elif self._stream.take_line() != b"\r\n":
                raise RequestRefused("400 Bad Request")
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer at the end only; all that remain without a size."""
        parts = []
        left = 1 << 62 if size is None or size < 0 else size
        while left and (data := self._some(min(left, 1 << 20))):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return one line with its line feed, at most `size` bytes of it."""
        most = 1 << 62 if size is None or size < 0 else size
        line = bytearray()
        while len(line) < most:
            # Never more than what is in the buffer up to the line's end, so that nothing need be put back.
            end = self._stream.buffer.find(b"\n")
            here = end + 1 if end >= 0 else max(1, len(self._stream.buffer))
            if self._chunked and self._left == 0:
                here = 1
            data = self._some(min(here, most - len(line)))
            line += data
            if not data or line.endswith(b"\n"):
                break
        return bytes(line)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Return the remaining lines; the hint is ignored, as PEP 3333 permits."""
        return list(iter(self.readline, b""))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def drain(self, most: int = 65536) -> bool:
        """Read off what the application left, up to `most` bytes; false when more is left."""
        while most > 0:
            data = self._some(most)
            if not data:
                return True
            most -= len(data)
        return self.ended
