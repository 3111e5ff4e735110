"""What the scenes of several chapters share: plain headers, a body that tells what is done with it, and questions.

Law: it holds no rule; a chapter reads without it but for these few words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...model.scene import SceneApp, Seen, Stage
from ...model.wire import Answer, Wire

__all__ = ["Body", "begun", "ends_with_its_request", "failed_request", "lost", "only_http_1_0", "sized", "text",
           "trouble", "value"]


def text(*more: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers of a text: a new list each time, since the server may change it."""
    return [("Content-Type", "text/plain"), *more]


def sized(length: int) -> list[tuple[str, str]]:
    """Return the headers of a text of that many bytes."""
    return text(("Content-Length", str(length)))


Blocks = Callable[[Stage, dict[str, Any], Callable[..., Any]], Iterator[bytes]]


def begun(blocks: Blocks, status: str = "200 OK") -> SceneApp:
    """Make an application of a generator of blocks that starts its response when it is called.

    An application that is a generator starts it in the first iteration; only the rule about that needs one.
    A query of "length=N" announces so many bytes.
    """
    def application(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        said = str(environ.get("QUERY_STRING", "")).partition("length=")[2]
        start_response(status, sized(int(said)) if said.isdigit() else text())
        return blocks(stage, environ, start_response)

    return application


class Body:
    """An iterable that tells of each item asked for ("asked", "gave") and of close() ("close").

    It is no generator, so that nobody but the server calls its close().
    """

    def __init__(self, stage: Stage, blocks: Iterable[bytes | Callable[[], bytes]]) -> None:
        self._stage, self._blocks = stage, list(blocks)

    def __iter__(self) -> Iterator[bytes]:
        for number, block in enumerate(self._blocks):
            self._stage.report("asked", number=number)
            data = block() if callable(block) else block
            self._stage.report("gave", number=number, size=len(data))
            yield data
        self._stage.report("exhausted")

    def close(self) -> None:
        self._stage.report("close")


def only_http_1_0(seen: Seen, wire: Wire) -> bool:
    """Tell whether this is an HTTP/1.0 server, which what is new in HTTP/1.1 does not bind."""
    answer = wire.answer
    return seen.recipe.get("http") == "1.0" or (answer is not None and answer.version == "1.0")


def ends_with_its_request(seen: Seen) -> bool:
    """Tell whether the process serves this one request, so that a client that left may be the end of it."""
    return bool(seen.fact("call", "flags", {}).get("wsgi.run_once"))


def failed_request(seen: Seen, wire: Wire) -> bool:
    """Tell whether the server refused the request by itself, so that the application never saw it."""
    answer = wire.answer
    return not seen.calls and answer is not None and answer.code >= 400


def lost(seen: Seen, wire: Wire) -> str:
    """Say why there is nothing to judge: no call of the application, or no answer of the expected kind."""
    answer = wire.answer
    got = f"the answer is {answer.status_line!r}" if answer is not None else f"no answer ({wire.ended})"
    if not seen.calls:
        return f"the application was not called; {got}; expected a call"
    return f"{got}; expected the application's own response"


def trouble(answer: Answer | None, wire: Wire) -> str:
    """Say what keeps a response from being whole and well formed, "" where nothing does."""
    if answer is None:
        return f"no response ({wire.ended}); expected one"
    if answer.problem:
        return f"{answer.problem}; expected a response that can be read as HTTP"
    if not answer.complete:
        return (f"the response is not complete after {len(answer.body)} bytes (connection {wire.ended}); "
                f"expected its end")
    return ""


def value(environ: Any, key: str) -> Any:
    """Return a variable, "" where it is absent: PEP 3333 makes the two equal."""
    return environ.get(key, "")
