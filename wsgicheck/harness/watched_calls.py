"""Standing between a program and a function of the standard library: the call is told, and then made.

Law: what takes the place of a function behaves as it does, also as the attribute of a class.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

__all__ = ["watch_call"]

Told = Callable[[tuple[Any, ...], dict[str, Any]], None]


class _Builtin:
    """In the place of a function written in C, which is no descriptor."""

    def __init__(self, function: Callable[..., Any], told: Told) -> None:
        functools.update_wrapper(self, function)
        self._function, self._told = function, told

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        self._told(args, keywords)
        return self._function(*args, **keywords)

    def __repr__(self) -> str:
        return repr(self._function)


def watch_call(holder: Any, name: str, told: Told) -> None:
    """Replace `holder.name` by what tells (args, keywords) of each call and then makes it."""
    function = getattr(holder, name, None)
    if function is None:
        return
    if not isinstance(function, FunctionType) and not isinstance(holder, type):
        setattr(holder, name, _Builtin(function, told))
        return

    @functools.wraps(function)
    def wrapper(*args: Any, **keywords: Any) -> Any:
        told(args, keywords)
        return function(*args, **keywords)

    setattr(holder, name, wrapper)
