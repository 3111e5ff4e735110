"""What a server keeps of the exc_info it was given, once start_response is over (PEP 3333).

The application raises in a frame that holds an object with a weak reference. Traceback, frame and object hang
together, so the object lives exactly as long as anybody holds exc_info or a frame that has it as a variable.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Go, Receive, Script, Seen, Stage, get, scene
from ...model.wire import Wire
from .common import begun, lost, sized, text

_LET_GO = pep("the-start-response-callable", "**should** ensure that no reference is held to the ``exc_info``\n"
              "parameter beyond the duration of the function's execution, to avoid\ncreating a circular reference "
              "through the traceback and frames\ninvolved.")


class _Held:
    """An object of the frame that raises."""


def _fail(marks: list[weakref.ref[_Held]]) -> None:
    held = _Held()
    marks.append(weakref.ref(held))
    raise LookupError("the probe's own exception")


def _starts_in_error(stage: Stage, start_response: Callable[..., Any], status: str,
                     headers: list[tuple[str, str]]) -> None:
    """Fail, call start_response with exc_info, and tell whether the frame that failed lives on thereafter.

    No frame of ours has exc_info as a variable: it would make the circle itself.
    """
    marks: list[weakref.ref[_Held]] = []
    collects = gc.isenabled()
    # A collection at the wrong moment would clear away the very circle that is looked for.
    gc.disable()
    try:
        raised = False
        try:
            _fail(marks)
        except LookupError:
            try:
                start_response(status, headers, sys.exc_info())
            except BaseException:
                raised = True
        if sys.implementation.name != "cpython":
            gc.collect()  # nothing goes by itself there, and only what is held outright is seen
        stage.report("over", raised=raised, kept=marks[0]() is not None)
    finally:
        if collects:
            gc.enable()


def _changes_its_mind(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", sized(5))
    _starts_in_error(stage, start_response, "503 Changed", sized(5))
    return [b"sorry"]


@scene(level=SHOULD, covers=("SR-025",), app=_changes_its_mind, script=get(), cites=_LET_GO)
def exc_info_is_not_kept(seen: Seen, wire: Wire) -> Verdict:
    """Once start_response has returned, the server holds no reference to exc_info.

    What it keeps, in an attribute for instance, keeps every variable of every frame that failed: database
    rows, uploaded files, and through a frame that knows start_response the response itself, in a circle.
    """
    if not seen.happened("over"):
        return lost(seen, wire)
    if seen.fact("over", "raised"):
        return NOT_APPLICABLE
    return "the variables of the frame that raised live on after start_response has returned; expected exc_info to " \
        "be let go" if seen.fact("over", "kept") else HOLDS


@begun
def _fails_too_late(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b"first block"
    stage.wait("go", 4.0)
    _starts_in_error(stage, start_response, "500 Too Late", text())
    raise LookupError("the probe's body ends here")


_LATE: Script = (*get()[:1], Receive(b"first block", "first", 1.5), Go("go"), Receive())


@scene(level=SHOULD, covers=("SR-025",), app=_fails_too_late, script=_LATE, cites=_LET_GO)
def reraised_exc_info_is_not_kept(seen: Seen, wire: Wire) -> Verdict:
    """start_response that raises the exception of exc_info once more leaves no circle of traceback and frame.

    The traceback then has start_response's own frame, and that frame has exc_info as a variable: neither goes
    before the garbage collector comes by. Write `finally: exc_info = None`, as the PEP does.
    """
    if not seen.happened("over"):
        return lost(seen, wire)
    if not seen.fact("over", "raised"):
        return NOT_APPLICABLE
    return "the variables of the frame that raised live on after start_response has raised its exception again; " \
        "expected no frame to have exc_info as a variable" if seen.fact("over", "kept") else HOLDS
