"""What came of asking the same requests of one application under several servers.

Law: a difference tells what each server did, the reference first; what differs by the nature of servers (Date,
Server, the port, how a response is framed) is no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Comparison", "Difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect of one request on which servers disagree.

    Attributes:
        request: the request line, and what else of it matters.
        aspect: "status", "header X", "cookies", "body", "ending", "streaming", "environ KEY".
        values: (server, what it did), the reference first, then those that differ from it.
    """

    request: str
    aspect: str
    values: tuple[tuple[str, str], ...]

    @property
    def servers(self) -> tuple[str, ...]:
        """Those that differ from the reference."""
        return tuple(name for name, _ in self.values[1:])


@dataclass(frozen=True, slots=True)
class Comparison:
    """A finished comparison.

    Attributes:
        servers: (name, versions) of each that ran, the reference first.
        requests: how many were asked of each.
        unstable: aspects that already differ between two runs of the reference, and were left out.
        missing: (name, why) of servers that could not be run.
    """

    target: str
    servers: tuple[tuple[str, str], ...]
    requests: int
    differences: tuple[Difference, ...]
    unstable: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    def exit_code(self) -> int:
        """Return 1 where servers differ, 4 where fewer than one besides the reference ran, else 0."""
        if len(self.servers) < 2:
            return 4
        return 1 if self.differences else 0
