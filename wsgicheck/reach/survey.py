"""Finds out what an application can be asked, before anything is asked: its routes, documents, recorded traffic.

Laws: the application is not called; a framework whose inside is other than expected gives no routes, and a note
says so; routes that a user names come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..model.material import EMPTY, Endpoint, Material
from ..model.request import Request
from ..show import show
from . import bottle, cherrypy, django, falcon, openapi, pyramid, recorded, webpy, werkzeug
from .byhand import parse_login, parse_route, read_routes
from .options import ReachOptions
from .route import Route
from .unwrap import applications

__all__ = ["Reach", "endpoint_for", "further", "reach", "require"]

SOURCES: tuple[Callable[[object], Iterator[Route]], ...] = (
    django.routes, werkzeug.routes, pyramid.routes, bottle.routes, falcon.routes, cherrypy.routes, webpy.routes)
"""One for each framework: from one application to its routes."""
MOST_ROUTES = 1000
MOST_SEEDS = 300


@dataclass(frozen=True, slots=True)
class Reach:
    """What an application can be asked.

    Attributes:
        routes: its addresses, those named by hand first.
        material: what the strategies draw from: endpoints of documents and of recorded traffic.
        seeds: whole requests that were recorded.
        notes: what a person should know, one line each.
    """

    routes: tuple[Route, ...] = ()
    material: Material = EMPTY
    seeds: tuple[Request, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Findings:
    routes: list[Route] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def ask_frameworks(self, application: object) -> None:
        for found in applications(application):
            for source in SOURCES:
                try:
                    self.routes += [route.mounted(found.mount) for route in source(found.application)]
                except Exception as error:      # a framework's inside, of another version or half set up
                    name = source.__module__.rpartition(".")[2]
                    self.notes.append(f"the routes of {name} could not be read: {type(error).__name__}: "
                                      f"{show(str(error), 120)}")

    def unique(self) -> tuple[Route, ...]:
        known: dict[tuple[str, str], Route] = {}
        for route in self.routes:
            known.setdefault((route.name, route.pattern.pattern), route)
        return tuple(known.values())[:MOST_ROUTES]


def endpoint_for(request: Request) -> Endpoint:
    """Return the place that a whole request is for, with everything in it that matters there."""
    headers = tuple((name, value) for name, value in request.variables
                    if name.startswith("HTTP_") and name != "HTTP_HOST")
    bodies = ((request.get("CONTENT_TYPE"), request.body),) if request.body else ()
    return Endpoint(request.path, (request.method,), (request.query,) if request.query else (), bodies=bodies,
                    headers=headers[:20], weight=3)


def further(known: Iterable[Route], routes: Iterable[Route]) -> list[Route]:
    """Return those of `routes` that `known` does not have already, under whatever name."""
    known = tuple(known)
    return [route for route in routes
            if not any(other.takes(route.methods[0]) and any(map(other.matches, route.paths)) for other in known)]


def require(options: ReachOptions) -> None:
    """Refuse wishes that cannot be met, before any process is started.

    Raises:
        ConfigError: a file, a route or a login in `options` is wrong.
    """
    if options.login:
        parse_login(options.login)
    reach(None, replace(options, routes="none") if options.routes == "auto" else options)


def reach(application: object, options: ReachOptions | None = None) -> Reach:
    """Return what `application` can be asked, as far as that can be known without asking.

    Raises:
        ConfigError: a file or a route that `options` names is wrong.
    """
    options = options or ReachOptions()
    findings = _Findings([parse_route(text) for text in options.named])
    if options.routes not in ("auto", "none"):
        findings.routes += read_routes(options.routes)
    elif options.routes == "auto":
        findings.ask_frameworks(application)
    endpoints: list[Endpoint] = []
    if options.openapi:
        document = openapi.read_document(options.openapi)
        findings.routes += further(findings.routes, openapi.routes_of(document))
        endpoints += openapi.endpoints_of(document)
    seeds: list[Request] = []
    if options.traffic:
        seeds += recorded.traffic(options.traffic)
    if options.har:
        seeds += recorded.har(options.har)
    if options.access_log:
        seeds += recorded.access_log(options.access_log)
    seeds = recorded.spread(seeds, MOST_SEEDS)
    endpoints += [endpoint_for(request) for request in seeds]
    return Reach(findings.unique(), Material(endpoints=tuple(endpoints)), tuple(seeds), tuple(findings.notes))
