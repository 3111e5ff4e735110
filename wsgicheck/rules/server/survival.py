"""A server outlives what an application does to it (PEP 3333, "Error Handling").

Each scene does its worst and then asks again over a fresh connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, SHOULD, Verdict, pep
from ...model.scene import Pause, Receive, SceneApp, Script, Seen, Stage, ask, hello, scene
from ...model.wire import Wire
from .common import lost, sized, text

_TRAP = pep("error-handling", "Servers **should** trap and log any exception that aborts an\napplication or the "
            "iteration of its return value.")
# Deaths come late: the process may end a moment after its last response.
_AND_AGAIN: Script = (ask("GET", "/worst"), Receive(patience=2.0), Pause(0.3, on=0), ask("GET", "/again", on=1),
                      Receive(patience=3.0, on=1))


def _worst(act: Callable[[Callable[..., Any]], Any]) -> SceneApp:
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ.get("PATH_INFO") != "/worst":
            return hello(stage, environ, start_response)
        return act(start_response)

    return application


def _raise(error: BaseException) -> Callable[[Callable[..., Any]], Any]:
    def act(start_response: Callable[..., Any]) -> Any:
        raise error

    return act


def _survived(seen: Seen, wire: Wire, what: str) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    if seen.died:
        return f"the server {seen.died} after {what}; expected it to go on"
    again = wire.beside[0].answer if wire.beside else None
    if again is None or again.code != 200:
        got = "no answer" if again is None else f"{again.status_line!r}"
        return f"the next request got {got} after {what}; expected 200"
    return HOLDS


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_raise(ValueError("probe"))), script=_AND_AGAIN, cites=_TRAP)
def exceptions_are_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after an application raised."""
    return _survived(seen, wire, "the application raised ValueError")


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_raise(SystemExit(1))), script=_AND_AGAIN, cites=_TRAP)
def system_exit_is_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after an application raised SystemExit.

    sys.exit() in code that was written as a command ends a server that lets it pass.
    """
    return _survived(seen, wire, "the application raised SystemExit")


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_raise(KeyboardInterrupt())), script=_AND_AGAIN, cites=_TRAP)
def keyboard_interrupt_is_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after an application raised KeyboardInterrupt."""
    return _survived(seen, wire, "the application raised KeyboardInterrupt")


class _Odd(BaseException):
    """An exception that is no Exception."""


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_raise(_Odd("probe"))), script=_AND_AGAIN, cites=_TRAP)
def any_base_exception_is_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after an application raised what derives from BaseException alone.

    Greenlets, trio and test runners raise such exceptions.
    """
    return _survived(seen, wire, "the application raised a BaseException")


def _exits_in_body(start_response: Callable[..., Any]) -> Iterator[bytes]:
    def blocks() -> Iterator[bytes]:
        yield b"first"
        raise SystemExit(1)

    start_response("200 OK", text())
    return blocks()


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_exits_in_body), script=_AND_AGAIN, cites=_TRAP)
def system_exit_in_the_body_is_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after a body raised SystemExit in the middle."""
    return _survived(seen, wire, "the body raised SystemExit")


def _returns_none(start_response: Callable[..., Any]) -> None:
    start_response("200 OK", sized(5))


@scene(level=SHOULD, covers=("EX-007", "EX-012"), app=_worst(_returns_none), script=_AND_AGAIN, cites=_TRAP)
def wrong_bodies_are_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after an application returned None."""
    return _survived(seen, wire, "the application returned None")


def _yields_text(start_response: Callable[..., Any]) -> list[Any]:
    start_response("200 OK", sized(5))
    return ["hello"]


@scene(level=SHOULD, covers=("EX-007",), app=_worst(_yields_text), script=_AND_AGAIN, cites=_TRAP)
def text_in_bodies_is_survived(seen: Seen, wire: Wire) -> Verdict:
    """The server answers the next request after a body gave str."""
    return _survived(seen, wire, "the body gave str")
