"""What parent and child of a run over a middleware say to each other, and how a recipe is written down.

Law: what is written reads back as the same recipe, and nothing that is read is run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields

from ..errors import ConfigError
from ..model.request import Case
from ..reference.repertoire import Recipe
from .options import Options
from .wrapping import Wrapping

__all__ = ["PairJob", "read", "written"]


@dataclass(frozen=True, slots=True)
class PairJob:
    """What the child shall do.

    Attributes:
        seed: what is drawn is a function of it; examples: how many pairs are drawn.
        seconds: how long it may take.
        pairs: these and nothing else, in place of drawn ones.
        avoid: pairs that ended an earlier life of the child; with None for the recipe, all with that request.
    """

    wrapping: Wrapping
    options: Options
    seed: int
    examples: int
    seconds: float
    avoid: tuple[tuple[Case, Recipe | None], ...] = ()
    pairs: tuple[tuple[Case, Recipe], ...] = ()


def written(recipe: Recipe) -> str:
    """Return a Python literal of what sets `recipe` apart from the plainest one."""
    plain = Recipe()
    return repr({one.name: getattr(recipe, one.name) for one in fields(Recipe)
                 if getattr(recipe, one.name) != getattr(plain, one.name)})


def read(text: str) -> Recipe:
    """Return the recipe that `text` (of `written`) stands for.

    Raises:
        ConfigError: it stands for none.
    """
    plain = Recipe()
    try:
        known = ast.literal_eval(text)
        if all(type(value) is type(getattr(plain, name)) for name, value in known.items()):
            return Recipe(**known)
    except (ValueError, SyntaxError, TypeError, AttributeError, MemoryError, RecursionError):
        pass
    raise ConfigError("the finding names no application that stood inside of the middleware")
