"""With another request field: what the answer depends on, says it depends on, and may not depend on."""

from __future__ import annotations

import gzip
from typing import Any

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, pep, relation, rfc
from ...model.story import Story
from ...show import show
from .answers import SAFE, answered, steady, text_of

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")

_CHOICES = (
    ("Accept", ("application/json", "text/html", "text/plain;q=0.1")),
    ("Accept-Language", ("de", "fr;q=0.9, en;q=0.1")),
    ("Accept-Encoding", ("gzip, deflate, br",)),
    ("Cookie", ("lang=de; theme=dark; session=visitor; sessionid=visitor; user=visitor", "")),
)


def _key(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


def _varies(x: Exchange, name: str) -> bool:
    named = {word.strip().lower() for value in x.values("vary") for word in value.split(",")}
    return "*" in named or name.lower() in named


def _uncached(x: Exchange) -> bool:
    """Tell whether no shared cache may keep the answer, so that nobody asks for its Vary."""
    control = ",".join(x.values("cache-control")).lower()
    return "no-store" in control or "private" in control


def _echoes(one: Exchange, two: Exchange, name: str) -> bool:
    """Tell whether the body prints environ: then it differs by what it is about."""
    return _key(name) in text_of(two) or name.lower() + ":" in text_of(two).lower() != text_of(one).lower()


@relation(binds=APPLICATION, level=SHOULD, covers=("HTTP-016",), cites=rfc(9110, "12.5.5"), blames="start")
def vary_names_what_the_answer_depends_on(request: Request) -> Story:
    """An answer that depends on Accept, Accept-Encoding, Accept-Language or Cookie names the field in Vary.

    A cache between you and the visitors (a CDN, a company's proxy, the browser itself) keeps one answer for each URL
    and gives it to everybody: German pages to French readers, gzip to clients that cannot read it, the page of one
    session to all. Add `Vary: Accept-Language` (and so on), or `Cache-Control: private` where no cache may keep it.
    """
    if request.method != "GET":
        return NOT_APPLICABLE
    base = yield from steady(request)
    if base is None or not base.body or _uncached(base.x):
        return NOT_APPLICABLE
    for name, values in _CHOICES:
        if _varies(base.x, name):
            continue
        for value in values:
            if value == request.get(_key(name)):
                continue
            changed = Case(request.with_variables(**{_key(name): value or None}))
            other = yield changed
            if not answered(other) or other.status != base.x.status or _uncached(other) or _varies(other, name):
                continue
            if other.body != base.x.body and not _echoes(base.x, other, name):
                # A page may have changed by itself meanwhile: a clock in it, the age of what it lists.
                if base.differs((yield Case(request))):
                    return NOT_APPLICABLE
                yield changed  # the answer to look at, last
                return (f"{'with ' + name + ': ' + show(value) if value else 'without ' + name} the body is "
                        f"{show((other.body or b'')[:40])}, otherwise {show((base.x.body or b'')[:40])}, and Vary is "
                        f"{show(', '.join(base.x.values('vary')))}; expected it to name {name}")
    return HOLDS


@vary_names_what_the_answer_depends_on.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [_PLAIN, ("Vary", "Accept")])
    return [b"Guten Tag" if german else b"Good morning"]


@vary_names_what_the_answer_depends_on.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        start_response("200 OK", [_PLAIN, ("Content-Encoding", "gzip")])
        return [gzip.compress(b"hello", mtime=0)]
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@vary_names_what_the_answer_depends_on.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [_PLAIN, ("Vary", "Cookie, accept-language")])
    return [b"Guten Tag" if german else b"Good morning"]


@vary_names_what_the_answer_depends_on.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN, ("Cache-Control", "private")])
    return [environ.get("HTTP_COOKIE", "no cookie").encode("latin-1")]


_HOP_BY_HOP = (
    {"HTTP_CONNECTION": "close"}, {"HTTP_CONNECTION": "keep-alive", "HTTP_KEEP_ALIVE": "timeout=5"},
    {"HTTP_TE": "trailers, deflate;q=0.5"}, {"HTTP_PROXY_CONNECTION": "keep-alive"},
)


@relation(binds=APPLICATION, level=MUST, covers=("HD-016",), cites=pep(
    "other-http-features", "rely on the content of any incoming \"hop-by-hop\" headers in the ``environ`` dictionary."))
def hop_by_hop_fields_change_nothing(request: Request) -> Story:
    """The answer does not depend on Connection, Keep-Alive, TE or Proxy-Connection of the request.

    These fields are between the client and the next hop, which is the server or the proxy before it, and both add and
    remove them as they like. An application that looks at HTTP_CONNECTION answers one thing on the development server
    and another behind nginx, which sends "close" on its side. Leave connections to the server.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    base = yield from steady(request)
    if base is None:
        return NOT_APPLICABLE
    for changes in _HOP_BY_HOP:
        if any(request.has(name) for name in changes):
            continue
        other = yield Case(request.with_variables(**changes))
        told = base.differs(other)
        page = text_of(other)
        if not told or any(name in page or value in page for name, value in changes.items()):
            continue  # a page that prints environ does not rely on it
        if other.value("Content-Encoding"):
            continue  # it may print environ all the same, where it can't be read
        if base.differs((yield Case(request))):
            return NOT_APPLICABLE  # it changes with time ("67 seconds ago"), more slowly than it was looked at
        if not base.differs((yield Case(request.with_variables(**changes)))):
            continue
        words = " and ".join(f"{name} {show(value)}" for name, value in changes.items())
        return f"without and with {words}: {told}; expected the same answer"
    return HOLDS


@hop_by_hop_fields_change_nothing.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    if environ.get("HTTP_CONNECTION", "").lower() == "close":
        return [b"good bye"]
    return [b"see you"]


@hop_by_hop_fields_change_nothing.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN, ("Content-Encoding", "gzip")])
    return [gzip.compress(repr(environ.get("HTTP_TE")).encode(), mtime=0)]


@hop_by_hop_fields_change_nothing.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [f"{key}={environ[key]}\n".encode("latin-1") for key in sorted(environ) if key.startswith("HTTP_")]
