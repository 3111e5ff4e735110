"""Content-Length against what the application gives (PEP 3333, "Handling the Content-Length Header")."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Await, Receive, Seen, Stage, ask, get, scene
from ...model.wire import Wire
from .common import Body, lost, sized

_LENGTH = "handling-the-content-length-header"
_MORE = pep(_LENGTH, "the server\n**should not** transmit more bytes to the client than the header\nallows")


def _too_long(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    start_response("200 OK", sized(5))
    return Body(stage, [b"hel", b"lo, wor", *[b"ld"] * 50])


@scene(level=SHOULD, covers=("CT-001",), app=_too_long, script=get(), cites=_MORE)
def content_length_is_not_overrun(seen: Seen, wire: Wire) -> Verdict:
    """No more bytes of the body are sent than Content-Length allows.

    On a connection that is kept, the surplus is read as the head of the next response.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200:
        return NOT_APPLICABLE
    surplus = wire.rest if answer.framing == "length" else b""
    return HOLDS if not surplus else f"{len(surplus)} bytes {surplus[:30]!r} follow the 5 announced; expected none"


@scene(level=SHOULD, covers=("CT-002",), app=_too_long, script=(*get(), Await("close", 1.0)),
       cites=pep(_LENGTH, "and **should** stop iterating over the response when enough\ndata has been sent"))
def iteration_stops_at_content_length(seen: Seen, wire: Wire) -> Verdict:
    """The body is not iterated further when Content-Length bytes have been sent."""
    if not seen.calls:
        return lost(seen, wire)
    if seen.recipe.get("layer"):
        return NOT_APPLICABLE  # the server in front may break off the one behind, sooner or later
    asked = len(seen.all("asked"))
    return HOLDS if asked <= 4 else f"{asked} items were asked for though 2 gave enough data; expected an end there"


def _writes_on(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    write = start_response("200 OK", sized(5))
    if not callable(write):
        stage.report("no write")
        return [b"hello"]
    write(b"hello")
    time.sleep(0.1)  # a server in front that ends its connection to the one behind has done so by now
    try:
        write(b", world")
    except Exception as error:
        stage.report("raised", error=type(error).__name__)
    else:
        stage.report("accepted")
    return []


@scene(level=SHOULD, covers=("CT-003",), app=_writes_on, script=(*get(), Await("raised|accepted|no write", 1.5)),
       cites=pep(_LENGTH, "or raise an error if the application tries to\n``write()`` past that point."))
def write_past_content_length_raises(seen: Seen, wire: Wire) -> Verdict:
    """write() raises when Content-Length bytes have been sent."""
    if not seen.calls:
        return lost(seen, wire)
    if seen.happened("accepted"):
        return "write() past Content-Length returned; expected an error"
    return HOLDS if seen.happened("raised") else NOT_APPLICABLE


def _too_short(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", sized(10))
    return [b"he", b"llo"]


@scene(level=SHOULD, covers=("CT-004",), app=_too_short, script=(ask("GET", close=False), Receive(patience=1.5)),
       cites=pep(_LENGTH, "the server **should** close the connection and log or otherwise\nreport the error."))
def short_body_ends_the_connection(seen: Seen, wire: Wire) -> Verdict:
    """The connection is closed when the body is shorter than its Content-Length.

    Kept open, the client waits for the rest, or takes the next response for it.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200 or answer.framing != "length":
        return NOT_APPLICABLE
    if answer.complete:
        return HOLDS if answer.value("content-length") == "5" else (
            f"{len(answer.body)} bytes arrived of 5 given; expected no more")
    return HOLDS if wire.ended != "open" else "5 of 10 bytes came and the connection stays open; expected it closed"
