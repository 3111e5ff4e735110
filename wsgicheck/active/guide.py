"""Follows a run: which routes its requests entered, which lines they ran, and where more of them are worth it.

Laws: exchanges in which the server plays no trick are followed, the others go unwatched; nothing here changes what
an exchange is or says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..model.material import Endpoint, Material
from ..model.request import Request
from ..reach.reached import Reached, Tracker
from ..reach.route import Route
from ..reach.watch import Watch
from ..stage import Observation
from .safety import Safety

__all__ = ["Guide"]

_USUAL, _GAINING, _UNENTERED = 4, 9, 7
"""Weights of routes: as a rule, where the last requests ran new lines, where none has entered yet."""


class Guide:
    """What one life of the child has reached so far.

    Args:
        owned: tells by its name whether a file is the application's own.
    """

    def __init__(self, routes: Iterable[Route], safety: Safety, owned: Callable[[str], bool]) -> None:
        self.safety = safety
        self.watch = Watch(owned)
        self._tracker = Tracker(routes, owned)
        self.watch.want(self._tracker.codes)
        self._gains: dict[str, int] = {}
        self._lines = 0

    @property
    def routes(self) -> tuple[Route, ...]:
        return self._tracker.routes

    def add(self, routes: Iterable[Route]) -> None:
        """Take further routes."""
        self._tracker.add(routes)
        self.watch.want(self._tracker.codes)

    @property
    def reached(self) -> Reached:
        return self._tracker.reached

    def permits(self, request: Request) -> bool:
        """Tell whether the request may be made."""
        return self.safety.permits(request)

    def renew(self) -> None:
        """Undo what the last example did to the data."""
        if self.safety.shelter is not None:
            self.safety.shelter.renew()

    def saw(self, request: Request, observed: Observation) -> Route | None:
        """Take note of one exchange that was watched; return its route."""
        x = observed.exchange
        lines = self.watch.lines
        new = len(lines) - self._lines
        self._lines = len(lines)
        if new > 0:
            self._gains[request.path] = self._gains.get(request.path, 0) + new
        code = 0 if x.raised and not x.headers_gone else x.code
        route = self._tracker.saw(request, code, x.headers, self.watch.codes, lines if new > 0 else set())
        self.watch.forget()
        return route

    def route_of(self, request: Request) -> Route | None:
        """Return the route that a request is meant for."""
        return self._tracker.route_of(request.method, request.path)

    def weighed(self, material: Material) -> Material:
        """Return the material with more weight on places where more is to be gained; forget the gains so far."""
        unentered = {path for route in self.routes if route.name not in self.reached.entered for path in route.paths}
        own = {path for route in self.routes for path in route.paths}

        def weight(endpoint: Endpoint) -> int:
            if self._gains.get(endpoint.path):
                return _GAINING
            if endpoint.path in unentered:
                return _UNENTERED
            return max(endpoint.weight, _USUAL) if endpoint.path in own else endpoint.weight

        weighed = tuple(replace(endpoint, weight=weight(endpoint)) for endpoint in material.endpoints)
        self._gains.clear()
        return replace(material, endpoints=weighed)
