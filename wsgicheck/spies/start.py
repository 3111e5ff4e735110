"""The spy on start_response and on the write() callable that it returns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..model.exchange import Exchange
from ..model.gate import Proof
from ..model.moments import Start
from ..plan import Plan
from ..show import show
from ..syntax import LENGTHS
from .head import code_of, read_off, text_of
from .tape import note_data, note_no_data

__all__ = ["spy_on_start_response"]

_NOT_GIVEN: Any = object()


def _pairs(headers: Any) -> tuple[tuple[str, str], ...]:
    """Return those items of `headers` that are pairs of str; a broken list must not break its judge."""
    try:
        # An iterator is the server's to use up: looking at it would leave the server with nothing.
        items = [] if iter(headers) is headers else list(headers)
    except Exception:
        return ()
    return tuple((str(item[0]), str(item[1])) for item in items
                 if isinstance(item, (tuple, list)) and len(item) == 2
                 and isinstance(item[0], str) and isinstance(item[1], str))


def _handled() -> int:
    """Return the id() of the exception that is being handled, 0 if none is."""
    error = sys.exception()
    return 0 if error is None else id(error)


@lru_cache(maxsize=128)
def _told(status: str, headers: tuple[tuple[str, str], ...]) -> str:
    """Return how plain arguments are written on the tape: most answers of a run are like one before."""
    return f"{show(status)}, {show(list(headers))}"


def _absorb(x: Exchange, start: Start) -> None:
    status, headers, exc_info, head, values, _, _ = start
    if x.starts:
        x.exc_info_given, x.declared_length = False, None
    x.starts += 1
    if exc_info is not None:
        x.exc_info_given = True
    if head is not None:
        x.status, x.code, x.names, x.headers = head.status, head.code, head.lower, tuple(headers)
        lengths_at = head.lengths_at
    else:
        x.status = text_of(status)
        x.code = code_of(x.status)
        x.headers = _pairs(headers)
        values = [value for _, value in x.headers]
        lower = [name.lower() for name, _ in x.headers]
        x.names = frozenset(lower)
        lengths_at = tuple(place for place, name in enumerate(lower) if name == "content-length")
    for place in lengths_at:
        length = LENGTHS[values[place]]
        if length is not None:
            x.declared_length = length
    if x.unmeasured:
        # With the sizes of earlier items unknown, nothing can be said about a length that is declared now.
        x.declared_length = None
    if x.events is not None:
        told = _told(status, x.headers) if head is not None else f"{show(status)}, {show(headers)}"
        x.events.append(f"start_response({told}" + (")" if exc_info is None else f", exc_info={show(exc_info)})"))


def _judge(x: Exchange, plan: Plan, start: Start) -> None:
    """Have the call judged, then absorb it, whatever becomes of it."""
    x.handling = _handled()
    try:
        if plan.start is not None:
            plan.start(x, start)
    finally:
        _absorb(x, start)


def _tells_of_error(exc_info: Any) -> bool:
    # Outside a handler sys.exc_info() is (None, None, None), which tells of none.
    return exc_info is not None and not (type(exc_info) is tuple and exc_info[:1] and exc_info[0] is None)


def spy_on_start_response(x: Exchange, plan: Plan, start_response: Callable[..., Any]) -> Callable[..., Any]:
    """Return a start_response that passes everything on to `start_response` and has it judged."""

    def spied_start_response(status: Any = _NOT_GIVEN, headers: Any = _NOT_GIVEN, /, *more: Any,
                             **keywords: Any) -> Any:
        proves: Proof | None = plan.gates.start
        if proves is None or headers is _NOT_GIVEN or more or keywords:
            args = tuple(arg for arg in (status, headers) if arg is not _NOT_GIVEN) + more
            write = _judge_and_call(x, plan, start_response, args, keywords)
        else:
            head, values = read_off(status, headers)
            # A bare tuple does for a gate, and costs a fifth of a Start.
            if head is not None and proves(x, (status, headers, None, head, values, 2, ())):
                # What `_absorb` does, in short: it is the first call, and all is well.
                x.starts = 1
                x.status, x.code, x.names = status, head.code, head.lower
                x.headers = tuple(headers)
                if head.lengths_at:
                    x.declared_length = LENGTHS[values[head.lengths_at[0]]]
                try:
                    write = start_response(status, headers)
                except BaseException:
                    x.start_failed = True
                    raise
            else:
                write = _judge_and_call(x, plan, start_response, (status, headers), keywords)
        proves = plan.gates.started
        if proves is None or not proves(x, write):
            if plan.started is not None:
                plan.started(x, write)
            if not callable(write):
                return write

        def spied_write(*args: Any, **keywords: Any) -> Any:
            return _write(x, plan, write, args, keywords)

        return spied_write

    return spied_start_response


def _judge_and_call(x: Exchange, plan: Plan, start_response: Callable[..., Any], args: tuple[Any, ...],
                    keywords: dict[str, Any]) -> Any:
    count = len(args)
    status = args[0] if count else keywords.get("status")
    headers = args[1] if count > 1 else keywords.get("response_headers", keywords.get("headers"))
    exc_info = args[2] if count > 2 else keywords.get("exc_info")
    try:
        _judge(x, plan, Start(status, headers, exc_info, *read_off(status, headers), count, tuple(keywords)))
        write = start_response(*args, **keywords)
    except BaseException:
        x.start_failed = True
        if _tells_of_error(exc_info):
            x.failed_with_exc_info = True
        raise
    finally:
        # "...must not keep a reference": neither do we (PEP 3333, "The start_response() Callable").
        del args, keywords, exc_info
    if x.start_failed:
        x.start_failed = False
    return write


def _write(x: Exchange, plan: Plan, write: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    data = args[0] if args else next(iter(keywords.values()), None)
    if plan.write is not None:
        plan.write(x, data)
    x.writes += 1
    if isinstance(data, (bytes, bytearray)):
        x.bytes_written += len(data)
        note_data(x, "write", bytes(data))
    else:
        note_no_data(x, "write", data)
    try:
        return write(*args, **keywords)
    except BaseException:
        x.write_failed = True
        raise
