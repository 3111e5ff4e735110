"""The spy on start_response and on the write() callable that it returns.

On the path that every request takes: what can be read off a list of plain pairs in a few operations is read once,
here, and the gate and the facts of the exchange both live on it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Start
from ..plan import Plan
from ..show import show
from .tape import note_data

__all__ = ["spy_on_start_response"]

# The constructor of a NamedTuple is Python code; this is the same without it.
_start = partial(tuple.__new__, Start)
_TUPLE, _STR = frozenset({tuple}), frozenset({str})


def _plain(headers: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return names and values, where `headers` is a list of pairs, all of exactly these types, of exactly str."""
    if type(headers) is not list or not headers or not _TUPLE.issuperset(map(type, headers)):
        return None
    try:
        names, values = zip(*headers, strict=True)
    except ValueError:  # not all of the same length, or not pairs
        return None
    plain = _STR.issuperset(map(type, names)) and _STR.issuperset(map(type, values))
    return (names, values) if plain else None


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


@lru_cache(maxsize=512)
def _lengths_at(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return where the name Content-Length stands."""
    return tuple(place for place, name in enumerate(names) if len(name) == 14 and name.lower() == "content-length")


@lru_cache(maxsize=512)
def _code_of(status: str) -> int:
    digits = status[:3]
    return int(digits) if len(digits) == 3 and digits.isascii() and digits.isdigit() else 0


def _handled() -> int:
    """Return the id() of the exception that is being handled, 0 if none is."""
    error = sys.exception()
    return 0 if error is None else id(error)


def _absorb(x: Exchange, start: Start) -> None:
    status, headers, exc_info, plain = start
    if x.starts:
        # Where nothing was set the class has the default.
        x.exc_info_given, x.declared_length = False, None
    x.starts += 1
    if exc_info is not None:
        x.exc_info_given = True
    if issubclass(type(status), str):
        x.status = text = str.__str__(status)
        x.code = _code_of(text)
    else:
        x.status, x.code = "", 0
    if plain is None:
        x.headers = _pairs(headers)
        names, values = zip(*x.headers) if x.headers else ((), ())
    else:
        x.headers = tuple(headers)
        names, values = plain
    for place in _lengths_at(names):
        value = values[place]
        if value.isascii() and value.isdigit():
            x.declared_length = int(value) if len(value) < 20 else None
    if x.unmeasured:
        # With the sizes of earlier items unknown, nothing can be said about a length that is declared now.
        x.declared_length = None
    if x.events is not None:
        x.events.append(f"start_response({show(status)}, {show(headers)}"
                        + (")" if exc_info is None else f", exc_info={show(exc_info)})"))


def spy_on_start_response(x: Exchange, plan: Plan, start_response: Callable[..., Any]) -> Callable[..., Any]:
    """Return a start_response that passes everything on to `start_response` and has it judged."""

    def spied_start_response(*args: Any, **keywords: Any) -> Any:
        count = len(args)
        if count == 2 and not keywords:
            status, headers = args
            exc_info = None
        elif count == 3 and not keywords:
            status, headers, exc_info = args
        else:
            x.start_positional, x.start_keywords = count, tuple(keywords)
            status = args[0] if count else keywords.get("status")
            headers = args[1] if count > 1 else keywords.get("response_headers", keywords.get("headers"))
            exc_info = args[2] if count > 2 else keywords.get("exc_info")
        # Outside a handler sys.exc_info() is (None, None, None), which tells of no error.
        given = exc_info is not None and not (type(exc_info) is tuple and exc_info[:1] and exc_info[0] is None)
        start = _start((status, headers, exc_info, _plain(headers)))
        try:
            try:
                judge = plan.start
                if judge is not None:
                    proves = plan.gates.start
                    if proves is None or not proves(x, start):
                        if x.catch_up is not None:
                            x.catch_up()
                        x.handling = _handled()
                        judge(x, start)
            finally:
                _absorb(x, start)
            write = start_response(*args, **keywords)
        except BaseException:
            x.start_failed = True
            x.failed_with_exc_info = x.failed_with_exc_info or given
            raise
        finally:
            # "...must not keep a reference": neither do we (PEP 3333, "The start_response() Callable").
            del args, keywords, exc_info, start
        if x.start_failed:
            x.start_failed = False
        judge = plan.started
        if judge is not None:
            proves = plan.gates.started
            if proves is None or not proves(x, write):
                judge(x, write)
        return _spy_on_write(x, plan, write) if callable(write) else write

    return spied_start_response


def _spy_on_write(x: Exchange, plan: Plan, write: Callable[..., Any]) -> Callable[..., Any]:
    def spied_write(*args: Any, **keywords: Any) -> Any:
        data = args[0] if args else next(iter(keywords.values()), None)
        if x.catch_up is not None:
            x.catch_up()
        if plan.write is not None:
            plan.write(x, data)
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
