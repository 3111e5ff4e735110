"""What becomes of an application's exception (PEP 3333, "Error Handling")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import Receive, Seen, Stage, ask, get, scene
from ...model.wire import Wire
from .common import begun, lost

_TRAP = pep("error-handling", "Servers **should** trap and log any exception that aborts an\napplication or the "
            "iteration of its return value.")
_MARK = "wsgicheck-exception-mark-41c7"


def _raises(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    raise ValueError(f"{_MARK} of the call")


def _is_500(seen: Seen, wire: Wire) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    answer = wire.answer
    if answer is None:
        return f"no response ({wire.ended}) after the application raised; expected a 500"
    if not 500 <= answer.code < 600 or not answer.complete or answer.problem:
        whole = "" if answer.complete and not answer.problem else " that is not complete"
        return f"the answer is {answer.status_line!r}{whole}; expected a complete 500"
    return HOLDS


@scene(level=SHOULD, covers=("EX-012",), app=_raises, script=get(), cites=_TRAP)
def exception_before_output_is_a_500(seen: Seen, wire: Wire) -> Verdict:
    """An application that raises before it gave any output is answered with a complete 5xx.

    A connection that just closes looks like a network failure, and clients try again.
    """
    return _is_500(seen, wire)


@begun
def _raises_in_iteration(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    if environ.get("QUERY_STRING") == "items":
        yield b"never asked for"
    raise ValueError("the probe fails before its first block")


@scene(level=SHOULD, covers=("EX-012", "SR-015"), app=_raises_in_iteration, script=get(), cites=_TRAP)
def exception_before_the_first_block_is_a_500(seen: Seen, wire: Wire) -> Verdict:
    """A body that raises after start_response and before its first non-empty item is answered with a 5xx."""
    return _is_500(seen, wire)


@scene(level=SHOULD, covers=("EX-007",), app=_raises, script=get(), cites=_TRAP, logs=_MARK)
def exceptions_are_logged(seen: Seen, wire: Wire) -> Verdict:
    """An exception that ends the application stands in the server's log."""
    if seen.log is None:
        return NOT_APPLICABLE
    if not seen.calls:
        return lost(seen, wire)
    return HOLDS if _MARK in seen.log else "the exception's message is not in the server's log; expected it there"


@begun
def _raises_after_output(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b"first block"
    raise ValueError("the probe fails after its first block")


@scene(level=SHOULD, covers=("EX-013",), app=_raises_after_output, cites=(_TRAP, rfc(9112, "8")),
       script=(ask("GET", close=False), Receive(patience=2.0)))
def exception_after_output_is_visible(seen: Seen, wire: Wire) -> Verdict:
    """A chunked body that raises in the middle gets no last chunk: the client must see that it is cut off.

    Ended as if all were well, half a file is stored by caches as the whole.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200 or answer.framing != "chunked":
        if answer is not None and answer.code == 200 and answer.framing == "length" and answer.complete:
            return f"a complete response of {len(answer.body)} bytes with Content-Length; expected it to be cut off"
        return NOT_APPLICABLE
    return "the body was ended with the last chunk after the application had raised; expected it cut off" if (
        answer.complete) else HOLDS


@scene(level=SHOULD, covers=("EX-013",), allows=("EX-008",), app=_raises_after_output, cites=(_TRAP, rfc(9112, "8")),
       script=(ask("GET", "/?length=1000", close=False), Receive(patience=2.0)))
def exception_within_content_length_ends_the_connection(seen: Seen, wire: Wire) -> Verdict:
    """A body that raises short of its Content-Length ends with the connection, so that the client need not wait."""
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200:
        return NOT_APPLICABLE
    if answer.complete:
        return f"{len(answer.body)} bytes were sent though the application raised; expected the response cut off"
    return HOLDS if wire.ended != "open" else (
        f"{len(answer.body)} of 1000 bytes came and the connection stays open; expected it closed")
