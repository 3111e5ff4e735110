"""Ordinary requests, under which the rules of the other chapters watch the server from inside.

These scenes judge nothing by themselves: the probe wraps their application in the spies, and every rule of
the catalogue that binds servers speaks for itself.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ...model.rule import ADVICE, NOT_APPLICABLE, Verdict, pep
from ...model.scene import Await, Receive, Scene, Script, Seen, Stage, ask, get, hello, scene
from ...model.wire import Wire
from .common import text

_WHOLE = pep("specification-overview", "The WSGI interface has two sides")
_FORM = ask("POST", "/form?a=1&b=%20", "Content-Type: application/x-www-form-urlencoded", "Accept-Language: de",
            body=b"name=value&other=1\n")


def _everyday(script: Script, app: Callable[..., Any]) -> Callable[[Callable[..., Verdict]], Scene]:
    return scene(level=ADVICE, covers=(), cites=_WHOLE, script=script, app=app)


@_everyday((*get("Cookie: a=1", "X-Probe: caf\xe9", target="/caf%C3%A9/%FF?q=%20"), Await("judged", 0.5)), hello)
def everyday_get(seen: Seen, wire: Wire) -> Verdict:
    """A GET with a path, a query and a cookie."""
    return NOT_APPLICABLE


def _reads(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    stream = environ["wsgi.input"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    data = stream.read(4) + stream.readline() + stream.read(max(0, length - 19))
    environ["wsgi.errors"].write("probe: everyday\n")
    environ["wsgi.errors"].writelines(["probe: ", "lines\n"])
    environ["wsgi.errors"].flush()
    # Without a length, so that the server waits for the end whatever it does with the process then.
    start_response("200 OK", text())
    yield data


@_everyday((_FORM, Receive(), Await("judged", 0.5)), _reads)
def everyday_form(seen: Seen, wire: Wire) -> Verdict:
    """A form that is read by lines and blocks."""
    return NOT_APPLICABLE


@_everyday((ask("HEAD"), Receive(), Await("judged", 0.5)), hello)
def everyday_head(seen: Seen, wire: Wire) -> Verdict:
    """A HEAD."""
    return NOT_APPLICABLE


def _file(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", text())
    wrapper = environ.get("wsgi.file_wrapper")
    return [b"0123456789"] if wrapper is None else wrapper(io.BytesIO(b"0123456789"), 4)


@_everyday((*get(), Await("judged", 0.5)), _file)
def everyday_file(seen: Seen, wire: Wire) -> Verdict:
    """A file in the server's wrapper."""
    return NOT_APPLICABLE


def _error_page(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    write = start_response("200 OK", text())
    try:
        raise LookupError("probe")
    except LookupError:
        write = start_response("500 Sorry", text(), sys.exc_info())
    write(b"so")
    return iter((b"rry",))


@_everyday((*get(), Await("judged", 0.5)), _error_page)
def everyday_error_page(seen: Seen, wire: Wire) -> Verdict:
    """A change of mind, write() and an iterator."""
    return NOT_APPLICABLE
