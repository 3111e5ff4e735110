"""What a middleware hands to the application: the call itself, where it is mounted, and the request's body.

PEP 3333, "Middleware: Components that Play Both Sides" and "environ Variables".
"""

from __future__ import annotations

import io
from typing import Any

from ..model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep
from ..model.sandwich import Pair, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .close import body_is_iterated_once
from .reads import reads_stay_within_content_length
from .wrapping import App

_CALLABLE = pep("specification-overview",
                "Conversely, a server, gateway, or application that is invoking a callable must not have any "
                "dependency on what kind of callable was provided to it. Callables are only to be called, not "
                "introspected upon.")
_WRAPS = frozenset({"__name__", "__qualname__", "__doc__", "__module__", "__wrapped__", "__dict__", "__annotations__",
                    "__type_params__"})
"""What functools.wraps and its like ask for, with or without success."""


@sandwich(level=SHOULD, covers=("APP-007",), explains=(body_is_iterated_once,),
          cites=pep("the-server-gateway-side", "The server or gateway invokes the application callable once for each "
                                               "request it receives from an HTTP client, that is directed at the "
                                               "application."))
def application_is_called_as_often_as_meant(pair: Pair) -> Verdict:
    """The application is called once for each request, or as often as the middleware is meant to.

    The second call finds the input read, the first one's order placed, its mail sent. A middleware that tries
    again, or asks with HEAD first, does so for requests that may be repeated and with the input put back; tell
    wsgicheck how often with --calls.
    """
    if not pair.inner:
        return NOT_APPLICABLE
    calls = len(pair.inner)
    if calls <= pair.meant:
        return HOLDS
    return f"the application was called {calls} times for one request; expected at most {pair.meant}"


@application_is_called_as_often_as_meant.bad
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(dict(environ), lambda status, headers, exc_info=None: lambda data: None)
        getattr(body, "close", lambda: None)()
        return app(environ, start_response)

    return middleware


@application_is_called_as_often_as_meant.good
def _(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response)


@sandwich(level=ADVICE, covers=("APP-002",), cites=_CALLABLE)
def application_is_only_called(pair: Pair) -> Verdict:
    """The middleware calls the application and asks it for nothing else.

    `app.config` or `app.__code__` works with the one framework it was written for, and no more when another
    middleware stands between the two. What functools.wraps copies is not meant. Take such things as arguments.
    """
    names = [name for name in dict.fromkeys(pair.asked) if name not in _WRAPS]
    if not pair.inner:
        return NOT_APPLICABLE
    if not names:
        return HOLDS
    return f"the application was asked for {', '.join(map(show, names[:4]))}; expected it to be called only"


@application_is_only_called.bad(recipe=Recipe(kind="instance"))
def _(app: App) -> App:
    debug = getattr(app, "debug", False)

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        if debug:
            environ["example.debug"] = True
        return app(environ, start_response)

    return middleware


@application_is_only_called.good(recipe=Recipe(kind="instance"))
def _(app: App) -> App:
    import functools

    @functools.wraps(app)
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


@sandwich(level=SHOULD, covers=("MW-021", "URL-011"),
          cites=(pep("middleware-components-that-play-both-sides",
                     "Routing a request to different application objects based on the target URL, after rewriting the "
                     "environ accordingly."),
                 pep("environ-variables",
                     "The initial portion of the request URL's \"path\" that corresponds to the application object, so "
                     "that the application knows its virtual \"location\".")))
def script_name_and_path_info_move_together(pair: Pair) -> Verdict:
    """What a routing middleware takes off PATH_INFO it appends to SCRIPT_NAME, with no slash lost or doubled.

    The application builds its links from SCRIPT_NAME. Where a prefix is only cut off PATH_INFO, each link and
    redirect leads out of the mounted application. wsgiref.util.shift_path_info does both for one segment.
    """
    one = pair.only
    if one is None or "PATH_INFO" not in pair.outer.environ:
        return NOT_APPLICABLE
    script, path = pair.outer.environ.get("SCRIPT_NAME", ""), pair.outer.environ["PATH_INFO"]
    now_script, now_path = one.environ.get("SCRIPT_NAME", ""), one.environ.get("PATH_INFO", "")
    if (script, path) == (now_script, now_path):
        return NOT_APPLICABLE
    before, after = script + path, now_script + now_path
    told = (f"SCRIPT_NAME {show(script)} with PATH_INFO {show(path)} became {show(now_script)} with {show(now_path)}")
    if before == after:
        return HOLDS
    added = now_script[len(script):] if now_script.startswith(script) else ""
    if now_script == script and now_path and path.endswith(now_path) and len(path) > len(now_path) + 1:
        return f"{told}; expected what was taken off PATH_INFO to be added to SCRIPT_NAME"
    if added and before.replace("/", "") == after.replace("/", ""):
        return f"{told}; expected the two together to stay {show(before)}"
    return NOT_APPLICABLE


@script_name_and_path_info_move_together.bad(path="/blog/2024")
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO", "").startswith("/blog/"):
            environ["PATH_INFO"] = environ["PATH_INFO"][len("/blog"):]
        return app(environ, start_response)

    return middleware


@script_name_and_path_info_move_together.bad(path="/blog//2024")
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        parts = [part for part in environ.get("PATH_INFO", "").split("/") if part]
        if parts:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/" + parts[0]
            environ["PATH_INFO"] = "/" + "/".join(parts[1:])
        return app(environ, start_response)

    return middleware


@script_name_and_path_info_move_together.good(path="/blog/2024")
def _(app: App) -> App:
    from wsgiref.util import shift_path_info

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO", "").startswith("/blog/"):
            shift_path_info(environ)
        return app(environ, start_response)

    return middleware


@script_name_and_path_info_move_together.good(path="/2024")
def _(app: App) -> App:
    # Behind a proxy that takes a prefix away, it is put back where it belongs.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["SCRIPT_NAME"] = "/blog"
        return app(environ, start_response)

    return middleware


@sandwich(level=MUST, covers=("MW-028",), explains=(reads_stay_within_content_length,),
          cites=(pep("environ-variables", "The contents of any Content-Length fields in the HTTP request. May be empty "
                                          "or absent."),
                 cited("follows from what CONTENT_LENGTH says about wsgi.input")))
def input_that_was_read_is_replaced(pair: Pair) -> Verdict:
    """A middleware that reads wsgi.input puts a stream in its place that holds the same again.

    The application finds CONTENT_LENGTH and an input at its end: its form is empty, or it waits for data that
    will never come and the worker hangs. Read it once, and set `environ["wsgi.input"] = io.BytesIO(data)`; where
    the content is changed, CONTENT_LENGTH with it.
    """
    one = pair.only
    began = any(step.who == "inner" and step.what == "read" for step in pair.steps)
    if one is None or not pair.reads_all or not began or one.raised:
        return NOT_APPLICABLE
    if pair.request.reads:
        return NOT_APPLICABLE  # whether read(n) may give less before the end is read out of the PEP by some only
    said, before = one.environ.get("CONTENT_LENGTH", ""), pair.outer.environ.get("CONTENT_LENGTH", "")
    if not (said.isascii() and said.isdigit()) or len(said) > 9 or not int(said):
        return NOT_APPLICABLE
    size = int(said)
    promised = min(size, len(pair.request.body)) if said == before else size
    if len(one.content) >= promised:
        if one.left and before == str(len(pair.request.body)):
            return (f"the middleware has put a stream in the place of wsgi.input that holds {one.left} bytes more than "
                    f"CONTENT_LENGTH, {size}, says; expected CONTENT_LENGTH to be changed with the content")
        return HOLDS
    return (f"the application read wsgi.input to its CONTENT_LENGTH of {size} and got {len(one.content)} bytes; "
            f"expected {promised}, which the middleware was sent")


@input_that_was_read_is_replaced.bad(method="POST", body=b"a=1", recipe=Recipe(read="whole"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["example.form"] = form
        return app(environ, start_response)

    return middleware


@input_that_was_read_is_replaced.bad(method="POST", body=b"a=1", recipe=Recipe(read="whole"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(form + b"&token=1")
        return app(environ, start_response)

    return middleware


@input_that_was_read_is_replaced.good(method="POST", body=b"a=1", recipe=Recipe(read="whole"))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(form)
        environ["example.form"] = form
        return app(environ, start_response)

    return middleware
