"""How and when the application calls start_response (PEP 3333, "The start_response() Callable")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Start
from ..model.request import Drive
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, Verdict, cited, pep, rule
from ..show import show
from .kinds import size_of

TEXT = ("Content-Type", "text/plain; charset=utf-8")

_FATAL = pep("the-start-response-callable",
             "it is a fatal error to call start_response without the exc_info argument if start_response has "
             "already been called within the current invocation of the application.")
_BEFORE_BODY = pep("specification-details",
                   "the application must invoke the start_response() callable before the iterable yields its "
                   "first body bytestring")


def tells_no_error(exc_info: object) -> bool:
    """Tell whether an exc_info argument counts as none: None, or what sys.exc_info() gives outside a handler."""
    return exc_info is None or (type(exc_info) is tuple and len(exc_info) == 3 and exc_info[0] is None)


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("SR-003",),
      cites=pep("specification-details", "The start_response parameter is a callable accepting two required "
                "positional arguments, and one optional argument."))
def start_response_gets_two_or_three_arguments(x: Exchange, start: Start) -> Verdict:
    """start_response is called with a status, a header list and at most an exc_info.

    Every server ends any other call in a TypeError, most often seen by the first user who meets the branch
    that makes it. Status code and reason phrase are one argument: `start_response("404 Not Found", headers)`.
    """
    count = start.positional + len(start.keywords)
    if 2 <= count <= 3:
        return HOLDS
    return f"start_response gets {count} arguments; expected 2 or 3: status, headers and, after an error, exc_info"


@start_response_gets_two_or_three_arguments.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None, None)
    return [b"Hello"]


@start_response_gets_two_or_three_arguments.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"Hello"]


@start_response_gets_two_or_three_arguments.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None)
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("SR-002",),
      cites=pep("specification-details", "the application must invoke the start_response callable using positional "
                "arguments (e.g. start_response(status, response_headers))."))
def start_response_called_positionally(x: Exchange, start: Start) -> Verdict:
    """start_response is called with positional arguments only.

    The names of its parameters are not part of the interface. The PEP's `response_headers` is called
    `headers` in wsgiref, waitress and gunicorn, so that keyword is a 500 under all three; in middleware the
    names are something else again. Write `start_response(status, headers, exc_info)`.
    """
    if not start.keywords:
        return HOLDS
    names = ", ".join(f"{show(name)[1:-1]}=" for name in start.keywords[:4])
    return f"start_response is called with the keyword {names}; expected positional arguments only"


@start_response_called_positionally.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT], exc_info=None)
    return [b"Hello"]


@start_response_called_positionally.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [TEXT])
    else:
        start_response(status="404 Not Found", response_headers=[TEXT])
    return [b"Hello"]


@start_response_called_positionally.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    arguments = ("200 OK", [TEXT])
    start_response(*arguments)
    return [b"Hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("SR-029",),
      cites=_FATAL)
def start_response_belongs_to_its_request(x: Exchange, start: Start) -> Verdict:
    """start_response is called while its own request is being answered, and not later.

    Each request brings a start_response of its own. One that was stored on a global, an object shared
    between requests or a background thread belongs to a response that is long gone: the server raises, or
    the status of one user's request ends up in another's connection. Use the one that was passed with
    this environ.
    """
    if x.over or x.ending is Ending.EXHAUSTED:
        return "start_response is called after its response has ended; expected only while its own request is answered"
    return HOLDS


_kept_start: list[Any] = []


@start_response_belongs_to_its_request.bad(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    while _kept_start:
        with suppress(Exception):
            _kept_start.pop()("200 OK", [TEXT])
    _kept_start.append(start_response)
    start_response("200 OK", [TEXT])
    return [b"Hello"]


@start_response_belongs_to_its_request.good(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    def body() -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield b"Hello"

    return body()


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("SR-010", "SR-011", "SR-026", "EX-010"),
      allows=("SR-009",), given=(start_response_belongs_to_its_request,),
      cites=(_FATAL,
             pep("the-start-response-callable",
                 "This includes the case where the first call to start_response raised an error."),
             pep("error-handling", "Always provide exc_info when beginning an error response")))
def start_response_called_again_only_with_exc_info(x: Exchange, start: Start) -> Verdict:
    """start_response is called a second time only with exc_info, to replace a response by an error page.

    wsgiref, waitress and gunicorn raise at the second call, lenient servers let the last call win: the
    error page works on the one and is a bare 500 on the other. None, and the (None, None, None) that
    sys.exc_info() gives outside a handler, count as no exc_info. In the handler of an error write
    `start_response("500 Internal Server Error", headers, sys.exc_info())`; elsewhere decide first and
    call once.
    """
    if x.starts == 0 or not tells_no_error(start.exc_info):
        return HOLDS
    first = "raised" if x.start_failed else f"set {show(x.status, 60)}"
    where = " while an exception is being handled" if x.handling else ""
    wanted = "sys.exc_info() as third argument" if x.handling else "one call, or sys.exc_info() after an error"
    return (f"call {x.starts + 1} of start_response, with {show(start.status, 60)}, has no exc_info{where} "
            f"(the call before {first}); expected {wanted}")


@start_response_called_again_only_with_exc_info.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    start_response("404 Not Found", [TEXT])
    return [b"Nothing here"]


@start_response_called_again_only_with_exc_info.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    start_response("404 Not Found", [TEXT], None)
    return [b"Nothing here"]


@start_response_called_again_only_with_exc_info.bad(query="page=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        page = int(environ["QUERY_STRING"].removeprefix("page=") or "1")
    except ValueError:
        start_response("400 Bad Request", [TEXT])
        return [b"No such page"]
    return [b"Page %d" % page]


@start_response_called_again_only_with_exc_info.bad(drive=Drive(start_raises=True))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        start_response("200 OK", [TEXT, ("X-Trace", environ["QUERY_STRING"])])
    except Exception:
        start_response("500 Internal Server Error", [TEXT])
    return [b"Hello"]


@start_response_called_again_only_with_exc_info.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import sys

    start_response("200 OK", [TEXT])
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT], sys.exc_info())
        return [b"Nothing here"]


@start_response_called_again_only_with_exc_info.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The first call inside a handler needs no exc_info: nothing is being replaced.
    try:
        raise LookupError("the page is gone")
    except LookupError:
        start_response("404 Not Found", [TEXT])
        return [b"Nothing here"]


@start_response_called_again_only_with_exc_info.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import sys

    start_response("200 OK", [TEXT], sys.exc_info())
    return [b"Hello"]


@rule(at=Moment.CHUNK, binds=APPLICATION, level=MUST, covers=("SR-005",), allows=("SR-006",),
      cites=_BEFORE_BODY)
def start_response_called_before_body(x: Exchange, chunk: object) -> Verdict:
    """start_response has been called by the time the first non-empty item is yielded.

    The headers go out before the first body byte, and the server has none: wsgiref and waitress answer 500,
    gunicorn sends the status line "HTTP/1.1 None". Call it anywhere before: in the function, or in the
    generator ahead of its first yield.
    """
    if x.starts:
        return HOLDS
    size = size_of(chunk)
    if not size:
        return NOT_APPLICABLE
    return f"{x.item} yields {size} bytes and start_response was not called; expected the call before them"


@start_response_called_before_body.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return [b"Hello"]


@start_response_called_before_body.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    yield b"Hello"
    start_response("200 OK", [TEXT])


@start_response_called_before_body.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [TEXT])
    return [b"Hello"]


@start_response_called_before_body.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"Hello"


class _Page:
    """The class that is its own application, as in PEP 3333, "The Application/Framework Side"."""

    def __init__(self, environ: dict[str, Any], start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self.start_response("200 OK", [TEXT])
        yield b"Hello"


start_response_called_before_body.good(_Page)


class _Sequence:
    """Iterates by __getitem__ alone, and calls start_response at the first item."""

    def __init__(self, environ: dict[str, Any], start_response: Any) -> None:
        self.start_response = start_response

    def __getitem__(self, index: int) -> bytes:
        if index == 0:
            self.start_response("200 OK", [TEXT])
        return (b"Hello, ", b"World")[index]


start_response_called_before_body.good(_Sequence)


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("SR-008",), given=(start_response_called_before_body,),
      cites=(_BEFORE_BODY,
             pep("the-start-response-callable", "The start_response callable is used to begin the HTTP response")))
def start_response_is_called(x: Exchange, ending: Ending) -> Verdict:
    """start_response is called before the body ends, also when the body is empty.

    A response needs a status. Without one the server has nothing to send when the body is exhausted:
    wsgiref and waitress answer 500, gunicorn sends the status line "HTTP/1.1 None". An empty answer is
    `start_response("204 No Content", [])` and `return []`. Nothing is said when the server closed the
    body before its end, since the application still had time.
    """
    if ending is not Ending.EXHAUSTED:
        return NOT_APPLICABLE
    if x.starts:
        return HOLDS
    return f"the body ended after {x.so_many} items and start_response was never called; expected one call"


@start_response_is_called.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return []


@start_response_is_called.bad(method="POST")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "POST":
        return
    start_response("200 OK", [TEXT])
    yield b"Hello"


@start_response_is_called.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [])
    return []


@start_response_is_called.good(drive=Drive(stop_after=0))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"Hello"


@rule(at=Moment.CHUNK, binds=APPLICATION, level=ADVICE, covers=("PORT-023",),
      cites=(pep("specification-details", "this invocation may be performed by the iterable's first iteration"),
             cited("CPython bpo-21890", url="https://bugs.python.org/issue21890")))
def start_response_called_before_first_item(x: Exchange, chunk: object) -> Verdict:
    """start_response has been called before the first item, even an empty one.

    Items of no bytes are not body data, so the PEP lets start_response come after them. All the same,
    wsgiref answers 500 at the first item of any kind ("write() before start_response()"), gunicorn sends
    the status line "HTTP/1.1 None" for it, and the validators of wsgiref, WebTest, Werkzeug and Paste raise.
    Call it ahead of the first yield where you can.
    """
    if x.starts or size_of(chunk) != 0:
        return HOLDS
    return (f"{x.item} is empty and comes before start_response; "
            "expected the call first, as wsgiref and gunicorn need it")


@start_response_called_before_first_item.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    yield b""
    yield b""
    start_response("200 OK", [TEXT])
    yield b"Hello"


@start_response_called_before_first_item.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b""
    yield b"Hello"
