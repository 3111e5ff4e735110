"""The catalogue: one module a chapter of the PEP, one card a rule; found by looking, not by registering."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..model.moments import Moment
from ..model.rule import Card, Relation, Rule, Side
from .hygiene import CHAPTERS as HYGIENE
from .relations import CHAPTERS as RELATIONS

__all__ = ["CHAPTERS", "cards_about", "cards_in", "catalogue", "every_card", "laws", "passive_rules", "process_rules"]

CHAPTERS = (
    "call", "environ", "cgi_variables", "cgi_grammar", "wsgi_keys", "paths", "input", "input_use", "reads", "errors",
    "error_text", "start_response", "status", "headers",
    "header_text", "hop_by_hop", "fields", "dates", "cookies", "representation", "content_length", "exc_info", "write",
    "body", "buffering", "close", "file_wrapper", "survival",
    *(f"relations.{chapter}" for chapter in RELATIONS),
    *(f"hygiene.{chapter}" for chapter in HYGIENE),
    "middleware_endings", "middleware_blocks", "middleware_write", "middleware_body", "middleware_start",
    "middleware_request", "middleware_environ", "middleware_forms", "middleware_pieces",
)
"""Modules of this package that hold cards, in the order in which people read them."""


def cards_in(module: str) -> tuple[Card, ...]:
    """Return the cards that the module of that full name defines, in the order of its text."""
    names = vars(import_module(module))
    own = {id(value): value for value in names.values()
           if isinstance(value, Card) and value.check.__module__ == module}
    return tuple(own.values())


@cache
def catalogue() -> tuple[Card, ...]:
    """Return every card, chapter by chapter."""
    return tuple(card for chapter in CHAPTERS for card in cards_in(f"{__name__}.{chapter}"))


@cache
def every_card() -> tuple[Card, ...]:
    """Return the whole catalogue: what is judged in process, then what takes a real server."""
    from .server import scenes

    return (*catalogue(), *scenes())


_LATER = (Moment.WIRE, Moment.IMPORT, Moment.PROCESS)


@cache
def passive_rules() -> tuple[Rule, ...]:
    """Return the rules that are judged live, at a moment of a single exchange."""
    return tuple(card for card in catalogue() if isinstance(card, Rule) and card.at not in _LATER)


@cache
def process_rules() -> tuple[Rule, ...]:
    """Return the rules about what becomes of the process that runs the subject."""
    return tuple(card for card in catalogue() if isinstance(card, Rule) and card.at is Moment.PROCESS)


@cache
def cards_about(side: Side) -> tuple[Card, ...]:
    """Return the cards that bind `side`: in a run over an application, the server is ours and not in question."""
    return tuple(card for card in catalogue() if card.binds is side)


@cache
def laws() -> tuple[Relation, ...]:
    """Return the laws over several exchanges."""
    return tuple(card for card in catalogue() if isinstance(card, Relation))
