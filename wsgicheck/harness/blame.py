"""Whose line did it: the stack of a watched call, read from the inside out.

Laws: the innermost frame of the user's own code is named. Where the import machinery lies between it and the
deed, a library did it while it was being imported, and nobody is named; the same where no frame is the user's.
"""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType

from ..model.finding import Site
from ..spies.site import is_user_file, line_of

__all__ = ["Blame", "Owner"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_WATCH = frozenset(os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
                   for name in ("blame.py", "watched_import.py", "watched_streams.py", "watched_calls.py"))
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_LIBRARIES = (*_INSTALLED, *{sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")}, _PACKAGE)
_DEEPEST = 400


@dataclass(frozen=True, slots=True)
class Blame:
    """Who did it.

    Attributes:
        via: the third-party package nearest to the user's line, "" where there is none in between.
        caller: the module that made the watched call, "" where the user's line made it itself.
        through: every module in between.
        code: the code that the line belongs to.
    """

    site: Site
    via: str
    caller: str
    through: tuple[str, ...]
    code: CodeType


@lru_cache(maxsize=4096)
def _is_installed(file: str) -> bool:
    return (file.startswith(_INSTALLED) or f"{os.sep}site-packages{os.sep}" in file
            or f"{os.sep}dist-packages{os.sep}" in file)


def _is_below(file: str, root: str) -> bool:
    """Tell whether `file` belongs to an environment that lies below `root`, as a project's own .venv does."""
    return (any(f"{os.sep}{name}{os.sep}" in file[len(root) - 1:] for name in ("site-packages", "dist-packages"))
            or any(file.startswith(library) and library.startswith(root) for library in _LIBRARIES))


class Owner:
    """Knows which files are the user's own.

    Args:
        roots: folders or files that are theirs wherever they lie (a target that is installed as a package).
    """

    def __init__(self, roots: tuple[str, ...] = ()) -> None:
        self._roots = tuple(root + os.sep if os.path.isdir(root) else root for root in roots)

    def owns(self, file: str) -> bool:
        """Tell whether `file` is the user's own."""
        return is_user_file(file) or any(file.startswith(root) and not _is_below(file, root) for root in self._roots)

    def blame(self, frame: FrameType | None) -> Blame | None:
        """Return who is to blame for what happens in `frame`, None for nobody."""
        through: list[str] = []
        via = ""
        for _ in range(_DEEPEST):
            if frame is None:
                return None
            code = frame.f_code
            file = code.co_filename
            if file not in _WATCH:
                if file.startswith("<frozen importlib"):
                    return None
                if file.startswith(_PACKAGE):
                    if through:
                        return None  # our own call of the subject: what lies outside is the server
                elif self.owns(file):
                    return Blame(line_of(code, frame.f_lineno), via, through[0] if through else "", tuple(through),
                                 code)
                else:
                    name = str(frame.f_globals.get("__name__", "?"))
                    through.append(name)
                    if _is_installed(file):
                        via = name.partition(".")[0]
            frame = frame.f_back
        return None
