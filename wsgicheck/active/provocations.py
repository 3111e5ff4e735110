"""Requests that make careless code show itself: what a view looks for in query or form, with values that break much.

Drawing gets there too, but by luck, and an answer that can be split by a visitor is nothing to leave to luck. So each
known name is given each of a few values once, all names of a place together and then each alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..model.material import Endpoint, Material
from ..model.request import Request
from ..strategies.queries import encoded

__all__ = ["MOST", "provocations"]

MOST = 80
"""Requests at most."""
VALUES = ("%0D%0AX-Injected:%201", "%E2%98%83", "%FF", "%00", "")
"""A line break with a header field, a character beyond Latin-1, a byte that is no UTF-8, a control character, nothing;
percent-encoded."""
_MOST_NAMES = 16
_FORM = "application/x-www-form-urlencoded"


def _places(material: Material) -> Iterator[Endpoint]:
    places = sorted(material.endpoints, key=lambda endpoint: -endpoint.weight) or [Endpoint("/")]
    return iter(places)


def _texts(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (rank, text): what should come before what, over all places."""
    known = [encoded(name) for name in dict.fromkeys(names)][:_MOST_NAMES]
    for rank, value in enumerate(VALUES):
        if len(known) > 1:
            yield 2 * rank, "&".join(f"{name}={value}" for name in known)
        for name in known:
            yield 2 * rank + (len(known) > 1), f"{name}={value}"


def provocations(material: Material) -> Iterator[Request]:
    """Yield requests for the places of `material`, the most telling first, MOST of them at most."""
    ranked: list[tuple[int, Request]] = []
    for place in _places(material):
        for rank, query in _texts((*place.query_names, *material.query_names)):
            ranked.append((rank, Request.make("GET", place.path, query)))
        if "POST" in place.methods:
            for rank, form in _texts((*place.form_names, *material.form_names)):
                body = form.encode("ascii")
                ranked.append((rank, Request.make("POST", place.path, body=body, content_type=_FORM)))
    ranked.sort(key=lambda pair: pair[0])
    return islice((request for _, request in ranked), MOST)
