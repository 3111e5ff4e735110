"""The moments at which a rule can be judged, in the order an exchange passes through them.

What a check receives as its second argument:

| moment       | the thing                                                                             |
|--------------|---------------------------------------------------------------------------------------|
| REQUEST      | the environ object, as the server passed it                                           |
| START        | Start(status, headers, exc_info), as the application passed them to start_response    |
| STARTED      | what the server's start_response returned                                             |
| RETURNED     | what the application returned                                                         |
| CHUNK        | one item of the body                                                                  |
| WRITE        | the data passed to write()                                                            |
| READ         | Use: what the application is about to do with wsgi.input                              |
| DATA         | Use, with its result: what wsgi.input gave it                                         |
| ERRORS       | Use: what the application is about to do with wsgi.errors                             |
| FILE_WRAPPER | Use: wsgi.file_wrapper is about to be called                                          |
| END          | Ending: nothing more comes from the body                                              |
| CLOSE        | None once close() of the body is done; the exception it raised; Ending.ABANDONED      |
| WIRE         | the bytes that a real server put on the socket (server runs only)                     |
| IMPORT       | what loading the target did to the process (doctor and normal runs)                   |
| PROCESS      | Fate: how the process that ran the application ended, or None if it lives             |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

__all__ = ["MOST_NAMES", "Ending", "Fate", "Head", "Moment", "Start", "Use"]


class Moment(Enum):
    """Where in an exchange a rule is judged."""

    REQUEST = "request"
    START = "start"
    STARTED = "started"
    RETURNED = "returned"
    CHUNK = "chunk"
    WRITE = "write"
    READ = "read"
    DATA = "data"
    ERRORS = "errors"
    FILE_WRAPPER = "file_wrapper"
    END = "end"
    CLOSE = "close"
    WIRE = "wire"
    IMPORT = "import"
    PROCESS = "process"


class Ending(Enum):
    """How an exchange ended."""

    EXHAUSTED = "exhausted"
    """The server asked until the body had no more items."""
    CLOSED = "closed"
    """The server closed the body before its end: a client that left, a HEAD, a 304."""
    RAISED = "raised"
    """The application, its body or its close() raised."""
    ABANDONED = "abandoned"
    """The server dropped the body without calling close()."""
    HANDED_OVER = "handed over"
    """The body is the server's own file wrapper and was left to it untouched."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What a status and the names of a header list say by themselves, read off once for all responses alike.

    Attributes:
        code: the status's three digits as a number, 0 when it does not begin with three.
        lower: the names in lower case.
        lengths_at: where Content-Length stands among them.
    """

    status: str
    names: tuple[str, ...]
    code: int
    lower: frozenset[str]
    lengths_at: tuple[int, ...]


MOST_NAMES = 128
"""A header list of more names is not remembered, so that nobody can fill the memory with names."""


class Start(NamedTuple):
    """One call of start_response, as made.

    For gates and spies, who would otherwise read them off twice, there are `head` and `values`, where `status` is a
    str and `headers` a list of tuples of two str, each by exact type.

    Attributes:
        positional: how many arguments were passed by position.
        keywords: the names of those that were passed by keyword.
    """

    status: Any
    headers: Any
    exc_info: Any = None
    head: Head | None = None
    values: Sequence[str] = ()
    positional: int = 2
    keywords: tuple[str, ...] = ()


class Fate(NamedTuple):
    """How a process that ran the subject ended before its work was done.

    `kind` is "hang", "exit", "signal", "output" (a flood of it) or "memory"; `detail` is for a person.
    """

    kind: str
    detail: str


class Use(NamedTuple):
    """One use of a stream or of wsgi.file_wrapper.

    `name` is the method about to be called, or the attribute read when it is none of the methods that
    PEP 3333 lists (then `called` is false: it may be a mere feature test). `result` is set at DATA only:
    what the stream gave, or the exception it raised.
    """

    name: str
    args: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = {}
    result: Any = None
    called: bool = True
