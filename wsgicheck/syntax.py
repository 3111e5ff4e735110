"""The grammar of PEP 3333 and of HTTP as compiled patterns, each under the ABNF it stands for.

Patterns are used with fullmatch on str whose code points are below 256 (bytes carried as Latin-1).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "C1_CONTROL", "CONTENT_RANGE", "COOKIE_PAIR_VALUE", "DIGITS", "ENTITY_TAG", "FIELD_CONTROL", "HOST",
    "HTTP_VERSION", "IMF_FIXDATE", "INTEGER", "LENGTHS", "LENIENT_URI_REFERENCE", "MEDIA_TYPE", "SCHEME",
    "SERVER_PROTOCOL", "STATUS", "STATUS_CODE", "TOKEN", "URI_REFERENCE",
]

# tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
_TCHAR = r"!#$%&'*+\-.^_`|~0-9A-Za-z"

# token = 1*tchar                                                          (RFC 9110 5.6.2)
TOKEN = re.compile(rf"[{_TCHAR}]+")

# 1*DIGIT, ASCII only                                                      (RFC 9110 8.6, RFC 3875 4.1.2)
DIGITS = re.compile(r"[0-9]+")

# [ "-" ] 1*DIGIT: what a user agent takes as Max-Age                      (RFC 6265 5.2.2)
INTEGER = re.compile(r"-?[0-9]+")

# status-code = 3DIGIT                                                     (RFC 9110 15)
STATUS_CODE = re.compile(r"[0-9]{3}")

# status = Status-Code SP Reason-Phrase, no surrounding whitespace and no control characters (PEP 3333,
# "The start_response() Callable"); the phrase: HTAB, SP, VCHAR, obs-text (RFC 9112 4), less what the PEP forbids
STATUS = re.compile(r"[0-9]{3} [!-~\x80-\xff](?:[ -~\x80-\xff]*[!-~\x80-\xff])?")

# control characters: %x00-1F / %x7F                                       (RFC 5234 B.1, CTL)
FIELD_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# C1 control characters of ISO 8859-1: %x80-9F, obs-text to HTTP          (RFC 9110 5.5)
C1_CONTROL = re.compile(r"[\x80-\x9f]")

# HTTP-version = "HTTP/" DIGIT "." DIGIT; gateways of HTTP/2 and 3 also say "HTTP/2" (RFC 9112 2.3)
HTTP_VERSION = re.compile(r"HTTP/[0-9](?:\.[0-9])?")

# server-protocol = HTTP-Version / "INCLUDED" / extension-version          (RFC 3875 4.1.16)
# extension-version = protocol [ "/" 1*digit "." 1*digit ]; protocol = token. A name begins with a letter here, so
# that a bare "1.1" is none, and the minor digit may be missing as in HTTP_VERSION.
SERVER_PROTOCOL = re.compile(rf"[A-Za-z][{_TCHAR}]*(?:/[0-9]+(?:\.[0-9]+)?)?")

# host = IP-literal / IPv4address / reg-name, here not empty               (RFC 3986 3.2.2, RFC 3875 4.1.14)
HOST = re.compile(r"\[[0-9A-Za-z:.\-_~!$&'()*+,;=]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")

# scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )                      (RFC 3986 3.1)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")

# IMF-fixdate = day-name "," SP date1 SP time-of-day SP GMT                (RFC 9110 5.6.7)
IMF_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?:0[1-9]|[12][0-9]|3[01]) "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60) GMT"
)

# entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE; etagc = %x21 / %x23-7E / obs-text   (RFC 9110 8.8.3)
ENTITY_TAG = re.compile(r'(?:W/)?"[!\x23-\x7e\x80-\xff]*"')

# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE                  (RFC 9110 5.6.4)
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'

# media-type = type "/" subtype parameters; parameters = *( OWS ";" OWS [ parameter ] )
# parameter = token "=" ( token / quoted-string )                          (RFC 9110 8.3.1, 5.6.6)
# (OWS is possessive: both neighbours of a ";" may take the space, which backtracking would try out in 2^n ways.)
MEDIA_TYPE = re.compile(
    rf"[{_TCHAR}]+/[{_TCHAR}]+(?:[ \t]*+;[ \t]*+(?:[{_TCHAR}]+=(?:[{_TCHAR}]+|{_QUOTED}))?)*"
)

# Content-Range = range-unit SP ( first-pos "-" last-pos "/" ( complete-length / "*" ) / "*/" complete-length )
CONTENT_RANGE = re.compile(rf"([{_TCHAR}]+) (?:([0-9]+)-([0-9]+)/([0-9]+|\*)|\*/([0-9]+))")  # RFC 9110 14.4

# URI-reference: reserved / unreserved / pct-encoded only                  (RFC 3986 2, 4.1)
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
# The same with a query that is passed on as some client sent it: visible characters and bytes beyond ASCII.
LENIENT_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*\?[\x21-\x7e\x80-\xff]*")

# cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE )
# cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E              (RFC 6265 4.1.1)
_COOKIE_OCTET = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]"
COOKIE_PAIR_VALUE = re.compile(rf'{_COOKIE_OCTET}*|"{_COOKIE_OCTET}*"')

_MOST_LENGTHS: Final = 512
_MOST_DIGITS: Final = 19
"""As many as a number of 64 bits can have; nobody sends more bytes than that."""


class _Lengths(dict[str, int | None]):
    """What a Content-Length names in bytes, None where it is no number or a senseless one; `LENGTHS[text]`.

    It remembers the lengths that it was asked for, since most are asked for again.
    """

    def __missing__(self, text: str) -> int | None:
        length = int(text) if len(text) <= _MOST_DIGITS and DIGITS.fullmatch(text) else None
        if len(text) <= _MOST_DIGITS:
            if len(self) >= _MOST_LENGTHS:
                self.clear()
            self[text] = length
        return length


LENGTHS = _Lengths()
