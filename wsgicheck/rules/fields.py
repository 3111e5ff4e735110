"""What HTTP says of the header fields of a response: which a status needs, what each may hold (RFC 9110).

PEP 3333 has the application give "correct headers"; these are the rules by which a client, a cache or a proxy takes
them. Dates are the chapter dates; whether fields fit the body is the chapter representation.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, rfc, rule
from ..show import show
from ..syntax import CONTENT_RANGE, ENTITY_TAG, LENIENT_URI_REFERENCE, MEDIA_TYPE, URI_REFERENCE
from .header_text import CLEAN, header_names_are_tokens
from .headers import GROUND, TEXT, code_of, field_values, pairs

_SINGLE = frozenset({
    # RFC 9110 and 9111
    "age", "content-location", "content-range", "content-type", "date", "etag", "expires", "last-modified", "location",
    "retry-after", "server",
    # RFC 6266, RFC 6797, and the Fetch standard
    "content-disposition", "strict-transport-security", "access-control-allow-credentials",
    "access-control-allow-origin", "access-control-max-age",
})
"""Fields whose definition is no list. Content-Length has a rule of its own, Set-Cookie is the famous exception."""


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-002",), given=(*TEXT, header_names_are_tokens),
      cites=rfc(9110, "5.3"))
def single_fields_occur_once(x: Exchange, start: Start) -> Verdict:
    """A field that is no list occurs once at most: Content-Type, Location, ETag, Last-Modified and their like.

    Of two, browsers, proxies and caches each take another one, or join them with a comma into a value that means
    nothing; two Access-Control-Allow-Origin make a browser refuse the answer. Mostly a middleware appends what the
    application has set already. Replace the field, or set it only where it is absent; names compare without
    regard to case.
    """
    seen: set[str] = set()
    for name, value in pairs(start.headers):
        key = name.lower()
        if key in seen:
            return f"{name} occurs again, as {show((name, value))}; expected it once, for its value is no list"
        if key in _SINGLE:
            seen.add(key)
    return HOLDS


@single_fields_occur_once.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("content-type", "text/html; charset=utf-8")])
    return [b"hello"]


@single_fields_occur_once.bad(HTTP_ORIGIN="https://example.org")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", "*")]
    if "HTTP_ORIGIN" in environ:
        headers.append(("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]))
    start_response("200 OK", headers)
    return [b"hello"]


@single_fields_occur_once.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept"), ("Vary", "Cookie"),
                              ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Link", "</a.css>; rel=preload"),
                              ("Link", "</b.js>; rel=preload"), ("Cache-Control", "no-store"),
                              ("Cache-Control", "private"), ("X-Thing", "1"), ("X-Thing", "2")])
    return [b"hello"]


@single_fields_occur_once.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", 'Basic realm="site"'),
                                        ("WWW-Authenticate", 'Bearer realm="api"')])
    return [b"who are you?"]


@rule(at=Moment.START, binds=APPLICATION, level=ADVICE, covers=("HTTP-003",), given=CLEAN, cites=rfc(9110, "5.5"))
def header_values_are_trimmed(x: Exchange, start: Start) -> Verdict:
    """No header value begins or ends with a space.

    On the wire the space is no part of the value, and a recipient takes it off; yet code that compares or converts the
    value before that sees it: middleware, tests, and servers that parse Content-Length. Write `value.strip()`. Django
    5.2 puts one before each Set-Cookie (`morsel.output(header="")`), where nothing is to be mended.
    """
    for name, value in pairs(start.headers):
        if value[:1] == " " or value[-1:] == " ":
            return f"the value in {show((name, value))} has a space around it; expected none"
    return HOLDS


@header_values_are_trimmed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    name, _, value = "Content-Type: text/plain".partition(":")
    start_response("200 OK", [(name, value)])
    return [b"hello"]


@header_values_are_trimmed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Version", "1.0 ")])
    return [b"hello"]


@header_values_are_trimmed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Version", "1.0 beta"), ("X-None", "")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-004",), given=GROUND, cites=rfc(9110, "15.5.6"))
def method_not_allowed_carries_allow(x: Exchange, start: Start) -> Verdict:
    """A 405 lists the methods that the resource does take, in Allow.

    Without it a client can only guess what to try; API gateways and generated clients read the list. Send
    `("Allow", "GET, HEAD")`; an empty value says that no method is allowed at present.
    """
    if code_of(start.status) != 405:
        return NOT_APPLICABLE
    if field_values(start.headers, "allow"):
        return HOLDS
    return f"the status is {show(start.status)} and there is no Allow header; expected it to list the methods"


@method_not_allowed_carries_allow.bad(method="DELETE")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [("Content-Type", "text/plain")])
        return [b"not that way"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@method_not_allowed_carries_allow.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("allow", "POST")])
    return [b"not that way"]


@method_not_allowed_carries_allow.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "")])
    return [b"not at all"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-005",), given=GROUND, cites=rfc(9110, "15.5.2"))
def unauthorized_carries_www_authenticate(x: Exchange, start: Start) -> Verdict:
    """A 401 says how to log in, in WWW-Authenticate.

    401 means "try again with credentials of this kind"; without the kind, some HTTP libraries report a broken answer
    and browsers show no login. `abort(401)` of Flask sends none unless it is told. Name a scheme,
    `("WWW-Authenticate", 'Bearer realm="api"')`; for a login by cookie or form answer 403 or redirect to the form.
    """
    if code_of(start.status) != 401:
        return NOT_APPLICABLE
    if field_values(start.headers, "www-authenticate"):
        return HOLDS
    return f"the status is {show(start.status)} and there is no WWW-Authenticate header; expected a challenge"


@unauthorized_carries_www_authenticate.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if "HTTP_AUTHORIZATION" not in environ:
        start_response("401 Unauthorized", [("Content-Type", "text/plain")])
        return [b"who are you?"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@unauthorized_carries_www_authenticate.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("www-authenticate", 'Bearer realm="api"')])
    return [b"who are you?"]


@unauthorized_carries_www_authenticate.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("403 Forbidden", [("Content-Type", "text/plain")])
    return [b"not you"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-006",), given=GROUND, cites=rfc(9110, "15.3.7"))
def partial_content_says_which_part(x: Exchange, start: Start) -> Verdict:
    """A 206 says which part it holds: by Content-Range, or as multipart/byteranges, each part with its own.

    A client that resumes a download or seeks in a film can't place the bytes otherwise, and a cache may take the
    part for the whole. Send `("Content-Range", f"bytes {first}-{last}/{size}")`, last included, or answer 200 with
    everything.
    """
    if code_of(start.status) != 206:
        return NOT_APPLICABLE
    if field_values(start.headers, "content-range"):
        return HOLDS
    types = field_values(start.headers, "content-type")
    if any(value.lower().startswith("multipart/byteranges") for value in types):
        return HOLDS
    return (f"the status is {show(start.status)} and there is no Content-Range header; "
            f"expected one, or Content-Type multipart/byteranges")


@partial_content_says_which_part.bad(HTTP_RANGE="bytes=0-1")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("HTTP_RANGE") == "bytes=0-1":
        start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"he"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@partial_content_says_which_part.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 0-1/5")])
    return [b"he"]


@partial_content_says_which_part.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("206 Partial Content", [("Content-Type", "multipart/byteranges; boundary=part")])
    yield b"--part\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/5\r\n\r\nhe\r\n"
    yield b"--part\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-4/5\r\n\r\no\r\n--part--\r\n"


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-006",), given=CLEAN, cites=rfc(9110, "14.4"))
def content_range_is_well_formed(x: Exchange, start: Start) -> Verdict:
    """Content-Range of a 206 or 416 has the form "bytes 0-99/1234", with numbers that fit each other.

    The last position is included and lies below the size: an end taken from a Python slice is off by one. A client
    has to throw away a part whose range it cannot read. A 416 says "bytes */1234".
    """
    code = code_of(start.status)
    ranges = field_values(start.headers, "content-range") if code in (206, 416) else []
    if not ranges:
        return NOT_APPLICABLE
    for value in ranges:
        match = CONTENT_RANGE.fullmatch(value)
        if match is None or (code == 206 and match[2] is None):
            return (f"the headers of a {code} hold {show(('Content-Range', value))}; "
                    f"expected {'unit first-last/size' if code == 206 else 'unit */size'}")
        # Numbers are compared as digits: int() refuses very long ones.
        first, last, size = (_number(match[group]) for group in (2, 3, 4))
        if match[2] is not None and (first > last or (match[4] != "*" and last >= size)):
            return (f"the headers hold {show(('Content-Range', value))}; "
                    f"expected first <= last < size, for the last position is included")
    return HOLDS


def _number(digits: str | None) -> tuple[int, str]:
    """Return what compares as the number that `digits` write, however many they are."""
    plain = (digits or "").lstrip("0")
    return len(plain), plain


@content_range_is_well_formed.bad(HTTP_RANGE="bytes=0-")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = b"hello"
    if "HTTP_RANGE" in environ:
        start_response("206 Partial Content", [("Content-Type", "text/plain"),
                                               ("Content-Range", f"bytes 0-{len(body)}/{len(body)}")])
        return [body]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


@content_range_is_well_formed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes=0-1/5")])
    return [b"he"]


@content_range_is_well_formed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("416 Range Not Satisfiable", [("Content-Type", "text/plain"), ("Content-Range", "bytes 5")])
    return [b"only 5 bytes here"]


@content_range_is_well_formed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 99-100/*")])
    return [b"he"]


@content_range_is_well_formed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("416 Range Not Satisfiable", [("Content-Type", "text/plain"), ("Content-Range", "bytes */5")])
    return [b"only 5 bytes here"]


@content_range_is_well_formed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Paging as some JSON clients have it: with 200 the field means nothing to HTTP.
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Range", "posts 0-24/None")])
    return [b"[]"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HTTP-008",), given=GROUND, cites=rfc(9110, "15.4"))
def redirects_carry_location(x: Exchange, start: Start) -> Verdict:
    """A redirect (301, 302, 303, 307, 308) says where to, in Location.

    Browsers show an empty page without it, and HTTP libraries raise. Send `("Location", "/new/place")`; a
    relative reference is fine.
    """
    if code_of(start.status) not in (301, 302, 303, 307, 308):
        return NOT_APPLICABLE
    if field_values(start.headers, "location"):
        return HOLDS
    return f"the status is {show(start.status)} and there is no Location header; expected it to say where to"


@redirects_carry_location.bad(path="/old")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("PATH_INFO") == "/old":
        start_response("301 Moved Permanently", [("Content-Type", "text/plain")])
        return [b"gone elsewhere"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@redirects_carry_location.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("303 See Other", [("location", "/thanks/")])
    return []


@redirects_carry_location.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("300 Multiple Choices", [("Content-Type", "text/plain")])
    return [b"/a or /b"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-009",), given=CLEAN,
      cites=(rfc(9110, "10.2.2"), rfc(3986, "4.1")))
def location_is_a_uri_reference(x: Exchange, start: Start) -> Verdict:
    """Location is a URI reference: ASCII, with spaces and other text percent-encoded; a relative one is fine.

    Clients repair a raw space, quote or umlaut each in its own way, so the redirect works in one browser and not in the
    next or in a script. A lone "%" breaks servers that decode it. Quote what comes from data:
    `urllib.parse.quote(path)`; `urllib.parse.urlencode(...)` for the query.
    """
    locations = field_values(start.headers, "location")
    if not locations:
        return NOT_APPLICABLE
    for value in locations:
        # The query may be the request's own, which PEP 3333's recipe for URLs passes on as it came.
        if URI_REFERENCE.fullmatch(value) is None and LENIENT_URI_REFERENCE.fullmatch(value) is None:
            host = "" if x.request is None else x.request.get("HTTP_HOST")
            if host in value and host and URI_REFERENCE.fullmatch(host) is None:
                continue  # built from what the client sent, as the recipe has it too
            return f"the headers hold {show(('Location', value))}; expected a URI reference, percent-encoded"
    return HOLDS


@location_is_a_uri_reference.bad(query="q=red+shoes")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import parse_qs

    query = parse_qs(environ.get("QUERY_STRING", "")).get("q", ["shoes"])[0]
    start_response("302 Found", [("Location", f"/search/{query}/")])
    return []


@location_is_a_uri_reference.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/caf\xe9")])
    return []


@location_is_a_uri_reference.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/sale/100%")])
    return []


@location_is_a_uri_reference.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import quote, urlencode

    start_response("302 Found", [("Location", f"{quote('/café au lait/')}?{urlencode({'q': 'a b&c'})}#top")])
    return []


@location_is_a_uri_reference.good(path="/old", query="q=%u00e9&%&\xff")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("301 Moved Permanently", [("Location", f"/new?{environ.get('QUERY_STRING', '')}")])
    return []


@location_is_a_uri_reference.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("201 Created", [("Content-Type", "text/plain"), ("Location", "../items/7")])
    return [b"made"]


@location_is_a_uri_reference.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("302 Found", [("Location", "http://[::1]:8000/?next=/a&b=%C3%A9")])
    return []


@location_is_a_uri_reference.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("307 Temporary Redirect", [("Location", "")])
    return []


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-010",), given=CLEAN, cites=rfc(9110, "8.8.3"))
def etag_is_a_quoted_tag(x: Exchange, start: Start) -> Verdict:
    """ETag is an opaque tag in double quotes, with an upper-case W/ before it if it is weak.

    Without the quotes, caches and proxies drop the tag or fail to match it, so If-None-Match never gives a 304; nginx
    and Apache can't weaken it when they compress. Write `f'"{digest}"'`; for a weak one `f'W/"{digest}"'`.
    """
    tags = field_values(start.headers, "etag")
    if not tags:
        return NOT_APPLICABLE
    for value in tags:
        if ENTITY_TAG.fullmatch(value) is None:
            return f"""the headers hold {show(('ETag', value))}; expected "tag" or W/"tag", with its quotes"""
    return HOLDS


@etag_is_a_quoted_tag.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", "5d41402abc4b2a76")])
    return [b"hello"]


@etag_is_a_quoted_tag.bad(HTTP_ACCEPT_ENCODING="gzip")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    tag = '"5d41402a"'
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        tag = "w/" + tag
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", tag), ("Vary", "Accept-Encoding")])
    return [b"hello"]


@etag_is_a_quoted_tag.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("ETag", 'W/"5d41402abc4b2a76"')])
    return [b"hello"]


@etag_is_a_quoted_tag.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("etag", '""')])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HTTP-013",), given=CLEAN, allows=("CT-026",),
      cites=rfc(9110, "8.3.1"))
def content_type_is_a_media_type(x: Exchange, start: Start) -> Verdict:
    """Content-Type is type/subtype, followed by parameters of the form name=value.

    A browser that can't read it guesses from the content, which turns an upload into a page with scripts; others take
    application/octet-stream and save the page to disk. Mind the words: "text/html; charset=utf-8", not "html",
    not "text/html, charset=utf-8", no space around "=", quotes around a value that is no token.
    """
    types = field_values(start.headers, "content-type")
    if not types:
        return NOT_APPLICABLE
    for value in types:
        if MEDIA_TYPE.fullmatch(value) is None:
            return f"the headers hold {show(('Content-Type', value))}; expected type/subtype; name=value"
    return HOLDS


@content_type_is_a_media_type.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "html")])
    return [b"hello"]


@content_type_is_a_media_type.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/html; charset = utf-8")])
    return [b"hello"]


@content_type_is_a_media_type.bad(path="/files/unknown")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import mimetypes

    kind, _ = mimetypes.guess_type(environ.get("PATH_INFO", "/hello.txt"))
    start_response("200 OK", [("Content-Type", f"{kind}")])
    return [b"hello"]


@content_type_is_a_media_type.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", 'multipart/mixed; boundary="a b:\\"c\\"" ;charset=utf-8;')])
    return [b'--a b:"c"--\r\n']


@content_type_is_a_media_type.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "application/vnd.api+json;version=1.0")])
    return [b"{}"]


@content_type_is_a_media_type.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A 204 may describe what a 200 would have held.
    start_response("204 No Content", [("Content-Type", "text/html; charset=utf-8"), ("Content-Language", "en")])
    return []
