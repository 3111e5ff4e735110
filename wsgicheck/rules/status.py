"""The status that the application passes to start_response (PEP 3333, "The start_response() Callable").

    status = Status-Code SP Reason-Phrase, nothing around it, no control characters
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rfc, rule
from ..show import show
from ..syntax import FIELD_CONTROL
from .kinds import is_a, name_of, text_of
from .start_response import start_response_gets_two_or_three_arguments

TEXT = ("Content-Type", "text/plain; charset=utf-8")

_FORM = pep("the-start-response-callable",
            "it is a string consisting of a Status-Code and a Reason-Phrase, in that order and separated by a "
            "single space, with no surrounding whitespace or other characters.")
_CONTROL = pep("the-start-response-callable",
               "The string must not contain control characters, and must not be terminated with a carriage "
               "return, linefeed, or combination thereof.")
_CODE = re.compile(r"[0-9]{3}(?![0-9])")


def _line(start: Start) -> str | None:
    """Return the status without line breaks at its end, which have a rule of their own; None if it is no str."""
    text = text_of(start.status)
    return None if text is None else text.rstrip("\r\n")


def _code(start: Start) -> int | None:
    """Return the status code, None where the status does not begin with one."""
    line = _line(start)
    if line is None or _CODE.match(line) is None:
        return None
    return int(line[:3])


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-006",),
      given=(start_response_gets_two_or_three_arguments,),
      cites=(pep("specification-details", 'The status parameter is a status string of the form "999 Message here"'),
             pep("questions-and-answers",
                 "Doing this would complicate the server or gateway, by requiring them to have a table of numeric "
                 "statuses and corresponding messages.")))
def status_is_str(x: Exchange, start: Start) -> Verdict:
    """The status is a str.

    Servers send it as it is. An int, an http.HTTPStatus member or bytes end in a 500 under wsgiref, waitress
    and gunicorn alike. Write `"404 Not Found"`, or `f"{status.value} {status.phrase}"` for an HTTPStatus.
    """
    if is_a(start.status, str):
        return HOLDS
    return f"the status is {show(start.status)}, of type {name_of(start.status)}; expected a str such as '200 OK'"


@status_is_str.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response(HTTPStatus.OK, [TEXT])
    return [b"Hello"]


@status_is_str.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK" if environ["PATH_INFO"] == "/" else 404, [TEXT])
    return [b"Hello"]


@status_is_str.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response(b"200 OK", [TEXT])
    return [b"Hello"]


@status_is_str.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    status = HTTPStatus.NOT_FOUND
    start_response(f"{status.value} {status.phrase}", [TEXT])
    return [b"Nothing here"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("STR-010", "PORT-024"),
      cites=(pep("unicode-issues", 'all objects referred to in this specification as "strings" must be of type str'),
             cited("wsgiref.handlers, which compares the exact type")))
def status_is_no_str_subclass(x: Exchange, start: Start) -> Verdict:
    """The status is a str proper, not an instance of a subclass.

    Servers that ask isinstance() take it, as waitress and gunicorn do; wsgiref compares the exact type and
    answers 500. Markup, members of a str Enum and strings of ORMs or translation catalogues are the usual
    sources. Pass `str(status)`, or `.value` for a member.
    """
    if type(start.status) is str:
        return HOLDS
    if not is_a(start.status, str):
        return NOT_APPLICABLE
    return f"the status {show(text_of(start.status))} is of type {name_of(start.status)}; expected exactly str"


class _Phrase(str):
    """A str of some library's own making."""


@status_is_no_str_subclass.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response(_Phrase("200 OK"), [TEXT])
    return [b"Hello"]


@status_is_no_str_subclass.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("".join(_Phrase("200 OK")), [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("STR-003", "STR-007"),
      cites=(pep("unicode-issues", "It is a fatal error for an application to supply strings containing any other "
                 "Unicode character or code point."),
             pep("unicode-issues", "they must either be ISO-8859-1 characters")))
def status_is_latin_1(x: Exchange, start: Start) -> Verdict:
    """The status has no character above U+00FF.

    It is sent as ISO-8859-1: one typographic quote or dash, one letter of the user's own alphabet in the
    reason phrase, and writing the headers ends in a UnicodeEncodeError, far from the line that did it.
    waitress and gunicorn answer 500, wsgiref closes the connection without a word. Keep the reason phrase
    plain ASCII and put the message into the body.
    """
    text = text_of(start.status)
    if text is None:
        return NOT_APPLICABLE
    if text.isascii():
        return HOLDS
    for place, character in enumerate(text):
        if character > "\xff":
            return (f"the status {show(text, 80)} has U+{ord(character):04X} at place {place}; "
                    "expected nothing above U+00FF")
    return HOLDS


@status_is_latin_1.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 It isn’t here", [TEXT])
    return [b"Nothing here"]


@status_is_latin_1.bad(query="city=%C5%81%C3%B3d%C5%BA")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 No " + unquote(environ["QUERY_STRING"].partition("=")[2]), [TEXT])
    return [b"Nothing here"]


@status_is_latin_1.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Pas trouvé", [TEXT])
    return [b"Nothing here"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-005",), cites=_CONTROL)
def status_does_not_end_in_a_line_break(x: Exchange, start: Start) -> Verdict:
    """The status does not end with a carriage return or a linefeed.

    The server ends the status line itself. One more line break makes an empty line, and every header after
    it becomes part of the body, as under wsgiref; waitress and gunicorn answer 500. Pass `line.strip()` when
    the status comes out of a file, a CGI script or another server's answer.
    """
    text = text_of(start.status)
    if text is None:
        return NOT_APPLICABLE
    if not text.endswith(("\r", "\n")):
        return HOLDS
    return f"the status is {show(text)}; expected no line break at its end"


@status_does_not_end_in_a_line_break.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK\r\n", [TEXT])
    return [b"Hello"]


@status_does_not_end_in_a_line_break.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK\r\n".strip(), [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-004",), cites=_CONTROL)
def status_has_no_control_characters(x: Exchange, start: Start) -> Verdict:
    """The status has no control character inside it.

    A line break in the reason phrase ends the status line early: whoever supplies the text that follows
    writes headers, cookies or a whole response of their own (response splitting). wsgiref sends it,
    waitress and gunicorn answer 500; all three send a tab. Never put a request's text, or the message of an
    exception, into the reason phrase.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    found = FIELD_CONTROL.search(line)
    if found is None:
        return HOLDS
    return (f"the status {show(line, 80)} has U+{ord(found.group()):04X} at place {found.start()}; "
            "expected no control character")


@status_has_no_control_characters.bad(query="name=x%0D%0ASet-Cookie:%20admin=1")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 No " + unquote(environ["QUERY_STRING"].partition("=")[2]), [TEXT])
    return [b"Nothing here"]


@status_has_no_control_characters.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not\tFound", [TEXT])
    return [b"Nothing here"]


@status_has_no_control_characters.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found\x7f", [TEXT])
    return [b"Nothing here"]


@status_has_no_control_characters.good(query="name=x%0D%0ASet-Cookie:%20admin=1")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 No " + environ["QUERY_STRING"].partition("=")[2], [TEXT])
    return [b"Nothing here"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-003",), cites=_FORM)
def status_has_no_surrounding_whitespace(x: Exchange, start: Start) -> Verdict:
    """The status neither begins nor ends with a space.

    A leading space is a 500 under wsgiref and gunicorn; waitress sends "HTTP/1.1  200 OK", which strict
    clients refuse. A trailing one is sent as it is. Strip what you take from elsewhere. A code and a single
    space, and no phrase at all, is a lesser matter with a rule of its own.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    if line.strip(" ") == line or (len(line) == 4 and _CODE.match(line)):
        return HOLDS
    return f"the status is {show(line)}; expected no space around it"


@status_has_no_surrounding_whitespace.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response(" 200 OK", [TEXT])
    return [b"Hello"]


@status_has_no_surrounding_whitespace.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK ", [TEXT])
    return [b"Hello"]


@status_has_no_surrounding_whitespace.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found", [TEXT])
    return [b"Nothing here"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-001", "ST-007"), given=(status_is_latin_1,),
      cites=(_FORM, rfc(9110, "15")))
def status_begins_with_three_digits(x: Exchange, start: Start) -> Verdict:
    """The status begins with a code of exactly three ASCII digits.

    wsgiref and gunicorn answer 500 to anything else, waitress sends it as it is ("HTTP/1.1 OK 200"), and the
    client refuses the status line. Write `"200 OK"`, the code first.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    if _CODE.match(line.strip(" ")):
        return HOLDS
    return f"the status is {show(line)}; expected three digits first, as in '200 OK'"


@status_begins_with_three_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("OK 200", [TEXT])
    return [b"Hello"]


@status_begins_with_three_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("2000 OK", [TEXT])
    return [b"Hello"]


@status_begins_with_three_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("", [TEXT])
    return [b"Hello"]


@status_begins_with_three_digits.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("HTTP/1.1 200 OK", [TEXT])
    return [b"Hello"]


@status_begins_with_three_digits.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 200", [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-001", "ST-008"),
      given=(status_begins_with_three_digits,),
      cites=(_FORM, pep("questions-and-answers",
                        "on balance it seems better to make the application/framework responsible, rather than the "
                        "server or gateway.")))
def status_has_reason_phrase(x: Exchange, start: Start) -> Verdict:
    """The status has a reason phrase after its code.

    The server has no table of phrases: wsgiref answers 500 to "200" alone, waitress and gunicorn send a
    status line without the space that HTTP demands after the code. Write `"200 OK"`;
    http.HTTPStatus(200).phrase knows the usual words, and any word will do.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    if len(line.strip(" ")) > 3 or (len(line) == 4 and line[3] == " "):
        return HOLDS
    return f"the status is {show(line)}; expected a space and a reason phrase after the code, as in '200 OK'"


@status_has_reason_phrase.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200", [TEXT])
    return [b"Hello"]


@status_has_reason_phrase.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 A", [TEXT])
    return [b"Hello"]


@status_has_reason_phrase.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 Froody", [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-001", "ST-002"),
      given=(status_begins_with_three_digits, status_has_no_control_characters), cites=_FORM)
def status_code_and_phrase_are_one_space_apart(x: Exchange, start: Start) -> Verdict:
    """Exactly one space stands between the code and the reason phrase.

    wsgiref answers 500 when the fourth character is no space. A second space goes out as it is, and whether
    the client takes it is up to the client. A phrase that was padded or built from pieces is the usual
    source: write `f"{code} {phrase.strip()}"`.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    after = line.strip(" ")[3:]
    if not after or (after[0] == " " and after[1] != " "):
        return HOLDS
    return f"the status is {show(line)}; expected exactly one space after the code"


@status_code_and_phrase_are_one_space_apart.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200  OK", [TEXT])
    return [b"Hello"]


@status_code_and_phrase_are_one_space_apart.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200-OK", [TEXT])
    return [b"Hello"]


@status_code_and_phrase_are_one_space_apart.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200OK", [TEXT])
    return [b"Hello"]


@status_code_and_phrase_are_one_space_apart.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Spaces inside the phrase are its own affair.
    start_response("200 All  is  well", [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("ST-003",), cites=(_FORM, rfc(9112, "4")))
def reason_phrase_is_not_empty(x: Exchange, start: Start) -> Verdict:
    """The reason phrase has at least one character.

    HTTP allows "200 " with nothing after the space; the PEP allows no space at the end of the status. Where
    somebody on the way strips it, the space that HTTP demands is missing. Write any word after the code.
    """
    line = _line(start)
    if line is None:
        return NOT_APPLICABLE
    if len(line) == 4 and line[3] == " " and _CODE.match(line):
        return f"the status is {show(line)}; expected a reason phrase after the space"
    return HOLDS


@reason_phrase_is_not_empty.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 ", [TEXT])
    return [b"Hello"]


@reason_phrase_is_not_empty.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("ST-009",), cites=rfc(9110, "15"))
def status_code_is_between_100_and_599(x: Exchange, start: Start) -> Verdict:
    """The status code lies in 100 to 599.

    HTTP defines no other class of responses. Clients treat such a code as a server error, and some proxies
    and servers refuse it with a 502. Choose the nearest code of the right class; what you want to say beyond
    it belongs into the body.
    """
    code = _code(start)
    if code is None:
        return NOT_APPLICABLE
    if 100 <= code <= 599:
        return HOLDS
    return f"the status is {show(_line(start))}; expected a code from 100 to 599"


@status_code_is_between_100_and_599.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("999 Message here", [TEXT])
    return [b"Hello"]


@status_code_is_between_100_and_599.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("000 Nothing", [TEXT])
    return [b"Hello"]


@status_code_is_between_100_and_599.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("599 Worn out", [TEXT])
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("ST-010",),
      cites=(rfc(9110, "15.2"), pep("the-start-response-callable",
                                    "The start_response callable is used to begin the HTTP response")))
def status_is_final(x: Exchange, start: Start) -> Verdict:
    """The status is not one of the interim 1xx codes.

    A 1xx answer announces the real one, and start_response can be called only once: wsgiref, waitress and
    gunicorn send it, and the client waits for a final response that never comes. "100 Continue" is sent by
    the server when wsgi.input is read; "101 Switching Protocols" needs the Upgrade header that WSGI forbids.
    Where a server offers its own socket in environ for WebSockets, an application that takes it works
    outside WSGI, and need not call start_response for it.
    """
    code = _code(start)
    if code is None:
        return NOT_APPLICABLE
    if not 100 <= code <= 199:
        return HOLDS
    return f"the status is {show(_line(start))}; expected a final one, from 200 on"


@status_is_final.bad(method="POST", body=b"name=value", HTTP_EXPECT="100-continue")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if "HTTP_EXPECT" in environ:
        start_response("100 Continue", [])
        return []
    start_response("200 OK", [TEXT])
    return [b"Thank you"]


@status_is_final.good(method="POST", body=b"name=value", HTTP_EXPECT="100-continue")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("201 Created", [TEXT])
    return [b"Thank you"]
