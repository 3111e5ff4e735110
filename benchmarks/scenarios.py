"""The four exchanges that the benchmarks measure, and the smallest server that can run them.

Laws: values that differ from request to request in real life differ here too, so that remembering whole answers
would not pay; the server does what PEP 3333 demands of it and nothing more.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["SCENARIOS", "Scenario", "environ_of", "serve"]

App = Callable[..., Any]
MEBIBYTE = bytes(1 << 20)
PIECE = 64 * 1024
CHUNKS = 10_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """One exchange: the application, what it is sent, and how much work it is to repeat it.

    Attributes:
        rounds: how many samples a benchmark takes of it.
        row: exchanges in a row that make one sample.
        per: what the cost is given for, and how many of those are in one exchange.
    """

    name: str
    application: App
    content: bytes = b""
    rounds: int = 200
    row: int = 60
    per: str = "request"
    units: int = 1


def hello(environ: dict[str, Any], start_response: App) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "13")])
    return [b"Hello, world\n"]


_serial = itertools.count(100_000)


def many_headers(environ: dict[str, Any], start_response: App) -> Iterable[bytes]:
    """Twenty header fields, three of them cookies; five differ each time."""
    serial = next(_serial)
    body = b"<p>hello</p>" * (1 + serial % 50)
    second = serial % 60
    start_response("200 OK", [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Language", "en"),
        ("Date", f"Wed, 01 Jan 2025 10:00:{second:02} GMT"),
        ("Last-Modified", "Tue, 31 Dec 2024 23:59:59 GMT"),
        ("Expires", "Wed, 01 Jan 2025 11:00:00 GMT"),
        ("ETag", f'"{serial:x}"'),
        ("Cache-Control", "private, max-age=3600"),
        ("Vary", "Accept-Encoding, Cookie"),
        ("Set-Cookie", f"sessionid=q3hk8s{serial}; Path=/; HttpOnly; SameSite=Lax"),
        ("Set-Cookie", f"csrftoken=Zk1{serial}; expires=Wed, 31 Dec 2025 10:00:00 GMT; Max-Age=31449600; Path=/"),
        ("Set-Cookie", "theme=dark; Path=/; Max-Age=31536000"),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'"),
        ("X-Request-Id", f"{serial:016x}"),
        ("Accept-Ranges", "none"),
    ])
    return [body]


def stream(environ: dict[str, Any], start_response: App) -> Iterator[bytes]:
    """Ten thousand chunks from a generator, without a Content-Length."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return (b"line %d of a long answer\n" % number for number in range(CHUNKS))


def upload(environ: dict[str, Any], start_response: App) -> Iterable[bytes]:
    """Reads what was sent in pieces of 64 KiB."""
    left = int(environ["CONTENT_LENGTH"])
    stream = environ["wsgi.input"]
    while left:
        left -= len(stream.read(min(left, PIECE)))
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "3")])
    return [b"ok\n"]


SCENARIOS = (
    Scenario("hello world", hello),
    Scenario("20 headers, 3 cookies", many_headers),
    Scenario("10,000 chunks", stream, rounds=150, row=1, per="chunk", units=CHUNKS),
    Scenario("1 MiB upload", upload, content=MEBIBYTE, row=40),
)

_BROWSER = {
    "SCRIPT_NAME": "", "PATH_INFO": "/", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "benchmark/1", "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "127.0.0.1:8000", "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5", "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_CONNECTION": "keep-alive",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multithread": False, "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
_ports = itertools.cycle(str(port) for port in range(40_000, 41_009))


def environ_of(scenario: Scenario) -> dict[str, Any]:
    """Return a new environ as a server behind a browser's request would build it."""
    environ: dict[str, Any] = {**_BROWSER, "REQUEST_METHOD": "POST" if scenario.content else "GET"}
    port = next(_ports)
    environ["REMOTE_PORT"] = port
    environ["QUERY_STRING"] = f"page={port}"
    if scenario.content:
        environ["CONTENT_LENGTH"] = str(len(scenario.content))
        environ["CONTENT_TYPE"] = "application/octet-stream"
    environ["wsgi.input"] = io.BytesIO(scenario.content)
    environ["wsgi.errors"] = sys.stderr
    return environ


def _write(data: bytes) -> None:
    raise AssertionError("no scenario writes")


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
    return _write


def serve(application: App, environ: dict[str, Any]) -> None:
    """Ask once, take every item, close."""
    body = application(environ, _start_response)
    try:
        for _ in body:
            pass
    finally:
        if hasattr(body, "close"):
            body.close()
