"""What is read off a status and a header list at once, where they are as plain as they mostly are.

On the path that every request takes: it is read once, here, and the gate and the facts of the exchange both live on it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from ..model.moments import MOST_NAMES, Head

__all__ = ["code_of", "read_off", "text_of"]


def text_of(value: Any) -> str:
    """Return `value` as a str proper, "" where it is no str by its type, whatever it says of itself."""
    return str.__str__(value) if issubclass(type(value), str) else ""


@lru_cache(maxsize=512)
def code_of(status: str) -> int:
    """Return the status's three digits as a number, 0 when it does not begin with three."""
    digits = status[:3]
    return int(digits) if len(digits) == 3 and digits.isascii() and digits.isdigit() else 0


class _Path(dict[str, "_Path"]):
    """A status, or a status and names: the key `name` leads on to the same with one name more.

    A header list is walked name by name, which spares it a tuple of names to be looked up by. `head` is set where one
    has ended.
    """

    __slots__ = ("head",)

    def __init__(self) -> None:
        super().__init__()
        self.head: Head | None = None

    def __missing__(self, name: str) -> _Path:
        self[name] = path = _paths.another()
        return path

    def learn(self, status: str, headers: list[tuple[str, str]]) -> Head:
        names = tuple(name for name, _ in headers)
        lower = [name.lower() for name in names]
        lengths_at = tuple(place for place, name in enumerate(lower) if name == "content-length")
        head = Head(status, names, code_of(status), frozenset(lower), lengths_at)
        if len(names) <= MOST_NAMES:
            self.head = head
        return head


class _Paths(dict[str, _Path]):
    """The paths that begin with each status; all are forgotten when they are too many."""

    _MOST: Final = 4096

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def __missing__(self, status: str) -> _Path:
        self[status] = path = self.another()
        return path

    def another(self) -> _Path:
        if self._count >= self._MOST:
            self.clear()
            self._count = 0
        self._count += 1
        return _Path()


_paths = _Paths()


def read_off(status: Any, headers: Any) -> tuple[Head | None, list[str]]:
    """Return head and values, where `status` is a str and `headers` a list of pairs of str, all by exact type."""
    if type(status) is not str or type(headers) is not list:
        return None, []
    path, values = _paths[status], []
    try:
        for item in headers:
            if type(item) is not tuple:
                return None, []
            name, value = item
            if type(name) is not str or type(value) is not str:
                return None, []
            path = path[name]
            values.append(value)
    except ValueError:  # no pair
        return None, []
    return path.head or path.learn(status, headers), values
