"""The spy on wsgi.input: what the application asks of it, and what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Plan
from .streams import other_attribute
from .tape import note

__all__ = ["InputSpy"]


class InputSpy:
    """Stands for wsgi.input. READ is judged before the server is asked, since a server may block."""

    __slots__ = ("_plan", "_stream", "_x")

    def __init__(self, x: Exchange, plan: Plan, stream: Any) -> None:
        self._x = x
        self._plan = plan
        self._stream = stream

    def _use(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        x, plan = self._x, self._plan
        if plan.read is not None:
            plan.read(x, Use(name, args, keywords))
        x.reads += 1
        try:
            data = getattr(self._stream, name)(*args, **keywords)
        except BaseException as error:
            note(x, f"input.{name} raised {type(error).__name__}")
            if plan.data is not None:
                plan.data(x, Use(name, args, keywords, error))
            raise
        if plan.data is not None:
            plan.data(x, Use(name, args, keywords, data))
        if isinstance(data, bytes):
            x.bytes_read += len(data)
            note(x, f"input.{name}{args!r} gave {len(data)} bytes")
        elif isinstance(data, list):
            x.bytes_read += sum(len(line) for line in data if isinstance(line, bytes))
        return data

    def read(self, *args: Any, **keywords: Any) -> Any:
        return self._use("read", args, keywords)

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
