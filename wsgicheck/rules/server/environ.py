"""What a real request becomes in environ: headers, types, lengths, protocol, freshness (PEP 3333)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import Receive, Script, Seen, Stage, ask, get, hello, scene
from ...model.wire import Wire
from .common import failed_request, lost, value

_ENVIRON = "environ-variables"
_MIRROR = pep(_ENVIRON, "The presence or\nabsence of these variables should correspond with the presence or\n"
              "absence of the appropriate HTTP header in the request.")


def _wipe(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    stage.report("state", left="probe.left_behind" in environ, method=environ.get("REQUEST_METHOD"),
                 name=environ.get("SERVER_NAME"), path=environ.get("PATH_INFO"))
    environ.clear()
    environ["probe.left_behind"] = "by the request before"
    environ["REQUEST_METHOD"] = "WIPED"
    return hello(stage, environ, start_response)


@scene(level=MUST, covers=("ENV-003", "SV-027"), allows=("ENV-002",), app=_wipe,
       script=(ask("GET", "/one", close=False), Receive(name="one"), ask("GET", "/two"), Receive(),
               ask("GET", "/three", on=1), Receive(on=1), ask("GET", "/four", on=2), Receive(on=2)),
       cites=pep("specification-details", "the application is allowed to modify the dictionary\nin any way it desires"))
def environ_is_fresh(seen: Seen, wire: Wire) -> Verdict:
    """Each request gets an environ of its own, whatever the application did to the one before.

    A dictionary that is shared between requests shows one user's data in the next user's request.
    """
    states = seen.all("state")
    if len(states) < 2:
        return lost(seen, wire) if not states else NOT_APPLICABLE
    for number, state in enumerate(states[1:], 2):
        if state.facts.get("left"):
            return f"call {number} finds what call 1 stored in environ; expected a fresh environ"
        if state.facts.get("method") != "GET" or state.facts.get("name") != states[0].facts.get("name"):
            return (f"call {number} has REQUEST_METHOD {state.facts.get('method')!r} and SERVER_NAME "
                    f"{state.facts.get('name')!r} after call 1 cleared its environ; expected all of it anew")
    return HOLDS


@scene(level=MUST, covers=("ENV-014",),
       script=(ask("POST", "/", "Content-Type: text/x-probe; charset=\"x\"", body=b"abc"), Receive()),
       cites=pep(_ENVIRON, "The contents of any ``Content-Type`` fields in the HTTP request."))
def content_type_is_passed(seen: Seen, wire: Wire) -> Verdict:
    """CONTENT_TYPE holds the request's Content-Type, unchanged."""
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    got = value(environ, "CONTENT_TYPE")
    return HOLDS if got == 'text/x-probe; charset="x"' else (
        f"CONTENT_TYPE is {got!r}; expected 'text/x-probe; charset=\"x\"', as sent")


@scene(level=SHOULD, covers=("ENV-014", "ENV-026"), script=get(),
       cites=pep(_ENVIRON, "The contents of any ``Content-Type`` fields in the HTTP request.\n"
                 "  May be empty or absent."))
def content_type_is_not_invented(seen: Seen, wire: Wire) -> Verdict:
    """CONTENT_TYPE is empty or absent where the request has no Content-Type.

    An application that looks at CONTENT_TYPE to decide how to read a body decides on something the client
    never said.
    """
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    got = value(environ, "CONTENT_TYPE")
    return HOLDS if got == "" else f"CONTENT_TYPE is {got!r} for a request without Content-Type; expected none"


@scene(level=MUST, covers=("ENV-016",), script=(ask("POST", body=b"x" * 37), Receive()),
       cites=pep(_ENVIRON, "The contents of any ``Content-Length`` fields in the HTTP request."))
def content_length_is_passed(seen: Seen, wire: Wire) -> Verdict:
    """CONTENT_LENGTH holds the request's Content-Length."""
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    got = value(environ, "CONTENT_LENGTH")
    if got == "<int>":
        return NOT_APPLICABLE  # that it is no str is judged by the rules about all variables
    return HOLDS if got == "37" else f"CONTENT_LENGTH is {got!r}; expected '37', as sent"


@scene(level=MUST, covers=("ENV-024",),
       script=(ask("GET", version="1.0"), Receive(), ask("GET", version="1.1", on=1), Receive(on=1)),
       cites=pep(_ENVIRON, "The version of the protocol the client used to send the request."))
def server_protocol_is_that_of_the_request(seen: Seen, wire: Wire) -> Verdict:
    """SERVER_PROTOCOL tells the version of the client's request, not the one of the answer.

    An application that streams without a length, or waits for 100-continue, decides by it. A server behind
    a proxy can only tell the version of the proxy's own request.
    """
    if seen.recipe.get("proxied"):
        return NOT_APPLICABLE  # its client is the proxy, whose version it tells
    got = [event.facts["environ"].get("SERVER_PROTOCOL") for event in seen.calls]
    if len(got) < 2:
        return NOT_APPLICABLE if wire.answer is not None else lost(seen, wire)
    return HOLDS if got[:2] == ["HTTP/1.0", "HTTP/1.1"] else (
        f"SERVER_PROTOCOL is {got[0]!r} for an HTTP/1.0 request and {got[1]!r} for an HTTP/1.1 request; "
        f"expected 'HTTP/1.0' and 'HTTP/1.1'")


# What belongs to one hop may be taken off by whoever ends it.
_HOP = frozenset(("HTTP_CONNECTION", "HTTP_WSGICHECK", "HTTP_HOST"))


@scene(level=SHOULD, covers=("ENV-026",), cites=_MIRROR,
       script=get("X-Probe: yes", "Accept: text/html", "User-Agent: probe/1"))
def header_variables_mirror_the_headers(seen: Seen, wire: Wire) -> Verdict:
    """There is an HTTP_ variable for each header that was sent, and for no other."""
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    present = {key for key in environ if key.startswith("HTTP_")} - _HOP
    sent = {"HTTP_X_PROBE", "HTTP_ACCEPT", "HTTP_USER_AGENT"}
    if sent - present:
        return f"{', '.join(sorted(sent - present))} is absent though the header was sent; expected it"
    if present - sent:
        return f"{', '.join(sorted(present - sent))} is there though no such header was sent; expected it absent"
    return HOLDS


def _with_value(drawn: bytes) -> Script:
    return (ask("GET", "/", b"X-Probe: " + drawn), Receive())


@scene(level=MUST, covers=("ENV-027", "STR-009"), script=_with_value, draws="header value",
       examples=(b"Mixed Case, \"quoted\"  two spaces; a=b", b"caf\xc3\xa9", b"\xff\x80\xa0\xe9", b"a\tb"),
       cites=pep("unicode-issues", "only the lower 8 bits may be used, for any value referred\nto in this "
                 "specification as a \"string\"."))
def header_values_are_passed_unchanged(seen: Seen, wire: Wire) -> Verdict:
    """HTTP_ variables hold the header's bytes decoded as Latin-1, so that encoding restores them.

    A server that decodes as UTF-8, replaces what it cannot decode, or folds case or spaces, takes from the
    application what the client said.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    expected = wire.asked.decode("latin-1")
    got = environ.get("HTTP_X_PROBE")
    return HOLDS if got == expected else f"HTTP_X_PROBE is {got!r}; expected {expected!r}, the bytes as Latin-1"


@scene(level=MUST, covers=("HTTP-027",), script=get("X-Probe: a", "X-Other: z", "X-Probe: b", "X-Probe: c"),
       cites=(rfc(9110, "5.3"), rfc(3875, "4.1.18")))
def repeated_headers_are_joined_by_commas(seen: Seen, wire: Wire) -> Verdict:
    """Several header lines of one name become one variable, in order, joined by commas.

    Keeping the first or the last alone loses what the client, or a proxy (X-Forwarded-For), said.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got = str(value(environ, "HTTP_X_PROBE"))
    return HOLDS if [part.strip() for part in got.split(",")] == ["a", "b", "c"] else (
        f"HTTP_X_PROBE is {got!r} for three lines a, b, c; expected 'a, b, c'")


@scene(level=SHOULD, covers=("CK-012",), script=get("Cookie: a=1", "Cookie: b=2"), cites=rfc(9113, "8.2.3"))
def repeated_cookies_are_joined_by_semicolons(seen: Seen, wire: Wire) -> Verdict:
    """Several Cookie lines become one HTTP_COOKIE joined by "; ".

    Joined by a comma, the second cookie becomes part of the first one's value, and the user is logged out.
    A client of HTTP/1.1 sends one line; one of HTTP/2 or a proxy before us may send several.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got = str(value(environ, "HTTP_COOKIE"))
    return HOLDS if [part.strip() for part in got.split(";")] == ["a=1", "b=2"] else (
        f"HTTP_COOKIE is {got!r} for the lines a=1 and b=2; expected 'a=1; b=2'")


@scene(level=SHOULD, covers=("HTTP-028",), script=get("X-Probe: real", "X_Probe: forged"),
       cites=rfc(9110, "17.10"))
def underscore_headers_cannot_pose(seen: Seen, wire: Wire) -> Verdict:
    """A header with an underscore neither overwrites nor joins the variable of its hyphenated twin.

    Both spellings become one variable, so a client can forge a header that the proxy in front removed or set.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got = value(environ, "HTTP_X_PROBE")
    return HOLDS if got in ("real", "") else (
        f"HTTP_X_PROBE is {got!r} for 'X-Probe: real' and 'X_Probe: forged'; expected 'real'")


def _proxy(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    stage.report("proxy", value=os.environ.get("HTTP_PROXY"))
    return hello(stage, environ, start_response)


@scene(level=SHOULD, covers=("HTTP-029",), app=_proxy, script=get("Proxy: http://evil.example/"),
       cites=rfc(3875, "4.1.18"))
def proxy_header_does_not_become_a_proxy_setting(seen: Seen, wire: Wire) -> Verdict:
    """A client's Proxy header does not reach os.environ as HTTP_PROXY.

    HTTP libraries take the proxy for outgoing requests from that variable; so a client could route them
    through a machine of its own ("httpoxy").
    """
    if not seen.happened("proxy"):
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got = seen.fact("proxy", "value")
    return HOLDS if got != "http://evil.example/" else (
        f"os.environ['HTTP_PROXY'] is {got!r}, the client's header; expected it absent")


def _with_method(drawn: str) -> Script:
    return (ask(drawn, "/"), Receive())


@scene(level=MUST, covers=("HTTP-020",), script=_with_method, draws="method",
       examples=("PATCH", "X-PROBE", "get", "M-SEARCH"), cites=rfc(9110, "9.1", "The method token is case-sensitive"))
def method_is_passed_unchanged(seen: Seen, wire: Wire) -> Verdict:
    """REQUEST_METHOD is the method as sent: case is kept, and extension methods pass.

    A server may refuse a method that it does not know, be it by hanging up; it may not turn it into another.
    """
    environ = seen.environ()
    if environ is None:
        hung_up = wire.answer is None and wire.ended in ("closed", "reset")
        return NOT_APPLICABLE if hung_up or failed_request(seen, wire) else lost(seen, wire)
    got = environ.get("REQUEST_METHOD")
    return HOLDS if got == wire.asked else f"REQUEST_METHOD is {got!r}; expected {wire.asked!r}, as sent"


@scene(level=SHOULD, covers=("ENV-028", "HTTP-041"), script=get(),
       cites=pep(_ENVIRON, "A server or gateway **should** attempt to provide as many "
                 "other CGI\nvariables as are applicable."))
def remote_addr_is_given(seen: Seen, wire: Wire) -> Verdict:
    """REMOTE_ADDR tells the client's address.

    Logging, rate limits and sessions rest on it.
    """
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    got = value(environ, "REMOTE_ADDR")
    return HOLDS if got else f"REMOTE_ADDR is {got!r}; expected the client's address"


@scene(level=ADVICE, covers=("HTTP-042",), script=get("Authorization: Basic cHJvYmU6cHJvYmU="), cites=rfc(3875,
                                                                                                          "4.1.18"))
def authorization_reaches_the_application(seen: Seen, wire: Wire) -> Verdict:
    """HTTP_AUTHORIZATION holds the request's credentials.

    CGI lets a server keep them to itself; an application that checks them by itself then lets nobody in.
    With mod_wsgi say WSGIPassAuthorization On.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    return HOLDS if environ.get("HTTP_AUTHORIZATION") else (
        "HTTP_AUTHORIZATION is absent though the client sent credentials; expected them")


@scene(level=SHOULD, covers=("CFG-001",), allows=("CFG-002",), script=get(),
       cites=pep("application-configuration", "Servers and gateways **should** support this by allowing\n"
                 "an application's deployer to specify name-value pairs to be placed in\n``environ``."))
def deployer_can_set_variables(seen: Seen, wire: Wire) -> Verdict:
    """What the deployer set in the server's configuration stands in environ.

    Judged where the recipe says how this server is told; a server without any such way breaks it unseen.
    """
    environ = seen.environ()
    name = seen.recipe.get("deployer_variable")
    if environ is None:
        return lost(seen, wire)
    if not name:
        return NOT_APPLICABLE
    got = value(environ, str(name))
    return HOLDS if got == "deployed" else f"environ[{name!r}] is {got!r}; expected 'deployed', as configured"


@scene(level=MUST, covers=("ENV-046",), script=get(),
       cites=pep(_ENVIRON, "Normally, this will have the value ``\"http\"`` or ``\"https\"``, as appropriate."))
def url_scheme_is_that_of_the_connection(seen: Seen, wire: Wire) -> Verdict:
    """wsgi.url_scheme is the scheme that the client used.

    An application that builds links or marks cookies Secure by it sends the user astray otherwise.
    """
    environ = seen.environ()
    if environ is None:
        return lost(seen, wire)
    got = environ.get("wsgi.url_scheme")
    return HOLDS if got == seen.scheme else f"wsgi.url_scheme is {got!r}; expected {seen.scheme!r}"
