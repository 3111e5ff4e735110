"""How a request's content reaches the application: its framing, and how much each read gives.

Laws: a Framing that names no length is for HTTP/1.1 alone, where chunks can carry the content; no read gives
zero bytes before the end.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from hypothesis import strategies as st

from .bodies import contents
from .material import EMPTY, Material
from .weighted import table

__all__ = ["Framing", "framings", "inputs", "reads"]


class Framing(Enum):
    """How the length of the content is known."""

    LENGTH = "CONTENT_LENGTH says it"
    TERMINATED = "CONTENT_LENGTH says it, and wsgi.input_terminated is set"
    CHUNKED = "chunked, decoded by the server, wsgi.input_terminated is set"
    CHUNKED_UNTOLD = "chunked, and the server does not set wsgi.input_terminated"
    CHUNKED_EMPTY = 'chunked, wsgi.input_terminated is set, and CONTENT_LENGTH is ""'
    CUT = "the client left before it had sent all that CONTENT_LENGTH says"


CHUNKED = frozenset({Framing.CHUNKED, Framing.CHUNKED_UNTOLD, Framing.CHUNKED_EMPTY})
"""The framings that need HTTP/1.1."""


def framings() -> st.SearchStrategy[Framing]:
    """Return a strategy for framings, Content-Length first."""
    return table((11, (Framing.LENGTH,)), (2, (Framing.TERMINATED,)), (3, (Framing.CHUNKED,)),
                 (2, (Framing.CHUNKED_UNTOLD,)), (1, (Framing.CHUNKED_EMPTY,)), (1, (Framing.CUT,)))


def reads() -> st.SearchStrategy[tuple[int, ...]]:
    """Return a strategy for how many bytes each successive read of wsgi.input gives at most.

    () lets every read be whole; after the last number reads are whole again.
    """
    return table((5, ((),)), (6, ((1,), (1,) * 8, (3, 1), (2, 5, 7), (1,) * 60, (4096,), (8191, 1))))


def inputs(material: Material = EMPTY) -> st.SearchStrategy[Any]:
    """Return a strategy for wsgi.input objects: streams over drawn content, with short reads among them.

    Each has read, readline, readlines and iteration, as PEP 3333 lists them, and nothing more.
    """
    from ..reference.gateway import Input

    return st.builds(lambda content, pattern: Input(content.body, pattern), contents(material), reads())
