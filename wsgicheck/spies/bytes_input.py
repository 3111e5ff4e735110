"""The spy on a wsgi.input that is a BytesIO, in which test clients hand over what they send.

Of this type all attributes are known, so no __getattr__ is needed, for which a class pays with each access; its read()
takes one argument and gives bytes; and it knows itself how far it was read. Who reads piece by piece asks for the same
size each time: how often that may be is reckoned at the first time, and from then on a read costs a look whether the
size is the same object and one step of an iterator.
Laws: those of the spy on any other stream, but for two: an application that asks whether there is an attribute which
there is not, and does without it, is not seen to have asked; one that calls read() with a keyword or with two
arguments gets the TypeError that the stream has for it, unjudged. `bytes_read` is right whenever something is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import repeat
from typing import Any

from ..model.exchange import Exchange
from ..plan import Plan
from .input import Reader
from .streams import other_attribute

__all__ = ["BytesInputSpy", "note_missing", "spy_on_bytes_input"]

_NOT_GIVEN: Any = object()
_NO_SIZE: Any = object()


class BytesInputSpy:
    """Stands for a BytesIO without attributes of its own, under a plan whose gate tells what room there is."""

    __slots__ = ("_begun", "_plan", "_reads", "_size", "_stream", "_x")

    _x: Exchange
    _plan: Plan
    _stream: BytesIO
    _size: Any
    """What was asked for last, if that was a plain read; else _NO_SIZE."""
    _reads: Iterator[Callable[[int], bytes]]
    """The stream's read(), as often as `_size` may be asked for before anything has to be judged."""
    _begun: int
    """Where the stream stood before anything was read."""

    def read(self, size: Any = _NOT_GIVEN, /) -> Any:
        if size is self._size:
            for read in self._reads:
                return read(size)
        if type(size) is int and size > 0:
            if size == self._size:
                # The same number, and from now on the same object.
                self._size = size
                for read in self._reads:
                    return read(size)
            stream, find_room = self._stream, self._plan.gates.read_room
            if find_room is not None and not stream.closed:
                x = self._x
                # What `_settle` does for the first read: of most bodies the only one.
                if self._size is _NO_SIZE and not x.bytes_read:
                    self._begun = stream.tell()
                else:
                    self._settle()
                room = find_room(x)
                if size <= room:
                    read = stream.read
                    self._size, self._reads = size, repeat(read, room // size - 1)
                    return read(size)
        return self._use("read", () if size is _NOT_GIVEN else (size,), {})

    def _settle(self) -> None:
        """Count what plain reads have given."""
        stream, x = self._stream, self._x
        if stream.closed:
            pass
        elif self._size is _NO_SIZE and not x.bytes_read:
            self._begun = stream.tell()
        else:
            # Whoever goes back in the stream (which has a rule of its own) has not read less by it.
            x.bytes_read = max(x.bytes_read, stream.tell() - self._begun)
        self._size = _NO_SIZE

    def _use(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        self._settle()
        return Reader(self._x, self._plan, self._stream).use(name, args, keywords)

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._use("readline", args, keywords)

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        return self._use("readlines", args, keywords)

    def __iter__(self) -> Iterator[Any]:
        self._settle()
        return Reader(self._x, self._plan, self._stream).iterate()

    def __next__(self) -> Any:
        return self._use("__next__", (), {})

    def __enter__(self) -> Any:
        entered = self._use("__enter__", (), {})
        return self if entered is self._stream else entered

    def __exit__(self, *error: Any) -> Any:
        return self._stream.__exit__(*error)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return BytesIO


def _other(name: str) -> property:
    def get(self: BytesInputSpy) -> Any:
        self._settle()
        return other_attribute(self._x, self._plan.read, self._stream, name, "input")

    return property(get)


for _name in dir(BytesIO):
    if not _name.startswith("_") and not hasattr(BytesInputSpy, _name):
        setattr(BytesInputSpy, _name, _other(_name))


# An application that needs what is not there is told so in the words of the stream itself.
BytesInputSpy.__name__, BytesInputSpy.read.__qualname__ = "_io.BytesIO", "BytesIO.read"


def note_missing(x: Exchange, error: BaseException) -> None:
    """Absorb that the application asked for an attribute that is not there, if that is what `error` says."""
    if isinstance(error, AttributeError) and type(error.obj) is BytesInputSpy and error.name:
        x.input_attributes = tuple(dict.fromkeys((*x.input_attributes, error.name)))


def spy_on_bytes_input(x: Exchange, plan: Plan, stream: BytesIO) -> BytesInputSpy:
    """Return what stands for `stream`, the server's wsgi.input."""
    spy = BytesInputSpy()
    spy._x, spy._plan, spy._stream = x, plan, stream
    spy._size = _NO_SIZE
    return spy
