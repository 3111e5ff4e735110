"""What hygiene cards share: the decorator that makes one, evidence that names a line, sources as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from ...model.exchange import Exchange
from ...model.finding import Site
from ...model.imported import Act, Deed, Imported, Phase, Placed, Source
from ...model.moments import Moment
from ...model.request import PLAIN, Request
from ...model.rule import APPLICATION, Card, Citation, Example, Level, Rule, Verdict, cited, rule

__all__ = ["GUNICORN", "MOD_WSGI", "UWSGI", "Hygiene", "hygiene", "placed", "site_in", "trees"]

MOD_WSGI = cited("mod_wsgi documentation", "Application Issues",
                 url="https://modwsgi.readthedocs.io/en/master/user-guides/application-issues.html")
GUNICORN = cited("gunicorn documentation", "preload_app",
                 url="https://docs.gunicorn.org/en/stable/settings.html#preload-app")
UWSGI = cited("uWSGI documentation", "Things to know",
              url="https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html")
_PLACES = 3
_WHEN = {Phase.IMPORT: "while it was imported", Phase.REQUEST: "during a request"}


@dataclass(eq=False, slots=True, repr=False)
class Hygiene(Rule):
    """A rule over what loading an application does; its examples are the texts of WSGI scripts."""

    def _text(self, bad: bool, text: Callable[[], str]) -> Callable[[], str]:
        self.examples.append(Example("import", text, bad, Request(), PLAIN))
        return text

    def bad_import(self, text: Callable[[], str]) -> Callable[[], str]:
        """Add the text of a script that breaks exactly this rule."""
        return self._text(True, text)

    def good_import(self, text: Callable[[], str]) -> Callable[[], str]:
        """Add the text of a script that breaks nothing."""
        return self._text(False, text)


def hygiene(*, level: Level, covers: tuple[str, ...], cites: Citation | Iterable[Citation],
            given: tuple[Card, ...] = (), formerly: tuple[str, ...] = (),
            ) -> Callable[[Callable[[Exchange, Imported], Verdict]], Hygiene]:
    """Make the decorated judgement over what an import did a card of the family `hygiene`."""

    def make(function: Callable[[Exchange, Imported], Verdict]) -> Hygiene:
        card = rule(at=Moment.IMPORT, binds=APPLICATION, level=level, covers=covers, cites=cites, given=given,
                    formerly=formerly)(function)
        facts: dict[str, Any] = {item.name: getattr(card, item.name) for item in fields(card)}
        return Hygiene(**facts | {"family": "hygiene"})

    return make


def placed(acts: Sequence[Act], expected: str) -> Placed:
    """Return the evidence that these acts, of which there is at least one, ought not to have been."""
    first = acts[0]
    when = "by the import" if first.deed in (Deed.OPEN, Deed.LOOP) else _WHEN[first.phase]
    through = f" (through {first.via})" if first.via else ""
    others = dict.fromkeys(f"{act.site.file}:{act.site.line}" for act in acts[1:] if act.site != first.site)
    names = list(others)
    also = "" if not names else f"; also at {', '.join(names[:_PLACES])}" + (
        f" and {len(names) - _PLACES} more" if len(names) > _PLACES else "")
    return Placed(f"{first.what}{through} {when}; expected {expected}{also}", first.site,
                  1 + len(names))


@lru_cache(maxsize=512)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # not what Python has loaded, or beyond its parser


def trees(imported: Imported) -> Iterator[tuple[Source, ast.Module]]:
    """Yield the user's own loaded modules that can be parsed."""
    for source in imported.sources:
        tree = _parsed(source.text)
        if tree is not None:
            yield source, tree


def site_in(source: Source, node: ast.AST) -> Site:
    """Return the line of `node`."""
    return Site(source.file, getattr(node, "lineno", 1), getattr(node, "name", ""))
