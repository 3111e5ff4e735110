"""Choosing rules by words: ids, families, levels, "all"; and near misses for a word that is none.

A word is a rule's id ("chunks-are-bytes"), its full name ("body/chunks-are-bytes"), a former id, a
family ("body"), a level ("must", "should", "advice"), or "all".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from .errors import ConfigError
from .model.rule import Card, Level

__all__ = ["find_card", "select"]

C = TypeVar("C", bound=Card)
_LEVELS = {level.value for level in Level}


def _names(card: Card) -> set[str]:
    return {card.id, card.name, card.family, card.level.value, "all", *card.formerly}


def _unknown(word: str, cards: Iterable[Card]) -> ConfigError:
    known = {name for card in cards for name in (card.id, card.name, card.family)} | _LEVELS | {"all"}
    near = get_close_matches(word.lower(), sorted(known), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `wsgicheck rules` lists them"
    return ConfigError(f"no rule, family or level is called {word!r}{hint}")


def _normal(word: str) -> str:
    return word.strip().lower().replace("_", "-")


def select(cards: Sequence[C], chosen: Iterable[str] = (), ignored: Iterable[str] = (),
           known: Sequence[Card] | None = None) -> tuple[C, ...]:
    """Return those of `cards` that `chosen` names (all, if it names none) and `ignored` does not.

    Args:
        known: the cards against which words are checked, where `cards` is only a part of them.

    Raises:
        ConfigError: a word names nothing.
    """
    everything = cards if known is None else known
    chosen = [_normal(word) for word in chosen]
    ignored = [_normal(word) for word in ignored]
    vocabulary = {name for card in everything for name in _names(card)} | _LEVELS
    for word in (*chosen, *ignored):
        if word not in vocabulary:
            raise _unknown(word, everything)
    return tuple(card for card in cards
                 if (not chosen or not _names(card).isdisjoint(chosen))
                 and _names(card).isdisjoint(ignored))


def find_card(cards: Sequence[Card], word: str) -> Card:
    """Return the card called `word`.

    Raises:
        ConfigError: no card has that id, name or former id.
    """
    wanted = _normal(word)
    for card in cards:
        if wanted in (card.id, card.name, *card.formerly):
            return card
    raise _unknown(word, cards)
