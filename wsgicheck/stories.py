"""Lets a law over several exchanges have its way: makes what it asks for happen, and brings back its verdict.

Laws: nothing that the application raises leaves `tell`; what a law finds in the way of the server's mark on a header
list, or of lists made empty, is undone before the next step but one, so that no law spoils the ground for another.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import FrameType, FunctionType, ModuleType
from typing import Any

from .crowd import at_once
from .model.exchange import Exchange
from .model.request import Case, Request
from .model.rule import HOLDS, Relation, Verdict
from .model.story import Afresh, Step, Survivors, Together
from .plan import Plan
from .reference.gateway import MARK, Response, environ_of, serve
from .spies.handed_over import note_handed_over
from .spies.spy import Spied

__all__ = ["Telling", "look", "tell"]

_SILENT = Plan()
_SHORT_ROW = 4
Fresh = Callable[[tuple[Case, ...]], tuple[Exchange, ...] | None]


@dataclass(slots=True)
class Telling:
    """How a story went: its verdict and the exchanges of its cases, in order."""

    verdict: Verdict = HOLDS
    cases: list[Case] = field(default_factory=list)
    row: list[Case] = field(default_factory=list)
    """What to ask in a row to see it again."""
    exchanges: list[Exchange] = field(default_factory=list)
    crash: str = ""
    at_once: bool = False
    """Whether some of the cases were made by several threads."""

    @property
    def broken(self) -> bool:
        return isinstance(self.verdict, str)

    @property
    def between(self) -> tuple[Case, ...]:
        """What was asked between the first case and the last, the same in a row once; () where it is no short row."""
        row = [case for case, _ in groupby(self.row)][1:-1]
        return () if self.at_once or len(row) > _SHORT_ROW else tuple(row)


def look(application: Callable[..., Any], case: Case) -> tuple[Exchange, Response]:
    """Make one case happen with nobody judging; return the facts of its (last) exchange, recorded, and the response."""
    seen: list[Exchange] = []

    def begin(x: Exchange) -> None:
        x.request, x.drive, x.body, x.events = case.request, case.drive, b"", []
        seen.append(x)

    spied = Spied(application, _SILENT, begin=begin)
    response = Response()
    for _ in range(max(1, case.drive.calls)):
        response = serve(spied, case.request, case.drive, environ_of(case.request))
    x = seen[-1] if seen else Exchange()
    note_handed_over(x, response.body, response.error)
    return x, response


class _Teller:
    """One story."""

    def __init__(self, application: Callable[..., Any], perform: Callable[[Case], Exchange] | None, fresh: Fresh | None,
                 others: Callable[[], Sequence[Request]], doing: Callable[[Case | None], None]) -> None:
        self.doing = doing
        self.application = application
        self.perform = perform
        self.fresh = fresh
        self.others = others
        self.telling = Telling()
        self.traces: dict[str, weakref.ref[Any]] = {}
        self.marked: list[tuple[int, list[Any]]] = []

    def case(self, case: Case) -> Exchange:
        drive = case.drive
        if self.perform is not None and not (drive.headers or drive.watched or drive.closes != 1):
            x = self.perform(case)
        else:
            self.doing(case)
            x, response = look(self.application, case)
            self.doing(None)
            if drive.headers == "marked" and isinstance(response.headers, list):
                self.marked.append((len(self.telling.cases), response.headers))
            if drive.watched:
                self.traces = response.traces
        self.telling.cases.append(case)
        self.telling.row.append(case)
        self.telling.exchanges.append(x)
        self.unmark(len(self.telling.cases) - 2)
        return x

    def unmark(self, until: int) -> None:
        """Take the server's mark off the lists that were marked in a step up to number `until`."""
        for number, headers in list(self.marked):
            if number <= until:
                self.marked.remove((number, headers))
                while MARK in headers:
                    headers.remove(MARK)

    def together(self, step: Together) -> tuple[tuple[Exchange | None, ...], ...]:
        def job(case: Case) -> Callable[[], Exchange]:
            return lambda: look(self.application, case)[0]

        self.doing(step.cases[0])
        rounds = at_once([job(case) for case in step.cases], step.ordered, step.free)
        self.doing(None)
        self.telling.cases.extend(step.cases)
        self.telling.row.extend(step.cases)
        self.telling.at_once = True
        return tuple(tuple(None if found is None else found[number] for found in rounds)
                     for number in range(len(step.cases)))

    def step(self, step: Step) -> Any:
        if isinstance(step, Case):
            return self.case(step)
        if isinstance(step, Together):
            return self.together(step)
        if isinstance(step, Afresh):
            found = self.fresh(step.cases) if self.fresh is not None else None
            if found is not None:
                self.telling.cases.extend(step.cases)
                if step.shows:
                    self.telling.row[:] = step.cases
            return found
        if isinstance(step, Survivors):
            # What is gone without the collector needs none, which takes long where much is imported.
            if any(kept() is not None for kept in self.traces.values()):
                gc.collect()
            return tuple(_held(name, kept()) for name, kept in self.traces.items() if kept() is not None)
        return tuple(self.others()[: step.most])


def _held(name: str, kept: object) -> str:
    """Return `name`, with the module's or class's name that leads to it, where one is found."""
    seen = {id(kept)}
    layer = [kept]
    for _ in range(6):
        holders = [holder for thing in layer for holder in gc.get_referrers(thing)
                   if id(holder) not in seen and not isinstance(holder, FrameType) and holder is not layer]
        for holder in holders[:200]:
            seen.add(id(holder))
            if isinstance(holder, dict) and isinstance(holder.get("__name__"), str) and "__builtins__" in holder:
                key = next((key for key, value in holder.items() if any(value is thing for thing in layer)), "")
                return f"{name} (by {holder['__name__']}.{key})"
            if isinstance(holder, (FunctionType, type, ModuleType)):
                return f"{name} (by {holder.__name__})"
        layer = holders[:200]
    return name


def tell(law: Relation, request: Request, application: Callable[..., Any], *,
         perform: Callable[[Case], Exchange] | None = None, fresh: Fresh | None = None,
         others: Callable[[], Sequence[Request]] = tuple,
         doing: Callable[[Case | None], None] = lambda case: None, asked: list[Case] | None = None) -> Telling:
    """Let `law` judge `application`, beginning with `request`.

    Args:
        perform: makes an ordinary case happen; by default nobody else looks on.
        fresh: makes cases happen in a process that has served nothing; None where there is none.
        others: gives further requests that were answered well.
        doing: is told of what happens without `perform`, and of None after.
        asked: takes the cases so far, so that `perform` may look what came before.
    """
    teller = _Teller(application, perform, fresh, others, doing)
    telling = teller.telling
    if asked is not None:
        telling.cases = asked
    story = law(request)
    answer: Any = None
    try:
        while True:
            answer = teller.step(story.send(answer))
    except StopIteration as end:
        telling.verdict = end.value
    except Exception as error:
        telling.crash = f"{type(error).__name__}: {error}"
    finally:
        story.close()
        teller.unmark(len(telling.cases))
    return telling
