"""The spy on wsgi.file_wrapper: what is put in is judged, what comes out is the server's own object."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Plan
from .tape import note

__all__ = ["FileWrapperSpy"]


class FileWrapperSpy:
    """Stands for wsgi.file_wrapper.

    The result is handed on untouched: a server sends a file its own fast way only when it recognises its
    own wrapper. Some find out by isinstance(result, environ["wsgi.file_wrapper"]), so this object answers
    that question as the class it stands for would.
    """

    __slots__ = ("_plan", "_wrapper", "_x", "given", "made")

    def __init__(self, x: Exchange, plan: Plan, wrapper: Any) -> None:
        self._x = x
        self._plan = plan
        self._wrapper = wrapper
        self.made: Any = None
        """The wrapper's latest result."""
        self.given: Any = None
        """What it was made of."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        x = self._x
        if self._plan.file_wrapper is not None:
            self._plan.file_wrapper(x, Use("file_wrapper", args, keywords))
        x.file_wrappers += 1
        note(x, f"file_wrapper({type(args[0]).__name__ if args else ''})")
        self.made = self._wrapper(*args, **keywords)
        self.given = args[0] if args else None
        return self.made

    @property
    def by_another(self) -> bool:
        """Whether it stands for something else than a spy: for what a server, or a middleware, has put there."""
        return type(self._wrapper) is not FileWrapperSpy

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._wrapper)

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, self._wrapper)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapper, name)
