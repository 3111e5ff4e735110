"""What the application returns, and the items that come out of it (PEP 3333, "Specification Details")."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.request import Drive
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, rule
from ..show import show
from .kinds import has_method, is_a, name_of

HTML = ("Content-Type", "text/html; charset=utf-8")
TEXT = ("Content-Type", "text/plain; charset=utf-8")

_BYTES = pep("unicode-issues",
             'For values referred to in this specification as "bytestrings" (i.e., values read from wsgi.input, '
             "passed to write() or yielded by the application), the value must be of type bytes under Python 3")
_ITERABLE = pep("specification-details",
                "the application object must always return an iterable yielding zero or more bytestrings.")

# The size is asked of the type, since a subclass may answer len() with anything.
_STRINGS: dict[type, Callable[[Any], int]] = {
    str: str.__len__, bytes: bytes.__len__, bytearray: bytearray.__len__, memoryview: lambda view: 1,
}


# -- what is returned ------------------------------------------------------------------------------------

@rule(at=Moment.RETURNED, binds=APPLICATION, level=MUST, covers=("BD-001", "BD-016"), allows=("BD-017",),
      cites=(_ITERABLE, pep("the-write-callable", "An application must return an iterable object, even if it uses "
                            "write() to produce all or part of its response body.")))
def application_returns_an_iterable(x: Exchange, body: object) -> Verdict:
    """The application returns an iterable, also when the body is empty or was written with write().

    A forgotten `return` gives None and a TypeError inside the server ("'NoneType' object is not
    iterable"), with no line of yours in the traceback. A coroutine means that the callable is `async def`:
    WSGI needs a plain `def`, an ASGI application needs an ASGI server or an adapter. Return
    `[b"..."]`, `[]`, or a generator.
    """
    if type(body) is list or has_method(body, "__iter__") or has_method(body, "__getitem__"):
        return HOLDS
    what = show(body, 80)
    if has_method(body, "__await__") or has_method(body, "__aiter__"):
        return f"the application returned {what}: it is async, as in ASGI; expected a plain def and an iterable"
    hint = " (a return is missing)" if body is None else ""
    return f"the application returned {what}, which is not iterable{hint}; expected an iterable of bytes"


@application_returns_an_iterable.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])


@application_returns_an_iterable.bad(method="POST", body=b"name=value")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if environ["REQUEST_METHOD"] == "GET":
        return [b"Hello"]
    return 0


@application_returns_an_iterable.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    async def body() -> AsyncIterator[bytes]:
        yield b"Hello"

    start_response("200 OK", [TEXT])
    return body()


@application_returns_an_iterable.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "0")])
    return []


@application_returns_an_iterable.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return deque([b"Hello, ", b"World"])


class _Lines:
    """Iterates by __getitem__ alone, and has neither close() nor len()."""

    def __getitem__(self, index: int) -> bytes:
        return (b"Hello, ", b"World")[index]


@application_returns_an_iterable.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return _Lines()


@rule(at=Moment.RETURNED, binds=APPLICATION, level=MUST, covers=("BD-001", "BD-002"), cites=(_ITERABLE, _BYTES))
def body_is_not_a_bare_string(x: Exchange, body: object) -> Verdict:
    """The body is an iterable of bytes, not a single bytes or str object.

    Iterating over bytes gives ints and over a str gives str of one character, and servers fail on the first
    of them: a 500 under wsgiref, a "200 OK" without a body under gunicorn. Put it into a list:
    `return [body]`, with `body.encode("utf-8")` for text.
    """
    if type(body) is list:
        return HOLDS
    for kind, size in _STRINGS.items():
        if is_a(body, kind):
            # An empty one yields nothing, and so nothing wrong.
            if size(body) == 0:
                return HOLDS
            items = "str of one character" if kind is str else "ints"
            return f"the application returned {show(body, 80)}, which yields {items}; expected a list around it"
    return HOLDS


@body_is_not_a_bare_string.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return b"Hello World"


@body_is_not_a_bare_string.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return "Hello World"


@body_is_not_a_bare_string.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [TEXT])
        return [b"Hello World"]
    start_response("404 Not Found", [TEXT])
    return bytearray(b"Nothing here")


@body_is_not_a_bare_string.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return (b"Hello World",)


@body_is_not_a_bare_string.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [])
    return b""


@rule(at=Moment.RETURNED, binds=APPLICATION, level=SHOULD, covers=("BD-020",),
      cites=pep("supporting-older-2-2-versions-of-python", "In general, you shouldn't do this anyway, because it will "
                "perform quite poorly most of the time!"))
def body_is_not_a_plain_file(x: Exchange, body: object) -> Verdict:
    """The body is not a file object as open() returns it.

    A file iterates by line: a download without line breaks comes as one item of the whole file's size, one
    with many comes as millions of tiny items. Use `environ["wsgi.file_wrapper"](file, 65536)` where the
    server has it, or a generator that reads blocks and closes the file.
    """
    kind = type(body)
    if kind is io.BufferedReader or kind is io.BufferedRandom or kind is io.FileIO:
        return f"the application returned a {name_of(body)}, which iterates by line; expected blocks of bytes"
    return HOLDS


@body_is_not_a_plain_file.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return open(__file__, "rb")


@body_is_not_a_plain_file.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    with open(__file__, "rb") as file:
        while block := file.read(4096):
            yield block


@body_is_not_a_plain_file.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 4096)


# -- its items -------------------------------------------------------------------------------------------

@rule(at=Moment.CHUNK, binds=APPLICATION, level=MUST, covers=("BD-002", "STR-002", "STR-005"), allows=("BD-014",),
      given=(body_is_not_a_bare_string,),
      cites=(_BYTES, pep("unicode-issues", "All encoding/decoding must be handled by the application")))
def chunks_are_bytes(x: Exchange, chunk: object) -> Verdict:
    """Every item of the body is a bytes object.

    Servers write items to a socket, which takes bytes only. A str item is a 500 under wsgiref; under waitress
    and gunicorn the headers have gone out by then, and the client gets "200 OK" and a broken body. A
    bytearray passes waitress and fails under the other two. Encode text where you produce it:
    `yield "Hello".encode("utf-8")`.
    """
    if type(chunk) is bytes or is_a(chunk, bytes):
        return HOLDS
    return f"{x.item} of the body is {show(chunk)}, of type {name_of(chunk)}; expected bytes"


@chunks_are_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [HTML])
    return ["Hello World"]


@chunks_are_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield "Hello World\n"


@chunks_are_bytes.bad(path="/missing")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    found = environ["PATH_INFO"] == "/"
    start_response("200 OK" if found else "404 Not Found", [TEXT])
    yield b"Hello"
    if not found:
        yield None


@chunks_are_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [bytearray(b"Hello World")]


@chunks_are_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [HTML])
    yield "Grüße".encode()


@chunks_are_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [HTML])
    yield b""
    yield "Grüße".encode()
    yield b""


@rule(at=Moment.CHUNK, binds=APPLICATION, level=SHOULD, covers=("PORT-024", "STR-010"),
      cites=(_BYTES, cited("wsgiref.handlers, which compares the exact type")))
def chunks_are_no_bytes_subclass(x: Exchange, chunk: object) -> Verdict:
    """Every item of the body is bytes proper, not an instance of a subclass.

    Servers that ask isinstance() take a subclass, as waitress and gunicorn do; wsgiref compares the exact
    type and answers 500. Wrappers of serializers and database drivers are the usual sources. Yield
    `bytes(chunk)`.
    """
    if type(chunk) is bytes or not is_a(chunk, bytes):
        return HOLDS
    return f"{x.item} of the body is of type {name_of(chunk)}, a subclass of bytes; expected exactly bytes"


class _Blob(bytes):
    """A bytes of some library's own making."""


@chunks_are_no_bytes_subclass.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [_Blob(b"Hello World")]


@chunks_are_no_bytes_subclass.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [bytes(_Blob(b"Hello World"))]


# -- how many there are ----------------------------------------------------------------------------------

@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("BD-009",),
      cites=pep("specification-details", "if the iterable returned by the application provides a working __len__() "
                "method, it must return an accurate result."))
def len_is_the_number_of_items(x: Exchange, ending: Ending) -> Verdict:
    """len() of the body, where it has one, is the number of items that it yields.

    Servers derive Content-Length from it: if len() is 1, the first item's size counts as the whole size.
    waitress then cuts off every item after it; wsgiref sends them beyond the length that it announced. A
    __len__ that counts bytes is the usual mistake: leave __len__ out, or count items.
    """
    length = x.length
    if length is None or x.iterations > 1:
        return NOT_APPLICABLE
    if ending is Ending.EXHAUSTED:
        if x.chunks == length:
            return HOLDS
    elif ending is not Ending.CLOSED or x.chunks <= length:
        return NOT_APPLICABLE
    return f"len() of the body ({x.returned}) is {length} and it yielded {x.so_many} items; expected the same number"


class _Counted:
    """A body whose len() is what the test says."""

    def __init__(self, items: list[bytes], length: int) -> None:
        self.items = items
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.items)

    def __len__(self) -> int:
        return self.length


@len_is_the_number_of_items.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return _Counted([b"Hello World"], len(b"Hello World"))


@len_is_the_number_of_items.bad(drive=Drive(stop_after=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return _Counted([b"Hello, ", b"World", b"!"], 1)


@len_is_the_number_of_items.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return _Counted([b"Hello, ", b"World"], 2)


@len_is_the_number_of_items.good(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [b"Hello, ", b"World"]
