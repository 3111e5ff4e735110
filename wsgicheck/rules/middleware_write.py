"""What a middleware passes to the server's write(): what the application wrote, and nothing else.

PEP 3333, "Middleware Handling of Block Boundaries", on write().
"""

from __future__ import annotations

from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep
from ..model.sandwich import Pair, sandwich
from ..reference.repertoire import Recipe
from .close import body_is_iterated_once
from .middleware_blocks import body_is_returned_at_once, one_item_comes_out_for_each_that_goes_in, words
from .wrapping import App, closer
from .write import body_comes_from_the_iterable, write_is_not_called_while_iterating

_CLOSING = Recipe(shape="closing", items=(b"one\n", b"two\n"))


def _strange_write(pair: Pair) -> tuple[bytes, bytes] | None:
    """Return data that was written outside any write of the application's, and what it had yielded until then."""
    open_writes, yielded, written = 0, b"", b""
    for step in pair.steps:
        if step.who == "inner":
            open_writes += {"write": 1, "written": -1, "write refused": -1}.get(step.what, 0)
            if step.what == "item" and isinstance(step.data, bytes):
                yielded += step.data
            if step.what == "write" and isinstance(step.data, bytes):
                written += step.data
        elif (step.what == "write" and not open_writes and isinstance(step.data, bytes) and step.data
                # Data that the application wrote may be gathered and passed on later.
                and not written):
            return step.data, yielded
    return None


_WRITE = pep("middleware-handling-of-block-boundaries",
             "It is also forbidden for middleware to use the write() callable to transmit data that is yielded by an "
             "underlying application.")
_WRITE_ONLY = pep("middleware-handling-of-block-boundaries",
                  "Middleware may only use their parent server's write() callable to transmit data that the underlying "
                  "application sent using a middleware-provided write() callable.")


@sandwich(level=MUST, covers=("MW-007",), cites=_WRITE,
          explains=(body_comes_from_the_iterable, body_is_iterated_once, body_is_returned_at_once,
                    one_item_comes_out_for_each_that_goes_in))
def yielded_data_is_not_written(pair: Pair) -> Verdict:
    """What the application yields is yielded, and not sent with the server's write().

    write() returns when the data is on its way, so the loop around it runs to the end of the body inside one
    call: nothing can pause it, stop it when the client has left, or take turns. Yield the items.
    """
    if not any(half.items for half in pair.inner):
        return NOT_APPLICABLE
    found = _strange_write(pair)
    if found is None or not found[1]:
        return HOLDS
    return (f"the middleware passed {words(found[0])} to the server's write() after the application had yielded "
            f"{words(found[1])}; expected it to be yielded")


@yielded_data_is_not_written.bad(recipe=_CLOSING)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        writers: list[Any] = []

        def start(*args: Any) -> Any:
            writers.append(start_response(*args))
            return writers[-1]

        body = app(environ, start)
        try:
            for item in body:
                writers[-1](item)
        finally:
            closer(body)()
        return []

    return middleware


@yielded_data_is_not_written.good(recipe=Recipe(writes=(b"one\n",), items=(b"two\n",)))
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


@sandwich(level=MUST, covers=("MW-008",), cites=_WRITE_ONLY, given=(yielded_data_is_not_written,),
          explains=(body_comes_from_the_iterable, write_is_not_called_while_iterating))
def write_carries_written_data_only(pair: Pair) -> Verdict:
    """The server's write() carries what the application wrote, and nothing of the middleware's own.

    A banner or a comment that a middleware writes goes out before the application has said what its body is:
    the headers are gone, an error page can no more take their place. Yield such things as items.
    """
    if not any(half.starts for half in pair.inner):
        return NOT_APPLICABLE
    found = _strange_write(pair)
    if found is None or found[1]:
        return HOLDS
    return (f"the middleware passed {words(found[0])} to the server's write(), which the application had not written; "
            "expected it to be yielded")


@write_carries_written_data_only.bad
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            write = start_response(status, headers, *more)
            write(b"<!-- served by middleware -->")
            return write

        return app(environ, start)

    return middleware


@write_carries_written_data_only.good(recipe=Recipe(writes=(b"one\n", b"two\n"), items=()))
def _(app: App) -> App:
    # Gathers what is written, and passes it on at the end.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        gathered: list[bytes] = []
        writers: list[Any] = []

        def start(*args: Any) -> Any:
            writers.append(start_response(*args))
            return gathered.append

        body = app(environ, start)
        if gathered:
            writers[-1](b"".join(gathered))
        return body

    return middleware
