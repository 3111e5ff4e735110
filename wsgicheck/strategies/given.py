"""given_environ: Hypothesis's @given with environs as servers really produce them, for tests of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given

from .constants import material_of
from .environs import environs
from .material import EMPTY, Material

__all__ = ["given_environ"]


def given_environ(application: Callable[..., Any] | None = None, *, material: Material | None = None,
                  name: str = "environ", **parts: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a test that takes `environ`: it is run with many, and a failing one is made as small as it gets.

    Args:
        application: what is tested; its own routes, names and constants are drawn then.
        material: what is known of the application, in place of what is read from it.
        name: the test's parameter that takes the environ.
        parts: strategies that take the place of what would be drawn: methods, paths, queries, fields, contents
            (see `wsgicheck.strategies.requests`).

    Each environ is a fresh dict, with wsgi.input, wsgi.errors and wsgi.file_wrapper of its own. Hypothesis's
    `@settings`, `@example` and `@seed` go beside it as beside `@given`; other parameters stay pytest's.
    """
    known = material if material is not None else EMPTY if application is None else material_of(application)
    return given(**{name: environs(known, **parts)})
