"""TestApp: WebTest's, with wsgicheck as its lint.

    from wsgicheck.webtest import TestApp      # in place of: from webtest import TestApp
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import webtest

from .validator import OnViolation, Validator, validator

__all__ = ["TestApp"]


class TestApp(webtest.TestApp):  # type: ignore[misc]
    """A `webtest.TestApp` whose `lint` is wsgicheck's validator; everything else is WebTest's own.

    Args:
        app, extra_environ, relative_to, and so on: as WebTest takes them; what WebTest makes of `app` (a URL, a
            "config:" of PasteDeploy, an application) is watched.
        lint: whether exchanges are judged, as in WebTest; may be changed at any time by `app.lint = False`.
        select, ignore: ids, families or levels of rules, as `wsgicheck.validator` takes them.
        on_violation: "raise" (the default, and what WebTest's lint does), "warn", "log" or a callable.

    Raises:
        ConfigError: an unknown rule.
    """

    __test__ = False
    app: Any
    lint: bool

    def __init__(self, app: Any, *args: Any, select: Iterable[str] = (), ignore: Iterable[str] = (),
                 on_violation: OnViolation = "raise", **keywords: Any) -> None:
        self._watch = {"select": tuple(select), "ignore": tuple(ignore), "on_violation": on_violation}
        self._watched: Validator | None = None
        super().__init__(app, *args, **keywords)
        self._judged(self.app)  # an unknown rule is to be told here, not in the first request

    def _judged(self, application: Callable[..., Any]) -> Validator:
        watched = self._watched
        if watched is None or watched.__wrapped__ is not application:
            watched = self._watched = validator(application, **self._watch)  # type: ignore[arg-type]
        return watched

    def do_request(self, req: Any, status: Any = None, expect_errors: Any = None) -> Any:
        """Make the request as WebTest does, with the application watched where `lint` is set."""
        if not self.lint:
            return super().do_request(req, status, expect_errors)
        application, self.app, self.lint = self.app, self._judged(self.app), False
        try:
            return super().do_request(req, status, expect_errors)
        finally:
            self.app, self.lint = application, True
