"""A gate proves in a few operations that all is well at one moment, so that no rule has to look.

Law (held by a property test): where `proves(x, thing)` is true, each rule it clears says HOLDS or
NOT_APPLICABLE. Where it is false nothing is said, and the rules judge one by one.

At CHUNK and READ things come in great numbers, and calling a gate for each would cost more than all else. There
a gate also has `room(x)`: how many bytes may pass, in any number of plain steps, before it has to be asked again.
A plain step is an item that is exactly a bytes object, or a call read(size) whose size is exactly an int. The law is
the same for each such step, as long as nothing else happens in the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from .exchange import Exchange
from .moments import Moment

__all__ = ["BOUNDLESS", "Asked", "Gate", "Likeness", "Proof", "Room"]

BOUNDLESS = (1 << 30) - 1
"""The room where no number of bytes would make a difference. (The largest int that CPython counts with in one step;
after a gibibyte the gate is simply asked again.)"""

Asked = tuple[str, int | None, object, Any, Any, Any]
"""What the spies need of an environ: REQUEST_METHOD, "" where it is absent or no str; CONTENT_LENGTH in bytes, None
where it is absent, empty or no digits; whether wsgi.input_terminated is true; wsgi.input, wsgi.errors and
wsgi.file_wrapper, None where they are absent."""
Proof = Callable[[Exchange, Any], Asked | bool | None]
"""True where all is well; at REQUEST what was read in the course of it, so that nobody has to read it again."""
Room = Callable[[Exchange], int]
Likeness = Callable[[Exchange, Any], Hashable]


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate at one moment.

    Attributes:
        clears: the ids of the rules it answers for. A rule that is not among them is judged each time.
        likeness: what two proved things have in common for which each rule it clears says the same, HOLDS for both
            or NOT_APPLICABLE for both; lets a run that counts what was applicable judge each kind once.
        whole: whether that likeness takes in all that the rules look at, so that nothing has to be proved for it. It is
            None then for a thing that is not to be remembered.
        room: bytes that may pass in plain steps, from 0; negative where each step has to be judged.
    """

    at: Moment
    clears: frozenset[str]
    proves: Proof
    likeness: Likeness | None = None
    whole: bool = False
    room: Room | None = None
