"""The spy on the iterable that an application returns: its items, its len(), its end and its close()."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import RuleBroken, WsgicheckWarning
from ..model.exchange import Exchange
from ..model.moments import Ending
from ..plan import Plan
from ..show import show
from .site import user_line
from .tape import note, note_data

__all__ = ["Body", "SizedBody", "note_raised", "spy_on_body"]


def note_raised(x: Exchange, error: BaseException) -> None:
    """Absorb that `error` left the application or its body."""
    if not x.raised:
        x.raised = f"{type(error).__name__}: {show(str(error))[1:-1]}" if str(error) else type(error).__name__
        x.raised_at = user_line(error)
        note(x, f"raised {x.raised}")


class Body:
    """Stands for an iterable that has no len()."""

    __slots__ = ("__weakref__", "_done", "_items", "_iterable", "_plan", "_x")

    def __init__(self, x: Exchange, plan: Plan, iterable: Any, done: Callable[[Exchange], None] | None) -> None:
        self._x = x
        self._plan = plan
        self._iterable = iterable
        self._done = done
        self._items: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        x = self._x
        x.iterations += 1
        if x.closes:
            x.iterated_closed = True
        return self._watch(iter(self._iterable))

    def __next__(self) -> Any:
        # A generator is its own iterator, and a server may know that it got one.
        if self._items is None:
            self._items = iter(self)
        return next(self._items)

    def _watch(self, items: Iterator[Any]) -> Iterator[Any]:
        x, judge = self._x, self._plan.chunk
        x.iterating = True
        recording = x.body is not None or x.events is not None
        while True:
            try:
                chunk = next(items)
            except StopIteration:
                break
            except BaseException as error:
                note_raised(x, error)
                self._end(Ending.RAISED)
                raise
            if judge is not None:
                judge(x, chunk)
            x.chunks += 1
            if isinstance(chunk, bytes):
                size = len(chunk)
                if size > 16:
                    x.bytes_yielded += size
                elif size:
                    x.bytes_yielded += size
                    x.small_chunks += 1
                elif not x.starts:
                    x.empty_before_start += 1
                if recording or not x.head:
                    note_data(x, "chunk", chunk)
            yield chunk
        self._end(Ending.EXHAUSTED)

    def _end(self, ending: Ending) -> None:
        x = self._x
        x.iterating = False
        if x.ending is None:
            note(x, f"body {ending.value}")
            if self._plan.end is not None:
                self._plan.end(x, ending)
            x.ending = ending

    def close(self) -> None:
        x = self._x
        failure: BaseException | None = None
        note(x, "close()")
        try:
            close = getattr(self._iterable, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            failure = error
            note_raised(x, error)
            raise
        finally:
            if x.ending is None:
                self._end(Ending.CLOSED)
            if self._plan.close is not None:
                self._plan.close(x, failure)
            x.closes += 1
            self._finish()

    def _finish(self) -> None:
        x = self._x
        x.over = True
        x.subject = None
        done, self._done = self._done, None
        if done is not None:
            done(x)

    def __del__(self) -> None:
        x = self._x
        if x.closes:
            return
        # No exception leaves __del__: what would be raised becomes a warning.
        try:
            if x.ending is None:
                self._end(Ending.ABANDONED)
            if self._plan.close is not None:
                self._plan.close(x, Ending.ABANDONED)
        except RuleBroken as broken:
            warnings.warn(str(broken), WsgicheckWarning, stacklevel=1)
        finally:
            self._finish()

    def __getattr__(self, name: str) -> Any:
        # PEP 3333 lets a server use nothing but iteration, len() and close(); what else it asks for, it gets.
        return getattr(self._iterable, name)


class SizedBody(Body):
    """Stands for an iterable that has a len()."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._iterable)


def spy_on_body(x: Exchange, plan: Plan, iterable: Any, done: Callable[[Exchange], None] | None) -> Body:
    """Judge what the application returned and return what stands for it."""
    if plan.returned is not None:
        try:
            plan.returned(x, iterable)
        except BaseException:
            # The server will never see the iterable, so nobody else can close it.
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
            raise
    x.returned = type(iterable).__name__
    x.subject = iterable
    x.has_close = hasattr(iterable, "close")
    note(x, f"returned {x.returned}")
    if hasattr(type(iterable), "__len__"):
        try:
            x.length = len(iterable)
        except Exception:
            x.length = None
        return SizedBody(x, plan, iterable, done)
    return Body(x, plan, iterable, done)
