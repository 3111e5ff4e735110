"""The fixture `wsgicheck`: checks an application, or a middleware, that a test has at hand as an object.

Law: a test that nothing tells otherwise does the same each time: its seed comes from its name.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from ..active.options import Options
from ..errors import ConfigError
from ..model.rule import Level
from ..model.run import Run
from ..show import show
from .marks import check_marks, marked, words
from .settings import settings_of
from .text import run_text

__all__ = ["Checker"]


class Checker:
    """What the fixture is: called with an application, or `.middleware(factory)`."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        check_marks(request)
        self._request = request
        self._settings = settings_of(request.config)

    def __call__(self, application: Callable[..., Any], *, select: str | Iterable[str] = (),
                 ignore: str | Iterable[str] = (), fail_on: str = "", seed: int | None = None,
                 max_examples: int | None = None, max_time: float | None = None, paths: Iterable[str] = (),
                 headers: Iterable[tuple[str, str]] = ()) -> Run:
        """Check `application` in this process, and fail the test with all that it breaks.

        Args:
            select, ignore: ids, families or levels of rules; they add to those of the marker and the settings.
            fail_on: "must", "should" or "advice"; by default what the settings say.
            seed: of the requests; by default of the settings, else the same for the same test each time.
            max_examples, max_time: how many requests to draw, and the seconds for all.
            paths, headers: what to ask besides.

        Returns:
            The finished run, also with the findings below `fail_on`.
        """
        from ..active.inprocess import check_callable

        level = self._level(fail_on)
        options = self._options(select, ignore, seed, max_examples, max_time, paths, headers)
        return self._settled(check_callable(application, options=options), level)

    def middleware(self, factory: Callable[..., Any], *, arguments: Mapping[str, Any] | None = None, calls: int = 1,
                   select: str | Iterable[str] = (), ignore: str | Iterable[str] = (), fail_on: str = "",
                   seed: int | None = None, max_examples: int | None = None, max_time: float | None = None,
                   paths: Iterable[str] = (), headers: Iterable[tuple[str, str]] = ()) -> Run:
        """Check the middleware that `factory` puts around an application, from both sides and in this process.

        Args:
            factory: takes a WSGI application and returns one: a class, a function, a partial.
            arguments: keyword arguments that it gets besides.
            calls: how often it is meant to call the application for one request, at most.
            select and all that follows: as for an application.

        Returns:
            The finished run, also with the findings below `fail_on`.
        """
        from ..active.middleware import check_middleware

        level = self._level(fail_on)
        options = self._options(select, ignore, seed, max_examples, max_time, paths, headers)
        return self._settled(check_middleware(factory, arguments=dict(arguments or {}), calls=calls, options=options),
                             level)

    def _options(self, select: str | Iterable[str], ignore: str | Iterable[str], seed: int | None,
                 max_examples: int | None, max_time: float | None, paths: Iterable[str],
                 headers: Iterable[tuple[str, str]]) -> Options:
        request, settings = self._request, self._settings
        mark = request.node.get_closest_marker("wsgicheck")
        amount = mark.kwargs.get("max_examples") if mark is not None else None
        return Options(
            select=words(select) or marked(request, "select") or settings.select,
            ignore=(*settings.ignore, *marked(request, "ignore"), *words(ignore)),
            seed=self._seed() if seed is None else seed, max_examples=max_examples or amount or settings.max_examples,
            max_time=settings.max_time if max_time is None else max_time,
            paths=(*settings.paths, *paths), headers=(*settings.headers, *headers), layers=settings.layers == "auto")

    def _seed(self) -> int:
        if self._settings.seed is not None:
            return self._settings.seed
        return zlib.crc32(self._request.node.nodeid.encode())

    def _level(self, fail_on: str) -> Level:
        try:
            return Level(fail_on) if fail_on else self._settings.fail_on
        except ValueError:
            raise ConfigError(f"fail_on is must, should or advice, not {show(fail_on)}") from None

    @staticmethod
    def _settled(run: Run, level: Level) -> Run:
        """Return `run`, or fail the test with it."""
        if run.exit_code(level):
            why = f"nothing was really checked: {run.nothing_checked}\n" if run.nothing_checked else ""
            first = run.failing(level)[:1]
            summary = f"{first[0].name}: {first[0].evidence}\n\n" if first else ""
            pytest.fail(summary + why + run_text(run, level), pytrace=False)
        return run
