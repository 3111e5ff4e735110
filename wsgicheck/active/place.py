"""Finds the lines of the user's own code at which an answer was begun, made and ended.

A `return` leaves no frame to look at when its value is judged, and a header is judged long after its list was
written; so the smallest case is performed once more under a profile hook that notes where frames of the user's code
call start_response, return and yield. Laws: what it finds is a line of theirs or nothing; a second performance that
goes another way than the first costs the line and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import CO_GENERATOR
from types import FrameType
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Site
from ..model.moments import Moment
from ..model.request import Case
from ..model.rule import Card, Relation, Rule
from ..reference.gateway import serve
from ..spies.site import is_user_file, line_of, site_of, user_line
from .records import Sighting

__all__ = ["Lines", "lines_of", "raised_site", "return_line", "site_for"]

_AT_START = frozenset({
    "body-fills-content-length", "body-fits-content-length", "written-data-fits-content-length",
    "body-has-a-content-type", "content-encoding-matches-the-bytes", "text-decodes-in-its-charset",
})
"""Rules that are judged over the body and broken by what was said of it before."""


@dataclass(slots=True)
class Lines:
    """What was noted.

    Attributes:
        start: where the user's code called start_response last.
        returned: where it returned what became the body; yielded: where it yielded the last item of that.
        raised: where it raised, or called what raised, if the application let that out or answered 5xx.
    """

    start: Site | None = None
    returned: Site | None = None
    yielded: Site | None = None
    raised: Site | None = None

    @property
    def body(self) -> Site | None:
        """Where the last piece of the body came from."""
        return self.yielded or self.returned


def _site(text: str) -> Site | None:
    """Return the place that "file:line" names."""
    file, _, line = text.rpartition(":")
    return Site(file, int(line)) if file and line.isdigit() else None


def raised_site(x: Exchange) -> Site | None:
    """Return where the user's code raised in that exchange, None if it did not."""
    return _site(x.raised_at)


class _Hook:
    """Notes where frames of the user's code return and yield."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.calling = True
        self._passed: list[Any] = []

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event != "return" or arg is None or not is_user_file(code.co_filename):
            return
        if code.co_flags & CO_GENERATOR:
            # A generator inside a view, or a template's, is no body.
            if not self.calling:
                self.lines.yielded = line_of(code, frame.f_lineno)
        elif self.calling and not self._is_inner(frame) and not self._is_passed_on(frame, arg):
            self._passed.append(arg)
            self.lines.returned = line_of(code, frame.f_lineno)

    @staticmethod
    def _is_inner(frame: FrameType) -> bool:
        """Tell whether the user's own code called it: a helper, whose caller says more."""
        back = frame.f_back
        return back is not None and is_user_file(back.f_code.co_filename)

    def _is_passed_on(self, frame: FrameType, arg: Any) -> bool:
        """Tell whether a frame returns what another made: middleware and hooks do."""
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        return any(arg is seen for seen in self._passed) or any(frame.f_locals.get(name) is arg for name in names)


class _Caught:
    """Notes the innermost line of the user's code through which the latest exception passed, caught later or not."""

    def __init__(self) -> None:
        self.site: Site | None = None
        self._latest: int = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        if not is_user_file(frame.f_code.co_filename):
            return None
        frame.f_trace_lines = False
        return self._inside

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event != "exception" or issubclass(arg[0], (StopIteration, GeneratorExit)):
            return self._inside
        if id(arg[1]) != self._latest:
            self._latest = id(arg[1])
            self.site = line_of(frame.f_code, frame.f_lineno)
        return self._inside


def lines_of(application: Callable[..., Any], case: Case) -> Lines:
    """Perform `case` once more and return the lines of the user's code that it went through."""
    lines = Lines()
    hook = _Hook(lines)

    def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def noting(*args: Any, **keywords: Any) -> Any:
            lines.start = site_of(Exchange(), live=True) or lines.start
            return start_response(*args, **keywords)

        hook.calling = True
        body = application(environ, noting)
        hook.calling = False
        return body

    caught = _Caught()
    before, traced = sys.getprofile(), sys.gettrace()
    if before is not None and not callable(before):
        return lines  # a profiler written in C is at work, and could not be put back
    try:
        sys.setprofile(hook)
        sys.settrace(caught)
        response = serve(watched, case.request, case.drive)
    finally:
        sys.setprofile(before)
        sys.settrace(traced)
    if response.error is not None:
        lines.raised = _site(user_line(response.error))
    elif isinstance(response.status, str) and response.status.startswith("5"):
        lines.raised = caught.site
    return lines


def site_for(card: Card, sighting: Sighting, application: Callable[..., Any]) -> Site | None:
    """Return the line of the user's code that a sighting of `card` points at, None where there is none."""
    if isinstance(card, Relation):
        case = sighting.twin or sighting.case
        if sighting.site is not None or case is None:
            return sighting.site
        lines = lines_of(application, case)
        return lines.raised or (lines.start if card.blames == "start" else lines.body) or lines.returned
    if not isinstance(card, Rule) or sighting.case is None:
        return sighting.site
    if card.at is Moment.RETURNED:
        return lines_of(application, sighting.case).returned or sighting.site
    if card.at in (Moment.CHUNK, Moment.CLOSE):
        # A generator stands where it yielded; what is no generator was made where it was returned.
        return sighting.site or lines_of(application, sighting.case).body
    if card.at is not Moment.END:
        return sighting.site
    lines = lines_of(application, sighting.case)
    if lines.raised is not None:
        return lines.raised
    found = lines.start if card.id in _AT_START else lines.body
    return found or lines.returned or sighting.site


def return_line(application: Callable[..., Any], case: Case) -> Site | None:
    """Return where the user's code returned its answer to `case`, None if no frame of theirs was seen."""
    return lines_of(application, case).returned
