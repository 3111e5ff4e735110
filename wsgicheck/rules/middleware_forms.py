"""The many legal forms of one answer: a middleware serves each of them as it serves the plainest.

Every law here compares two applications that say the same: one the long way, one the plain way.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep
from ..model.sandwich import Half, Pair, variation
from ..reference.repertoire import Recipe
from ..show import show
from .call import start_response_returns_a_write_callable
from .close import body_is_iterated_once
from .middleware_body import Closing, body_is_returned_at_once, closer
from .middleware_start import exc_info_is_passed_on, start_response_takes_exc_info

App = Callable[..., Any]


def content(half: Half) -> bytes:
    """Return the body without its content coding, so that a compressed and a plain one can be compared."""
    codings = [value.strip().lower() for value in half.values("content-encoding")]
    try:
        if codings == ["gzip"]:
            return gzip.decompress(half.body)
        if codings == ["deflate"]:
            return zlib.decompress(half.body)
    except (zlib.error, EOFError, OSError):
        pass  # it is none, whatever it says
    return half.body


def _trouble(first: Pair, plainer: Pair) -> str:
    """Return what went wrong with the first form and not with the plainer one, "" if nothing did."""
    outer, other = first.outer, plainer.outer
    if other.raised_by == "itself" or (len(first.inner) != len(plainer.inner) and not outer.raised):
        return ""
    if outer.raised and outer.raised_by == "itself":
        return f"the middleware raised {outer.raised}"
    if other.start is not None and outer.start is None and not outer.raised and outer.exhausted:
        return "the middleware never called start_response"
    if (outer.start is not None and other.start is not None and outer.start.status != other.start.status
            and not outer.start.raised and not other.start.raised):
        return f"the middleware answered {show(outer.start.status)} instead of {show(other.start.status)}"
    if first.complete and plainer.complete and first.only and plainer.only and first.request.method != "HEAD":
        lost = content(outer) != content(first.only) and content(other) == content(plainer.only)
        if lost:
            return f"{show(content(outer), 60)} came out for {show(content(first.only), 60)}"
    return ""


def _told(form: str, plain: str, trouble: str) -> str:
    return f"{form}, {trouble}; expected what it does {plain}"


# -- start_response later --------------------------------------------------------------------------------

def _early(recipe: Recipe) -> Recipe | None:
    # A class that is its own body can do it no other way; and that empty items may come before start_response is
    # read out of the PEP by some and not by others.
    if not recipe.lazy or recipe.shape == "class" or recipe.empties_first:
        return None
    return replace(recipe, start_at="call")


@variation(level=MUST, covers=("MW-015",), vary=_early, given=(body_is_returned_at_once,),
           cites=pep("specification-details",
                     "However, this invocation may be performed by the iterable's first iteration, so servers must not "
                     "assume that start_response() has been called before they begin iterating over the iterable."))
def start_response_may_come_late(first: Pair, plainer: Pair) -> Verdict:
    """The middleware does not assume that start_response was called when the application returns.

    An application that is a generator calls it when its first item is asked for. A middleware that looks at the
    status it has caught right after the call finds none: "NoneType has no attribute", a page without headers,
    a log line without a status. Do what depends on the headers in the wrapped start_response, or at the first item.
    """
    trouble = _trouble(first, plainer)
    if not trouble:
        return HOLDS
    return _told("with start_response called at the first item", "when it is called at once", trouble)


_LATE = Recipe(shape="generator", start_at="first item")


@start_response_may_come_late.bad(recipe=_LATE)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        caught: dict[str, Any] = {}

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            caught["status"], caught["headers"] = status, headers
            return lambda data: None

        body = app(environ, start)
        start_response(caught["status"], [*caught["headers"], ("X-Frame-Options", "DENY")])
        return body

    return middleware


@start_response_may_come_late.good(recipe=_LATE)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY")], *more)

        return app(environ, start)

    return middleware


# -- any iterable ----------------------------------------------------------------------------------------

def _as_list(recipe: Recipe) -> Recipe | None:
    if recipe.lazy or recipe.mishap not in ("", "error page", "error page after error"):
        return None
    # For a list the other form is what an iterator is.
    return replace(recipe, shape="generator" if recipe.shape == "list" else "list", start_at="call")


@variation(level=MUST, covers=("MW-001", "MW-002", "MW-026"), vary=_as_list, allows=("MW-030", "FW-020"),
           cites=(pep("specification-details",
                      "servers and gateways must not directly use any other attributes of the iterable returned by the "
                      "application"),
                  pep("middleware-components-that-play-both-sides",
                      "The presence of middleware in general is transparent to both the \"server/gateway\" and the "
                      "\"application/framework\" sides of the interface, and should require no special support.")))
def any_iterable_is_a_body(first: Pair, plainer: Pair) -> Verdict:
    """Whatever iterable the application returns comes through as a list does.

    `len(body)`, `body[0]`, `body.close()` without looking, `next(body)` on what is no iterator: each works with
    the bodies of the framework at hand and fails with the next. Use iter(), a close() that is there, and a len()
    that is there.
    """
    trouble = _trouble(first, plainer)
    if not trouble:
        return HOLDS
    shape = first.inner[0].returned if first.inner and first.inner[0].returned else "another iterable"
    plain = plainer.inner[0].returned if plainer.inner else "list"
    return _told(f"with a body that is a {shape}", f"with a {plain}", trouble)


@any_iterable_is_a_body.bad(recipe=Recipe(shape="generator"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        if len(body) == 1:
            environ["example.items"] = 1
        return body

    return middleware


@any_iterable_is_a_body.bad(recipe=Recipe(shape="sequence"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item for item in body.__iter__()), closer(body))

    return middleware


@any_iterable_is_a_body.good(recipe=Recipe(shape="file_wrapper"))
def _(app: App) -> App:
    # A file wrapper is an iterable like any other, and the middleware stands on itself.
    def middleware(wrapped: App) -> App:
        def call(environ: dict[str, Any], start_response: Any) -> Any:
            body = wrapped(environ, start_response)
            return Closing(iter(body), closer(body))

        return call

    return middleware(middleware(app))


@any_iterable_is_a_body.good(recipe=Recipe(shape="sequence"))
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


# -- any callable ----------------------------------------------------------------------------------------

def _as_function(recipe: Recipe) -> Recipe | None:
    return replace(recipe, kind="function") if recipe.kind != "function" else None


@variation(level=MUST, covers=("APP-001",), vary=_as_function,
           cites=pep("specification-overview",
                     "Conversely, a server, gateway, or application that is invoking a callable must not have any "
                     "dependency on what kind of callable was provided to it."))
def any_callable_is_an_application(first: Pair, plainer: Pair) -> Verdict:
    """The application may be a function, a method, an instance with __call__ or a partial: all are served alike.

    A middleware that reads `app.__name__` for its log, or looks at a signature, works with functions and fails
    with Django's handler, which is an instance. Call the application, and take a name as an argument.
    """
    trouble = _trouble(first, plainer)
    if not trouble:
        return HOLDS
    return _told("around another callable than a function", "around a function", trouble)


@any_callable_is_an_application.bad(recipe=Recipe(kind="partial"))
def _(app: App) -> App:
    name = app.__name__

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["example.name"] = name
        return app(environ, start_response)

    return middleware


@any_callable_is_an_application.good(recipe=Recipe(kind="method"))
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


# -- environ is the application's ------------------------------------------------------------------------

def _untouched(recipe: Recipe) -> Recipe | None:
    return replace(recipe, touch_environ=False) if recipe.touch_environ else None


@variation(level=MUST, covers=("ENV-003",), vary=_untouched,
           cites=pep("specification-details",
                     "and the application is allowed to modify the dictionary in any way it desires."))
def environ_may_be_changed_by_the_application(first: Pair, plainer: Pair) -> Verdict:
    """The middleware works after the application has changed environ, or taken things out of it.

    What a middleware reads from environ after the call may have been replaced, shifted or removed: frameworks
    shift SCRIPT_NAME, and take out what they have used. Read what you need before the call.
    """
    trouble = _trouble(first, plainer)
    if not trouble:
        return HOLDS
    return _told("after the application took QUERY_STRING out of environ", "when it is left alone", trouble)


@environ_may_be_changed_by_the_application.bad(recipe=Recipe(touch_environ=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ.setdefault("QUERY_STRING", "")
        body = app(environ, start_response)
        environ["wsgi.errors"].write(environ["QUERY_STRING"] + "\n")
        environ["wsgi.errors"].flush()
        return body

    return middleware


@environ_may_be_changed_by_the_application.good(recipe=Recipe(touch_environ=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        body = app(environ, start_response)
        environ["wsgi.errors"].write(query + "\n")
        environ["wsgi.errors"].flush()
        return body

    return middleware


# -- write() ---------------------------------------------------------------------------------------------

def _yielded(recipe: Recipe) -> Recipe | None:
    if not recipe.written or recipe.shape == "file_wrapper":
        return None
    return replace(recipe, writes=(), items=recipe.written + recipe.items)


_WRITE = pep("the-write-callable",
             "Therefore, to allow these frameworks to continue using an imperative API, WSGI includes a special "
             "write() callable, returned by the start_response callable.")
_WRITES = Recipe(writes=(b"one\n",), items=(b"two\n",))


@variation(level=MUST, covers=("MW-012",), vary=_yielded, cites=_WRITE,
           given=(start_response_returns_a_write_callable,))
def written_data_comes_out(first: Pair, plainer: Pair) -> Verdict:
    """What the application passes to write() reaches the server, as what it yields does.

    Few applications use write(), so a start_response that returns a do-nothing `write` goes unnoticed, until
    an old CGI script or a csv.writer loses its whole output through it. Return the write() of the server, or
    gather what is written and send it on.
    """
    trouble = _trouble(first, plainer)
    if not trouble:
        return HOLDS
    return _told("with data passed to write()", "when the same is yielded", trouble)


@written_data_comes_out.bad(recipe=_WRITES)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            start_response(status, headers, *more)
            return lambda data: None

        return app(environ, start)

    return middleware


@written_data_comes_out.good(recipe=_WRITES)
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


@variation(level=SHOULD, covers=("MW-013",), vary=_yielded,
           given=(start_response_returns_a_write_callable, written_data_comes_out),
           cites=(_WRITE, cited("Graham Dumpleton on the hidden write(), 2012")))
def written_data_is_treated_as_yielded(first: Pair, plainer: Pair) -> Verdict:
    """A middleware that transforms the body transforms what is passed to write() too.

    Half of the page compressed and half of it not, half of the links rewritten: the wrapper around the iterable
    never sees what goes through write(). Return a write() of your own from start_response that does the same.
    """
    if not (first.complete and plainer.complete) or first.request.method == "HEAD":
        return NOT_APPLICABLE
    if content(first.outer) == content(plainer.outer):
        return HOLDS
    return _told("with a part of the body passed to write()", "when all is yielded",
                 f"{show(content(first.outer), 60)} came out")


@written_data_is_treated_as_yielded.bad(recipe=_WRITES)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.upper, body), closer(body))

    return middleware


@written_data_is_treated_as_yielded.good(recipe=_WRITES)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(*args: Any) -> Any:
            write = start_response(*args)
            return lambda data: write(data.upper())

        body = app(environ, start)
        return Closing(map(bytes.upper, body), closer(body))

    return middleware


# -- blocks ----------------------------------------------------------------------------------------------

def _in_one(recipe: Recipe) -> Recipe | None:
    if sum(map(bool, recipe.items)) < 2 or recipe.bodyless or recipe.mishap:
        return None
    return replace(recipe, items=(b"".join(recipe.items),))


@variation(level=SHOULD, covers=("MW-019",), vary=_in_one, given=(body_is_iterated_once,),
           cites=pep("middleware-components-that-play-both-sides",
                     "Also, this simple example ignores the possibility that a word might be split across a block "
                     "boundary."))
def blocks_may_be_cut_anywhere(first: Pair, plainer: Pair) -> Verdict:
    """A transformation gives the same result wherever the application cuts its body into items.

    A template engine yields when its buffer is full, in the middle of a tag, a word or a UTF-8 character. What
    searches each item for itself misses what lies across two. Keep the end of an item that may be a beginning.
    """
    if not (first.complete and plainer.complete) or first.request.method == "HEAD":
        return NOT_APPLICABLE
    if content(first.outer) == content(plainer.outer):
        return HOLDS
    return _told(f"with the body in {len(first.inner[0].items)} items", "with the same in one item",
                 f"{show(content(first.outer), 60)} came out")


_SPLIT = Recipe(shape="closing", items=(b"Hello wor", b"ld\n"))


@blocks_may_be_cut_anywhere.bad(recipe=_SPLIT)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item.replace(b"world", b"earth") for item in body), closer(body))

    return middleware


@blocks_may_be_cut_anywhere.good(recipe=_SPLIT)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)

        def items() -> Iterator[bytes]:
            kept = b""
            for item in body:
                kept = (kept + item).replace(b"world", b"earth")
                yield kept[:-4]
                kept = kept[-4:]
            yield kept

        return Closing(items(), closer(body))

    return middleware


# -- a second start --------------------------------------------------------------------------------------

def _at_once(recipe: Recipe) -> Recipe | None:
    return replace(recipe, mishap="error page") if recipe.mishap == "error page after error" else None


@variation(level=SHOULD, covers=("MW-017",), vary=_at_once,
           given=(exc_info_is_passed_on, start_response_takes_exc_info),
           cites=pep("the-start-response-callable",
                     "If exc_info is supplied, and no HTTP headers have been output yet, start_response should replace "
                     "the currently-stored HTTP response headers with the newly-supplied ones"))
def second_start_starts_over(first: Pair, plainer: Pair) -> Verdict:
    """A second start_response call, with exc_info, leaves nothing of the first behind.

    A middleware that keeps the first status, adds to the headers it has gathered, or remembers that the body
    will be compressed, sends an error page with the headers of the page that failed. Reset what is kept.
    """
    trouble = _trouble(first, plainer)
    if trouble:
        return _told("with a second start_response call", "when the error page comes at once", trouble)
    if first.outer.start is None or plainer.outer.start is None or first.outer.start.raised:
        return NOT_APPLICABLE
    left = [name for name, _ in first.outer.headers if name == "X-Withdrawn"]
    if not left and content(first.outer) == content(plainer.outer):
        return HOLDS
    what = "a field of the first call came out" if left else f"{show(content(first.outer), 60)} came out"
    return _told("with a second start_response call", "when the error page comes at once", what)


_AGAIN = Recipe(mishap="error page after error")


@second_start_starts_over.bad(recipe=_AGAIN)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        gathered: list[Any] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            known = {name for name, _ in gathered}
            gathered.extend(field for field in headers if field[0] not in known and field[0] != "Content-Length")
            return start_response(status, list(gathered), exc_info)

        return app(environ, start)

    return middleware


@second_start_starts_over.good(recipe=_AGAIN)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, lambda *args: start_response(*args))

    return middleware
