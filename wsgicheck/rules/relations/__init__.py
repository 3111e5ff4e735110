"""Laws over several exchanges with one application: the same again, without a key, in another way, all at once."""

from __future__ import annotations

__all__ = ["CHAPTERS"]

CHAPTERS = ("repetition", "absence", "negotiation", "head_requests", "conditional", "ranges", "links", "early_end",
            "sharing", "concurrency", "robustness")
"""Modules of this package that hold cards, in the order in which people read them."""
