"""write() on a real server: its data is body data, at once and in order (PEP 3333, "The write() Callable")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep
from ...model.scene import Go, Receive, Seen, Stage, get, scene
from ...model.wire import Wire
from .common import lost, sized, text, trouble

_WRITE = "the-write-callable"
_AS_YIELDED = pep(_WRITE, "that is treated exactly\nas though it had been yielded by the output iterable.")


def _begin(stage: Stage, start_response: Callable[..., Any], headers: list[tuple[str, str]]) -> Callable[[bytes], Any]:
    """Start, and return write(); where there is none, that is told, for another rule judges it."""
    write = start_response("200 OK", headers)
    if callable(write):
        return write  # type: ignore[no-any-return]
    stage.report("no write")
    return lambda data: None


def _arrived(seen: Seen, wire: Wire, expected: bytes) -> Verdict:
    answer = wire.answer
    if seen.happened("no write"):
        return NOT_APPLICABLE
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.problem or not answer.complete:
        return trouble(answer, wire)
    if answer.body != expected or answer.code != 200:
        return f"the answer is {answer.status_line!r} with {answer.body[:60]!r}; expected {expected!r}"
    return HOLDS if not wire.rest else f"{wire.rest[:60]!r} follows the response; expected nothing"


def _write_and_yield(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    write = _begin(stage, start_response, text())
    write(b"one ")
    write(b"two ")
    return [b"three"]


@scene(level=MUST, covers=("WR-001", "WR-003", "WR-007"), allows=("CT-007",), app=_write_and_yield, script=get(),
       cites=(_AS_YIELDED, pep(_WRITE, "any\nbytestrings yielded by the iterable are transmitted after all "
                               "bytestrings\npassed to ``write()`` have been sent to the client.")))
def written_data_comes_before_yielded(seen: Seen, wire: Wire) -> Verdict:
    """Data passed to write() is part of the body, before all that is yielded, and counts in its framing.

    A server that takes the length of the one yielded item for the whole cuts the response short.
    """
    return _arrived(seen, wire, b"one two three")


def _write_with_length(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    write = _begin(stage, start_response, sized(8))
    write(b"one ")
    write(b"")
    write(b"two ")
    return []


@scene(level=MUST, covers=("WR-003",), app=_write_with_length, script=get(), cites=_AS_YIELDED)
def written_data_can_be_all_of_the_body(seen: Seen, wire: Wire) -> Verdict:
    """A body that write() alone makes, with the iterable empty, arrives whole."""
    return _arrived(seen, wire, b"one two ")


def _write_and_wait(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    write = _begin(stage, start_response, text())
    write(b"written block")
    stage.report("wrote")
    stage.wait("go", 4.0)
    return [b" and more"]


@scene(level=MUST, covers=("WR-004", "WR-010", "SV-001"), app=_write_and_wait,
       script=(*get()[:1], Receive(b"written block", "first", 2.5), Go("go"), Receive()),
       cites=pep(_WRITE, "before ``write()`` returns, it must guarantee that the\npassed-in bytestring was either "
                 "completely sent to the client, or\nthat it is buffered for transmission while the application\n"
                 "proceeds onward."))
def written_data_leaves_at_once(seen: Seen, wire: Wire) -> Verdict:
    """Headers and data are on their way when write() has returned, whatever the application does next."""
    if seen.happened("no write"):
        return NOT_APPLICABLE
    if not seen.happened("wrote"):
        return lost(seen, wire)
    return HOLDS if wire.mark("first").met else (
        "nothing of the written block arrived within 2.5 s while the application went on; expected it at once")


def _yield_after_write(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    write = _begin(stage, start_response, text())
    write(b"written block")

    def blocks() -> Iterator[bytes]:
        yield b" yielded block"
        stage.report("asked")
        stage.wait("go", 4.0)
        yield b" last"

    return blocks()


@scene(level=MUST, covers=("WR-008",), app=_yield_after_write, given=(written_data_leaves_at_once,),
       script=(*get()[:1], Receive(b"yielded block", "first", 2.5), Go("go"), Receive()),
       cites=pep(_WRITE, "that output\nmust be treated normally by the server or gateway (i.e., it must be\nsent or "
                 "queued immediately)."))
def yielded_data_after_write_leaves_at_once(seen: Seen, wire: Wire) -> Verdict:
    """Items yielded after write() are sent at once, like any others."""
    if not seen.calls:
        return lost(seen, wire)
    if not seen.happened("asked") or seen.happened("no write"):
        return NOT_APPLICABLE
    return HOLDS if wire.mark("first").met else (
        "the yielded block did not arrive within 2.5 s while the next was being made; expected it at once")
