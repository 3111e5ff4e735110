"""start_response on a real server: when it may come, what it stores, what it refuses (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Await, Go, Pause, Receive, SceneApp, Script, Seen, Stage, get, scene
from ...model.wire import Wire
from .common import begun, lost, sized, text, trouble

_START = "the-start-response-callable"
_CHECK = pep(_START, "Servers **should** check for errors in the headers at the time\n``start_response`` is called, so "
             "that an error can be raised while\nthe application is still running.")
_HOLD = pep(_START, "response headers must not be sent until there is actual\nbody data available, or until the "
            "application's returned iterable is\nexhausted.")


def _third_argument(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    try:
        start_response("200 OK", sized(5), None)
    except TypeError as error:
        stage.report("raised", error=str(error)[:200])
        start_response("200 OK", sized(5))
    else:
        stage.report("returned")
    return [b"hello"]


@scene(level=MUST, covers=("SR-001",), app=_third_argument, script=get(),
       cites=pep("specification-details", "The ``start_response`` parameter is a callable accepting two\nrequired "
                 "positional arguments, and one optional argument."))
def start_response_takes_three_arguments(seen: Seen, wire: Wire) -> Verdict:
    """start_response takes exc_info as an optional third positional argument.

    What it returns is judged by the rule about write().
    """
    if not seen.calls:
        return lost(seen, wire)
    return HOLDS if seen.happened("returned") else (
        f"start_response(status, headers, None) raised {seen.fact('raised', 'error')}; expected it to be taken")


def _in_first_next(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", sized(5))
    yield b"hello"


@scene(level=MUST, covers=("SR-007",), app=_in_first_next, script=get(),
       cites=pep("specification-details", "servers **must not** assume that ``start_response()`` has been called\n"
                 "before they begin iterating over the iterable."))
def start_response_may_come_with_the_first_item(seen: Seen, wire: Wire) -> Verdict:
    """An application that is a generator, and so starts in the first iteration, is served.

    A server that looks for the status as soon as the application has returned finds none.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    return HOLDS if answer is not None and answer.code == 200 and answer.body == b"hello" else (
        trouble(answer, wire) or f"the answer is {answer.status_line!r}; expected 200 and b'hello'")  # type: ignore[union-attr]


def _after_empty(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b""
    start_response("200 OK", sized(5))
    yield b"hello"


@scene(level=ADVICE, covers=("SR-007",), app=_after_empty, script=get(),
       given=(start_response_may_come_with_the_first_item,),
       cites=pep("specification-details", "the application **must** invoke the ``start_response()``\ncallable before "
                 "the iterable yields its first body bytestring"))
def start_response_may_come_after_empty_items(seen: Seen, wire: Wire) -> Verdict:
    """An application that yields empty items before it starts is served.

    Waiting middleware does it. Whether an empty item is a "first body bytestring" the PEP does not say in
    so many words; its author says no, and many servers refuse.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    return HOLDS if answer is not None and answer.code == 200 and answer.body == b"hello" else (
        trouble(answer, wire) or f"the answer is {answer.status_line!r}; expected 200 and b'hello'")  # type: ignore[union-attr]


def _twice(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", sized(5))
    try:
        start_response("201 Created", sized(5))
    except Exception as error:
        stage.report("raised", error=type(error).__name__)
    else:
        stage.report("accepted")
    return [b"hello"]


@scene(level=SHOULD, covers=("SR-012",), app=_twice, script=get(),
       cites=pep(_START, "it is\na fatal error to call ``start_response`` without the ``exc_info``\nargument if "
                 "``start_response`` has already been called"))
def second_start_response_is_an_error(seen: Seen, wire: Wire) -> Verdict:
    """A second start_response without exc_info raises.

    Where the last call silently wins, the mistake shows on the first server that is strict.
    """
    if not seen.calls:
        return lost(seen, wire)
    return "a second start_response without exc_info was accepted; expected an error" if (
        seen.happened("accepted")) else HOLDS


def _first_line(wire: Wire) -> str:
    return repr(wire.data.partition(b"\r\n")[0][:60])


def _start_and_wait(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", text())
    stage.report("started")
    stage.wait("go")
    return [b"hello"]


_QUIET_WHILE: Script = (Await("started"), Pause(0.2, "quiet"), Go("go"), Receive())


@scene(level=MUST, covers=("SR-013",), app=_start_and_wait, script=(*get()[:1], *_QUIET_WHILE),
       cites=pep(_START, "the ``start_response`` callable **must not** actually transmit the\nresponse headers."))
def start_response_sends_nothing(seen: Seen, wire: Wire) -> Verdict:
    """Nothing is sent by start_response itself.

    Until there is body data an application may still replace its answer with an error page.
    """
    if not seen.happened("started"):
        return lost(seen, wire)
    return HOLDS if wire.mark("quiet").met and wire.mark("quiet").total == 0 else (
        f"{_first_line(wire)} was sent by start_response; expected nothing before body data")


@begun
def _empty_and_wait(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b""
    stage.report("started")
    stage.wait("go")
    yield b"hello"


@scene(level=MUST, covers=("SR-014", "SR-015"), allows=("SR-016",), app=_empty_and_wait, script=(*get()[:1],
                                                                                                 *_QUIET_WHILE),
       cites=(_HOLD, pep(_START, "**only** after the first iteration of the\napplication return value that yields a "
                         "non-empty bytestring")))
def headers_wait_for_body_data(seen: Seen, wire: Wire) -> Verdict:
    """An empty item does not make the headers leave.

    Middleware that waits yields empty items; once the headers have left, an error can no longer become an
    error page.
    """
    if not seen.happened("started"):
        return NOT_APPLICABLE if seen.calls else lost(seen, wire)
    return HOLDS if wire.mark("quiet").met and wire.mark("quiet").total == 0 else (
        f"{_first_line(wire)} was sent after an empty item; expected nothing before the first non-empty one")


def _giving(status: Any, headers: Any) -> SceneApp:
    """Make an application that tries that start_response, and answers plainly when it is refused."""
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            start_response(status, headers() if callable(headers) else headers)
        except BaseException as error:
            stage.report("raised", error=type(error).__name__)
            start_response("500 Refused", sized(7), sys.exc_info())
            return [b"refused"]
        stage.report("accepted")
        return [b"hello"]

    return application


def _refused(seen: Seen, wire: Wire, what: str) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    if not seen.happened("accepted"):
        return HOLDS
    answer = wire.answer
    arrived = [] if answer is None else [n for n in ("X-Injected", "Keep-Alive") if answer.value(n) is not None]
    sent = f", and {arrived[0]} was sent as a header" if arrived else ""
    return f"start_response accepted {what}{sent}; expected an error"


@scene(level=SHOULD, covers=("SR-017", "HD-008"), script=get(), cites=_CHECK,
       app=_giving("200 OK", lambda: [*sized(5), ("X-Probe", "a\r\nX-Injected: yes")]))
def line_breaks_in_header_values_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """start_response raises for a header value with CR LF.

    Passed on, a value that a user chose becomes a header of its own, or a whole second response.
    """
    return _refused(seen, wire, "a header value with CR LF")


@scene(level=SHOULD, covers=("SR-017", "HD-008"), script=get(), cites=_CHECK,
       app=_giving("200 OK\r\nX-Injected: yes", lambda: sized(5)))
def line_breaks_in_status_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """start_response raises for a status with CR LF."""
    return _refused(seen, wire, "a status with CR LF")


@scene(level=SHOULD, covers=("SR-017",), script=get(), cites=_CHECK,
       app=_giving("200 OK", lambda: [*sized(5), ("X-Probe", 3)]))
def header_values_of_other_types_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """start_response raises for a header value that is no str, while the application still runs.

    Found only when the headers leave, the mistake is a bare 500 without the application's traceback.
    """
    return _refused(seen, wire, "a header value of type int")


@scene(level=SHOULD, covers=("SR-017",), script=get(), cites=_CHECK,
       app=_giving("200 OK", lambda: [*sized(5), ("X-Probe", "snow\u2603man")]))
def header_values_beyond_latin_1_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """start_response raises for a header value with a character beyond Latin-1."""
    return _refused(seen, wire, "a header value with U+2603")


@scene(level=SHOULD, covers=("SR-018",), script=get(),
       app=_giving("200 OK", lambda: [*sized(5), ("Connection", "close"), ("Keep-Alive", "timeout=5")]),
       cites=pep(_START, "a server or gateway\n**should** consider it a fatal error for an application to attempt\n"
                 "sending them, and raise an error if they are supplied to\n``start_response()``."))
def hop_by_hop_headers_are_refused(seen: Seen, wire: Wire) -> Verdict:
    """start_response raises for hop-by-hop headers.

    They are the server's own; sent by the application they contradict what the server does.
    """
    return _refused(seen, wire, "Connection and Keep-Alive")


def _again_after_refusal(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    try:
        start_response("200 OK", [*sized(5), ("X-Probe", "a\r\nb")])
    except Exception:
        stage.report("refused")
        try:
            start_response("200 OK", sized(5))
        except Exception as error:
            stage.report("raised", error=type(error).__name__)
            start_response("500 Refused", sized(5), sys.exc_info())
        else:
            stage.report("accepted")
    return [b"hello"]


@scene(level=ADVICE, covers=("SR-030",), app=_again_after_refusal, script=get(),
       cites=pep(_START, "This includes the case where\nthe first call to ``start_response`` raised an error."))
def refused_call_counts(seen: Seen, wire: Wire) -> Verdict:
    """After a start_response call that was refused, only one with exc_info is accepted.

    The PEP forbids the application to call again without it; a server that lets it pass hides the mistake.
    """
    if not seen.calls:
        return lost(seen, wire)
    if not seen.happened("refused"):
        return NOT_APPLICABLE
    return "start_response without exc_info was accepted after a refused call; expected an error" if (
        seen.happened("accepted")) else HOLDS


def _change_of_mind(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", text(("X-First", "yes")))
    try:
        raise KeyError("probe")
    except KeyError:
        start_response("503 Changed", [("Content-Type", "text/x-error"), ("Content-Length", "5")], sys.exc_info())
    return [b"sorry"]


@scene(level=SHOULD, covers=("SR-021", "EX-003"), app=_change_of_mind, script=get(),
       cites=pep(_START, "``start_response`` should replace the currently-stored\nHTTP response headers with the "
                 "newly-supplied ones"))
def exc_info_replaces_the_headers(seen: Seen, wire: Wire) -> Verdict:
    """With exc_info, and nothing sent yet, the new status and headers take the place of the old ones.

    Else the error page goes out as a success, or the prepared page is dropped for a bare one.
    """
    if not seen.calls:
        return lost(seen, wire)
    answer = wire.answer
    if answer is None or answer.problem or not answer.complete:
        return trouble(answer, wire)
    if answer.code != 503 or answer.body != b"sorry":
        return f"the answer is {answer.status_line!r} with {answer.body[:40]!r}; expected 503 and b'sorry'"
    if answer.value("x-first") is not None:
        return "X-First of the first call was sent with the second one's status; expected it replaced"
    return HOLDS


@begun
def _too_late(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield b"first block"
    stage.wait("go", 4.0)
    trapped = LookupError("the probe's own exception")
    try:
        raise trapped
    except LookupError:
        try:
            start_response("500 Too Late", text(), sys.exc_info())
        except BaseException as error:
            stage.report("raised", error=type(error).__name__, same=error is trapped)
            raise
        stage.report("accepted")
    yield b"error page"


_LATE: Script = (*get()[:1], Receive(b"first block", "first", 1.5), Go("go"), Receive())


@scene(level=MUST, covers=("SR-022", "EX-004"), allows=("EX-006",), app=_too_late, script=_LATE,
       cites=pep(_START, "if ``exc_info`` is provided, and the HTTP headers have already\nbeen sent, "
                 "``start_response`` **must** raise an error"))
def exc_info_after_the_headers_raises(seen: Seen, wire: Wire) -> Verdict:
    """With exc_info, and the headers already sent, start_response raises.

    Else the error page is appended to half of the real one, under a status of success.
    """
    if not seen.calls:
        return lost(seen, wire)
    first = wire.mark("first")
    if not first.met or any(event.at < first.at for event in (*seen.all("accepted"), *seen.all("raised"))):
        return NOT_APPLICABLE  # nothing had been sent yet, or not before the application asked
    return "start_response with exc_info returned though the headers had been sent; expected an error" if (
        seen.happened("accepted")) else HOLDS


@scene(level=SHOULD, covers=("SR-023", "EX-004"), app=_too_late, script=_LATE,
       given=(exc_info_after_the_headers_raises,),
       cites=pep(_START, "and **should**\nre-raise using the ``exc_info`` tuple."))
def exc_info_is_reraised(seen: Seen, wire: Wire) -> Verdict:
    """What start_response raises then is the application's own exception.

    Another one in its place hides from the log what went wrong.
    """
    if not seen.happened("raised") or not wire.mark("first").met:
        return NOT_APPLICABLE
    return HOLDS if seen.fact("raised", "same") else (
        f"start_response raised {seen.fact('raised', 'error')}; expected the LookupError of exc_info")
