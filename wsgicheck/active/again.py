"""What a case needs to happen again in a new process: the visitor who was known in the run that found it.

Law: what is done here beforehand is judged by no rule and counted nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..model.request import Case, Request
from ..reach.browser import Browser
from ..reach.crawl import log_in
from ..stories import look
from .options import Options
from .visits import answer_of

__all__ = ["known_again", "renewed"]

_TOKEN = re.compile(r"csrf|xsrf", re.IGNORECASE)
"""A cookie that is held against the form that it came with: a new one would not fit the old form."""


def renewed(request: Request, cookies: Sequence[tuple[str, str]]) -> Request:
    """Return `request` with the new values of those of its cookies that have one."""
    fresh = {name: value for name, value in cookies if not _TOKEN.search(name)}
    pairs = [pair.strip().partition("=") for pair in request.get("HTTP_COOKIE").split(";")]
    if not any(name in fresh for name, _, _ in pairs):
        return request
    return request.with_variables(HTTP_COOKIE="; ".join(
        f"{name}={fresh[name]}" if name in fresh else f"{name}{equals}{value}" for name, equals, value in pairs))


def known_again(application: Callable[..., Any], options: Options, note: Callable[[str], None],
                ) -> Callable[[Request], Request]:
    """Log in as `options` say, and return what gives a recorded request the cookies that this has brought."""
    wishes = options.reach
    if not wishes.login:
        return lambda request: request
    headers = tuple((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in options.headers)

    def ask(request: Request) -> Any:
        for name, value in headers:
            if not request.has(name):
                request = request.with_variables(**{name: value})
        return answer_of(look(application, Case(request))[1])

    browser = Browser(ask, wishes.cookies)
    trouble = log_in(browser, wishes.login)
    if trouble:
        note(f"{trouble}: nobody is logged in")
    return lambda request: renewed(request, browser.cookies)
