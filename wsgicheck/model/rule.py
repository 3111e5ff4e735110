"""A rule is one card: what holds, where it is judged, whom it binds, what it rests on, and its examples.

`@rule(...)` turns a check into its card. The check takes (x, thing) and returns HOLDS, NOT_APPLICABLE or
one line of evidence, and is pure and total: no I/O, no state, no mutation, any input.
`@relation(...)` makes the sibling that judges several exchanges, each made from what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal

from .exchange import Exchange
from .moments import Moment
from .request import PLAIN, Drive, Request
from .story import Story

__all__ = [
    "ADVICE", "APPLICATION", "HOLDS", "MIDDLEWARE", "MUST", "NOT_APPLICABLE", "SERVER", "SHOULD",
    "Card", "Citation", "Example", "Level", "NotApplicable", "Relation", "Rule", "Side", "Verdict",
    "cited", "pep", "relation", "rfc", "rule",
]


class Level(Enum):
    """How binding a rule is: the spec's own word."""

    MUST = "must"
    SHOULD = "should"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """2 for MUST, 1 for SHOULD, 0 for ADVICE."""
        return {"must": 2, "should": 1, "advice": 0}[self.value]


class Side(Enum):
    """Whom a rule binds, and so who is to blame when it is broken."""

    APPLICATION = "application"
    SERVER = "server"
    MIDDLEWARE = "middleware"


MUST, SHOULD, ADVICE = Level.MUST, Level.SHOULD, Level.ADVICE
APPLICATION, SERVER, MIDDLEWARE = Side.APPLICATION, Side.SERVER, Side.MIDDLEWARE


class NotApplicable(Enum):
    """The type of NOT_APPLICABLE, so that it can be named in annotations."""

    NOT_APPLICABLE = "not applicable"


HOLDS: Final = None
"""The rule was judged here and holds. It is None, so that the good path allocates nothing."""
NOT_APPLICABLE: Final = NotApplicable.NOT_APPLICABLE
"""The rule has nothing to say here."""

Verdict = str | None | NotApplicable
Check = Callable[[Exchange, Any], Verdict]


@dataclass(frozen=True, slots=True)
class Citation:
    """What a rule rests on.

    Attributes:
        document: "PEP 3333", "RFC 9110", or the name of a practice ("mod_wsgi documentation").
        section: the anchor in the PEP's HTML ("unicode-issues"), or the section's number.
        quote: the sentence, word for word; for the PEP a test finds it in the pinned text.
        url: where to read it, "" where there is no page.
    """

    document: str
    section: str
    quote: str = ""
    url: str = ""


def pep(section: str, quote: str) -> Citation:
    """Cite PEP 3333: the section's anchor and the sentence, word for word."""
    return Citation("PEP 3333", section, quote, f"https://peps.python.org/pep-3333/#{section}")


def rfc(number: int, section: str, quote: str = "") -> Citation:
    """Cite an RFC by its number and section."""
    return Citation(f"RFC {number}", section, quote,
                    f"https://www.rfc-editor.org/rfc/rfc{number}.html#section-{section}")


def cited(document: str, section: str = "", quote: str = "", url: str = "") -> Citation:
    """Cite something that is neither the PEP nor an RFC."""
    return Citation(document, section, quote, url)


App = Callable[[dict[str, Any], Callable[..., Any]], Any]
Subject = Callable[..., Any]
"""What an example puts on stage, or the decorator that takes it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A subject that breaks exactly one rule, or breaks nothing, and how it is put on stage.

    Attributes:
        kind: "app": `subject` is a WSGI application, served by the reference server;
            "environ": `subject(environ)` changes a legal environ in place or returns what is passed
            instead, and the reference application is called with it;
            "server": `subject(application)` plays the server and calls the (spied-on) application;
            "import": `subject()` is the source of a module to import.
        bad: whether it breaks the rule.
        request, drive: what the reference server asks an application and does with the answer.
    """

    kind: str
    subject: Callable[..., Any]
    bad: bool
    request: Request
    drive: Drive


@dataclass(eq=False, slots=True)
class Card:
    """What every kind of rule has in common.

    Attributes:
        id: the function's name in kebab case; states what holds.
        family: the module's name, a chapter of the PEP.
        title: the first sentence of the docstring.
        explanation: the rest: what goes wrong in practice, and what to write instead.
        covers: ids of rows of spec/statements.tsv that it judges.
        allows: ids of MAY rows: what its good examples show to be legal.
        given: rules of the same exchange whose breach takes the ground from this one; for a Relation, of the same run.
        formerly: ids it was called by before.
    """

    id: str
    family: str
    title: str
    explanation: str
    binds: Side
    level: Level
    covers: tuple[str, ...]
    allows: tuple[str, ...]
    cites: tuple[Citation, ...]
    given: tuple[Card, ...]
    formerly: tuple[str, ...]
    check: Callable[..., Verdict]
    examples: list[Example] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The full name, "body/chunks-are-bytes"."""
        return f"{self.family}/{self.id}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.name}>"

    def _example(self, kind: str, bad: bool, subject: Callable[..., Any] | None,
                 options: dict[str, Any]) -> Subject:
        request = options.pop("request", None) or Request.make(
            **{k: v for k, v in options.items() if k not in ("drive",)})
        drive = options.get("drive", PLAIN)

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.examples.append(Example(kind, function, bad, request, drive))
            return function

        return add if subject is None else add(subject)

    def bad(self, app: App | None = None, /, **options: Any) -> Subject:
        """Add an application that breaks exactly this rule.

        Options are those of Request.make, or `request=Request(...)`, and `drive=Drive(...)`.
        """
        return self._example("app", True, app, options)

    def good(self, app: App | None = None, /, **options: Any) -> Subject:
        """Add an application that breaks nothing."""
        return self._example("app", False, app, options)

    def bad_environ(self, change: Callable[[dict[str, Any]], Any] | None = None, /, **options: Any) -> Subject:
        """Add a change to a legal environ after which exactly this rule is broken."""
        return self._example("environ", True, change, options)

    def good_environ(self, change: Callable[[dict[str, Any]], Any] | None = None, /, **options: Any) -> Subject:
        """Add a change to a legal environ that breaks nothing."""
        return self._example("environ", False, change, options)

    def bad_server(self, server: Callable[[App], Any] | None = None, /, **options: Any) -> Subject:
        """Add a server that breaks exactly this rule when it runs the application it is given."""
        return self._example("server", True, server, options)

    def good_server(self, server: Callable[[App], Any] | None = None, /, **options: Any) -> Subject:
        """Add a server that breaks nothing."""
        return self._example("server", False, server, options)


@dataclass(eq=False, slots=True, repr=False)
class Rule(Card):
    """A rule that is judged at one moment of one exchange."""

    at: Moment = Moment.END

    def __call__(self, x: Exchange, thing: Any) -> Verdict:
        """Judge `thing` in the light of what is known of its exchange."""
        return self.check(x, thing)


@dataclass(eq=False, slots=True, repr=False)
class Relation(Card):
    """A law over several exchanges with the same application.

    `check(request)` is a generator (see story.py): it yields what shall happen, is sent what came of it, and
    returns the verdict.

    Attributes:
        blames: which line of the user's code a breach points at, where no exception does: "start" for the call of
            start_response, "body" for the return or the yield.
        lasting: a breach leaves its mark on the process, so it is taken at first sight; others must repeat.
        costly: tried at the end of a run on a few requests, and not on each.
    """

    blames: Literal["start", "body"] = "body"
    lasting: bool = False
    costly: bool = False

    def __call__(self, request: Request) -> Story:
        """Begin the law's story with `request`."""
        story: Story = self.check(request)  # type: ignore[assignment]
        return story


def _card_facts(function: Callable[..., Any], cites: Citation | Iterable[Citation]) -> dict[str, Any]:
    doc = (function.__doc__ or "").strip()
    title, _, rest = doc.partition("\n\n")
    return {
        "id": function.__name__.replace("_", "-"),
        "family": function.__module__.rpartition(".")[2].replace("_", "-"),
        "title": " ".join(title.split()),
        "explanation": "\n".join(line.strip() for line in rest.strip().splitlines()),
        "cites": (cites,) if isinstance(cites, Citation) else tuple(cites),
        "check": function,
    }


def rule(*, at: Moment, binds: Side, level: Level, covers: tuple[str, ...],
         cites: Citation | Iterable[Citation], given: tuple[Card, ...] = (), allows: tuple[str, ...] = (),
         formerly: tuple[str, ...] = ()) -> Callable[[Check], Rule]:
    """Make the decorated check a rule's card."""

    def make(function: Check) -> Rule:
        return Rule(**_card_facts(function, cites), binds=binds, level=level, covers=covers, allows=allows,
                    given=given, formerly=formerly, at=at)

    return make


def relation(*, binds: Side, level: Level, covers: tuple[str, ...], cites: Citation | Iterable[Citation],
             blames: Literal["start", "body"] = "body", lasting: bool = False, costly: bool = False,
             given: tuple[Card, ...] = (), allows: tuple[str, ...] = (), formerly: tuple[str, ...] = (),
             ) -> Callable[[Callable[[Request], Story]], Relation]:
    """Make the decorated generator function a relation's card."""

    def make(function: Callable[[Request], Story]) -> Relation:
        return Relation(**_card_facts(function, cites), binds=binds, level=level, covers=covers, allows=allows,
                        given=given, formerly=formerly, blames=blames, lasting=lasting, costly=costly)

    return make
