"""All at once: what an application answers to many threads (PEP 3333, "environ Variables", wsgi.multithread)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, NOT_APPLICABLE, SHOULD, pep, relation
from ...model.story import Others, Story, Together
from ...show import show
from .answers import SAFE, Steady, answer, answered, steady, text_of

_NUMBER = re.compile(r"\d+(\.\d+)?([eE]-?\d+)? ?([mµu]?s)?")
_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_MULTITHREAD = pep("environ-variables", "This value should evaluate true if the application object may be "
                                        "simultaneously "
                                        "invoked by another thread in the same process")


def _visitors(request: Request, count: int) -> list[tuple[str, Request]]:
    """Return the request as so many visitors make it, each with a mark of its own where requests carry names."""
    seed = zlib.crc32(repr(request).encode())
    found = []
    for number in range(count):
        mark = f"v{number}x{(seed + number * 7919) % 99991}y"
        names = [pair.partition("=")[0] for pair in request.query.split("&") if pair] or ["q"]
        found.append((mark, replace(request, multithread=True).with_variables(
            QUERY_STRING="&".join(f"{name}={mark}" for name in names), HTTP_USER_AGENT=f"{mark}/1.0",
            HTTP_COOKIE=f"user={mark}")))
    return found


def _leak(x: Exchange, own: str, marks: Sequence[str]) -> str:
    """Return what in the answer belongs to another visitor, "" if nothing does."""
    for mark in marks:
        if mark == own:
            continue
        for name, value in x.headers:
            if mark in value:
                return f"{name}: {show(value)}"
        page = text_of(x)
        if mark in page:
            at = page.index(mark)
            return f"the body {show(page[max(0, at - 20) : at + 20])}"
    return ""


def _measured(one: Exchange, two: Exchange) -> frozenset[str]:
    """Return the fields that hold a number in both answers, Content-Length aside: how long it took, say."""
    return frozenset(name for name in one.names & two.names if name != "content-length"
                     and all(_NUMBER.fullmatch(value) for x in (one, two) for value in x.values(name)))


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-014",), cites=_MULTITHREAD, costly=True, lasting=True)
def answers_are_the_same_among_threads(request: Request) -> Story:
    """A request is answered in the same way when other threads ask at the same time.

    Most servers have several threads and one application object. What a view keeps in a global, in an attribute of the
    application or in a class is shared by all visitors of the moment: one gets the page, the name, the session of
    another, or half of both, a few times a day and never on the developer's machine. Keep what belongs to a request in
    local variables or a context variable; guard what must be shared by a lock; or start the server with one thread and
    say so. (PEP 3333 lets an application rely on wsgi.multithread being false; here it is true.)
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    visitors = _visitors(request, 3)
    others = yield Others(8)
    visitors += [("", replace(other, multithread=True)) for other in others
                 if other.method in SAFE and other != request][:2]
    marks = [mark for mark, _ in visitors if mark]
    calm: list[Steady] = []
    asked: list[tuple[str, Request]] = []
    for mark, visitor in visitors:
        base = yield from steady(visitor)
        # What remembers its visitors without any threads is another matter.
        if base is not None and not _leak(base.x, mark, marks):
            calm.append(base)
            asked.append((mark, visitor))
    if len(asked) < 2:
        return NOT_APPLICABLE
    rounds = yield Together(tuple(Case(visitor) for _, visitor in asked))
    for base, (mark, visitor), exchanges in zip(calm, asked, rounds, strict=True):
        for x in exchanges:
            words = f"asked by {len(asked)} threads at once, {visitor.method} {show(visitor.path)}"
            if x is None:
                return f"{words} was not answered by all within seconds; expected no deadlock"
            leak = _leak(x, mark, marks)
            if leak:
                for _, before in asked:
                    yield Case(before)
                    after = yield Case(visitor)
                    if _leak(after, mark, marks):
                        return NOT_APPLICABLE  # so it is one after the other too
                return f"{words} was answered with what another of them had sent: {leak}; expected its own answer"
            told = base.differs(x, _measured(base.x, x))
            if not told:
                continue
            later = yield Case(visitor)
            if base.differs(later):
                break  # it has changed for good, which threads need not be the reason of
            if "database is locked" in x.raised + text_of(x):
                continue  # a wait for others, which a longer timeout ends
            return (f"{words}: {answer(x) if not answered(x) else told}, alone {answer(base.x)}; expected the same "
                    f"answer")
    return HOLDS


class _Application:
    """An application that keeps the visitor of the moment in an attribute."""

    def __init__(self) -> None:
        self.visitor = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.visitor = environ.get("QUERY_STRING", "")
        greeting = "hello"
        start_response("200 OK", [_PLAIN])
        return [f"{greeting}, {self.visitor}".encode()]


answers_are_the_same_among_threads.bad(_Application(), query="name=Ada")


@answers_are_the_same_among_threads.bad
def _(environ: dict[str, Any], start_response: Any, busy: list[int] = []) -> Any:  # noqa: B006
    busy.append(1)
    crowded = len(busy) > 1
    start_response("503 Service Unavailable" if crowded else "200 OK", [_PLAIN])
    busy.pop()
    return [b"one at a time" if crowded else b"hello"]


@answers_are_the_same_among_threads.good(query="name=Ada")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    visitor = environ.get("QUERY_STRING", "")
    start_response("200 OK", [_PLAIN])
    return [f"hello, {visitor}".encode()]


@answers_are_the_same_among_threads.good
def _(environ: dict[str, Any], start_response: Any, served: list[int] = [0]) -> Any:  # noqa: B006
    # A count of visitors is no answer's business but its own.
    served[0] += 1
    start_response("200 OK", [_PLAIN, ("X-Served", str(served[0]))])
    return [f"visitor {served[0]}".encode()]
