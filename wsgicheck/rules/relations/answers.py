"""How two answers are compared: what differs, what may always differ, and what this application lets differ by itself.

Laws: only what stays the same when the same request is made again is compared; a difference is told on one line.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Ending
from ...model.request import PLAIN, Case, Drive, Request
from ...show import show

__all__ = ["SAFE", "Steady", "ages", "answer", "answered", "difference", "failed", "fields", "refused", "steady",
           "text_of", "whole"]

SAFE = ("GET", "HEAD")
_VOLATILE = frozenset({
    "date", "set-cookie", "expires", "age", "x-runtime", "x-request-id", "x-correlation-id", "server-timing",
    "x-response-time", "x-process-time", "content-security-policy", "report-to", "x-amzn-trace-id",
})
"""Fields that change from one answer to the next by their nature."""
_WITH_BODY = frozenset({"content-length", "etag", "content-md5", "digest", "content-digest", "repr-digest"})
"""Fields that change with the body."""


def failed(x: Exchange) -> bool:
    """Tell whether the application raised or answered that it failed."""
    return bool(x.raised) or x.code == 500


def refused(x: Exchange) -> bool:
    """Tell whether what was raised came of the server's refusal: of what start_response or write() was given, or of a
    wrapped file that the server could not read. Rules of their own judge what was wrong with it."""
    return bool(x.raised) and (x.start_failed or x.write_failed or x.file_wrapped)


def answered(x: Exchange) -> bool:
    """Tell whether the request was answered, with neither an exception nor an error."""
    return not x.raised and 200 <= x.code < 400


def answer(x: Exchange) -> str:
    """Return how the exchange went, for a person."""
    if x.raised:
        return x.raised + (f" at {x.raised_at}" if x.raised_at else "")
    return show(x.status)[1:-1] if x.status else "no status"


def fields(x: Exchange, but: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Return the values of the header fields by lower-case name, without those that always differ and those in
    `but`."""
    found: dict[str, list[str]] = {}
    for name, value in x.headers:
        key = name.lower()
        if key not in _VOLATILE and key not in but:
            found.setdefault(key, []).append(value)
    return found


def text_of(x: Exchange) -> str:
    """Return the body as far as it is text, each byte one character."""
    return (x.body or b"").decode("latin-1")


def whole(x: Exchange) -> bytes | None:
    """Return the content of the answer, None where not all of it is known: cut short, too long to be kept, left out."""
    if x.raised or x.bodyless or x.body is None or x.ending not in (Ending.EXHAUSTED, Ending.HANDED_OVER):
        return None
    size = x.declared_length if x.file_wrapped else x.bytes_sent
    return x.body if size is None or size == len(x.body) else None


def _cut(one: bytes, two: bytes) -> str:
    at = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    begin = max(0, at - 8)
    return f"{show(one[begin : at + 24])} and {show(two[begin : at + 24])} at byte {begin}"


def difference(one: Exchange, two: Exchange, *, but: frozenset[str] = frozenset(), body: bool = True) -> str:
    """Return what differs between two answers, "" if nothing does.

    Args:
        but: header fields that do not count.
        body: whether the body counts.
    """
    if 429 in (one.code, two.code):
        return ""  # asked too often: that says nothing of what was asked
    if bool(one.raised) != bool(two.raised) or one.status != two.status:
        return f"{answer(one)} and {answer(two)}"
    first, second = fields(one, but), fields(two, but)
    for name in dict.fromkeys((*first, *second)):
        if first.get(name) != second.get(name):
            if name not in first or name not in second:
                have, lack = ("first", "second") if name in first else ("second", "first")
                return (f"{name}: {show(', '.join(first.get(name) or second[name]))} in the {have} and none in the "
                        f"{lack}")
            return f"{name}: {show(', '.join(first[name]))} and {show(', '.join(second[name]))}"
    if body and one.body != two.body:
        return _cut(one.body or b"", two.body or b"")
    return ""


@dataclass(frozen=True, slots=True)
class Steady:
    """An answer, and what of it stays when the same request is made again.

    Attributes:
        but: header fields that did not stay.
        body: whether the body stayed.
    """

    x: Exchange
    again: Exchange
    but: frozenset[str]
    body: bool

    def differs(self, other: Exchange, but: frozenset[str] = frozenset()) -> str:
        """Return in what `other` differs from the answer, "" if only in what does not stay."""
        return difference(self.x, other, but=self.but | but, body=self.body)


def ages(request: Request, base: Steady) -> Generator[Case, Any, bool]:
    """Tell whether the answer changes with the time alone, as a page does that holds a clock; looks on for a second."""
    now: Exchange = yield Case(request)
    for _ in range(6):
        time.sleep(0.2)
        later: Exchange = yield Case(request)
        if difference(now, later, but=base.but, body=base.body):
            return True
    return False


def steady(request: Request, drive: Drive = PLAIN) -> Generator[Case, Any, Steady | None]:
    """Make the request twice; return the answer and what of it stays, None where it was not answered well both
    times."""
    one: Exchange = yield Case(request, drive)
    if not answered(one):
        return None
    two: Exchange = yield Case(request, drive)
    if two.raised or one.status != two.status:
        return None
    first, second = fields(one), fields(two)
    but = {name for name in (*first, *second) if first.get(name) != second.get(name)}
    same = one.body == two.body
    return Steady(one, two, frozenset(but) if same else frozenset(but | _WITH_BODY), same)


def without(request: Request, *names: str) -> Request:
    """Return the request without the variables of those names."""
    return request.with_variables(**dict.fromkeys(names))


def media_type(x: Exchange) -> str:
    """Return the media type of the answer in lower case, without parameters."""
    return (x.value("content-type") or "").partition(";")[0].strip().lower()


_HTML_URL = re.compile(r"""<(?:a|link|area|form)\b[^>]*?\b(?:href|action)\s*=\s*["']([^"'<>]+)["']""", re.IGNORECASE)


def urls_in(x: Exchange, most: int = 20) -> list[tuple[str, str]]:
    """Return (where, URL) of what the answer points to: Location, Content-Location, Refresh, links of an HTML page."""
    found = [(name, value) for name in ("Location", "Content-Location") for value in x.values(name)]
    for value in x.values("refresh"):
        _, separator, url = value.partition("url=")
        if separator:
            found.append(("Refresh", url.strip()))
    if media_type(x) == "text/html" and x.code == 200:
        found += [("a link", url.replace("&amp;", "&")) for url in _HTML_URL.findall(text_of(x))[:most]]
    return found


def asked(request: Request, **changes: Any) -> Case:
    """Return the plain case of the request with attributes of it changed."""
    return Case(replace(request, **changes))
