"""The gates at CHUNK, READ and DATA: how much may pass in plain steps before a rule could have something to say."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import BOUNDLESS, Gate
from ...model.moments import Moment, Use

__all__ = ["CHUNK", "DATA", "READ"]


def _body_room(x: Exchange) -> int:
    """Bytes that may come in items of exactly bytes: what is left of Content-Length, or any number."""
    if not x.starts or x.closes or x.iterations > 1 or x.failed_with_exc_info:
        return -1
    return BOUNDLESS if x.declared_length is None else x.declared_length - x.bytes_yielded - x.bytes_written


def _is_plain_item(x: Exchange, chunk: Any) -> bool:
    return type(chunk) is bytes and len(chunk) <= _body_room(x)


def _likeness(x: Exchange, chunk: Any) -> Hashable:
    return x.declared_length is None, x.exc_info_given


CHUNK = Gate(Moment.CHUNK, proves=_is_plain_item, likeness=_likeness, room=_body_room, clears=frozenset({
    "chunks-are-bytes", "chunks-are-no-bytes-subclass", "body-is-iterated-once", "body-is-not-iterated-after-close",
    "body-fits-content-length", "error-output-comes-before-body-data", "start-response-called-before-body",
    "start-response-called-before-first-item",
}))


def _input_room(x: Exchange) -> int:
    """Bytes that may be asked for: what is left of CONTENT_LENGTH, or any number."""
    return BOUNDLESS if x.request_length is None else x.request_length - x.bytes_read


def _is_plain_read(x: Exchange, use: Use) -> bool:
    return (use.name == "read" and use.called and len(use.args) == 1 and not use.keywords
            and type(use.args[0]) is int and 0 <= use.args[0] <= _input_room(x))


READ = Gate(Moment.READ, proves=_is_plain_read, room=_input_room, clears=frozenset({
    "only-listed-methods-of-input-are-called", "input-is-not-closed", "input-is-not-read-into-buffers",
    "input-is-read-alike-from-every-server", "read-arguments-are-positional", "reads-take-at-most-one-argument",
    "read-sizes-are-natural-numbers", "reads-stay-within-content-length", "reads-need-no-simulated-end",
    "unbounded-reads-have-a-known-end",
}))


def _is_bytes(x: Exchange, use: Use) -> bool:
    return type(use.result) is bytes and use.name == "read"


DATA = Gate(Moment.DATA, proves=_is_bytes, clears=frozenset({"input-gives-bytes"}))
