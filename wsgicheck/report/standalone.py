"""The part of a stand-alone program that makes one exchange and judges one rule in it (see judge.py).

Its source is printed into the program, so it needs the standard library only and names nothing of wsgicheck.
Law: what a check is told here is what the spies would tell it, as far as it goes; a rule that asks for more
gets no program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ..model.moments import Ending, Start

__all__ = ["MOMENTS", "Watch"]

MOMENTS = frozenset({"request", "start", "returned", "chunk", "write", "close", "end"})
"""The moments at which Watch asks."""


class Watch:
    """Plays the server for one exchange and asks `check` at its moment; `broken` is what it answered."""

    def __init__(self, check: Callable[[Any, Any], Any], moment: str) -> None:
        self.check, self.moment = check, moment
        self.broken: list[str] = []
        self.x = SimpleNamespace(
            method="", request_length=None, starts=0, start_positional=2, start_keywords=(), handling=0,
            start_failed=False, failed_with_exc_info=False, exc_info_given=False, status="", code=0, headers=(),
            declared_length=None, returned="", length=None, chunks=0, empty_before_start=0, bytes_yielded=0,
            writes=0, bytes_written=0, bytes_sent=0, headers_gone=False, closes=0, has_close=False, raised="",
            ending=None, over=False, bodyless=False, call_positional=2, call_keywords=(), broken=())

    def judge(self, moment: str, thing: Any) -> None:
        if moment == self.moment:
            verdict = self.check(self.x, thing)
            if isinstance(verdict, str):
                self.broken.append(verdict)

    def start_response(self, *args: Any, **keywords: Any) -> Callable[[Any], None]:
        x = self.x
        x.start_positional, x.start_keywords = len(args), tuple(keywords)
        x.handling = id(sys.exception()) if sys.exception() is not None else 0
        given = [*args, *keywords.values(), None, None, None][:3]
        self.judge("start", Start(*given))
        x.starts += 1
        x.exc_info_given = given[2] is not None
        x.status = given[0] if isinstance(given[0], str) else ""
        x.code = int(x.status[:3]) if x.status[:3].isdigit() else 0
        x.bodyless = x.method == "HEAD" or 100 <= x.code < 200 or x.code in (204, 304)
        if isinstance(given[1], (list, tuple)):
            x.headers = tuple(pair for pair in given[1] if isinstance(pair, tuple) and len(pair) == 2
                              and isinstance(pair[0], str) and isinstance(pair[1], str))
        lengths = [value for name, value in x.headers if name.lower() == "content-length" and value.isdigit()]
        x.declared_length = int(lengths[0]) if lengths else None
        x.start_failed = bool(self.start_raises)
        x.failed_with_exc_info = x.failed_with_exc_info or (x.start_failed and x.exc_info_given)
        if self.start_raises:
            raise RuntimeError("the server refuses these headers")
        if x.exc_info_given and x.headers_gone:
            raise given[2][1].with_traceback(given[2][2])
        return self.write

    def write(self, data: Any) -> None:
        self.judge("write", data)
        if self.write_raises_after is not None and self.x.writes >= self.write_raises_after:
            raise RuntimeError("the client has left")
        self.x.writes += 1
        self.x.bytes_written += len(data) if isinstance(data, bytes) else 0
        self.count()

    def count(self) -> None:
        self.x.bytes_sent = self.x.bytes_written + self.x.bytes_yielded
        self.x.headers_gone = self.x.bytes_sent > 0

    def run(self, application: Any, environ: dict[str, Any], stop_after: int | None = None,
            start_raises: bool = False, write_raises_after: int | None = None) -> list[str]:
        """Make the exchange and return the evidence of each breach; what the application raises is noted."""
        x = self.x
        body: Any = None
        self.start_raises, self.write_raises_after = start_raises, write_raises_after
        x.method, length = environ.get("REQUEST_METHOD", ""), environ.get("CONTENT_LENGTH", "")
        x.request_length = int(length) if length.isdigit() else None
        ending, failure = "exhausted", None
        try:
            self.judge("request", environ)
            body = application(environ, self.start_response)
            self.judge("returned", body)
            x.returned, x.has_close = type(body).__name__, hasattr(body, "close")
            x.length = len(body) if hasattr(body, "__len__") else None
            if stop_after == 0:
                ending = "closed"
            for chunk in () if stop_after == 0 else body:
                self.judge("chunk", chunk)
                x.chunks += 1
                x.bytes_yielded += len(chunk) if isinstance(chunk, bytes) else 0
                x.empty_before_start += 1 if chunk == b"" and not x.starts else 0
                self.count()
                if x.chunks == stop_after or x.chunks >= 10000:
                    ending = "closed"
                    break
        except BaseException as error:
            ending, x.raised = "raised", f"{type(error).__name__}: {error}"
        self.judge("end", Ending(ending))
        x.ending = Ending(ending)
        try:
            if hasattr(body, "close"):
                body.close()
        except BaseException as error:
            failure = error
        self.judge("close", failure)
        x.closes, x.over = 1, True
        return self.broken
