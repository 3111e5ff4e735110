"""How the application uses write() (PEP 3333, "The write() Callable")."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.request import Drive
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rule
from ..show import show
from .content_length import written_data_fits_content_length
from .kinds import is_a, name_of

TEXT = ("Content-Type", "text/plain; charset=utf-8")

_BYTES = pep("unicode-issues",
             'For values referred to in this specification as "bytestrings" (i.e., values read from wsgi.input, '
             "passed to write() or yielded by the application), the value must be of type bytes under Python 3")


@rule(at=Moment.WRITE, binds=APPLICATION, level=MUST, covers=("WR-002", "STR-005"),
      cites=(_BYTES, pep("the-write-callable", "it accepts a single parameter: a bytestring to be written as part of "
                         "the HTTP response body")))
def written_data_is_bytes(x: Exchange, data: object) -> Verdict:
    """What is passed to write() is a bytes object.

    The server hands it to a socket, which takes bytes only. wsgiref answers 500; waitress and gunicorn raise
    when the headers have gone out, and the client gets "200 OK" and a broken body. Encode text first:
    `write("Hello".encode("utf-8"))`.
    """
    if type(data) is bytes or is_a(data, bytes):
        return HOLDS
    return f"write() gets {show(data)}, of type {name_of(data)}; expected bytes"


@written_data_is_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write("Hello World")
    return []


@written_data_is_bytes.bad(query="name=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    if environ["QUERY_STRING"]:
        write(bytearray(environ["QUERY_STRING"], "latin-1"))
    return []


@written_data_is_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # There is nothing about write() that yielding does not do as well.
    start_response("200 OK", [TEXT])
    yield b"Hello World"


@rule(at=Moment.WRITE, binds=APPLICATION, level=SHOULD, covers=("PORT-024", "STR-010"),
      cites=(_BYTES, cited("wsgiref.handlers, which compares the exact type")))
def written_data_is_no_bytes_subclass(x: Exchange, data: object) -> Verdict:
    """What is passed to write() is bytes proper, not an instance of a subclass.

    Servers that ask isinstance() take a subclass, as waitress and gunicorn do; wsgiref compares the exact
    type and raises. Write `bytes(data)`.
    """
    if type(data) is bytes or not is_a(data, bytes):
        return HOLDS
    return f"write() gets a {name_of(data)}, a subclass of bytes; expected exactly bytes"


class _Blob(bytes):
    """A bytes of some library's own making."""


@written_data_is_no_bytes_subclass.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(_Blob(b"Hello World"))
    return []


@written_data_is_no_bytes_subclass.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [bytes(_Blob(b"Hello World"))]


@rule(at=Moment.WRITE, binds=APPLICATION, level=MUST, covers=("SR-029",),
      cites=pep("the-write-callable", "The write() callable is returned by the start_response() callable"))
def write_belongs_to_its_request(x: Exchange, data: object) -> Verdict:
    """write() is called while its own response is being sent, and not later.

    Each start_response returns a write() for one response. Called after that response has ended (from a
    thread, a callback, a global), its data ends up nowhere, raises, or lands in the next response on the
    same connection. Yield what belongs to the response from its iterable.
    """
    if x.over or x.ending is Ending.EXHAUSTED:
        return "write() is called after its response has ended; expected only while its own request is answered"
    return HOLDS


_kept_writes: list[Any] = []


@write_belongs_to_its_request.bad(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    while _kept_writes:
        with suppress(Exception):
            _kept_writes.pop()(b"More for the one before")
    _kept_writes.append(start_response("200 OK", [TEXT]))
    return [b"Hello"]


@write_belongs_to_its_request.good(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return iter((b"Hello, ", b"World"))


@rule(at=Moment.WRITE, binds=APPLICATION, level=MUST, covers=("WR-006",), given=(write_belongs_to_its_request,),
      cites=pep("the-write-callable", "Applications must not invoke write() from within their return iterable"))
def write_is_not_called_while_iterating(x: Exchange, data: object) -> Verdict:
    """write() is not called from within the body: not in its generator, not in its __next__.

    The PEP promises that written data goes out before everything that is yielded. From inside the iteration
    no order is promised: wsgiref, waitress and gunicorn send in the order of the calls, middleware that
    collects or compresses the items sends what was written ahead of them. Inside a generator write
    `yield data`; note that the body of a generator function runs in the iteration from its first line on.
    """
    if not x.iterating:
        return HOLDS
    return f"write() is called from within the body, after {x.so_many} items; expected the data to be yielded"


@write_is_not_called_while_iterating.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"Hello, ")
    yield b"World"


@write_is_not_called_while_iterating.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])

    def body() -> Any:
        yield b"Hello, "
        write(b"World")
        yield b"!"

    return body()


@write_is_not_called_while_iterating.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"Hello, "
    yield b"World"


@rule(at=Moment.WRITE, binds=APPLICATION, level=ADVICE, covers=("WR-005",),
      given=(written_data_is_bytes, written_data_is_no_bytes_subclass, write_belongs_to_its_request,
             write_is_not_called_while_iterating, written_data_fits_content_length),
      cites=(pep("the-write-callable", "New WSGI applications and frameworks should not use the write() callable if it "
                 "is possible to avoid doing so."),
             pep("specification-details", "it should not be used by new applications or frameworks if it can be "
                 "avoided.")))
def body_comes_from_the_iterable(x: Exchange, data: object) -> Verdict:
    """The body comes out of the returned iterable, and write() is not used.

    It is legal, in every mixture with yielded items, and there for old frameworks. While it sends, the
    server can do nothing else in that thread, it can't tell Content-Length, and much middleware forgets to
    wrap it: compression, caching and logging miss what is written. Collect the data and return
    `[b"".join(parts)]`, or yield it.
    """
    if x.writes:
        return NOT_APPLICABLE
    return f"write() is called with {show(data, 60)}; expected all of the body to come from the iterable"


@body_comes_from_the_iterable.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "11")])
    write(b"Hello, ")
    write(b"")
    return [b"Wo", b"rld"[:2]]


@body_comes_from_the_iterable.bad(drive=Drive(write_raises_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "14")])
    with suppress(Exception):
        write(b"Hello, ")
        write(b"World")
    return []


@body_comes_from_the_iterable.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    parts = [b"Hello, ", b"World"]
    return [b"".join(parts)]
