"""What parent and child of a property run say to each other."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from ..model.finding import Site
from ..model.request import Case, Request
from ..model.rule import Card, Relation
from ..reach.reached import Reached
from .options import Options

__all__ = ["Job", "Sighting", "Tally", "groundless", "weight"]


@dataclass(frozen=True, slots=True)
class Job:
    """What the child shall do.

    Attributes:
        seed: of this life of the child; examples: how many requests it shall draw.
        seconds: how long it may take.
        avoid: (method, path) that ended an earlier life; "*" stands for any.
        cases: these and nothing else, in place of drawn ones; each is performed once.
        beside: with them, the further requests that a law may ask for.
        look: find out what could be asked, and ask nothing.
        scratch: a folder for what the application writes, removed when this life has ended.
    """

    target: str
    options: Options
    seed: int
    examples: int
    seconds: float
    avoid: tuple[tuple[str, str], ...] = ()
    cases: tuple[Case, ...] = ()
    beside: tuple[Request, ...] = ()
    look: bool = False
    scratch: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One breach of one rule, seen in the child."""

    rule: str
    evidence: str
    case: Case | None
    twin: Case | None = None
    site: Site | None = None
    events: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """The stack, outermost first, where the application is wrapped in middleware."""
    culprit: str = ""
    """The layer that broke the rule, "" where there is one layer only, or it could not be told."""
    beside: tuple[Request, ...] = ()
    """The further requests that the law was given."""
    between: tuple[Case, ...] = ()
    """What the law asked between `case` and `twin`, where that is a short row."""


@dataclass(slots=True)
class Tally:
    """The counts of one life of the child, or of several added up.

    Attributes:
        applied: by rule id, how often it was applicable.
        broken: by rule id, the exchanges in which it was broken.
        statuses: responses by status code; 0 where the application raised instead.
        by_itself: answers to OPTIONS, which frameworks give without a view.
        raised: what it raised, by text, with the line of the user's own code.
        crashed: checks of ours that raised, by rule id.
        reached: the routes that were entered.
    """

    examples: int = 0
    exchanges: int = 0
    applied: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    by_itself: int = 0
    raised: dict[str, int] = field(default_factory=dict)
    crashed: dict[str, str] = field(default_factory=dict)
    reached: Reached = field(default_factory=Reached)

    def add(self, other: Tally) -> None:
        """Add the counts of `other`."""
        self.examples += other.examples
        self.exchanges += other.exchanges
        self.by_itself += other.by_itself
        for mine, theirs in ((self.applied, other.applied), (self.broken, other.broken)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for code, count in other.statuses.items():
            self.statuses[code] = self.statuses.get(code, 0) + count
        for text, count in other.raised.items():
            self.raised[text] = self.raised.get(text, 0) + count
        self.crashed.update(other.crashed)
        self.reached.add(other.reached)


_PLAIN = dict(Request().variables)


def weight(case: Case) -> tuple[int, str]:
    """Return by what two cases are compared: the smaller one is easier to read."""
    request, drive = case.request, case.drive
    size = 0
    seen = set()
    for name, value in request.variables:
        seen.add(name)
        if _PLAIN.get(name) != value:
            size += 4 + len(value) + (len(name) if name not in _PLAIN else 0)
    size += 6 * len(_PLAIN.keys() - seen)
    size += len(request.body) + 3 * len(request.reads)
    size += 5 * (request.input_terminated + request.multithread + request.multiprocess + request.run_once
                 + (request.url_scheme != "http") + (not request.file_wrapper))
    size += 10 * ((drive.stop_after is not None) + drive.start_raises + (drive.write_raises_after is not None)
                  + (drive.calls - 1) + (drive.headers != "") + (drive.closes - 1) + drive.watched)
    return size, repr(case)


def groundless(cards: Iterable[Card], broken: Container[str]) -> frozenset[str]:
    """Return the ids of the laws over several exchanges that say nothing in a run, since one of those they are given
    is broken: an application that does not live through its second request fails at every third."""
    return frozenset(card.id for card in cards
                     if isinstance(card, Relation) and any(ground.id in broken for ground in card.given))
