"""A program that judges one rule with the standard library alone (see script.py)."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.finding import Finding
from ..model.rule import Card

__all__ = ["judged"]


def judged(finding: Finding, subject: Sequence[str], card: Card) -> str:
    """Return the program, "" where the rule cannot stand alone."""
    return ""
