"""The families of inputs that scenes draw from, by the names they use; Hypothesis shrinks what breaks a rule."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

__all__ = ["INPUTS"]

_TEXT = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_SEGMENT = st.binary(min_size=1, max_size=6).map(
    # NUL, an encoded slash and an encoded backslash are refused by many servers in front, each for its reasons.
    lambda data: data.translate(None, b"\x00/\\")).filter(lambda data: data not in (b"", b".", b".."))


def _path(segments: list[bytes], safe: str) -> bytes:
    return b"".join(b"/" + quote_from_bytes(segment, safe=safe).encode() for segment in segments)


def _holds_no_mark(drawn: Any) -> bool:
    """Tell whether the client would send `drawn` as it is: it puts words for @HOST@ and @TAG@ (see Send).

    A Hypothesis that cannot be kept from it (see drawing.py) takes constants from the code around it, these among them.
    """
    return "@HOST@" not in repr(drawn) and "@TAG@" not in repr(drawn)


_FAMILIES: dict[str, st.SearchStrategy[Any]] = {
    "header value": st.lists(st.sampled_from(_TEXT), min_size=1, max_size=12).map(bytes).filter(
        lambda value: value.strip(b" \t") == value),
    "path": st.builds(_path, st.lists(_SEGMENT, min_size=1, max_size=3), st.sampled_from(("", "+;=@:,!~"))),
    "query": st.text("ab=&;+/?:@!$'()*,-._~", max_size=10).map(str.encode)
        | st.binary(max_size=5).map(lambda data: quote_from_bytes(data, safe="").encode()),
    "method": st.from_regex(r"\A[A-Z][A-Za-z-]{1,9}\Z").filter(
        lambda method: method.upper() not in ("HEAD", "CONNECT", "TRACE", "OPTIONS", "PRI")),
    "body": st.binary(min_size=1, max_size=300).flatmap(
        lambda body: st.tuples(st.just(body), st.integers(0, len(body)))),
    "block sizes": st.lists(st.integers(0, 40) | st.sampled_from((255, 256, 4096, 65535, 65537)), max_size=6),
    "bad length": st.sampled_from(("", "+", "-", " ", "0x", "1_", "1,", "1e", ".", "\x0c")).flatmap(
        lambda before: st.sampled_from(("5", "0", "\u00b2", "5 ", "5x")).map(lambda after: before + after)).filter(
        lambda text: not text.strip(" ").isdecimal()),
}

INPUTS = {name: family.filter(_holds_no_mark) for name, family in _FAMILIES.items()}
