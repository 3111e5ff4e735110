"""How a run draws: by Hypothesis, inside a program, and with nothing of its surroundings in what is drawn.

Laws: what is drawn is a function of the strategy and the seed; nothing is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

__all__ = ["each"]

T = TypeVar("T")


def each(strategy: SearchStrategy[T], seed_value: int, examples: int,
         *phases: Phase) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Return a decorator: what is decorated is called with each of `examples` things drawn from `strategy`.

    Without a database, a deadline and health checks. What the function raises is raised, after what led to it has been
    made small, if `phases` has Phase.shrink.
    """

    def decorate(function: Callable[[T], None]) -> Callable[[], None]:
        @seed(seed_value)
        @settings(max_examples=examples, database=None, deadline=None, phases=phases, print_blob=False,
                  suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
        @given(strategy)
        def draw(drawn: T) -> None:
            function(drawn)

        def draw_all() -> None:
            with _alone():
                draw()

        return draw_all

    return decorate


@contextmanager
def _alone() -> Iterator[None]:
    """Keep Hypothesis from drawing constants that it finds in the source of modules outside of site-packages.

    It would keep them in a folder where the run was started, for which nobody has asked, and one seed would draw other
    requests as soon as wsgicheck or the subject is installed in another way. What the subject's own code names is found
    out by us (strategies/constants.py). A Hypothesis that has no such thing, or has it elsewhere, is left as it is.
    """
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants

        found, cache = providers._get_local_constants, providers.CONSTANTS_CACHE.cache
        none = Constants()
    except (ImportError, AttributeError, TypeError):
        yield
        return
    cache.clear()
    providers._get_local_constants = lambda: none
    try:
        yield
    finally:
        providers._get_local_constants = found
        cache.clear()
