"""Cookie fields as HTTP_COOKIE carries them, well-formed and not.

Law: no drawn value holds a control character other than HTAB, so a server lets each of them through.
"""

from __future__ import annotations

from hypothesis import strategies as st

from .material import EMPTY, Material
from .weighted import Groups, mixed, table

__all__ = ["MALFORMED", "WELL_FORMED", "cookie_fields"]

WELL_FORMED = ("a=1", "sessionid=abc", "session=abc", "csrftoken=abc; sessionid=def", "a=1; b=2", "a=",
               'a="b c"', "__Host-a=1")

MALFORMED = (
    "a", "=", ";", "", "a=1;b=2", "a=1; a=2", "a=1, b=2", "a b=c", "=1", "a=b=c", 'a="', 'a="b; c=d"',
    'a="\\303\\251"', 'a="\\042"', "a=\xff", "a=\xc3\xa9", "\xc3\xa9=1", "a=%FF", "$Version=1; a=1; $Path=/",
    "a=1; expires=Thu, 01 Jan 1970 00:00:00 GMT", "a:b=1", "a/b=1", "a=\tb", "[]=1", 'a={"b":1}', "a=1;;;b=2",
    "session=eyJhIjoxfQ.ZZZZZZ.bad", "sessionid=../../etc/passwd", "sessionid=" + "x" * 4096,
    "; ".join(f"a{i}={i}" for i in range(100)), "lang=\xe9", "messages=W10:bad", "sessionid=%00",
)
"""What browsers, proxies and attackers send all the same."""


def _cookie(name: str, value: str) -> str:
    return f"{name}={value}".encode("utf-8", "replace").decode("latin-1")


def known(material: Material) -> tuple[str, ...]:
    """Return Cookie fields with the names that the application looks for."""
    near = [_cookie(name, value) for name, value in material.cookies]
    names = list(dict.fromkeys(name for name, _ in material.cookies))
    made = [_cookie(name, odd) for name in names[:30] for odd in ("", "1", "\xff", '"', "x.y.z")]
    if len(names) > 1:
        near.append("; ".join(_cookie(name, "1") for name in names[:20]))
    near, made = ([field for field in dict.fromkeys(fields) if legal_field(field)] for fields in (near, made))
    return mixed((2, near), (1, made)) if near or made else ()


def legal_field(value: str) -> bool:
    """Tell whether `value` can be a field's value in environ: Latin-1, trimmed, no control but HTAB."""
    return (value == value.strip(" \t")
            and all(" " <= c < "\x7f" or c == "\t" or "\x80" <= c <= "\xff" for c in value))


def groups_of(material: Material) -> Groups[str]:
    """Return the groups of Cookie fields."""
    return ((4, known(material)), (4, WELL_FORMED), (4, MALFORMED))


def cookie_fields(material: Material = EMPTY) -> st.SearchStrategy[str]:
    """Return a strategy for HTTP_COOKIE."""
    return table(*groups_of(material))
