"""Which line of the user's own code did it: a frame of theirs rather than of a library, of Python or of ours."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Site
from ..model.moments import Moment

__all__ = ["LIVE_MOMENTS", "is_user_file", "line_of", "site_of", "user_line"]

LIVE_MOMENTS = frozenset({Moment.START, Moment.STARTED, Moment.WRITE, Moment.READ, Moment.DATA, Moment.ERRORS,
                          Moment.FILE_WRAPPER})
"""Moments at which the application itself is on the stack."""

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@lru_cache(maxsize=4096)
def is_user_file(filename: str) -> bool:
    """Tell whether a code object's file is the user's own: neither the library's, nor Python's, nor ours."""
    if filename.startswith("<"):
        return False
    path = os.path.abspath(filename)
    return not (path.startswith((_OURS, *_LIBRARIES)) or f"{os.sep}site-packages{os.sep}" in path
                or f"{os.sep}dist-packages{os.sep}" in path)


def _is_ours(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_OURS)


def _relative(filename: str) -> str:
    path = os.path.abspath(filename)
    base = os.getcwd() + os.sep
    return path[len(base):] if path.startswith(base) else path


def line_of(code: CodeType, line: int | None = None) -> Site:
    """Return the place `line` (by default the first) of `code`."""
    return Site(_relative(code.co_filename), line or code.co_firstlineno, code.co_qualname)


def _in_stack(frame: FrameType | None) -> Site | None:
    """Return the innermost user's frame of the stack above our spies; else the innermost that is not ours."""
    fallback: Site | None = None
    skipping = True
    while frame is not None:
        code = frame.f_code
        if _is_ours(code.co_filename):
            if not skipping:
                break  # the spy's own call of the application: what lies outside is the server
        else:
            skipping = False
            if is_user_file(code.co_filename):
                return line_of(code, frame.f_lineno)
            fallback = fallback or line_of(code, frame.f_lineno)
        frame = frame.f_back
    return fallback


def _of_subject(subject: Any) -> Site | None:
    """Return where a suspended generator stands, or where a callable is defined."""
    seen = 0
    while subject is not None and seen < 8:
        seen += 1
        frame = getattr(subject, "gi_frame", None)
        code = getattr(subject, "gi_code", None)
        if frame is not None and code is not None and is_user_file(code.co_filename):
            return line_of(code, frame.f_lineno)
        if code is None:
            call = subject if hasattr(subject, "__code__") else getattr(type(subject), "__call__", None)  # noqa: B004
            code = getattr(getattr(subject, "__func__", call), "__code__", None)
        if code is not None and is_user_file(code.co_filename):
            return line_of(code)
        subject = getattr(subject, "__wrapped__", None)
    return None


def site_of(x: Exchange, live: bool = True) -> Site | None:
    """Return the line of the user's own code that is to blame for what was just judged, None if unknown.

    Args:
        live: the application is on the stack right now (START, WRITE, READ, ERRORS, FILE_WRAPPER);
            otherwise what it returned is asked where it stands.
    """
    if live:
        return _in_stack(sys._getframe(1))
    return _of_subject(x.subject)


def _frames(traceback: TracebackType | None) -> list[tuple[CodeType, int]]:
    frames = []
    while traceback is not None:
        frames.append((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def user_line(error: BaseException) -> str:
    """Return "file:line" of the last line of the user's own code in the traceback of `error`, "" if none."""
    own = [(code, line) for code, line in _frames(error.__traceback__) if is_user_file(code.co_filename)]
    if not own:
        return ""
    code, line = own[-1]
    return f"{_relative(code.co_filename)}:{line}"
