"""The gate at START: a status and names that were seen before, and values that are short of nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Gate
from ...model.moments import MOST_NAMES, Head, Moment, Start
from ...syntax import COOKIE_PAIR_VALUE, IMF_FIXDATE, LENGTHS, TOKEN, URI_REFERENCE
from .asking import LONG, VARIETIES, nothing_to_say

__all__ = ["START"]

_BETWEEN = "`~"
"""Stands between values that are looked at together; printable, and in hardly any value beside a space."""

# A cookie whose name promises nothing ("__Secure-", "__Host-"), without attributes.
_COOKIE = re.compile(rf"(?!__)({TOKEN.pattern})=(?:{COOKIE_PAIR_VALUE.pattern})")
_MOST_COOKIE = 4096
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')  # of ASCII alone: beyond it there are control characters


class _Known(dict[str, bool]):
    """Whether a value is legal in the field called `name`, after `before`; asked once for each: `known[value]`."""

    __slots__ = ("before", "name")

    def __init__(self, name: str, before: str = "") -> None:
        super().__init__()
        self.name = name
        self.before = before

    def __missing__(self, value: str) -> bool:
        legal = nothing_to_say(Moment.START, Start("200 OK", [(self.name, self.before + value)]))
        if len(value) <= LONG:
            if len(self) >= VARIETIES:
                self.clear()
            self[value] = legal
        return legal


_DATES = _Known("Date")


@lru_cache(maxsize=VARIETIES)
def _moment(date: str) -> float | None:
    """Return the seconds since the epoch that an IMF-fixdate names, None for anything else."""
    if IMF_FIXDATE.fullmatch(date) is None or not _DATES[date]:
        return None
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_date(value: str) -> bool:
    return len(value) == 29 and _moment(value) is not None


# Tests that leave no rule anything to say of the value; of other fields any text will do that is one.
_FITS: dict[str, Callable[[str], Any]] = {
    "content-type": _Known("Content-Type").__getitem__,
    "date": _is_date,
    "last-modified": _is_date,
    "expires": _is_date,
    "retry-after": _Known("Retry-After").__getitem__,
    "etag": _TAG.fullmatch,
    "location": URI_REFERENCE.fullmatch,
}
_SAMPLE = {
    "content-length": "1", "content-type": "text/plain", "date": "Wed, 01 Jan 2020 00:00:00 GMT",
    "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT", "expires": "Wed, 01 Jan 2020 00:00:00 GMT", "retry-after": "1",
    "etag": '"x"', "location": "/",
}
# Statuses whose fields are judged by more than each its own value.
_LEFT_TO_THE_RULES = (206, 416)


class _Shape:
    """What is known of a header list by its status and its names alone.

    Attributes:
        fits: place and test of each field that has a grammar, Content-Length and Set-Cookie aside.
        cookies: places of Set-Cookie.
        free: gives the values of the fields that may say what they like; None where there is none.
        changed, date: places of Last-Modified and Date, -1 where there is none.
    """

    __slots__ = ("changed", "cookies", "date", "fits", "free")

    def __init__(self, names: list[str]) -> None:
        self.fits = tuple((place, _FITS[name]) for place, name in enumerate(names) if name in _FITS)
        self.cookies = tuple(place for place, name in enumerate(names) if name == "set-cookie")
        free = [place for place, name in enumerate(names)
                if name not in _FITS and name not in ("content-length", "set-cookie")]
        self.free = _taking(free)
        self.changed, self.date = (
            names.index(name) if name in names else -1 for name in ("last-modified", "date"))


def _taking(places: list[int]) -> Callable[[Sequence[str]], Sequence[str]] | None:
    if not places:
        return None
    # Of a single place an itemgetter would give no sequence of texts, but the text.
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


_shapes: dict[Head, _Shape | None] = {}


def _learn(head: Head) -> _Shape | None:
    """Judge status and names: by a sample in which all values are legal."""
    if len(head.names) > MOST_NAMES:
        return None
    lower = [name.lower() for name in head.names]
    sample = [(name, _SAMPLE.get(low, f"c{place}=v" if low == "set-cookie" else "x"))
              for place, (name, low) in enumerate(zip(head.names, lower))]
    known = head.code not in _LEFT_TO_THE_RULES and nothing_to_say(Moment.START, Start(head.status, sample))
    shape = _Shape(lower) if known else None
    if len(_shapes) >= VARIETIES:
        _shapes.clear()
    _shapes[head] = shape
    return shape


_ATTRIBUTES = _Known("Set-Cookie", "a=b;")


def _are_cookies(values: list[str]) -> bool:
    names = set()
    for value in values:
        pair, semicolon, attributes = value.partition(";")
        found = _COOKIE.fullmatch(pair)
        if found is None or len(value) > _MOST_COOKIE or (semicolon and not _ATTRIBUTES[attributes]):
            return False
        names.add(found[1])
    return len(names) == len(values)


def _is_past(changed: str, date: str | None) -> bool:
    moment, now = _moment(changed), time.time() if date is None else _moment(date)
    return moment is not None and now is not None and moment <= now


def _is_text(values: Sequence[str]) -> bool:
    text = _BETWEEN.join(values)
    return (text.isascii() and text.isprintable() and "`~ " not in text and " `~" not in text
            and text == text.strip(" "))


def _proves(x: Exchange, start: Start) -> bool:
    _, _, exc_info, head, values, positional, keywords = start
    if (head is None or exc_info is not None or x.starts or x.over or x.ending is not None
            or keywords or positional > 3):
        return False
    shape = _shapes.get(head)
    if shape is None:
        shape = None if head in _shapes else _learn(head)
        if shape is None:
            return False
    if shape.free is not None and not _is_text(shape.free(values)):
        return False
    if head.lengths_at and LENGTHS[values[head.lengths_at[0]]] is None:
        return False
    for place, fits in shape.fits:
        if not fits(values[place]):
            return False
    if shape.cookies and not _are_cookies([values[place] for place in shape.cookies]):
        return False
    return shape.changed < 0 or _is_past(values[shape.changed], values[shape.date] if shape.date >= 0 else None)


def _likeness(x: Exchange, start: Start) -> Hashable:
    return start.head, tuple(start.values)


START = Gate(Moment.START, proves=_proves, likeness=_likeness, clears=frozenset({
    # The call.
    "start-response-gets-two-or-three-arguments", "start-response-called-positionally",
    "start-response-belongs-to-its-request", "start-response-called-again-only-with-exc-info",
    "exc-info-is-a-sys-exc-info-tuple", "exc-info-tells-of-an-error-that-happened",
    # The status.
    "status-is-str", "status-is-no-str-subclass", "status-is-latin-1", "status-does-not-end-in-a-line-break",
    "status-has-no-control-characters", "status-has-no-surrounding-whitespace", "status-begins-with-three-digits",
    "status-has-reason-phrase", "status-code-and-phrase-are-one-space-apart", "reason-phrase-is-not-empty",
    "status-code-is-between-100-and-599", "status-is-final", "no-response-asks-for-an-upgrade",
    # The list and its types.
    "header-list-is-a-list", "header-items-are-pairs", "header-pairs-are-plain-tuples", "header-names-are-strings",
    "header-values-are-strings", "header-strings-are-plain", "header-text-is-latin-1",
    # The names.
    "header-names-are-tokens", "header-names-end-in-a-letter-or-digit", "no-header-is-named-status",
    "connection-is-left-to-the-server", "transfer-encoding-is-left-to-the-server",
    "hop-by-hop-headers-are-left-to-the-server", "proxy-authentication-is-left-to-proxies",
    "content-length-occurs-once", "single-fields-occur-once", "method-not-allowed-carries-allow",
    "unauthorized-carries-www-authenticate", "partial-content-says-which-part", "redirects-carry-location",
    # The values.
    "header-values-have-no-line-breaks", "header-values-have-no-control-characters",
    "header-values-have-no-c1-controls", "header-values-are-trimmed", "declared-length-is-digits",
    "content-type-is-a-media-type", "content-range-is-well-formed", "dates-are-imf-fixdates", "expires-is-a-date",
    "last-modified-is-not-in-the-future", "etag-is-a-quoted-tag", "location-is-a-uri-reference",
    # The cookies.
    "each-cookie-has-its-own-field", "cookie-names-are-tokens", "cookie-values-are-cookie-octets",
    "cookie-expires-is-a-date", "cookie-max-age-is-an-integer", "deleted-cookies-carry-expires-too",
    "no-cookie-is-set-twice", "cookie-names-are-set-once", "cookie-attributes-occur-once",
    "cookie-prefixes-are-honoured", "same-site-none-comes-with-secure", "same-site-is-strict-lax-or-none",
    "cookies-fit-4096-bytes",
}))
