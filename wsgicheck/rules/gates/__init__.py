"""The gates of the built-in rules, one a moment: they prove in a few operations that no rule has anything to say.

With 150 rules a loop over checks would cost many times what the application itself takes. So what comes in few
varieties is judged once, by asking the rules themselves, and remembered in bounded caches: which keys an environ has,
which names a header list, status lines, media types, the attributes of cookies. What differs from request to request
goes through one pass over types, isascii() and isprintable(), and a pattern where its field has a grammar. Whatever is
not proved that way is left to the rules, so a gate may be as simple as it likes as long as it is sound.

Laws: a gate lists by id each rule it answers for, so a new rule is judged one by one until somebody has thought about
it (a test says so); each proof is a function of what it is given, and calls no method of the subject's own.
"""

from __future__ import annotations

from ...model.gate import Gate
from .end import CLOSE, END, RETURNED, STARTED
from .request import REQUEST
from .start import START
from .stream import CHUNK, DATA, READ

__all__ = ["gates"]


def gates() -> tuple[Gate, ...]:
    """Return the gates, one a moment at most."""
    return (REQUEST, START, STARTED, RETURNED, CHUNK, READ, DATA, END, CLOSE)
