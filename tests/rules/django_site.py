"""A small Django site put through every rule, in a process of its own: a process has one set of settings.

Prints a line for each breach at MUST or SHOULD, and at last how many exchanges there were.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from wsgicheck.model.request import PLAIN, Case, Drive, Request
from wsgicheck.model.rule import MUST, SHOULD
from wsgicheck.rules import passive_rules
from wsgicheck.stage import Stage

PATHS = ("/", "/stream", "/empty", "/boom", "/teapot", "/away", "/cached", "/missing")


def boom(request: Any) -> Any:
    raise RuntimeError("boom")


def stream(request: Any) -> Any:
    def items() -> Iterator[str]:
        for number in range(5):
            yield str(number) * 40

    return StreamingHttpResponse(items(), content_type="text/plain")


urlpatterns = [
    path("", lambda request: HttpResponse("Grüße")),
    path("stream", stream),
    path("boom", boom),
    path("away", lambda request: HttpResponse(status=302, headers={"Location": "/"})),
    path("cached", lambda request: HttpResponse("Hello", headers={"ETag": '"1"'})),
]


def main() -> None:
    """Drive the site and print what broke."""
    from django.core.handlers.wsgi import WSGIHandler

    settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], SECRET_KEY="x" * 50, ROOT_URLCONF=__name__, MIDDLEWARE=[
        "django.middleware.http.ConditionalGetMiddleware", "django.middleware.common.CommonMiddleware"],
        LOGGING_CONFIG=None)
    django.setup()
    stage = Stage(WSGIHandler(), passive_rules())
    answered = 0
    for method, where, drive in itertools.product(
            ("GET", "HEAD", "POST"), PATHS, (PLAIN, Drive(stop_after=1), Drive(stop_after=0))):
        observed = stage.perform(Case(Request.make(method, where, HTTP_IF_NONE_MATCH='"1"'), drive))
        answered += bool(observed.exchange.code)
        for breach in observed.breaches:
            if breach.rule.level in (MUST, SHOULD):
                print(method, where, drive, breach.rule.name, breach.evidence)
    print(answered)


if __name__ == "__main__":
    main()
