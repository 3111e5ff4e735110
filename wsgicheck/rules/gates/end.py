"""The gates at STARTED, RETURNED, END and CLOSE: a response that took its ordinary course."""

from __future__ import annotations

from collections.abc import Hashable
from types import BuiltinFunctionType, CodeType, FunctionType, GeneratorType, MethodType
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Gate
from ...model.moments import Ending, Moment
from ..buffering import FEW, MANY

__all__ = ["CLOSE", "END", "LOOKED_AT", "ORDINARY", "RETURNED", "STARTED"]

_BODYLESS = frozenset({204, 205, 304})
_NO_ORDINARY_ANSWER = _BODYLESS.union(range(200))


def _has_started(x: Exchange, write: Any) -> bool:
    if x.code in _NO_ORDINARY_ANSWER:
        return False
    kind = type(write)
    if kind is FunctionType:
        code: CodeType = write.__code__
        return code.co_argcount == 1 and not code.co_kwonlyargcount
    if kind is MethodType and type(write.__func__) is FunctionType:
        code = write.__func__.__code__
        return code.co_argcount == 2 and not code.co_kwonlyargcount
    return kind is BuiltinFunctionType


def _one(x: Exchange, thing: Any) -> Hashable:
    """What is proved here is all of one kind."""
    return None


STARTED = Gate(Moment.STARTED, proves=_has_started, likeness=_one, clears=frozenset({
    "start-response-returns-a-write-callable", "no-content-response-has-no-content-length",
    "not-modified-response-describes-no-body",
}))

_ITERABLES = frozenset({list, tuple, GeneratorType})


def _is_ordinary(x: Exchange, body: Any) -> bool:
    return type(body) in _ITERABLES


RETURNED = Gate(Moment.RETURNED, proves=_is_ordinary, likeness=_one, clears=frozenset({
    "application-returns-an-iterable", "body-is-not-a-bare-string", "body-is-not-a-plain-file",
}))


_EXHAUSTED, _CLOSED = Ending.EXHAUSTED, Ending.CLOSED  # a member of an Enum costs ten times a global name


def _ended_well(x: Exchange, ending: Ending) -> bool:
    length, declared, sent = x.length, x.declared_length, x.bytes_yielded + x.bytes_written
    if ending is _EXHAUSTED:
        if not x.starts or (length is not None and length != x.chunks) or (declared is not None and sent < declared):
            return False
        if x.small_chunks >= MANY or (length is not None and length > FEW and declared is None):
            return False
    elif ending is not _CLOSED or (length is not None and length < x.chunks):
        return False
    if x.body is not None or x.input_attributes or x.errors_attributes or x.failed_with_exc_info:
        return False
    if not sent and not x.unmeasured:
        return True
    return x.code not in _BODYLESS and "content-type" in x.names and "content-encoding" not in x.names


LOOKED_AT = frozenset({
    "body", "bodyless", "bytes_sent", "bytes_written", "bytes_yielded", "chunks", "code", "declared_length",
    "errors_attributes", "errors_written", "failed_with_exc_info", "head", "headers", "headers_gone",
    "input_attributes", "iterations", "length", "method", "names", "returned", "small_chunks", "starts", "status",
    "value", "values",
})
"""What rules at END may look at in an exchange in which nothing out of the ordinary happened: what `_facts` keeps or
wants to be empty, and what follows from it."""
ORDINARY = frozenset({
    "drive", "events", "handling", "input_terminated", "request",
})
"""Facts that an exchange may have beyond those of every one; no rule at END looks at them."""
_MOST_BODY = 4096


def _facts(x: Exchange, ending: Ending) -> Hashable:
    body = x.body
    if x.input_attributes or x.errors_attributes or x.errors_written or x.failed_with_exc_info:
        return None
    if not ORDINARY.issuperset(x.__dict__) or (body is not None and len(body) > _MOST_BODY):
        return None
    return (ending, x.method, x.status, x.headers, x.declared_length, body, x.head, x.bytes_yielded, x.bytes_written,
            x.chunks, x.small_chunks, x.length, x.iterations, x.starts, x.returned)


END = Gate(Moment.END, proves=_ended_well, likeness=_facts, whole=True, clears=frozenset({
    "start-response-is-called", "len-is-the-number-of-items", "body-is-buffered", "modest-body-is-one-item",
    "body-fills-content-length", "body-has-a-content-type", "no-content-response-has-no-body",
    "not-modified-response-has-no-body", "reset-content-response-has-no-body", "body-is-not-chunk-framed",
    "content-encoding-matches-the-bytes", "text-decodes-in-its-charset", "unlisted-attributes-of-input-are-not-needed",
    "unlisted-attributes-of-input-are-not-asked-for", "unlisted-attributes-of-errors-are-not-needed",
    "unlisted-attributes-of-errors-are-not-asked-for", "errors-of-start-response-with-exc-info-propagate",
    "exits-do-not-escape", "application-takes-two-arguments",
}))


def _closed_well(x: Exchange, outcome: Any) -> bool:
    return outcome is None and not x.errors_written


CLOSE = Gate(Moment.CLOSE, proves=_closed_well, likeness=_one, clears=frozenset({
    "body-is-closed", "error-lines-end-with-line-feed", "errors-are-flushed",
    "generators-let-themselves-be-closed",
}))
