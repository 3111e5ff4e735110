"""The many legal forms of an application: a middleware serves each of them as it serves the plainest.

Every law here compares two applications that say the same: one the long way, one the plain way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model.rule import HOLDS, MUST, Verdict, pep
from ..model.sandwich import Pair, variation
from ..reference.repertoire import Recipe
from .middleware_blocks import body_is_returned_at_once
from .two_forms import told, trouble_of
from .wrapping import App, Closing, closer

# -- a body of any bytes ---------------------------------------------------------------------------------

def _text(recipe: Recipe) -> Recipe | None:
    whole = b"".join(recipe.written + recipe.items)
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return None
    if any(name.lower() == "content-encoding" for name, _ in recipe.headers) or recipe.mishap:
        return None
    writes, items = (tuple(b"x" * len(data) for data in some) for some in (recipe.writes, recipe.items))
    return replace(recipe, headers=(("Content-Type", "text/plain; charset=utf-8"),), writes=writes, items=items)


@variation(level=MUST, covers=("MW-001", "STR-005"), vary=_text, given=(body_is_returned_at_once,),
           cites=pep("a-note-on-string-types",
                     "\"Bytestrings\" (which are implemented using the bytes type in Python 3, and str elsewhere), "
                     "that are used for the bodies of requests and responses (e.g. POST/PUT input data and HTML page "
                     "outputs)."))
def any_bytes_are_a_body(first: Pair, plainer: Pair) -> Verdict:
    """A body that is no UTF-8, an image or a page in another charset, is passed on as any other.

    A middleware that decodes what passes, to look for a tag or to put in a script, fails at the first image, download
    or page of an old application, and the visitor gets an error for what was in order. Look at Content-Type and its
    charset first, work on bytes, and leave alone what cannot be decoded.
    """
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    return told("with a body that is no UTF-8", "with one that is", trouble)


_BINARY = Recipe(headers=(("Content-Type", "application/octet-stream"),), items=(b"\x89PNG\r\n\x1a\n",))


@any_bytes_are_a_body.bad(recipe=_BINARY)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item.decode("utf-8").encode("utf-8") for item in body), closer(body))

    return middleware


@any_bytes_are_a_body.good(recipe=_BINARY)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item.decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape") for item in body),
                       closer(body))

    return middleware


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
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    return told("with start_response called at the first item", "when it is called at once", trouble)


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
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    shape = first.inner[0].returned if first.inner and first.inner[0].returned else "another iterable"
    plain = plainer.inner[0].returned if plainer.inner else "list"
    return told(f"with a body that is a {shape}", f"with a {plain}", trouble)


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
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    return told("around another callable than a function", "around a function", trouble)


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
    trouble = trouble_of(first, plainer)
    if not trouble:
        return HOLDS
    return told("after the application took QUERY_STRING out of environ", "when it is left alone", trouble)


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
