"""A child process that runs a subject, and the watch over it: silence, death, floods of output and memory.

Laws: whatever the child does, the parent goes on; the child never outlives its parent; what it prints is
read and bounded. Parent and child speak over pipes that the subject does not know of.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["BlackBox", "Child", "Death", "Watch"]

_TAIL = 8192
_TICK = 0.05


@dataclass(frozen=True, slots=True)
class Death:
    """How a child ended before it was done.

    Attributes:
        kind: "hang", "exit", "signal", "output" or "memory".
        detail: one line for a person.
        doing: what the black box last recorded, None if it was idle.
        output: the end of what it printed.
    """

    kind: str
    detail: str
    doing: Any
    output: str


@dataclass(frozen=True, slots=True)
class Watch:
    """The bounds of a child: seconds of silence at one thing, bytes of resident memory, bytes of output."""

    timeout: float = 10.0
    max_memory: int = 2 * 1024**3
    max_output: int = 64 * 1024**2


class BlackBox:
    """What the child is doing right now, in memory that the parent can still read when the child is dead."""

    SIZE = 4 * 1024 * 1024
    _HEAD = struct.Struct("<QdI")

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, self.SIZE)
        self._count = 0

    @classmethod
    def create(cls) -> tuple[BlackBox, int]:
        """Return a new box and the descriptor by which a child opens it."""
        with tempfile.TemporaryFile() as file:
            file.truncate(cls.SIZE)
            fd = os.dup(file.fileno())
        return cls(fd), fd

    def begin(self, doing: Any) -> None:
        """Record what is being done from now on."""
        data = pickle.dumps(doing, pickle.HIGHEST_PROTOCOL)
        if len(data) > self.SIZE - self._HEAD.size:
            data = pickle.dumps(None)
        self._count += 1
        self._map[self._HEAD.size:self._HEAD.size + len(data)] = data
        self._map[:self._HEAD.size] = self._HEAD.pack(self._count, time.monotonic(), len(data))

    def end(self) -> None:
        """Record that nothing is being done."""
        self._map[:self._HEAD.size] = self._HEAD.pack(0, time.monotonic(), 0)

    def read(self) -> tuple[float, Any]:
        """Return for how many seconds the present thing has been going on, and what it is; (0, None) if idle."""
        _, since, size = self._HEAD.unpack(self._map[:self._HEAD.size])
        if not size:
            return 0.0, None
        try:
            doing = pickle.loads(self._map[self._HEAD.size:self._HEAD.size + size])
        except Exception:
            doing = None  # read while it was being written
        return time.monotonic() - since, doing

    def busy_since(self) -> float:
        """Return for how many seconds the present thing has been going on, 0 if idle."""
        _, since, size = self._HEAD.unpack(self._map[:self._HEAD.size])
        return time.monotonic() - since if size else 0.0


class Child:
    """A `python -m MODULE` that was given a job, and is watched.

    In the child, `Child.inside()` returns its end. Messages are (kind, payload) pairs.
    """

    def __init__(self, module: str, job: Any, *, directory: str = "", environment: Mapping[str, str] | None = None,
                 watch: Watch | None = None) -> None:
        self.watch = watch or Watch()
        self._box, box_fd = BlackBox.create()
        job_read, job_write = os.pipe()
        out_read, out_write = os.pipe()
        env = dict(os.environ if environment is None else environment)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, f"{job_read},{out_write},{box_fd}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=(job_read, out_write, box_fd), cwd=directory or None, env=env, start_new_session=True)
        for fd in (job_read, out_write, box_fd):
            os.close(fd)
        self._messages = Connection(out_read, writable=False)
        self._job = Connection(job_write, readable=False)
        self.printed = 0
        """Bytes of output so far."""
        self._tail = b""
        self._drain = threading.Thread(target=self._read_output, name="wsgicheck-output", daemon=True)
        self._drain.start()
        try:
            self._job.send(job)
        except OSError:
            pass  # it died at once; the watch says so

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read_output(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        fd = stream.fileno()
        while True:
            try:
                data = os.read(fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.printed += len(data)
            self._tail = (self._tail + data)[-_TAIL:]

    def output(self) -> str:
        """Return the end of what the child printed."""
        return self._tail.decode("utf-8", "replace")

    def _memory(self) -> int:
        try:
            with open(f"/proc/{self.pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * mmap.PAGESIZE
        except (OSError, IndexError, ValueError):
            return 0  # gone, or a system without /proc: then the bound is the system's own

    def messages(self, deadline: float) -> Iterator[tuple[str, Any] | Death]:
        """Yield the child's messages until it is done, dead, or `deadline` (monotonic seconds) has passed.

        Yields a Death last if it ended, or had to be ended, before it said ("done", ...). Past the
        deadline the iteration just ends.
        """
        while True:
            try:
                while self._messages.poll(_TICK):
                    message = self._messages.recv()
                    yield message
                    if message[0] == "done":
                        return
            except (EOFError, OSError, pickle.UnpicklingError):
                yield self._dead()
                return
            busy = self._box.busy_since()
            if busy > self.watch.timeout:
                yield self._put_down("hang", f"no answer within {self.watch.timeout:g} s")
                return
            if self.printed > self.watch.max_output:
                yield self._put_down("output", f"more than {self.watch.max_output >> 20} MiB printed")
                return
            if self._memory() > self.watch.max_memory:
                yield self._put_down("memory", f"more than {self.watch.max_memory >> 20} MiB of memory in use")
                return
            if time.monotonic() > deadline:
                return

    def _put_down(self, kind: str, detail: str) -> Death:
        _, doing = self._box.read()
        self.kill()
        return Death(kind, detail, doing, self.output())

    def _dead(self) -> Death:
        _, doing = self._box.read()
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            # It closed our pipe and lives on: as good as an exit.
            self.kill()
            return Death("exit", "the channel to wsgicheck was closed", doing, self.output())
        self._drain.join(1)
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return Death("signal", f"the process was ended by {name}", doing, self.output())
        return Death("exit", f"the process exited with status {code}", doing, self.output())

    def kill(self) -> None:
        """End the child and what it started in its session; returns when it is gone."""
        if self._process.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                self._process.kill()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            pass

    def close(self) -> None:
        """End the child and release every descriptor."""
        self.kill()
        self._messages.close()
        self._job.close()
        self._drain.join(1)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @staticmethod
    def inside(argument: str) -> tuple[Any, Connection, BlackBox]:
        """In the child: return the job, the way to send messages, and the black box."""
        job_fd, out_fd, box_fd = (int(fd) for fd in argument.split(","))
        for fd in (job_fd, out_fd, box_fd):
            os.set_inheritable(fd, False)
        _die_with_parent()
        with Connection(job_fd, writable=False) as jobs:
            job = jobs.recv()
        return job, Connection(out_fd, readable=False), BlackBox(box_fd)


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (Linux)."""
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError, ImportError):
        pass  # then an interrupted parent ends it by Child.close()
