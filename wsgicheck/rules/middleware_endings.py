"""How a request ends below a middleware: the application's body is closed, and what it raises is not lost.

PEP 3333, "Specification Details" on close(), read by a component that plays both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.request import Drive
from ..model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep
from ..model.sandwich import Half, Pair, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .close import body_is_closed
from .exc_info import errors_of_start_response_with_exc_info_propagate
from .start_response import start_response_is_called
from .wrapping import App, Closing, closer

_CLOSE = pep("specification-details",
             "If the iterable returned by the application has a close() method, the server or gateway must call "
             "that method upon completion of the current request, whether the request was completed normally, or "
             "terminated early due to an application error during iteration or an early disconnect of the browser.")
_GENERATOR = Recipe(shape="generator", items=(b"one\n", b"two\n"))
_CLOSING = Recipe(shape="closing", items=(b"one\n", b"two\n"))


@sandwich(level=MUST, covers=("MW-014", "MW-025"), cites=_CLOSE, replaces=(body_is_closed,), allows=("EX-009",))
def application_body_is_closed(pair: Pair) -> Verdict:
    """The application's body is closed in every ending: read to its end, left early, failed, or replaced.

    This is the commonest fault of middleware. A generator around the application's body has a close() that
    does not reach it; an error page or a 304 takes its place and nobody remembers it; close() is called on the
    iterator and not on the iterable. Frameworks end the request in close(): sessions of the database, files and
    locks stay open until a garbage collector comes along. Return an object that passes close() on, and call
    it in a finally where the body is used up inside.
    """
    outer = pair.outer
    if outer.raised_in == "call" and not any(half.raised for half in pair.inner):
        # It broke down, which is another matter, or the server refused what it passed to start_response.
        return NOT_APPLICABLE
    closable = [half for half in pair.inner if half.has_close]
    if not closable:
        return NOT_APPLICABLE
    for half in closable:
        if not half.closes:
            return f"close() of the application's {half.returned} was not called ({_ending(pair, half)}); " \
                   "expected one call by the end of the request"
    return HOLDS


def _ending(pair: Pair, half: Half) -> str:
    if half.raised:
        return f"it raised {half.raised}"
    if pair.outer.raised:
        return f"the middleware let out {pair.outer.raised}"
    if half.exhausted:
        return "it was read to its end"
    if not half.iterated:
        return "nothing was read of it"
    return f"it was left after {len(half.items)} of its items"


@application_body_is_closed.bad(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        for item in app(environ, start_response):
            yield item.upper()

    return middleware


@application_body_is_closed.bad(recipe=_GENERATOR, drive=Drive(stop_after=1))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return map(bytes.upper, app(environ, start_response))

    return middleware


@application_body_is_closed.bad(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        app(environ, lambda status, headers, exc_info=None: lambda data: None)
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"closed for today"]

    return middleware


@application_body_is_closed.bad(recipe=Recipe(shape="closing", mishap="raise after first item"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)

        def items() -> Iterator[bytes]:
            yield from body
            closer(body)()

        return items()

    return middleware


@application_body_is_closed.good(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.upper, body), closer(body))

    return middleware


@application_body_is_closed.good(recipe=_GENERATOR, drive=Drive(stop_after=1))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            closer(body)()

    return middleware


@application_body_is_closed.good(recipe=Recipe(mishap="error page", shape="closing"))
def _(app: App) -> App:
    # It keeps the error to itself and answers with a page of its own, as PEP 3333 lets a middleware do.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        failed: list[str] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            if exc_info:
                failed.append(status)
                return lambda data: None
            return start_response(status, headers)

        body = app(environ, start)
        if not failed:
            return body
        closer(body)()
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"Something went wrong; we have been told."]

    return middleware


@sandwich(level=ADVICE, covers=("CL-010",), cites=cited("the number of calls is left open by PEP 3333"))
def application_body_is_closed_once(pair: Pair) -> Verdict:
    """The application's body is closed once, not twice.

    PEP 3333 says that close() is called and not how often, so most bodies stand a second call. Those that
    count (a pool that gets its connection back, a lock) do not. A close() passed on by the iterator as well as
    by the wrapper around it is the usual way to two.
    """
    # A second close() of a generator does nothing, and `yield from` makes one.
    closable = [half for half in pair.inner if half.closes and half.returned != "generator"]
    if not closable:
        return NOT_APPLICABLE
    for half in closable:
        if half.closes > 1:
            return f"close() of the application's {half.returned} was called {half.closes} times; expected once"
    return HOLDS


@application_body_is_closed_once.bad(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)

        def items() -> Iterator[bytes]:
            try:
                yield from body
            finally:
                body.close()

        return Closing(items(), body.close)

    return middleware


@application_body_is_closed_once.good(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(iter(body), body.close)

    return middleware


# -- what goes wrong --------------------------------------------------------------------------------------

@sandwich(level=SHOULD, covers=("MW-029",),
          explains=(errors_of_start_response_with_exc_info_propagate, start_response_is_called),
          cites=cited("Web-SIG mailing list, 25 August 2007"))
def exceptions_are_passed_on(pair: Pair) -> Verdict:
    """What the application raises reaches the server, or is answered with an error; it does not vanish.

    A middleware that catches everything and goes on makes half a page look whole: no entry in the log, no 500,
    and a cache that keeps it. Let the exception out, or answer with a 5xx status where nothing was sent yet.
    """
    failed = next((half for half in pair.inner if half.raised and half.raised_in != "close"), None)
    if failed is None:
        return NOT_APPLICABLE
    if pair.outer.raised or pair.outer.code >= 400 or not pair.outer.exhausted or len(pair.inner) > 1:
        return HOLDS
    status = show(pair.outer.start.status) if pair.outer.start else "without a status"
    return (f"the application raised {failed.raised} and the middleware ended its own body as if nothing had happened "
            f"({status}); expected the exception, or an error status")


@exceptions_are_passed_on.bad(recipe=Recipe(shape="closing", mishap="raise after first item"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            yield from body
        except Exception as error:
            environ["wsgi.errors"].write(f"{error}\n")
        finally:
            closer(body)()

    return middleware


@exceptions_are_passed_on.good(recipe=Recipe(mishap="raise in call"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return app(environ, start_response)
        except Exception:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"Something went wrong; we have been told."]

    return middleware


@exceptions_are_passed_on.good(recipe=Recipe(shape="closing", mishap="raise after first item"))
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)
