"""Work that several processes divide among themselves: each share is done once, and everybody gets all results.

A share belongs to whoever locks its file first; whoever has nothing left to start does something else meanwhile, and
then waits for the rest by asking for their locks. A process that dies loses its locks, so that another does its share.
No share waits for one particular process, so it does not matter which of them have any of the work to do.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["Shares"]

R = TypeVar("R")


class Shares(Generic[R]):
    """The shares of one piece of work.

    Args:
        folder: where the processes meet; private to them and to this user.
        name: of the work, usable in a file's name.
        count: how many shares there are.
        first: the share to start with; each process starts with another one.
    """

    def __init__(self, folder: Path, name: str, count: int, first: int = 0) -> None:
        self._folder, self._name, self._count, self._first = folder, name, count, first

    def _path(self, number: int, suffix: str) -> Path:
        return self._folder / f"{self._name}-{number}.{suffix}"

    def start(self, work: Callable[[int], R]) -> bool:
        """Do the shares that nobody has begun; return whether all are done."""
        for number in self._order:
            self._do(number, work, wait=False)
        return all(self._path(number, "result").exists() for number in self._order)

    def results(self, work: Callable[[int], R], meanwhile: Callable[[], None] = lambda: None) -> list[R]:
        """Return what `work(number)` returned for each share, wherever it was done.

        Args:
            meanwhile: is called once, where others have begun all that is left, before they are waited for.
        """
        if not self.start(work):
            meanwhile()
        for number in self._order:
            self._do(number, work, wait=True)
        return [self._read(number) for number in range(self._count)]

    @property
    def _order(self) -> list[int]:
        return [(self._first + step) % self._count for step in range(self._count)]

    def _do(self, number: int, work: Callable[[int], R], *, wait: bool) -> None:
        result = self._path(number, "result")
        if result.exists():
            return
        with open(self._path(number, "lock"), "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if result.exists():
                return
            done = work(number)
            part = self._path(number, f"part{os.getpid()}")
            try:
                part.write_bytes(pickle.dumps(done))
                part.replace(result)
            finally:
                with contextlib.suppress(OSError):
                    part.unlink()

    def _read(self, number: int) -> R:
        # Written by this user's own processes, into a folder that nobody else can write to.
        done: R = pickle.loads(self._path(number, "result").read_bytes())
        return done
