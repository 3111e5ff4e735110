"""Legal applications as a strategy: every way to answer that PEP 3333 allows, drawn and shrunk as recipes."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from ..reference.repertoire import Recipe

__all__ = ["applications", "legal", "recipes"]

_GZIPPED = gzip.compress(b"It works. It works. It works.\n", mtime=0)

_STATUS = ("200 OK", "404 Not Found", "204 No Content", "304 Not Modified", "302 Found", "500 Internal Server Error",
           "299 A Phrase Of Its Own", "404 N", "200 Gr\xfc\xdfe")
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
_HEADERS = (
    _PLAIN,
    (("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")),
    (("content-type", "application/octet-stream"), ("X-Empty", ""), ("X_Under_Score", "yes")),
    (("Content-Type", "text/plain"), ("Vary", "Accept"), ("Vary", "Cookie"), ("Link", "</a>; rel=next")),
    (("Content-Type", "text/plain; charset=utf-8"), ("Set-Cookie", "d=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970"
                                                     " 00:00:00 GMT"), ("X-Latin", "caf\xe9")),
    (("Content-Type", "text/html; charset=utf-8"), ("ETag", '"v1"'), ("Cache-Control", "max-age=60")),
    (("Content-Type", "text/plain; charset=utf-8"), *(("Set-Cookie", f"c{n}={n}; Path=/") for n in range(12))),
    (("Content-Type", "text/plain; charset=utf-8"), ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")),
)
_ITEMS = (b"It works.\n", b"", b"a", b"<html><head></head><body><p>Hello, world</p></body></html>",
          b"<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n", b"x" * 5000)
_SHAPES = ("list", "generator", "closing", "iterator", "tuple", "sized", "class", "sequence", "file_wrapper")
_MISHAPS = ("", "error page", "error page after error", "error page after first item", "raise before items",
            "raise after first item", "raise in call", "raise in close")


def legal(recipe: Recipe) -> Recipe:
    """Return `recipe`, or its nearest legal neighbour where two of its parts cannot be had together."""
    changes: dict[str, Any] = {}
    headers, items = recipe.headers, recipe.items
    if recipe.mishap in ("error page", "error page after error"):
        changes |= {"length": False, "status": "200 OK"}
        headers, items = _PLAIN, (b"something went wrong\n",)
    elif recipe.mishap in ("error page after first item", "raise after first item", "raise before items"):
        # What was promised cannot be kept, and the first item has to be one.
        changes |= {"length": False, "status": "200 OK", "head_aware": False}
        items = tuple(item for item in items if item) or (b"It works.\n",)
        if recipe.shape not in ("generator", "iterator", "closing", "class"):
            changes["shape"] = "generator"
    elif recipe.mishap == "raise in close" and recipe.shape not in ("sized", "closing"):
        changes["shape"] = "closing"
    code = changes.get("status", recipe.status)[:3]
    if code == "302":
        headers = (*headers, ("Location", "/elsewhere"))
    if code == "304":
        headers = (("ETag", '"v1"'),)
    if code in ("204", "304"):
        changes["writes"] = ()
    elif ("Content-Encoding", "gzip") in headers:
        # One gzip stream, cut in two where the recipe has several items.
        items = (_GZIPPED[:9], _GZIPPED[9:]) if len(items) > 1 else (_GZIPPED,)
        changes["writes"] = ()
        if recipe.mishap.startswith(("error page", "raise after")):
            headers, items = _PLAIN, (b"It works.\n",)
    if changes.get("shape", recipe.shape) == "file_wrapper":
        # A wrapper reads until nothing comes: empty items vanish, and the content stays. Nobody writes beside it.
        changes["writes"] = ()
        items = tuple(item for item in items if item)
    return replace(recipe, headers=headers, items=items, **changes)


def recipes(*, mishaps: bool = True, kinds: bool = True) -> st.SearchStrategy[Recipe]:
    """Return a strategy for recipes of legal applications, the plainest first.

    Args:
        mishaps: whether some let an exception out or answer with an error page.
        kinds: whether they are of every kind of callable, rather than functions and classes.
    """
    often_false = st.sampled_from((False, False, True))
    return st.builds(
        Recipe,
        status=st.sampled_from(_STATUS[:1] * 6 + _STATUS),
        headers=st.sampled_from(_HEADERS),
        items=st.lists(st.sampled_from(_ITEMS), max_size=4).map(tuple),
        writes=st.sampled_from(((), (), (), (b"written\n",), (b"", b"one", b"two"))),
        shape=st.sampled_from(_SHAPES),
        start_at=st.sampled_from(("call", "first item")),
        mishap=st.sampled_from(("",) * 8 + _MISHAPS if mishaps else ("",)),
        empties_first=st.sampled_from((0, 0, 1, 3)),
        length=st.booleans(),
        head_aware=often_false,
        read=st.sampled_from(("", "", "whole", "small", "lines")),
        tells=often_false,
        touch_environ=often_false,
        none_exc_info=often_false,
        kind=st.sampled_from(("function", "function", "instance", "method", "partial") if kinds else ("function",)),
    ).map(legal)


def applications(*, mishaps: bool = True) -> st.SearchStrategy[Callable[..., Any]]:
    """Return a strategy for legal WSGI applications (see `recipes`)."""
    return recipes(mishaps=mishaps).map(lambda recipe: recipe.build())
