"""The part of a stand-alone program that makes one exchange and judges one rule in it (see judge.py).

Its classes are printed into the program, so they need the standard library only, and of wsgicheck the records
that are printed with them.
Law: what a check is told here is what the spies would tell it; a rule that asks for a fact that is not among
Facts, or at another moment than MOMENTS, gets no program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..model.moments import Ending, Start, Use

__all__ = ["MOMENTS", "Facts", "Watch"]

MOMENTS = frozenset({"request", "start", "started", "returned", "chunk", "write", "read", "data", "errors",
                     "end", "close"})
"""The moments at which Watch asks."""


class Facts:
    """What is known of the exchange so far."""

    def __init__(self, environ: dict[str, Any]) -> None:
        length = str(environ.get("CONTENT_LENGTH", ""))
        self.method = environ.get("REQUEST_METHOD", "")
        self.request_length: int | None = int(length) if length.isascii() and length.isdigit() else None
        self.input_terminated = bool(environ.get("wsgi.input_terminated"))
        self.starts = self.handling = 0
        self.start_failed = self.failed_with_exc_info = self.exc_info_given = False
        self.status, self.code = "", 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.declared_length: int | None = None
        self.returned, self.has_close, self.iterating, self.iterations = "", False, False, 0
        self.length: int | None = None
        self.chunks = self.small_chunks = self.empty_before_start = self.bytes_yielded = 0
        self.writes, self.bytes_written, self.write_failed = 0, 0, False
        self.head = self.body = b""
        self.bytes_read = 0
        self.ending: Any = None
        self.raised, self.closes, self.over, self.file_wrapped = "", 0, False, False
        self.unmeasured, self.raised_in_call = 0, False
        self.input_attributes: tuple[str, ...] = ()
        self.input_tested: tuple[str, ...] = ()
        self.errors_attributes: tuple[str, ...] = ()
        self.errors_written, self.errors_unflushed, self.errors_unended = 0, False, False

    @property
    def so_many(self) -> str:
        return str(self.chunks)

    @property
    def item(self) -> str:
        return f"item {self.chunks}"

    @property
    def bytes_sent(self) -> int:
        return self.bytes_written + self.bytes_yielded

    @property
    def headers_gone(self) -> bool:
        return self.bytes_sent > 0

    @property
    def bodyless(self) -> bool:
        return self.method == "HEAD" or 100 <= self.code < 200 or self.code in (204, 304)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name.lower() for name, _ in self.headers)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    def started(self, status: Any, headers: Any, exc_info: Any) -> None:
        """Note a call of start_response."""
        self.starts += 1
        self.exc_info_given = exc_info is not None
        self.status = status if isinstance(status, str) else ""
        self.code = int(self.status[:3]) if self.status[:3].isascii() and self.status[:3].isdigit() else 0
        items: Any = headers if isinstance(headers, (list, tuple)) else ()
        self.headers = tuple((item[0], item[1]) for item in items if isinstance(item, (list, tuple)) and len(item) == 2
                             and isinstance(item[0], str) and isinstance(item[1], str))
        lengths = [value for value in self.values("content-length") if value.isascii() and value.isdigit()]
        self.declared_length = int(lengths[-1]) if lengths else None

    def used(self, name: str, args: tuple[Any, ...]) -> None:
        """Note the use of a stream."""
        if name in ("write", "writelines"):
            self.errors_written += 1
            self.errors_unflushed = True
            last = args[0] if args else "\n"
            last = last if isinstance(last, str) else last[-1] if isinstance(last, (list, tuple)) and last else "\n"
            if isinstance(last, str) and (last or name == "writelines"):
                self.errors_unended = not last.endswith("\n")
        if name == "flush":
            self.errors_unflushed = False

    def sent(self, data: Any) -> int:
        """Note a piece of the body and return its size in bytes."""
        if not isinstance(data, bytes):
            return 0
        self.head = self.head or data[:64]
        self.body += data
        return len(data)


class Watch:
    """Plays the server for one exchange and asks `check` at its moment; `broken` is what it answered."""

    def __init__(self, check: Callable[[Any, Any], Any], moment: str, environ: dict[str, Any]) -> None:
        self.check, self.moment, self.environ, self.x = check, moment, environ, Facts(environ)
        self.broken: list[str] = []
        self.crash: Exception | None = None

    def judge(self, moment: str, thing: Any) -> None:
        if moment != self.moment:
            return
        try:
            verdict = self.check(self.x, thing)
        except Exception as error:
            # Not the application's to see or to swallow.
            self.crash = self.crash or error
            return
        if isinstance(verdict, str):
            self.broken.append(verdict)

    def start_response(self, *args: Any, **keywords: Any) -> Callable[[Any], None]:
        x, handled = self.x, sys.exc_info()[1]
        x.handling = id(handled) if handled is not None else 0
        status, headers, exc_info = [*args, *keywords.values(), None, None, None][:3]
        self.judge("start", Start(status, headers, exc_info, None, (), len(args), tuple(keywords)))
        x.started(status, headers, exc_info)
        x.start_failed = bool(self.start_raises or (x.exc_info_given and x.headers_gone))
        x.failed_with_exc_info = x.failed_with_exc_info or (x.start_failed and x.exc_info_given)
        if x.exc_info_given and x.headers_gone:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.start_raises:
            raise RuntimeError("the server refuses these headers")
        self.judge("started", self.write)
        return self.write

    def write(self, data: Any) -> None:
        self.judge("write", data)
        x = self.x
        if self.write_raises_after is not None and x.writes >= self.write_raises_after:
            x.write_failed = True
            raise RuntimeError("the client has left")
        x.writes += 1
        x.bytes_written += x.sent(data)

    def run(self, application: Any, stop_after: int | None = None, start_raises: bool = False,
            write_raises_after: int | None = None) -> list[str]:
        """Make the exchange and return the evidence of each breach; what the application raises is noted."""
        x = self.x
        body: Any = None
        failure: Any = None
        self.start_raises, self.write_raises_after = start_raises, write_raises_after
        ending = Ending.EXHAUSTED if stop_after != 0 else Ending.CLOSED
        self.environ["wsgi.input"] = Stream(self, self.environ["wsgi.input"], "read", "input_attributes")
        self.environ["wsgi.errors"] = Stream(self, self.environ["wsgi.errors"], "errors", "errors_attributes")
        try:
            self.judge("request", self.environ)
            body = application(self.environ, self.start_response)
            self.judge("returned", body)
            x.returned, x.has_close = type(body).__name__, hasattr(body, "close")
            x.length = len(body) if hasattr(body, "__len__") else None
            x.iterating, x.iterations = stop_after != 0, int(stop_after != 0)
            for chunk in () if stop_after == 0 else body:
                self.judge("chunk", chunk)
                x.chunks += 1
                size = x.sent(chunk)
                x.bytes_yielded += size
                x.small_chunks += 1 if 1 <= size <= 16 else 0
                x.empty_before_start += 1 if chunk == b"" and not x.starts else 0
                if x.chunks == stop_after or x.chunks >= 10000:
                    ending = Ending.CLOSED
                    break
        except BaseException as error:
            ending, x.raised = Ending.RAISED, f"{type(error).__name__}: {error}"
        x.iterating = False
        self.judge("end", ending)
        x.ending = ending
        try:
            if hasattr(body, "close"):
                body.close()
        except BaseException as error:
            failure = error
        self.judge("close", failure)
        x.closes, x.over = 1, True
        if self.crash is not None:
            raise self.crash
        return self.broken


class Stream:
    """Stands for wsgi.input or wsgi.errors and has each use of it judged, before it happens and after."""

    LISTED = ("read", "readline", "readlines", "write", "writelines", "flush")

    def __init__(self, watch: Watch, stream: Any, moment: str, fact: str) -> None:
        self._watch, self._stream, self._moment, self._fact = watch, stream, moment, fact

    def __iter__(self) -> Iterator[Any]:
        self._watch.judge(self._moment, Use("__iter__"))
        for line in self._stream:
            self._watch.judge("data", Use("__iter__", result=line))
            self._watch.x.bytes_read += len(line)
            yield line

    def __getattr__(self, name: str) -> Any:
        watch, fact = self._watch, self._fact
        if name not in self.LISTED:
            watch.judge(self._moment, Use(name, called=False))
            if name not in getattr(watch.x, fact) and not name.startswith("__"):
                setattr(watch.x, fact, (*getattr(watch.x, fact), name))
        if name not in (*self.LISTED, "close", "seek", "tell", "isatty"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = getattr(self._stream, name)

        def called(*args: Any, **keywords: Any) -> Any:
            setattr(watch.x, fact, tuple(asked for asked in getattr(watch.x, fact) if asked != name))
            watch.judge(self._moment, Use(name, args, keywords))
            watch.x.used(name, args)
            result = value(*args, **keywords)
            if self._moment == "read" and name in self.LISTED:
                watch.judge("data", Use(name, args, keywords, result))
                watch.x.bytes_read += sum(map(len, result)) if isinstance(result, list) else len(result)
            return result

        return called if callable(value) else value
