"""Request methods: the common first, then those of the registry, then legal ones nobody registered."""

from __future__ import annotations

from hypothesis import strategies as st

from .material import EMPTY, Material
from .weighted import Groups, table

__all__ = ["EXTENSION", "WITHOUT_CONTENT", "methods"]

EXTENSION = ("PROPFIND", "REPORT", "QUERY", "PURGE", "get", "FOO", "M-SEARCH", "X")
"""Tokens that a server passes on as they are; case matters (RFC 9110 9.1)."""

WITHOUT_CONTENT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Methods whose requests rarely (TRACE: never) carry content."""

_BARE = ("OPTIONS", "DELETE", "TRACE")


def choices(material: Material) -> Groups[str | int]:
    """Return the groups of methods, in which a number stands for one of the endpoint's own methods.

    Those that usually carry content stand side by side, POST first: so they shrink to POST.
    """
    return ((40, (0,)), (5, ("GET",)), (13, ("HEAD",)), (10, (1,)), (5, (2, 3)), (18, ("POST",)),
            (8, ("PUT", "PATCH")), (8, material.methods), (6, EXTENSION), (8, _BARE))


def methods(material: Material = EMPTY) -> st.SearchStrategy[str]:
    """Return a strategy for REQUEST_METHOD: GET, HEAD and POST in most draws."""
    return table((40, ("GET",)), (15, ("HEAD",)), (25, ("POST",)), (8, ("PUT", "PATCH")), (8, material.methods),
                 (5, EXTENSION), (8, _BARE))
