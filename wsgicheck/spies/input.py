"""The spy on wsgi.input: what the application asks of it, and what it gives.

A plain read, `read(size)` within what the gate leaves room for, is passed on without an object made for it; whatever
else is done with the stream becomes a Use and is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Plan
from .streams import other_attribute
from .tape import note

__all__ = ["InputSpy"]


_MISSING: Any = object()


class _Reader:
    """Does what is done with one stream, and has it judged.

    An object without __getattr__, since a class with it pays for each of its own attributes.
    """

    __slots__ = ("ask", "plan", "room", "stream", "x")

    def __init__(self, x: Exchange, plan: Plan, stream: Any) -> None:
        self.x = x
        self.plan = plan
        self.stream = stream
        self.ask: Any = None
        """The stream's own read()."""
        self.room: int | None = None
        """How many bytes may be asked for in plain reads with nothing to judge; None where that is not known."""

    def find_room(self) -> int:
        find_room = self.plan.gates.read_room
        self.ask = getattr(self.stream, "read", None)
        room = self.room = -1 if find_room is None or self.ask is None else find_room(self.x)
        return room

    def read(self, size: Any = _MISSING, /, *args: Any, **keywords: Any) -> Any:
        if type(size) is not int or args or keywords:
            return self.use("read", args if size is _MISSING else (size, *args), keywords)
        room = self.room
        if room is None:
            room = self.find_room()
        if not 0 <= size <= room:
            return self.use("read", (size,), {})
        x = self.x
        x.reads += 1
        try:
            data = self.ask(size)
        except BaseException as error:
            self.absorb("read", (size,), {}, error)
            raise
        if type(data) is bytes:
            got = len(data)
            x.bytes_read += got
            self.room = room - got
        else:
            self.absorb("read", (size,), {}, data)
        return data

    def use(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Have it judged that `name` is called, call it, and have judged what it gives."""
        x, plan = self.x, self.plan
        if plan.read is not None:
            plan.read(x, Use(name, args, keywords))
        x.reads += 1
        try:
            data = getattr(self.stream, name)(*args, **keywords)
        except BaseException as error:
            if x.events is not None:
                note(x, f"input.{name} raised {type(error).__name__}")
            self.absorb(name, args, keywords, error)
            raise
        self.absorb(name, args, keywords, data)
        return data

    def absorb(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any], data: Any) -> None:
        x, plan = self.x, self.plan
        if plan.data is not None:
            plan.data(x, Use(name, args, keywords, data))
        self.room = None
        if isinstance(data, bytes):
            x.bytes_read += len(data)
            if x.events is not None:
                note(x, f"input.{name}{args!r} gave {len(data)} bytes")
        elif isinstance(data, list):
            x.bytes_read += sum(len(line) for line in data if isinstance(line, bytes))

    def lines(self, lines: Iterator[Any]) -> Iterator[Any]:
        x, plan = self.x, self.plan
        for line in lines:
            if plan.data is not None:
                plan.data(x, Use("__iter__", result=line))
            self.room = None
            if isinstance(line, bytes):
                x.bytes_read += len(line)
            yield line


class InputSpy:
    """Stands for wsgi.input. READ is judged before the server is asked, since a server may block.

    Most requests never touch the stream: its reader is made when it is first asked for, and so is `read`.
    """

    __slots__ = ("_plan", "_reader", "_stream", "_x", "read")

    _reader: _Reader
    read: Any

    def __init__(self, x: Exchange, plan: Plan, stream: Any) -> None:
        self._x = x
        self._plan = plan
        self._stream = stream

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._reader.use("readline", args, keywords)

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        return self._reader.use("readlines", args, keywords)

    def __iter__(self) -> Iterator[Any]:
        x, plan = self._x, self._plan
        if plan.read is not None:
            plan.read(x, Use("__iter__"))
        x.reads += 1
        return self._reader.lines(iter(self._stream))

    # What the interpreter looks up on the type, many servers' streams have: they are their own iterators, and
    # close at the end of a with. Where one has not, the spy must not seem to.

    def __next__(self) -> Any:
        if not hasattr(type(self._stream), "__next__"):
            raise TypeError(f"'{type(self._stream).__name__}' object is not an iterator")
        return self._reader.use("__next__", (), {})

    def __enter__(self) -> Any:
        if not hasattr(type(self._stream), "__enter__"):
            raise TypeError(f"'{type(self._stream).__name__}' object does not support the context manager protocol")
        entered = self._reader.use("__enter__", (), {})
        return self if entered is self._stream else entered

    def __exit__(self, *error: Any) -> Any:
        return self._stream.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        if name == "_reader":
            self._reader = reader = _Reader(self._x, self._plan, self._stream)
            return reader
        if name == "read":
            self.read = read = self._reader.read
            return read
        return other_attribute(self._x, self._plan.read, self._stream, name, "input")
