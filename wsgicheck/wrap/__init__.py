"""Watches every application that a test suite's clients call, with no change to a single test.

`install()` lets the known clients hand each application to `watched()` before they call it; `listen()` says
which rules judge and who is told. Laws: as long as nobody listens, nothing is watched; what a test sees of its
application stays what it was, lists and tuples as the very objects; nothing is ever raised.
"""

from .clients import install
from .watching import Sighted, Watch, listen, silence, watched

__all__ = ["Sighted", "Watch", "install", "listen", "silence", "watched"]
