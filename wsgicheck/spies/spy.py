"""Spied: a WSGI application that is watched; the one place where the spies are assembled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

from ..model.exchange import Exchange
from ..model.gate import Asked
from ..model.moments import Ending
from ..plan import Gates, Plan
from ..syntax import LENGTHS
from .body import spy_on_body
from .bytes_input import spy_on_bytes_input
from .errors import spy_on_errors
from .file_wrapper import FileWrapperSpy
from .head import text_of
from .input import spy_on_input
from .start import spy_on_start_response
from .tape import note
from .watch import note_raised

__all__ = ["Spied"]

_NOT_GIVEN: Any = object()
Begin = Callable[[Exchange], None]


def _look(environ: dict[Any, Any]) -> Asked:
    get = environ.get
    return (text_of(get("REQUEST_METHOD")), LENGTHS[text_of(get("CONTENT_LENGTH"))], get("wsgi.input_terminated"),
            get("wsgi.input"), get("wsgi.errors"), get("wsgi.file_wrapper"))


def _enter(x: Exchange, plan: Plan, environ: dict[Any, Any], asked: Asked) -> FileWrapperSpy | None:
    """Note the request's facts and put the spies into `environ`, which stays the server's own dict."""
    x.method, x.request_length, terminated, stream, errors, file_wrapper = asked
    if terminated:
        x.input_terminated = True
    if plan.exact:
        note(x, f"called with {environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')!r}")
    if stream is not None:
        if type(stream) is BytesIO and plan.gates.read_room is not None and not stream.__dict__:
            environ["wsgi.input"] = spy_on_bytes_input(x, plan, stream)
        else:
            environ["wsgi.input"] = spy_on_input(x, plan, stream)
    if errors is not None:
        environ["wsgi.errors"] = spy_on_errors(x, plan, errors)
    if file_wrapper is None or not callable(file_wrapper):
        return None
    environ["wsgi.file_wrapper"] = wrapper = FileWrapperSpy(x, plan, file_wrapper)
    return wrapper


def _raised(x: Exchange, plan: Plan, error: BaseException) -> None:
    note_raised(x, error)
    # Without a frame beyond that of our call: it is the call that failed, and no line of the application's was run.
    trace = error.__traceback__
    x.raised_in_call = trace is not None and trace.tb_next is None
    if plan.end is not None:
        plan.end(x, Ending.RAISED)
    x.ending = Ending.RAISED


def _hand_over(x: Exchange, plan: Plan, iterable: Any) -> None:
    x.returned, x.file_wrapped = type(iterable).__name__, True
    x.has_close = hasattr(iterable, "close")
    note(x, "returned the server's file wrapper")
    if plan.end is not None:
        plan.end(x, Ending.HANDED_OVER)
    x.ending = Ending.HANDED_OVER


def _finish(x: Exchange, done: Begin | None) -> None:
    x.over = not x.file_wrapped
    x.subject = None
    if done is not None:
        done(x)


class Spied:
    """A WSGI application that behaves as `application` does and has each exchange judged by `plan`.

    Args:
        begin: is told of each new exchange before anything is judged, and may set what the run adds
            (`body = b""` and `events = []` make it record).
        done: is told of each exchange that has ended.
    """

    __slots__ = ("__dict__", "__weakref__", "__wrapped__", "_parts")

    def __init__(self, application: Callable[..., Any], plan: Plan, *, begin: Begin | None = None,
                 done: Begin | None = None) -> None:
        self.__wrapped__ = application
        # One attribute for all: a class with __getattr__ pays for each of its own.
        self._parts = plan, replace(plan, gates=Gates(), exact=True), begin, done

    def __call__(self, environ: Any = _NOT_GIVEN, start_response: Any = _NOT_GIVEN, /, *more: Any,
                 **keywords: Any) -> Any:
        plan, exact, begin, done = self._parts
        application, x, args = self.__wrapped__, Exchange(), None
        if begin is not None:
            begin(x)
            if x.body is not None or x.events is not None:
                plan = exact
        if start_response is _NOT_GIVEN or more or keywords:
            args = (*(arg for arg in (environ, start_response) if arg is not _NOT_GIVEN), *more)
            x.odd_call = len(args), tuple(keywords)
            environ = args[0] if args else keywords.get("environ")
            start_response = args[1] if len(args) > 1 else keywords.get("start_response")
        x.subject = application
        proves, wrapper = plan.gates.request, None
        asked = None if proves is None else proves(x, environ)
        if asked is not None:
            wrapper = _enter(x, plan, environ, asked)
        else:
            if plan.request is not None:
                plan.request(x, environ)
            if isinstance(environ, dict):
                wrapper = _enter(x, plan, environ, _look(environ))
        start = spy_on_start_response(x, plan, start_response) if callable(start_response) else start_response
        try:
            if args is None:
                iterable = application(environ, start)
            else:
                swapped = {name: start if value is start_response else value for name, value in keywords.items()}
                iterable = application(*(start if arg is start_response else arg for arg in args), **swapped)
        except BaseException as error:
            _raised(x, plan, error)
            _finish(x, done)
            raise
        if wrapper is not None and wrapper.made is iterable and iterable is not None:
            _hand_over(x, plan, iterable)
            _finish(x, done)
            return iterable
        return spy_on_body(x, plan, iterable, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)
