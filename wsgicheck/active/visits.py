"""The first requests of a run, before anything is drawn: the login, a crawl, one for each route, provocations.

Laws: each of them is an exchange that is judged as any other; bounded in number and in time; a login that fails is
noted and the run goes on without it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlencode

from ..model.exchange import Exchange
from ..model.material import Endpoint, Material, joined
from ..model.request import Request
from ..reach import openapi
from ..reach.browser import Answer, Browser
from ..reach.crawl import crawl, log_in
from ..reach.reached import LEAVES
from ..reach.route import Route, escaped
from ..reach.survey import Reach, endpoint_for, further
from ..reference.gateway import Response
from .explore import Explorer
from .guide import Guide
from .options import Options
from .provocations import provocations

__all__ = ["Visitor", "answer_of"]

_MOST_NEWS = 12
_FORM = "application/x-www-form-urlencoded"


def answer_of(response: Response) -> Answer | None:
    """Return a response as a browser takes it, None where it is broken or the application raised."""
    status, headers = response.status, response.headers
    if response.error is not None or not isinstance(status, str) or not isinstance(headers, list):
        return None
    if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)
               for pair in headers):
        return None
    return Answer(status, tuple(headers), response.body)


class Visitor:
    """Looks around in one application.

    Args:
        note: is told what a person should know.
    """

    def __init__(self, explorer: Explorer, guide: Guide, found: Reach, options: Options,
                 note: Callable[[str], None]) -> None:
        self.explorer, self.guide, self.found, self.options = explorer, guide, found, options
        self.note = note
        self.material = Material()
        """What was learnt by asking."""
        self.always: tuple[tuple[str, str], ...] = options.reach.cookies
        """Cookies that every request carries."""
        self.news: list[Request] = []
        """Requests that were answered in a way of their own, and so are worth a closer look."""
        self._last: Exchange | None = None
        """What came of the request that was made last, None where it was not made."""
        self._companions: dict[bytes, str] = {}
        self._best: dict[str, list[tuple[int, Request]]] = {}
        self._headers = tuple((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in options.headers)
        self._browser = Browser(self._ask, self.always)

    def _ask(self, request: Request) -> Answer | None:
        self._last = None
        if self.explorer.avoids(request):
            return None
        for name, value in self._headers:
            if not request.has(name):
                request = request.with_variables(**{name: value})
        observed = self.explorer.ask(request)
        self._last = observed.exchange
        route = self.guide.route_of(request)
        if route is not None:
            self._best.setdefault(route.name, []).append((_worth(observed.exchange.code), request))
        return answer_of(observed.response)

    def look_around(self, material: Material, deadline: float) -> None:
        """Log in, crawl, read a document that is served, and ask for each route that was not entered by then."""
        wishes = self.options.reach
        if wishes.login:
            trouble = log_in(self._browser, wishes.login)
            if trouble:
                self.note(f"{trouble}: nobody is logged in")
            self.always = self._browser.cookies
        seeds = (*self._posted(material), *self.found.seeds)[:max(10, self.options.max_examples)]
        for request in seeds:
            if time.monotonic() > deadline:
                break
            self._ask(self.dressed(request))
        if wishes.crawl and wishes.routes != "none":
            self._crawl(deadline)
        self._read_documents()
        self._learn()
        if self.guide.safety.shelter is not None:
            self.guide.safety.shelter.keep()
        self._sweep(material, deadline)
        self._provoke(material.merged(self.material), deadline)

    def _provoke(self, material: Material, deadline: float) -> None:
        """Open the doors that the code shows, and give what it looks for the values that careless code breaks at."""
        kinds: set[tuple[str, ...]] = set()
        for request in provocations(replace(material, endpoints=joined(material.endpoints))):
            if time.monotonic() > deadline:
                return
            self.guide.renew()
            request = self.dressed(request)
            self._ask(request)
            x = self._last
            if x is not None:
                kind = (x.raised_at or x.raised,) if x.raised else (x.status, *sorted(x.names))
                if kind not in kinds and len(self.news) < _MOST_NEWS:
                    self.news.append(request)
                kinds.add(kind)

    @staticmethod
    def _posted(material: Material) -> Iterator[Request]:
        """Yield a request for each body that is known to make sense somewhere."""
        for endpoint in material.endpoints:
            for kind, body in endpoint.bodies if endpoint.methods[:1] == ("POST",) else ():
                yield Request.make("POST", endpoint.path, "".join(endpoint.queries[:1]), body=body, content_type=kind)

    def _crawl(self, deadline: float) -> None:
        plain = [path for route in self.guide.routes if "GET" in route.methods and "<" not in route.rule
                 for path in route.paths[:1] if not LEAVES.search(path)]
        start = ["/", *(path if path.startswith("/") else "/" + path for path in self.options.paths),
                 *map(escaped, plain)]
        now = time.monotonic()
        crawl(self._browser, start, requests=max(20, min(200, 2 * self.options.max_examples)),
              deadline=now + (deadline - now) * 0.6, post=self.guide.safety.all_methods,
              known=bool(self.options.reach.login))

    def _read_documents(self) -> None:
        """Read an OpenAPI document where a route or a visited page looks like one."""
        paths = [path for route in self.guide.routes if "GET" in route.methods for path in route.paths[:1]]
        paths += [visit.request.path for visit in self._browser.visits]
        for path in list(dict.fromkeys(path for path in paths if openapi.SERVED.search(path)))[:4]:
            answer = self._ask(Request.make("GET", path))
            document = openapi.parse_document(answer.body) if answer is not None and answer.code == 200 else None
            if document is not None:
                self.guide.add(further(self.guide.routes, openapi.routes_of(document)))
                self.material = self.material.merged(Material(endpoints=tuple(openapi.endpoints_of(document))))

    def _learn(self) -> None:
        """Make material of what was visited."""
        endpoints = []
        for visit in self._browser.visits:
            request = visit.request
            if request.body:
                self._companions[request.body] = request.get("HTTP_COOKIE")
            if visit.code < 400 or request.body:
                endpoints.append(endpoint_for(request))
        self.material = self.material.merged(Material(endpoints=tuple(endpoints)))

    @property
    def dresses(self) -> bool:
        """Whether there are cookies for requests to be dressed with."""
        return bool(self.always or any(self._companions.values()))

    def dressed(self, request: Request) -> Request:
        """Return the request with the cookies that belong to it."""
        if self.always and not LEAVES.search(request.path):
            own = "; ".join(f"{name}={value}" for name, value in self.always)
            sent = request.get("HTTP_COOKIE")
            if not sent.startswith(own):
                request = request.with_variables(HTTP_COOKIE=f"{own}; {sent}" if sent else own)
        elif request.body and not request.has("HTTP_COOKIE"):
            cookie = self._companions.get(request.body)
            if cookie:
                request = request.with_variables(HTTP_COOKIE=cookie)
        return request

    def _sweep(self, material: Material, deadline: float) -> None:
        """Ask for each route that was not answered well so far, in the ways that its view looks for."""
        known: dict[str, Endpoint] = {}
        for endpoint in (*self.material.endpoints, *material.endpoints):
            known.setdefault(endpoint.path, endpoint)
        # What ends a session is asked last.
        for route in sorted(self.guide.routes, key=lambda route: LEAVES.search(route.rule) is not None):
            self.guide.renew()
            for request in self._ways(route, known):
                if time.monotonic() > deadline:
                    return
                best = max((worth for worth, _ in self._best.get(route.name, ())), default=0)
                if best >= 3:
                    break
                self._ask(request)

    def _ways(self, route: Route, known: dict[str, Endpoint]) -> Iterator[Request]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._browser.cookies)
        cookie = cookies or None
        for path in route.paths[:3]:
            for method in route.methods[:3]:
                if method in ("GET", "HEAD", "OPTIONS", "DELETE", "TRACE"):
                    yield Request.make(method, path, HTTP_COOKIE=cookie)
                    continue
                endpoint = known.get(path)
                bodies = [(kind, text.encode()) for kind, text in self.options.bodies]
                bodies += endpoint.bodies[:2] if endpoint else ()
                names = dict.fromkeys(endpoint.form_names if endpoint else (), "1")
                bodies += [("application/json", json.dumps(dict.fromkeys(names, 1)).encode()),
                           (_FORM, urlencode(names).encode())]
                for kind, body in bodies:
                    yield Request.make(method, path, body=body, content_type=kind, HTTP_COOKIE=cookie)

    def requests(self, most: int) -> list[Request]:
        """Return what to explore in full: for each route the request that did best, the first routes first."""
        found = []
        for route in self.guide.routes:
            tried = self._best.get(route.name)
            if tried:
                worth, request = max(tried, key=lambda pair: pair[0])
                found.append((worth, request))
        # Where there are more routes than examples, those that answered well are worth more.
        best = sorted(range(len(found)), key=lambda index: -found[index][0])[:most]
        return [found[index][1] for index in sorted(best)]


def _worth(code: int) -> int:
    if 200 <= code < 300:
        return 3
    return 2 if 300 <= code < 400 else 1

