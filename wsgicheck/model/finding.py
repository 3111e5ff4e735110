"""A finding: one rule, broken by one culprit at one place, with what proves it."""

from __future__ import annotations

from dataclasses import dataclass

from .request import Case, Request
from .rule import Level

__all__ = ["Finding", "Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """A line of the user's own code.

    Attributes:
        file: path as Python knows it, relative to the working directory where it lies below it.
        line: counted from 1.
        function: qualified name of the function, "" at module level.
    """

    file: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person is told.

    Attributes:
        rule: the rule's id; its card tells the rest.
        family, level: the card's.
        culprit: "application", "server", "middleware", or the name of a layer.
        evidence: actual, then expected, on one line.
        count: exchanges in which it was seen.
        site: the line that did it, None where there is none.
        case: the smallest request that shows it, and how the server treats it; None where no request is at play.
        twin: for a law over several exchanges, the last one.
        between: what that law asked between the two, in order, where it is a short row of other requests.
        events: the tape of the smallest exchange.
        layers: the stack, outermost first, where blame was looked for.
        program: a program of the standard library alone that shows it again, where no case can say it
            (a real server: bytes, pauses and endings on its socket).
        shell: the line for the shell that shows it again, where the run itself made it and curl can say it.
        beside: for a law that looks at further requests, those that it was given.
        given: what was drawn besides the request, as a Python literal: the applications inside a middleware, or
            what a server's scene was played with; "" for nothing.
    """

    rule: str
    family: str
    level: Level
    culprit: str
    evidence: str
    count: int = 1
    site: Site | None = None
    case: Case | None = None
    twin: Case | None = None
    events: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    program: str = ""
    shell: str = ""
    beside: tuple[Request, ...] = ()
    given: str = ""
    between: tuple[Case, ...] = ()

    @property
    def cases(self) -> tuple[Case, ...]:
        """What to ask, in order, to see it again: `case`, what was asked in between, `twin`."""
        return tuple(case for case in (self.case, *self.between, self.twin) if case is not None)

    @property
    def name(self) -> str:
        """The rule's full name, "body/chunks-are-bytes"."""
        return f"{self.family}/{self.rule}"
