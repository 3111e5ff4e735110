"""Compares what a middleware did with two applications that say the same, one the long way and one the plain way."""

from __future__ import annotations

import gzip
import zlib

from ..model.sandwich import Half, Pair
from ..show import show

__all__ = ["content", "told", "trouble_of"]


def content(half: Half) -> bytes:
    """Return the body without its content coding, so that a compressed and a plain one can be compared."""
    codings = [value.strip().lower() for value in half.values("content-encoding")]
    try:
        if codings == ["gzip"]:
            return gzip.decompress(half.body)
        if codings == ["deflate"]:
            return zlib.decompress(half.body)
    except (zlib.error, EOFError, OSError):
        pass  # it is none, whatever it says
    return half.body


def trouble_of(first: Pair, plainer: Pair) -> str:
    """Return what went wrong with the first form and not with the plainer one, "" if nothing did."""
    outer, other = first.outer, plainer.outer
    if other.raised_by == "itself" or (len(first.inner) != len(plainer.inner) and not outer.raised):
        return ""
    if outer.raised and outer.raised_by == "itself":
        return f"the middleware raised {outer.raised}"
    if other.start is not None and outer.start is None and not outer.raised and outer.exhausted:
        return "the middleware never called start_response"
    if (outer.start is not None and other.start is not None and outer.start.status != other.start.status
            and not outer.start.raised and not other.start.raised):
        return f"the middleware answered {show(outer.start.status)} instead of {show(other.start.status)}"
    if first.complete and plainer.complete and first.only and plainer.only and first.request.method != "HEAD":
        lost = content(outer) != content(first.only) and content(other) == content(plainer.only)
        if lost:
            return f"{show(content(outer), 60)} came out for {show(content(first.only), 60)}"
    return ""


def told(form: str, plain: str, trouble: str) -> str:
    return f"{form}, {trouble}; expected what it does {plain}"
