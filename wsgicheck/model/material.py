"""The record of what an application can be asked: its endpoints, names, values, headers and cookies.

Laws: every text is plain `str`; paths are as PATH_INFO carries them (bytes of UTF-8 as Latin-1 code
points), all other names and values are ordinary text that the strategies encode themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

__all__ = ["EMPTY", "Endpoint", "Material", "carried", "joined"]

T = TypeVar("T")


def carried(text: str) -> str:
    """Return `text` as environ carries it: its UTF-8 bytes, one Latin-1 code point each.

    Lone surrogates become the three bytes that a client would send for them.
    """
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place in the application, and what is known to matter there.

    Attributes:
        path: PATH_INFO, as environ carries it; starts with "/".
        methods: methods worth trying there, the most telling first.
        queries: whole query strings, percent-encoded, without "?".
        query_names: names that the code there looks for in the query.
        form_names: names that it looks for in a form or a JSON object.
        bodies: whole bodies known to make sense there, as (Content-Type, content).
        headers: (environ key, value) pairs that matter there, "HTTP_X_TOKEN" style keys.
        weight: how often it is drawn, against the other endpoints; at least 1.
    """

    path: str
    methods: tuple[str, ...] = ("GET", "POST")
    queries: tuple[str, ...] = ()
    query_names: tuple[str, ...] = ()
    form_names: tuple[str, ...] = ()
    bodies: tuple[tuple[str, bytes], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """What an application can be asked; empty fields leave the strategies to their general repertoire.

    Attributes:
        endpoints: places in it.
        methods: methods it names that are not everybody's.
        query_names, query_values: for any endpoint.
        form_names, form_values: for any endpoint.
        pairs: (name, value) that stand close together in the code, for queries, forms and cookies.
        queries: whole query strings for any endpoint, percent-encoded, without "?".
        headers: (environ key, value) pairs, "HTTP_X_TOKEN" style keys.
        cookies: (name, value) pairs.
        content_types: media types it names.
        bodies: whole bodies for any endpoint, as (Content-Type, content).
    """

    endpoints: tuple[Endpoint, ...] = ()
    methods: tuple[str, ...] = ()
    query_names: tuple[str, ...] = ()
    query_values: tuple[str, ...] = ()
    form_names: tuple[str, ...] = ()
    form_values: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    queries: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    content_types: tuple[str, ...] = ()
    bodies: tuple[tuple[str, bytes], ...] = ()

    def merged(self, other: Material) -> Material:
        """Return the union of both, in order, each thing once; what `self` knows comes first."""
        changes = {field.name: _once((*getattr(self, field.name), *getattr(other, field.name)))
                   for field in fields(self)}
        return replace(self, **changes)


def _once(items: Iterable[T], most: int | None = None) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))[:most]


def joined(endpoints: Iterable[Endpoint], most: int = 24) -> tuple[Endpoint, ...]:
    """Return one endpoint a path, which knows what all of them know, `most` things of a kind; the first come first."""
    known: dict[str, Endpoint] = {}
    for new in endpoints:
        old = known.get(new.path)
        changes: dict[str, Any] = {} if old is None else {
            name: _once((*getattr(old, name), *getattr(new, name)), most) for name in _KNOWN_THERE}
        known[new.path] = new if old is None else replace(old, weight=max(old.weight, new.weight), **changes)
    return tuple(known.values())


_KNOWN_THERE = tuple(field.name for field in fields(Endpoint) if field.name not in ("path", "weight"))


EMPTY = Material()
"""Knows nothing: the strategies draw from their general repertoire."""
