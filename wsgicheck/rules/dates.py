"""Dates in the header fields of a response: their one form, and what they may say (RFC 9110 5.6.7, 8.8.2)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, rfc, rule
from ..show import show
from ..syntax import DIGITS, IMF_FIXDATE
from .header_text import CLEAN
from .headers import field_values, pairs

_NO_DATE = ("0", "-1")
"""What is written as Expires to say "already stale"; every cache takes it so (RFC 9111 5.3)."""


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-011",), given=CLEAN, cites=rfc(9110, "5.6.7"))
def dates_are_imf_fixdates(x: Exchange, start: Start) -> Verdict:
    """A date in Date, Expires, Last-Modified or Retry-After has the one form "Sun, 06 Nov 1994 08:49:37 GMT".

    In any other form (ISO 8601, a numeric zone, "UTC", a day without its zero, names of months in the
    server's language) a cache takes it as no date, and the page is fetched each time or never validated. Write
    `email.utils.formatdate(seconds, usegmt=True)` or `format_datetime(moment, usegmt=True)`; strftime follows the
    locale.
    """
    judged = False
    for name, value in pairs(start.headers):
        key, value = name.lower(), value.strip(" ")
        if key in ("date", "last-modified") or (key == "expires" and value not in _NO_DATE):
            form = "an IMF-fixdate"
        elif key == "retry-after":
            if DIGITS.fullmatch(value):
                continue
            form = "seconds or an IMF-fixdate"
        else:
            continue
        judged = True
        if IMF_FIXDATE.fullmatch(value) is None:
            return f"the headers hold {show((name, value))}; expected {form}, Sun, 06 Nov 1994 08:49:37 GMT"
    return HOLDS if judged else NOT_APPLICABLE


@dates_are_imf_fixdates.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", moment.isoformat())])
    return [b"hello"]


@dates_are_imf_fixdates.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from email.utils import formatdate

    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", formatdate(784111777))])
    return [b"hello"]


@dates_are_imf_fixdates.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Expires", "Sunday, 06-Nov-94 08:49:37 GMT")])
    return [b"hello"]


@dates_are_imf_fixdates.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "5 minutes")])
    return [b"later"]


@dates_are_imf_fixdates.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from email.utils import formatdate

    past = formatdate(784111777, usegmt=True)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", past), ("Expires", past)])
    return [b"hello"]


@dates_are_imf_fixdates.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "300"),
                                               ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
    return [b"later"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HTTP-011",), given=CLEAN, cites=rfc(9111, "5.3"))
def expires_is_a_date(x: Exchange, start: Start) -> Verdict:
    """Expires is a date, and not "0" or "-1".

    Caches have learnt to take such a value as "already expired", so nothing breaks; it is no date all the same. Say
    `("Cache-Control", "no-cache")` or `max-age=0`, which every cache of today obeys over Expires.
    """
    values = field_values(start.headers, "expires")
    if not values:
        return NOT_APPLICABLE
    for value in values:
        if value in _NO_DATE:
            return f"the headers hold {show(('Expires', value))}; expected a date"
    return HOLDS


@expires_is_a_date.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Expires", "0")])
    return [b"hello"]


@expires_is_a_date.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")])
    return [b"hello"]


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _moment(value: str) -> datetime | None:
    """Return the moment that an IMF-fixdate names, None where `value` is none or there is no such day."""
    if IMF_FIXDATE.fullmatch(value) is None:
        return None
    try:
        return datetime(int(value[12:16]), _MONTHS.index(value[8:11]) + 1, int(value[5:7]), int(value[17:19]),
                        int(value[20:22]), min(int(value[23:25]), 59), tzinfo=UTC)
    except ValueError:
        return None


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-012",), given=(*CLEAN, dates_are_imf_fixdates),
      cites=rfc(9110, "8.8.2.1"))
def last_modified_is_not_in_the_future(x: Exchange, start: Start) -> Verdict:
    """Last-Modified is not later than the response itself: its own Date, or else the present.

    A cache that gets a date to come thinks the page unchanged until then, or ignores it. Local time written as GMT
    is the usual cause, so it shows east of Greenwich only; files unpacked with a wrong clock are another. Format
    a moment in UTC, and send the lesser of it and now.
    """
    changed = [moment for moment in map(_moment, field_values(start.headers, "last-modified")) if moment is not None]
    if not changed:
        return NOT_APPLICABLE
    dates = [moment for moment in map(_moment, field_values(start.headers, "date")) if moment is not None]
    # Most applications leave Date to the server, which sets it a moment from now. So the clock is read here, the one
    # place where a check looks beyond its arguments; a second of grace for an application that rounds up. The
    # evidence doesn't quote the clock, so that the same breach is told in the same words.
    latest = max(dates) if dates else datetime.fromtimestamp(time.time() + 1, UTC)
    if max(changed) <= latest:
        return HOLDS
    value = field_values(start.headers, "last-modified")[0]
    return (f"the headers hold {show(('Last-Modified', value))}; "
            f"expected nothing later than {'Date' if dates else 'the present'}")


@last_modified_is_not_in_the_future.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                              ("Last-Modified", "Sun, 06 Nov 1994 09:49:37 GMT")])
    return [b"hello"]


@last_modified_is_not_in_the_future.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from email.utils import formatdate

    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Last-Modified", formatdate(time.time() + 7200, usegmt=True))])
    return [b"hello"]


@last_modified_is_not_in_the_future.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from email.utils import formatdate

    now = formatdate(usegmt=True)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Date", now), ("Last-Modified", now)])
    return [b"hello"]


@last_modified_is_not_in_the_future.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from email.utils import formatdate

    start_response("200 OK", [("Content-Type", "text/plain"), ("Last-Modified", formatdate(usegmt=True)),
                              ("Expires", formatdate(time.time() + 7200, usegmt=True))])
    return [b"hello"]
