"""What the spies on wsgi.input and wsgi.errors share: attributes that PEP 3333 does not list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Judge

__all__ = ["other_attribute"]


def other_attribute(x: Exchange, judge: Judge | None, stream: Any, name: str, fact: str) -> Any:
    """Return the attribute `name` of `stream`, having it judged that the application asked for it.

    A method comes back as one that is judged again when it is called: hasattr() is less than a call.
    `fact` names the fact of `x` that lists what was asked for and not called.

    Raises:
        AttributeError: the stream has none.
    """
    if judge is not None:
        judge(x, Use(name, called=False))
    asked: tuple[str, ...] = getattr(x, fact)
    # Python itself asks for names with two underscores (copy, pickle, inspect, a debugger).
    if name not in asked and not name.startswith("__"):
        setattr(x, fact, (*asked, name))
    value = getattr(stream, name)
    return _spied(x, judge, value, name, fact) if callable(value) else value


def _spied(x: Exchange, judge: Judge | None, method: Callable[..., Any], name: str, fact: str) -> Callable[..., Any]:
    def spied_method(*args: Any, **keywords: Any) -> Any:
        setattr(x, fact, tuple(asked for asked in getattr(x, fact) if asked != name))
        if judge is not None:
            judge(x, Use(name, args, keywords))
        return method(*args, **keywords)

    return spied_method
