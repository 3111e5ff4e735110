"""The response side of the exemplary server: start_response, write, and the blocks on their way out.

Laws: nothing leaves before the first non-empty block or the end; each block leaves whole before the next is
asked for; no more bytes leave than Content-Length allows, and an answer that fell short ends the connection.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from types import TracebackType

__all__ = ["Response"]

_STATUS = re.compile(r"[1-9][0-9][0-9] [\x20-\x7e\x80-\xff]*\Z")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]*\Z")
_HOP_BY_HOP = frozenset(("connection", "keep-alive", "proxy-connection", "te", "trailer", "trailers",
                         "transfer-encoding", "upgrade"))
SOFTWARE = "wsgicheck-exemplary"

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Response:
    """One response on one connection."""

    def __init__(self, line: socket.socket, method: str, version: str, keep: bool) -> None:
        self.line, self.method, self.version = line, method, version
        self.keep = keep
        """Whether the connection can go on after this response."""
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.started = False
        self.sent_head = False
        self.chunked = False
        self.left: int | None = None
        """Body bytes that Content-Length still allows, None without it."""
        self.wrote = False
        self.returned_length: int | None = None

    # -- what the application calls ----------------------------------------------------------------------
    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None,
                       /) -> Callable[[bytes], None]:
        """Store status and headers; raise where PEP 3333 has a server raise."""
        if exc_info and exc_info[0] is not None:
            try:
                if self.sent_head:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # the traceback holds this frame
        elif self.started:
            raise RuntimeError("start_response was called a second time without exc_info")
        # Recorded before it is checked: a refused call counts (PEP 3333, the sample gateway).
        self.started = True
        self.status, self.headers = status, list(headers)
        self.check(status, headers)
        return self.write

    def check(self, status: str, headers: list[tuple[str, str]]) -> None:
        """Raise for what may not go on the wire."""
        if type(status) is not str or _STATUS.match(status) is None or status[0] == "1":
            raise ValueError(f"status {status!r}")
        if type(headers) is not list:
            raise TypeError(f"headers are {type(headers).__name__}, not list")
        for item in headers:
            if type(item) is not tuple or len(item) != 2 or type(item[0]) is not str or type(item[1]) is not str:
                raise TypeError(f"header {item!r}")
            if _NAME.match(item[0]) is None or _VALUE.match(item[1]) is None:
                raise ValueError(f"header {item!r}")
            if item[0].lower() in _HOP_BY_HOP:
                raise ValueError(f"header {item!r} is hop-by-hop")
        lengths = {value for name, value in headers if name.lower() == "content-length"}
        if len(lengths) > 1 or any(not v.isascii() or not v.isdigit() for v in lengths):
            raise ValueError(f"Content-Length {sorted(lengths)!r}")

    def write(self, data: bytes, /) -> None:
        """Send one block at once."""
        self.wrote = True
        if self.sent_head and self.left is not None and len(data) > self.left and not self.bodyless:
            raise ValueError("write() past Content-Length")
        self.block(data)

    # -- what leaves ---------------------------------------------------------------------------------------
    @property
    def code(self) -> int:
        return int(self.status[:3])

    @property
    def bodyless(self) -> bool:
        """The response has no content, whatever the application gives."""
        return self.method == "HEAD" or self.code in (204, 304)

    @property
    def full(self) -> bool:
        """No further body byte can leave."""
        return self.sent_head and (self.bodyless or self.left == 0)

    def block(self, data: bytes) -> None:
        """Send one block of the body, headers first; an empty one sends nothing."""
        if type(data) is not bytes:
            raise TypeError(f"a block of the body is {type(data).__name__}, not bytes")
        if not data:
            return
        if not self.started:
            raise RuntimeError("body data came before start_response was called")
        if not self.sent_head:
            self.send_head(len(data) if self.returned_length == 1 and not self.wrote else None)
        if self.bodyless:
            return
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        self.send_data(data)

    def send_data(self, data: bytes) -> None:
        """Put body bytes on the wire in the framing that was announced."""
        if not data:
            return
        self.line.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def send_head(self, whole: int | None = None) -> None:
        """Send status line and headers; `whole` is the length of the whole body where it is known."""
        self.sent_head = True
        names = {name.lower() for name, _ in self.headers}
        fields = list(self.headers)
        if "content-length" in names:
            self.left = int(next(value for name, value in fields if name.lower() == "content-length"))
        elif not self.bodyless:
            if whole is not None:
                self.left = whole
                fields.append(("Content-Length", str(whole)))
            elif self.version == "1.1":
                self.chunked = True
                fields.append(("Transfer-Encoding", "chunked"))
            else:
                self.keep = False
        if "date" not in names:
            fields.append(("Date", formatdate(time.time(), usegmt=True)))
        if "server" not in names:
            fields.append(("Server", SOFTWARE))
        if not self.keep:
            fields.append(("Connection", "close"))
        self.line.sendall(self.head_bytes(fields))

    def head_bytes(self, fields: list[tuple[str, str]]) -> bytes:
        """Return status line and fields as they go on the wire."""
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def finish(self) -> str:
        """End the response; return what is wrong with it, "" where nothing is."""
        if not self.started:
            raise RuntimeError("the body ended and start_response was never called")
        if not self.sent_head:
            self.send_head(0)
        if self.bodyless:
            return ""
        if self.chunked:
            self.line.sendall(b"0\r\n\r\n")
        elif self.left:
            self.keep = False
            return f"the body is {self.left} bytes shorter than Content-Length"
        return ""

    def fail(self) -> None:
        """Answer 500 where nothing has left yet; else leave the response visibly incomplete."""
        self.keep = False
        if self.sent_head:
            return
        text = b"The application failed.\n"
        self.status = "500 Internal Server Error"
        self.headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        self.started = True
        self.send_head()
        if self.method != "HEAD":
            self.line.sendall(text)
