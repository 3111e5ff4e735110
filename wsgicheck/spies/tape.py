"""What a recording run keeps of an exchange besides its counts: the first bytes, the body, the tape."""

from __future__ import annotations

from ..model.exchange import Exchange
from ..show import show

__all__ = ["HEAD", "MOST_BODY", "MOST_EVENTS", "note", "note_data", "note_no_data"]

HEAD = 64
"""Bytes of the body's beginning that every exchange keeps."""
MOST_BODY = 8 * 1024 * 1024
"""Bytes of body that a recording run keeps at most; beyond, it keeps the first that many."""
MOST_EVENTS = 200
"""Lines that a tape holds at most."""


def note(x: Exchange, event: str) -> None:
    """Put one line on the tape, if there is one."""
    events = x.events
    if events is not None and len(events) < MOST_EVENTS:
        events.append(event)


def note_data(x: Exchange, event: str, data: bytes) -> None:
    """Keep what a recording run keeps of body data: the first bytes, the body, a line on the tape."""
    if not x.head and data:
        x.head = data[:HEAD]
    if x.body is not None and len(x.body) < MOST_BODY:
        x.body += data
    if x.events is not None:
        note(x, f"{event} {show(data, 60)} ({len(data)} bytes)")


def note_no_data(x: Exchange, event: str, thing: object) -> None:
    """Put on the tape what stands where body data should."""
    if x.events is not None:
        note(x, f"{event} {show(thing, 60)} (no bytes)")
