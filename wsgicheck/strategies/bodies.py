"""Request bodies: content with the Content-Type that announces it, rightly or wrongly.

Laws: a Content is plain bytes and text; how its length is told to the application (Content-Length, chunks)
is the matter of input.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from .material import EMPTY, Endpoint, Material
from .queries import NAMES, VALUES, encoded, pairs
from .weighted import Groups, mixed, table

__all__ = ["BROKEN", "FORM", "JSON", "MULTIPART", "NOTHING", "TELLING", "Content", "contents", "multipart"]

FORM = "application/x-www-form-urlencoded"


class Content(NamedTuple):
    """What a request carries.

    Attributes:
        content_type: CONTENT_TYPE; None where the client sent none.
        body: the bytes.
        headers: header fields that belong to it, as (environ key, value).
    """

    content_type: str | None = None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


NOTHING = Content()
"""No content at all."""


def multipart(parts: Sequence[tuple[str, str | None, bytes]], boundary: str = "b", end: bool = True) -> bytes:
    """Return multipart/form-data of (name, file name or None, content), each name sent as UTF-8.

    Args:
        end: whether the last delimiter is there.
    """
    lines: list[bytes] = []
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
        kind = b"" if filename is None else b"Content-Type: text/plain\r\n"
        lines.append(f"--{boundary}\r\nContent-Disposition: {disposition}\r\n".encode("utf-8",
                                                                                      "replace") + kind
                     + b"\r\n" + content + b"\r\n")
    return b"".join(lines) + (f"--{boundary}--\r\n".encode() if end else b"")


_MULTI = "multipart/form-data; boundary=b"
_PART = ("a", None, b"1")

JSON: tuple[Content, ...] = tuple(Content("application/json", body) for body in (
    b"{}", b"[]", b'{"a": 1}', b"null", b"1", b'"a"', b"true", b"{", b"", b"NaN",
    b'{"a": 1, "a": 2}', b"\xff",
    b'"\\ud800"', b'{"a": {"b": [1, 2, {"c": null}]}}', b"\xef\xbb\xbf{}", b"1e999", b"9" * 5000, b"[" * 3000,
    '{"é": "☃"}'.encode(), "{}".encode("utf-16"),
))
MULTIPART: tuple[Content, ...] = tuple(Content(_MULTI, body) for body in (
    multipart([_PART]), multipart([("file", "a.txt", b"content")]),
    multipart([_PART, ("file", "é.bin", b"\x00\xff\r\n--b-not\r\n")]), multipart([("file", "", b"")]),
    multipart([("file", "../../etc/passwd", b"x")]), multipart([("a", None, b"\xff")]),
    multipart([("file", "big.bin", b"x" * 70_000)]), multipart([_PART] * 50),
))
TELLING: tuple[Content, ...] = (
    Content("multipart/form-data", multipart([_PART])),                    # no boundary
    Content(_MULTI, multipart([_PART], end=False)), Content(FORM, b"a=%FF"), Content(FORM, b"\xff=\xfe"),
    Content("text/plain; charset=x-nope", b"\xff"), Content("application/json", b"a=1"),
    Content("application/octet-stream", bytes(range(256))), Content(None, b"x"), Content(_MULTI, b""),
    Content(FORM + "; charset=utf-16", b"a=1"),
)
"""What breaks many an application that reads forms."""
BROKEN: tuple[Content, ...] = (
    Content('multipart/form-data; boundary=""', multipart([_PART])),
    Content("multipart/form-data; boundary=other", multipart([_PART])),
    Content("multipart/form-data; boundary=\xff", multipart([_PART])),
    Content("multipart/form-data; boundary=" + "b" * 300, multipart([_PART])),
    Content(_MULTI, b"--b--\r\n"),
    Content(_MULTI, b"--b\r\n\r\nx\r\n--b--\r\n"),
    Content(_MULTI, b"--b\nContent-Disposition: form-data\n\nx\n--b--"),
    Content(_MULTI, b"--b\r\nContent-Disposition: form-data; name=\"a\xff\"\r\n\r\nx\r\n--b--\r\n"),
    Content(_MULTI, b"--b\r\n" + b"X: " + b"a" * 9000 + b"\r\n\r\nx\r\n--b--\r\n"),
    Content(FORM, b"a"), Content(FORM, b"&=&;"), Content(FORM, b"%"), Content(FORM, b"a=1&a=2"),
    Content(FORM, b"a=" + b"x" * 70_000), Content(FORM, b"a=1\x00\r\n"),
    Content(FORM, b"&".join(b"a%d=1" % i for i in range(1200))),
    Content(FORM + "; charset=x-nope", b"a=%E9"),
    Content(FORM + "; charset=latin-1", b"a=%E9"), Content(FORM, b'{"a": 1}'),
    Content("application/json; charset=utf-16", b"{}"), Content("application/json; charset=x-nope", b"{}"),
    Content("application/vnd.api+json", b"{}"), Content("text/plain", b"hello\n"),
    Content("application/xml", b"<a/>"), Content("text/xml", b"<a"), Content("x", b"x"), Content(";", b"x"),
    Content("/", b"x"), Content("text/html; charset=\"", b"x"), Content("TEXT/HTML;;;", b"x"), Content("*/*", b"x"),
    Content("\xff/\xff", b"x"), Content("", b"x"), Content(None, b"a=1"), Content("text/plain", b"a\r\nb\rc\nd"),
    Content(FORM, b"a=1", (("HTTP_CONTENT_ENCODING", "gzip"),)),
    Content(FORM, b"_method=PUT"), Content("text/plain", b"x" * 200_000),
)
"""Content that is broken, mislabelled, or right where few expect it."""


def form(names: Sequence[str], value: str = "1") -> Content:
    """Return a form in which each of `names` has the value."""
    return Content(FORM, "&".join(f"{encoded(name)}={value}" for name in names).encode("ascii"))


def _variants(names: Sequence[str]) -> list[Content]:
    """Return the content in which `names` occur: all at once in the three notations, then one by one."""
    if not names:
        return []
    # The chain meets conditions on a name and the value that stands beside it, several of them at once.
    chain = "&".join(f"{encoded(a)}={encoded(b)}" for a, b in zip(names, [*names[1:], "1"]))
    made = [form(names), Content(FORM, chain.encode("ascii")),
            Content(_MULTI, multipart([(name, None, b"1") for name in names])),
            Content("application/json", json.dumps(dict.fromkeys(names, "1")).encode()),
            Content("application/json", json.dumps(dict.fromkeys(names, 1)).encode()),
            form(names, ""), form(names, "%FF"), form(names, "a" * 300)]
    made += [form([name]) for name in names]
    made += [Content(_MULTI, multipart([(name, "a.txt", b"x")])) for name in names]
    made += [Content(FORM, f"{encoded(a)}={encoded(b)}".encode()) for i,
             a in enumerate(names) for b in names[i + 1:i + 4]]
    return made


def own(endpoint: Endpoint) -> tuple[Content, ...]:
    """Return content made for one endpoint."""
    made = _variants(endpoint.form_names)
    whole = (*(Content(kind, body) for kind, body in endpoint.bodies), *made[:4])
    return mixed((3, whole), (2, made[4:])) if whole else ()


def groups_of(material: Material) -> Groups[Content]:
    """Return the groups of contents: forms first, then JSON and multipart, then the broken."""
    values = tuple(dict.fromkeys((*map(encoded, material.form_values), *VALUES)))
    known = [Content(FORM, pair.encode("ascii")) for pair in pairs(material.form_names, values,
                                                                   material.pairs)]
    usual = [Content(FORM, pair.encode("ascii")) for pair in pairs(NAMES, VALUES)]
    typed = [Content(kind, body) for kind in material.content_types for body in (b"x", b"{}", b"")]
    given = [Content(kind, body) for kind, body in material.bodies]
    at_once = _variants(material.form_names[:30])
    return ((6, given), (6, at_once[:8]), (10, known), (5, usual), (3, typed), (8, JSON), (7, MULTIPART),
            (14, TELLING), (8, BROKEN), (4, (NOTHING,)))


def contents(material: Material = EMPTY) -> st.SearchStrategy[Content]:
    """Return a strategy for what a request carries: nothing, forms, JSON, multipart, and broken ones."""
    return table((6, (NOTHING,)), *groups_of(material))
