"""Shares of one piece of work: each is done once, whoever dies on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from wsgicheck.pytest_plugin.shares import Shares

CONTEXT = multiprocessing.get_context("spawn")


def noted(folder: str, number: int) -> int:
    with open(f"{folder}/done.txt", "a") as file:
        file.write(f"{number}\n")
    return number * 10


def worker(folder: str, first: int, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    results = Shares[int](Path(folder), "work", 3, first).results(lambda number: noted(folder, number))
    Path(folder, f"results-{first}.txt").write_text(repr(results))


def dying(folder: str) -> None:
    Shares[int](Path(folder), "work", 1).results(lambda number: os.kill(os.getpid(), signal.SIGKILL) or 0)


def test_every_share_is_done_once_and_everybody_has_all(tmp_path: Path) -> None:
    barrier = CONTEXT.Barrier(3)
    processes = [CONTEXT.Process(target=worker, args=(str(tmp_path), first, barrier)) for first in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted((tmp_path / "done.txt").read_text().split()) == ["0", "1", "2"]
    assert {(tmp_path / f"results-{first}.txt").read_text() for first in range(3)} == {"[0, 10, 20]"}


def test_the_share_of_a_process_that_died_is_done_by_another(tmp_path: Path) -> None:
    process = CONTEXT.Process(target=dying, args=(str(tmp_path),))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert Shares[int](tmp_path, "work", 1).results(lambda number: 7) == [7]


class Waiting(Exception):
    pass


def test_who_finds_all_begun_does_something_else_before_it_waits(tmp_path: Path) -> None:
    def waits() -> None:
        raise Waiting

    def inner(number: int) -> int:
        # Another asks for the share that is being done here; a lock is a matter of the file, not of the process.
        with pytest.raises(Waiting):
            Shares[int](tmp_path, "one", 1).results(lambda number: 0, meanwhile=waits)
        return 3

    assert Shares[int](tmp_path, "one", 1).results(inner, meanwhile=waits) == [3], "nothing was left to wait for"
    assert Shares[int](tmp_path, "one", 1).start(lambda number: 9)


def test_one_process_alone_does_all(tmp_path: Path) -> None:
    assert Shares[int](tmp_path, "work", 4, first=2).results(lambda number: number) == [0, 1, 2, 3]
