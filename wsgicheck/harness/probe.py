"""The application that runs inside the server: it finds the scene a request belongs to and plays it.

A request names its scene in the Wsgicheck header ("scene-id.number"), or, where headers are the matter, in
the first segment of its path. What the scene's application sees and does goes home through the channel.
Laws: it needs the standard library alone; a request that belongs to no scene gets a 404 and no event; the
answer to /wsgicheck-ready carries the run's id, so that no other server can pass for this one.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any


from ..model.scene import Scene, Stage
from ..rules.server import scenes
from .channel import Channel, safe

__all__ = ["Probe", "application", "load"]

_READY = "/wsgicheck-ready"


class _Stage:
    """The scene's way home."""

    def __init__(self, channel: Channel, tag: str) -> None:
        self._channel, self._tag = channel, tag

    def report(self, event: str, /, **facts: Any) -> None:
        self._channel.tell(self._tag, event, facts)

    def wait(self, signal: str, seconds: float = 5.0) -> bool:
        return self._channel.wait(self._tag, signal, seconds)


def _described(environ: dict[Any, Any]) -> dict[str, Any]:
    return {str(k): v if isinstance(v, str) else f"<{type(v).__name__}>" for k, v in list(environ.items())}


class Probe:
    """The dispatcher to scenes."""

    def __init__(self, folder: str, run: str) -> None:
        self.channel, self.run = Channel(folder), run
        self.scenes: dict[str, Scene] = {card.id: card for card in scenes()}

    def _tag(self, environ: dict[str, Any]) -> str:
        named = environ.get("HTTP_WSGICHECK") or ""
        if not isinstance(named, str) or not safe(named):
            path = environ.get("PATH_INFO")
            named = path.lstrip("/").partition("/")[0] if isinstance(path, str) else ""
        return named if safe(named) else ""

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Play the scene that the request belongs to."""
        if environ.get("PATH_INFO") == _READY:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(self.run)))])
            return [self.run.encode()]
        tag = self._tag(environ)
        card = self.scenes.get(tag.partition(".")[0])
        if card is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "8")])
            return [b"no scene"]
        stage: Stage = _Stage(self.channel, tag)
        facts: dict[str, Any] = {"environ": _described(environ)}
        flags = {key: environ.get(key) for key in ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once",
                                                   "wsgi.input_terminated")}
        facts["flags"] = {key: None if value is None else bool(value) for key, value in flags.items()}
        stage.report("call", **facts)
        return card.app(stage, environ, start_response)


class _Instance:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return self._probe.serve(environ, start_response)


class _Watched(_Instance):
    """Tells of every attribute that is looked up on it; `__class__` aside, which isinstance() asks for."""

    looked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in ("_probe", "__class__"):
            _Watched.looked.append(name)
        return object.__getattribute__(self, name)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["wsgicheck.looked"] = ",".join(_Watched.looked)
        return self._probe.serve(environ, start_response)


def _as(kind: str, probe: Probe) -> Any:
    if kind == "method":
        return probe.serve
    if kind == "instance":
        return _Instance(probe)
    if kind == "watched":
        return _Watched(probe)
    if kind == "partial":
        return functools.partial(Probe.serve, probe)
    if kind == "class":
        class Application:
            def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
                self._body = iter(probe.serve(environ, start_response))

            def __iter__(self) -> Any:
                return self._body

        return Application

    def function(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return probe.serve(environ, start_response)

    return function


def load(folder: str, run: str, kind: str = "function") -> Any:
    """Return the probe as a callable of that kind: function, method, instance, partial, class, watched."""
    return _as(kind, Probe(folder, run))


@functools.cache
def _from_environment() -> Probe:
    return Probe(os.environ["WSGICHECK_CHANNEL"], os.environ.get("WSGICHECK_RUN", "by-hand"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Serve as the probe of a server started by hand, with $WSGICHECK_CHANNEL naming the channel's folder."""
    return _from_environment().serve(environ, start_response)
