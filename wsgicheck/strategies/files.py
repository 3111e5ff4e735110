"""What an application's own files tell before they are ever loaded: Python sources and templates.

Laws: sources are compiled and never run; files are bounded in number and size; a file that cannot be read
or understood is passed over.
"""

from __future__ import annotations

import os
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Templates", "roots_of", "sources", "templates"]

MOST_FILES = 300
MOST_BYTES = 400_000
"""Of one file."""

_SKIPPED = {"tests", "test", "testing", "migrations", "node_modules", "__pycache__", "site-packages", "build", "dist",
            "locale", "docs"}
_TEMPLATES = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".tpl", ".mako", ".pt")

_FIELD = re.compile(r"<(?:input|select|textarea|button)\b[^>]*?\bname\s*=\s*[\"']([^\"'<>{}%]{1,60})[\"']", re.I)
_VALUE = re.compile(r"<(?:input|option|button)\b[^>]*?\bvalue\s*=\s*[\"']([^\"'<>{}%]{1,60})[\"']", re.I)
_LINK = re.compile(r"\b(?:href|action)\s*=\s*[\"'](/[^\"'<>{}%\s#]{0,100})[\"']", re.I)
_ASKED = re.compile(r"\b(?:args|GET|form|POST|values|query|params|forms|cookies|COOKIES)"
                    r"(?:\.get\([\"']|\.|\[[\"'])([A-Za-z_][\w-]{0,39})")


@dataclass(slots=True)
class Templates:
    """Names, values and paths that templates mention."""

    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def roots_of(module: types.ModuleType | None, filename: str) -> tuple[str, str]:
    """Return (directory of Python sources or "", directory of templates) of the application in `filename`.

    A package owns its directory; a project with a manage.py owns all that lies beside it; a lone module owns
    nothing but the directory "templates" beside it.
    """
    if module is None or not filename:
        return "", ""
    directory = os.path.dirname(os.path.abspath(filename))
    top = directory
    while os.path.exists(os.path.join(top, "__init__.py")) and os.path.dirname(top) != top:
        top = os.path.dirname(top)
    if os.path.exists(os.path.join(top, "manage.py")):
        return top, top
    if directory != top:
        return directory, directory
    return "", os.path.join(directory, "templates")


def _below(root: str, endings: tuple[str, ...]) -> Iterator[str]:
    left = MOST_FILES
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith(".")
                            and not os.path.exists(os.path.join(directory, name, "pyvenv.cfg")))
        for name in sorted(names):
            if name.endswith(endings):
                left -= 1
                if left < 0:
                    return
                yield os.path.join(directory, name)


def _bytes(path: str) -> bytes:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > MOST_BYTES:
            return b""
        with open(path, "rb") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""


def sources(root: str, known: frozenset[str]) -> Iterator[types.CodeType]:
    """Yield the module code of each Python file below `root` that is not among `known` files."""
    for path in _below(root, (".py",)):
        name = os.path.basename(path)
        if path in known or name.startswith(("test_", "conftest")) or name in ("setup.py", "manage.py"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield compile(_bytes(path), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def templates(root: str) -> Templates:
    """Return what the templates below `root` mention."""
    found = Templates()
    for path in _below(root, _TEMPLATES):
        text = _bytes(path).decode("utf-8", "replace")
        found.names += _FIELD.findall(text)
        found.names += _ASKED.findall(text)
        found.values += _VALUE.findall(text)
        found.links += _LINK.findall(text)
    found.names = [name for name in dict.fromkeys(found.names) if name not in ("get", "items", "getlist", "errors")]
    found.values = list(dict.fromkeys(found.values))
    found.links = list(dict.fromkeys(found.links))
    return found
