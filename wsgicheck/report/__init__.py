"""A finished run, said in the form that its reader wants: render(run, format) and nothing that acts.

Laws: a renderer reads the run, the cards and the user's own source lines, and writes nothing; the same run
gives the same text, apart from the seconds; whatever a subject put into a header or a body is harmless in
every format; a format's module is imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from ..model.rule import MUST, Card, Level
from ..model.run import Run
from .options import Options
from .view import by_name

__all__ = ["FORMATS", "Options", "Renderer", "by_name", "render"]

Renderer = Callable[[Run, Mapping[str, Card], Options], str]

_MODULES: dict[str, str] = {
    "text": "text",
    "full": "text",
    "concise": "concise",
    "json": "json",
    "json-lines": "lines",
    "junit": "junit",
    "sarif": "sarif",
    "github": "github",
    "markdown": "markdown",
    "html": "html",
    "pytest": "tests",
}


class _Formats(Mapping[str, Renderer]):
    """The formats by name; looking one up imports its module."""

    def __getitem__(self, name: str) -> Renderer:
        found: Renderer = import_module(f"{__name__}.{_MODULES[name]}").render
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


FORMATS: Mapping[str, Renderer] = _Formats()
"""What `--format` takes, and the function that renders it."""


def _catalogue() -> Mapping[str, Card]:
    from ..rules import every_card

    return by_name(every_card())


def render(run: Run, format: str, *, color: bool = False, width: int = 80, verbose: bool = False,
           quiet: bool = False, ascii: bool = False, fail_on: Level = MUST,
           statistics: bool = False, show_passed: bool = False, root: str = "",
           arguments: Mapping[str, object] | None = None, file: str = "",
           cards: Mapping[str, Card] | None = None) -> str:
    """Return `run` as text in `format`, one of FORMATS, with a line break at its end.

    `width` is in columns and bounds prose, never a command to copy. `cards` are the rules by their full names
    (`by_name` makes that), the whole catalogue where none are given; the rest are
    those of Options. Raises KeyError for a format that is none.
    """
    options = Options(color=color, width=width, verbose=verbose, quiet=quiet, ascii=ascii, fail_on=fail_on,
                      statistics=statistics, show_passed=show_passed, root=root, arguments=arguments or {}, file=file)
    return FORMATS[format](run, _catalogue() if cards is None else cards, options)
