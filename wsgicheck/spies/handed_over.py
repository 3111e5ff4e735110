"""What is learnt of a body that was left to the server's file wrapper, once the server is done with it."""

from __future__ import annotations

from ..model.exchange import Exchange
from .watch import note_raised

__all__ = ["note_handed_over"]


def note_handed_over(x: Exchange, content: bytes, error: BaseException | None) -> None:
    """Note what the server sent of it, and what reading or closing it raised."""
    if not x.file_wrapped:
        return
    x.body = content
    if error is not None:
        note_raised(x, error)
