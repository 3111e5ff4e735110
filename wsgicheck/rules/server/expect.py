"""100-continue (PEP 3333, "HTTP 1.1 Expect/Continue")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep, rfc
from ...model.scene import Receive, Script, Seen, Send, Stage, ask, hello, scene
from ...model.wire import Wire
from .common import lost, only_http_1_0

_EXPECT = pep("http-1-1-expect-continue", "Servers and gateways that implement HTTP 1.1 **must** provide\ntransparent "
              "support for HTTP 1.1's \"expect/continue\" mechanism.")


def _reads_twice(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    stage.report("reading")
    first = environ["wsgi.input"].read(4)
    second = environ["wsgi.input"].read(4)
    stage.report("read", data=first + second)
    return hello(stage, environ, start_response)


def _head(version: str) -> bytes:
    return ask("POST", "/", "Expect: 100-continue", "Content-Length: 8", version=version).data


_PATIENT: Script = (Send(_head("1.1")), Receive(b"\r\n\r\n", "asked", 2.5), Send(b"12345678", "POST"), Receive())


@scene(level=MUST, covers=("SV-005", "SV-008", "SV-009"), allows=("SV-006", "SV-007", "SV-010"), app=_reads_twice,
       script=_PATIENT,
       cites=_EXPECT)
def continue_is_sent(seen: Seen, wire: Wire) -> Verdict:
    """A client that waits for 100 Continue gets it, or a final answer, before it has to give up.

    Uploads else stall for as long as each client waits: a second with curl. The application's read returns
    the whole body.
    """
    if only_http_1_0(seen, wire):
        return NOT_APPLICABLE
    if not wire.mark("asked").met:
        return "neither 100 Continue nor an answer came within 2.5 s of Expect: 100-continue; expected one of them"
    if not seen.calls:
        return NOT_APPLICABLE if wire.answer is not None and wire.answer.code in (417, 400) else lost(seen, wire)
    if wire.interim and seen.fact("read", "data") != "12345678":
        return f"the application read {seen.fact('read', 'data')!r} after 100 Continue; expected '12345678'"
    return HOLDS


@scene(level=MUST, covers=("SV-005",), allows=("SV-007",), app=_reads_twice, script=_PATIENT, cites=rfc(9110, "10.1.1"))
def continue_is_sent_once(seen: Seen, wire: Wire) -> Verdict:
    """100 Continue is sent once, however often the application reads."""
    if not wire.interim:
        return NOT_APPLICABLE
    return HOLDS if len(wire.interim) == 1 else (
        f"{len(wire.interim)} interim responses came before the final one; expected one 100 Continue")


@scene(level=MUST, covers=("HTTP-039",), allows=("SV-010",), app=_reads_twice, cites=rfc(9110, "15.2"),
       script=(Send(_head("1.0") + b"12345678", "POST"), Receive()))
def http_1_0_clients_get_no_interim_response(seen: Seen, wire: Wire) -> Verdict:
    """An HTTP/1.0 request gets no 1xx response, even if it asks for one.

    Such a client takes it for the answer.
    """
    if not seen.calls and wire.answer is None:
        return lost(seen, wire)
    return HOLDS if not wire.interim else (
        f"{wire.interim[0].status_line!r} was sent to an HTTP/1.0 client; expected the final response alone")
