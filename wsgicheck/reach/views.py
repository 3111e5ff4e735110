"""From what a framework calls a view to the user's own functions in it.

Laws: nothing is called; a decorator's wrapper is not the view, the function inside it is.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator

__all__ = ["functions_of"]

_DEEPEST = 8


def _functions(value: object, owned: Callable[[str], bool], depth: int = 0) -> Iterator[types.FunctionType]:
    for _ in range(_DEEPEST):
        if isinstance(value, types.MethodType):
            value = value.__func__
        elif isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        elif isinstance(value, types.FunctionType) and isinstance(value.__dict__.get("__wrapped__"),
                                                                  (types.FunctionType, types.MethodType)):
            value = value.__dict__["__wrapped__"]
        else:
            break
    if isinstance(value, types.FunctionType):
        if owned(value.__code__.co_filename):
            yield value
            return
        if depth < 4:
            for cell in value.__closure__ or ():
                try:
                    inner = cell.cell_contents
                except ValueError:      # not filled yet
                    continue
                if isinstance(inner, (types.FunctionType, types.MethodType, functools.partial, type)):
                    yield from _functions(inner, owned, depth + 1)
    elif isinstance(value, type):
        for cls in value.__mro__[:-1]:
            for entry in list(vars(cls).values()):
                if isinstance(entry, (types.FunctionType, staticmethod, classmethod)):
                    yield from (found for found in _functions(entry, owned, 4))
    elif depth < 2 and callable(value):
        call = next((vars(cls)["__call__"] for cls in type(value).__mro__ if "__call__" in vars(cls)), None)
        if isinstance(call, types.FunctionType):
            yield from _functions(call, owned, depth + 1)


def functions_of(view: object, owned: Callable[[str], bool]) -> tuple[types.FunctionType, ...]:
    """Return the functions of the user's own that answer for `view`; none for a view of a library.

    Args:
        owned: tells by its name whether a file is the application's own.
    """
    return tuple(dict.fromkeys(_functions(view, owned))) if view is not None else ()
