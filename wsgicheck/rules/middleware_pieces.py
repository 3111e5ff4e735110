"""One answer in other pieces: written instead of yielded, cut elsewhere, begun a second time.

Every law here compares two applications that say the same: one the long way, one the plain way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep
from ..model.sandwich import Pair, variation
from ..reference.repertoire import Recipe
from ..show import show
from .call import start_response_returns_a_write_callable
from .close import body_is_iterated_once
from .middleware_start import exc_info_is_passed_on, start_response_takes_exc_info
from .two_forms import content, told, trouble_of
from .wrapping import App, Closing, closer

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
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    return told("with data passed to write()", "when the same is yielded", trouble)


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
    return told("with a part of the body passed to write()", "when all is yielded",
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
    trouble = trouble_of(first, plainer) if first.outer.raised else ""
    if not trouble:
        if not (first.complete and plainer.complete) or first.request.method == "HEAD":
            return NOT_APPLICABLE
        if content(first.outer) == content(plainer.outer):
            return HOLDS
        trouble = f"{show(content(first.outer), 60)} came out"
    return told(f"with the body in {len(first.inner[0].items)} items", "with the same in one item", trouble)


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
    trouble = trouble_of(first, plainer)
    if trouble:
        return told("with a second start_response call", "when the error page comes at once", trouble)
    if first.outer.start is None or plainer.outer.start is None or first.outer.start.raised:
        return NOT_APPLICABLE
    left = [name for name, _ in first.outer.headers if name == "X-Withdrawn"]
    if not left and content(first.outer) == content(plainer.outer):
        return HOLDS
    what = "a field of the first call came out" if left else f"{show(content(first.outer), 60)} came out"
    return told("with a second start_response call", "when the error page comes at once", what)


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
