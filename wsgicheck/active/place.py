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
from types import CodeType, FrameType
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
    """Where the user's code called start_response (last), returned to the server, yielded to it (last), and raised."""

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


def lines_of(application: Callable[..., Any], case: Case) -> Lines:
    """Perform `case` once more and return the lines of the user's code that it went through."""
    lines = Lines()
    own: list[tuple[CodeType, int]] = []

    def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def noting(*args: Any, **keywords: Any) -> Any:
            lines.start = site_of(Exchange(), live=True) or lines.start
            return start_response(*args, **keywords)

        return application(environ, noting)

    def hook(frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event != "return" or not is_user_file(code.co_filename):
            return
        if code.co_flags & CO_GENERATOR:
            if arg is not None:
                lines.yielded = line_of(code, frame.f_lineno)
        elif frame.f_back is not None and frame.f_back.f_code is watched.__code__:
            lines.returned = line_of(code, frame.f_lineno)
        else:
            own.append((code, frame.f_lineno))
            del own[:-64]

    before = sys.getprofile()
    error: BaseException | None = None
    try:
        sys.setprofile(hook)
        error = serve(watched, case.request, case.drive).error
    finally:
        sys.setprofile(before)
    if error is not None:
        lines.raised = _site(user_line(error))
    if lines.returned is None and own:
        lines.returned = line_of(*own[-1])
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
