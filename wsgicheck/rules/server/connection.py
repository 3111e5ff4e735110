"""Kept and pipelined connections (RFC 9112, 9.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, rfc
from ...model.scene import Pause, Receive, Script, Seen, Send, Stage, ask, scene
from ...model.wire import Wire
from .common import lost, only_http_1_0, sized


@scene(level=SHOULD, covers=("HTTP-037",), cites=rfc(9112, "9.3"),
       script=(ask("GET", "/one", close=False), Receive(name="one"), Pause(0.05), ask("GET", "/two"), Receive()))
def connections_persist_or_say_so(seen: Seen, wire: Wire) -> Verdict:
    """An HTTP/1.1 connection is kept after a response, or the response says that it is closed.

    A client that sends its next request just then gets a reset, and does not know whether it was served.
    """
    answer = wire.answer
    if answer is None or answer.code != 200:
        return lost(seen, wire)
    if only_http_1_0(seen, wire):
        return NOT_APPLICABLE
    if answer.closes:
        return HOLDS
    return HOLDS if len(wire.answers) == 2 else (
        f"the connection ended ({wire.ended}) after a response without Connection: close; expected it kept")


def _echo(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    path = str(environ.get("PATH_INFO", "")).encode("latin-1")
    start_response("200 OK", sized(len(path)))
    return [path]


def _pipeline(turn: int) -> Script:
    # In one write, so that it is not for the network to say how much of it is read at once.
    requests = (ask("GET", "/one", close=False), ask("POST", "/two", body=b"a=1", close=False), ask("GET", "/three"))
    return (Send(b"".join(request.data for request in requests), "GET"), Send(b"", "POST"), Send(b"", "GET"),
            Receive(patience=4.0))


# Several times: where a server's own threads race for the second request, it goes well now and then.
@scene(level=MUST, covers=("HTTP-038",), app=_echo, cites=rfc(9112, "9.3.2"), script=_pipeline, draws="turn",
       examples=(1, 2, 3))
def pipelined_requests_are_answered_in_order(seen: Seen, wire: Wire) -> Verdict:
    """Requests sent one behind the other are answered in their order, each by itself.

    A server may close after the first; it may not mix them, nor lose one and go on.
    """
    answers = wire.answers
    if not answers:
        return lost(seen, wire)
    got = [answer.body for answer in answers if answer.code == 200]
    expected = [b"/one", b"/two", b"/three"]
    if got != expected[: len(got)]:
        return f"the answers are {got}; expected {expected}, in this order"
    for number, answer in enumerate(answers[:-1], 1):
        if answer.problem or not answer.complete:
            return (f"answer {number} of {len(answers)} has no end before the next begins"
                    f"{f' ({answer.problem})' if answer.problem else ''}; expected each by itself")
    last = answers[-1]
    if len(got) == 3 or only_http_1_0(seen, wire) or last.closes or last.code >= 400:
        return HOLDS if last.code == 200 else (
            f"the answers end with {last.status_line!r} after {len(got)} of 3 requests; expected 200")
    return f"{len(got)} of 3 pipelined requests were answered (connection {wire.ended}); expected all, or " \
           f"Connection: close"
