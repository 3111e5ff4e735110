"""wsgi.errors on a real server: any text goes in, and it comes out in the log (PEP 3333, "environ Variables")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Seen, Stage, get, hello, scene
from ...model.wire import Wire
from .common import lost

_MARK = "wsgicheck-errors-mark-7f31"


def _snowman(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    try:
        environ["wsgi.errors"].write("probe: snowman \u2603, face \U0001f600, caf\u00e9\n")
        environ["wsgi.errors"].flush()
    except Exception as error:
        stage.report("raised", error=f"{type(error).__name__}: {error}"[:200])
    else:
        stage.report("wrote")
    return hello(stage, environ, start_response)


@scene(level=SHOULD, covers=("ER-007",), allows=("ER-008",), app=_snowman, script=get(),
       cites=pep("environ-variables", "the error stream **should** accept and log\n                       arbitrary "
                 "unicode without raising an error"))
def errors_takes_any_unicode(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.errors.write() takes any text without raising.

    An error handler that fails while it logs a user's name hides the error it was there to tell.
    """
    if not seen.calls:
        return lost(seen, wire)
    if seen.happened("raised"):
        return f"wsgi.errors.write() raised {seen.fact('raised', 'error')}; expected any Unicode to be accepted"
    return HOLDS


def _marked(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    stream = environ["wsgi.errors"]
    stream.write(f"{_MARK} one\n")
    stream.writelines([f"{_MARK} two\n", f"{_MARK} three\n"])
    stream.flush()
    return hello(stage, environ, start_response)


@scene(level=SHOULD, covers=("ER-004",), app=_marked, script=get(), logs=f"{_MARK} three",
       cites=pep("environ-variables", "for the purpose of\n                       recording program or other errors"))
def errors_reach_the_log(seen: Seen, wire: Wire) -> Verdict:
    """What is written to wsgi.errors stands in the server's log, line by line.

    Lines that run together, or that go nowhere, are found missing on the day they are needed.
    """
    if seen.log is None:
        return NOT_APPLICABLE
    if not seen.calls:
        return lost(seen, wire)
    lines = [line for line in seen.log.splitlines() if _MARK in line]
    if not lines:
        return "nothing of what was written to wsgi.errors is in the server's log; expected three lines"
    return HOLDS if len(lines) >= 3 else (
        f"three lines written to wsgi.errors are {len(lines)} in the server's log; expected three")
