"""Asking the rules themselves: what gates learn, they learn by having every rule look at a sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Moment
from .. import passive_rules

__all__ = ["LONG", "VARIETIES", "nothing_to_say"]

VARIETIES = 512
"""What a cache remembers at most."""
LONG = 256
"""Characters beyond which a text is not remembered, so that nobody can fill the memory with requests."""


@cache
def _checks(at: Moment) -> tuple[Callable[[Exchange, Any], Any], ...]:
    return tuple(rule.check for rule in passive_rules() if rule.at is at)


def nothing_to_say(at: Moment, thing: Any) -> bool:
    """Tell whether no rule at the moment `at` says of `thing`, at the start of an exchange, that it is broken."""
    x = Exchange()
    return not any(isinstance(check(x, thing), str) for check in _checks(at))
