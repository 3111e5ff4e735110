"""Query strings as QUERY_STRING carries them: not decoded, one Latin-1 code point a byte.

Law: no control character, no space and no "#" is drawn, since a request line cannot carry them; bytes
above 0x7F are, since servers pass on what careless clients send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from hypothesis import strategies as st

from .material import EMPTY, Endpoint, Material
from .weighted import Groups, mixed, table

__all__ = ["NAMES", "ODD_QUERIES", "VALUES", "pairs", "queries"]

NAMES = ("q", "page", "id", "name", "next", "sort", "format", "callback", "debug", "lang", "limit", "offset")
"""Names that applications often look for."""

VALUES = (
    "1", "a", "", "0", "-1", "2", "%C3%A9", "%FF", "%E2%98%83", "%00", "a%20b", "a+b", "true", "1.5", "nan",
    "99999999999999999999", "%0D%0AX-Injected:%201", "%3Cb%3E", "%27%22", "../", "//example.com/",
    "http://example.com/", "json", "[]", "%7B%7D", "1e309", "2024-02-30", "%25s", "%ED%A0%80", "a" * 500,
)
"""Values, encoded, the harmless first."""

ODD_QUERIES = (
    "a", "=", "&", "a=", "=a", "a&a", "a=1&a=2", "a=1;b=2", "?", "a=b=c", "&&a=1&", "%", "%F", "%zz", "%FF",
    "\xff", "\xc3\xa9", "q=\xe9", "a[]=1&a[]=2", "a[b][c]=1", "a.b=1", "+", "%2B", "%26=%3D", "a=%26",
    "%00", "%0A", "q=%ED%A0%80", "q=%C0%AF", "q=%u00e9", "__proto__=1", "_method=DELETE",
    "&".join(f"a={i}" for i in range(200)), "&".join(f"a{i}" for i in range(1200)), "a=" + "a" * 9000,
    "XDEBUG_SESSION_START=1", "q=" + "%FF" * 300,
)
"""Legal query strings that parsers stumble over."""


def encoded(text: str) -> str:
    """Return `text` percent-encoded as UTF-8, for a name or a value; lone surrogates included."""
    return quote(text, safe="-._~:/@!$*,", errors="surrogatepass")


def pairs(names: Iterable[str], values: Sequence[str], near: Iterable[tuple[str, str]] = ()) -> tuple[str, ...]:
    """Return "name=value" for everything in `near` and for `names` with `values` (already encoded).

    Each name gets all of `values` where there are few names, else a few of them in turn.
    """
    names = [encoded(name) for name in names]
    each = max(3, min(len(values), 1500 // max(1, len(names))))
    made = [f"{encoded(name)}={encoded(value)}" for name, value in near]
    for index, name in enumerate(names):
        made.extend(f"{name}={values[(index * 7 + step) % len(values) if step > 1 else step]}"
                    for step in range(min(each, len(values))))
        made.append(name)
    return tuple(dict.fromkeys(made))


def own(endpoint: Endpoint) -> tuple[str, ...]:
    """Return query strings made for one endpoint: its whole ones, all its names at once, each alone."""
    names = [encoded(name) for name in endpoint.query_names]
    made: list[str] = []
    whole = list(endpoint.queries)
    if names:
        whole.append("&".join(f"{name}=1" for name in names))
        whole.append("&".join(f"{a}={b}" for a, b in zip(names, [*names[1:], "1"])))
        made.extend(names)
        made.extend(f"{name}=1" for name in names)
        made.extend(f"{a}={b}" for i, a in enumerate(names) for b in names[i + 1:i + 4])
        made.extend(f"{name}={VALUES[(7 * i + j) % len(VALUES)]}" for i,
                    name in enumerate(names) for j in (0, 3, 9))
    return mixed((1, tuple(dict.fromkeys(whole))), (1, tuple(dict.fromkeys(made)))) if whole else ()


def general(material: Material) -> Groups[str]:
    """Return the groups of single "name=value" pairs and whole strings, the application's own first."""
    known = pairs(material.query_names, tuple(dict.fromkeys((*map(encoded, material.query_values), *VALUES))))
    near = pairs((), VALUES, material.pairs)
    usual = pairs(NAMES, VALUES)
    if known or near or material.queries:
        return ((3, material.queries), (5, near), (5, known), (2, usual))
    return ((8, usual[:len(VALUES)]), (4, usual))


def values(material: Material) -> Groups[str]:
    """Return the groups of values, encoded: those that the application names, then what breaks many."""
    return ((2, tuple(dict.fromkeys(map(encoded, material.query_values)))), (1, VALUES))


def queries(material: Material = EMPTY) -> st.SearchStrategy[str]:
    """Return a strategy for QUERY_STRING: often "" (which may also be left out), then one name and value,
    then what parsers stumble over.
    """
    single = general(material)
    return table((sum(share for share, _ in single) // 2, ("",)), *single, (4, ODD_QUERIES))
