"""The spy on wsgi.input: what the application asks of it, and what it gives.

A plain read, `read(size)` within what the gate leaves room for, is passed on without an object made for it; whatever
else is done with the stream becomes a Use and is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Plan
from .streams import other_attribute
from .tape import note

__all__ = ["InputSpy", "Reader", "spy_on_input"]


_MISSING: Any = object()


class Reader:
    """Does what is done with one stream, and has it judged.

    An object without __getattr__, since a class with it pays for each of its own attributes.
    """

    __slots__ = ("plan", "stream", "x")

    def __init__(self, x: Exchange, plan: Plan, stream: Any) -> None:
        self.x = x
        self.plan = plan
        self.stream = stream

    def read_of(self) -> Callable[..., Any]:
        """Return what stands for the stream's read()."""
        x, find_room = self.x, self.plan.gates.read_room
        ask = getattr(self.stream, "read", None)
        # What room there is depends on nothing but how much was read.
        limit = -1 if find_room is None or ask is None else x.bytes_read + find_room(x)

        def read(size: Any = _MISSING, /, *args: Any, **keywords: Any) -> Any:
            if type(size) is int and 0 <= size <= limit - x.bytes_read and not args and not keywords:
                try:
                    data = ask(size)  # type: ignore[misc]
                except BaseException as error:
                    self.absorb("read", (size,), {}, error)
                    raise
                if type(data) is bytes:
                    x.bytes_read += len(data)
                else:
                    self.absorb("read", (size,), {}, data)
                return data
            return self.use("read", args if size is _MISSING else (size, *args), keywords)

        return read

    def use(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Have it judged that `name` is called, call it, and have judged what it gives."""
        x, plan = self.x, self.plan
        if plan.read is not None:
            plan.read(x, Use(name, args, keywords))
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
        if isinstance(data, bytes):
            x.bytes_read += len(data)
            if x.events is not None:
                note(x, f"input.{name}{args!r} gave {len(data)} bytes")
        elif isinstance(data, list):
            x.bytes_read += sum(len(line) for line in data if isinstance(line, bytes))

    def iterate(self) -> Iterator[Any]:
        """Have it judged that the stream is iterated over, and have judged what it gives."""
        x, plan = self.x, self.plan
        if plan.read is not None:
            plan.read(x, Use("__iter__"))
        return self._lines(iter(self.stream))

    def _lines(self, lines: Iterator[Any]) -> Iterator[Any]:
        x, plan = self.x, self.plan
        for line in lines:
            if plan.data is not None:
                plan.data(x, Use("__iter__", result=line))
            if isinstance(line, bytes):
                x.bytes_read += len(line)
            yield line


class InputSpy:
    """Stands for wsgi.input. READ is judged before the server is asked, since a server may block.

    Most requests never touch the stream: its reader is made when it is first asked for, and so is `read`.
    """

    __slots__ = ("_plan", "_reader", "_stream", "_x", "read")

    _x: Exchange
    _plan: Plan
    _stream: Any
    _reader: Reader
    read: Any

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._reader.use("readline", args, keywords)

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        return self._reader.use("readlines", args, keywords)

    def __iter__(self) -> Iterator[Any]:
        return self._reader.iterate()

    # isinstance() tells what the server gave: a stream that code knows to look into, or behind.
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._stream)

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
            self._reader = reader = Reader(self._x, self._plan, self._stream)
            return reader
        if name == "read":
            self.read = read = self._reader.read_of()
            return read
        return other_attribute(self._x, self._plan.read, self._stream, name, "input")


def spy_on_input(x: Exchange, plan: Plan, stream: Any) -> InputSpy:
    """Return what stands for `stream`, the server's wsgi.input."""
    # An __init__ would cost as much again as all of this; so with the other spies.
    spy = InputSpy()
    spy._x, spy._plan, spy._stream = x, plan, stream
    return spy
