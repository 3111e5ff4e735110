"""The form of response_headers: the list, its pairs and their types, the length (PEP 3333, "start_response()").

What the text of names and values may hold is the chapter header_text; what fields say, fields and cookies; which ones
an application leaves alone, hop_by_hop.

Laws: `items` and `pairs` take any object, call no method of the subject's own and use no iterator up.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc, rule
from ..show import show
from ..syntax import DIGITS, STATUS_CODE
from .kinds import is_a, name_of, text_of
from .start_response import start_response_gets_two_or_three_arguments

__all__ = ["GROUND", "TEXT", "code_of", "field_values", "items", "pairs"]


def items(headers: Any) -> tuple[Any, ...]:
    """Return the items of `headers` where that is a list or a tuple, else none."""
    if is_a(headers, list):
        return tuple(list.__iter__(headers))
    return tuple(tuple.__iter__(headers)) if is_a(headers, tuple) else ()


def _halves(item: Any) -> tuple[Any, Any] | None:
    """Return name and value of `item`, None where it is no tuple of two."""
    if not is_a(item, tuple) or tuple.__len__(item) != 2:
        return None
    name, value = tuple.__iter__(item)
    return name, value


def pairs(headers: Any) -> list[tuple[str, str]]:
    """Return the items of `headers` that are pairs of strings, in order, each half as a plain str."""
    found = []
    for item in items(headers):
        halves = _halves(item)
        if halves is not None:
            name, value = text_of(halves[0]), text_of(halves[1])
            if name is not None and value is not None:
                found.append((name, value))
    return found


def code_of(status: Any) -> int:
    """Return the number that `status` begins with, 0 where it is no str that begins with three digits."""
    digits = (text_of(status) or "")[:3]
    return int(digits) if STATUS_CODE.fullmatch(digits) else 0


def field_values(headers: Any, name: str) -> list[str]:
    """Return the values of the fields called `name` (in lower case), less the whitespace that surrounds them.

    A recipient takes that whitespace off before it looks at the value (RFC 9110 5.5).
    """
    return [value.strip(" \t") for key, value in pairs(headers) if key.lower() == name]


_STRINGS = ('"Native" strings (which are always implemented using the type named str) that are used for '
            "request/response headers and metadata")


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-001",),
      cites=pep("the-start-response-callable", "It must be a Python list; i.e. type(response_headers) is ListType"),
      given=(start_response_gets_two_or_three_arguments,))
def header_list_is_a_list(x: Exchange, start: Start) -> Verdict:
    """The headers are passed as a list, and as nothing that merely resembles one.

    Servers and middleware append to the list, index it and look at its type. wsgiref, mod_wsgi and uWSGI refuse
    anything else; gunicorn and waitress only iterate, so a tuple, a generator or the items of a dict get by there
    until the application is moved. Pass `list(headers.items())`, and a plain list: wsgiref refuses a subclass as well.
    """
    headers = start.headers
    if type(headers) is list:
        return HOLDS
    return f"the headers are {show(headers)}, of type {name_of(headers)}; expected a list, by exact type"


@header_list_is_a_list.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", {"Content-Type": "text/plain"}.items())
    return [b"hello"]


@header_list_is_a_list.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", (("Content-Type", "text/plain"),))
    return [b"hello"]


@header_list_is_a_list.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    class Headers(list[tuple[str, str]]):
        pass

    start_response("200 OK", Headers([("Content-Type", "text/plain")]))
    return [b"hello"]


@header_list_is_a_list.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("Content-Type", "text/plain")]
    if environ.get("PATH_INFO") == "/missing":
        start_response("404 Not Found", tuple(headers))
        return [b"no such page"]
    start_response("200 OK", headers)
    return [b"hello"]


@header_list_is_a_list.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    return []


@header_list_is_a_list.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
    start_response("200 OK", list(headers.items()))
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-002",), given=(header_list_is_a_list,),
      cites=pep("the-start-response-callable",
                "The response_headers argument is a list of (header_name, header_value) tuples."))
def header_items_are_pairs(x: Exchange, start: Start) -> Verdict:
    """Each item of the header list is a tuple of a name and a value.

    A list of two, as JSON and YAML give it, passes on servers that merely unpack (gunicorn, waitress) and
    is refused by mod_wsgi and uWSGI; a third element, or a whole line "Name: value", is a
    ValueError inside every server. Write `("Content-Type", "text/html")`, and one tuple for each field.
    """
    for number, item in enumerate(items(start.headers)):
        if _halves(item) is None:
            return f"item {number} of the headers is {show(item)}; expected a tuple (name, value)"
    return HOLDS


@header_items_are_pairs.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ["Cache-Control", "no-store"]])
    return [b"hello"]


@header_items_are_pairs.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept", "Cookie")])
    return [b"hello"]


@header_items_are_pairs.bad(query="download=1")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers: list[Any] = [("Content-Type", "text/plain")]
    if "download" in environ.get("QUERY_STRING", ""):
        headers.append("Content-Disposition: attachment")
    start_response("200 OK", headers)
    return [b"hello"]


@header_items_are_pairs.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept"), ("Vary", "Cookie")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HD-002", "PORT-024"),
      given=(header_list_is_a_list, header_items_are_pairs),
      cites=pep("the-start-response-callable",
                "The response_headers argument is a list of (header_name, header_value) tuples."))
def header_pairs_are_plain_tuples(x: Exchange, start: Start) -> Verdict:
    """Each pair is a tuple itself and not of a subclass such as a namedtuple.

    A subclass is a tuple, yet servers and validators that compare exact types refuse it (so does
    wsgiref.validate). Hand over `tuple(field)`, or build plain pairs to begin with.
    """
    for item in items(start.headers):
        if type(item) is not tuple:
            return f"the pair {show(item)} is of type {name_of(item)}; expected a plain tuple"
    return HOLDS


@header_pairs_are_plain_tuples.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from typing import NamedTuple

    class Field(NamedTuple):
        name: str
        value: str

    start_response("200 OK", [Field("Content-Type", "text/plain")])
    return [b"hello"]


@header_pairs_are_plain_tuples.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from collections import namedtuple

    Field = namedtuple("Field", "name value")
    start_response("200 OK", [tuple(field) for field in [Field("Content-Type", "text/plain")]])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-006", "STR-001"),
      given=(header_list_is_a_list, header_items_are_pairs),
      cites=pep("a-note-on-string-types", _STRINGS))
def header_names_are_strings(x: Exchange, start: Start) -> Verdict:
    """Each header name is a str.

    bytes are what ASGI uses and what Python 2 had: every WSGI server fails on them or sends `b'...'` to the
    client. Write the name as plain text: `"Content-Type"`.
    """
    for item in items(start.headers):
        pair = _halves(item)
        if pair is not None and not is_a(pair[0], str):
            return f"the name in {show(pair)} is of type {name_of(pair[0])}; expected a str"
    return HOLDS


@header_names_are_strings.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), (b"X-Frame-Options", "DENY")])
    return [b"hello"]


@header_names_are_strings.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("content-type", "text/plain"), ("X-FRAME-OPTIONS", "DENY")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-007", "STR-001"),
      given=(header_list_is_a_list, header_items_are_pairs),
      cites=pep("a-note-on-string-types", _STRINGS))
def header_values_are_strings(x: Exchange, start: Start) -> Verdict:
    """Each header value is a str.

    The usual culprits are a Content-Length passed as int, a setting that is None, and a path or URL object.
    waitress and wsgiref fail with an AssertionError, gunicorn and cheroot with a TypeError; a server that formats would
    send "None". Convert where you build the header: `str(len(body))`; leave out what is None.
    """
    for item in items(start.headers):
        pair = _halves(item)
        if pair is not None and not is_a(pair[1], str):
            return f"the value in {show(pair)} is of type {name_of(pair[1])}; expected a str"
    return HOLDS


@header_values_are_strings.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", len(body))])
    return [body]


@header_values_are_strings.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Robots-Tag", b"noindex")])
    return [b"hello"]


@header_values_are_strings.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    origin = environ.get("HTTP_ORIGIN")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", origin)])
    return [b"hello"]


@header_values_are_strings.good(HTTP_ORIGIN="https://example.org")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(b"hello")))]
    if "HTTP_ORIGIN" in environ:
        headers.append(("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]))
    start_response("200 OK", headers)
    return [b"hello"]


GROUND = (header_list_is_a_list, header_items_are_pairs, header_names_are_strings, header_values_are_strings)
"""What has to hold before the text of the header fields can be judged."""


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("STR-010", "PORT-024"), given=GROUND,
      cites=pep("unicode-issues", "all objects referred to in this specification as \"strings\" must be of type str"))
def header_strings_are_plain(x: Exchange, start: Start) -> Verdict:
    """Header names and values are of type str itself, not of a subclass.

    Template markup (markupsafe.Markup, Django's SafeString) and members of a StrEnum are strings to isinstance(), by
    which waitress and gunicorn judge; wsgiref compares the exact type and fails with an AssertionError. Pass
    `str(value)`; for an enum member, its `.value`.
    """
    for item in items(start.headers):
        for part in _halves(item) or ():
            if type(part) is not str:
                return f"{show(part)} in the header {show(item)} is of type {name_of(part)}; expected a plain str"
    return HOLDS


@header_strings_are_plain.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from enum import StrEnum

    class Kind(StrEnum):
        TEXT = "text/plain"

    start_response("200 OK", [("Content-Type", Kind.TEXT)])
    return [b"hello"]


@header_strings_are_plain.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    class Name(str):
        __slots__ = ()

    start_response("200 OK", [(Name("Content-Type"), "text/plain")])
    return [b"hello"]


@header_strings_are_plain.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from enum import StrEnum

    class Kind(StrEnum):
        TEXT = "text/plain"

    start_response("200 OK", [("Content-Type", Kind.TEXT.value)])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("STR-003", "STR-007", "STR-008"), given=GROUND,
      cites=(pep("unicode-issues", "must contain only code points representable in ISO-8859-1 encoding"),
             pep("unicode-issues", "It is a fatal error for an application to supply strings containing any other "
                                   "Unicode character or code point."),
             rfc(9110, "5.5")))
def header_text_is_latin_1(x: Exchange, start: Start) -> Verdict:
    """Header names and values hold no character beyond U+00FF.

    A server puts them on the wire as Latin-1, so a name of a file in Greek or a curly apostrophe is a
    UnicodeEncodeError inside the server: a 500 that only some data bring about. Percent-encode URLs
    (`urllib.parse.quote`), and send other text as RFC 8187 has it: `filename*=UTF-8''%CE%B1.txt`. The encoded
    words of RFC 2047 that the PEP names are legal still, though HTTP has since dropped them.
    """
    for name, value in pairs(start.headers):
        for text in (name, value):
            if not text.isascii():
                found = next((c for c in text if c > "\xff"), None)
                if found is not None:
                    return (f"the header {show((name, value))} holds U+{ord(found):04X}; "
                            f"expected nothing beyond U+00FF (Latin-1)")
    return HOLDS


@header_text_is_latin_1.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Author", "Zoë’s cat")])
    return [b"hello"]


@header_text_is_latin_1.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Ωmega", "1")])
    return [b"hello"]


@header_text_is_latin_1.bad(query="name=%CE%B1.txt")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    name = parse_qs(environ.get("QUERY_STRING", "")).get("name", ["a.txt"])[0]
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Content-Disposition", f'attachment; filename="{name}"')])
    return [b"hello"]


@header_text_is_latin_1.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # What os.fsdecode makes of a byte that is no UTF-8.
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-File", name)])
    return [b"hello"]


@header_text_is_latin_1.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Author", "Zoë"),
                              ("Content-Disposition", "attachment; filename*=UTF-8''%CE%B1.txt")])
    return [b"hello"]


@header_text_is_latin_1.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Author", "=?utf-8?b?zrHOsg==?=")])
    return [b"hello"]


TEXT = (*GROUND, header_text_is_latin_1)
"""What has to hold before the grammar of the header fields can be judged."""


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("CT-012",), given=TEXT,
      cites=(rfc(9110, "8.6"), rfc(9112, "6.3")))
def content_length_occurs_once(x: Exchange, start: Start) -> Verdict:
    """There is one Content-Length at most.

    With two that differ, each server, proxy and client takes another one as the end of the response: the ground of
    response smuggling, and proxies answer 502. Middleware that compresses or rewrites a body often adds its own
    beside the first. Replace the field: drop every `content-length`, whatever its case, before you append.
    """
    lengths = field_values(start.headers, "content-length")
    if not lengths:
        return NOT_APPLICABLE
    if len(lengths) == 1:
        return HOLDS
    return f"Content-Length occurs {len(lengths)} times, as {show(lengths)}; expected it once"


@content_length_occurs_once.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5"), ("content-length", "5")])
    return [b"hello"]


@content_length_occurs_once.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5"), ("X-Content-Length", "9")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("CT-011",), given=TEXT, cites=rfc(9110, "8.6"))
def declared_length_is_digits(x: Exchange, start: Start) -> Verdict:
    """Content-Length is a number of bytes in decimal digits, and nothing else.

    "None", "5.0", "+5", "1_000" and the empty text come from formatting what was no whole number. Servers that
    call int() either raise inside start_response or take a number that the client does not, and then connections
    hang or break. Write `str(len(body))`, and leave the header out where the size is not known.
    """
    lengths = field_values(start.headers, "content-length")
    if not lengths:
        return NOT_APPLICABLE
    for length in lengths:
        if DIGITS.fullmatch(length) is None:
            return f"the headers hold {show(('Content-Length', length))}; expected ASCII digits only"
    return HOLDS


@declared_length_is_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    size = None
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", f"{size}")])
    return [b"hello"]


@declared_length_is_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "+5")])
    return [b"hello"]


@declared_length_is_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "")])
    return [b"hello"]


@declared_length_is_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # str.isdigit() is true of it, and int() raises.
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "\xb2")])
    return [b"hello"]


@declared_length_is_digits.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "005")])
    return [b"hello"]


@declared_length_is_digits.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
