"""wsgi.multithread, wsgi.multiprocess and wsgi.run_once tell the truth (PEP 3333, "environ Variables").

What really happens is measured: two requests that wait for each other inside the application.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Await, Go, Pause, Receive, Script, Seen, Stage, ask, hello, scene
from ...model.wire import Wire
from .common import lost


def _meet(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    stage.report("in")
    stage.wait("go", 3.0)
    stage.report("out")
    return hello(stage, environ, start_response)


_TWO: Script = (ask("GET", on=0), ask("GET", on=1), ask("GET", on=2), Await("in", 0.6, 3), Go("go"), Receive(on=0),
                Receive(on=1), Receive(on=2), Pause(0.02))


def _overlaps(seen: Seen) -> tuple[bool, bool]:
    """Tell whether two calls were under way at once: in two threads of one process, and in two processes.

    Greenlets of one thread take turns; whether they are threads the PEP does not say, so they prove nothing.
    """
    spans: list[tuple[float, float, int, int]] = []
    for entered in seen.all("in"):
        left = next((e.at for e in seen.all("out") if (e.pid, e.thread) == (entered.pid, entered.thread)
                     and e.at > entered.at), None)
        spans.append((entered.at, left if left is not None else float("inf"), entered.pid, entered.thread))
    same = other = False
    for number, (start, end, pid, thread) in enumerate(spans):
        for start2, end2, pid2, thread2 in spans[number + 1:]:
            if start < end2 and start2 < end:
                same, other = same or (pid == pid2 and thread != thread2), other or pid != pid2
    return same, other


def _flag(seen: Seen, name: str) -> bool:
    return bool(seen.fact("call", "flags", {}).get(name))


@scene(level=SHOULD, covers=("ENV-049",), app=_meet, script=_TWO,
       cites=pep("environ-variables", "This value should evaluate true if the\n                       application "
                 "object may be simultaneously\n                       invoked by another thread in the same process"))
def multithread_is_truthful(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.multithread is true exactly when two calls can be under way in one process.

    An application that takes no locks because the flag is false loses data on a server that lies.
    """
    if not seen.calls:
        return lost(seen, wire)
    flag, (same, _) = _flag(seen, "wsgi.multithread"), _overlaps(seen)
    if same and not flag:
        return "wsgi.multithread is false and two calls ran at once in one process; expected true"
    if flag and not same and seen.recipe.get("multithread") is False:
        return "wsgi.multithread is true and this set-up runs one call at a time in a process; expected false"
    return HOLDS


@scene(level=SHOULD, covers=("ENV-050",), app=_meet, script=_TWO,
       cites=pep("environ-variables", "This value should evaluate true if an\n                       equivalent "
                 "application object may be\n                       simultaneously invoked by another process"))
def multiprocess_is_truthful(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.multiprocess is true exactly when two calls can be under way in two processes.

    An application that keeps its state in memory because the flag is false answers from two states.
    """
    if not seen.calls:
        return lost(seen, wire)
    flag, (_, other) = _flag(seen, "wsgi.multiprocess"), _overlaps(seen)
    if other and not flag:
        return "wsgi.multiprocess is false and two calls ran at once in two processes; expected true"
    if flag and not other and seen.recipe.get("multiprocess") is False:
        return "wsgi.multiprocess is true and this set-up has one process; expected false"
    return HOLDS


@scene(level=SHOULD, covers=("ENV-051",),
       script=(ask("GET"), Receive(), ask("GET", on=1), Receive(on=1), ask("GET", on=2), Receive(on=2)),
       cites=pep("environ-variables", "Normally, this will only be true for\n                       a gateway based "
                 "on CGI (or something similar)."))
def run_once_is_truthful(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.run_once is true only where a process serves one request and ends.

    An application that skips its caches because of the flag works them out anew each time.
    """
    if len(seen.calls) < 2:
        return NOT_APPLICABLE if seen.calls else lost(seen, wire)
    pids = [event.pid for event in seen.calls]
    if _flag(seen, "wsgi.run_once") and len(set(pids)) < len(pids):
        return "wsgi.run_once is true and one process served several requests; expected false"
    return HOLDS
