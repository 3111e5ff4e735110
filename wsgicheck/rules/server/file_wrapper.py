"""wsgi.file_wrapper, where the server has one (PEP 3333, "Optional Platform-Specific File Handling")."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from typing import Any

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Await, SceneApp, Seen, Stage, get, scene
from ...model.wire import Wire
from .common import lost, sized, text, trouble

_FILES = "optional-platform-specific-file-handling"
_ITERABLE = pep(_FILES, "The\ncallable **must** return an iterable object")
_CLOSES = pep(_FILES, "the iterable returned\n"
              "by ``wsgi.file_wrapper`` **must** have a ``close()`` method that\ninvokes "
              "the original file-like object's ``close()`` method.")
_CONTENT = b"0123456789abcdefghij" * 100


class _OnlyRead:
    """The least that is file-like: read() with an optional size."""

    def __init__(self, content: bytes) -> None:
        self._buffer = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._buffer.read(size)


class _Closing(_OnlyRead):
    def __init__(self, content: bytes, stage: Stage) -> None:
        super().__init__(content)
        self._stage = stage

    def close(self) -> None:
        self._stage.report("close")


def _real(content: bytes) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _wrapped(make: Callable[[Stage, Any], Any]) -> SceneApp:
    """Make an application that does something with the wrapper, or tells that there is none."""
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        wrapper = environ.get("wsgi.file_wrapper")
        if wrapper is None:
            stage.report("none")
            start_response("200 OK", sized(4))
            return [b"none"]
        try:
            headers, body = make(stage, wrapper)
        except Exception as error:
            stage.report("raised", error=f"{type(error).__name__}: {error}"[:200])
            headers, body = sized(6), [b"failed"]
        start_response("200 OK", headers)
        return body

    return application


def _sent(seen: Seen, wire: Wire, expected: bytes, what: str) -> Verdict:
    if seen.happened("none"):
        return NOT_APPLICABLE
    if not seen.calls:
        return lost(seen, wire)
    if seen.happened("raised"):
        return f"wsgi.file_wrapper raised {seen.fact('raised', 'error')} for {what}; expected an iterable"
    answer = wire.answer
    if answer is None or answer.problem or not answer.complete:
        return trouble(answer, wire)
    return HOLDS if answer.code == 200 and answer.body == expected else (
        f"{what} arrives as {len(answer.body)} bytes {answer.body[:30]!r} under {answer.code}; "
        f"expected {len(expected)} bytes {expected[:30]!r}")


def _iterated(stage: Stage, wrapper: Any) -> Any:
    for name, file in (("BytesIO", io.BytesIO(_CONTENT)), ("file", _real(_CONTENT)), ("object", _OnlyRead(_CONTENT))):
        try:
            data = b"".join(iter(wrapper(file, 512)))
        except Exception as error:
            stage.report("iterated", name=name, error=f"{type(error).__name__}: {error}"[:150])
        else:
            stage.report("iterated", name=name, size=len(data), same=data == _CONTENT)
    return sized(2), [b"ok"]


@scene(level=MUST, covers=("FW-006", "FW-018"), allows=("FW-005", "FW-010"), app=_wrapped(_iterated), script=get(),
       cites=_ITERABLE)
def wrapper_is_iterable(seen: Seen, wire: Wire) -> Verdict:
    """What wsgi.file_wrapper returns can be iterated by anyone, and gives the file's content.

    Middleware that compresses or counts iterates over it inside the application's process.
    """
    if seen.happened("none"):
        return NOT_APPLICABLE
    if not seen.calls:
        return lost(seen, wire)
    for event in seen.all("iterated"):
        if event.facts.get("error"):
            return f"iter(wrapper({event.facts['name']})) raised {event.facts['error']}; expected its content"
        if not event.facts.get("same"):
            return (f"iter(wrapper({event.facts['name']})) gave {event.facts.get('size')} bytes; "
                    f"expected {len(_CONTENT)}")
    return HOLDS if len(seen.all("iterated")) == 3 else "wsgi.file_wrapper ended the application; expected an iterable"


def _unused(stage: Stage, wrapper: Any) -> Any:
    stage.report("made", kind=type(wrapper(_real(_CONTENT), 512)).__name__)
    return sized(5), [b"other"]


@scene(level=MUST, covers=("FW-007", "FW-012"), app=_wrapped(_unused), script=get(),
       cites=pep(_FILES, "**must not** perform\nany data transmission until and unless the server/gateway actually\n"
                 "receives the iterable as a return value from the application."))
def unused_wrapper_sends_nothing(seen: Seen, wire: Wire) -> Verdict:
    """A wrapper that is made and not returned sends nothing.

    Middleware may put another body in its place.
    """
    return _sent(seen, wire, b"other", "another body than the wrapper")


def _own_close(stage: Stage, wrapper: Any) -> Any:
    made = wrapper(_Closing(_CONTENT, stage), 512)
    close = getattr(made, "close", None)
    stage.report("made", close=close is not None)
    if close is not None:
        close()
    return sized(5), [b"other"]


@scene(level=MUST, covers=("FW-009",), app=_wrapped(_own_close), script=get(), cites=_CLOSES)
def wrapper_closes_the_file(seen: Seen, wire: Wire) -> Verdict:
    """The wrapper of a file that has a close() has one too, which calls it."""
    if seen.happened("none"):
        return NOT_APPLICABLE
    if seen.happened("raised"):
        return f"the wrapper's close() raised {seen.fact('raised', 'error')}; expected the file's close() to be called"
    if not seen.happened("made"):
        return lost(seen, wire)
    if not seen.fact("made", "close"):
        return "the wrapper of a file with close() has no close(); expected one"
    return HOLDS if seen.happened("close") else "the wrapper's close() did not call the file's; expected it to"


class _Leisurely(_Closing):
    """Takes a moment to find its end, where a server may be done with the process already."""

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        if not data:
            time.sleep(0.1)
        return data


def _returned(stage: Stage, wrapper: Any) -> Any:
    return sized(len(_CONTENT)), wrapper(_Leisurely(_CONTENT, stage), 512)


@scene(level=MUST, covers=("FW-009", "FW-018"), app=_wrapped(_returned), script=(*get(), Await("close", 2.5)),
       cites=_CLOSES)
def returned_wrapper_is_sent_and_closed(seen: Seen, wire: Wire) -> Verdict:
    """An object with nothing but read() and close() is sent by the wrapper, and closed."""
    verdict = _sent(seen, wire, _CONTENT, "an object with read() and close()")
    if verdict is not HOLDS:
        return verdict
    return HOLDS if seen.happened("close") else "the file was not closed after it was sent; expected close()"


def _seeked(stage: Stage, wrapper: Any) -> Any:
    file = _real(_CONTENT)
    file.read(5)
    made = wrapper(file, 512)
    file.seek(10)
    return text(), made


@scene(level=SHOULD, covers=("FW-014", "FW-011"), allows=("FW-016",), app=_wrapped(_seeked), script=get(),
       cites=pep(_FILES, "transmission should begin at the current position within the \"file\"\nat the time that "
                 "transmission begins"))
def file_is_sent_from_its_position(seen: Seen, wire: Wire) -> Verdict:
    """A real file is sent from the position it has when sending begins, to its end.

    A server that sends the descriptor from its start answers a range, or a file read in part, with the
    wrong bytes, under a length that does not fit.
    """
    return _sent(seen, wire, _CONTENT[10:], "a file seeked to 10")


def _limited(stage: Stage, wrapper: Any) -> Any:
    return sized(25), wrapper(_real(_CONTENT), 512)


@scene(level=SHOULD, covers=("FW-015",), app=_wrapped(_limited), script=get(),
       cites=pep(_FILES, "and continue until the end is\n"
                 "reached, or until ``Content-Length`` bytes have been written."))
def file_is_sent_up_to_content_length(seen: Seen, wire: Wire) -> Verdict:
    """Of a file that is longer than Content-Length only so many bytes are sent.

    Applications answer a range request so: seek, say the length, return the wrapper.
    """
    verdict = _sent(seen, wire, _CONTENT[:25], "a file under Content-Length: 25")
    return verdict if verdict is not HOLDS or not wire.rest else (
        f"{len(wire.rest)} bytes of the file follow the 25 announced; expected none")
