"""When the server stops early, or closes more than once: what the body does then, and the request after it."""

from __future__ import annotations

import time
from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Moment
from ...model.request import Case, Drive, Request
from ...model.rule import APPLICATION, HOLDS, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, relation, rule
from ...model.story import Story
from ...show import show
from .answers import SAFE, ages, answer, steady

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_EARLY = pep("specification-details", "Applications returning a generator or other custom iterator **should not** "
                                      "assume the "
                                      "entire iterator will be consumed, as it **may** be closed early by the server.")


class _Body:
    """A body whose close() is the example's."""

    def __init__(self, items: Any, close: Any) -> None:
        self._items = iter(items)
        self.close = close

    def __iter__(self) -> Any:
        return self._items


@rule(at=Moment.CLOSE, binds=APPLICATION, level=SHOULD, covers=("PORT-025",), cites=_EARLY)
def generators_let_themselves_be_closed(x: Exchange, outcome: object) -> Verdict:
    """A generator that is closed yields nothing more.

    close() raises GeneratorExit where the generator stands. A bare `except:` or `except BaseException:` around a yield
    catches it, and a yield in `finally` answers it; then close() raises RuntimeError, the server logs an error for each
    visitor who leaves early, and what came after in close() is not done. Catch Exception, and yield nothing in finally.
    """
    if isinstance(outcome, RuntimeError) and str(outcome) == "generator ignored GeneratorExit":
        return f"close() raised {type(outcome).__name__}: {outcome}; expected the generator to end"
    return HOLDS


@generators_let_themselves_be_closed.bad(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    try:
        yield b"first"
        yield b"second"
    finally:
        yield b"the end"


@generators_let_themselves_be_closed.bad(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    for number in range(3):
        try:
            yield str(number).encode()
        except BaseException:
            continue


@generators_let_themselves_be_closed.good(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    try:
        yield b"first"
        yield b"second"
    except GeneratorExit:
        return
    finally:
        environ.clear()


@relation(binds=APPLICATION, level=SHOULD, covers=("BD-012",), cites=_EARLY, lasting=True)
def bodies_may_be_closed_early(request: Request) -> Story:
    """A body that is closed before its end causes no error, and the next request is answered as before.

    Visitors leave, HEAD and 304 need no body, proxies time out: the server then calls close() after some items or
    before the first. Code that counts on its last line being reached (a lock released after the loop, a file closed
    there, a variable that the loop sets) fails then, or fails the next visitor. Put it into `try`/`finally` or close(),
    and let it work with nothing begun.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    base = yield from steady(request)
    if base is None or not base.x.returned:
        return NOT_APPLICABLE
    for items in (0, 1):
        cut = yield Case(request, Drive(stop_after=items))
        if cut.raised and "generators-let-themselves-be-closed" not in cut.broken:
            told = cut.raised + (f" at {cut.raised_at}" if cut.raised_at else "")
            if "generator ignored GeneratorExit" in told:
                return NOT_APPLICABLE
            return f"closed after {items} of {base.x.chunks} items, it raised {told}; expected no exception"
        after = yield Case(request)
        told = base.differs(after)
        if told and not (yield from ages(request, base)):
            return f"the request after one that was closed after {items} items: {told}; expected the same as before"
    return HOLDS


@bodies_may_be_closed_early.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    parts: list[bytes] = []

    def items() -> Any:
        parts.append(b"part")
        yield parts[0]

    return _Body(items(), lambda: parts.pop())


@bodies_may_be_closed_early.bad
def _(environ: dict[str, Any], start_response: Any, busy: list[bool] = []) -> Any:  # noqa: B006
    if busy:
        start_response("503 Service Unavailable", [_PLAIN])
        yield b"the last visitor has not left yet"
        return
    busy.append(True)
    start_response("200 OK", [_PLAIN])
    yield b"one"
    yield b"two"
    busy.clear()


@bodies_may_be_closed_early.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A page that holds a clock.
    start_response("200 OK", [_PLAIN])
    return [b"%d fifths of a second" % (5 * time.monotonic())]


@bodies_may_be_closed_early.good
def _(environ: dict[str, Any], start_response: Any, busy: list[bool] = []) -> Any:  # noqa: B006
    start_response("200 OK", [_PLAIN])
    busy.append(True)
    try:
        yield b"one"
        yield b"two"
    finally:
        busy.clear()


@relation(binds=APPLICATION, level=SHOULD, covers=("CL-010",), cites=cited(
    "PEP 3333 is silent on the number of calls; several middleware close twice on their error paths"))
def close_may_be_called_twice(request: Request) -> Story:
    """close() of the body can be called a second time.

    Stacks of middleware do it: one closes the body that it replaced by an error page, and the server closes it again;
    a `with closing(body)` around a generator that closes it in its own finally. A second call that raises turns a
    finished answer into an error in the log, and skips what was to be closed after it. Let close() do nothing when
    there is nothing left to do, as files and generators do.
    """
    once = yield Case(request)
    if once.raised or not once.has_close or once.file_wrapped:
        return NOT_APPLICABLE
    twice = yield Case(request, Drive(closes=2))
    if twice.raised:
        return f"the second close() raised {answer(twice)}; expected nothing to happen"
    return HOLDS


@close_may_be_called_twice.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    open_files = ["a file"]
    start_response("200 OK", [_PLAIN])
    return _Body([b"hello"], open_files.pop)


@close_may_be_called_twice.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    yield b"hello"


@close_may_be_called_twice.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    open_files = ["a file"]
    start_response("200 OK", [_PLAIN])
    return _Body([b"hello"], open_files.clear)


@relation(binds=APPLICATION, level=SHOULD, covers=("FW-013",), cites=pep(
    "optional-platform-specific-file-handling", "it is not guaranteed that any wrapper created will actually be used."))
def file_wrappers_may_stay_unused(request: Request) -> Story:
    """A file wrapper that nobody reads is closed without an error, and the file can be sent again.

    For HEAD, for a 304, or when the client has left, the server closes the wrapper unread. A file-like object whose
    close() needs the reading to have begun raises then, and a file that is shared by several answers is closed under
    the next one. Open a file for each answer, and let its close() work at any time.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    base = yield from steady(request)
    if base is None or not base.x.file_wrappers:
        return NOT_APPLICABLE
    unused = yield Case(request, Drive(stop_after=0))
    if unused.raised:
        return f"closing the wrapper unread raised {answer(unused)}; expected no exception"
    after = yield Case(request)
    told = base.differs(after)
    if told:
        return f"the request after one whose wrapper stayed unread: {told}; expected {show(base.x.status)} as before"
    return HOLDS


class _File:
    """A file-like object that opens when it is first read."""

    def __init__(self, careful: bool) -> None:
        self._parts: list[bytes] | None = None
        self._careful = careful

    def read(self, size: int = -1) -> bytes:
        if self._parts is None:
            self._parts = [b"a file"]
        return self._parts.pop() if self._parts else b""

    def close(self) -> None:
        if self._parts is None and not self._careful:
            raise ValueError("closed before it was opened")


@file_wrappers_may_stay_unused.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return environ.get("wsgi.file_wrapper", iter)(_File(careful=False))


@file_wrappers_may_stay_unused.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return environ.get("wsgi.file_wrapper", iter)(_File(careful=True))
