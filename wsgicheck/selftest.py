"""Puts a card's examples on stage: for our own tests and for people who write rules of their own.

A bad example breaks exactly its own rule, a good one breaks nothing, judged by the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import WsgicheckError
from .harness.pristine import Pristine
from .model.request import Case, Request
from .model.rule import Example, Relation, Rule
from .model.sandwich import PairExample, Sandwich, Variation
from .reference.apps import plain
from .reference.gateway import environ_of
from .rules import catalogue, passive_rules
from .sandwich import PairObservation, perform_pair
from .stage import Observation, Stage
from .stories import look, tell

__all__ = ["perform", "perform_relation"]


def perform(example: Example, rules: Iterable[Rule] | None = None,
            tally: dict[str, int] | None = None) -> Observation | PairObservation:
    """Put `example` on stage and return what was observed.

    Args:
        rules: who judges; by default every passive rule.
        tally: counts by rule id how often each was applicable.
    """
    judges = passive_rules() if rules is None else rules
    case = Case(example.request, example.drive)
    if isinstance(example, PairExample):
        return perform_pair(example, judges, (card for card in catalogue() if isinstance(card, (Sandwich, Variation))),
                            tally)
    if example.kind == "server":
        stage = Stage(plain, judges, tally)
        return stage.play(case, example.subject)
    if example.kind == "environ":
        environ = environ_of(example.request)
        changed = example.subject(environ)
        return Stage(plain, judges, tally).perform(case, environ if changed is None else changed)
    return Stage(example.subject, judges, tally).perform(case)


def perform_relation(card: Relation, example: Example) -> str | None:
    """Put a relation's example on stage; return the evidence of its breach, None if it holds or is silent.

    Raises:
        WsgicheckError: the law itself failed.
    """
    pristine = Pristine(lambda cases: tuple(look(example.subject, case)[0] for case in cases))
    neighbours = (Request.make("POST", example.request.path, body=b"name=Ada",
                               content_type="application/x-www-form-urlencoded"), Request.make("GET", "/other"))
    try:
        telling = tell(card, example.request, example.subject, fresh=pristine.ask, others=lambda: neighbours)
    finally:
        pristine.close()
    if telling.crash:
        raise WsgicheckError(f"{card.name} failed: {telling.crash}")
    return telling.verdict if isinstance(telling.verdict, str) else None
