"""Request header fields as environ carries them: (environ key, value) pairs.

Laws: keys are HTTP_* and none of those whose content has a key of its own or frames the message
(Content-Type, Content-Length, Transfer-Encoding); values are Latin-1, trimmed, and hold no control
character. "Proxy" is left out: a careful server drops it (CVE-2016-5385). Host and Cookie are drawn
elsewhere, and come from here only where the material names them.
"""

from __future__ import annotations

from hypothesis import strategies as st

from .cookies import legal_field
from .material import EMPTY, Material
from .weighted import Groups, table

__all__ = ["COMMON", "RESERVED", "Fields", "header_fields"]

Fields = tuple[tuple[str, str], ...]
"""Some header fields of one request."""

RESERVED = frozenset({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_PROXY"})
"""Keys that are never drawn as fields."""

_DATE, _OLD, _LATE = ("Wed, 21 Oct 2015 07:28:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
                      "Fri, 31 Dec 9999 23:59:59 GMT")


def _each(key: str, *values: str) -> list[Fields]:
    return [((key, value),) for value in values]


CONDITIONS: list[Fields] = [
    *_each("HTTP_IF_NONE_MATCH", "*", '"x"', 'W/"x", "y"', "x", '""', '"', ","),
    *_each("HTTP_IF_MODIFIED_SINCE", _DATE, _LATE, _OLD, "0", "x", "Wed, 32 Foo 2015 25:61:00 GMT",
           "Wed, 21 Oct 99999 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT"),
    *_each("HTTP_IF_MATCH", "*", '"x"'), *_each("HTTP_IF_UNMODIFIED_SINCE", _DATE, _LATE, "x"),
]
RANGES: list[Fields] = [
    *_each("HTTP_RANGE", "bytes=0-0", "bytes=0-", "bytes=-1", "bytes=0-0,2-3", "bytes=9999999-",
           "bytes=0-99999999999999999999", "bytes=-0", "bytes=5-2", "bytes=--1", "bytes=a-b", "bytes=",
           "lines=0-1",
           "bytes", "bytes=0-0," * 50 + "1-1"),
    (("HTTP_RANGE", "bytes=0-0"), ("HTTP_IF_RANGE", '"x"')),
    (("HTTP_RANGE", "bytes=0-0"), ("HTTP_IF_RANGE", _DATE)),
]
NEGOTIATION: list[Fields] = [
    *_each("HTTP_ACCEPT_ENCODING", "gzip", "gzip, deflate, br, zstd", "gzip;q=0, identity", "*;q=0", "",
           "gzip;q=x",
           "identity;q=0"),
    *_each("HTTP_ACCEPT", "*/*", "text/html", "application/json", "text/html;q=x, */*;q=2", "*", ",;,", "",
           "application/xml, text/plain;q=0.5", "a/b/c", "image/*", "text/html; charset=\"\xff\""),
    *_each("HTTP_ACCEPT_LANGUAGE", "en", "de-CH, de;q=0.9, *;q=0.1", "x;q=nan", "en-" + "a" * 300, "", "-",
           "\xc3\xa9"),
    *_each("HTTP_ACCEPT_CHARSET", "utf-8", "x-nope"),
]
IDENTITY: list[Fields] = [
    *_each("HTTP_AUTHORIZATION", "Basic dTpw", "Basic", "Basic !!!", "Basic /////w==", "Basic bm9jb2xvbg==",
           "Bearer x.y.z",
           "Bearer", "Digest username=\"u\"", "", "x", "Basic \xff"),
    *_each("HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "", "\xff",
           "a" * 2000,
           "curl/8.14.1", "Googlebot/2.1 (+http://www.google.com/bot.html)"),
    *_each("HTTP_REFERER", "http://127.0.0.1/", "x", "http://[", "http://example.com/\xff", ""),
    *_each("HTTP_ORIGIN", "http://example.com", "null"),
]
FORWARDED: list[Fields] = [
    *_each("HTTP_X_FORWARDED_FOR", "192.0.2.1", "192.0.2.1, 198.51.100.2", "unknown", "[2001:db8::1]:80", ""),
    *_each("HTTP_X_FORWARDED_PROTO", "https", "https, http", "x"),
    *_each("HTTP_X_FORWARDED_HOST", "example.com", "a.example, b.example", "example.com:x", ""),
    *_each("HTTP_X_FORWARDED_PORT", "443", "x"), *_each("HTTP_X_FORWARDED_PREFIX", "/app", "app/"),
    *_each("HTTP_FORWARDED", "for=192.0.2.1;proto=https;host=example.com", "x"),
    *_each("HTTP_X_REAL_IP", "192.0.2.1"),
]
OTHER: list[Fields] = [
    *_each("HTTP_X_REQUESTED_WITH", "XMLHttpRequest"), *_each("HTTP_X_HTTP_METHOD_OVERRIDE", "DELETE", "x"),
    *_each("HTTP_CONNECTION", "keep-alive", "close"), *_each("HTTP_CACHE_CONTROL", "no-cache", "max-age=x"),
    (("HTTP_CONNECTION", "Upgrade"), ("HTTP_UPGRADE", "websocket"), ("HTTP_SEC_WEBSOCKET_VERSION", "13"),
     ("HTTP_SEC_WEBSOCKET_KEY", "dGhlIHNhbXBsZSBub25jZQ==")),
    (("HTTP_ORIGIN", "http://example.com"), ("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "PUT"),
     ("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "x-a, x-b")),
    *_each("HTTP_EXPECT", "100-continue"), *_each("HTTP_TE", "trailers"),
    *_each("HTTP_CONTENT_ENCODING", "gzip", "x"),
    *_each("HTTP_X_NAME", "\xff\xfe", "a, b", "", "a" * 4000), *_each("HTTP_MAX_FORWARDS", "0", "x"),
    *_each("HTTP_X_CSRFTOKEN", "x"), *_each("HTTP_X_REQUEST_ID", "a b"), *_each("HTTP_FROM", "\xc3\xa9"),
    (("HTTP_SEC_FETCH_MODE", "navigate"), ("HTTP_SEC_FETCH_SITE", "cross-site"), ("HTTP_DNT", "1")),
    *_each("HTTP_DATE", "x"), *_each("HTTP_VIA", "1.1 a"), *_each("HTTP_1", "1"),
    tuple((f"HTTP_X_A{i}", str(i)) for i in range(80)),
]
BROWSER: Fields = (
    ("HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("HTTP_ACCEPT", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("HTTP_ACCEPT_LANGUAGE", "en-US,en;q=0.5"), ("HTTP_ACCEPT_ENCODING", "gzip, deflate, br, zstd"),
    ("HTTP_CONNECTION", "keep-alive"), ("HTTP_UPGRADE_INSECURE_REQUESTS", "1"), ("HTTP_PRIORITY", "u=0, i"),
)
"""What a browser sends with a navigation."""

COMMON: Groups[Fields] = ((5, [BROWSER]), (18, CONDITIONS), (18, RANGES), (18, NEGOTIATION), (14, IDENTITY),
                          (7, FORWARDED), (10, OTHER))
"""The general repertoire, in groups with their shares; every entry is the fields of one idea."""


def legal(key: str, value: str) -> bool:
    """Tell whether the pair may stand in environ as a request header drawn from material."""
    return key.startswith("HTTP_") and key not in RESERVED and legal_field(value)


def groups_of(material: Material) -> Groups[Fields]:
    """Return the groups of header fields, with those the application looks for."""
    own: list[Fields] = [((key, value),) for key, value in material.headers if legal(key, value)]
    names = list(dict.fromkeys(pair[0][0] for pair in own))
    own += [((key, value),) for key in names[:40] if key not in ("HTTP_HOST", "HTTP_COOKIE")
            for value in ("1", "", "\xff", "a, b")]
    if len(names) > 1:
        own.insert(0, tuple({fields[0][0]: fields[0] for fields in reversed(own)}.values())[:20])
    return ((60, own), *COMMON)


def header_fields(material: Material = EMPTY) -> st.SearchStrategy[Fields]:
    """Return a strategy for a few header fields that belong together, as (environ key, value) pairs."""
    return table((40, ((),)), *groups_of(material))
