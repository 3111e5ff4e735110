"""Whether the body is as long as the headers say, and whether there is one where HTTP has none.

PEP 3333, "Handling the Content-Length Header"; RFC 9110, 6.4.1, 8.3, 8.6 and 15. Nothing is compared for
HEAD, after an error, or when the server left early.
"""

from __future__ import annotations

import sys
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.request import Drive
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc, rule
from ..show import show
from .body import chunks_are_bytes
from .kinds import size_of
from .start_response import (
    start_response_called_again_only_with_exc_info,
    start_response_called_before_body,
)
from .status import status_is_final

TEXT = ("Content-Type", "text/plain; charset=utf-8")
_OVER = pep("handling-the-content-length-header",
            "the server should not transmit more bytes to the client than the header allows, and should stop iterating "
            "over the response when enough data has been sent, or raise an error if the application tries to write() "
            "past that point.")
_UNDER = pep("handling-the-content-length-header",
             "if the application does not provide enough data to meet its stated Content-Length, the server should "
             "close the connection and log or otherwise report the error.")
_TRUSTED = (start_response_called_again_only_with_exc_info, chunks_are_bytes)


def _is_comparable(x: Exchange) -> bool:
    """Tell whether the declared length of this response speaks of the bytes that the application gives."""
    return (not x.bodyless and not x.start_failed and not x.write_failed and x.iterations <= 1
            and len(x.values("Content-Length")) == 1)


def _is_known(ending: Ending) -> bool:
    """Tell whether what was sent until `ending` came is what the application meant to send."""
    return ending is not Ending.RAISED and ending is not Ending.HANDED_OVER


def _overrun(x: Exchange, data: object, what: str) -> Verdict:
    declared = x.declared_length
    if declared is None:
        return NOT_APPLICABLE
    size = size_of(data)
    if size is None:
        return NOT_APPLICABLE
    total = x.bytes_sent + size
    if total <= declared:
        return HOLDS
    if not size or not _is_comparable(x):
        return NOT_APPLICABLE
    return f"{what} brings the body to {total} bytes and Content-Length is {declared}; expected at most {declared}"


@rule(at=Moment.WRITE, binds=APPLICATION, level=MUST, covers=("CT-010",),
      given=(start_response_called_again_only_with_exc_info,), cites=(_OVER, rfc(9110, "8.6")))
def written_data_fits_content_length(x: Exchange, data: object) -> Verdict:
    """What is written with write() goes no further than the Content-Length that was declared.

    The server may raise from write(), or cut the data off as waitress and gunicorn do. Written and yielded
    bytes count together. Declare the sum, or no Content-Length at all.
    """
    return _overrun(x, data, f"call {x.writes + 1} of write()")


@written_data_fits_content_length.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "5")])
    write(b"Hello World")
    return []


@written_data_fits_content_length.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "11")])
    return [b"Hello World"]


@rule(at=Moment.CHUNK, binds=APPLICATION, level=MUST, covers=("CT-010",),
      given=(*_TRUSTED, written_data_fits_content_length),
      cites=(_OVER, rfc(9110, "8.6")))
def body_fits_content_length(x: Exchange, chunk: object) -> Verdict:
    """The body is no longer than the Content-Length that was declared.

    waitress and gunicorn cut it off there, so the end of the page is missing; a server that sends it all, as
    wsgiref does, puts the rest in front of the next response where the connection is kept. A length counted
    in characters before encoding, or before a middleware changed the body, is the usual cause. Measure the
    bytes that you yield: `str(len(body))`, or leave the header to the server.
    """
    return _overrun(x, chunk, x.item)


@body_fits_content_length.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    text = "Grüße"
    start_response("200 OK", [TEXT, ("Content-Length", str(len(text)))])
    return [text.encode()]


@body_fits_content_length.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    yield b"Hello"
    yield b", World"


@body_fits_content_length.bad(query="name=%C3%A9", drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import unquote

    name = unquote(environ["QUERY_STRING"].partition("=")[2])
    start_response("200 OK", [TEXT, ("Content-Length", str(len(name)))])
    return [name.encode()]


@body_fits_content_length.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    body = "Grüße".encode()
    start_response("200 OK", [TEXT, ("Content-Length", str(len(body)))])
    return [body]


@body_fits_content_length.good(method="HEAD")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The server strips the body of a response to HEAD.
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"Hello"]


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("CT-010",), given=_TRUSTED,
      cites=(_UNDER, rfc(9110, "8.6")))
def body_fills_content_length(x: Exchange, ending: Ending) -> Verdict:
    """The body is no shorter than the Content-Length that was declared.

    The server closes the connection, and the client takes the download for broken; where the server doesn't,
    the client waits for the rest until it times out. Measure the bytes that you yield: `str(len(body))`, or
    leave the header to the server.
    """
    declared = x.declared_length
    if declared is None or ending is not Ending.EXHAUSTED:
        return NOT_APPLICABLE
    if not _is_comparable(x):
        return NOT_APPLICABLE
    if x.bytes_sent >= declared:
        return HOLDS
    return f"the body ended after {x.bytes_sent} bytes and Content-Length is {declared}; expected {declared}"


@body_fills_content_length.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "12")])
    return [b"Hello"]


@body_fills_content_length.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    if environ["PATH_INFO"] == "/":
        yield b"Hello"
    yield b"World"


@body_fills_content_length.good(method="HEAD")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "12")])
    return []


@body_fills_content_length.good(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    yield b"Hello"
    yield b"World"


@body_fills_content_length.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    yield b"Hello"
    raise ConnectionError("the database has gone")


@body_fills_content_length.good(HTTP_IF_NONE_MATCH='"1"')
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The length that the full response would have had.
    start_response("304 Not Modified", [("ETag", '"1"'), ("Content-Length", "10")])
    return []


@body_fills_content_length.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The length that counts is that of the response which replaced the first.
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT, ("Content-Length", "12")], sys.exc_info())
    return [b"Nothing here"]


def _content(x: Exchange, ending: Ending, code: int) -> Verdict:
    """Judge that a response with the status `code` has no body."""
    if x.code != code or x.method == "HEAD" or x.start_failed or not _is_known(ending):
        return NOT_APPLICABLE
    if not x.bytes_sent:
        return HOLDS
    return f"the response {show(x.status, 60)} has {x.bytes_sent} bytes of body; expected none"


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("CT-016",), given=_TRUSTED,
      cites=(rfc(9110, "15.3.5"), rfc(9110, "6.4.1")))
def no_content_response_has_no_body(x: Exchange, ending: Ending) -> Verdict:
    """A 204 response has no body.

    It ends with its headers. waitress and gunicorn drop the body and log a warning. wsgiref sends it, and on
    a kept connection its bytes are read as the beginning of the next response. Return `[]`, or use 200 if
    there is something to say.
    """
    return _content(x, ending, 204)


@no_content_response_has_no_body.bad(method="DELETE")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [TEXT])
    return [b"Deleted"]


@no_content_response_has_no_body.good(method="DELETE")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [])
    return [b""]


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("CT-018",), given=_TRUSTED,
      cites=(rfc(9110, "15.4.5"), rfc(9110, "6.4.1")))
def not_modified_response_has_no_body(x: Exchange, ending: Ending) -> Verdict:
    """A 304 response has no body.

    It ends with its headers, and the client takes the body from its cache. waitress and gunicorn drop the
    body. A server that sends it puts its bytes in front of the next response on a kept connection. Return
    `[]`.
    """
    return _content(x, ending, 304)


@not_modified_response_has_no_body.bad(HTTP_IF_NONE_MATCH='"1"')
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("HTTP_IF_NONE_MATCH") == '"1"':
        start_response("304 Not Modified", [("ETag", '"1"')])
    else:
        start_response("200 OK", [TEXT, ("ETag", '"1"')])
    return [b"Hello"]


@not_modified_response_has_no_body.good(HTTP_IF_NONE_MATCH='"1"')
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("304 Not Modified", [("ETag", '"1"')])
    return []


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("CT-022",), given=_TRUSTED, cites=rfc(9110, "15.3.6"))
def reset_content_response_has_no_body(x: Exchange, ending: Ending) -> Verdict:
    """A 205 response has no body.

    It tells the browser to clear its form, and HTTP forbids it any content. Servers send the body all the
    same (wsgiref, waitress and gunicorn do); a client that takes the response to be empty reads it as the
    beginning of the next one. Return `[]` with `Content-Length: 0`.
    """
    return _content(x, ending, 205)


@reset_content_response_has_no_body.bad(method="POST", body=b"name=value")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("205 Reset Content", [TEXT])
    return [b"Thank you"]


@reset_content_response_has_no_body.good(method="POST", body=b"name=value")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("205 Reset Content", [("Content-Length", "0")])
    return []


@rule(at=Moment.STARTED, binds=APPLICATION, level=MUST, covers=("CT-017",), given=(status_is_final,),
      cites=rfc(9110, "8.6"))
def no_content_response_has_no_content_length(x: Exchange, write: object) -> Verdict:
    """A 204 response carries no Content-Length, not even 0.

    HTTP forbids it, and Safari has failed on it. waitress and gunicorn take the header out, wsgiref sends it.
    Frameworks that add the header to every response add it here too (Django's CommonMiddleware does, Flask
    does not): leave it out, or delete it where the status is set.
    """
    if x.code != 204 and not 100 <= x.code <= 199:
        return NOT_APPLICABLE
    found = x.value("Content-Length")
    if found is None:
        return HOLDS
    return f"the response {show(x.status, 60)} carries Content-Length: {show(found, 40)[1:-1]}; expected none"


@no_content_response_has_no_content_length.bad(method="DELETE")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [("Content-Length", "0")])
    return []


@no_content_response_has_no_content_length.good(method="DELETE")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [TEXT])
    return []


METADATA = ("Content-Type", "Content-Encoding", "Content-Language")
"""What describes a representation and helps no cache; Content-Length and Last-Modified have their use in a 304."""


@rule(at=Moment.STARTED, binds=APPLICATION, level=SHOULD, covers=("CT-021",), cites=rfc(9110, "15.4.5"))
def not_modified_response_describes_no_body(x: Exchange, write: object) -> Verdict:
    """A 304 response has no Content-Type, Content-Encoding or Content-Language.

    The cache replaces the stored fields by those of the 304: the default Content-Type of a framework turns
    the image that was cached into text. Send Cache-Control, Content-Location, Date, ETag, Expires and Vary as
    the 200 would have them, and nothing else about the body.
    """
    if x.code != 304:
        return NOT_APPLICABLE
    for name in METADATA:
        value = x.value(name)
        if value is not None:
            return f"the 304 response carries {name}: {show(value, 60)[1:-1]}; expected it without"
    return HOLDS


@not_modified_response_describes_no_body.bad(HTTP_IF_NONE_MATCH='"1"')
def _(environ: dict[str, Any], start_response: Any) -> Any:
    cached = environ.get("HTTP_IF_NONE_MATCH") == '"1"'
    start_response("304 Not Modified" if cached else "200 OK", [TEXT, ("ETag", '"1"')])
    return [] if cached else [b"Hello"]


@not_modified_response_describes_no_body.good(HTTP_IF_MODIFIED_SINCE="Sat, 01 Nov 2025 00:00:00 GMT")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("304 Not Modified", [("Last-Modified", "Sat, 01 Nov 2025 00:00:00 GMT")])
    return []


@rule(at=Moment.END, binds=APPLICATION, level=SHOULD, covers=("CT-023",),
      given=(*_TRUSTED, start_response_called_before_body), cites=rfc(9110, "8.3"))
def body_has_a_content_type(x: Exchange, ending: Ending) -> Verdict:
    """A response with a body names its Content-Type.

    Without it the browser guesses from the first bytes: a text becomes a page whose scripts run, or a page
    becomes a download; with "X-Content-Type-Options: nosniff" it refuses. Send
    `("Content-Type", "text/html; charset=utf-8")`, or application/octet-stream if you do not know.
    """
    if not x.bytes_sent or x.start_failed or not _is_known(ending):
        return NOT_APPLICABLE
    if x.bodyless or x.code == 205:
        return NOT_APPLICABLE
    if x.value("Content-Type") is not None:
        return HOLDS
    return f"the response {show(x.status, 60)} has {x.bytes_sent} bytes of body and no Content-Type; expected one"


@body_has_a_content_type.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    return [b"Hello"]


@body_has_a_content_type.bad(path="/missing", drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [TEXT])
    else:
        start_response("404 Not Found", [("Cache-Control", "no-store")])
    yield b"Hello"
    yield b"World"


@body_has_a_content_type.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("303 See Other", [("Location", "/"), ("Content-Length", "0")])
    return [b""]


@body_has_a_content_type.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"Hello"]
