"""What a server adds that the client did not choose: names, ports, protocol, mount, flags, optional keys.

Laws: REQUEST_METHOD, SERVER_NAME, SERVER_PORT and SERVER_PROTOCOL are always there and never empty; Host is
missing under HTTP/1.0 alone (RFC 9112 3.2); variables without a value are left out, apart from those whose
emptiness PEP 3333 names; keys that a server invents are lower-case with a prefix of its own. Each aspect is
a small table and a draw of its own, so that it shrinks away on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st

from .paths import MOUNTS
from .weighted import table

__all__ = ["PLAIN", "Address", "Flags", "Protocol", "Scheme", "Spelling", "Surroundings", "surroundings"]

Variables = tuple[tuple[str, str], ...]


class Address(NamedTuple):
    """Where the request came in: HTTP_HOST, SERVER_NAME, SERVER_PORT ("80" becomes "443" under https)."""

    host: str = "127.0.0.1"
    name: str = "127.0.0.1"
    port: str = "80"


class Protocol(NamedTuple):
    """SERVER_PROTOCOL, and whether the client sent Host."""

    version: str = "HTTP/1.1"
    host: bool = True


class Scheme(NamedTuple):
    """wsgi.url_scheme, and the variables that come with it."""

    name: str = "http"
    variables: Variables = ()


class Spelling(NamedTuple):
    """How this server spells what PEP 3333 leaves free.

    Attributes:
        length, kind: CONTENT_LENGTH, CONTENT_TYPE of a request without content; None leaves it out.
        content: a method that rarely carries content carries some.
    """

    length: str | None = None
    kind: str | None = None
    content: bool = False


class Flags(NamedTuple):
    """The flags of environ, whether wsgi.file_wrapper is offered and wsgi.input_terminated set."""

    multithread: bool = False
    multiprocess: bool = False
    run_once: bool = False
    file_wrapper: bool = True
    input_terminated: bool = False


_ADDRESS, _PROTOCOL, _SCHEME, _SPELLING, _FLAGS = Address(), Protocol(), Scheme(), Spelling(), Flags()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a server adds to one request.

    Attributes:
        mount: SCRIPT_NAME.
        drop: leave out every one of SCRIPT_NAME, PATH_INFO, QUERY_STRING that would be empty.
        extra: further variables: the client's address, CGI, a proxy's fields, the server's own keys.
    """

    address: Address = _ADDRESS
    protocol: Protocol = _PROTOCOL
    scheme: Scheme = _SCHEME
    mount: str = ""
    drop: bool = False
    spelling: Spelling = _SPELLING
    flags: Flags = _FLAGS
    extra: Variables = ()


PLAIN = Surroundings()

ADDRESSES = (
    Address("localhost:8000", "localhost", "8000"), Address("example.com", "example.com"),
    Address("127.0.0.1:8000", port="8000"), Address("[::1]:8080", "[::1]", "8080"),
    Address("example.com", "backend.internal", "8000"),            # behind a proxy that keeps Host
    Address("EXAMPLE.com:80", "example.com"), Address("[::1]", "[::1]"), Address("example.com.", "example.com"),
    Address("example.com:", "example.com"), Address("xn--caf-dma.example"),
    Address("example.com:65535", "example.com", "65535"), Address("", "localhost"),
)
CARELESS = (
    Address("evil.example"), Address("a b"), Address("example.com:x"), Address("caf\xe9.example"), Address("[::1"),
    Address("a@b"), Address("a/b"), Address("127.0.0.1, example.com"), Address("<script>"), Address("a_b.example"),
    Address("a" * 300),
)
"""What careless or hostile clients send as Host: servers pass it on."""

PROTOCOLS = (Protocol("HTTP/1.0", host=False), Protocol("HTTP/1.0"), Protocol("HTTP/2.0"))
SCHEMES = (
    Scheme("https", (("HTTPS", "on"), ("SSL_PROTOCOL", "TLSv1.3"))), Scheme("https"),
    Scheme("https", (("HTTP_X_FORWARDED_PROTO", "https"),)),
)
SPELLINGS = (
    Spelling(length="", kind=""), Spelling(length="0"), Spelling(kind="text/plain"),
    Spelling(length="", kind="text/plain"),
)
FLAGS = (
    Flags(file_wrapper=False), Flags(multithread=True), Flags(multiprocess=True), Flags(input_terminated=True),
    Flags(multithread=True, multiprocess=True, input_terminated=True),
    Flags(run_once=True, multiprocess=True, file_wrapper=False),
)
EXTRAS: tuple[Variables, ...] = (
    (("REMOTE_ADDR", "127.0.0.1"), ("REMOTE_PORT", "54321")), (("REMOTE_ADDR", "::1"), ("REMOTE_HOST", "localhost")),
    (("REMOTE_ADDR", "::ffff:192.0.2.1"),),
    (("REMOTE_ADDR", "192.0.2.1"), ("HTTP_X_FORWARDED_FOR", "198.51.100.2, 192.0.2.1"),
     ("HTTP_X_FORWARDED_PROTO", "https"), ("HTTP_X_FORWARDED_HOST", "www.example.com"),
     ("HTTP_X_FORWARDED_PORT", "443")),
    (("REMOTE_USER", "user"), ("AUTH_TYPE", "Basic"), ("REMOTE_ADDR", "192.0.2.1")), (("REMOTE_USER", "caf\xc3\xa9"),),
    (("REMOTE_USER", "DOMAIN\\user"), ("REMOTE_IDENT", "user")),
    (("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_SOFTWARE", "Example/1.0"), ("REMOTE_ADDR", "192.0.2.1"),
     ("REMOTE_PORT", "54321"), ("DOCUMENT_ROOT", "/srv/www"), ("SCRIPT_FILENAME", "/srv/www/app.wsgi"),
     ("SERVER_ADMIN", "[no address given]"), ("SERVER_ADDR", "192.0.2.9"), ("UNIQUE_ID", "aaaa"),
     ("PATH", "/usr/bin:/bin"), ("LANG", "C"), ("HOME", "/nonexistent"), ("PWD", "/")),
    (("example.worker", "1"), ("example.connection_id", "\xff"), ("example.node.name", "a")),
)


def surroundings() -> st.SearchStrategy[Surroundings]:
    """Return a strategy for what a server adds: most often plain in each of eight aspects."""
    return st.builds(
        Surroundings,
        table((70, (_ADDRESS,)), (18, ADDRESSES), (12, CARELESS)),
        table((78, (_PROTOCOL,)), (12, PROTOCOLS[:1]), (10, PROTOCOLS[1:])),
        table((85, (_SCHEME,)), (15, SCHEMES)),
        table((80, MOUNTS[:1]), (20, MOUNTS[1:])),
        table((72, (False,)), (28, (True,))),
        table((67, (_SPELLING,)), (30, SPELLINGS), (3, (Spelling(content=True),))),
        table((66, (_FLAGS,)), (10, FLAGS[:1]), (24, FLAGS[1:])),
        table((70, ((),)), (30, EXTRAS)))
