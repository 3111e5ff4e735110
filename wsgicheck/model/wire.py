"""What the client saw of one connection: the bytes, when they came, and the responses read from them.

Laws: parsing never raises and never repairs. What cannot be read as HTTP stands in `problem`, and bytes
that no response accounts for stand in `rest`, so that a rule can name them.
Times are seconds of the monotonic clock, which the server's processes share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["Answer", "Arrival", "Mark", "Wire", "read_answers"]

_STATUS_LINE = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: ([^\r\n]*))?\Z")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;.*)?\Z")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One read of the socket: when it came and how many bytes had come by then."""

    at: float
    total: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How a step of the script ended.

    Attributes:
        at: when.
        met: what the step waited for was there.
        total: bytes received by then.
    """

    at: float
    met: bool
    total: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One response as it stood on the wire.

    Attributes:
        head: the raw bytes up to and with the empty line.
        version: "1.0" or "1.1", "" where the status line cannot be read.
        fields: the header fields in order, names as sent, decoded as Latin-1.
        body: the content, transfer coding removed.
        framing: "length", "chunked", "close" or "none": how the end of the content is known.
        complete: the end was reached as the framing says.
        chunks: sizes of the chunks, the last one aside.
        problem: what cannot be read as HTTP, "" where all can.
    """

    head: bytes
    version: str
    code: int
    phrase: bytes
    fields: tuple[tuple[str, str], ...]
    body: bytes
    framing: str
    complete: bool
    chunks: tuple[int, ...] = ()
    problem: str = ""

    @property
    def status_line(self) -> bytes:
        """The first line, without its line end."""
        return self.head.partition(b"\r\n")[0]

    def values(self, name: str) -> list[str]:
        """Return the values of the fields called `name` (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        """Return the first value of the field `name`, None where there is none."""
        found = self.values(name)
        return found[0] if found else None

    @property
    def closes(self) -> bool:
        """The response says that the connection ends with it."""
        tokens = {t.strip().lower() for v in self.values("connection") for t in v.split(",")}
        return "close" in tokens or (self.version == "1.0" and "keep-alive" not in tokens)


def _head(data: bytes) -> tuple[bytes, str, int, bytes, tuple[tuple[str, str], ...], str]:
    lines = data[:-4].split(b"\r\n")
    problem = ""
    found = _STATUS_LINE.match(lines[0])
    version, code, phrase = "", 0, b""
    if found is None:
        problem = f"status line {lines[0][:60]!r}"
    else:
        version, code, phrase = found[1].decode(), int(found[2]), found[3] or b""
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.strip() != name:
            problem = problem or f"field line {line[:60]!r}"
            continue
        fields.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return data, version, code, phrase, tuple(fields), problem


def _dechunk(data: bytes) -> tuple[bytes, tuple[int, ...], int, bool, str]:
    """Read a chunked body: content, chunk sizes, bytes used, whether it is complete, what is wrong."""
    body: list[bytes] = []
    sizes: list[int] = []
    at = 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return b"".join(body), tuple(sizes), len(data), False, ""
        found = _CHUNK_SIZE.match(data[at:end])
        if found is None:
            return b"".join(body), tuple(sizes), at, False, f"chunk size line {data[at:end][:40]!r}"
        size = int(found[1], 16)
        at = end + 2
        if size == 0:
            while True:
                end = data.find(b"\r\n", at)
                if end < 0:
                    return b"".join(body), tuple(sizes), len(data), False, ""
                empty, at = end == at, end + 2
                if empty:
                    return b"".join(body), tuple(sizes), at, True, ""
        body.append(data[at : at + size])
        sizes.append(size)
        if len(data) < at + size + 2:
            return b"".join(body), tuple(sizes), len(data), False, ""
        if data[at + size : at + size + 2] != b"\r\n":
            return b"".join(body), tuple(sizes), at + size, False, "chunk data not followed by CR LF"
        at += size + 2


def read_answers(data: bytes, methods: tuple[str, ...], ended: bool) -> tuple[tuple[Answer, ...], bytes]:
    """Read as many responses as there are `methods` (interim ones besides), and return them with the rest.

    `ended` tells whether the peer has closed, which completes a response that is framed by that.
    """
    answers: list[Answer] = []
    left = list(methods) or ["GET"]
    while left and data:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            problem = "" if data.startswith(b"HTTP/") else f"not a status line: {data[:40]!r}"
            answers.append(Answer(data, "", 0, b"", (), b"", "none", False, (),
                                  problem or "head not complete"))
            return tuple(answers), b""
        head, version, code, phrase, fields, problem = _head(data[: end + 4])
        data = data[end + 4 :]
        lengths = [v for k, v in fields if k.lower() == "content-length"]
        codings = [v.lower() for k, v in fields if k.lower() == "transfer-encoding"]
        interim = 100 <= code < 200 and code != 101
        if interim or left[0] == "HEAD" or code in (204, 304):
            answer = Answer(head, version, code, phrase, fields, b"", "none", True, (), problem)
        elif codings and codings[-1].endswith("chunked"):
            body, sizes, used, complete, wrong = _dechunk(data)
            answer = Answer(head, version, code, phrase, fields, body, "chunked", complete, sizes,
                            problem or wrong)
            data = data[used:]
        elif lengths:
            if lengths[0].isascii() and lengths[0].isdigit():
                size = int(lengths[0])
                answer = Answer(head, version, code, phrase, fields, data[:size], "length", len(data) >= size,
                                (), problem)
                data = data[size:]
            else:
                answer = Answer(head, version, code, phrase, fields, data, "close", ended, (),
                                f"Content-Length {lengths[0][:40]!r}")
                data = b""
        else:
            answer = Answer(head, version, code, phrase, fields, data, "close", ended, (), problem)
            data = b""
        answers.append(answer)
        if not interim:
            left.pop(0)
    return tuple(answers), data


@dataclass(frozen=True)
class Wire:
    """One connection, from the client's side.

    Attributes:
        sent: what the client wrote, step by step.
        data: all that came back.
        arrivals: when it came.
        ended: "closed" (end of file), "reset", "open" (still open when the client left), "refused"
            (no connection), "left" (the client broke it off).
        methods: of the requests sent, in order, so that the responses can be read.
        marks: how each named step ended.
        asked: what a strategy drew for this script, None where the script is fixed.
        beside: the further connections of the script, in order.
    """

    sent: tuple[bytes, ...] = ()
    data: bytes = b""
    arrivals: tuple[Arrival, ...] = ()
    ended: str = "open"
    methods: tuple[str, ...] = ()
    marks: dict[str, Mark] = field(default_factory=dict)
    asked: Any = None
    beside: tuple[Wire, ...] = ()

    @cached_property
    def _read(self) -> tuple[tuple[Answer, ...], bytes]:
        return read_answers(self.data, self.methods, self.ended == "closed")

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The final responses, in order."""
        return tuple(a for a in self._read[0] if not 100 <= a.code < 200 or a.code == 101)

    @property
    def interim(self) -> tuple[Answer, ...]:
        """The 1xx responses."""
        return tuple(a for a in self._read[0] if 100 <= a.code < 200 and a.code != 101)

    @property
    def answer(self) -> Answer | None:
        """The first final response, None where there is none."""
        found = self.answers
        return found[0] if found else None

    @property
    def rest(self) -> bytes:
        """Bytes that belong to no response."""
        return self._read[1]

    def mark(self, name: str) -> Mark:
        """Return how the step `name` ended; a step that was never reached was not met."""
        return self.marks.get(name, Mark(0.0, False, 0))

    def at(self, needle: bytes) -> float | None:
        """Return when the first occurrence of `needle` was complete, None where it never came."""
        found = self.data.find(needle)
        if found < 0:
            return None
        return next((a.at for a in self.arrivals if a.total >= found + len(needle)), None)
