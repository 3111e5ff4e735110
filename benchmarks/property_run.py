"""How fast a property run is: requests judged in a second, beside what Hypothesis needs to draw them and discard them.

Laws: both draw the same requests (the same seed) for hello world, by turns in one process; each judged request is made
to happen and judged by the rules and laws about applications, as `wsgicheck TARGET` does it.
`python -m benchmarks.property_run [EXAMPLES]`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from hypothesis import Phase

from wsgicheck.active.drawing import each
from wsgicheck.active.explore import Explorer
from wsgicheck.model.request import Request
from wsgicheck.model.rule import Relation, Rule, Side
from wsgicheck.rules import cards_about, laws, passive_rules
from wsgicheck.strategies import requests
from wsgicheck.strategies.constants import material_of

from .scenarios import hello

__all__ = ["main"]

EXAMPLES = 200
ROUNDS = 5
_CARDS = cards_about(Side.APPLICATION)
RULES = tuple(card for card in _CARDS if isinstance(card, Rule) and card in passive_rules())
LAWS = tuple(card for card in _CARDS if isinstance(card, Relation) and card in laws())


def draw(examples: int, seed_value: int) -> None:
    """Draw requests and discard them."""

    @each(requests(material_of(hello)), seed_value, examples, Phase.generate)
    def discard(request: Request) -> None:
        pass

    discard()


def judge(examples: int, seed_value: int) -> int:
    """Draw the same requests and judge them; return how many exchanges that took."""
    explorer = Explorer(hello, RULES, LAWS, doing=lambda case: None, sighted=lambda sighting: None,
                        tick=lambda tally: None, deadline=time.monotonic() + 600)
    explorer.run(requests(material_of(hello)), seed_value, examples, last=False)
    return explorer.tally.exchanges


def seconds(work: Callable[[int, int], object], examples: int, seed_value: int) -> float:
    """Return the time that `work` takes."""
    begin = time.perf_counter()
    work(examples, seed_value)
    return time.perf_counter() - begin


def main(examples: int = EXAMPLES) -> None:
    """Measure and print one line."""
    exchanges = judge(examples, 0)
    draw(examples, 0)
    drawn, judged = [], []
    for number in range(1, ROUNDS + 1):
        drawn.append(seconds(draw, examples, number))
        judged.append(seconds(judge, examples, number))
    drawing, judging = median(drawn), median(judged)
    print(f"hello world, {examples} examples, {len(RULES)} rules and {len(LAWS)} laws: "
          f"{examples / drawing:.0f} requests/s drawn and discarded, {examples / judging:.0f} requests/s judged "
          f"({drawing / judging:.2f} of it), {exchanges / judging:.0f} exchanges/s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
