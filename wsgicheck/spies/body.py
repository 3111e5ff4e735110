"""The spy on the iterable that an application returns: what stands for it, with its len() and its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from ..model.exchange import Exchange
from ..model.moments import Ending
from ..plan import Plan
from .tape import HEAD, note
from .watch import Watch

_EXHAUSTED: Final = Ending.EXHAUSTED  # a member of an Enum costs ten times a global name

__all__ = ["Body", "ListBody", "SizedBody", "spy_on_body"]


_W = TypeVar("_W", bound=Watch)


def _of_list(name: str) -> property:
    return property(lambda self: getattr(self._iterable, name))


class ListBody(Watch):
    """Stands for a list, the commonest body of all.

    One object does for it what takes two for others: of a list it is known what attributes it has. An iterator that is
    never asked for an item counts as none.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        x, plan, items = self._x, self._plan, self._iterable
        x.iterations += 1
        if x.closes:
            x.iterated_closed = True
        find_room = plan.gates.chunk_room
        # A list of one plain item is the commonest body of all, and has the shortest way.
        if find_room is not None and len(items) == 1 and type(items[0]) is bytes:
            chunk = items[0]
            size = len(chunk)
            if size <= find_room(x):
                # There is room in a first iteration only, so these counts were 0. That it is being iterated need not
                # be noted: a list runs nothing of the application's meanwhile.
                x.chunks, x.bytes_yielded = 1, size
                if 0 < size <= 16:
                    x.small_chunks = 1
                if not x.head:
                    x.head = chunk if size <= HEAD else chunk[:HEAD]
                yield chunk
                if len(items) == 1:
                    # What `_end` does, without the call, which would cost more than the work.
                    if x.ending is None:
                        judge, proves = plan.end, plan.gates.end
                        if judge is not None and (proves is None or not proves(x, _EXHAUSTED)):
                            judge(x, _EXHAUSTED)
                        x.ending = _EXHAUSTED
                    return
                # It has grown while the server had the first.
                items = items[1:]
        yield from self._watch(iter(items))

    def __len__(self) -> int:
        return len(self._iterable)

    def close(self) -> None:
        x = self._x
        if self._plan.exact:
            note(x, "close()")
        if x.ending is None:
            self._end(Ending.CLOSED)
        self._closed(None)

    append, clear, copy, count, extend, index = map(_of_list, ("append", "clear", "copy", "count", "extend", "index"))
    insert, pop, remove, reverse, sort = map(_of_list, ("insert", "pop", "remove", "reverse", "sort"))


class Body:
    """Stands for an iterable that has no len().

    A mere face: a class with __getattr__ pays for each of its own attributes, so it has but one.
    """

    __slots__ = ("__weakref__", "_items", "_watch")

    _items: Iterator[Any]
    """Where next() was called on the body itself: what gives its items."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __iter__(self) -> Iterator[Any]:
        return self._watch._iterate()

    def __next__(self) -> Any:
        # A generator is its own iterator, and a server may know that it got one.
        try:
            items = object.__getattribute__(self, "_items")
        except AttributeError:
            items = self._items = iter(self)
        return next(items)

    @property
    def _iterable(self) -> Any:
        """What the application returned; a ListBody has it under the same name."""
        return self._watch._iterable

    def close(self) -> None:
        self._watch.close()

    def __getattr__(self, name: str) -> Any:
        # PEP 3333 lets a server use nothing but iteration, len() and close(); what else it asks for, it gets.
        return getattr(self._watch._iterable, name)


class SizedBody(Body):
    """Stands for an iterable that has a len()."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._watch._iterable)


def _begin(watch: _W, x: Exchange, plan: Plan, iterable: Any, done: Callable[[Exchange], None] | None) -> _W:
    watch._x = x
    watch._plan = plan
    watch._iterable = iterable
    watch._done = done
    watch._passing = None
    return watch


def spy_on_body(x: Exchange, plan: Plan, iterable: Any, done: Callable[[Exchange], None] | None,
                ) -> Body | ListBody:
    """Judge what the application returned and return what stands for it."""
    kind = type(iterable)
    if kind is list and plan.gates.lists:
        x.returned = "list"
        x.subject = iterable
        x.length = len(iterable)
        return _begin(ListBody(), x, plan, iterable, done)
    judge, proves = plan.returned, plan.gates.returned
    if judge is not None and (proves is None or not proves(x, iterable)):
        try:
            judge(x, iterable)
        except BaseException:
            # The server will never see the iterable, so nobody else can close it.
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
            raise
    x.returned = kind.__name__
    x.subject = iterable
    if plan.exact:
        note(x, f"returned {x.returned}")
    x.has_close = hasattr(iterable, "close")
    if kind is list:
        x.length = len(iterable)
        return _begin(ListBody(), x, plan, iterable, done)
    if hasattr(kind, "__len__"):
        try:
            x.length = len(iterable)
        except Exception:
            x.length = None
        return SizedBody(_begin(Watch(), x, plan, iterable, done))
    return Body(_begin(Watch(), x, plan, iterable, done))
