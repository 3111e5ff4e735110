"""What parent and child of a run over a middleware say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.request import Case
from ..reference.repertoire import Recipe
from .options import Options
from .wrapping import Wrapping

__all__ = ["PairJob"]


@dataclass(frozen=True, slots=True)
class PairJob:
    """What the child shall do.

    Attributes:
        seed: what is drawn is a function of it; examples: how many pairs are drawn.
        seconds: how long it may take.
        avoid: pairs that ended an earlier life of the child; with None for the recipe, all with that request.
    """

    wrapping: Wrapping
    options: Options
    seed: int
    examples: int
    seconds: float
    avoid: tuple[tuple[Case, Recipe | None], ...] = ()
