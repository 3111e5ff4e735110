"""Django's test client, which calls no WSGI application: it takes the response object out of the handler.

What WSGIHandler would make of that response is therefore put before the rules: its status, its header fields
and its content, as that handler writes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Site
from ..spies.site import line_of
from .watching import PLACE, watched

__all__ = ["change_client_handler"]


def _view_of(response: Any) -> Site | None:
    """Return where the view that made the response is defined."""
    match = getattr(getattr(response, "wsgi_request", None), "resolver_match", None)
    view: Any = getattr(match, "func", None)
    for _ in range(20):
        view = getattr(view, "view_class", None) or getattr(view, "cls", None) or getattr(view, "__wrapped__", view)
    if isinstance(view, type):
        view = getattr(view, "dispatch", None)
    code = getattr(view, "__code__", None)
    return None if code is None else line_of(code)


def _headers(response: Any) -> list[tuple[Any, Any]]:
    cookies = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
    return [*response.items(), *cookies]


class _Later:
    """A body that the client takes later, or not at all."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return self._items


def _is_taken_later(response: Any) -> bool:
    return bool(response.streaming) and not response.is_async and hasattr(response, "_iterator")


def _body(response: Any) -> Any:
    if not response.streaming:
        return [response.content] if response.content else []
    if not _is_taken_later(response):
        return _Later(iter(()))  # never asked for an item, and so not judged
    return _Later(map(response.make_bytes, response._iterator))


def _start(*start: Any) -> Callable[[bytes], None]:
    return lambda data: None


def change_client_handler(module: ModuleType) -> None:
    """Let django.test.client.ClientHandler have each response judged before it passes it on."""
    original = module.ClientHandler.__call__

    @functools.wraps(original)
    def call(self: Any, environ: Any) -> Any:
        responses: list[Any] = []
        exchanges: list[Exchange] = []
        taken_later: list[Any] = []

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            response = original(self, environ)
            responses.append(response)
            try:
                told = f"{response.status_code} {response.reason_phrase}", _headers(response), _body(response)
            except Exception:
                return _Later(iter(()))  # no response of Django's; the client will say so
            vars(exchanges[-1])[PLACE] = _view_of(response)
            if _is_taken_later(response):
                taken_later.append(response)
            start_response(told[0], told[1])
            return told[2]

        spied = watched(application, exchanges.append)
        if spied is application:
            return original(self, environ)
        body = spied(environ, _start)
        response = responses[-1]
        if taken_later:
            response._iterator = iter(body)
        return response

    module.ClientHandler.__call__ = call
