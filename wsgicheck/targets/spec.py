"""The words of a target, taken apart: a module or a file, a dotted attribute, and a call's literal arguments."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ..errors import TargetError
from ..show import printable

__all__ = ["Call", "Spec", "one_line", "parse_spec"]

_LONGEST = 300


def one_line(text: str, limit: int = _LONGEST) -> str:
    """Return `text` as one printable line of at most `limit` characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class Call:
    """The literal arguments of a factory that the target calls."""

    args: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spec:
    """A target, taken apart.

    Attributes:
        text: as typed.
        module: the dotted name, "" where a file is named.
        path: the file as typed, "" where a module is named.
        attribute: the dotted attribute, "" where none is named.
        call: the call at its end, None where there is none.
    """

    text: str
    module: str = ""
    path: str = ""
    attribute: str = ""
    call: Call | None = None

    @property
    def place(self) -> str:
        """The module or file, as typed."""
        return self.module or self.path

    def named(self, attribute: str) -> str:
        """Return the words that name `attribute` of the same module."""
        return f"{self.place}:{attribute}"


def _attribute(text: str, words: str) -> tuple[str, Call | None]:
    """Read "a.b" or "a.b('literal', key=1)"."""
    wrong = TargetError(f"{one_line(text, 100)!r} is no target: after the colon stands a name or a call of a factory "
                        "with literal arguments, as in shop.wsgi:application or shop:create_app('test')")
    try:
        tree = ast.parse(words.strip(), mode="eval").body
        call = None
        if isinstance(tree, ast.Call):
            if any(keyword.arg is None for keyword in tree.keywords):
                raise wrong
            call = Call(tuple(ast.literal_eval(a) for a in tree.args),
                        {k.arg: ast.literal_eval(k.value) for k in tree.keywords if k.arg is not None})
            tree = tree.func
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise wrong from None
    names: list[str] = []
    while isinstance(tree, ast.Attribute):
        names.append(tree.attr)
        tree = tree.value
    if not isinstance(tree, ast.Name):
        raise wrong
    return ".".join([tree.id, *reversed(names)]), call


def _is_path(place: str) -> bool:
    # "mysite.wsgi" is how Django names a module, and a file only where there is one.
    return (os.sep in place or place.endswith((".py", ".pyw"))
            or (place.endswith(".wsgi") and os.path.isfile(place)))


def _children(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder or "."))
    except (OSError, ValueError):
        return []


def _require_file(path: str) -> None:
    if os.path.isfile(path):
        return
    if os.path.isdir(path):
        below = [os.path.join(path, name) for name in _children(path) if not name.startswith(".")]
        inside = [os.path.join(folder, name) for name in ("wsgi.py", "app.py", "application.py", "main.py")
                  for folder in (path, *below)] + [os.path.join(folder, "__init__.py") for folder in (path, *below)]
        found = next((name for name in inside if os.path.isfile(name)), "")
        hint = f"did you mean {found}" if found else "name a file or a module, as in path/to/wsgi.py:application"
        raise TargetError(one_line(f"{path} is a folder; {hint}"))
    folder, name = os.path.split(path)
    if folder and not os.path.isdir(folder):
        raise TargetError(one_line(f"there is no file {path}: there is no folder {folder} in {os.getcwd()}"))
    if os.path.isfile(path + ".py"):
        raise TargetError(one_line(f"there is no file {path}; did you mean {path}.py"))
    near = get_close_matches(name, [n for n in _children(folder) if n.endswith((".py", ".wsgi"))], n=2, cutoff=0.6)
    hint = "; did you mean " + " or ".join(os.path.join(folder, n) for n in near) if near else (
        "; a module is named with dots and without .py, as in shop.wsgi:application")
    raise TargetError(one_line(f"there is no file {path} (looked in {os.path.abspath(folder)}){hint}"))


def parse_spec(text: str) -> Spec:
    """Take `text` apart.

    Raises:
        TargetError: it is no target, or names a file that does not exist.
    """
    place, colon, words = text.strip().partition(":")
    place = place.strip()
    if not place:
        raise TargetError(f"{one_line(text, 100)!r} is no target: name a module and what is in it, "
                          "as in shop.wsgi:application")
    attribute, call = _attribute(text, words) if colon and words.strip() else ("", None)
    if _is_path(place):
        _require_file(place)
        return Spec(text, path=place, attribute=attribute, call=call)
    if place.endswith("()"):
        module, _, factory = place.rpartition(".")
        raise TargetError(f"{one_line(text, 100)!r} is no target: a factory stands after a colon, "
                          f"as in {one_line(module or 'shop', 60)}:{one_line(factory, 60)}")
    if not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(f"{one_line(place, 100)!r} is no module's name; a target is a module and what is in it, "
                          "as in shop.wsgi:application, or a file, as in path/wsgi.py:app")
    return Spec(text, module=place, attribute=attribute, call=call)
