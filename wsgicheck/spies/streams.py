"""What the spies on wsgi.input and wsgi.errors share: attributes that PEP 3333 does not list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Judge

__all__ = ["other_attribute"]


def other_attribute(x: Exchange, judge: Judge | None, stream: Any, name: str) -> Any:
    """Return the attribute `name` of `stream`, having it judged that the application asked for it.

    A method comes back as one that is judged again when it is called: hasattr() is less than a call.

    Raises:
        AttributeError: the stream has none.
    """
    if judge is not None:
        judge(x, Use(name, called=False))
    value = getattr(stream, name)
    if judge is None or not callable(value):
        return value
    return _spied(x, judge, value, name)


def _spied(x: Exchange, judge: Judge, method: Callable[..., Any], name: str) -> Callable[..., Any]:
    def spied_method(*args: Any, **keywords: Any) -> Any:
        judge(x, Use(name, args, keywords))
        return method(*args, **keywords)

    return spied_method
