"""What becomes of the process that runs the application: judged from outside, by who watches it."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Fate, Moment
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rule

_ITERABLE = pep("specification-details", "When called by the server, the application object must return an iterable "
                                         "yielding zero or more bytestrings.")
TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def _answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [b"alive\n"]


@rule(at=Moment.PROCESS, binds=APPLICATION, level=MUST, covers=("PORT-017",), cites=(_ITERABLE, cited(
    "mod_wsgi documentation", "Application Issues", url="https://modwsgi.readthedocs.io/")))
def process_survives_each_request(x: Exchange, fate: Fate) -> Verdict:
    """The process that runs the application is still there after each request.

    os._exit(), a fatal signal sent to itself or a crash inside an extension module ends the worker with all
    the requests it is serving: clients see a dropped connection, gunicorn and uWSGI log a worker that died,
    and an embedded Apache child takes other sites with it. Raise an exception instead; find a crash with
    `python -X faulthandler`.
    """
    if fate.kind in ("exit", "signal"):
        return f"{fate.detail}; expected an answer"
    return HOLDS


@process_survives_each_request.bad(path="/bye")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("PATH_INFO") == "/bye":
        os._exit(3)
    return _answer(environ, start_response)


@process_survives_each_request.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response)


@rule(at=Moment.PROCESS, binds=APPLICATION, level=MUST, covers=("SR-008",), cites=_ITERABLE)
def each_request_is_answered_in_time(x: Exchange, fate: Fate) -> Verdict:
    """Each request is answered before the time limit.

    A request that never ends holds its thread or its whole worker: a synchronous gunicorn kills it after 30
    seconds, wsgiref, uWSGI and mod_wsgi serve nobody else meanwhile. The usual reasons are an endless loop,
    a lock that is never released, and a call to another service without a timeout. Raise --timeout if the
    answer really takes that long.
    """
    if fate.kind == "hang":
        return f"{fate.detail}; expected an answer"
    return HOLDS


@each_request_is_answered_in_time.bad(path="/wait")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    while environ.get("PATH_INFO") == "/wait":
        time.sleep(60)
    return _answer(environ, start_response)


@each_request_is_answered_in_time.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response)


@rule(at=Moment.PROCESS, binds=APPLICATION, level=SHOULD, covers=("PORT-017",), cites=_ITERABLE)
def memory_and_output_stay_bounded(x: Exchange, fate: Fate) -> Verdict:
    """A request neither fills the memory nor floods the log.

    A request that takes memory without bound is ended by the kernel, together with its neighbours; one that
    prints without bound fills the disk that holds the log. Stream what is large, and bound what comes from
    the request (sizes, counts, ranges).
    """
    if fate.kind in ("memory", "output"):
        return f"{fate.detail}; expected a bounded amount"
    return HOLDS


@memory_and_output_stay_bounded.bad(path="/flood")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    while environ.get("PATH_INFO") == "/flood":
        sys.stderr.write("the same line again and again\n" * 1000)
    return _answer(environ, start_response)


@memory_and_output_stay_bounded.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _answer(environ, start_response)


@rule(at=Moment.END, binds=APPLICATION, level=SHOULD, covers=("PORT-017",), cites=cited(
    "mod_wsgi documentation", "Application Issues", url="https://modwsgi.readthedocs.io/"))
def exits_do_not_escape(x: Exchange, ending: Ending) -> Verdict:
    """SystemExit, KeyboardInterrupt and GeneratorExit do not leave the application.

    sys.exit() in a view is an exception that `except Exception` does not stop: some servers end the worker
    (gunicorn, uWSGI), some the whole process (wsgiref, cheroot), some answer 500. Return an error response,
    or raise an ordinary exception.
    """
    if ending is not Ending.RAISED:
        return NOT_APPLICABLE
    kind = x.raised.partition(":")[0]
    if kind in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
        where = f" at {x.raised_at}" if x.raised_at else ""
        return f"{kind} left the application{where}; expected a response or an ordinary exception"
    return HOLDS


@exits_do_not_escape.bad(path="/admin/exit")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("PATH_INFO", "").endswith("/exit"):
        sys.exit("goodbye")
    return _answer(environ, start_response)


@exits_do_not_escape.good(path="/boom")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("PATH_INFO", "") == "/boom":
        raise ValueError("an ordinary exception is the server's to answer")
    return _answer(environ, start_response)
