"""What a middleware does with the application's body as it comes: at once, and an item for each item.

PEP 3333, "Middleware Handling of Block Boundaries".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep
from ..model.sandwich import Pair, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .close import body_is_iterated_once
from .wrapping import App, Closing, closer

_GENERATOR = Recipe(shape="generator", items=(b"one\n", b"two\n"))
_CLOSING = Recipe(shape="closing", items=(b"one\n", b"two\n"))


def words(data: Any) -> str:
    """Return a piece of body for a person."""
    return f"{show(data, 60)} ({len(data)} bytes)" if isinstance(data, bytes) else show(data)


def _position(pair: Pair, what: str, who: str = "outer") -> int:
    return next((at for at, step in enumerate(pair.steps) if step.who == who and step.what == what), -1)


@sandwich(level=MUST, covers=("MW-006",),
          cites=pep("middleware-handling-of-block-boundaries",
                    "Note also that this requirement means that middleware must return an iterable as soon as its "
                    "underlying application returns an iterable."))
def body_is_returned_at_once(pair: Pair) -> Verdict:
    """The middleware returns its body as soon as the application has returned one, before it asks for an item.

    A middleware that joins the body, or peeks at its first item, inside its own call holds the server until the
    application has produced it: server-sent events, long polls and large downloads stand still. Return a
    generator, or an object with __iter__, and look at the items when they are asked for.
    """
    returned = _position(pair, "returned")
    if not pair.inner:
        return NOT_APPLICABLE
    for at, step in enumerate(pair.steps):
        if step.who == "inner" and step.what == "ask" and (returned < 0 or at < returned):
            return (f"the middleware asked the application's {pair.inner[step.call].returned} for an item before it "
                    "had returned a body itself; expected it to return at once")
    return HOLDS if returned >= 0 else NOT_APPLICABLE


@body_is_returned_at_once.bad(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            return list(body)
        finally:
            closer(body)()

    return middleware


@body_is_returned_at_once.bad(recipe=Recipe(shape="generator", start_at="first item"))
def _(app: App) -> App:
    # Peeks, so as to have start_response called.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        items = iter(body)
        first = next(items, b"")

        def chained() -> Iterator[bytes]:
            yield first
            yield from items

        return Closing(chained(), closer(body))

    return middleware


@body_is_returned_at_once.good(recipe=_CLOSING)
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


@sandwich(level=MUST, covers=("MW-003", "MW-004", "MW-005", "MW-009"), given=(body_is_returned_at_once,),
          explains=(body_is_iterated_once,),
          cites=(pep("middleware-handling-of-block-boundaries",
                     "To put this requirement another way, a middleware component must yield at least one value each "
                     "time its underlying application yields a value. If the middleware cannot yield any other value, "
                     "it must yield an empty bytestring."),
                 pep("buffering-and-streaming",
                     "WSGI servers, gateways, and middleware must not delay the transmission of any block")))
def one_item_comes_out_for_each_that_goes_in(pair: Pair) -> Verdict:
    """The middleware yields at least one item, if only b"", for each that the application yields.

    A loop that waits until it has gathered enough (a compressor, a minifier, a filter that drops empty items)
    takes control away from server and application for as long as it gathers: what the application has sent is
    not on its way, and an asynchronous server cannot turn to another request. Yield b"" where there is
    nothing to send yet.
    """
    if not pair.inner or _position(pair, "returned") < 0:
        return NOT_APPLICABLE
    owed: bytes | str | None = None
    number, judged = 0, False
    for step in pair.steps:
        if step.who == "outer" and step.what == "item":
            owed = None
        elif step.who == "inner" and step.what == "item":
            owed, judged, number = step.data, True, number + 1
        elif step.who == "inner" and step.what == "ask" and owed is not None:
            return (f"the application yielded {words(owed)} and was asked for its next item before the middleware had "
                    f"yielded any for that; expected an item for item {number}, b'' if there is nothing to send yet")
    return HOLDS if judged else NOT_APPLICABLE


@one_item_comes_out_for_each_that_goes_in.bad(recipe=_GENERATOR)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            yield b"".join(body)
        finally:
            closer(body)()

    return middleware


@one_item_comes_out_for_each_that_goes_in.bad(recipe=Recipe(shape="generator", items=(b"", b"one")))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item for item in body if item), closer(body))

    return middleware


@one_item_comes_out_for_each_that_goes_in.bad(recipe=_GENERATOR)
def _(app: App) -> App:
    # One item behind, always: it wants to know which is the last.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)

        def items() -> Iterator[bytes]:
            held = None
            for item in body:
                if held is not None:
                    yield held
                held = item
            yield held or b""

        return Closing(items(), closer(body))

    return middleware


@one_item_comes_out_for_each_that_goes_in.good(recipe=_GENERATOR)
def _(app: App) -> App:
    # Gathers, and says so with empty items.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)

        def items() -> Iterator[bytes]:
            gathered = []
            for item in body:
                gathered.append(item)
                yield b""
            yield b"".join(gathered)

        return Closing(items(), closer(body))

    return middleware


@one_item_comes_out_for_each_that_goes_in.good(recipe=_GENERATOR)
def _(app: App) -> App:
    # Several items for one are as good.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((part for item in body for part in (item[:2], item[2:])), closer(body))

    return middleware
