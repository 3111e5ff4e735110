"""What an application keeps or shares between two exchanges: the header list, environ, its streams."""

from __future__ import annotations

from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Moment, Use
from ...model.request import Case, Drive, Request
from ...model.rule import APPLICATION, HOLDS, NOT_APPLICABLE, SHOULD, Verdict, cited, pep, relation, rule
from ...model.story import Story, Survivors
from .answers import difference

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_ITS_LIST = pep("the-start-response-callable", "the server **may** change its contents in any way it desires.")
_MARK = "x-wsgicheck-server"
"""What the reference gateway adds to a header list when it is told to mark it."""


@relation(binds=APPLICATION, level=SHOULD, covers=("SR-028",), allows=("SR-027",), cites=_ITS_LIST, blames="start")
def header_lists_are_not_shared(request: Request) -> Story:
    """Each call of start_response gets a list of its own.

    The server may add to the list, sort it or empty it. A list that is a constant of the module, a default argument or
    an attribute of the application is then changed for all answers to come: Date and Server pile up, the Set-Cookie of
    one visitor goes to the next. It is safe only on servers that copy. Pass `list(HEADERS)`, or write the list in the
    call.
    """
    marked = yield Case(request, Drive(headers="marked"))
    if not marked.starts or marked.raised:
        return NOT_APPLICABLE
    next_one = yield Case(request)
    if next_one.value(_MARK) is not None:
        return ("a field that the server added to the header list of one answer is in the list of the next; expected "
                "a new "
                "list for each answer")
    third = yield Case(request)
    lengths = [len(marked.headers), len(next_one.headers), len(third.headers)]
    if lengths[0] < lengths[1] < lengths[2] and marked.code == next_one.code == third.code:
        return (f"the same request is answered with {lengths[0]}, {lengths[1]}, {lengths[2]} fields; expected as "
                f"many each time")
    return HOLDS


_HEADERS = [_PLAIN]


@header_lists_are_not_shared.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", _HEADERS)
    return [b"hello"]


@header_lists_are_not_shared.bad
def _(environ: dict[str, Any], start_response: Any, headers: list[tuple[str, str]] = [_PLAIN]) -> Any:  # noqa: B006
    headers.append(("X-Visit", "1"))
    start_response("200 OK", list(headers))
    return [b"hello"]


@header_lists_are_not_shared.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", list(_HEADERS))
    return [b"hello"]


@relation(binds=APPLICATION, level=SHOULD, covers=("SR-028",), allows=("SR-027",), cites=_ITS_LIST)
def header_list_is_not_used_after_the_call(request: Request) -> Story:
    """What the application does after start_response does not depend on the header list it passed.

    The list belongs to the server from then on, which may have added to it or emptied it. Code that looks a value up in
    it, for the log or to decide how to build the body, finds something else, or nothing. Keep what you need in a
    variable of your own.
    """
    plain = yield Case(request)
    if plain.raised or not plain.starts:
        return NOT_APPLICABLE
    again = yield Case(request)
    if again.raised or difference(plain, again):
        return NOT_APPLICABLE
    cleared = yield Case(request, Drive(headers="cleared"))
    told = difference(plain, cleared)
    if not told:
        return HOLDS
    return f"as usual, and where the server empties the header list after the call: {told}; expected the same answer"


@header_list_is_not_used_after_the_call.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [_PLAIN, ("X-Mode", "long")]
    start_response("200 OK", headers)
    return [b"hello" * (10 if dict(headers)["X-Mode"] == "long" else 1)]


@header_list_is_not_used_after_the_call.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    long = True
    start_response("200 OK", [_PLAIN, ("X-Mode", "long")])
    return [b"hello" * (10 if long else 1)]


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-037",), costly=True, lasting=True, cites=cited(
    "Python documentation", "gc", url="https://docs.python.org/3/library/gc.html"))
def nothing_of_the_server_is_kept(request: Request) -> Story:
    """environ, its streams and start_response are let go of when the request is over.

    A list of past requests, a cache that is keyed by environ, a closure in a module's table keep the socket of each
    visitor, the upload in wsgi.input and the server's buffers for ever: memory grows until the worker is ended, and
    descriptors run out. Copy the few values you need.
    """
    watched = yield Case(request, Drive(watched=True))
    if not watched.returned and not watched.raised:
        return NOT_APPLICABLE
    # What merely remembers the latest request has another one by then.
    for _ in range(3):
        yield Case(request)
    yield Case(Request())
    kept = yield Survivors()
    if not kept:
        return HOLDS
    return f"{' and '.join(kept)} still alive after four further requests; expected them to be let go of"


@nothing_of_the_server_is_kept.bad
def _(environ: dict[str, Any], start_response: Any, log: list[Any] = []) -> Any:  # noqa: B006
    log.append(environ)
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@nothing_of_the_server_is_kept.good
def _(environ: dict[str, Any], start_response: Any, last: dict[str, Any] = {}) -> Any:  # noqa: B006
    # Only the latest is remembered, and a circle is left to the collector.
    last["environ"] = environ
    environ["example.itself"] = environ
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@rule(at=Moment.ERRORS, binds=APPLICATION, level=SHOULD, covers=("ER-016",), cites=cited(
    "mod_wsgi documentation", "Debugging Techniques",
    url="https://modwsgi.readthedocs.io/en/develop/user-guides/debugging-techniques.html"))
def errors_stream_is_used_within_its_request(x: Exchange, use: Use) -> Verdict:
    """wsgi.errors is written to only while its request lasts.

    The stream belongs to the request. mod_wsgi raises when it is used later, others write into a closed file or into
    the log of another site. It happens where a logging handler is made once with the stream of the first request, or
    a thread goes on after the answer. Log through the logging module to sys.stderr, or take the stream anew from each
    environ.
    """
    if x.over and use.called:
        return f"{use.name}() was called after its request had ended; expected the stream of the present request"
    return HOLDS


@errors_stream_is_used_within_its_request.bad(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any, kept: list[Any] = []) -> Any:  # noqa: B006
    kept.append(environ["wsgi.errors"])
    kept[0].write("hello\n")
    kept[0].flush()
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@errors_stream_is_used_within_its_request.good(drive=Drive(calls=2))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    errors = environ["wsgi.errors"]
    errors.write("hello\n")
    errors.flush()
    start_response("200 OK", [_PLAIN])
    return [b"hello"]
