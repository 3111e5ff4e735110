"""A process that has imported the subject and done nothing since, kept by forking before the first request.

Laws: it never outlives its parent; what a question does to it is gone with the answer, since each is put to a fork
of its own; where there is no fork(), or threads make one unsafe, there is no such process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from .child import _die_with_parent

__all__ = ["Pristine"]


class Pristine:
    """Answers questions as the present process would have when this was made.

    Args:
        answer: is called in a fork, with the question; what it returns must be picklable.
        seconds: an answer that takes longer is None, and so are all later ones.
        without: descriptors that it closes, so that who waits for their end does not wait for it too.
    """

    def __init__(self, answer: Callable[[Any], Any], seconds: int = 5, *, without: Sequence[int] = ()) -> None:
        self._answer = answer
        self._without = tuple(without)
        self._seconds = seconds
        self._asking: Connection | None = None
        self._hearing: Connection | None = None
        self._pid = 0
        if hasattr(os, "fork") and threading.active_count() == 1:
            self._start()

    def _start(self) -> None:
        question_read, question_write = os.pipe()
        answer_read, answer_write = os.pipe()
        pid = _fork()
        if pid == 0:
            os.close(question_write)
            os.close(answer_read)
            self._serve(Connection(question_read, writable=False), Connection(answer_write, readable=False))
        os.close(question_read)
        os.close(answer_write)
        self._pid = pid
        self._asking = Connection(question_write, readable=False)
        self._hearing = Connection(answer_read, writable=False)

    def _serve(self, questions: Connection, answers: Connection) -> None:
        """Wait for questions in the process that was forked; never returns."""
        try:
            _die_with_parent()
            for fd in self._without:
                os.close(fd)
            while True:
                question = questions.recv()
                pid = _fork()
                if pid == 0:
                    _die_with_parent()
                    # Whatever hangs in here ends here.
                    signal.signal(signal.SIGALRM, signal.SIG_DFL)
                    signal.alarm(self._seconds)
                    answers.send(self._answer(question))
                    os._exit(0)
                _, status = os.waitpid(pid, 0)
                if status:
                    answers.send(None)
        except BaseException:
            pass  # the parent is gone, or the answer could not be had: there is nobody to tell
        finally:
            os._exit(0)

    def ask(self, question: Any) -> Any:
        """Return the answer, None where there is none."""
        if self._asking is None or self._hearing is None:
            return None
        try:
            self._asking.send(question)
            if self._hearing.poll(self._seconds + 1):
                return self._hearing.recv()
        except (OSError, EOFError):
            pass
        self.close()
        return None

    def close(self) -> None:
        """End the process."""
        for end in (self._asking, self._hearing):
            if end is not None:
                end.close()
        if self._pid:
            try:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        self._asking = self._hearing = None
        self._pid = 0


def _fork() -> int:
    # What is buffered would be written by both.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()
