"""The timeline: what passes on both sides of a middleware, recorded in the order in which it happens.

Laws: what is recorded passes through unchanged: same arguments, same exceptions, same len(); an iterable
without close() stays without one. Facts are kept (text, bytes), and never an object of the subject's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ..model.sandwich import Half, Pair, Started, Step
from ..show import show
from .bytes_input import BytesInputSpy
from .file_wrapper import FileWrapperSpy
from .input import InputSpy

__all__ = ["Timeline", "facing"]

SURFACE = ("__len__", "__next__", "__getitem__", "__iter__")

_MOST_STEPS = 2000


def _text(error: BaseException) -> str:
    try:
        words = str(error)
    except Exception:
        words = ""
    return f"{type(error).__name__}: {show(words)[1:-1]}" if words else type(error).__name__


def _behind(stream: Any) -> Any:
    """Return the stream that a spy stands for."""
    while type(stream) in (InputSpy, BytesInputSpy):
        stream = stream._stream
    return stream


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    try:
        items = [] if iter(headers) is headers else list(headers)
    except Exception:
        return ()
    return tuple((str(item[0]), str(item[1])) for item in items
                 if isinstance(item, (tuple, list)) and len(item) == 2
                 and isinstance(item[0], str) and isinstance(item[1], str))


def _facts(environ: Any) -> dict[str, str]:
    if not isinstance(environ, dict):
        return {}
    return {key: value if isinstance(value, str) else type(value).__name__
            for key, value in environ.items() if isinstance(key, str)}


class Timeline:
    """Records one Pair at a time.

    `outer(middleware)` and `inner(application)` are what the server and the middleware call instead.
    """

    def __init__(self) -> None:
        self.pair = Pair()
        self.inside: list[BaseException] = []
        """Exceptions that the application let out, to tell them from the middleware's own."""
        self.outside: list[BaseException] = []
        """Exceptions that the server's start_response or write() raised."""
        self.streams: list[tuple[Half, io.BytesIO]] = []
        """The inputs that the middleware has put in the server's place."""
        self.files: list[tuple[Half, Any]] = []
        """The files that were returned in a wrapper which the middleware has put in the server's place."""

    def begin(self, pair: Pair) -> None:
        """Record into `pair` from now on."""
        self.pair = pair
        self.end()

    def settle(self) -> None:
        """Note what can be told when the request is over only."""
        for half, stream in self.streams:
            half.left = 0 if stream.closed else len(stream.getbuffer()) - stream.tell()
        for half, file in self.files:
            half.file_closed = bool(getattr(file, "closed", True))

    def end(self) -> None:
        """Let go of every exception, stream and file."""
        self.inside, self.outside, self.streams, self.files = [], [], [], []

    def note(self, who: str, call: int, what: str, data: Any = None) -> None:
        steps = self.pair.steps
        if len(steps) < _MOST_STEPS:
            steps.append(Step(who, call, what, data))

    def origin(self, error: BaseException) -> str:
        """Return whose exception it is: "application", "server" or "itself"."""
        seen: BaseException | None = error
        for _ in range(8):
            if seen is None:
                break
            if any(seen is other for other in self.outside):
                return "server"
            if any(seen is other for other in self.inside):
                return "application"
            seen = seen.__cause__ or seen.__context__
        return "itself"

    def outer(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """Return `application`, recorded as the middleware's outer side."""

        def server_side(*args: Any, **keywords: Any) -> Any:
            return self._call(application, "outer", 0, self.pair.outer, args, keywords)

        # By this the spy outside finds the line that a rule is about.
        server_side.__wrapped__ = application  # type: ignore[attr-defined]
        return server_side

    def inner(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """Return `application`, recorded as the inner side."""

        def application_side(*args: Any, **keywords: Any) -> Any:
            half = Half()
            self.pair.inner.append(half)
            return self._call(application, "inner", len(self.pair.inner) - 1, half, args, keywords)

        return application_side

    def _call(self, application: Callable[..., Any], who: str, call: int, half: Half, args: tuple[Any, ...],
              keywords: dict[str, Any]) -> Any:
        environ = args[0] if args else keywords.get("environ")
        half.environ_type = type(environ).__name__ if type(environ) is not dict else "dict"
        half.environ = _facts(environ)
        self.note(who, call, "call", half.environ.get("REQUEST_METHOD", "") + " " + half.environ.get("PATH_INFO", ""))
        if isinstance(environ, dict) and environ.get("wsgi.input") is not None:
            stream = _behind(environ["wsgi.input"])
            if who == "inner" and type(stream) is io.BytesIO:
                self.streams.append((half, stream))
            environ["wsgi.input"] = _Input(self, who, call, half, environ["wsgi.input"])
        if len(args) > 1 and callable(args[1]):
            args = (args[0], self._start(who, call, half, args[1]), *args[2:])
        elif callable(keywords.get("start_response")):
            keywords = {**keywords, "start_response": self._start(who, call, half, keywords["start_response"])}
        try:
            body = application(*args, **keywords)
        except BaseException as error:
            self.raised(who, call, half, error, "call")
            raise
        if who == "inner":
            self._look_at_file(half, environ, body)
        half.returned = type(body).__name__
        half.has_close = hasattr(body, "close")
        half.surface = frozenset(name for name in SURFACE if hasattr(type(body), name))
        if hasattr(type(body), "__len__"):
            try:
                half.length = len(body)
            except Exception:
                half.length = None
        self.note(who, call, "returned", half.returned)
        if isinstance(body, (str, bytes, io.IOBase)) or not half.surface & {"__iter__", "__getitem__"}:
            return body  # what it is by itself is what the rules look at
        kind = _SizedBody if half.length is not None else _Body
        return kind(self, who, call, half, body)

    def _look_at_file(self, half: Half, environ: Any, body: Any) -> None:
        wrapper = environ.get("wsgi.file_wrapper") if isinstance(environ, dict) else None
        if isinstance(wrapper, FileWrapperSpy) and wrapper.by_another and body is not None and wrapper.made is body:
            self.files.append((half, wrapper.given))

    def raised(self, who: str, call: int, half: Half, error: BaseException, where: str) -> None:
        """Record that `error` was let out."""
        if who == "inner" and not any(error is other for other in self.inside):
            self.inside.append(error)
        if not half.raised:
            half.raised, half.raised_in = _text(error), where
            half.raised_by = self.origin(error) if who == "outer" else "application"
        self.note(who, call, "raised", _text(error))

    def _start(self, who: str, call: int, half: Half, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def recorded_start_response(*args: Any, **keywords: Any) -> Any:
            given: list[Any] = [*args, *keywords.values(), None, None, None]
            told = Started(given[0] if isinstance(given[0], str) else "", _headers(given[1]), given[2] is not None,
                           positional=len(args))
            half.starts.append(told)
            at = len(half.starts) - 1
            self.note(who, call, "start", told)
            try:
                write = start_response(*args, **keywords)
            except BaseException as error:
                half.starts[at] = told._replace(raised=_text(error))
                if who == "outer":
                    self.outside.append(error)
                self.note(who, call, "start refused", _text(error))
                raise
            finally:
                del given, args, keywords
            return self._write(who, call, half, write) if callable(write) else write

        return recorded_start_response

    def _write(self, who: str, call: int, half: Half, write: Callable[..., Any]) -> Callable[..., Any]:
        def recorded_write(*args: Any, **keywords: Any) -> Any:
            data = args[0] if args else None
            self.note(who, call, "write", bytes(data) if isinstance(data, (bytes, bytearray)) else show(data))
            if isinstance(data, (bytes, bytearray)):
                half.written.append(bytes(data))
            try:
                result = write(*args, **keywords)
            except BaseException as error:
                if who == "outer":
                    self.outside.append(error)
                self.note(who, call, "write refused", _text(error))
                raise
            self.note(who, call, "written")
            return result

        return recorded_write


class _Body:
    """Stands for a body without len()."""

    def __init__(self, timeline: Timeline, who: str, call: int, half: Half, body: Any) -> None:
        self._timeline, self._who, self._call, self._half, self._body = timeline, who, call, half, body
        self._pair = timeline.pair
        self.__wrapped__ = body
        if half.has_close:
            self.close = self._close

    def _note(self, what: str, data: Any = None) -> None:
        # What is left over from an earlier request tells nothing about this one.
        if self._timeline.pair is self._pair:
            self._timeline.note(self._who, self._call, what, data)

    def __iter__(self) -> Iterator[Any]:
        return _Items(self, iter(self._body))

    def _close(self) -> None:
        half = self._half
        half.closes += 1
        self._note("close")
        try:
            self._body.close()
        except BaseException as error:
            self._timeline.raised(self._who, self._call, half, error, "close")
            raise
        self._note("closed")


class _SizedBody(_Body):
    """Stands for a body with a len()."""

    def __len__(self) -> int:
        return len(self._body)


class _Items:
    """The iterator over a body; no generator, so that nothing is closed behind the subject's back."""

    def __init__(self, body: _Body, items: Iterator[Any]) -> None:
        self._recorded, self._items = body, items

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        body = self._recorded
        half = body._half
        half.iterated = True
        body._note("ask")
        try:
            item = next(self._items)
        except StopIteration:
            half.exhausted = True
            body._note("exhausted")
            raise
        except BaseException as error:
            body._timeline.raised(body._who, body._call, half, error, "iteration")
            raise
        if isinstance(item, bytes):
            half.items.append(item)
        body._note("item", item if isinstance(item, bytes) else show(item))
        return item


class _Input:
    """Stands for wsgi.input and keeps what it gave."""

    def __init__(self, timeline: Timeline, who: str, call: int, half: Half, stream: Any) -> None:
        self._timeline, self._who, self._call, self._half, self._stream = timeline, who, call, half, stream

    def _took(self, name: str, data: Any) -> Any:
        if isinstance(data, bytes):
            self._half.content += data
            self._timeline.note(self._who, self._call, "read", data)
        elif isinstance(data, list):
            self._half.content += b"".join(line for line in data if isinstance(line, bytes))
        return data

    def read(self, *args: Any, **keywords: Any) -> Any:
        return self._took("read", self._stream.read(*args, **keywords))

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._took("readline", self._stream.readline(*args, **keywords))

    def readlines(self, *args: Any, **keywords: Any) -> Any:
        return self._took("readlines", self._stream.readlines(*args, **keywords))

    def __iter__(self) -> Iterator[Any]:
        for line in self._stream:
            yield self._took("__iter__", line)
        self._took("__iter__", b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Facing:
    """What the middleware holds in place of the application's iterable."""

    def __init__(self, body: Any) -> None:
        self._facing = body
        self._fetched: list[Any] = []
        self._rest: Iterator[Any] | None = None


def _iterate(self: Any) -> Iterator[Any]:
    return iter(self._facing)


def _itself(self: Any) -> Any:
    # A generator is its own iterator: to close the one is to close the other.
    return self


def _next(self: Any) -> Any:
    return next(self._facing)


def _length(self: Any) -> int:
    return len(self._facing)


def _close(self: Any) -> Any:
    return self._facing.close()


def _get(self: Any, index: Any) -> Any:
    # By the sequence protocol items are asked for one by one, and the first that is missing ends the iteration.
    if not isinstance(index, int) or index < 0:
        return list(self._facing)[index]
    if self._rest is None:
        self._rest = iter(self._facing)
    while len(self._fetched) <= index:
        try:
            self._fetched.append(next(self._rest))
        except StopIteration:
            raise IndexError("the body has no more items") from None
    return self._fetched[index]


_METHODS: dict[str, Callable[..., Any]] = {
    "__iter__": _iterate, "__next__": _next, "__len__": _length, "__getitem__": _get, "close": _close,
}


@cache
def _class_with(names: frozenset[str]) -> type[_Facing]:
    methods = {name: _METHODS[name] for name in sorted(names)}
    if "__next__" in names:
        methods["__iter__"] = _itself
    return type("Body", (_Facing,), methods)


def facing(timeline: Timeline, application: Callable[..., Any]) -> Callable[..., Any]:
    """Return `application`, whose bodies have the surface of what was really returned, and no more.

    The spies answer to close() and next() whatever they stand for. A middleware that calls next() on a list,
    or close() on a tuple, works with the spies and with nothing else: so it has to meet the true surface.
    """

    def application_faced(*args: Any, **keywords: Any) -> Any:
        call = len(timeline.pair.inner)
        body = application(*args, **keywords)
        if call >= len(timeline.pair.inner):
            return body
        half = timeline.pair.inner[call]
        names = half.surface | ({"close"} if half.has_close else set())
        if not names & {"__iter__", "__getitem__"}:
            return body  # no iterable at all: the rules have their say
        return _class_with(frozenset(names))(body)

    return application_faced
