"""What is known so far of one call of the application: facts, never live objects.

Laws: a check reads an Exchange and never changes it; only the spies write to it, and they write what
passed a moment after that moment was judged ("x is the past, the second argument is the present").

What every exchange sets or asks for stands in slots, which are written and read in a fifth of the time; of the rest
the default stands on the class, and costs nothing as long as nothing happens (see benchmarks/).
"""

from __future__ import annotations

from .moments import Ending
from .request import Drive, Request

__all__ = ["Exchange"]

_NO_NAMES: frozenset[str] = frozenset()


class Exchange:
    """The facts of one exchange.

    Sizes are in bytes; counts count what has already been absorbed.
    """

    # -- the call ----------------------------------------------------------------------------------------
    odd_call: tuple[int, tuple[str, ...]] | None
    """How many positional arguments the server called the application with, and the names of the keyword arguments;
    None where it was two and none, as it has to be."""

    # -- the request -------------------------------------------------------------------------------------
    method: str
    """REQUEST_METHOD, "" where absent or no str."""
    request_length: int | None
    """CONTENT_LENGTH in bytes, None where absent, empty or no digits."""
    input_terminated: bool = False
    """wsgi.input_terminated is true."""

    # -- start_response ----------------------------------------------------------------------------------
    handling: int = 0
    """At START, id() of the exception being handled where start_response was called, 0 if none."""
    starts: int
    """Calls of start_response so far, those that raised included."""
    start_failed: bool = False
    """The latest start_response call raised."""
    failed_with_exc_info: bool
    """A start_response call that passed exc_info raised; the application must let that through."""
    status: str
    """The status as last passed, "" before any, or when it is no str."""
    code: int
    """Its three digits as a number, 0 when it does not begin with three."""
    headers: tuple[tuple[str, str], ...]
    """The header fields as last passed, a copy; items that are no pair of str are left out."""
    names: frozenset[str]
    """The names of those fields in lower case."""
    declared_length: int | None
    """The response's Content-Length in bytes, None where absent or no digits."""
    exc_info_given: bool = False
    """The latest start_response call passed exc_info."""

    # -- the body ----------------------------------------------------------------------------------------
    returned: str
    """The type's name of what the application returned, "" before it returned."""
    length: int | None
    """len(iterable) at RETURNED, None where it has none."""
    has_close: bool
    """The iterable has a close()."""
    file_wrapped: bool = False
    """The iterable was made by the server's file wrapper."""
    iterating: bool
    """The server has begun to iterate and the body has not ended."""
    iterations: int
    """How often iter() was called on the body."""
    iterated_closed: bool = False
    """iter() was called on the body after close()."""
    chunks: int
    """Items yielded so far."""
    uncounted: int = 0
    """So many more have passed at most: a long body is counted by the batch, so that `chunks` may be too few."""
    unmeasured: int = 0
    """Those of the `chunks` whose size was not taken: a long body without Content-Length is measured at its beginning
    only. They count as bytes objects of more than 16 bytes, and add nothing to bytes_yielded."""
    small_chunks: int
    """Items of 1 to 16 bytes so far."""
    empty_before_start: int = 0
    """Items of no bytes that were yielded before start_response was called."""
    bytes_yielded: int
    writes: int = 0
    """Calls of write() so far."""
    bytes_written: int
    write_failed: bool = False
    """A call of write() raised, as it does when the client has left."""
    head: bytes
    """The first non-empty item or written block, at most 64 bytes of it."""
    body: bytes | None
    """The whole body where the run records it, else None."""

    # -- the streams -------------------------------------------------------------------------------------
    bytes_read: int
    input_attributes: tuple[str, ...]
    """Attributes of wsgi.input that PEP 3333 does not list, asked for and not (yet) called."""
    input_tested: tuple[str, ...] = ()
    """Those that were asked for again before they were called: the application looked whether they are there."""
    errors_attributes: tuple[str, ...]
    """The same of wsgi.errors."""
    errors_written: int
    """Calls of write and writelines on wsgi.errors so far."""
    errors_unflushed: bool = False
    """Text was written to wsgi.errors after the last flush()."""
    errors_unended: bool = False
    """The last text written to wsgi.errors did not end with a line break."""
    file_wrappers: int = 0
    """Calls of wsgi.file_wrapper so far."""

    # -- the end -----------------------------------------------------------------------------------------
    ending: Ending | None
    raised: str = ""
    """Type and message of the exception that left the application, "" if none."""
    raised_at: str = ""
    """The last line of the user's own code in that exception's traceback, "file:line"."""
    raised_in_call: bool = False
    """The call of the application itself raised: no line of it was run."""
    closes: int
    """Calls of the body's close() by the server."""
    over: bool
    """The exchange has ended; whatever the application does now comes too late."""

    # -- what the run adds -------------------------------------------------------------------------------
    request: Request | None = None
    drive: Drive | None = None
    events: list[str] | None = None
    """The tape of what happened, one line an event, where the run records it."""
    broken: tuple[str, ...]
    """Ids of the rules already broken in this exchange; grows, and is never changed in place."""

    # -- what is no fact: no check looks at it, and it goes when the exchange ends -----------------------
    subject: object
    """What is being run (the application, then its iterable), to name the user's line."""
    place: object = None
    """Where in a stack of middlewares this is, while each layer is watched."""

    __slots__ = (
        "__dict__", "body", "broken", "bytes_read", "bytes_written", "bytes_yielded", "chunks", "closes",
        "code", "declared_length", "ending", "errors_attributes", "errors_written", "failed_with_exc_info", "has_close",
        "head", "headers", "input_attributes", "iterating", "iterations", "length", "method", "names", "odd_call",
        "over", "request_length", "returned", "small_chunks", "starts", "status", "subject",
    )

    def __init__(self) -> None:
        self.broken = self.headers = self.input_attributes = self.errors_attributes = ()
        self.method = self.status = self.returned = ""
        self.starts = self.code = self.iterations = self.closes = self.errors_written = 0
        self.chunks = self.small_chunks = self.bytes_yielded = self.bytes_written = self.bytes_read = 0
        self.request_length = self.declared_length = self.length = self.ending = self.subject = None
        self.odd_call = self.body = None
        self.has_close = self.iterating = self.over = self.failed_with_exc_info = False
        self.head = b""
        self.names = _NO_NAMES

    def __getstate__(self) -> dict[str, object]:
        facts = {name: getattr(self, name) for name in self.__slots__ if name != "__dict__"}
        return {**facts, **self.__dict__, "subject": None, "place": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def so_many(self) -> str:
        """How many items were yielded so far, in words: "3", or where they were not counted "1153 to 1281"."""
        return f"{self.chunks} to {self.chunks + self.uncounted}" if self.uncounted else str(self.chunks)

    @property
    def item(self) -> str:
        """What to call the item that comes next; the first is item 0."""
        return f"one of the items {self.so_many}" if self.uncounted else f"item {self.chunks}"

    @property
    def bytes_sent(self) -> int:
        """Body bytes so far, written and yielded, empty items aside."""
        return self.bytes_written + self.bytes_yielded

    @property
    def headers_gone(self) -> bool:
        """Whether body data exists, so that a server may have sent the headers."""
        return self.bytes_written > 0 or self.bytes_yielded > 0

    @property
    def bodyless(self) -> bool:
        """Whether HTTP gives this response no content: HEAD, 1xx, 204, 304 (RFC 9110 6.4.1)."""
        return self.method == "HEAD" or 100 <= self.code < 200 or self.code in (204, 304)

    def values(self, name: str) -> list[str]:
        """Return the values of the header fields called `name` (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        """Return the first value of the header field `name` (any case), None where there is none."""
        found = self.values(name)
        return found[0] if found else None
