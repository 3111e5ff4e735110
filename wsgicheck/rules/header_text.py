"""What header names and values may hold: tokens, and text without control characters (PEP 3333, "start_response()")."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import APPLICATION, HOLDS, MUST, SHOULD, Verdict, cited, pep, rfc, rule
from ..show import show
from ..syntax import C1_CONTROL, FIELD_CONTROL, TOKEN
from .headers import TEXT, pairs

__all__ = ["CLEAN"]

_NO_CONTROLS = "including carriage returns or linefeeds, either embedded or at the end"


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-003", "HD-004"), given=TEXT, allows=("HD-021",),
      cites=(pep("the-start-response-callable", "Each header_name must be a valid HTTP header field-name"),
             rfc(9110, "5.6.2")))
def header_names_are_tokens(x: Exchange, start: Start) -> Verdict:
    """Each header name is a token of HTTP: letters, digits and !#$%&'*+-.^_`|~, with no colon.

    A space or colon in a name makes proxies and clients disagree on where the name ends, and gunicorn answers 500
    where wsgiref sends it as it is. A line break in a name lets a visitor add header fields. Write the
    bare name, `"X-Request-Id"`; the server writes the colon.
    """
    for name, value in pairs(start.headers):
        if TOKEN.fullmatch(name) is None:
            return f"the name in {show((name, value))} is {show(name)}; expected a token (RFC 9110 5.6.2)"
    return HOLDS


@header_names_are_tokens.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Request-Id:", "7")])
    return [b"hello"]


@header_names_are_tokens.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("", "7")])
    return [b"hello"]


@header_names_are_tokens.bad(query="meta=Reply+To")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    meta = parse_qs(environ.get("QUERY_STRING", "")).get("meta", ["Topic"])[0]
    start_response("200 OK", [("Content-Type", "text/plain"), (f"X-Meta-{meta}", "1")])
    return [b"hello"]


@header_names_are_tokens.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X_Request_Id", "7"), ("3gpp-x", "1"), ("X.Y", "1"),
                              ("!#$%&'*+-.^_`|~9", "1"), ("X-Empty", ""), ("X-Latin", "caf\xe9 \xa0")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HD-004",), given=(*TEXT, header_names_are_tokens),
      cites=pep("the-start-response-callable", "without a trailing colon or other punctuation"))
def header_names_end_in_a_letter_or_digit(x: Exchange, start: Start) -> Verdict:
    """No header name ends in a punctuation mark.

    HTTP allows "X-Foo-" and "X_Foo_", the PEP does not; wsgiref.validate and webtest.lint stop at such a name. It
    is mostly a name put together from parts of which the last was empty. Leave the header out then.
    """
    for name, value in pairs(start.headers):
        if name and not (name[-1].isascii() and name[-1].isalnum()):
            return f"the name in {show((name, value))} ends in {show(name[-1])}; expected a letter or a digit"
    return HOLDS


@header_names_end_in_a_letter_or_digit.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X_Request_Id_", "7")])
    return [b"hello"]


@header_names_end_in_a_letter_or_digit.bad(query="meta=")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    meta = parse_qs(environ.get("QUERY_STRING", "meta=a"), keep_blank_values=True).get("meta", ["a"])[0]
    start_response("200 OK", [("Content-Type", "text/plain"), (f"X-Meta-{meta}", "1")])
    return [b"hello"]


@header_names_end_in_a_letter_or_digit.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("_X-Request-Id2", "7"), ("X", "1")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-005", "HD-020"), given=TEXT,
      cites=pep("the-start-response-callable", _NO_CONTROLS))
def header_values_have_no_line_breaks(x: Exchange, start: Start) -> Verdict:
    """No header value holds a carriage return or a line feed.

    Where a visitor's text reaches a header, a line break lets the visitor write header fields and a body
    of their own (response splitting). Servers that look refuse it (waitress, gunicorn, mod_wsgi), others pass it on.
    A trailing "\\n" usually stems from base64.encodebytes or a line read from a file, a folded value from the email
    package. Percent-encode user input, take `b64encode` and `.strip()`, and never fold.
    """
    for name, value in pairs(start.headers):
        if "\r" in value or "\n" in value:
            folded = "\n " in value or "\n\t" in value
            return (f"the value in {show((name, value))} {'is folded over lines' if folded else 'holds a line break'}; "
                    f"expected a value on one line")
    return HOLDS


@header_values_have_no_line_breaks.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import base64

    token = base64.encodebytes(b"a token").decode("ascii")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Token", token)])
    return [b"hello"]


@header_values_have_no_line_breaks.bad(query="lang=en%0d%0aX-Admin:%20yes")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    lang = parse_qs(environ.get("QUERY_STRING", "")).get("lang", ["en"])[0]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Language", lang)])
    return [b"hello"]


@header_values_have_no_line_breaks.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Content-Security-Policy", "default-src 'self';\r\n img-src *")])
    return [b"hello"]


@header_values_have_no_line_breaks.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import base64

    token = base64.b64encode(b"a token").decode("ascii")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Token", token), ("X-Long", "a " * 2000 + "b")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-005",),
      given=(*TEXT, header_values_have_no_line_breaks),
      cites=pep("the-start-response-callable", _NO_CONTROLS))
def header_values_have_no_control_characters(x: Exchange, start: Start) -> Verdict:
    """No header value holds a control character, the tab included.

    NUL ends the value in servers written in C, DEL and the others are refused by clients and proxies that keep to
    HTTP, each in its own way. The tab is whitespace to HTTP and yet a control character, which the PEP forbids without
    exception. Replace them where the text comes in: `"".join(c for c in text if c.isprintable())`.
    """
    for name, value in pairs(start.headers):
        found = None if value.isprintable() else FIELD_CONTROL.search(value)
        if found is not None:
            return (f"the value in {show((name, value))} holds U+{ord(found[0]):04X}; "
                    f"expected no control character")
    return HOLDS


@header_values_have_no_control_characters.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Server-Timing", "db;\tdur=53")])
    return [b"hello"]


@header_values_have_no_control_characters.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Key", "\x7f")])
    return [b"hello"]


@header_values_have_no_control_characters.bad(HTTP_X_REQUEST_ID="4%00")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import unquote

    request_id = unquote(environ.get("HTTP_X_REQUEST_ID", "none"))
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Request-Id", request_id)])
    return [b"hello"]


@header_values_have_no_control_characters.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Text", "a ~ \xa0 \xff"), ("X-None", "")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HD-005",), given=TEXT,
      cites=pep("the-start-response-callable", _NO_CONTROLS))
def header_values_have_no_c1_controls(x: Exchange, start: Start) -> Verdict:
    """No header value holds a character from U+0080 to U+009F.

    In Latin-1 these are control characters, though HTTP lets the bytes through. They come from UTF-8 that was decoded
    as Latin-1, or from Windows-1252, and every client shows something else. Percent-encode the text, or use
    the `name*=UTF-8''...` form of RFC 8187.
    """
    for name, value in pairs(start.headers):
        found = None if value.isascii() else C1_CONTROL.search(value)
        if found is not None:
            return (f"the value in {show((name, value))} holds U+{ord(found[0]):04X}; "
                    f"expected no character from U+0080 to U+009F")
    return HOLDS


@header_values_have_no_c1_controls.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Title", "€ 5".encode().decode("latin-1"))])
    return [b"hello"]


@header_values_have_no_c1_controls.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Title", "é".encode().decode("latin-1"))])
    return [b"hello"]


CLEAN = (*TEXT, header_values_have_no_line_breaks, header_values_have_no_control_characters)
"""What has to hold before a value can be judged by the grammar of its field."""


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HD-019",), given=TEXT,
      cites=(rfc(3875, "6.3.3"), cited("wsgiref.validate", quote="The Status header cannot be used")))
def no_header_is_named_status(x: Exchange, start: Start) -> Verdict:
    """No header is called Status.

    CGI and FastCGI gateways speak to the web server through a Status field: there a second one overrides the status
    that was passed to start_response. Elsewhere the client gets a field that means nothing. Pass the
    status as the first argument, and leave the header out.
    """
    for name, value in pairs(start.headers):
        if name.lower() == "status":
            return f"the headers hold {show((name, value))}; expected the status as start_response's first argument"
    return HOLDS


@no_header_is_named_status.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("status", "200 OK")])
    return [b"hello"]


@no_header_is_named_status.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Status", "fine"), ("Cache-Status", "a; hit")])
    return [b"hello"]
