"""The test clients that are known, and where each calls the application: one row a place.

Falcon's client and Bottle's own tests call through wsgiref.validate; Pyramid's tests through WebTest or WebOb.
Where a client puts a lint of its own around the application, ours stands inside of it.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from .django import change_client_handler
from .importing import after_import
from .watching import watched

__all__ = ["install"]

_LINTED = "_wsgicheck_inside"
_CHANGED = "_wsgicheck_changed"


def _first_watched(module: ModuleType, name: str) -> None:
    """Let the function `module.name`, whose first argument is an application, be given a watched one."""
    original = getattr(module, name)

    @functools.wraps(original)
    def replacement(application: Any, *args: Any, **keywords: Any) -> Any:
        return original(watched(application), *args, **keywords)

    setattr(module, name, replacement)


def _werkzeug(module: ModuleType) -> None:
    _first_watched(module, "run_wsgi_app")


def _wsgiref(module: ModuleType) -> None:
    original = module.validator

    @functools.wraps(original)
    def validator(application: Any) -> Any:
        made = original(watched(application))
        setattr(made, _LINTED, True)
        return made

    module.validator = validator  # type: ignore[attr-defined]


def _webtest_lint(module: ModuleType) -> None:
    original = module.middleware

    @functools.wraps(original)
    def middleware(application: Any, global_conf: Any = None) -> Any:
        made = original(watched(application), global_conf)
        setattr(made, _LINTED, True)
        return made

    module.middleware = middleware  # type: ignore[attr-defined]


def _webob(module: ModuleType) -> None:
    original = module.BaseRequest.call_application

    @functools.wraps(original)
    def call_application(self: Any, application: Any, *args: Any, **keywords: Any) -> Any:
        inside = getattr(application, _LINTED, False)
        return original(self, application if inside else watched(application), *args, **keywords)

    module.BaseRequest.call_application = call_application


_ROWS = {
    "werkzeug.test": _werkzeug,
    "wsgiref.validate": _wsgiref,
    "webtest.lint": _webtest_lint,
    "webob.request": _webob,
    "django.test.client": change_client_handler,
}


def _once(change: Any) -> Any:
    def changed(module: ModuleType) -> None:
        if not getattr(module, _CHANGED, False):
            setattr(module, _CHANGED, True)
            change(module)

    return changed


@functools.cache
def install() -> None:
    """Have the clients' applications watched from now on, also those of clients that are imported later."""
    after_import({name: _once(change) for name, change in _ROWS.items()})
