"""How server and application call each other: the two arguments, and what start_response gives back."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.request import Request
from ..model.rule import HOLDS, MUST, SERVER, Verdict, pep, rule
from ..reference.gateway import serve
from ..show import show
from .shapes import accepts

TEXT = [("Content-Type", "text/plain")]


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("APP-006", "MW-022"),
      cites=pep("specification-details", "A server or gateway must invoke the application object using positional "
                                         "(not keyword) arguments."))
def application_is_called_with_two_positional_arguments(x: Exchange, environ: object) -> Verdict:
    """The server calls the application with two arguments, both by position.

    PEP 3333 leaves the parameters' names to the application: `def app(env, start)` is as good as any.
    A server or middleware that says `app(environ=..., start_response=...)` works with the frameworks that
    happen to use these names and ends in a TypeError with all others. Write `app(environ, start_response)`.
    """
    if x.odd_call is None:
        return HOLDS
    count, keywords = x.odd_call
    given = f"{count} by position"
    if keywords:
        given += f" and {', '.join(map(show, keywords[:4]))} by keyword"
    return f"the application was called with {given}; expected environ and start_response, both by position"


@application_is_called_with_two_positional_arguments.bad_server
def _(application: Any) -> None:
    serve(lambda environ, start_response: application(environ=environ, start_response=start_response), Request())


@application_is_called_with_two_positional_arguments.bad_server
def _(application: Any) -> None:
    serve(lambda environ, start_response: application(environ, start_response=start_response), Request())


@application_is_called_with_two_positional_arguments.good_server
def _(application: Any) -> None:
    serve(application, Request())


@rule(at=Moment.STARTED, binds=SERVER, level=MUST, covers=("SR-004",),
      cites=(pep("specification-details", "The start_response callable must return a write(body_data) callable that "
                                          "takes one positional parameter"),
             pep("the-start-response-callable", "(As with all WSGI callables, the arguments must be supplied "
                                                "positionally, not by keyword.)")))
def start_response_returns_a_write_callable(x: Exchange, write: object) -> Verdict:
    """start_response returns a write callable that takes one positional argument.

    Few applications call write(), so a server or middleware that returns None goes unnoticed until one
    does, and then it is "'NoneType' object is not callable". The usual culprit is a middleware that
    wraps start_response and forgets to hand on the result. Write
    `return start_response(status, headers, exc_info)` in the wrapper, or return a write of your own.
    """
    if accepts(write, 1):
        return HOLDS
    return f"start_response returned {show(write)}; expected a callable that takes one positional argument"


@start_response_returns_a_write_callable.bad_server
def _(application: Any) -> None:
    def forgetful(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            start_response(status, headers, exc_info)

        return application(environ, start)

    serve(forgetful, Request())


@start_response_returns_a_write_callable.bad_server
def _(application: Any) -> None:
    def flusher(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            start_response(status, headers, exc_info)
            return lambda: None

        return application(environ, start)

    serve(flusher, Request())


@start_response_returns_a_write_callable.good_server
def _(application: Any) -> None:
    def passing_on(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, headers, exc_info)

        return application(environ, start)

    serve(passing_on, Request())


@start_response_returns_a_write_callable.good_server
def _(application: Any) -> None:
    # Any callable will do: a builtin of which nothing can be known, or one with optional parameters.
    writes: list[Any] = [[].append, lambda data, flush=False: None, lambda *data: None]
    for write in writes:

        def wrapper(environ: dict[str, Any], start_response: Any, write: Any = write) -> Any:
            def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
                start_response(status, headers, exc_info)
                return write

            return application(environ, start)

        serve(wrapper, Request())


@start_response_returns_a_write_callable.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return [b"Hello"]
