"""What an object is, whatever it says about itself: tests that run none of the object's own code.

Laws: nothing here raises, whatever the object; and an object that merely claims a type (a proxy with a
`__class__` of its own) does not have it, since servers and sockets look at the real type.
"""

from __future__ import annotations

from typing import Any

__all__ = ["has_method", "is_a", "name_of", "size_of", "text_of"]

_name = vars(type)["__name__"].__get__
_ancestors = vars(type)["__mro__"].__get__
_names = vars(type)["__dict__"].__get__


def is_a(value: object, kind: type) -> bool:
    """Tell whether the type of `value` is `kind` or inherits from it."""
    return type.__subclasscheck__(kind, type(value))


def name_of(value: object) -> str:
    """Return the name of the type of `value`, whatever its metaclass makes of it."""
    return str(_name(type(value)))


def text_of(value: object) -> str | None:
    """Return `value` as a str proper, None when it is no str at all."""
    if type(value) is str:
        return value
    return str.__str__(value) if is_a(value, str) else None


def size_of(value: object) -> int | None:
    """Return how many bytes a bytes object holds, None when `value` is none."""
    if type(value) is bytes:
        return len(value)
    return bytes.__len__(value) if is_a(value, bytes) else None  # type: ignore[arg-type]


def has_method(value: object, name: str) -> bool:
    """Tell whether the type of `value` defines the special method `name`, as the interpreter looks it up."""
    for ancestor in _ancestors(type(value)):
        names: Any = _names(ancestor)
        if name in names:
            return names[name] is not None
    return False
