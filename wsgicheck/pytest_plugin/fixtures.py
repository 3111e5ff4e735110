"""The fixtures that watch: `wsgi_validator` an application, `wsgi_server` one that it serves.

Law: what a watched application breaks fails the test in its own call phase, also where the application's
framework would swallow an exception; a test that fails by itself keeps its own failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ..validator import Validator, validator
from .ledger import ledger_of
from .marks import check_marks, marked, words
from .settings import settings_of

__all__ = ["servers", "validators"]


def validators(request: pytest.FixtureRequest) -> Iterator[Callable[..., Validator]]:
    """Yield what the fixture `wsgi_validator` is."""
    check_marks(request)
    settings = settings_of(request.config)
    ledger = ledger_of(request.node)

    def wrap(application: Callable[..., Any], *, select: str | Iterable[str] = (),
             ignore: str | Iterable[str] = (), layers: bool = False) -> Validator:
        return validator(application, on_violation=ledger.take, layers=layers,
                         select=words(select) or marked(request, "select") or settings.select,
                         ignore=(*settings.ignore, *marked(request, "ignore"), *words(ignore)))

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
