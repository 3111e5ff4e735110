"""Finds the line with which the user's own code returned what broke a rule.

A `return` leaves no frame to look at when its value is judged; so the smallest case is performed once
more under a profile hook that notes where frames of the user's code return.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ..model.finding import Site
from ..model.request import Case
from ..reference.gateway import environ_of
from ..spies.site import is_user_file, line_of

__all__ = ["return_line"]


def return_line(application: Callable[..., Any], case: Case) -> Site | None:
    """Return where the user's code returned its answer to `case`, None if no frame of theirs was seen."""
    found: list[tuple[CodeType, int, bool]] = []
    started = False

    def start_response(status: Any, headers: Any, exc_info: Any = None, /) -> Callable[[Any], None]:
        nonlocal started
        started = True
        return lambda data: None

    def hook(frame: FrameType, event: str, arg: Any) -> None:
        if event == "return" and is_user_file(frame.f_code.co_filename):
            back = frame.f_back
            outermost = back is not None and back.f_code is return_line.__code__
            found.append((frame.f_code, frame.f_lineno, outermost))

    body: Any = None
    before = sys.getprofile()
    try:
        sys.setprofile(hook)
        body = application(environ_of(case.request), start_response)
    except BaseException:
        return None
    finally:
        sys.setprofile(before)
        close = getattr(body, "close", None)
        if close is not None:
            try:
                close()
            except BaseException:
                pass  # its fault is another finding; here only the line is wanted
    for code, line, outermost in reversed(found):
        if outermost:
            return line_of(code, line)
    return line_of(found[-1][0], found[-1][1]) if found else None
