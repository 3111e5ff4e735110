"""What a middleware did between a server and an application: both sides at once, and in their true order.

`@sandwich(...)` makes a check over one Pair its card; `@variation(...)` makes the sibling that judges two
Pairs, the second with an application that gives the same answer in another legal way. Both bind middleware.
Laws: a Pair holds facts, never live objects of the subject; a check is pure and total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .request import PLAIN, Drive, Request
from .rule import MIDDLEWARE, Card, Citation, Example, Level, Side, Subject, Verdict, _card_facts

__all__ = ["Half", "Pair", "PairExample", "Sandwich", "Started", "Step", "Variation", "sandwich", "variation"]

Headers = tuple[tuple[str, str], ...]


class Step(NamedTuple):
    """One event, in the order in which it happened.

    Attributes:
        who: "outer" is between server and middleware, "inner" between middleware and application.
        call: which call of the application, counted from 0; 0 for the outer side.
        what: "call", "start", "start refused", "write", "returned", "ask" (next() begins), "item",
            "exhausted", "raised", "close" (begins), "closed", "read".
        data: what passed, as bytes, a Started or text.
    """

    who: str
    call: int
    what: str
    data: Any = None


class Started(NamedTuple):
    """One call of start_response: what was passed, and the exception it raised ("" if none)."""

    status: str
    headers: Headers
    exc_info: bool = False
    raised: str = ""
    positional: int = 2


@dataclass(slots=True)
class Half:
    """The facts of one call on one side.

    Attributes:
        environ: the keys that are str, with values that are str (others as the name of their type).
        environ_type: the type's name of the environ object, "dict" where it is exactly that.
        starts: the calls of start_response, in order.
        returned: the type's name of what was returned, "" where the call raised.
        length: its len(), None where it has none.
        has_close: it has a close().
        items, written: the bytes yielded, and passed to write().
        iterated, exhausted: next() was called; the body came to its end.
        raised: type and message of the first exception let out, "" if none.
        raised_in: "call", "iteration" or "close".
        raised_by: "application", "server" or "itself": whose exception it is.
        closes: calls of close().
        content: bytes that were read from wsgi.input on this side.
        left: bytes that a wsgi.input which the middleware has put in place holds beyond those, where it can be told.
        file_closed: whether a file that was returned in a wrapper of the middleware's own is closed at the end; None
            where there was no such thing.
        surface: special methods that what was returned has, besides iteration: "__len__", "__next__", ...
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    environ_type: str = "dict"
    starts: list[Started] = field(default_factory=list)
    returned: str = ""
    length: int | None = None
    has_close: bool = False
    items: list[bytes] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)
    iterated: bool = False
    exhausted: bool = False
    raised: str = ""
    raised_in: str = ""
    raised_by: str = ""
    closes: int = 0
    content: bytes = b""
    left: int = 0
    file_closed: bool | None = None
    surface: frozenset[str] = frozenset()

    @property
    def start(self) -> Started | None:
        """The last call of start_response, None where there was none."""
        return self.starts[-1] if self.starts else None

    @property
    def code(self) -> int:
        """The last status code, 0 where there is none."""
        digits = self.starts[-1].status[:3] if self.starts else ""
        return int(digits) if len(digits) == 3 and digits.isascii() and digits.isdigit() else 0

    @property
    def headers(self) -> Headers:
        """The header fields as last passed."""
        return self.starts[-1].headers if self.starts else ()

    @property
    def body(self) -> bytes:
        """What was written and yielded, as a server sends it: written data first."""
        return b"".join(self.written) + b"".join(self.items)

    def values(self, name: str) -> list[str]:
        """Return the values of the header fields called `name` (any case), in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(slots=True)
class Pair:
    """One request through a middleware.

    Attributes:
        outer: the middleware as an application.
        inner: the application, one for each time the middleware called it.
        steps: everything, in order.
        meant: how often the middleware is meant to call the application at most.
        reads_all: the application reads wsgi.input to the length that CONTENT_LENGTH gives.
        asked: attributes of the application object that the middleware asked for.
    """

    outer: Half = field(default_factory=Half)
    inner: list[Half] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    request: Request = field(default_factory=Request)
    drive: Drive = PLAIN
    meant: int = 1
    reads_all: bool = False
    asked: tuple[str, ...] = ()

    @property
    def only(self) -> Half | None:
        """The application's side where it was called exactly once."""
        return self.inner[0] if len(self.inner) == 1 else None

    @property
    def complete(self) -> bool:
        """Whether both bodies were followed to their end without an exception, so that they can be compared."""
        one = self.only
        return (one is not None and one.exhausted and self.outer.exhausted and not one.raised
                and not self.outer.raised)


@dataclass(frozen=True, slots=True)
class PairExample(Example):
    """A middleware factory with the application it wraps: a recipe of the repertoire, None for the plainest."""

    recipe: Any = None


@dataclass(eq=False, slots=True, repr=False)
class _PairCard(Card):
    """What the two kinds share.

    Attributes:
        explains: rules whose breach in the same pair is this very mistake.
        replaces: rules of a single exchange that are not judged where this one is, since it sees more.
    """

    explains: tuple[Card, ...] = ()
    replaces: tuple[Card, ...] = ()

    def _example(self, kind: str, bad: bool, subject: Callable[..., Any] | None,
                 options: dict[str, Any]) -> Subject:
        recipe, drive = options.pop("recipe", None), options.pop("drive", PLAIN)
        request = options.pop("request", None) or Request.make(**options)

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.examples.append(PairExample("middleware", function, bad, request, drive, recipe))
            return function

        return add if subject is None else add(subject)

    def bad(self, factory: Subject | None = None, /, **options: Any) -> Subject:
        """Add a middleware that breaks exactly this rule.

        Options are `recipe=Recipe(...)` for the application, and those of Card.bad.
        """
        return self._example("middleware", True, factory, options)

    def good(self, factory: Subject | None = None, /, **options: Any) -> Subject:
        """Add a middleware that breaks nothing."""
        return self._example("middleware", False, factory, options)


@dataclass(eq=False, slots=True, repr=False)
class Sandwich(_PairCard):
    """A rule over one Pair. Its examples are middleware: `bad(recipe=Recipe(...), path="/x")(factory)`."""

    def __call__(self, pair: Pair) -> Verdict:
        """Judge the pair."""
        return self.check(pair)


@dataclass(eq=False, slots=True, repr=False)
class Variation(_PairCard):
    """A law over two applications that give the same answer in different legal ways.

    Attributes:
        vary: makes the plainer application's recipe from the first's; None says that the law is silent.
    """

    vary: Callable[[Any], Any] = lambda recipe: None

    def __call__(self, first: Pair, plainer: Pair) -> Verdict:
        """Judge the two."""
        return self.check(first, plainer)


def sandwich(*, level: Level, covers: tuple[str, ...], cites: Citation | Iterable[Citation],
             given: tuple[Card, ...] = (), explains: tuple[Card, ...] = (), allows: tuple[str, ...] = (),
             replaces: tuple[Card, ...] = (), formerly: tuple[str, ...] = (), binds: Side = MIDDLEWARE,
             ) -> Callable[[Callable[[Pair], Verdict]], Sandwich]:
    """Make the decorated check over a Pair a card."""

    def make(function: Callable[[Pair], Verdict]) -> Sandwich:
        return Sandwich(**_card_facts(function, cites), binds=binds, level=level, covers=covers, allows=allows,
                        given=given, formerly=formerly, explains=explains, replaces=replaces)

    return make


def variation(*, level: Level, covers: tuple[str, ...], cites: Citation | Iterable[Citation],
              vary: Callable[[Any], Any], given: tuple[Card, ...] = (), explains: tuple[Card, ...] = (),
              allows: tuple[str, ...] = (), formerly: tuple[str, ...] = (), binds: Side = MIDDLEWARE,
              ) -> Callable[[Callable[[Pair, Pair], Verdict]], Variation]:
    """Make the decorated judgement over two Pairs a card."""

    def make(function: Callable[[Pair, Pair], Verdict]) -> Variation:
        return Variation(**_card_facts(function, cites), binds=binds, level=level, covers=covers, allows=allows,
                         given=given, formerly=formerly, explains=explains, vary=vary)

    return make
