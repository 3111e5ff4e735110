"""The fixtures: `wsgicheck` checks an application, `wsgi_validator` watches it, `wsgi_server` serves and watches it.

Law: what a watched application breaks fails the test in its own call phase, also where the application's
framework would swallow an exception; a test that fails by itself keeps its own failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ..config import Config
from ..errors import ConfigError
from ..model.rule import Level
from ..model.run import Run
from ..show import show
from ..validator import Validator, validator
from .ledger import ledger_of
from .settings import settings_of
from .text import run_text

__all__ = ["checker", "servers", "validators"]


def _marked(request: pytest.FixtureRequest, name: str) -> tuple[str, ...]:
    """Return what the markers of the test, its class and its module say for `name`, the outermost first."""
    words: list[str] = []
    for mark in request.node.iter_markers("wsgicheck"):
        value = mark.kwargs.get(name, ())
        words[:0] = [value] if isinstance(value, str) else list(value)
    return tuple(words)


def _check_marks(request: pytest.FixtureRequest) -> None:
    for mark in request.node.iter_markers("wsgicheck"):
        unknown = [key for key in mark.kwargs if key not in ("select", "ignore", "max_examples")]
        if unknown or mark.args:
            what = f"no {unknown[0]}" if unknown else "keywords alone"
            raise pytest.UsageError(f"@pytest.mark.wsgicheck takes select, ignore and max_examples, and {what}")


def _words(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def checker(request: pytest.FixtureRequest) -> Callable[..., Run]:
    """Return what the fixture `wsgicheck` is."""
    _check_marks(request)
    settings = settings_of(request.config)
    marked = request.node.get_closest_marker("wsgicheck")
    amount = marked.kwargs.get("max_examples") if marked is not None else None

    def check(application: Callable[..., Any], *, select: str | Iterable[str] = (), ignore: str | Iterable[str] = (),
              fail_on: str = "", seed: int | None = None, max_examples: int | None = None,
              max_time: float | None = None, paths: Iterable[str] = (),
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
        from ..active.options import Options

        level = _level(fail_on, settings)
        options = Options(
            select=_words(select) or _marked(request, "select") or settings.select,
            ignore=(*settings.ignore, *_marked(request, "ignore"), *_words(ignore)),
            seed=_seed(request, settings) if seed is None else seed,
            max_examples=max_examples or amount or settings.max_examples,
            max_time=settings.max_time if max_time is None else max_time,
            paths=(*settings.paths, *paths), headers=(*settings.headers, *headers))
        run = check_callable(application, options=options)
        code = run.exit_code(level)
        if code:
            why = f"nothing was really checked: {run.nothing_checked}\n" if run.nothing_checked else ""
            first = run.failing(level)[:1]
            summary = f"{first[0].name}: {first[0].evidence}\n\n" if first else ""
            pytest.fail(summary + why + run_text(run, level), pytrace=False)
        return run

    return check


def _level(fail_on: str, settings: Config) -> Level:
    try:
        return Level(fail_on) if fail_on else settings.fail_on
    except ValueError:
        raise ConfigError(f"fail_on is must, should or advice, not {show(fail_on)}") from None


def _seed(request: pytest.FixtureRequest, settings: Config) -> int:
    """Return the seed: a test that nothing tells otherwise does the same each time."""
    if settings.seed is not None:
        return settings.seed
    import zlib

    return zlib.crc32(request.node.nodeid.encode())


def validators(request: pytest.FixtureRequest) -> Iterator[Callable[..., Validator]]:
    """Yield what the fixture `wsgi_validator` is."""
    _check_marks(request)
    settings = settings_of(request.config)
    ledger = ledger_of(request.node)

    def wrap(application: Callable[..., Any], *, select: str | Iterable[str] = (),
             ignore: str | Iterable[str] = ()) -> Validator:
        return validator(application, on_violation=ledger.take,
                         select=_words(select) or _marked(request, "select") or settings.select,
                         ignore=(*settings.ignore, *_marked(request, "ignore"), *_words(ignore)))

    yield wrap


def servers(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Yield what the fixture `wsgi_server` is."""
    import contextlib

    from .serving import serving

    wrap = next(validators(request))
    with contextlib.ExitStack() as running:
        def serve(application: Callable[..., Any], *, select: str | Iterable[str] = (),
                  ignore: str | Iterable[str] = ()) -> str:
            return running.enter_context(serving(wrap(application, select=select, ignore=ignore)))

        yield serve
