"""Small applications whose every branch raises its own Entered, so that a test sees which were entered."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class Entered(Exception):
    """A branch was entered; the argument names it."""


def plain(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Nested conditions on path, query, method, header and content."""
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    method = environ["REQUEST_METHOD"]
    if path == "/x" and "debug" in query:
        raise Entered("path and query")
    if path == "/admin":
        if environ.get("HTTP_X_SECRET_TOKEN") == "sesame":
            raise Entered("path and header")
        if method == "PURGE":
            raise Entered("path and method")
    if path.startswith("/items/") and method == "DELETE":
        raise Entered("prefix and method")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


class Shop:
    """An instance with a dispatch table, an own attribute and methods behind it."""

    currency = "doubloon"

    def __init__(self) -> None:
        self.views: dict[str, Callable[[Environ], bytes]] = {"/cart": self.cart, "/find": self.find}

    def cart(self, environ: Environ) -> bytes:
        form = parse_qs(environ["wsgi.input"].read().decode("latin-1"))
        if "quantity" in form and form.get("unit") == ["dozen"]:
            raise Entered("two form fields")
        return b"cart"

    def find(self, environ: Environ) -> bytes:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if query.get("order") == ["upwards"]:
            raise Entered("name and value")
        if self.currency in query.get("pay", [""]):
            return b"paid"
        return b"found"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        view = self.views.get(environ.get("PATH_INFO", ""))
        start_response("200 OK" if view else "404 Not Found", [("Content-Type", "text/plain")])
        return [view(environ) if view else b""]


def cookies(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A cookie and JSON."""
    try:
        jar = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    except CookieError:     # a name that is no token
        jar = SimpleCookie()
    if "flavour" in jar and jar["flavour"].value == "raisin":
        raise Entered("cookie")
    if environ.get("CONTENT_TYPE") == "application/json":
        try:
            data = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and data.get("wanted"):
            raise Entered("json")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def wrapper(inner: App, greeting: str = "hidden") -> App:
    """A middleware that keeps its application in a closure and says so with functools.wraps."""

    @functools.wraps(inner)
    def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if greeting in environ.get("QUERY_STRING", ""):
            raise Entered("closure")
        return inner(environ, start_response)

    return wrapped


def generator(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The branch lies in a nested function, behind a tuple."""

    def body() -> Iterable[bytes]:
        if environ.get("QUERY_STRING", "") in ("mode=fast", "mode=slow"):
            raise Entered("nested tuple")
        yield b"ok"

    start_response("200 OK", [("Content-Type", "text/plain")])
    return body()


shop = Shop()
stacked = wrapper(shop)
partial = functools.partial(plain)
