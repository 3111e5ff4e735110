"""What becomes of the application's headers on the wire (PEP 3333, "Other HTTP Features")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import SceneApp, Seen, Stage, get, scene
from ...model.wire import Wire
from .common import lost, sized, trouble

_PLAY_DUMB = pep("other-http-features", "They should only make\nchanges that do not alter the effective semantics of "
                 "the application's\nresponse.")
_CASE = pep("the-start-response-callable", "HTTP header names are\ncase-insensitive, so be sure to take that into "
            "consideration when\nexamining application-supplied headers!")


def _with(*headers: tuple[str, str], status: str = "200 OK", body: bytes = b"hello") -> SceneApp:
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status, [*sized(len(body)), *headers])
        return [body]

    return application


@scene(level=MUST, covers=("HD-009", "HTTP-001"), script=get(),
       cites=(pep("the-start-response-callable", "if the application omits\na header required by HTTP (or other "
                  "relevant specifications that are in\neffect), the server or gateway **must** add it."),
              rfc(9110, "6.6.1")))
def date_is_added(seen: Seen, wire: Wire) -> Verdict:
    """The server adds a Date where the application gives none.

    HTTP requires it of an origin server with a clock; caches work out the age of a response by it.
    """
    answer = wire.answer
    if answer is None or answer.code != 200:
        return trouble(answer, wire) or lost(seen, wire)
    return HOLDS if answer.values("date") else "the response has no Date; expected one"


_DATE = ("Date", "Tue, 01 Jan 2030 00:00:00 GMT")


@scene(level=MUST, covers=("HD-010",), app=_with(_DATE, ("Server", "probe")), script=get(), cites=rfc(9110, "5.3"))
def given_headers_are_not_doubled(seen: Seen, wire: Wire) -> Verdict:
    """A Date or Server that the application gives is not sent beside the server's own.

    Two values for a field that has one are not valid HTTP; a server in front may replace the application's.
    """
    answer = wire.answer
    if answer is None or not answer.fields:
        return trouble(answer, wire) or lost(seen, wire)
    for name in ("Date", "Server"):
        values = answer.values(name)
        if len(values) > 1:
            return f"{name} was sent {len(values)} times ({', '.join(values)}); expected once"
    return HOLDS


@scene(level=MUST, covers=("HD-011",), script=get(), given=(given_headers_are_not_doubled,),
       cites=(_CASE, rfc(9110, "5.1")),
       app=lambda stage, environ, start_response: (
           start_response("200 OK", [("content-TYPE", "text/plain"), ("cONTENT-lENGTH", "5"),
                                     ("dATE", _DATE[1]), ("sERVER", "probe")]), [b"hello"])[1])
def header_names_are_compared_without_case(seen: Seen, wire: Wire) -> Verdict:
    """A server knows the application's headers whatever their case.

    Else it adds a second Content-Length, Date or Server, or chunks a body whose length is announced.
    """
    answer = wire.answer
    if answer is None or answer.code != 200:
        return trouble(answer, wire) or lost(seen, wire)
    for name in ("Date", "Server", "Content-Type", "Content-Length"):
        values = answer.values(name)
        if len(values) > 1:
            return f"{name} was sent {len(values)} times ({', '.join(values)}); expected once"
    if answer.values("transfer-encoding") and answer.values("content-length"):
        return "Transfer-Encoding was sent beside cONTENT-lENGTH; expected the length alone"
    return HOLDS


@scene(level=MUST, covers=("CK-011",), script=get(), cites=(rfc(6265, "3"), rfc(9110, "5.3")),
       app=_with(("Set-Cookie", "a=1; Expires=Tue, 01 Jan 2030 00:00:00 GMT"), ("Set-Cookie", "b=2"),
                 ("set-cookie", "a=3")))
def cookies_are_sent_apart(seen: Seen, wire: Wire) -> Verdict:
    """Each Set-Cookie of the application is a field of its own on the wire, in order.

    Folded into one by commas they cannot be told apart, for Expires has a comma too; kept in a dictionary
    only the last is left.
    """
    answer = wire.answer
    if answer is None or answer.code != 200:
        return trouble(answer, wire) or lost(seen, wire)
    got = answer.values("set-cookie")
    expected = ["a=1; Expires=Tue, 01 Jan 2030 00:00:00 GMT", "b=2", "a=3"]
    return HOLDS if got == expected else f"Set-Cookie fields are {got}; expected {expected}"


@scene(level=SHOULD, covers=("SV-011", "SV-012"), script=get(), cites=_PLAY_DUMB,
       app=_with(("X-Probe", "one"), ("X-Other", "Mixed  Case, \"quoted\""), ("X-Probe", "two"), ("Link", "<a>"),
                 ("Link", "<b>"), ("Cache-Control", "no-store"), ("X-Latin", "caf\xe9")))
def headers_are_sent_as_given(seen: Seen, wire: Wire) -> Verdict:
    """The application's headers arrive with their values, and repeats in their order.

    Names may change their case. A value that is re-encoded, dropped or merged is another answer.
    """
    answer = wire.answer
    if answer is None or answer.code != 200:
        return trouble(answer, wire) or lost(seen, wire)
    for name, expected in (("X-Probe", ["one", "two"]), ("X-Other", ["Mixed  Case, \"quoted\""]),
                           ("Link", ["<a>", "<b>"]), ("Cache-Control", ["no-store"]), ("X-Latin", ["caf\xe9"]),
                           ("Content-Type", ["text/plain"])):
        got = answer.values(name)
        if got != expected and ", ".join(got) != ", ".join(expected):
            return f"{name} arrives as {got}; expected {expected}"
    return HOLDS


@scene(level=SHOULD, covers=("SV-012", "SV-011"), script=get(), cites=_PLAY_DUMB, app=_with(status="299 Quite Odd"))
def status_code_is_sent_as_given(seen: Seen, wire: Wire) -> Verdict:
    """The application's status code arrives, also one the server does not know."""
    answer = wire.answer
    if answer is None or not seen.calls:
        return trouble(answer, wire) or lost(seen, wire)
    return HOLDS if answer.code == 299 else f"the status is {answer.status_line!r}; expected 299"


@scene(level=MUST, covers=("HTTP-040",), script=get(), cites=rfc(9112, "4"), app=_with(status="299 "))
def space_after_the_code_is_kept(seen: Seen, wire: Wire) -> Verdict:
    """The status line has its space after the code also when the phrase is empty.

    Clients that split the line at its spaces fail without it. A server may refuse a status without a phrase,
    or give it one.
    """
    answer = wire.answer
    if answer is None or not seen.calls:
        return lost(seen, wire) if not seen.calls else NOT_APPLICABLE
    line = answer.status_line
    if not line.startswith((b"HTTP/1.0 299", b"HTTP/1.1 299")):
        return NOT_APPLICABLE
    return HOLDS if line[12:13] == b" " else f"the status line is {line!r}; expected a space after the code"
