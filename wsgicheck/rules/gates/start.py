"""The gate at START: a status and names that were seen before, and values that are short of nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Gate
from ...model.moments import Moment, Start
from ...syntax import COOKIE_PAIR_VALUE, ENTITY_TAG, IMF_FIXDATE, TOKEN, URI_REFERENCE
from .asking import LONG, VARIETIES, nothing_to_say

__all__ = ["START"]

_MOST_NAMES = 8192
"""Characters that the names of one header list may have together to be remembered."""
_BETWEEN = "`~"
"""Stands between values that are looked at together; printable, and in hardly any value beside a space."""

# A cookie whose name promises nothing ("__Secure-", "__Host-"), and all that follows its value.
_COOKIE = re.compile(rf"(?!__)({TOKEN.pattern})=(?:{COOKIE_PAIR_VALUE.pattern})(;.*)?")
_MOST_COOKIE = 4096


@lru_cache(maxsize=VARIETIES)
def _is_legal(name: str, value: str) -> bool:
    return nothing_to_say(Moment.START, Start("200 OK", [(name, value)]))


def _in_few_varieties(name: str) -> Callable[[str], bool]:
    """Return the test of a field of which the same values are seen again and again."""
    return lambda value: len(value) <= LONG and _is_legal(name, value)


@lru_cache(maxsize=VARIETIES)
def _moment(date: str) -> float | None:
    """Return the seconds since the epoch that an IMF-fixdate names, None for anything else."""
    if IMF_FIXDATE.fullmatch(date) is None or not _is_legal("Date", date):
        return None
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_date(value: str) -> bool:
    return len(value) == 29 and _moment(value) is not None


# What the rules look at beyond the text that every value has to be; other fields may say what they like.
_FITS: dict[str, Callable[[str], Any]] = {
    "content-length": str.isdigit,  # of a text that is ASCII
    "content-type": _in_few_varieties("Content-Type"),
    "date": _is_date,
    "last-modified": _is_date,
    "expires": _is_date,
    "retry-after": _in_few_varieties("Retry-After"),
    "etag": ENTITY_TAG.fullmatch,
    "location": URI_REFERENCE.fullmatch,
}
_SAMPLE = {
    "content-length": "1", "content-type": "text/plain", "date": "Wed, 01 Jan 2020 00:00:00 GMT",
    "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT", "expires": "Wed, 01 Jan 2020 00:00:00 GMT", "retry-after": "1",
    "etag": '"x"', "location": "/",
}
# Statuses whose fields are judged by more than each its own value.
_LEFT_TO_THE_RULES = ("206", "416")


class _Shape:
    """What is known of a header list by its status and its names alone.

    Attributes:
        fits: place and test of each field that has a grammar.
        cookies: places of Set-Cookie.
        changed, date: places of Last-Modified and Date, -1 where there is none.
    """

    __slots__ = ("changed", "cookies", "date", "fits")

    def __init__(self, names: list[str]) -> None:
        self.fits = tuple((place, _FITS[name]) for place, name in enumerate(names) if name in _FITS)
        self.cookies = tuple(place for place, name in enumerate(names) if name == "set-cookie")
        self.changed = names.index("last-modified") if "last-modified" in names else -1
        self.date = names.index("date") if "date" in names else -1


_shapes: dict[tuple[str, tuple[str, ...]], _Shape | None] = {}


def _learn(status: str, names: tuple[str, ...]) -> _Shape | None:
    """Judge status and names: by a sample in which all values are legal."""
    lower = [name.lower() for name in names]
    sample = [(name, _SAMPLE.get(low, f"c{place}=v" if low == "set-cookie" else "x"))
              for place, (name, low) in enumerate(zip(names, lower))]
    known = not status.startswith(_LEFT_TO_THE_RULES) and nothing_to_say(Moment.START, Start(status, sample))
    shape = _Shape(lower) if known else None
    if len(status) + sum(map(len, names)) <= _MOST_NAMES:
        if len(_shapes) >= VARIETIES:
            _shapes.clear()
        _shapes[status, names] = shape
    return shape


@lru_cache(maxsize=VARIETIES)
def _are_legal_attributes(text: str) -> bool:
    return nothing_to_say(Moment.START, Start("200 OK", [("Set-Cookie", f"a=b{text}")]))


def _are_cookies(values: list[str]) -> bool:
    names = set()
    for value in values:
        found = _COOKIE.fullmatch(value)
        if found is None or len(value) > _MOST_COOKIE:
            return False
        name, attributes = found.groups()
        if attributes is not None and (len(attributes) > LONG or not _are_legal_attributes(attributes)):
            return False
        names.add(name)
    return len(names) == len(values)


def _is_past(changed: str, date: str | None) -> bool:
    moment, now = _moment(changed), time.time() if date is None else _moment(date)
    return moment is not None and now is not None and moment <= now


def _proves(x: Exchange, start: Start) -> bool:
    status, _, exc_info, plain = start
    if (plain is None or exc_info is not None or type(status) is not str or x.starts or x.over or x.ending is not None
            or x.start_keywords or x.start_positional != 2):
        return False
    names, values = plain
    key = status, names
    shape = _shapes.get(key)
    if shape is None:
        shape = None if key in _shapes else _learn(status, names)
        if shape is None:
            return False
    text = f"{_BETWEEN}{_BETWEEN.join(values)}{_BETWEEN}"
    if not text.isascii() or not text.isprintable() or "`~ " in text or " `~" in text:
        return False
    for place, fits in shape.fits:
        if not fits(values[place]):
            return False
    if shape.cookies and not _are_cookies([values[place] for place in shape.cookies]):
        return False
    return shape.changed < 0 or _is_past(values[shape.changed], values[shape.date] if shape.date >= 0 else None)


START = Gate(Moment.START, proves=_proves, clears=frozenset({
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
