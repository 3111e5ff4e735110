"""What the server does with the body: one pass over it, and close() at the end.

PEP 3333, "Specification Details".
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.request import Drive, Request
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rule
from ..reference.gateway import environ_of

TEXT = ("Content-Type", "text/plain; charset=utf-8")

_COMPLETION = pep("specification-details",
                  "the server or gateway must call that method upon completion of the current request")


def _ask(application: Any) -> Any:
    """Call `application` as a server would and return its body."""
    return application(environ_of(Request()), lambda status, headers, exc_info=None: lambda data: None)


@rule(at=Moment.CLOSE, binds=SERVER, level=MUST, covers=("CL-001",),
      cites=pep("specification-details",
                "If the iterable returned by the application has a close() method, the server or gateway must call "
                "that method upon completion of the current request, whether the request was completed normally, or "
                "terminated early due to an application error during iteration or an early disconnect of the browser."))
def body_is_closed(x: Exchange, outcome: object) -> Verdict:
    """The body's close() is called when its items are through or one of them raised.

    Frameworks end the request in close(): Django sends request_finished and gives its database connections
    back, file responses close their files. A server, middleware or test client that never calls it leaks
    all of that into the next request. Iterate in a try block and call close() in its finally.
    """
    if outcome is not Ending.ABANDONED:
        return HOLDS
    if x.ending is Ending.EXHAUSTED:
        return "the body was iterated to its end and dropped without close(); expected close() to be called"
    if x.ending is Ending.RAISED:
        return "the body raised and was dropped without close(); expected close() to be called all the same"
    # Dropped on the way: that can also be the interpreter going down in the middle of a request.
    return NOT_APPLICABLE


@body_is_closed.bad_server
def _(application: Any) -> Any:
    return b"".join(_ask(application))


@body_is_closed.good_server
def _(application: Any) -> Any:
    body = _ask(application)
    try:
        return b"".join(body)
    finally:
        body.close()


@body_is_closed.good_server
def _(application: Any) -> Any:
    # The client has left before the first item.
    body = _ask(application)
    body.close()


@rule(at=Moment.CHUNK, binds=SERVER, level=MUST, covers=("BD-024",), cites=_COMPLETION)
def body_is_not_iterated_after_close(x: Exchange, chunk: object) -> Verdict:
    """No item is taken from the body after its close() was called.

    close() gives back what the body stands on: the file, the connection to the database, the session of the
    request. What is read after it comes from a closed file, or from the next request's session. Call
    close() when the last item has been taken, and nothing after it.
    """
    if not x.closes:
        return HOLDS
    return f"{x.item} was taken after close(); expected close() to come last"


@body_is_not_iterated_after_close.bad_server
def _(application: Any) -> Any:
    body = _ask(application)
    body.close()
    for _item in body:
        pass


@body_is_not_iterated_after_close.good_server
def _(application: Any) -> Any:
    body = _ask(application)
    try:
        for _item in body:
            pass
    finally:
        body.close()


@rule(at=Moment.CHUNK, binds=SERVER, level=SHOULD, covers=("BD-024",), given=(body_is_not_iterated_after_close,),
      allows=("BD-013",), cites=(pep("specification-details", "completing the transmission of each bytestring before "
                                     "requesting another one."), cited("Rack's rule that a body is iterated once")))
def body_is_iterated_once(x: Exchange, chunk: object) -> Verdict:
    """The body is iterated over once.

    A list starts again and is sent twice, a generator goes on where it stood, a file is at its end: no
    second pass gives the same for all of them. Call iter() once and keep the iterator; middleware that
    needs to look at the body first has to keep the items.
    """
    if x.iterations <= 1:
        return HOLDS
    return f"{x.item} comes from pass {x.iterations} over the body; expected a single pass"


@body_is_iterated_once.bad_server
def _(application: Any) -> Any:
    body = _ask(application)
    size = sum(len(item) for item in body)
    sent = b"".join(body)
    body.close()
    return size, sent


@body_is_iterated_once.good_server
def _(application: Any) -> Any:
    body = _ask(application)
    items = iter(body)
    first = next(items, b"")
    sent = first + b"".join(items)
    body.close()
    return sent


@body_is_iterated_once.good(drive=Drive(stop_after=1))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"Hello, "
    yield b"World"
