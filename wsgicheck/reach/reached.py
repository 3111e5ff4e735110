"""Which routes were asked, entered and answered well, how much of the views' code ran, and what to add for the rest.

Laws: a route counts as entered when a function of its view ran; where the view is not known, when it was answered by
something other than "not found", "not allowed" or the way to the login. Succeeded means a 2xx.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from ..model.request import Request
from .route import Route
from .views import functions_of
from .watch import Line, lines_of

__all__ = ["LEAVES", "Reached", "Tracker"]

LEAVES = re.compile(r"log.?out|sign.?out|logoff", re.IGNORECASE)
"""What in a path says that it ends a session."""
_LOGIN = re.compile(r"log.?in|sign.?in|auth|sso", re.IGNORECASE)
_REFUSALS = frozenset({401, 403, 404, 405, 0})


@dataclass(slots=True)
class Reached:
    """What was reached, in one life of the child or in all of them.

    Attributes:
        answers: for each route's name, how often it was answered with which status; 0 where it raised.
        entered: names of routes that were.
        refused: names of routes that sent to a login.
        lines: lines of `of` that ran.
        of: all lines of functions in the files that hold views.
    """

    answers: dict[str, dict[int, int]] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    lines: set[Line] = field(default_factory=set)
    of: frozenset[Line] = frozenset()

    def add(self, other: Reached) -> None:
        """Add what another life has reached."""
        for name, answers in other.answers.items():
            mine = self.answers.setdefault(name, {})
            for code, count in answers.items():
                mine[code] = mine.get(code, 0) + count
        self.entered |= other.entered
        self.refused |= other.refused
        self.lines |= other.lines
        self.of |= other.of

    def facts(self) -> dict[str, Any]:
        """Return what a report says: counts, and the names of the routes that were not entered."""
        if not self.answers:
            return {}
        facts: dict[str, Any] = {
            "routes": len(self.answers), "entered": len(self.entered),
            "succeeded": sum(any(200 <= code < 300 for code in answers) for answers in self.answers.values()),
            "unreached": [name for name in self.answers if name not in self.entered],
        }
        if self.of:
            facts["lines"], facts["lines_run"] = len(self.of), len(self.lines & self.of)
        return facts

    def advice(self, safe_only: bool) -> list[str]:
        """Return what to add so that the other routes are entered, one line for each reason."""
        reasons: dict[str, list[str]] = {}
        for name, answers in self.answers.items():
            if name in self.entered:
                continue
            if name in self.refused or {401, 403} & answers.keys():
                reason = "want a visitor who is known (--login 'POST /login user=… password=…', --cookie or --header)"
            elif not answers and safe_only and name.partition(" ")[0] not in ("GET", "HEAD", "OPTIONS"):
                reason = "take methods that change data (--unsafe-methods where it may be changed)"
            elif 404 in answers:
                reason = "answer 404 (name something that exists, as --route '/path/7')"
            elif not answers:
                reason = "were not asked (more --max-examples or --max-time)"
            else:
                reason = "are answered before their view is entered"
            reasons.setdefault(reason, []).append(name)
        return [f"{len(names)} of the routes not entered {reason}: {', '.join(names[:6])}"
                + (f" and {len(names) - 6} more" if len(names) > 6 else "") for reason, names in reasons.items()]


class Tracker:
    """Assigns each exchange to its route.

    Args:
        owned: tells by its name whether a file is the application's own.
    """

    def __init__(self, routes: Iterable[Route], owned: Callable[[str], bool]) -> None:
        self.reached = Reached()
        self.routes: tuple[Route, ...] = ()
        self._owned = owned
        self._codes: dict[str, set[CodeType]] = {}
        self._matched: dict[tuple[str, str], Route | None] = {}
        self.add(routes)

    def add(self, routes: Iterable[Route]) -> None:
        """Take further routes; those that are known go first."""
        self.routes += tuple(routes)
        self._matched.clear()
        files: set[str] = set()
        for route in self.routes:
            self.reached.answers.setdefault(route.name, {})
            own = functions_of(route.view, self._owned)
            files.update(function.__code__.co_filename for function in own)
            # A view of a library's: its functions tell that it was entered, but its lines are not the user's.
            functions = own or functions_of(route.view, lambda name: True)
            self._codes.setdefault(route.name, set()).update(function.__code__ for function in functions)
        self.reached.of = lines_of(sorted(files))

    @property
    def codes(self) -> set[CodeType]:
        """Code objects that tell that a route was entered."""
        return set().union(*self._codes.values())

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the first route that takes this request, None if there is none."""
        key = (method, path)
        if key not in self._matched:
            if len(self._matched) > 20_000:
                self._matched.clear()
            self._matched[key] = next((route for route in self.routes
                                       if route.takes(method) and route.matches(path)), None)
        return self._matched[key]

    def saw(self, request: Request, code: int, headers: Iterable[tuple[str, str]], entered: set[CodeType],
            lines: set[Line]) -> Route | None:
        """Take note of one exchange; return its route.

        Args:
            code: the answer's status, 0 where the application raised.
            entered: code objects of the application's own that ran.
            lines: all lines that ran so far.
        """
        reached = self.reached
        if lines:
            reached.lines |= lines & reached.of
        route = self.route_of(request.method, request.path)
        if route is None:
            return None
        answers = reached.answers[route.name]
        answers[code] = answers.get(code, 0) + 1
        location = next((value for name, value in headers if name.lower() == "location"), "")
        away = 300 <= code < 400 and _LOGIN.search(location) is not None and not _LOGIN.search(route.rule)
        own = self._codes[route.name]
        if own:
            inside = not own.isdisjoint(entered)
        else:
            inside = code not in _REFUSALS and not away
        if inside:
            reached.entered.add(route.name)
        elif away:
            reached.refused.add(route.name)
        return route
