"""What the spies on wsgi.input and wsgi.errors share: attributes that PEP 3333 does not list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Judge

__all__ = ["other_attribute"]


def other_attribute(x: Exchange, judge: Judge | None, stream: Any, name: str, kind: str) -> Any:
    """Return the attribute `name` of `stream`, having it judged that the application asked for it.

    A method comes back as one that is judged again when it is called: hasattr() is less than a call.
    `kind` is "input" or "errors", and names the facts of `x` that list what was asked for.

    Raises:
        AttributeError: the stream has none.
    """
    if judge is not None:
        judge(x, Use(name, called=False))
    asked: tuple[str, ...] = x.input_attributes if kind == "input" else x.errors_attributes
    if name in asked:
        if kind == "input" and name not in x.input_tested:
            x.input_tested += (name,)
    # Python itself asks for names with two underscores (copy, pickle, inspect, a debugger).
    elif not name.startswith("__"):
        _keep(x, kind, (*asked, name))
    value = getattr(stream, name)
    return _spied(x, judge, value, name, kind) if callable(value) else value


def _keep(x: Exchange, kind: str, asked: tuple[str, ...]) -> None:
    if kind == "input":
        x.input_attributes = asked
    else:
        x.errors_attributes = asked


def _spied(x: Exchange, judge: Judge | None, method: Callable[..., Any], name: str, kind: str) -> Callable[..., Any]:
    def spied_method(*args: Any, **keywords: Any) -> Any:
        asked = x.input_attributes if kind == "input" else x.errors_attributes
        _keep(x, kind, tuple(other for other in asked if other != name))
        if judge is not None:
            judge(x, Use(name, args, keywords))
        return method(*args, **keywords)

    return spied_method
