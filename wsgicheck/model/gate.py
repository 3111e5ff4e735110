"""A gate proves in a few operations that all is well at one moment, so that no rule has to look.

Law (held by a property test): where `proves(x, thing)` is true, each rule it clears says HOLDS or
NOT_APPLICABLE. Where it is false nothing is said, and the rules judge one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .exchange import Exchange
from .moments import Moment

__all__ = ["Gate"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate at one moment; `clears` holds the full names of the rules it answers for."""

    at: Moment
    clears: frozenset[str]
    proves: Callable[[Exchange, Any], bool]
