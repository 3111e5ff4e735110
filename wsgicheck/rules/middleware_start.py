"""The start_response that a middleware hands to the application: its third argument, and the fields it passes on.

PEP 3333, "The start_response() Callable" and "Error Handling", read by a component that plays both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep, rfc
from ..model.sandwich import Pair, Started, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .exc_info import error_output_comes_before_body_data, errors_of_start_response_with_exc_info_propagate
from .start_response import start_response_called_again_only_with_exc_info
from .wrapping import App, Closing, closer

_ERROR_PAGE = Recipe(mishap="error page")
_SECOND_START = Recipe(mishap="error page after error")
_TOO_LATE = Recipe(shape="generator", mishap="error page after first item")


def _inner_starts(pair: Pair) -> Iterator[tuple[int, Started, int, str]]:
    """Yield each start_response call of the application: where it begins, what it is, where it ends, how."""
    for at, step in enumerate(pair.steps):
        if step.who != "inner" or step.what != "start":
            continue
        end = at + 1
        # What a start_response does is done when the application goes on: its next step, or its failure.
        while end < len(pair.steps) and pair.steps[end].who == "outer" and pair.steps[end].what in (
                "start", "start refused", "write", "written", "write refused"):
            end += 1
        refused = end < len(pair.steps) and pair.steps[end].who == "inner" and pair.steps[end].what == "start refused"
        yield at, step.data, end, pair.steps[end].data if refused else ""


@sandwich(level=MUST, covers=("MW-011",),
          cites=pep("the-start-response-callable",
                    "The second parameter passed to the application object is a callable of the form "
                    "start_response(status, response_headers, exc_info=None)."))
def start_response_takes_exc_info(pair: Pair) -> Verdict:
    """The start_response that the middleware hands on takes the optional third argument.

    Error pages of frameworks pass sys.exc_info() as third argument. A wrapper with two parameters turns each of
    them into "takes 2 positional arguments but 3 were given", on the day when something has failed already.
    Write `def start(status, headers, exc_info=None)`.
    """
    judged = False
    for at, started, end, refused in _inner_starts(pair):
        if started.positional != 3:
            continue
        judged = True
        if refused.startswith("TypeError") and end == at + 1:
            return (f"the application called start_response with exc_info and got {refused}; expected a callable that "
                    "takes (status, headers, exc_info=None)")
    return HOLDS if judged else NOT_APPLICABLE


@start_response_takes_exc_info.bad(recipe=_ERROR_PAGE)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, lambda status, headers: start_response(status, headers))

    return middleware


@start_response_takes_exc_info.bad(recipe=Recipe(none_exc_info=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, lambda status, headers: start_response(status, headers))

    return middleware


@start_response_takes_exc_info.good(recipe=_ERROR_PAGE)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, lambda status, headers, exc_info=None: start_response(status, headers, exc_info))

    return middleware


@sandwich(level=MUST, covers=("MW-011",), explains=(start_response_called_again_only_with_exc_info,),
          cites=pep("the-start-response-callable",
                    "The application may call start_response more than once, if and only if the exc_info argument is "
                    "provided."))
def exc_info_is_passed_on(pair: Pair) -> Verdict:
    """The exc_info of a second start_response call reaches the server.

    Without it the call is a second one that nothing allows: the server raises, and the client gets the bare
    "Internal Server Error" of the server instead of the page that the framework had made for it. Pass the third
    argument on: `return start_response(status, headers, exc_info)`.
    """
    judged, begun = False, False
    for at, started, end, _refused in _inner_starts(pair):
        passed = [step.data for step in pair.steps[at:end] if step.who == "outer" and step.what == "start"]
        if begun and started.exc_info and passed:
            judged = True
            if not all(told.exc_info for told in passed):
                return ("the application called start_response again with exc_info, and the middleware called the "
                        "server's without; expected the third argument to be passed on")
        begun = begun or bool(passed)
    return HOLDS if judged else NOT_APPLICABLE


@exc_info_is_passed_on.bad(recipe=_SECOND_START)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY")])

        return app(environ, start)

    return middleware


@exc_info_is_passed_on.good(recipe=_SECOND_START)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY")], exc_info)

        return app(environ, start)

    return middleware


@sandwich(level=MUST, covers=("MW-011",), allows=("EX-009",),
          explains=(error_output_comes_before_body_data, errors_of_start_response_with_exc_info_propagate),
          cites=pep("the-start-response-callable",
                    "However, if exc_info is provided, and the HTTP headers have already been sent, start_response "
                    "must raise an error, and should re-raise using the exc_info tuple."))
def late_error_output_is_not_sent(pair: Pair) -> Verdict:
    """When data has gone out, the middleware's start_response raises on exc_info, or keeps the error page back.

    A wrapper that ignores its third argument, or swallows what the server raises, lets the application go on:
    the text of the error page ends up in the middle of the file that the client downloads. Call the server's
    start_response with exc_info and let its exception through.
    """
    judged = False
    for at, started, end, refused in _inner_starts(pair):
        sent = any(step.who == "outer" and step.what in ("item", "write") and isinstance(step.data, bytes) and step.data
                   for step in pair.steps[:at])
        if not started.exc_info or not sent:
            continue
        judged = True
        if refused:
            continue
        later = b"".join(step.data for step in pair.steps[end:] if step.who == "inner"
                         and step.what in ("item", "write") and isinstance(step.data, bytes))
        out = b"".join(step.data for step in pair.steps[end:] if step.who == "outer"
                       and step.what in ("item", "write") and isinstance(step.data, bytes))
        if later and out:
            return ("the application reported an error after data had been sent, start_response returned as if nothing "
                    f"had been, and {show(out, 60)} was sent after it; expected start_response to raise")
    return HOLDS if judged else NOT_APPLICABLE


@late_error_output_is_not_sent.bad(recipe=_TOO_LATE)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        started: list[Any] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            if not started:
                started.append(start_response(status, headers))
            return started[0]

        return app(environ, start)

    return middleware


@late_error_output_is_not_sent.good(recipe=_TOO_LATE)
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


@late_error_output_is_not_sent.good(recipe=_TOO_LATE)
def _(app: App) -> App:
    # An exception of its own is as good: the application is stopped.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        sent: list[int] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            if exc_info and sent:
                raise RuntimeError("too late for an error page") from exc_info[1]
            return start_response(status, headers, exc_info)

        body = app(environ, start)

        def items() -> Iterator[bytes]:
            for item in body:
                if item:
                    sent.append(len(item))
                yield item

        return Closing(items(), closer(body))

    return middleware


@sandwich(level=MUST, covers=("MW-027",),
          cites=(rfc(9110, "5.3", "a proxy MUST NOT change the order of these field line values when forwarding a "
                                  "message"), rfc(6265, "3")))
def repeated_fields_are_kept(pair: Pair) -> Verdict:
    """Header fields that occur more than once keep their number and their order.

    `dict(headers)` keeps the last Set-Cookie and loses the others: the session is gone, the visitor is logged
    out, and only with that one middleware. Treat the headers as the list of pairs that they are.
    """
    one = pair.only
    if one is None or one.start is None or pair.outer.start is None or pair.outer.start.status != one.start.status:
        return NOT_APPLICABLE
    judged = False
    for name, count in Counter(key.lower() for key, _ in one.headers).items():
        if count < 2:
            continue
        given, kept = one.values(name), pair.outer.values(name)
        if not kept or len(set(given)) < 2:
            continue
        judged = True
        rest = [value for value in kept if value in given]
        if 0 < len(rest) < len(given) and len(kept) == len(rest):
            return (f"of the {len(given)} {show(name)} fields of the application {len(kept)} came out "
                    f"({show(kept[:3])}); expected all {len(given)}")
        if sorted(rest) == sorted(given) and rest != given:
            return f"the {show(name)} fields came out as {show(kept[:4])}; expected the application's order"
    return HOLDS if judged else NOT_APPLICABLE


_COOKIES = Recipe(headers=(("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"),
                           ("Set-Cookie", "b=2; Path=/")))


@repeated_fields_are_kept.bad(recipe=_COOKIES)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            fields = dict(headers)
            fields["X-Frame-Options"] = "DENY"
            return start_response(status, list(fields.items()), *more)

        return app(environ, start)

    return middleware


@repeated_fields_are_kept.good(recipe=_COOKIES)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY"), ("Set-Cookie", "c=3; Path=/")], *more)

        return app(environ, start)

    return middleware
