"""Paths as PATH_INFO and SCRIPT_NAME carry them: percent-decoded bytes, one Latin-1 code point each.

Laws: a drawn PATH_INFO is empty or starts with "/" (only the target of "OPTIONS *" is "*", and it has its
own name); a SCRIPT_NAME is empty, or starts with "/" and does not end with one.
"""

from __future__ import annotations

from hypothesis import strategies as st

from .material import EMPTY, Endpoint, Material, carried
from .weighted import Groups, table

__all__ = ["ASTERISK", "ENCODED", "HOSTILE", "MOUNTS", "ORDINARY", "endpoints", "paths", "script_names"]

ASTERISK = Endpoint("*", methods=("OPTIONS",))
"""The target of "OPTIONS *", which asks about the server as a whole (RFC 9112 3.2.4)."""

ORDINARY = ("/", "/index.html", "/a", "/a/", "/a/b", "/favicon.ico", "/robots.txt")

ENCODED = (
    carried("/café"), carried("/日本"), carried("/☃"), carried("/😀"),
    "/\xff",              # never valid in UTF-8
    "/caf\xe9",           # Latin-1
    "/\xc3",              # a sequence that ends too early
    "/\xed\xa0\x80",      # a surrogate
    "/\xc0\xaf",          # an overlong slash
    "/a/\xfe\xff/b",
)
"""Bytes beyond ASCII, valid UTF-8 first."""

HOSTILE = (
    "//a", "/a//b", "//", "//example.com/a", "/a b", "/ ", "/..", "/.", "/a/../b", "/../../etc/passwd",
    "/a%2Fb",             # was %252F; "/a/b" may have been %2F, nobody can tell
    "/%", "/%zz", "/%FF", "/a?b", "/a#b", "/a;b=c", "/a:b", "/a=b&c=d", "/a+b", "/a\\b", "/<script>", "/'\"",
    "/%s%d", "/{0}{a}", "/None", "/-1", "/0", "/99999999999999999999", "/a.", "/.git", "/a~", "/CON",
    "/\x00", "/a\nb", "/a\r\nX-Injected: 1", "/\t", "/\x1b[31m", "/\x7f", carried("/\x85"), "/\x85",
    carried("/\u202e"), carried("/\u2028"), carried("/e\u0301"),
    "/" + "a" * 300, "/a" * 200, "/" + "a" * 8000,
)
"""Double slashes, dot segments, reserved and control characters (all decoded from %xx), lengths."""

MOUNTS = ("", "/app", "/a/b", carried("/é"), "/~user", "/a b", "/\xff", "/index.php", "/APP")

# What a view that takes the last segment from the URL has to stand.
_LAST = ("\xff", "0", carried("é"), "-1", "a b", "\x00", "a\nb", "x" * 300, "99999999999999999999", "%")


def _variants(endpoint: Endpoint) -> list[Endpoint]:
    """Return the endpoint's near misses: the slash toggled, another last segment, something below it."""
    path = endpoint.path
    if path == "/":
        return []
    head, _, last = path.rstrip("/").rpartition("/")
    slash = "/" if path.endswith("/") else ""
    near = [path.rstrip("/") if slash else path + "/", path.upper(), path + last]
    near += [f"{head}/{odd}{slash}" for odd in _LAST[:6]] if head else []
    near += [f"{path.rstrip('/')}/{odd}{slash}" for odd in ("1", "a", *_LAST)]
    return [Endpoint(other, endpoint.methods) for other in dict.fromkeys(near) if other.startswith("/")]


def groups_of(material: Material, *, asterisk: bool = True) -> Groups[Endpoint]:
    """Return the groups of places: the root, what is known, what is odd."""
    root = [e for e in material.endpoints if e.path == "/"] or [Endpoint("/")]
    known = [e for e in material.endpoints if e.path != "/"]
    weighted = [e for e in known for _ in range(max(1, min(e.weight, 20)))]
    variants = [v for e in known[:60] for v in _variants(e)]
    general = [Endpoint(p) for p in ORDINARY[1:]]
    empty = [Endpoint("")]
    encoded, hostile = [Endpoint(p) for p in ENCODED], [Endpoint(p) for p in HOSTILE]
    star = [ASTERISK] if asterisk else []
    if known:
        return ((20, root), (48, weighted), (3, general), (4, empty), (9, encoded), (9, hostile), (5, variants),
                (2, star))
    return ((38, root), (14, general), (8, empty), (20, encoded), (17, hostile), (3, star))


def endpoints(material: Material = EMPTY, *, asterisk: bool = True) -> st.SearchStrategy[Endpoint]:
    """Return a strategy for the place that is asked: the application's own first, then odd ones.

    Args:
        material: what is known of the application.
        asterisk: whether the target of "OPTIONS *" is among them.
    """
    return table(*groups_of(material, asterisk=asterisk))


def paths(material: Material = EMPTY) -> st.SearchStrategy[str]:
    """Return a strategy for PATH_INFO: "" (which may also be left out), or text that starts with "/"."""
    return endpoints(material, asterisk=False).map(lambda endpoint: endpoint.path)


def script_names() -> st.SearchStrategy[str]:
    """Return a strategy for SCRIPT_NAME: "" for an application at the server's root, else a mount."""
    return table((5, MOUNTS[:1]), (5, MOUNTS[1:]))
