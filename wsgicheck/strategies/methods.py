"""Request methods: the common first, then those of the registry, then legal ones nobody registered."""

from __future__ import annotations

from hypothesis import strategies as st

from .material import EMPTY, Material
from .weighted import mixed

__all__ = ["EXTENSION", "WITHOUT_CONTENT", "methods"]

EXTENSION = ("PROPFIND", "REPORT", "QUERY", "PURGE", "get", "FOO", "M-SEARCH", "X")
"""Tokens that a server passes on as they are; case matters (RFC 9110 9.1)."""

WITHOUT_CONTENT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Methods whose requests rarely (TRACE: never) carry content."""

_REGISTERED = ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")


def choices(material: Material) -> tuple[str | int, ...]:
    """Return the table of methods, in which a number stands for one of the endpoint's own methods."""
    return mixed((40, (0,)), (10, (1,)), (5, (2, 3)), (13, ("HEAD",)), (14, ("POST",)), (5, ("GET",)),
                 (15, _REGISTERED), (6, EXTENSION), (8, material.methods))


def methods(material: Material = EMPTY) -> st.SearchStrategy[str]:
    """Return a strategy for REQUEST_METHOD: GET, HEAD and POST in most draws."""
    return st.sampled_from(mixed((40, ("GET",)), (15, ("HEAD",)), (25, ("POST",)), (15, _REGISTERED),
                                 (5, EXTENSION), (8, material.methods)))
