"""How the application replaces a response by an error page (PEP 3333, "Error Handling")."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Start
from ..model.request import Drive
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rule
from ..show import show
from .kinds import is_a, name_of, size_of
from .start_response import start_response_called_again_only_with_exc_info, tells_no_error

TEXT = ("Content-Type", "text/plain; charset=utf-8")

# Read off the class, since a subclass may answer the attribute with anything.
_traceback_of = vars(BaseException)["__traceback__"].__get__


def _items(exc_info: Any) -> tuple[Any, ...]:
    """Return the items of a tuple, also where a subclass has ideas of its own about them."""
    return tuple.__getitem__(exc_info, slice(None))


def _flaw(exc_info: object) -> str | None:
    """Return what keeps `exc_info` from being a sys.exc_info() tuple, None if it is one."""
    if not is_a(exc_info, tuple):
        return f"is {show(exc_info)}, of type {name_of(exc_info)}"
    items = _items(exc_info)
    if len(items) != 3:
        return f"is a tuple of {len(items)} items"
    kind, value, traceback = items
    if kind is None:
        return None if value is None and traceback is None else f"is {show(items)}"
    if not is_a(kind, type) or not type.__subclasscheck__(BaseException, kind):
        return f"has {show(kind)} in place of the exception's class"
    if not is_a(value, kind):
        return f"has {show(value)} in place of the exception"
    if traceback is not None and type(traceback) is not TracebackType:
        return f"has {show(traceback)} in place of the traceback"
    return None


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("SR-019",),
      cites=pep("the-start-response-callable",
                "The exc_info argument, if supplied, must be a Python sys.exc_info() tuple."))
def exc_info_is_a_sys_exc_info_tuple(x: Exchange, start: Start) -> Verdict:
    """The third argument of start_response, if there is one, is what sys.exc_info() returned.

    The server raises it again once body data has gone out: `raise exc_info[1].with_traceback(exc_info[2])`.
    True, the exception itself, or a tuple of something else make that line die of its own, and the log
    shows that instead of the error that happened. Pass `sys.exc_info()`.
    """
    if start.exc_info is None:
        return NOT_APPLICABLE
    flaw = _flaw(start.exc_info)
    return HOLDS if flaw is None else f"exc_info {flaw}; expected sys.exc_info(): (class, exception, traceback)"


@exc_info_is_a_sys_exc_info_tuple.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT], True)
        return [b"Nothing here"]


@exc_info_is_a_sys_exc_info_tuple.bad(query="page=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        page = int(environ["QUERY_STRING"].removeprefix("page=") or "1")
    except ValueError as error:
        start_response("400 Bad Request", [TEXT], error)
        return [b"No such page"]
    return [b"Page %d" % page]


@exc_info_is_a_sys_exc_info_tuple.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT], sys.exc_info()[:2])
        return [b"Nothing here"]


@exc_info_is_a_sys_exc_info_tuple.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found", [TEXT], (LookupError, "the page is gone", None))
    return [b"Nothing here"]


@exc_info_is_a_sys_exc_info_tuple.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT], sys.exc_info())
        return [b"Nothing here"]


@exc_info_is_a_sys_exc_info_tuple.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A first call may pass it too: nothing is replaced, and nothing is wrong.
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT], sys.exc_info())
        return [b"Nothing here"]


@exc_info_is_a_sys_exc_info_tuple.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT], (None, None, None))
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("SR-020",), given=(exc_info_is_a_sys_exc_info_tuple,),
      cites=pep("the-start-response-callable", "This argument should be supplied by the application only if "
                "start_response is being called by an error handler."))
def exc_info_tells_of_an_error_that_happened(x: Exchange, start: Start) -> Verdict:
    """exc_info carries an exception that was really raised.

    It is for error handlers. An exception that was only made up to get a second start_response call past
    the server has no traceback, so the log shows an error without a place, and once body data has gone out
    the server raises it and cuts the response. Decide on the status first and call start_response once.
    Nothing is said about an error that was raised and is reported after its except block.
    """
    if tells_no_error(start.exc_info) or _flaw(start.exc_info) is not None:
        return NOT_APPLICABLE
    _, value, traceback = _items(start.exc_info)
    if value is None:
        return NOT_APPLICABLE
    if traceback is not None or id(value) == x.handling or _traceback_of(value) is not None:
        return HOLDS
    return (f"exc_info carries {show(value)}, which was never raised; "
            "expected sys.exc_info() in an error handler, or no third argument")


@exc_info_tells_of_an_error_that_happened.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    error = LookupError("the page is gone")
    start_response("404 Not Found", [TEXT], (type(error), error, None))
    return [b"Nothing here"]


@exc_info_tells_of_an_error_that_happened.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["PATH_INFO"] != "/":
        error = LookupError("the page is gone")
        start_response("404 Not Found", [TEXT], (LookupError, error, error.__traceback__))
    return [b"Hello"]


@exc_info_tells_of_an_error_that_happened.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    failed = None
    try:
        raise LookupError("the page is gone")
    except LookupError:
        failed = sys.exc_info()
    try:
        start_response("404 Not Found", [TEXT], failed)
    finally:
        failed = None
    return [b"Nothing here"]


@rule(at=Moment.CHUNK, binds=APPLICATION, level=MUST, covers=("EX-002",),
      given=(start_response_called_again_only_with_exc_info,),
      cites=(pep("error-handling", "to display such a message, the application must not have actually sent any data to "
                 "the browser yet, or else it risks corrupting the response."),
             pep("the-start-response-callable", "It is not safe for the application to attempt error output to the "
                 "browser once the HTTP headers have already been sent.")))
def error_output_comes_before_body_data(x: Exchange, chunk: object) -> Verdict:
    """No error page is yielded behind body data that has already gone out.

    start_response with exc_info raises in that case, to tell that it is too late. An application that
    traps it and yields its error page all the same puts it into the middle of the page, image or download
    that the client already receives under "200 OK", and the broken file is cached as a good one. Let the
    exception out: the server then cuts the connection, and the client sees that something is missing.
    """
    if not x.failed_with_exc_info:
        return HOLDS if x.exc_info_given else NOT_APPLICABLE
    size = size_of(chunk)
    if not size or not x.headers_gone:
        return NOT_APPLICABLE
    return (f"{x.item} yields {size} bytes after start_response refused an error page behind "
            f"{x.bytes_sent} bytes of body; expected nothing more")


@error_output_comes_before_body_data.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"The first half of a page, "
    try:
        raise LookupError("the second half is gone")
    except LookupError:
        with suppress(LookupError):
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())
        yield b"Something went wrong"


@error_output_comes_before_body_data.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"The first half of a page, "
    try:
        raise LookupError("the second half is gone")
    except LookupError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
        yield b"Something went wrong"


@error_output_comes_before_body_data.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b""
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
        yield b"Something went wrong"


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("SR-024", "EX-005", "EX-011"),
      given=(start_response_called_again_only_with_exc_info, error_output_comes_before_body_data),
      cites=(pep("the-start-response-callable", "The application must not trap any exceptions raised by "
                 "start_response, if it called start_response with exc_info."),
             pep("error-handling", "This exception should not be trapped by the application, and so the application "
                 "will abort."),
             pep("error-handling", "Never trap errors raised by start_response when exc_info is being provided")))
def errors_of_start_response_with_exc_info_propagate(x: Exchange, ending: Ending) -> Verdict:
    """What start_response raises when it was given exc_info leaves the application.

    It is the only way to abort a response whose headers are gone, and how middleware takes over an error
    page. Trapped, the half of a page that was sent ends as if it were whole, and the error is in no log.
    Do not wrap the call in a try block of its own, and let no `except Exception` around it go on.
    """
    if not x.failed_with_exc_info:
        return NOT_APPLICABLE
    if ending is Ending.RAISED or x.raised:
        return HOLDS
    return (f"start_response with exc_info raised and the application went on, {x.so_many} items in all; "
            "expected the exception to reach the server")


@errors_of_start_response_with_exc_info_propagate.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"The first half of a page, "
    try:
        raise LookupError("the second half is gone")
    except LookupError:
        with suppress(LookupError):
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())


@errors_of_start_response_with_exc_info_propagate.bad(drive=Drive(start_raises=True))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        start_response("200 OK", [TEXT])
    except Exception:
        with suppress(Exception):
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    return [b"Hello"]


@errors_of_start_response_with_exc_info_propagate.good(drive=Drive(start_raises=True))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Trapping what the first call raised, and then reporting it, is right.
    try:
        start_response("200 OK", [TEXT])
    except Exception:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    return [b"Hello"]


@errors_of_start_response_with_exc_info_propagate.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    def body() -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield b"The first half of a page, "
        try:
            raise LookupError("the second half is gone")
        except LookupError:
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())

    return body()
