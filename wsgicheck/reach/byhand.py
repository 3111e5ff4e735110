"""Routes that a user names: '/product/<int:id>', 'POST /cart/add', or a file with one a line.

Laws: what is wrong is one ConfigError that shows the line; a value that is written in place of a placeholder is
asked as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import ConfigError
from ..show import show
from .route import Hole, Part, Route, make_route

__all__ = ["parse_login", "parse_route", "read_routes"]

_HOLE = re.compile(r"<(?:(?P<kind>int|float|str|string|slug|path|uuid):)?(?P<name>\w+)>|\{(?P<braced>\w+)\}")
_METHOD = re.compile(r"[A-Z][A-Z-]{1,30}")


def parse_route(text: str) -> Route:
    """Return the route that '[METHOD ]/path/<int:id>' names.

    Raises:
        ConfigError: it names none.
    """
    words = text.split()
    methods: tuple[str, ...] = ()
    if len(words) == 2 and _METHOD.fullmatch(words[0].upper()):
        methods, words = (words[0].upper(),), words[1:]
    if len(words) != 1 or not words[0].startswith("/"):
        raise ConfigError(f"a route is written as '/path/<int:id>' or 'POST /path', not {show(text, 80)}")
    rule = words[0].partition("?")[0]
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(rule):
        parts.append(rule[end:match.start()])
        end = match.end()
        kind = match["kind"] or "str"
        parts.append(Hole(match["name"] or match["braced"], "str" if kind == "string" else kind))
    parts.append(rule[end:])
    return make_route(parts, methods or ("GET",), rule=rule, source="by hand")


def read_routes(name: str) -> list[Route]:
    """Return the routes of a file: one a line, empty lines and those that begin with # aside.

    Raises:
        ConfigError: the file cannot be read, or a line names no route.
    """
    try:
        lines: Iterable[str] = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the routes in {show(name)}: {error}") from error
    return [parse_route(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def parse_login(text: str) -> None:
    """Refuse what is no login.

    Raises:
        ConfigError: it is not written as '[POST ]/login name=value …'.
    """
    words = text.split()
    if words and _METHOD.fullmatch(words[0].upper()) and "=" not in words[0]:
        words = words[1:]
    if not words or not words[0].startswith("/") or not all("=" in word for word in words[1:]):
        raise ConfigError(f"a login is written as 'POST /login user=… password=…', not {show(text, 80)}")
