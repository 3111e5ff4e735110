"""Draws the requests of a run in batches, each with more weight on places where the ones before found something new.

Laws: each batch is a function of the seed and of what the ones before have reached; where no routes are known, there
is one batch; a sighting is shrunk with the batch that showed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis.strategies import SearchStrategy

from ..model.material import Material, joined
from ..model.request import Request
from ..strategies import requests
from .explore import Explorer
from .guide import Guide
from .visits import Visitor

__all__ = ["Batch", "Batches"]

_SHARES = (2, 2, 1)
"""Of the examples that are left, one in how many each batch takes."""
_STEP = 7919


@dataclass(frozen=True, slots=True)
class Batch:
    """What was drawn from, with which seed, from which example on."""

    start: int
    strategy: SearchStrategy[Request]
    seed: int


class Batches:
    """Draws for one life of the child."""

    def __init__(self, explorer: Explorer, guide: Guide, visitor: Visitor, material: Material) -> None:
        self._explorer, self._guide, self._visitor = explorer, guide, visitor
        learnt = visitor.material.merged(material)
        self._material = replace(learnt, endpoints=joined((*material.endpoints, *visitor.material.endpoints)))
        self._drawn: list[Batch] = []

    def _strategy(self) -> SearchStrategy[Request]:
        material = self._guide.weighed(self._material) if self._guide.routes else self._material
        strategy = requests(material)
        if self._visitor.dresses:
            strategy = strategy.map(self._visitor.dressed)
        if not self._guide.safety.all_methods:
            strategy = strategy.map(self._guide.safety.tame)
        return strategy

    def run(self, seed: int, examples: int) -> None:
        """Explore as many requests as are left of `examples`."""
        explorer = self._explorer
        shares = _SHARES if self._guide.routes else (1,)
        for number, share in enumerate(shares):
            left = examples - explorer.tally.examples
            last = number == len(shares) - 1
            batch = Batch(explorer.tally.examples, self._strategy(), seed + _STEP * number)
            self._drawn.append(batch)
            explorer.run(batch.strategy, batch.seed, max(1, left if last else left // share), last=last)

    def of(self, example: int) -> tuple[Batch, int]:
        """Return the batch that an example belongs to, and its number in it; what came before all, to the first."""
        batch = next((batch for batch in reversed(self._drawn) if batch.start <= example), self._drawn[0])
        return batch, max(0, example - batch.start)
