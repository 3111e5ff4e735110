"""The application that runs inside the server: it finds the scene a request belongs to and plays it.

A request names its scene in the Wsgicheck header ("scene-id.number"), or, where headers are the matter, in
the first segment of its path. What the scene's application sees and does goes home through the channel.
Laws: it needs the standard library alone; a request that belongs to no scene gets a 404 and no event; the
answer to /wsgicheck-ready carries the run's id, so that no other server can pass for this one.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from typing import Any, ClassVar

from ..model.exchange import Exchange
from ..model.rule import SERVER, Rule
from ..model.scene import Scene, Stage
from ..plan import compile_plan
from ..rules import passive_rules
from ..rules.server import everyday, scenes
from ..spies.spy import Spied
from .channel import Channel, safe

__all__ = ["BY_HAND", "Probe", "application", "default_channel", "load"]

_READY = "wsgicheck-ready"
BY_HAND = "wsgicheck-probe-by-hand"


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


class _Teller:
    """A sink that sends verdicts home instead of raising them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self._stage.report("broken", rule=rule.id, evidence=evidence)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        self._stage.report("crashed", rule=rule.id, error=f"{type(error).__name__}: {error}")


def _watched(card: Scene, stage: Stage) -> Callable[..., Any]:
    """Return the scene's application under the eyes of every rule that binds servers."""
    tally: dict[str, int] = {}
    rules = [rule for rule in passive_rules() if rule.binds is SERVER]
    plan = compile_plan(rules, _Teller(stage), tally=tally)
    return Spied(functools.partial(card.app, stage), plan, done=lambda x: stage.report("judged", tally=tally))


class Probe:
    """The dispatcher to scenes."""

    def __init__(self, folder: str, run: str) -> None:
        self.channel, self.run = Channel(folder), run
        self.scenes: dict[str, Scene] = {card.id: card for card in scenes()}
        self.everyday: dict[str, Scene] = {card.id: card for card in everyday()}

    def _tag(self, environ: dict[str, Any]) -> str:
        named = environ.get("HTTP_WSGICHECK") or ""
        if not isinstance(named, str) or not safe(named):
            path = environ.get("PATH_INFO")
            named = path.lstrip("/").partition("/")[0] if isinstance(path, str) else ""
        return named if safe(named) else ""

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Play the scene that the request belongs to."""
        # A server that loses the slash shall be judged for that, and not be taken for one that never starts.
        if str(environ.get("PATH_INFO")).lstrip("/") == _READY:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(self.run)))])
            return [self.run.encode()]
        tag = self._tag(environ)
        name = tag.partition(".")[0]
        card = self.scenes.get(name) or self.everyday.get(name)
        if card is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "8")])
            return [b"no scene"]
        stage: Stage = _Stage(self.channel, tag)
        facts: dict[str, Any] = {"environ": _described(environ)}
        flags = {key: environ.get(key) for key in ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once",
                                                   "wsgi.input_terminated")}
        facts["flags"] = {key: None if value is None else bool(value) for key, value in flags.items()}
        stage.report("call", **facts)
        if name in self.everyday:
            return _watched(card, stage)(environ, start_response)
        return card.app(stage, environ, start_response)


class _Instance:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return self._probe.serve(environ, start_response)


class _Watched(_Instance):
    """Tells of every attribute that is looked up on it; what isinstance() and issubclass() ask for aside."""

    looked: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in ("_probe", "__class__", "__bases__"):
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
    if kind == "positional":
        return lambda first, second, /: probe.serve(first, second)
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


def default_channel() -> str:
    """Return the channel's folder of a server started by hand: $WSGICHECK_CHANNEL, else one below the
    folder for temporary files."""
    return os.environ.get("WSGICHECK_CHANNEL") or os.path.join(tempfile.gettempdir(), "wsgicheck-channel")


@functools.cache
def _from_environment() -> Probe:
    probe = Probe(default_channel(), BY_HAND)
    probe.channel.prepare()
    return probe


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Serve as the probe of a server started by hand; the channel is in `default_channel()`."""
    return _from_environment().serve(environ, start_response)
