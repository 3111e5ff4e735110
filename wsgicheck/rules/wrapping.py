"""What the examples of the rules for middleware are made of: a body around the application's that passes close() on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["App", "Closing", "closer"]

App = Callable[..., Any]


class Closing:
    """A body with a close() of its own: what the examples return in place of the application's."""

    def __init__(self, items: Any, close: Any) -> None:
        self.items = items
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.items)


def closer(body: Any) -> Callable[[], Any]:
    """Return the close() of `body`, or a function that does nothing."""
    close: Callable[[], Any] = getattr(body, "close", lambda: None)
    return close
