"""Legal applications as a strategy: every way to answer that PEP 3333 allows, drawn and shrunk as recipes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from ..reference.repertoire import Recipe

__all__ = ["applications", "recipes"]

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
)
_ITEMS = (b"It works.\n", b"", b"a", b"\x00\xff" * 40, b"<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n", b"x" * 5000)
_SHAPES = ("list", "generator", "closing", "iterator", "tuple", "sized", "class", "sequence", "file_wrapper")
_MISHAPS = ("", "error page", "error page after error", "raise before items", "raise after first item",
            "raise in call", "raise in close")


def _legal(recipe: Recipe) -> Recipe:
    """Return `recipe`, or its nearest legal neighbour where two of its parts cannot be had together."""
    changes: dict[str, Any] = {}
    if recipe.status[:3] == "302":
        changes["headers"] = (*recipe.headers, ("Location", "/elsewhere"))
    if recipe.status[:3] == "304":
        changes["headers"] = (("ETag", '"v1"'),)
    if recipe.mishap.startswith("error page"):
        changes["items"] = (b"something went wrong\n",)
        changes["length"] = False
        changes["status"] = "200 OK"
        changes["headers"] = _PLAIN
    if recipe.shape == "file_wrapper":
        # A wrapper reads until nothing comes: empty items vanish, and the content stays.
        changes["items"] = tuple(item for item in changes.get("items", recipe.items) if item)
    return recipe.__class__(**{name: changes.get(name, getattr(recipe, name)) for name in recipe.__slots__})


def recipes(*, mishaps: bool = True) -> st.SearchStrategy[Recipe]:
    """Return a strategy for recipes of legal applications, the plainest first.

    Args:
        mishaps: whether some let an exception out or answer with an error page.
    """
    often_false = st.sampled_from((False, False, True))
    return st.builds(
        Recipe,
        status=st.sampled_from(_STATUS),
        headers=st.sampled_from(_HEADERS),
        items=st.lists(st.sampled_from(_ITEMS), max_size=4).map(tuple),
        writes=st.sampled_from(((), (), (b"written\n",), (b"", b"one", b"two"))),
        shape=st.sampled_from(_SHAPES),
        start_at=st.sampled_from(("call", "first item")),
        mishap=st.sampled_from(_MISHAPS if mishaps else ("",)),
        empties_first=st.sampled_from((0, 0, 1, 3)),
        length=st.booleans(),
        head_aware=often_false,
        read=st.sampled_from(("", "", "whole", "small", "lines")),
        touch_environ=often_false,
        none_exc_info=often_false,
    ).map(_legal)


def applications(*, mishaps: bool = True) -> st.SearchStrategy[Callable[..., Any]]:
    """Return a strategy for legal WSGI applications (see `recipes`)."""
    return recipes(mishaps=mishaps).map(lambda recipe: recipe.build())
