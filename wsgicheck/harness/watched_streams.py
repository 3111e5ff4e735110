"""The standard streams and the command line as a watched process has them: the same, and each use is told.

Law: they are of the types that Python itself uses (subclasses of them), and carry the same bytes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any, SupportsIndex, overload

__all__ = ["WatchedArguments", "watch_stderr", "watch_stdin", "watch_stdout"]

Told = Callable[[str, bytes], None]
"""Is told the name of what was done, and the first bytes where something was written."""


class _Writer(io.BufferedWriter):
    """The binary layer of an output stream: whatever is printed comes through here."""

    told: Told | None = None

    def write(self, data: Any, /) -> int:
        if self.told is not None:
            self.told("write", bytes(memoryview(data)[:200]))
        written = super().write(data)
        # Nothing is kept back: the process may end at any moment, and what it printed last says why.
        self.flush()
        return written


class _Text(io.TextIOWrapper):
    """The text layer of an output stream."""

    told: Told

    def isatty(self) -> bool:
        self.told("isatty", b"")
        return super().isatty()

    def close(self) -> None:
        self.told("close", b"")
        super().close()


class _Reader(io.BufferedReader):
    """The binary layer of standard input."""

    told: Told

    def read(self, size: int | None = -1, /) -> bytes:
        self.told("read", b"")
        return super().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        self.told("read", b"")
        return super().read1(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        self.told("read", b"")
        return super().readline(size)

    def readinto(self, buffer: Any, /) -> int:
        self.told("read", b"")
        return super().readinto(buffer)


def _text(stream: Any, fd: int, told: Told, writes: Told | None) -> io.TextIOWrapper:
    binary = _Writer(io.FileIO(fd, "w", closefd=False))
    binary.told = writes
    text = _Text(binary, encoding=getattr(stream, "encoding", None) or "utf-8",
                 errors=getattr(stream, "errors", None) or "backslashreplace",
                 line_buffering=bool(getattr(stream, "line_buffering", False)), write_through=True)
    text.told = told
    vars(text)["mode"] = "w"  # as the interpreter does it
    return text


def watch_stdout(told: Told) -> io.TextIOWrapper:
    """Put a watched stream in the place of sys.stdout, and return it."""
    sys.stdout.flush()
    sys.stdout = _text(sys.stdout, 1, told, told)
    return sys.stdout


def watch_stderr(told: Told) -> io.TextIOWrapper:
    """Put a stream of which only closing and isatty() are told in the place of sys.stderr, and return it."""
    sys.stderr = _text(sys.stderr, 2, told, None)
    return sys.stderr


def watch_stdin(told: Told) -> io.TextIOWrapper:
    """Put a watched stream in the place of sys.stdin, and return it."""
    binary = _Reader(io.FileIO(0, "r", closefd=False))
    binary.told = told
    sys.stdin = io.TextIOWrapper(binary, encoding="utf-8", errors="surrogateescape")
    return sys.stdin


class WatchedArguments(list[str]):
    """sys.argv: tells when more than the program's name is taken out of it."""

    told: Callable[[], None]

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[str]: ...
    def __getitem__(self, index: Any, /) -> Any:
        if index != 0:
            self.told()
        return super().__getitem__(index)
