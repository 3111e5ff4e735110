"""Laws over several exchanges, put to the test with a middleware: what it keeps of one visitor for another.

A middleware stands around an application that answers each visitor with what he sent, and no two alike. What such an
application keeps apart, the middleware has to keep apart too: among threads, from one request to the next, in the lists
that it hands on. Laws: only what the application alone does not break is held against the middleware, and only what a
middleware made anew shows again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from ..model.request import Case, Request
from ..model.rule import Relation
from ..reference.repertoire import Recipe
from ..rules import laws
from ..sandwich import Factory
from ..stories import Telling, tell
from .pair_program import import_lines
from .pairs import PairSighting
from .wrapping import Wrapping

__all__ = ["MIRROR", "REQUESTS", "seen_in_stories", "stories", "story_program"]

MIRROR = Recipe(echo=True)
"""The application: it answers with what it was asked, whoever asks."""
REQUESTS = (Request.make("GET", "/page", "q=1", HTTP_COOKIE="session=one"), Request.make("GET", "/"))
"""What it is asked first."""
_STORIES = frozenset({
    "answers-are-the-same-among-threads", "header-lists-are-not-shared", "nothing-of-the-server-is-kept",
    "answers-hold-nothing-of-another-request", "application-can-be-called-again",
})
_OTHERS = (Request.make("GET", "/other", "a=b"), Request.make("GET", "/third"))


@cache
def stories() -> tuple[Relation, ...]:
    """Return the laws about applications that a middleware has to keep as well."""
    return tuple(law for law in laws() if law.id in _STORIES)


def _told(law: Relation, request: Request, factory: Factory, doing: Callable[[object], None]) -> Telling:
    def note(case: Case | None) -> None:
        doing(None if case is None else (case, MIRROR))

    return tell(law, request, factory(MIRROR.build()), others=lambda: _OTHERS, doing=note)


def seen_in_stories(factory: Factory, requests: tuple[Request, ...], doing: Callable[[object], None],
                    applied: dict[str, int]) -> Iterator[PairSighting]:
    """Yield a sighting for each law that the middleware breaks.

    Args:
        doing: is told of each (case, application) before it happens, and of None after.
        applied: counts, by the law's id, how often it was put to the test.
    """
    for law in stories():
        for request in requests:
            telling = _told(law, request, factory, doing)
            if telling.crash or not (telling.broken or telling.verdict):
                continue
            applied[law.id] = applied.get(law.id, 0) + 1
            if not telling.broken or not _told(law, request, factory, doing).broken:
                continue
            if tell(law, request, MIRROR.build(), others=lambda: _OTHERS).broken:
                continue
            yield PairSighting(law.id, str(telling.verdict), Case(request), MIRROR,
                               events=tuple(telling.exchanges[-1].events or ()) if telling.exchanges else ())
            break


def story_program(wrapping: Wrapping, law: Relation, request: Request, headline: str) -> str:
    """Return a program that tells the story once more; "" where the middleware has no name that can be imported.

    Args:
        headline: what is wrong, for the first lines.
    """
    imports = import_lines(wrapping)
    if not imports:
        return ""
    variables = dict(request.variables)
    return "\n".join([
        *(f"# {line}" for line in headline.splitlines()), "from wsgicheck.model.request import Request",
        f"from {law.check.__module__} import {law.check.__name__} as law",
        "from wsgicheck.stories import tell", "", *imports, "", "", MIRROR.source().rstrip(), "", "",
        f"request = Request.make({request.method!a}, {request.path!a}, {request.query!a}, "
        f"HTTP_COOKIE={variables.get('HTTP_COOKIE')!a})",
        f"others = [Request.make('GET', path, query) for path, query in "
        f"{[(other.path, other.query) for other in _OTHERS]!a}]",
        "print(tell(law, request, wrap(application), others=lambda: others).verdict)",
    ]) + "\n"
