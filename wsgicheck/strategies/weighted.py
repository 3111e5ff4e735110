"""Tables to sample from: groups of fragments, each with its share, the plainest first.

Laws: a small table costs one draw and a large one two (the group, then one of its items), whatever the number
of groups; what Hypothesis shrinks to is the first item of the first group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

__all__ = ["Groups", "mixed", "table"]

T = TypeVar("T")
Groups = tuple[tuple[int, Sequence[T]], ...]
"""(share, items) of each group; shares are relative to each other, and empty groups have none."""

# Hypothesis samples small ranges evenly and prefers the low end of large ones, which would upset the shares.
_LARGEST_EVEN = 200
_KINDS = 100


def mixed(*groups: tuple[int, Sequence[T]], size: int = 0) -> tuple[T, ...]:
    """Return a tuple in which each group takes up its share, its items repeated or spread evenly.

    Args:
        size: about how many places there shall be; without it, as many as give each item at least one.
    """
    filled = [(share, items) for share, items in groups if share > 0 and items]
    total = sum(share for share, _ in filled)
    places = size or max((len(items) * total + share - 1) // share for share, items in filled)
    table: list[T] = []
    for share, items in filled:
        own = max(1, share * places // total)
        table.extend(items[i * len(items) // own] for i in range(own))
    return tuple(table)


def table(*groups: tuple[int, Sequence[T]]) -> st.SearchStrategy[T]:
    """Return a strategy that samples from `groups`, each as often as its share says."""
    filled = [(share, items) for share, items in groups if share > 0 and items]
    total = sum(share for share, _ in filled)
    if max(len(items) * total // share for share, items in filled) <= _LARGEST_EVEN:
        return st.sampled_from(mixed(*filled))
    kinds = mixed(*((share, (index,)) for index, (share, _) in enumerate(filled)), size=_KINDS)
    parts = [st.just(items[0]) if len(items) == 1 else st.sampled_from(items) for _, items in filled]
    # No composite: Hypothesis takes all draws of one composite for alike, and then spends half of a run on
    # requests that differ from the one before in that two of their parts were swapped.
    return st.sampled_from(kinds).flatmap(parts.__getitem__)
