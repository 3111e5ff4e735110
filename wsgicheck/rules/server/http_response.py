"""Responses that HTTP gives no content: HEAD, 204, 304 (RFC 9110, 6.4.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import Receive, SceneApp, Seen, Stage, ask, get, scene
from ...model.wire import Wire
from .common import lost, sized, text

_HEAD = (ask("HEAD"), Receive())


def _surplus(seen: Seen, wire: Wire, what: str) -> Verdict:
    if not seen.calls:
        return lost(seen, wire)
    if wire.answer is None:
        return f"no response to {what} ({wire.ended}); expected one"
    return HOLDS if not wire.rest else f"{wire.rest[:60]!r} follows the head of {what}; expected no content"


def _many(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", text())
    return (block for block in (b"he", b"llo"))


@scene(level=MUST, covers=("CT-013", "CT-009"), script=_HEAD, app=_many, cites=rfc(9110, "9.3.2"))
def head_has_no_content(seen: Seen, wire: Wire) -> Verdict:
    """A response to HEAD ends with its head, even if the application gave a body.

    On a kept connection the body is read as the head of the next response.
    """
    return _surplus(seen, wire, "a HEAD response")


@scene(level=MUST, covers=("CT-013",), script=_HEAD, cites=rfc(9110, "9.3.2"),
       given=(head_has_no_content,))
def head_with_length_has_no_content(seen: Seen, wire: Wire) -> Verdict:
    """A response to HEAD with Content-Length ends with its head too."""
    return _surplus(seen, wire, "a HEAD response")


@scene(level=MUST, covers=("SV-012",), script=_HEAD, cites=rfc(9110, "8.6"))
def head_keeps_content_length(seen: Seen, wire: Wire) -> Verdict:
    """The Content-Length that the application gives is sent for HEAD as it would be for GET, or not at all.

    Download managers and caches ask with HEAD for the size; a zero in its place empties what they keep.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200:
        return NOT_APPLICABLE  # that HEAD gets no answer is judged by the rule about its content
    got = answer.value("content-length")
    return HOLDS if got in ("5", None) else f"Content-Length is {got} for HEAD; expected 5, as the application said"


def _writes_head(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    write = start_response("200 OK", text())
    if callable(write):
        write(b"hello")
    else:
        stage.report("no write")
    return []


@scene(level=MUST, covers=("CT-013", "WR-003"), script=_HEAD, app=_writes_head, cites=rfc(9110, "9.3.2"),
       given=(head_has_no_content,))
def head_has_no_written_content(seen: Seen, wire: Wire) -> Verdict:
    """Data passed to write() is not sent in a response to HEAD."""
    if seen.happened("no write"):
        return NOT_APPLICABLE
    return _surplus(seen, wire, "a HEAD response")


def _bare(status: str, *headers: tuple[str, str]) -> SceneApp:
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status, list(headers))
        return []

    return application


@scene(level=MUST, covers=("CT-009", "CT-025"), script=get(), app=_bare("204 No Content"),
       cites=(rfc(9110, "15.3.5"), rfc(9112, "6.1")))
def no_content_has_none(seen: Seen, wire: Wire) -> Verdict:
    """A 204 ends with its head: no content, no chunks, no Transfer-Encoding."""
    answer = wire.answer
    if answer is not None and answer.values("transfer-encoding"):
        return f"Transfer-Encoding: {answer.value('transfer-encoding')} was sent with 204; expected none"
    return _surplus(seen, wire, "a 204")


@scene(level=MUST, covers=("CT-009",), allows=("CT-007",), script=get(), app=_bare("204 No Content"), cites=rfc(9110,
                                                                                                                "8.6"))
def no_content_has_no_length(seen: Seen, wire: Wire) -> Verdict:
    """A 204 carries no Content-Length, for it has no content to measure.

    RFC 9110 forbids it; some clients then take the connection for broken.
    """
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 204:
        return NOT_APPLICABLE  # that no answer comes is judged by the rule before
    got = answer.value("content-length")
    return HOLDS if got is None else f"Content-Length: {got} was sent with 204; expected none"


@scene(level=MUST, covers=("CT-009",), script=get(), app=_bare("304 Not Modified", ("ETag", '"a"')),
       cites=rfc(9110, "15.4.5"))
def not_modified_has_no_content(seen: Seen, wire: Wire) -> Verdict:
    """A 304 ends with its head: no content and no chunks."""
    return _surplus(seen, wire, "a 304")


@scene(level=SHOULD, covers=("SV-012",), allows=("CT-007",), script=get(), app=_bare("304 Not Modified", ("ETag",
                                                                                                          '"a"')),
       cites=rfc(9110, "8.6"))
def not_modified_has_no_zero_length(seen: Seen, wire: Wire) -> Verdict:
    """The server adds no Content-Length: 0 to a 304.

    There it means the length of the 200; a cache that updates what it stored empties it.
    """
    answer = wire.answer
    if not seen.calls or answer is None:
        return lost(seen, wire)
    got = answer.value("content-length")
    return HOLDS if got is None or answer.code != 304 else f"Content-Length: {got} was sent with 304; expected none"


def _empty_ok(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", sized(0))
    return []


@scene(level=MUST, covers=("SR-015",), allows=("SR-016",), script=get(), app=_empty_ok,
       cites=pep("the-start-response-callable", "or until the application's returned iterable is\nexhausted."))
def empty_body_sends_the_headers(seen: Seen, wire: Wire) -> Verdict:
    """A body that yields nothing still has its status and headers sent, at its end."""
    answer = wire.answer
    if not seen.calls or answer is None:
        return lost(seen, wire)
    return HOLDS if answer.code == 200 and answer.complete and answer.body == b"" else (
        f"the answer is {answer.status_line!r} with {answer.body[:40]!r}; expected 200 without content")


