"""The kinds of values a setting takes: from what TOML, a variable or the command line holds to what Config holds.

Law: each reader is total: it returns a value of its kind, or raises WrongKind, which says what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..model.rule import Level

__all__ = [
    "WrongKind", "bodies", "cookies", "flag", "headers", "level", "numeral", "one_of", "reports", "seconds", "switch",
    "text", "texts", "whole", "words",
]

_MEDIA_TYPE = re.compile(r"[!#$&\-^.+\w]+/[!#$&\-^.+\w]+(?:\s*;\s*[!-~ ]*)?\Z", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class WrongKind(ValueError):
    """A value of the wrong kind; the message says what the key takes."""


def text(value: object) -> str:
    """Read a string that is not empty."""
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise WrongKind("a string that is not empty")


def words(value: object) -> tuple[str, ...]:
    """Read a list of words; a string is split at its commas."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise WrongKind("a list of strings")
    return tuple(word.strip() for item in items for word in item.split(",") if word.strip())


def texts(value: object) -> tuple[str, ...]:
    """Read a list of strings that are not empty; a string is a list of one."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) and item for item in items):
        raise WrongKind("a list of strings that are not empty")
    return tuple(items)


def level(value: object) -> Level:
    """Read the name of a level."""
    if isinstance(value, Level):
        return value
    levels = [level.value for level in Level]
    if isinstance(value, str) and value.lower() in levels:
        return Level(value.lower())
    raise WrongKind(f"one of {', '.join(levels)}")


def one_of(*allowed: str) -> Callable[[object], str]:
    """Return what reads one of a few words."""

    def read(value: object) -> str:
        if isinstance(value, str) and value.lower() in allowed:
            return value.lower()
        raise WrongKind(f"one of {', '.join(allowed)}")

    return read


def whole(least: int) -> Callable[[object], int]:
    """Return what reads a whole number of at least `least`."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise WrongKind(f"a whole number of at least {least}")

    return read


def seconds(value: object) -> float:
    """Read a number of seconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1_000_000:
        return float(value)
    raise WrongKind("a number of seconds above 0, and at most a million")


def _pairs(value: object, separator: str, example: str, name_is: Callable[[str], object]) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        items: list[object] = [(name, text) for name, text in value.items()]
    else:
        items = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else [None]
    for item in items:
        if isinstance(item, str):
            name, found, text = item.partition(separator)
            pair: tuple[object, object] = (name, text) if found else (None, None)
        else:
            pair = item if isinstance(item, tuple) and len(item) == 2 else (None, None)
        name_, text_ = pair
        if not isinstance(name_, str) or not isinstance(text_, str) or not name_is(name_.strip()):
            raise WrongKind(f"a table, or a list of strings as {example}")
        yield name_.strip(), text_.strip()


def reports(value: object) -> tuple[tuple[str, str], ...]:
    """Read (format, file) pairs."""
    pairs = tuple(_pairs(value, "=", '"json=report.json"', bool))
    if all(file for _, file in pairs):
        return pairs
    raise WrongKind('a table, or a list of strings as "json=report.json"')


def headers(value: object) -> tuple[tuple[str, str], ...]:
    """Read (name, value) pairs of header fields."""
    pairs = tuple(_pairs(value, ":", '"X-Token: secret"', _HEADER_NAME.match))
    if all(text.isprintable() for _, text in pairs):
        return pairs
    raise WrongKind("header fields without control characters")


def bodies(value: object) -> tuple[tuple[str, str], ...]:
    """Read (Content-Type, text) pairs of request bodies."""
    return tuple(_pairs(value, ":", '"application/json: {}"', _MEDIA_TYPE.match))


def cookies(value: object) -> tuple[tuple[str, str], ...]:
    """Read (name, value) pairs of cookies."""
    pairs = tuple(_pairs(value, "=", '"sessionid=abc"', _HEADER_NAME.match))
    if all(text.isascii() and text.isprintable() and ";" not in text for _, text in pairs):
        return pairs
    raise WrongKind("cookies without semicolons, and of ASCII")


def flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise WrongKind("true or false")


def switch(text: str) -> object:
    """Return the truth value that an environment variable's text says, and what says none as it is."""
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False,
            "off": False}.get(text.strip().lower(), text)


def numeral(kind: Callable[[str], Any]) -> Callable[[str], object]:
    """Return what makes a number of an environment variable, and leaves what is none as it is."""

    def read(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            return text

    return read
