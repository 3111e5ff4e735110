"""What an application leaves to the server: hop-by-hop headers, connections, framing (PEP 3333, "Other HTTP Features").

Between application and server there is no HTTP, hence no connection that a header could speak of.
"""

from __future__ import annotations

import re
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Start
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc, rule
from ..show import show
from .headers import GROUND, code_of, pairs

_PERSISTENCE = frozenset({"connection", "keep-alive", "proxy-connection"})
_HOP_BY_HOP = frozenset({"te", "trailer", "trailers", "upgrade"})
_PROXY = frozenset({"proxy-authenticate", "proxy-authorization"})


def _first_of(headers: Any, names: frozenset[str]) -> tuple[str, str] | None:
    """Return the first header whose name is among `names`, None where there is none."""
    return next((pair for pair in pairs(headers) if pair[0].lower() in names), None)


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-013", "HD-014"), given=GROUND,
      cites=pep("the-start-response-callable",
                "or any headers that would affect the persistence of the client's connection to the web server"))
def connection_is_left_to_the_server(x: Exchange, start: Start) -> Verdict:
    """The application sends no Connection, Keep-Alive or Proxy-Connection header.

    Whether the connection stays open is between server and client. waitress and the handlers of wsgiref raise an
    AssertionError, which the client sees as a 500; gunicorn drops the header in silence. So "Connection:
    keep-alive" on a stream of events works on one server and ends it on the next. Leave the header out, and
    set time-outs in the server's configuration.
    """
    found = _first_of(start.headers, _PERSISTENCE)
    if found is None:
        return HOLDS
    return f"the headers hold {show(found)}; expected the server alone to speak of the connection"


@connection_is_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Connection", "keep-alive")])
    yield b"data: hello\n\n"


@connection_is_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("keep-alive", "timeout=5")])
    return [b"hello"]


@connection_is_left_to_the_server.bad(HTTP_CONNECTION="close")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("Content-Type", "text/plain")]
    if environ.get("HTTP_CONNECTION") == "close":
        headers.append(("Connection", "close"))
    start_response("200 OK", headers)
    return [b"hello"]


@connection_is_left_to_the_server.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"),
                              ("X-Accel-Buffering", "no")])
    yield b"data: hello\n\n"


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-017",), given=GROUND,
      cites=pep("handling-the-content-length-header",
                "applications and middleware must not apply any kind of Transfer-Encoding to their output"))
def transfer_encoding_is_left_to_the_server(x: Exchange, start: Start) -> Verdict:
    """The application sends no Transfer-Encoding header, not even "identity".

    The server frames the body. Where it passes the header on and adds its own chunks, the client
    reads the framing twice or hangs; beside a Content-Length it is the ground of response smuggling. waitress and
    wsgiref raise. Yield the items as they come and leave out Content-Length: the server chunks where it can.
    Compression is a Content-Encoding.
    """
    found = _first_of(start.headers, frozenset({"transfer-encoding"}))
    if found is None:
        return HOLDS
    return f"the headers hold {show(found)}; expected the server to frame the body"


@transfer_encoding_is_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    yield b"one, "
    yield b"two"


@transfer_encoding_is_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("transfer-encoding", "identity")])
    return [b"hello"]


@transfer_encoding_is_left_to_the_server.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    body = gzip.compress(b"hello", mtime=0)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip"),
                              ("Content-Transfer-Encoding", "binary"), ("Content-Length", str(len(body)))])
    return [body]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-012",), given=GROUND,
      cites=(pep("the-start-response-callable",
                 "Applications and middleware are forbidden from using HTTP/1.1 \"hop-by-hop\" features or headers"),
             rfc(2616, "13.5.1"), rfc(9110, "7.6.1")))
def hop_by_hop_headers_are_left_to_the_server(x: Exchange, start: Start) -> Verdict:
    """The application sends no TE, Trailer or Upgrade header.

    They are meant for the next hop, and the application is none. waitress and wsgiref raise an AssertionError,
    gunicorn drops them. Proxies that copy the headers of an upstream response are the usual source: take out
    those of RFC 2616 13.5.1 (`wsgiref.util.is_hop_by_hop` knows most) before passing the rest on.
    """
    found = _first_of(start.headers, _HOP_BY_HOP)
    if found is None:
        return HOLDS
    return f"the headers hold {show(found)}; expected no hop-by-hop header"


@hop_by_hop_headers_are_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Upgrade", "h2c")])
    return [b"hello"]


@hop_by_hop_headers_are_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Trailer", "Server-Timing")])
    return [b"hello"]


@hop_by_hop_headers_are_left_to_the_server.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    upstream = {"Content-Type": "text/plain", "ETag": '"1"', "TE": "trailers"}
    start_response("200 OK", list(upstream.items()))
    return [b"hello"]


@hop_by_hop_headers_are_left_to_the_server.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from wsgiref.util import is_hop_by_hop

    upstream = {"Content-Type": "text/plain", "ETag": '"1"', "TE": "trailers", "Connection": "close"}
    start_response("200 OK", [(name, value) for name, value in upstream.items() if not is_hop_by_hop(name)])
    return [b"hello"]


@hop_by_hop_headers_are_left_to_the_server.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Upgrade-Insecure-Requests", "1"),
                              ("Content-Security-Policy", "upgrade-insecure-requests")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("HD-012",), given=GROUND, cites=rfc(2616, "13.5.1"))
def proxy_authentication_is_left_to_proxies(x: Exchange, start: Start) -> Verdict:
    """The application sends no Proxy-Authenticate or Proxy-Authorization header.

    RFC 2616, which the PEP names, counts them as hop-by-hop, and wsgiref and waitress refuse them still; RFC 9110
    does not count them. In either reading they speak for a proxy: a site that wants a password answers 401 with
    WWW-Authenticate.
    """
    found = _first_of(start.headers, _PROXY)
    if found is None:
        return HOLDS
    return f"the headers hold {show(found)}; expected WWW-Authenticate, for an application is no proxy"


@proxy_authentication_is_left_to_proxies.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("407 Proxy Authentication Required",
                   [("Content-Type", "text/plain"), ("Proxy-Authenticate", 'Basic realm="site"')])
    return [b"who are you?"]


@proxy_authentication_is_left_to_proxies.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", 'Basic realm="site"')])
    return [b"who are you?"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("HD-015",),
      cites=(pep("other-http-features",
                 "attempt to use HTTP features that would require them to generate such headers"),
             rfc(9110, "15.5.22")))
def no_response_asks_for_an_upgrade(x: Exchange, start: Start) -> Verdict:
    """The application asks for no change of protocol: its status is never 426.

    HTTP demands an Upgrade header with 426 Upgrade Required, and an application may not send one, so no 426 out of
    WSGI is complete. It is often misused to say that a client program is too old: answer 400 or 403 with an
    explanation in the body. Redirect to https with 301 or 308.
    """
    if code_of(start.status) != 426:
        return HOLDS
    return f"the status is {show(start.status)}, which needs an Upgrade header; expected a status that needs none"


@no_response_asks_for_an_upgrade.bad(HTTP_USER_AGENT="ShopApp/1.0")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if environ.get("HTTP_USER_AGENT", "").startswith("ShopApp/1."):
        start_response("426 Upgrade Required", [("Content-Type", "text/plain")])
        return [b"please install version 2"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@no_response_asks_for_an_upgrade.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("403 Forbidden", [("Content-Type", "text/plain")])
    return [b"please install version 2"]


_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r\n")


def _is_chunked(body: bytes) -> bool:
    """Tell whether the whole of `body` is a chunked-body of RFC 9112 7.1 with content in it."""
    at = 0
    while True:
        size_line = _CHUNK_SIZE.match(body, at)
        if size_line is None:
            return False
        size = int(size_line[1], 16)
        if size == 0:
            # last-chunk, trailer section, CRLF
            rest = body[size_line.end():]
            return at > 0 and (rest == b"\r\n" or rest.endswith(b"\r\n\r\n"))
        at = size_line.end() + size + 2
        if body[at - 2 : at] != b"\r\n":
            return False


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("HD-017",),
      cites=(pep("handling-the-content-length-header",
                 "applications and middleware must not apply any kind of Transfer-Encoding to their output, "
                 "such as chunking or gzipping"), rfc(9112, "7.1")))
def body_is_not_chunk_framed(x: Exchange, ending: Ending) -> Verdict:
    """The body does not come framed in chunks of HTTP/1.1 (size, content, "0" at the end).

    The server frames the body itself, so the client gets the sizes as part of the page. It happens to
    applications that write what they read from an upstream socket, and to code that was written for a bare CGI.
    Yield the content alone. Judged only where the run keeps the whole body.
    """
    body = x.body
    if ending is not Ending.EXHAUSTED or not body or len(body) != x.bytes_sent:
        return NOT_APPLICABLE
    if not _is_chunked(body):
        return HOLDS
    return f"the body is framed in chunks, it begins with {show(body[:40])}; expected the content alone"


@body_is_not_chunk_framed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    for text in (b"hello, ", b"world"):
        yield b"%x\r\n%b\r\n" % (len(text), text)
    yield b"0\r\n\r\n"


@body_is_not_chunk_framed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"5\r\nhello\r\n"
    yield b"6\r\n world\r\n"


@body_is_not_chunk_framed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"0\r\n\r\n"]
