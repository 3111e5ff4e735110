"""The spy on start_response and on the write() callable that it returns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Start
from ..plan import Plan
from ..show import show
from .tape import note_data

__all__ = ["spy_on_start_response"]

# The constructor of a NamedTuple is Python code; this is the same without it.
_start = partial(tuple.__new__, Start)


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


def _absorb(x: Exchange, status: Any, headers: Any, exc_info: Any) -> None:
    x.starts += 1
    x.exc_info_given = exc_info is not None
    if isinstance(status, str):
        x.status = status
        digits = status[:3]
        x.code = int(digits) if len(digits) == 3 and digits.isascii() and digits.isdigit() else 0
    else:
        x.status, x.code = "", 0
    x.headers = pairs = _pairs(headers)
    x.declared_length = None
    for name, value in pairs:
        if len(name) == 14 and name.lower() == "content-length" and value.isascii() and value.isdigit():
            x.declared_length = int(value) if len(value) < 20 else None
    if x.events is not None:
        x.events.append(f"start_response({show(status)}, {show(headers)}"
                        + (")" if exc_info is None else f", exc_info={show(exc_info)})"))


def spy_on_start_response(x: Exchange, plan: Plan, start_response: Callable[..., Any]) -> Callable[..., Any]:
    """Return a start_response that passes everything on to `start_response` and has it judged."""
    judge = plan.start

    def spied_start_response(*args: Any, **keywords: Any) -> Any:
        count = len(args)
        if keywords or not 2 <= count <= 3:
            x.start_positional, x.start_keywords = count, tuple(keywords)
            status = args[0] if count else keywords.get("status")
            headers = args[1] if count > 1 else keywords.get("response_headers", keywords.get("headers"))
            exc_info = args[2] if count > 2 else keywords.get("exc_info")
        else:
            status, headers = args[0], args[1]
            exc_info = args[2] if count == 3 else None
        handled = sys.exception()
        x.handling = id(handled) if handled is not None else 0
        # Outside a handler sys.exc_info() is (None, None, None), which tells of no error.
        given = exc_info is not None and not (type(exc_info) is tuple and exc_info[:1] and exc_info[0] is None)
        try:
            try:
                if judge is not None:
                    judge(x, _start((status, headers, exc_info)))
            finally:
                _absorb(x, status, headers, exc_info)
            write = start_response(*args, **keywords)
        except BaseException:
            x.start_failed = True
            x.failed_with_exc_info = x.failed_with_exc_info or given
            raise
        finally:
            # "...must not keep a reference": neither do we (PEP 3333, "The start_response() Callable").
            exc_info = handled = None
        x.start_failed = False
        if plan.started is not None:
            plan.started(x, write)
        return _spy_on_write(x, plan, write) if callable(write) else write

    return spied_start_response


def _spy_on_write(x: Exchange, plan: Plan, write: Callable[..., Any]) -> Callable[..., Any]:
    judge = plan.write

    def spied_write(*args: Any, **keywords: Any) -> Any:
        data = args[0] if args else next(iter(keywords.values()), None)
        if judge is not None:
            judge(x, data)
        x.writes += 1
        if isinstance(data, (bytes, bytearray)):
            x.bytes_written += len(data)
            note_data(x, "write", bytes(data))
        try:
            return write(*args, **keywords)
        except BaseException:
            x.write_failed = True
            raise

    return spied_write
