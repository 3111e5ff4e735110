"""What a law over several exchanges may ask for, one step after the other, and what it is given.

A law is a generator function: it yields a step, is sent what came of it, and returns its verdict. So how the
exchanges are made and how they are judged stand in one place, and a law that has seen enough asks for no more.

| step         | what is sent back                                                                             |
|--------------|-----------------------------------------------------------------------------------------------|
| Case         | the Exchange                                                                                  |
| Afresh       | a tuple of Exchanges of a process that has served nothing yet; None where there can be none   |
| Together     | a tuple of Exchanges for each case, one a round; None for a round that did not end            |
| Survivors    | names of what is still alive of the latest exchange whose drive was watched, with who holds it|
| Others       | further requests that were answered well, the first of each kind                              |
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from .request import Case

__all__ = ["Afresh", "Others", "Step", "Story", "Survivors", "Together"]


@dataclass(frozen=True, slots=True)
class Afresh:
    """The cases one after the other, in a process that has imported the application and served nothing.

    Attributes:
        shows: they alone show what the verdict says; False where they are there for comparison only.
    """

    cases: tuple[Case, ...]
    shows: bool = True


@dataclass(frozen=True, slots=True)
class Together:
    """The cases at once, each in a thread of its own, several times over.

    Attributes:
        ordered: rounds in which one thread runs at a time and they take turns inside the user's code, in an order
            that is the same each time.
        free: rounds in which they run as the interpreter lets them.
    """

    cases: tuple[Case, ...]
    ordered: int = 4
    free: int = 2


@dataclass(frozen=True, slots=True)
class Survivors:
    """A full garbage collection, and what it left of the latest exchange whose drive was watched."""


@dataclass(frozen=True, slots=True)
class Others:
    """Requests that were answered well in this run, `most` at most."""

    most: int = 3


Step = Case | Afresh | Together | Survivors | Others
Story = Generator[Step, Any, Any]
"""A law under way; what it returns is its Verdict."""
