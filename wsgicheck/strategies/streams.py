"""What a server does with the answer: how far it iterates, what it refuses, how often it asks.

One drawn request is worth several drives, since drawing costs more than calling: DRIVES lists them, the
plain one first.
"""

from __future__ import annotations

from hypothesis import strategies as st

from ..model.request import PLAIN, Drive
from .weighted import table

__all__ = ["DRIVES", "drives"]

DRIVES: tuple[Drive, ...] = (
    PLAIN,
    Drive(stop_after=1),            # the client left after the first item
    Drive(stop_after=0),            # closed before anything was asked for
    Drive(calls=2),                 # state that the first call left behind
    Drive(stop_after=2),
    Drive(start_raises=True),       # the server refuses the headers
    Drive(write_raises_after=0),    # the client left before the first write()
    Drive(write_raises_after=1),
)
"""Every way to treat an answer, the most telling first."""


def drives() -> st.SearchStrategy[Drive]:
    """Return a strategy for what the server does with the answer; half of the draws are plain."""
    return table((7, DRIVES[:1]), (7, DRIVES[1:]))
