"""Many threads at one application: rounds in which they take turns inside the user's code, and rounds without order.

Laws: in an ordered round one thread runs at a time, and the order is a function of the round's number, so a race
that was found is found again; a thread that waits for another one's lock ends the order and not the round; no round
outlasts its limit, whatever deadlocks.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from random import Random
from types import FrameType
from typing import Any, TypeVar

from .spies.site import is_user_file

__all__ = ["at_once"]

T = TypeVar("T")
_PATIENCE = 0.25
"""Seconds that a thread waits for its turn before the order is given up."""
_LIMIT = 4.0
"""Seconds for one round."""
_EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rules") + os.sep
# A switch after each instruction would never leave a short function; one in eight still parts most of them.
_SHARE = 0.12


def _is_subject(filename: str) -> bool:
    return is_user_file(filename) or filename.startswith(_EXAMPLES)


class _Turns:
    """Lets one of several threads run at a time."""

    def __init__(self, count: int, number: int) -> None:
        # Fixed by the round's number and used for nothing that anyone could attack.
        self._random = Random(number)
        self._gates = [threading.Semaphore(0) for _ in range(count)]
        self._waiting = set(range(count))
        self.free = False

    def begin(self) -> None:
        self._gates[self._next()].release()

    def _next(self) -> int:
        return self._random.choice(sorted(self._waiting))

    def wait(self, me: int) -> None:
        if not self._gates[me].acquire(timeout=_PATIENCE):
            self.free = True
            for gate in self._gates:
                gate.release()

    def step(self, me: int) -> None:
        """Perhaps let another thread run."""
        if self.free or self._random.random() > _SHARE:
            return
        other = self._next()
        if other != me:
            self._gates[other].release()
            self.wait(me)

    def leave(self, me: int) -> None:
        self._waiting.discard(me)
        if self._waiting and not self.free:
            self._gates[self._next()].release()


def _tracer(turns: _Turns, me: int) -> Callable[[FrameType, str, Any], Any]:
    def inside(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            turns.step(me)
        return inside

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if turns.free or not _is_subject(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return inside

    return trace


def _trace(tracer: Callable[[FrameType, str, Any], Any]) -> None:
    try:
        sys.settrace(tracer)
    except RuntimeError:
        pass  # another thread is just doing the same, so the order has been given up


def _round(jobs: Sequence[Callable[[], T]], number: int, ordered: bool) -> tuple[list[T] | None, bool]:
    """Run `jobs` at once; return what they gave (None if one did not end), and whether the order held."""
    results: dict[int, T] = {}
    turns = _Turns(len(jobs), number)
    together = threading.Barrier(len(jobs))

    def work(me: int) -> None:
        try:
            if ordered:
                turns.wait(me)
                _trace(_tracer(turns, me))
            else:
                together.wait(_LIMIT)
            results[me] = jobs[me]()
        finally:
            # The trace function goes with the thread.
            if ordered:
                turns.leave(me)

    threads = [threading.Thread(target=work, args=(me,), name=f"wsgicheck-{me}", daemon=True)
               for me in range(len(jobs))]
    before = sys.getswitchinterval()
    sys.setswitchinterval(before if ordered else 1e-6)
    try:
        for thread in threads:
            thread.start()
        if ordered:
            turns.begin()
        for thread in threads:
            thread.join(_LIMIT / len(jobs))
    finally:
        sys.setswitchinterval(before)
    if len(results) < len(jobs):
        return None, not turns.free
    return [results[me] for me in range(len(jobs))], not turns.free


def at_once(jobs: Sequence[Callable[[], T]], ordered: int, free: int) -> list[list[T] | None]:
    """Run `jobs`, each in a thread of its own, in so many rounds; return for each round what they gave.

    A job that raises gives nothing, and its round counts as not ended. Rounds end with the first that did not.
    """
    rounds: list[list[T] | None] = []
    in_order = True
    for number in range(ordered + free):
        found, held = _round(jobs, number, ordered=number < ordered and in_order)
        in_order = in_order and held
        rounds.append(found)
        if found is None:
            break
    return rounds
