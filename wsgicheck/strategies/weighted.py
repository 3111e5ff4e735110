"""Tables to sample from: groups of fragments, each with its share, the plainest first.

Law: one table costs one draw, whatever the number of groups; index 0, to which Hypothesis shrinks, is
the first item of the first group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

__all__ = ["mixed", "table"]

T = TypeVar("T")
# Enough to give the rarest of some hundred fragments a place, few enough to build in a moment.
_LONGEST = 20_000


def mixed(*groups: tuple[int, Sequence[T]]) -> tuple[T, ...]:
    """Return a tuple in which each group takes up its share, its items repeated or spread evenly.

    Args:
        groups: (share, items); shares are relative to each other, and empty groups have none.
    """
    filled = [(share, items) for share, items in groups if share > 0 and items]
    total = sum(share for share, _ in filled)
    # Each item of the group that needs most room gets at least one place.
    size = min(max((len(items) * total + share - 1) // share for share, items in filled), _LONGEST)
    table: list[T] = []
    for share, items in filled:
        places = max(1, share * size // total)
        table.extend(items[i * len(items) // places] for i in range(places))
    return tuple(table)


def table(*groups: tuple[int, Sequence[T]]) -> st.SearchStrategy[T]:
    """Return a strategy that samples from `mixed(*groups)`."""
    return st.sampled_from(mixed(*groups))
