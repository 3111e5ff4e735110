"""Whether the server closes the body that it was given (PEP 3333, "Specification Details")."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, Verdict, pep, rule
from .body import _ask


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
