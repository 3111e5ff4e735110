"""Requests that open the doors which an application's own code shows, and such as careless code breaks at.

Drawing gets there too, but by luck, and some things are nothing to leave to luck: an answer that a visitor can split,
a branch that one header field with one value enters. So what the code names is asked for once, and each name that it
looks for in a query or a form gets each of a few values, all names of a place together and then each alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..model.material import Endpoint, Material
from ..model.request import Request
from ..strategies.queries import encoded

__all__ = ["MOST", "doors", "provocations"]

MOST = 120
"""Requests at most."""
VALUES = ("%0D%0AX-Injected:%201", "%E2%98%83", "%FF", "%00", "")
"""A line break with a header field, a character beyond Latin-1, a byte that is no UTF-8, a control character, nothing;
percent-encoded."""
_METHODS = ("HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_MOST_NAMES = 16
_MOST_DOORS = 24
_FORM = "application/x-www-form-urlencoded"

Ranked = Iterator[tuple[int, Request]]
"""Requests, and what should come before what over all places."""


def _texts(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    known = [encoded(name) for name in dict.fromkeys(names)][:_MOST_NAMES]
    for rank, value in enumerate(VALUES):
        if len(known) > 1:
            yield 2 * rank, "&".join(f"{name}={value}" for name in known)
        for name in known:
            yield 2 * rank + (len(known) > 1), f"{name}={value}"


def _hostile(place: Endpoint, material: Material) -> Ranked:
    for rank, query in _texts((*place.query_names, *material.query_names)):
        yield rank, Request.make("GET", place.path, query)
    if "POST" in place.methods:
        for rank, form in _texts((*place.form_names, *material.form_names)):
            yield rank, Request.make("POST", place.path, body=form.encode("ascii"), content_type=_FORM)


def _doors(place: Endpoint, material: Material, first: bool) -> Ranked:
    """Yield a request for each method, query and header field that the code names."""
    headers = (*place.headers, *material.headers)[:_MOST_DOORS]
    own_headers, own_queries = len(place.headers), len(place.queries)
    queries = (*place.queries, *material.queries, *(f"{encoded(name)}={encoded(value)}"
                                                    for name, value in material.pairs))[:_MOST_DOORS]
    methods = (*place.methods, *material.methods, *(_METHODS if first else ()))
    yield from ((1, Request.make(method, place.path)) for method in methods)
    if "POST" in methods:
        # Whoever splits it at the boundary has none to split it at.
        yield 1, Request.make("POST", place.path, body=b"--x\r\n", content_type="multipart/form-data")
    yield from ((1 if number < own_headers else 3, Request.make("GET", place.path).with_variables(**{name: value}))
                for number, (name, value) in enumerate(headers))
    yield from ((1 if number < own_queries else 3, Request.make("GET", place.path, query))
                for number, query in enumerate(queries))


def doors(material: Material) -> list[Request]:
    """Return a request for each method, query and header field that the code names, at the first place of all.

    What proxies say of where they stand is left out: who believes it believes it as it was meant.
    """
    place = max(material.endpoints, key=lambda endpoint: endpoint.weight, default=Endpoint("/"))
    ranked = sorted(_doors(place, material, first=False), key=lambda pair: pair[0])
    asked = dict.fromkeys(request for _, request in ranked)
    return [request for request in asked if not any("FORWARDED" in name for name, _ in request.variables)][:_MOST_DOORS]


def provocations(material: Material) -> Iterator[Request]:
    """Yield requests for the places of `material`, the most telling first, MOST of them at most."""
    places = sorted(material.endpoints, key=lambda endpoint: -endpoint.weight) or [Endpoint("/")]
    ranked = [pair for place in places
              for pair in (*_hostile(place, material), *_doors(place, material, place is places[0]))]
    ranked.sort(key=lambda pair: pair[0])
    return islice(dict.fromkeys(request for _, request in ranked), MOST)
