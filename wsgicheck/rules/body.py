"""What the application returns, and the items that come out of it (PEP 3333, "Specification Details")."""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import APPLICATION, HOLDS, MUST, Verdict, pep, rule
from ..show import show

HTML = [("Content-Type", "text/html; charset=utf-8")]


@rule(at=Moment.CHUNK, binds=APPLICATION, level=MUST, covers=("BD-002", "STR-002"),
      cites=pep("unicode-issues", "The same goes for strings yielded"))
def chunks_are_bytes(x: Exchange, chunk: object) -> Verdict:
    """Every item of the body is a bytes object.

    Servers write items to a socket, which takes bytes only: a str item ends in a TypeError inside the
    server (wsgiref, waitress, gunicorn, mod_wsgi) or a 500 without a hint. Encode text where you produce
    it: `yield "Hello".encode("utf-8")`.
    """
    if isinstance(chunk, bytes):
        return HOLDS
    return f"item {x.chunks} of the body is {show(chunk)}, a {type(chunk).__name__}; expected bytes"


@chunks_are_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", HTML)
    return ["Hello World"]


@chunks_are_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", HTML)
    yield "Grüße".encode()
