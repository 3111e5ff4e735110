"""The spy on wsgi.errors."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Use
from ..plan import Plan
from .streams import other_attribute

__all__ = ["ErrorsSpy", "spy_on_errors"]


class ErrorsSpy:
    """Stands for wsgi.errors."""

    __slots__ = ("_plan", "_stream", "_x")

    _x: Exchange
    _plan: Plan
    _stream: Any

    def _judge(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        if self._plan.errors is not None:
            self._plan.errors(self._x, Use(name, args, keywords))

    def write(self, *args: Any, **keywords: Any) -> Any:
        self._judge("write", args, keywords)
        x = self._x
        x.errors_written += 1
        x.errors_unflushed = True
        if args and isinstance(args[0], str) and args[0]:
            x.errors_unended = not args[0].endswith("\n")
        return self._stream.write(*args, **keywords)

    def writelines(self, *args: Any, **keywords: Any) -> Any:
        self._judge("writelines", args, keywords)
        x = self._x
        x.errors_written += 1
        x.errors_unflushed = True
        # What a generator will give cannot be known without taking it: it counts as ended.
        lines = args[0] if args else None
        last = lines[-1] if isinstance(lines, (list, tuple)) and lines else "\n"
        if isinstance(last, str):
            x.errors_unended = not last.endswith("\n")
        return self._stream.writelines(*args, **keywords)

    def flush(self, *args: Any, **keywords: Any) -> Any:
        self._judge("flush", args, keywords)
        self._x.errors_unflushed = False
        return self._stream.flush(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        return other_attribute(self._x, self._plan.errors, self._stream, name, "errors")


def spy_on_errors(x: Exchange, plan: Plan, stream: Any) -> ErrorsSpy:
    """Return what stands for `stream`, the server's wsgi.errors."""
    spy = ErrorsSpy()
    spy._x, spy._plan, spy._stream = x, plan, stream
    return spy
