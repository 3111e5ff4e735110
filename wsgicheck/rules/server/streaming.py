"""Blocks leave as they come: none waits for the next (PEP 3333, "Buffering and Streaming").

The application and the client go in step: the next block is made only after the client has seen the one
before, so that a server that holds one back shows it, without any race.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep
from ...model.scene import Go, Receive, Script, Seen, Stage, ask, scene
from ...model.wire import Wire
from .common import begun, lost

_NO_DELAY = (pep("buffering-and-streaming", "WSGI servers, gateways, and middleware **must not** delay the\n"
                 "transmission of any block"),
             pep("specification-details", "The server or gateway must transmit the yielded bytestrings to the client\n"
                 "in an unbuffered fashion"))


@begun
def _in_step(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b"block one"
    stage.report("asked", number=2)
    stage.wait("one", 4.0)
    yield b"block two"
    stage.report("asked", number=3)
    stage.wait("two", 4.0)
    yield b"block end"


def _steps(target: str) -> Script:
    return (ask("GET", target), Receive(b"block one", "one", 2.5), Go("one"), Receive(b"block two", "two", 2.5),
            Go("two"), Receive())


def _judge(seen: Seen, wire: Wire) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    for name, number in (("one", 2), ("two", 3)):
        if not any(event.facts["number"] == number for event in seen.all("asked")):
            return NOT_APPLICABLE
        if not wire.mark(name).met:
            return (f"block {name} did not arrive within 2.5 s while the next block was being made; "
                    f"expected it before the next is asked for")
    return HOLDS


@scene(level=MUST, covers=("BD-004", "SV-001", "SV-002"), app=_in_step, script=_steps("/"), cites=_NO_DELAY)
def blocks_leave_as_they_come(seen: Seen, wire: Wire) -> Verdict:
    """Each block of a body of unknown length arrives before the next one is made.

    Progress, event streams and the first lines of a long page stall on a server that collects.
    """
    return _judge(seen, wire)


@scene(level=MUST, covers=("BD-004", "SV-001"), app=_in_step, script=_steps("/?length=27"), cites=_NO_DELAY,
       given=(blocks_leave_as_they_come,))
def blocks_of_known_length_leave_as_they_come(seen: Seen, wire: Wire) -> Verdict:
    """Each block arrives before the next is made also where Content-Length is given."""
    return _judge(seen, wire)
