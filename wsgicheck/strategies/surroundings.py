"""What a server adds that the client did not ask for: names, ports, protocol, mount, flags, optional keys.

Laws: REQUEST_METHOD, SERVER_NAME, SERVER_PORT and SERVER_PROTOCOL are always there and never empty; Host is
missing under HTTP/1.0 alone (RFC 9112 3.2); variables without a value are left out, apart from those whose
emptiness PEP 3333 names; keys that a server invents are lower-case with a prefix of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from .paths import MOUNTS
from .weighted import mixed

__all__ = ["CONNECTIONS", "PLAIN_CONNECTION", "PLAIN_SPELLING", "SPELLINGS", "Connection", "Spelling",
           "connections", "spellings"]

Variables = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the request came in.

    Attributes:
        changes: variables that differ from the plain ones; None leaves one out.
        scheme: wsgi.url_scheme.
    """

    changes: tuple[tuple[str, str | None], ...] = ()
    scheme: str = "http"

    @property
    def protocol(self) -> str:
        """SERVER_PROTOCOL."""
        return dict(self.changes).get("SERVER_PROTOCOL") or "HTTP/1.1"


def _at(host: str | None = "127.0.0.1", name: str = "127.0.0.1", port: str = "80", scheme: str = "http",
        **more: str | None) -> Connection:
    changes: dict[str, str | None] = {"SERVER_NAME": name, "SERVER_PORT": port, "HTTP_HOST": host, **more}
    return Connection(tuple(changes.items()), scheme)


_TLS = {"HTTPS": "on", "SSL_PROTOCOL": "TLSv1.3"}
_OLD = "HTTP/1.0"
_HOSTS: tuple[Connection, ...] = (
    _at("example.com", "example.com"), _at("localhost:8000", "localhost", "8000"),
    _at("127.0.0.1:8000", port="8000"), _at("[::1]:8080", "[::1]", "8080"),
    _at("example.com", "backend.internal", "8000"),                # behind a proxy that keeps Host
    _at("EXAMPLE.com:80", "example.com"), _at("example.com."), _at("[::1]", "[::1]"),
    _at("example.com:", "example.com"),
    _at("xn--caf-dma.example"), _at("example.com:65535", "example.com", "65535"), _at("", "localhost"),
    # What careless clients send: servers pass it on.
    _at("evil.example"), _at("a b"), _at("example.com:x"), _at("caf\xe9.example"), _at("[::1"), _at("a@b"),
    _at("a/b"),
    _at("a" * 300), _at("127.0.0.1, example.com"), _at("<script>"), _at("a_b.example"),
)
_SECURE: tuple[Connection, ...] = (
    _at("example.com", "example.com", "443", "https", **_TLS), _at(port="443", scheme="https"),
    _at("localhost:8443", "localhost", "8443", "https", **_TLS),
    _at("example.com", "backend.internal", "8000", "https", HTTP_X_FORWARDED_PROTO="https"),
    _at(None, "example.com", "443", "https", SERVER_PROTOCOL=_OLD, **_TLS),
)
_OLD_ONES: tuple[Connection, ...] = (
    _at(None, SERVER_PROTOCOL=_OLD), _at(SERVER_PROTOCOL=_OLD),
    _at(None, "localhost", "8000", SERVER_PROTOCOL=_OLD),
    _at(None, "[::1]", "8080", SERVER_PROTOCOL=_OLD), _at(SERVER_PROTOCOL=_OLD, HTTP_CONNECTION="keep-alive"),
)
_PEERS: tuple[Connection, ...] = (
    _at(REMOTE_ADDR="127.0.0.1", REMOTE_PORT="54321"), _at(REMOTE_ADDR="::1", REMOTE_HOST="localhost"),
    _at(REMOTE_ADDR="::ffff:192.0.2.1"),
    _at("example.com", "example.com", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.2, 192.0.2.1",
        HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_HOST="www.example.com", HTTP_X_FORWARDED_PORT="443"),
    _at(REMOTE_USER="user", AUTH_TYPE="Basic", REMOTE_ADDR="192.0.2.1"), _at(REMOTE_USER="caf\xc3\xa9"),
    _at(REMOTE_USER="DOMAIN\\user", REMOTE_IDENT="user"), _at(SERVER_PROTOCOL="HTTP/2.0"),
)

PLAIN_CONNECTION = Connection()
CONNECTIONS: tuple[Connection, ...] = mixed((50, (PLAIN_CONNECTION,)), (10, _HOSTS[:5]), (10, _HOSTS[5:]),
                                            (9, _SECURE),
                                            (10, _OLD_ONES), (11, _PEERS))
"""Weighted, the plain one first."""

_ENVIRONMENT: Variables = (("PATH", "/usr/bin:/bin"), ("LANG", "C"), ("HOME", "/nonexistent"), ("PWD", "/"))
_CGI: Variables = (
    ("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_SOFTWARE", "Example/1.0"), ("REMOTE_ADDR", "192.0.2.1"),
    ("REMOTE_PORT", "54321"), ("DOCUMENT_ROOT", "/srv/www"), ("SCRIPT_FILENAME", "/srv/www/app.wsgi"),
    ("SERVER_ADMIN", "[no address given]"), ("SERVER_ADDR", "192.0.2.9"), ("REQUEST_SCHEME", "http"),
    ("UNIQUE_ID", "aaaa"),
)
_OWN: Variables = (("example.worker", "1"), ("example.connection_id", "\xff"), ("example.node.name", "a"))


@dataclass(frozen=True, slots=True)
class Spelling:
    """How this server spells what PEP 3333 leaves free.

    Attributes:
        drop: leave out every one of SCRIPT_NAME, PATH_INFO, QUERY_STRING that would be empty.
        length, kind: CONTENT_LENGTH, CONTENT_TYPE of a request without content; None leaves it out.
        mount: SCRIPT_NAME.
        content: a method that rarely carries content carries some.
        extra: further variables.
        multithread, multiprocess, run_once, file_wrapper, input_terminated: as in Request.
    """

    drop: bool = False
    length: str | None = None
    kind: str | None = None
    mount: str = ""
    content: bool = False
    extra: Variables = ()
    multithread: bool = False
    multiprocess: bool = False
    run_once: bool = False
    file_wrapper: bool = True
    input_terminated: bool = False


_ABSENT = (
    Spelling(drop=True), Spelling(drop=True, length="", kind=""), Spelling(length="", kind=""),
    Spelling(length="0"),
    Spelling(kind="text/plain"), Spelling(length="", kind="text/plain"),
    Spelling(drop=True, file_wrapper=False),
)
_FLAGS = (
    Spelling(file_wrapper=False), Spelling(multithread=True), Spelling(multiprocess=True),
    Spelling(multithread=True, multiprocess=True, input_terminated=True), Spelling(input_terminated=True),
    Spelling(run_once=True, multiprocess=True, extra=_CGI + _ENVIRONMENT, length="", kind="",
             file_wrapper=False),
)
_MOUNTED = (
    *(Spelling(mount=mount) for mount in MOUNTS[1:]), Spelling(mount="/app", drop=True),
    Spelling(mount="/app", extra=_CGI, multithread=True),
)
_EXTRA = (Spelling(extra=_CGI), Spelling(extra=_OWN), Spelling(extra=_ENVIRONMENT, multithread=True))

PLAIN_SPELLING = Spelling()
SPELLINGS: tuple[Spelling, ...] = mixed((38, (PLAIN_SPELLING,)), (24, _ABSENT), (14, _FLAGS), (11, _MOUNTED),
                                        (6, _EXTRA),
                                        (5, (Spelling(content=True), Spelling(content=True, drop=True))))
"""Weighted, the plain one first."""


def connections() -> st.SearchStrategy[Connection]:
    """Return a strategy for hosts, ports, schemes, protocols and peers."""
    return st.sampled_from(CONNECTIONS)


def spellings() -> st.SearchStrategy[Spelling]:
    """Return a strategy for flags, optional keys in their present, empty and absent forms, and mounts."""
    return st.sampled_from(SPELLINGS)
