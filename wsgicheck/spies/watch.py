"""A body on its way: its items, its end and its close(), watched from the return of the iterable on.

Laws: one item goes out when one comes in, the same object; nothing is taken ahead and nothing is kept. Each item that
is not exactly a bytes object is judged before the server gets it.

Items come in thousands, so there are three ways to pass them on, each as exact as it can be at its price:
- one by one, each judged: where a run records, and whenever `chunk_room` has no proof;
- measured: a plain item costs its type, its size and its share of the counts;
- in passing, once a long body without Content-Length and len() is well under way: C iterators hand the items through,
  groupby() splits them by type, and they are counted by the batch (`Exchange.uncounted`). Their sizes are not taken
  (`Exchange.unmeasured`), for taking them would cost as much again as all else; no rule needs them then. What a
  generator raises is seen when the body is closed and not when it passes: its kind is known where a server closes in
  the course of handling it, as all do that are written in Python; where none is being handled only the ending is known.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from types import GeneratorType
from typing import Any, Final

from ..errors import RuleBroken, WsgicheckWarning
from ..model.exchange import Exchange
from ..model.gate import BOUNDLESS
from ..model.moments import Ending
from ..plan import Plan
from ..show import show
from .bytes_input import note_missing
from .site import user_line
from .tape import HEAD, note, note_data, note_no_data

__all__ = ["BATCH", "MEASURED", "MOST_BATCH", "Watch", "note_raised"]

MEASURED = 128
"""Items that are measured of a long body; from them a rule can tell whether the body is crumbled."""
BATCH: Final = 64
MOST_BATCH: Final = 4096
"""Items that pass before one is counted again: first so many, and twice as many each time, up to MOST_BATCH. (A count
of each would cost as much as all else: what C iterators have taken can be read off them only where they take it by
turns with a second one.)"""
_END: Final = object()


def note_raised(x: Exchange, error: BaseException) -> None:
    """Absorb that `error` left the application or its body."""
    if not x.raised:
        note_missing(x, error)
        x.raised = f"{type(error).__name__}: {show(str(error))[1:-1]}" if str(error) else type(error).__name__
        x.raised_at = user_line(error)
        note(x, f"raised {x.raised}")


def _came_from(error: BaseException | None, generator: Any) -> BaseException | None:
    """Return `error`, or what it stems from, if it passed through `generator`."""
    for _ in range(16):
        if error is None:
            return None
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code is generator.gi_code:
                return error
            traceback = traceback.tb_next
        error = error.__context__
    return None


class Watch:
    """One body on its way, from the return of the iterable to its close.

    It lives as long as the server holds the body or an iterator over it; what is dropped was abandoned.
    """

    __slots__ = ("__weakref__", "_done", "_iterable", "_passing", "_plan", "_x")

    _x: Exchange
    _plan: Plan
    _iterable: Any
    _done: Callable[[Exchange], None] | None
    _passing: Any
    """The generator whose items go out in passing, None where they don't."""

    def _iterate(self) -> Iterator[Any]:
        x = self._x
        x.iterations += 1
        if x.closes:
            x.iterated_closed = True
        iterable = self._iterable
        if self._plan.exact or isinstance(iterable, (list, tuple)) or x.length is not None:
            return self._watch(iter(iterable))
        return chain.from_iterable(self._stretches(iter(iterable)))

    def _watch(self, items: Iterator[Any]) -> Iterator[Any]:
        """Pass the items on and see the end; measured where there is room, else one by one."""
        x, find_room = self._x, self._plan.gates.chunk_room
        x.iterating = True
        chunk: Any = _END
        while True:
            room = -1 if find_room is None else find_room(x)
            starts = x.starts
            try:
                for chunk in items if room >= 0 else islice(items, 1):
                    if type(chunk) is not bytes or x.starts != starts or x.closes:
                        break
                    size = len(chunk)
                    if size > room:
                        break
                    room -= size
                    x.chunks += 1
                    x.bytes_yielded += size
                    if size <= 16 and size:
                        x.small_chunks += 1
                    if not x.head and size:
                        x.head = chunk[:HEAD]
                    yield chunk
                    chunk = _END
            except BaseException as error:
                if chunk is _END:
                    note_raised(x, error)
                    self._end(Ending.RAISED)
                # Else it came in at the yield: the server closes this generator.
                raise
            if chunk is _END:
                break
            self._judge(chunk)
            yield chunk
            chunk = _END
        self._end(Ending.EXHAUSTED)

    def _judge(self, chunk: Any) -> None:
        x = self._x
        if self._plan.chunk is not None:
            self._plan.chunk(x, chunk)
        x.chunks += 1
        if isinstance(chunk, bytes):
            size = len(chunk)
            x.bytes_yielded += size
            if 0 < size <= 16:
                x.small_chunks += 1
            elif not size and not x.starts:
                x.empty_before_start += 1
            note_data(x, "chunk", chunk)
        else:
            note_no_data(x, "chunk", chunk)

    def _stretches(self, items: Iterator[Any]) -> Iterator[Iterator[Any]]:
        """Yield iterators which together give `items`: the beginning is watched, a long rest goes out in passing."""
        x, find_room = self._x, self._plan.gates.chunk_room
        watched = self._watch(items)
        yield islice(watched, MEASURED)
        while x.ending is None:
            if find_room is None or find_room(x) != BOUNDLESS or x.declared_length is not None:
                yield islice(watched, MEASURED)
                continue
            passing = items if type(items) is GeneratorType else self._guard(items)
            self._passing = passing
            for kind, alike in groupby(passing, type):
                if kind is bytes:
                    yield from self._in_passing(alike)
                else:
                    for chunk in alike:
                        self._judge(chunk)
                        yield iter((chunk,))
            self._passing = None
            self._end(Ending.EXHAUSTED)

    def _in_passing(self, items: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
        """Yield iterators which together give `items`: by turns one, which is counted, and a batch, which is not."""
        x, uncounted, passed, batch = self._x, self._x.uncounted, 0, BATCH
        for chunk in items:
            # One has come after the batch, so that was a full one.
            x.chunks += passed + 1
            x.unmeasured += passed + 1
            x.uncounted = uncounted
            yield iter((chunk,))
            del chunk
            passed, x.uncounted = batch, uncounted + batch
            yield islice(items, batch)
            batch = min(2 * batch, MOST_BATCH)

    def _guard(self, items: Iterator[Any]) -> Iterator[Any]:
        """Pass `items` on and see what they raise: of a generator we can tell afterwards that it raised, else not."""
        try:
            yield from items
        except GeneratorExit:
            raise
        except BaseException as error:
            note_raised(self._x, error)
            raise

    def _left(self, ending: Ending) -> Ending:
        """Return how the body ended that the server left with `ending`, and note what it raised in passing."""
        passing = self._passing
        if passing is None or passing.gi_frame is not None:
            return ending
        # The generator is over, and if it had come to its end we would know.
        error = _came_from(sys.exception(), passing)
        if error is not None:
            note_raised(self._x, error)
        return Ending.RAISED

    def _end(self, ending: Ending) -> None:
        x = self._x
        x.iterating = False
        if x.ending is None:
            if self._plan.exact:
                note(x, f"body {ending.value}")
            judge, proves = self._plan.end, self._plan.gates.end
            if judge is not None and (proves is None or not proves(x, ending)):
                judge(x, ending)
            x.ending = ending

    def close(self) -> None:
        x = self._x
        failure: BaseException | None = None
        if self._plan.exact:
            note(x, "close()")
        ending = Ending.CLOSED if self._passing is None else self._left(Ending.CLOSED)
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
                self._end(ending)
            self._closed(failure)

    def _closed(self, failure: BaseException | None) -> None:
        x, plan = self._x, self._plan
        judge, proves = plan.close, plan.gates.close
        if judge is not None and (proves is None or not proves(x, failure)):
            judge(x, failure)
        x.closes += 1
        x.over = True
        x.subject = None
        if self._done is not None:
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
                self._end(self._left(Ending.ABANDONED))
            if self._plan.close is not None:
                self._plan.close(x, Ending.ABANDONED)
        except RuleBroken as broken:
            warnings.warn(str(broken), WsgicheckWarning, stacklevel=1)
        finally:
            self._finish()
