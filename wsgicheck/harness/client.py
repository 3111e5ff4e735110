"""The raw client: it plays a script over sockets and keeps every byte with the time it came.

Laws: it sends exactly what the script says and repairs nothing; it never waits longer than the script's
patience; whatever the server does (refuse, reset, flood, stay silent) ends as facts in a Wire, and never as
an exception.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from ..model.scene import Abort, Await, Go, HalfClose, Pause, Receive, Script, Send
from ..model.wire import Arrival, Mark, Wire, read_answers
from .channel import Channel

__all__ = ["play"]

_MOST = 8 * 1024 * 1024
# A response that is complete by its own framing may still be followed by bytes that belong to nothing.
_QUIET = 0.25
_CONNECT_SECONDS = 3.0


@dataclass(slots=True)
class _Lane:
    """One connection while the script is played."""

    socket: socket.socket | None = None
    sent: list[bytes] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    arrivals: list[Arrival] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    ended: str = "open"

    def connect(self, address: tuple[str, int]) -> None:
        try:
            self.socket = socket.create_connection(address, _CONNECT_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.ended = "refused"

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        view = memoryview(data)
        until = time.monotonic() + _CONNECT_SECONDS
        while self.socket is not None and view and time.monotonic() < until:
            # What comes back meanwhile is read, so that neither side waits for the other's full buffer.
            readable, writable, _ = select.select([self.socket], [self.socket], [], 0.5)
            if readable and not self.read(0):
                return
            if writable:
                try:
                    view = view[self.socket.send(view[:65536]):]
                except OSError:
                    # The peer may have answered before it closed: what it said is still to be read.
                    return

    def read(self, seconds: float) -> bool:
        """Read once; false when nothing came, or nothing can come any more."""
        if self.socket is None or self.ended != "open":
            return False
        try:
            if not select.select([self.socket], [], [], max(seconds, 0))[0]:
                return False
            piece = self.socket.recv(65536)
        except OSError:
            self.ended = "reset"
            return False
        if not piece:
            # The peer has ended: so do we, for some servers wait for that before they serve anyone else.
            self.ended = "closed"
            self.leave()
            return False
        self.data += piece
        self.arrivals.append(Arrival(time.monotonic(), len(self.data)))
        if len(self.data) > _MOST:
            self.ended = "left"
            return False
        return True

    def complete(self) -> bool:
        if not self.methods:
            return False
        answers, _ = read_answers(bytes(self.data), tuple(self.methods), False)
        final = [a for a in answers if not 100 <= a.code < 200]
        return len(final) >= len(self.methods) and all(a.complete and a.framing != "close" for a in final)

    def until(self, needle: bytes | None, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            if needle is not None and self.data.find(needle) >= 0:
                return True
            if needle is None and self.complete():
                quiet = time.monotonic() + _QUIET
                while self.ended == "open" and time.monotonic() < quiet:
                    self.read(quiet - time.monotonic())
                return True
            if self.ended != "open":
                return needle is None and self.ended == "closed"
            if time.monotonic() >= deadline:
                return False
            self.read(deadline - time.monotonic())

    def leave(self, reset: bool = False) -> None:
        if self.socket is None:
            return
        try:
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        except OSError:
            pass
        self.socket = None
        if reset:
            self.ended = "left"


def play(script: Script, address: tuple[str, int], channel: Channel, tag: str, asked: Any = None) -> Wire:
    """Play the script against the server at `address` and return what was seen of its connections."""
    lanes: dict[int, _Lane] = {}
    marks: dict[str, Mark] = {}
    host = f"{address[0]}:{address[1]}".encode()

    def lane(number: int) -> _Lane:
        if number not in lanes:
            lanes[number] = _Lane()
            lanes[number].connect(address)
        return lanes[number]

    try:
        for step in script:
            if isinstance(step, Send):
                line = lane(step.on)
                if step.method:
                    line.methods.append(step.method)
                line.send(step.data.replace(b"@TAG@", tag.encode()).replace(b"@HOST@", host))
            elif isinstance(step, Receive):
                line = lane(step.on)
                met = line.until(step.until, step.patience)
                if step.name:
                    marks[step.name] = Mark(time.monotonic(), met, len(line.data))
            elif isinstance(step, Pause):
                line = lane(step.on)
                deadline = time.monotonic() + step.seconds
                before = len(line.data)
                while time.monotonic() < deadline:
                    if not line.read(deadline - time.monotonic()) and line.ended != "open":
                        time.sleep(max(0.0, min(0.02, deadline - time.monotonic())))
                if step.name:
                    marks[step.name] = Mark(time.monotonic(), len(line.data) == before, len(line.data))
            elif isinstance(step, Await):
                met = channel.told(tag, step.event, step.patience, step.times)
                marks[step.event] = Mark(time.monotonic(), met, len(lane(0).data))
            elif isinstance(step, Go):
                channel.signal(tag, step.signal)
            elif isinstance(step, HalfClose):
                line = lane(step.on)
                if line.socket is not None:
                    try:
                        line.socket.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
            elif isinstance(step, Abort):
                lane(step.on).leave(reset=True)
    finally:
        for line in lanes.values():
            line.leave()
    wires = [Wire(tuple(one.sent), bytes(one.data), tuple(one.arrivals), one.ended, tuple(one.methods), marks,
                  asked) for _, one in sorted(lanes.items())]
    first = wires[0] if wires else Wire(asked=asked)
    return Wire(first.sent, first.data, first.arrivals, first.ended, first.methods, marks, asked,
                tuple(wires[1:]))
