"""close() of the body is called once, on the right object, in every ending (PEP 3333, "Specification Details")."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Abort, Await, Receive, Script, Seen, Stage, ask, get, scene
from ...model.wire import Wire
from .common import Body, ends_with_its_request, lost, sized, text, trouble

_CLOSE = pep("specification-details", "the server or gateway **must** call that method upon completion of the\n"
             "current request, whether the request was completed normally, or\nterminated early due to an application "
             "error during iteration or an early\ndisconnect of the browser.")


def _closed(seen: Seen, wire: Wire, when: str) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    return HOLDS if seen.happened("close") else f"close() was not called {when}; expected one call"


_TO_THE_CLOSE: Script = (*get(), Await("close", 2.5))


def _takes_its_time() -> bytes:
    time.sleep(0.1)
    return b""


def _two_blocks(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    start_response("200 OK", sized(10))
    # A server that ends the process once all bytes have come shows it only where there is something left to do.
    return Body(stage, [b"hello", b"world", _takes_its_time])


@scene(level=MUST, covers=("CL-005", "CL-002"), app=_two_blocks, script=_TO_THE_CLOSE, cites=_CLOSE)
def close_follows_the_last_item(seen: Seen, wire: Wire) -> Verdict:
    """close() is called when the request is over, and not before the last item has been asked for.

    It gives files and database sessions back; too early, and the rest of the body comes from a closed one.
    """
    verdict = _closed(seen, wire, "after a response that went well")
    if verdict is not HOLDS:
        return verdict
    names = [event.name for event in seen.events if event.name in ("gave", "close")]
    return HOLDS if names.index("close") >= names.count("gave") else (
        f"close() was called before the last item was asked for ({', '.join(names)}); expected it after")


@scene(level=SHOULD, covers=("CL-005",), app=_two_blocks, script=_TO_THE_CLOSE, cites=_CLOSE,
       given=(close_follows_the_last_item,))
def close_is_called_once(seen: Seen, wire: Wire) -> Verdict:
    """close() is called once, and not again."""
    times = len(seen.all("close"))
    if not times:
        return NOT_APPLICABLE
    return HOLDS if times == 1 else f"close() was called {times} times; expected once"


def _fails_between(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    def fail() -> bytes:
        raise ValueError("the probe fails between two blocks")

    start_response("200 OK", text())
    return Body(stage, [b"hello", fail])


@scene(level=MUST, covers=("CL-002",), app=_fails_between, script=_TO_THE_CLOSE, cites=_CLOSE,
       given=(close_follows_the_last_item,))
def close_follows_an_error(seen: Seen, wire: Wire) -> Verdict:
    """close() is called when the body raises while it is iterated.

    The session of a request that failed else stays open, and its transaction reaches the next one.
    """
    return _closed(seen, wire, "after the body raised")


class _Endless(Body):
    """Gives blocks until it is closed, or for about two seconds."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, [])
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(200):
            if not self._open:
                return
            yield b"x" * 16384
            time.sleep(0.01)
        self._stage.report("exhausted")

    def close(self) -> None:
        self._open = False
        super().close()


def _endless(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    start_response("200 OK", text())
    return _Endless(stage)


@scene(level=MUST, covers=("CL-003",), allows=("BD-013",), app=_endless, cites=_CLOSE,
       script=(ask("GET"), Receive(b"xxxx", "begun", 3.0), Abort(), Await("close", 6.0)),
       given=(close_follows_the_last_item,))
def close_follows_a_disconnect(seen: Seen, wire: Wire) -> Verdict:
    """close() is called when the client leaves in the middle of the body.

    Users leave all the time; what is not closed then is lost until the process ends.
    """
    if ends_with_its_request(seen):
        return NOT_APPLICABLE
    return _closed(seen, wire, "within 6 s after the client had left in the middle of the body")


class _Outer:
    """Closes itself, and hands out an iterator that has a close() too."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __iter__(self) -> _Inner:
        return _Inner(self._stage)

    def close(self) -> None:
        self._stage.report("close")


class _Inner:
    def __init__(self, stage: Stage) -> None:
        self._stage, self._left = stage, [b"llo", b"he"]

    def __iter__(self) -> _Inner:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        return self._left.pop()

    def close(self) -> None:
        self._stage.report("inner close")


def _two_objects(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> _Outer:
    start_response("200 OK", sized(5))
    return _Outer(stage)


@scene(level=MUST, covers=("CL-004",), app=_two_objects, script=_TO_THE_CLOSE, cites=_CLOSE,
       given=(close_follows_the_last_item,))
def close_is_called_on_what_was_returned(seen: Seen, wire: Wire) -> Verdict:
    """close() is called on the object that the application returned, not on the iterator made of it.

    Wrappers that time or trace a response have their close() on the outer one.
    """
    if seen.calls and seen.happened("inner close") and not seen.happened("close"):
        return "close() was called on iter(body) and not on the body; expected it on the body"
    return _closed(seen, wire, "on the object that the application returned")


@scene(level=MUST, covers=("CL-006",), app=_two_blocks, script=(ask("HEAD"), Receive(), Await("close", 2.5)),
       cites=_CLOSE,
       given=(close_follows_the_last_item,))
def close_follows_head(seen: Seen, wire: Wire) -> Verdict:
    """close() is called for HEAD too, where the body is not sent and need not be iterated."""
    return _closed(seen, wire, "after a HEAD")


def _not_modified(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    start_response("304 Not Modified", [("ETag", '"a"')])
    return Body(stage, [])


@scene(level=MUST, covers=("CL-006",), app=_not_modified, script=_TO_THE_CLOSE, cites=_CLOSE,
       given=(close_follows_the_last_item,))
def close_follows_not_modified(seen: Seen, wire: Wire) -> Verdict:
    """close() is called after a 304, whose body is empty."""
    return _closed(seen, wire, "after a 304")


class _FailingClose(Body):
    def close(self) -> None:
        super().close()
        raise ValueError("the probe's close() fails")


def _close_fails(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Body:
    start_response("200 OK", sized(5))
    return _FailingClose(stage, [b"hello", _takes_its_time])


@scene(level=ADVICE, covers=("CL-011",), app=_close_fails, script=_TO_THE_CLOSE, cites=_CLOSE)
def failing_close_spares_the_response(seen: Seen, wire: Wire) -> Verdict:
    """An exception in close() does not spoil the response that was already sent.

    The PEP does not say what becomes of it; a second status line in the middle of the body is no use.
    """
    answer = wire.answer
    if not seen.happened("close"):
        return NOT_APPLICABLE if seen.calls else lost(seen, wire)
    if answer is None or answer.problem or not answer.complete:
        return trouble(answer, wire)
    if answer.code != 200 or answer.body != b"hello":
        return f"the answer is {answer.status_line!r} with {answer.body[:40]!r}; expected 200 and b'hello'"
    return HOLDS if not wire.rest else f"{wire.rest[:60]!r} follows the response; expected nothing"
