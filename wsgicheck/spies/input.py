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


class _Plain:
    """What a plain read needs, on an object without __getattr__, where attributes cost a tenth.

    `room` is how many bytes may be asked for in plain reads with nothing to judge.
    """

    __slots__ = ("read", "room", "x")

    def __init__(self, x: Exchange, stream: Any, room: int) -> None:
        self.x = x
        self.read = stream.read
        self.room = room


class InputSpy:
    """Stands for wsgi.input. READ is judged before the server is asked, since a server may block."""

    __slots__ = ("_plain", "_plan", "_stream", "_x")

    _plain: _Plain | None

    def __init__(self, x: Exchange, plan: Plan, stream: Any) -> None:
        self._x = x
        self._plan = plan
        self._stream = stream
        self._plain = None

    def read(self, size: Any = _MISSING, /, *args: Any, **keywords: Any) -> Any:
        if type(size) is not int or args or keywords:
            return self._use("read", args if size is _MISSING else (size, *args), keywords)
        plain = self._plain
        if plain is None:
            find_room = self._plan.gates.read_room
            if find_room is None:
                return self._use("read", (size,), {})
            self._plain = plain = _Plain(self._x, self._stream, find_room(self._x))
        room = plain.room
        if not 0 <= size <= room:
            return self._use("read", (size,), {})
        x = plain.x
        x.reads += 1
        try:
            data = plain.read(size)
        except BaseException as error:
            self._absorb("read", (size,), {}, error)
            raise
        if type(data) is bytes:
            got = len(data)
            x.bytes_read += got
            plain.room = room - got
        else:
            self._absorb("read", (size,), {}, data)
        return data

    def _use(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        x, plan = self._x, self._plan
        if plan.read is not None:
            plan.read(x, Use(name, args, keywords))
        return self._pass(name, args, keywords)

    def _pass(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Ask the stream, and have judged what it gives."""
        x = self._x
        x.reads += 1
        try:
            data = getattr(self._stream, name)(*args, **keywords)
        except BaseException as error:
            if x.events is not None:
                note(x, f"input.{name} raised {type(error).__name__}")
            self._absorb(name, args, keywords, error)
            raise
        self._absorb(name, args, keywords, data)
        return data

    def _absorb(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any], data: Any) -> None:
        x, plan = self._x, self._plan
        if plan.data is not None:
            plan.data(x, Use(name, args, keywords, data))
        self._plain = None
        if isinstance(data, bytes):
            x.bytes_read += len(data)
            if x.events is not None:
                note(x, f"input.{name}{args!r} gave {len(data)} bytes")
        elif isinstance(data, list):
            x.bytes_read += sum(len(line) for line in data if isinstance(line, bytes))

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._use("readline", args, keywords)

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        return self._use("readlines", args, keywords)

    def __iter__(self) -> Iterator[Any]:
        x, plan = self._x, self._plan
        if plan.read is not None:
            plan.read(x, Use("__iter__"))
        x.reads += 1
        return self._lines(iter(self._stream))

    def _lines(self, lines: Iterator[Any]) -> Iterator[Any]:
        x, plan = self._x, self._plan
        for line in lines:
            if plan.data is not None:
                plan.data(x, Use("__iter__", result=line))
            self._plain = None
            if isinstance(line, bytes):
                x.bytes_read += len(line)
            yield line

    # What the interpreter looks up on the type, many servers' streams have: they are their own iterators, and
    # close at the end of a with. Where one has not, the spy must not seem to.

    def __next__(self) -> Any:
        if not hasattr(type(self._stream), "__next__"):
            raise TypeError(f"'{type(self._stream).__name__}' object is not an iterator")
        return self._use("__next__", (), {})

    def __enter__(self) -> Any:
        if not hasattr(type(self._stream), "__enter__"):
            raise TypeError(f"'{type(self._stream).__name__}' object does not support the context manager protocol")
        entered = self._use("__enter__", (), {})
        return self if entered is self._stream else entered

    def __exit__(self, *error: Any) -> Any:
        return self._stream.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return other_attribute(self._x, self._plan.read, self._stream, name, "input")
