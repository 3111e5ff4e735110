"""Makes a text that a regular expression matches, so that a route written as one can be asked for.

Law: what is returned was matched; where the expression is too clever, nothing is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

__all__ = ["sample_of"]

_parser: Any = import_module("re._parser")
_MOST = 200


def _of_class(items: Any) -> str:
    """Return a character of a class: a letter or digit where it has one."""
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    for character in "1aA0-_ .:":
        inside = False
        for operator, value in items:
            name = str(operator)
            if name == "LITERAL":
                inside |= ord(character) == value
            elif name == "RANGE":
                inside |= value[0] <= ord(character) <= value[1]
            elif name == "CATEGORY":
                kind = str(value)
                word = character.isalnum() or character == "_"
                known = {"CATEGORY_DIGIT": character.isdigit(), "CATEGORY_WORD": word,
                         "CATEGORY_SPACE": character == " ", "CATEGORY_NOT_SPACE": character != " ",
                         "CATEGORY_NOT_DIGIT": not character.isdigit()}
                inside |= known.get(kind, False)
        if inside is not negated:
            return character
    for operator, value in items:
        if not negated and str(operator) in ("LITERAL", "RANGE"):
            return chr(value if str(operator) == "LITERAL" else value[0])
    return "x"


def _made(tree: Any, groups: dict[int, str], depth: int = 0) -> str:
    if depth > 20:
        raise ValueError("too deep")
    text = ""
    for operator, value in tree:
        name = str(operator)
        if name == "LITERAL":
            text += chr(value)
        elif name == "NOT_LITERAL":
            text += "1" if value != ord("1") else "a"
        elif name == "ANY":
            text += "a"
        elif name == "IN":
            text += _of_class(value)
        elif name == "CATEGORY":
            text += _of_class([(operator, value)])
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            times = max(least, min(1, int(most)))
            text += _made(inner, groups, depth + 1) * min(times, _MOST)
        elif name == "SUBPATTERN":
            inner = _made(value[-1], groups, depth + 1)
            if value[0] is not None:
                groups[value[0]] = inner
            text += inner
        elif name == "ATOMIC_GROUP":
            text += _made(value, groups, depth + 1)
        elif name == "BRANCH":
            text += _made(value[1][0], groups, depth + 1)
        elif name == "GROUPREF":
            text += groups.get(value, "")
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            raise ValueError(name)
    return text


@lru_cache(maxsize=1024)
def sample_of(regex: str, flags: int = 0) -> str | None:
    """Return a text that `regex` matches as a whole, None where none was found."""
    try:
        text = _made(_parser.parse(regex, flags), {})
        return text if len(text) <= _MOST and re.fullmatch(regex, text, flags | re.DOTALL) else None
    except (re.error, ValueError, TypeError, RecursionError, OverflowError):
        return None
