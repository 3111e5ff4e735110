"""What the server takes as a body, and what arrives of it (PEP 3333, "Specification Details")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import Receive, Script, Seen, Stage, ask, get, scene
from ...model.wire import Wire
from .common import begun, lost, only_http_1_0, sized, text, trouble

_ITERABLE = pep("specification-details", "the application object must return an\n"
                "iterable yielding zero or more bytestrings.")


def _arrived(seen: Seen, wire: Wire, expected: bytes) -> Verdict:
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.problem or not answer.complete:
        return trouble(answer, wire)
    if answer.code != 200:
        return f"the answer is {answer.status_line!r}; expected 200"
    if answer.body == expected:
        return HOLDS
    if len(expected) < 80:
        return f"the body is {answer.body[:80]!r}; expected {expected!r}"
    at = next((n for n, (a, b) in enumerate(zip(answer.body, expected)) if a != b), min(len(answer.body),
                                                                                        len(expected)))
    return f"{len(answer.body)} bytes arrive and differ from byte {at} on; expected the {len(expected)} that were given"


class _Sequence:
    """Nothing but __getitem__, as the PEP's own FileWrapper has it."""

    def __getitem__(self, index: int) -> bytes:
        return (b"he", b"llo")[index]


class _Iterator:
    def __init__(self) -> None:
        self._left = [b"llo", b"he"]

    def __iter__(self) -> _Iterator:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        return self._left.pop()


class _Iterable:
    def __iter__(self) -> Iterator[bytes]:
        return iter((b"he", b"llo"))


_SHAPES: dict[str, Callable[[], Any]] = {
    "list": lambda: [b"he", b"llo"], "tuple": lambda: (b"hello",), "generator": lambda: (x for x in (b"he", b"llo")),
    "set": lambda: {b"hello"}, "iterator": _Iterator, "iterable": _Iterable, "sequence": _Sequence,
    "map": lambda: map(bytes, (b"he", b"llo")), "empty-list": list, "empty-tuple": tuple,
}


def _shaped(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    name = environ.get("QUERY_STRING", "")
    start_response("200 OK", text() if name.startswith("empty") else sized(5))
    return _SHAPES[name]()


def _asking(drawn: str) -> Script:
    return (ask("GET", f"/?{drawn}"), Receive())


@scene(level=MUST, covers=("BD-003", "CL-007"), app=_shaped, script=_asking, draws="body shape",
       examples=tuple(_SHAPES), cites=_ITERABLE)
def iterables_of_every_kind_are_sent(seen: Seen, wire: Wire) -> Verdict:
    """Lists, tuples, generators and any other iterable are sent alike, with or without close() or a length.

    A server that asks for __next__, for an index or for close() cannot send what frameworks return; the
    PEP's own file wrapper has __getitem__ alone.
    """
    verdict = _arrived(seen, wire, b"" if str(wire.asked).startswith("empty") else b"hello")
    return f"for a body that is a {wire.asked}, {verdict}" if isinstance(verdict, str) else verdict


_BYTES = bytes(range(256)) + b"\r\n\n\r\r\n\x00\xff\xfe"


def _binary(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [_BYTES, b"\n", b"\r"]


@scene(level=SHOULD, covers=("BD-006",), allows=("BD-008",), app=_binary, script=get(),
       cites=pep("specification-details", "The server or gateway should treat the yielded bytestrings as binary byte\n"
                 "sequences: in particular, it should ensure that line endings are\nnot altered."))
def bytes_are_sent_untouched(seen: Seen, wire: Wire) -> Verdict:
    """All byte values and all line endings arrive as they were given."""
    return _arrived(seen, wire, _BYTES + b"\n\r")


@begun
def _holes(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    yield from (b"a", b"", b"", b"b", b"")


@scene(level=MUST, covers=("BD-015", "CT-009"), app=_holes, script=get(),
       cites=(rfc(9112, "7.1"), pep("middleware-handling-of-block-boundaries",
                                    "it must yield an empty bytestring.")))
def empty_items_do_not_end_the_body(seen: Seen, wire: Wire) -> Verdict:
    """An empty item between others sends nothing: it is no last chunk and no end.

    Middleware that waits yields empty items; as a chunk of size zero one cuts the response off.
    """
    return _arrived(seen, wire, b"ab")


@begun
def _large(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    for number in range(64):
        yield bytes((number,)) * 40000


@scene(level=MUST, covers=("BD-004", "SV-002"), app=_large, script=(*get()[:1], Receive(patience=6.0)), cites=(
       pep("specification-details", "completing the transmission of each bytestring\nbefore requesting another one."),))
def large_bodies_arrive_whole(seen: Seen, wire: Wire) -> Verdict:
    """A body of 2.5 MB, far more than a socket's buffer, arrives whole and in order."""
    return _arrived(seen, wire, b"".join(bytes((n,)) * 40000 for n in range(64)))


class _Nosy:
    """Tells of each attribute that is looked up on it in vain."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"he", b"llo"))

    def __getattr__(self, name: str) -> Any:
        self._stage.report("looked", name=name)
        raise AttributeError(name)


def _trapped(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", sized(5))
    return _Nosy(stage)


@scene(level=MUST, covers=("BD-010", "APP-002"), allows=("BD-011",), app=_trapped, script=get(),
       cites=pep("specification-details", "servers and gateways **must not** directly use any other\nattributes of the "
                 "iterable returned by the application"))
def body_has_no_other_attributes(seen: Seen, wire: Wire) -> Verdict:
    """Nothing but iteration, len() and close() is asked of the body.

    A server that finds a fileno or a name on an object that is not its own file wrapper, and uses it, goes
    round the middleware that wrapped the body.
    """
    if not seen.calls:
        return lost(seen, wire)
    looked = sorted({str(e.facts["name"]) for e in seen.all("looked")})
    other = [name for name in looked if name != "close" and not (name.startswith("__") and name.endswith("__"))]
    return f"the server looked up {', '.join(other)} on the body; expected iteration, len and close alone" if (
        other) else HOLDS


@begun
def _sizes(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    for size in environ.get("QUERY_STRING", "").split(","):
        yield b"x" * int(size or 0)


def _asking_sizes(drawn: list[int]) -> Script:
    return (ask("GET", "/?" + ",".join(map(str, drawn))), Receive())


@scene(level=MUST, covers=("CT-009",), allows=("CT-006", "CT-008"), app=_sizes, script=_asking_sizes,
       draws="block sizes",
       examples=([1, 0, 10, 15, 16, 17, 255], [0], [65536, 1], []),
       cites=(pep("handling-the-content-length-header", "Note that the server **must** comply fully with :rfc:`2616`\n"
                  "when doing this"), rfc(9112, "7.1")))
def blocks_are_framed_well(seen: Seen, wire: Wire) -> Verdict:
    """Without Content-Length the response is framed as HTTP has it, whatever the sizes of the blocks.

    Chunks carry their size and end with one of size zero; an HTTP/1.0 client gets the end of the connection.
    """
    return _arrived(seen, wire, b"x" * sum(wire.asked))


@scene(level=MUST, covers=("CT-025",), app=_holes, script=(ask("GET", version="1.0"), Receive()), cites=rfc(9112,
                                                                                                            "6.1"))
def http_1_0_clients_get_no_chunks(seen: Seen, wire: Wire) -> Verdict:
    """An HTTP/1.0 request is answered without Transfer-Encoding.

    Such a client takes the chunk sizes for content.
    """
    answer = wire.answer
    if answer is None or not seen.calls:
        return NOT_APPLICABLE
    if answer.values("transfer-encoding"):
        return f"Transfer-Encoding: {answer.value('transfer-encoding')} was sent to an HTTP/1.0 client; expected none"
    return HOLDS


@scene(level=MUST, covers=("CT-024",), app=_shaped, script=get(target="/?generator"), cites=rfc(9112, "6.2"))
def length_and_coding_are_not_both_sent(seen: Seen, wire: Wire) -> Verdict:
    """Content-Length and Transfer-Encoding are never sent together.

    Two readers that trust different ones disagree where the response ends.
    """
    answer = wire.answer
    if answer is None or not seen.calls:
        return lost(seen, wire)
    if only_http_1_0(seen, wire) and not answer.values("transfer-encoding"):
        return HOLDS
    return "Content-Length and Transfer-Encoding were both sent; expected one of them" if (
        answer.values("transfer-encoding") and answer.values("content-length")) else HOLDS
