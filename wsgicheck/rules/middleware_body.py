"""What a middleware does with the application's body: as it comes, block by block, and closed at the end.

PEP 3333, "Middleware: Components that Play Both Sides" and "Middleware Handling of Block Boundaries".
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ..model.request import Drive
from ..model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rfc
from ..model.sandwich import Half, Pair, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .close import body_is_closed, body_is_iterated_once
from .content_length import body_fills_content_length, body_fits_content_length, written_data_fits_content_length
from .exc_info import errors_of_start_response_with_exc_info_propagate
from .representation import content_encoding_matches_the_bytes
from .start_response import start_response_is_called
from .write import body_comes_from_the_iterable, write_is_not_called_while_iterating

App = Callable[..., Any]

_CLOSE = pep("specification-details",
             "If the iterable returned by the application has a close() method, the server or gateway must call "
             "that method upon completion of the current request, whether the request was completed normally, or "
             "terminated early due to an application error during iteration or an early disconnect of the browser.")
_GENERATOR = Recipe(shape="generator", items=(b"one\n", b"two\n"))
_CLOSING = Recipe(shape="closing", items=(b"one\n", b"two\n"))


class Closing:
    """A body with a close() of its own: what the examples return in place of the application's."""

    def __init__(self, items: Any, close: Any) -> None:
        self.items = items
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.items)


def closer(body: Any) -> Callable[[], Any]:
    """Return the close() of `body`, or a function that does nothing."""
    close: Callable[[], Any] = getattr(body, "close", lambda: None)
    return close


def words(data: Any) -> str:
    """Return a piece of body for a person."""
    return f"{show(data, 60)} ({len(data)} bytes)" if isinstance(data, bytes) else show(data)


# -- the end ---------------------------------------------------------------------------------------------

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


# -- one block at a time ---------------------------------------------------------------------------------

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


# -- write() ---------------------------------------------------------------------------------------------

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


# -- a body that was changed -----------------------------------------------------------------------------

def _changed(pair: Pair) -> bool:
    one = pair.only
    if one is None or not pair.complete or (one.written and not pair.outer.written):
        return False  # what was written and never came out is another mistake
    return pair.outer.body != one.body and _has_content(pair)


def _has_content(pair: Pair) -> bool:
    return pair.request.method != "HEAD" and pair.outer.code not in (204, 304) and pair.outer.code >= 200


@sandwich(level=MUST, covers=("MW-016",),
          explains=(body_fills_content_length, body_fits_content_length, written_data_fits_content_length),
          cites=(pep("middleware-components-that-play-both-sides",
                     "Strip content-length if present, else it'll be wrong"), rfc(9110, "8.6")))
def length_fits_the_changed_body(pair: Pair) -> Verdict:
    """A middleware that changes the body takes the application's Content-Length away, or corrects it.

    The client stops reading at the length it was told: the end of the page is missing, or the next response on
    the connection is read as part of this one. Drop the field when the body is going to change and its new
    length is not known yet; the server adds it, or chunks.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    given, kept = one.values("content-length"), pair.outer.values("content-length")
    if not given or not kept:
        return NOT_APPLICABLE if not given else HOLDS
    size = len(pair.outer.body)
    if kept != given or not kept[0].isdigit() or int(kept[0]) == size:
        return HOLDS
    return (f"the application's Content-Length of {kept[0]} was kept for a body that was changed to {size} bytes; "
            "expected the field to be left out or corrected")


@length_fits_the_changed_body.bad(recipe=Recipe(length=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item * 2 for item in body), closer(body))

    return middleware


@length_fits_the_changed_body.good(recipe=Recipe(length=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return start_response(status, kept, *more)

        body = app(environ, start)
        return Closing((item * 2 for item in body), closer(body))

    return middleware


@length_fits_the_changed_body.good(recipe=Recipe(length=True))
def _(app: App) -> App:
    # As long as before, so the length is still right.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


_DIGESTS = ("content-md5", "content-digest", "repr-digest", "digest")


@sandwich(level=SHOULD, covers=("MW-016",),
          cites=rfc(9110, "8.8.1"))
def validators_change_with_the_body(pair: Pair) -> Verdict:
    """A middleware that changes the body changes a strong ETag with it, or makes it weak, and drops digests.

    A cache that holds the compressed and the plain form under one ETag combines ranges of the two, and answers
    If-None-Match for the wrong one. Write `W/` in front of the tag, add a suffix, or leave it out.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    judged = False
    for name in ("etag", *_DIGESTS):
        for value in one.values(name):
            judged = True
            if value in pair.outer.values(name) and not value.startswith("W/"):
                return (f"the application's {name} {show(value)} was kept for a body that was changed; expected "
                        + ("another tag, a weak one, or none" if name == "etag" else "the field to be left out"))
    return HOLDS if judged else NOT_APPLICABLE


_TAGGED = Recipe(headers=(("Content-Type", "text/plain"), ("ETag", '"v1"')))


@validators_change_with_the_body.bad(recipe=_TAGGED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


@validators_change_with_the_body.good(recipe=_TAGGED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            weak = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
            return start_response(status, weak, *more)

        body = app(environ, start)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


def _decodes(half: Half) -> bool:
    """Tell whether the body is a gzip stream, as its Content-Encoding says."""
    try:
        stream = zlib.decompressobj(wbits=31)
        stream.decompress(half.body)
        return stream.eof
    except zlib.error:
        return False


@sandwich(level=MUST, covers=("MW-018",), explains=(content_encoding_matches_the_bytes,),
          given=(length_fits_the_changed_body,),
          cites=(pep("middleware-components-that-play-both-sides",
                     "a \"real\" middleware component would probably use a more robust way of checking the content "
                     "type, and should also check for a content encoding."), rfc(9110, "8.4")))
def encoded_body_is_left_alone(pair: Pair) -> Verdict:
    """A body with a Content-Encoding is not changed as if it were plain text.

    Text put into a gzip stream, or searched and replaced in one, leaves bytes that no browser can decode: a
    blank page. Look for Content-Encoding before you change a body, and pass encoded ones on as they are.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    if one.values("content-encoding") != ["gzip"] or not _decodes(one):
        return NOT_APPLICABLE
    if pair.outer.values("content-encoding") != ["gzip"] or _decodes(pair.outer):
        return HOLDS
    return ("the application's gzip stream was changed and is none any more, while Content-Encoding still says so; "
            "expected the body to be passed on as it is")


_GZIPPED = Recipe(
    headers=(("Content-Type", "text/plain"), ("Content-Encoding", "gzip")),
    items=(gzip.compress(b"Hello", mtime=0),))


@encoded_body_is_left_alone.bad(recipe=_GZIPPED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((b"<!-- " + item for item in body), closer(body))

    return middleware


@encoded_body_is_left_alone.good(recipe=_GZIPPED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        encoded: list[str] = []

        def start(status: str, headers: Any, *more: Any) -> Any:
            encoded.extend(value for name, value in headers if name.lower() == "content-encoding")
            return start_response(status, headers, *more)

        body = app(environ, start)
        return Closing((item if encoded else b"<!-- " + item for item in body), closer(body))

    return middleware


# -- what goes wrong -------------------------------------------------------------------------------------

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

