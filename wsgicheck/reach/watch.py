"""Sees which functions and lines of the application's own code an exchange runs.

Laws: only this thread, only files of the application, and only between `with` and its end; a function all of
whose lines were seen costs a call and no more, and one exchange is followed for a bounded number of lines.
"""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, TracebackType
from typing import Any

__all__ = ["Line", "Watch", "lines_of"]

Line = tuple[str, int]
"""A file's name and a line in it."""
_MOST_STEPS = 20_000


def _own_lines(code: CodeType) -> set[int]:
    """Return the lines of a function that run when it does: not the one with its name."""
    lines = {line for _, line in dis.findlinestarts(code) if line is not None}
    return lines - {code.co_firstlineno} or lines


def lines_of(files: Iterable[str]) -> frozenset[Line]:
    """Return the lines inside the functions of these source files; module and class level ran on import."""
    found: set[Line] = set()
    for name in files:
        try:
            with open(name, "rb") as file:
                queue = [compile(file.read(), name, "exec", dont_inherit=True)]
        except (OSError, SyntaxError, ValueError):
            continue
        for code in queue:
            queue += [constant for constant in code.co_consts if type(constant) is CodeType]
            if code.co_flags & 0x2 and not code.co_name.startswith("<"):      # CO_NEWLOCALS: a function's
                found.update((os.path.realpath(name), line) for line in _own_lines(code))
    return frozenset(found)


class Watch:
    """Follows the application's own code.

    Attributes:
        codes: code objects entered since `forget()`.
        lines: all lines seen so far.
    """

    def __init__(self, owned: Callable[[str], bool]) -> None:
        self.codes: set[CodeType] = set()
        self.lines: set[Line] = set()
        self._owned = owned
        self._wanted: set[CodeType] = set()
        self._left: dict[tuple[str, CodeType], set[int] | None] = {}
        """By file, too: code objects are equal that stand in two files alike."""
        self._foreign: set[str] = set()
        """The __file__s of modules of which nothing is followed."""
        self._files: dict[str, str] = {}
        self._steps = 0
        self._before: Any = None

    def want(self, codes: Iterable[CodeType]) -> None:
        """Tell of these functions too when they are entered, although they are a library's; not of their lines."""
        self._wanted.update(codes)
        self._left.clear()
        self._foreign.clear()

    def forget(self) -> None:
        """Begin anew with the codes, not with the lines."""
        self.codes.clear()

    def __enter__(self) -> Watch:
        self._steps = _MOST_STEPS
        self._before = sys.gettrace()
        if self._before is None:        # a debugger, or whatever the application itself has set, goes first
            sys.settrace(self._call)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._before is None:
            sys.settrace(None)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        # Nearly all calls are a library's, and a frame's code costs ten times its globals: reading it is an event that
        # audit hooks are told of, and code objects are hashed by all that they contain.
        module = frame.f_globals.get("__file__")
        if type(module) is str and module in self._foreign:
            return None
        code = frame.f_code
        try:
            left = self._left[code.co_filename, code]
        except KeyError:
            left = self._learn(code, module)
        if left is None:
            return None
        self.codes.add(code)
        return self._line if left and self._steps > 0 else None

    def _learn(self, code: CodeType, module: object) -> set[int] | None:
        name = code.co_filename
        own = self._owned(name)
        left = _own_lines(code) if own else set() if code in self._wanted else None
        self._left[name, code] = left
        if own:
            self._files.setdefault(name, os.path.realpath(name))
        elif name == module and all(wanted.co_filename != name for wanted in self._wanted):
            self._foreign.add(name)
        return left

    def _line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "line":
            code = frame.f_code
            left = self._left[code.co_filename, code]
            line = frame.f_lineno
            if left and line in left:
                left.discard(line)
                self.lines.add((self._files[code.co_filename], line))
            self._steps -= 1
            if not left or self._steps <= 0:
                frame.f_trace_lines = False
        return self._line
