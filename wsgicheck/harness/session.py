"""A server under test and one scene after the other: played, seen, and started again when it dies.

Laws: each scene has connections and a tag of its own; after each the server must answer again, and when it
does not, that is told to the scene's judge and the server is started anew; `close` leaves nothing behind.
"""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..errors import ConfigError, HarnessError, TargetError
from ..model.scene import Scene, Seen
from ..model.wire import Wire
from .channel import Channel
from .client import play
from .environments import environment, versions
from .launch import Launched
from .probe import BY_HAND, default_channel
from .program import PORT, Place
from .recipes import Recipe

__all__ = ["Remote", "Server", "Session", "endpoints_of"]

# A scene's application waits at most 5 s for its client; a server of one thread answers only then.
_PATIENCE = 8.0
_LOG_PATIENCE = 1.0


class Server(Protocol):
    """What a session needs of a running server."""

    channel: Channel

    @property
    def address(self) -> tuple[str, int]: ...
    @property
    def alive(self) -> bool: ...
    def ended(self) -> str: ...
    def log_size(self) -> dict[str, int]: ...
    def log_since(self, sizes: dict[str, int]) -> str | None: ...
    def stop(self) -> None: ...


class Remote:
    """A server that somebody else started, with wsgicheck.harness.probe:application as its application."""

    def __init__(self, url: str, folder: str = "") -> None:
        parts = urlsplit(url if "//" in url else f"//{url}")
        if parts.scheme not in ("", "http") or not parts.hostname:
            raise ConfigError(f"{url!r} is no http://HOST:PORT/")
        self.address = (parts.hostname, parts.port or 80)
        self.channel = Channel(folder or default_channel())

    @property
    def alive(self) -> bool:
        """Whether our probe answers there."""
        try:
            with socket.create_connection(self.address, 2.0) as line:
                line.settimeout(2.0)
                line.sendall(b"GET /wsgicheck-ready HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
                data = b""
                while BY_HAND.encode() not in data and (piece := line.recv(4096)):
                    data += piece
        except OSError:
            return False
        return BY_HAND.encode() in data

    def ended(self) -> str:
        """Return "": the process is not ours to watch."""
        return ""

    def log_size(self) -> dict[str, int]:
        """Return {}: the log is not ours to read."""
        return {}

    def log_since(self, sizes: dict[str, int]) -> None:
        """Return None: the log is not ours to read."""

    def stop(self) -> None:
        """Leave it running."""


class Session:
    """Plays scenes against one recipe, or against one running server."""

    def __init__(self, recipe: Recipe | None, remote: Remote | None = None) -> None:
        self.recipe, self.remote = recipe, remote
        self.python = Path()
        self.kind = ""
        self.server: Server | None = None
        self.restarts = 0
        self.version = ""
        self._number = 0

    # -- the server --------------------------------------------------------------------------------------
    def __enter__(self) -> Session:
        if self.recipe is not None:
            self.python = environment(self.recipe)
        self.start("function")
        return self

    def start(self, kind: str) -> None:
        """Have a server of that kind of callable running; raises HarnessError where it does not start."""
        if self.server is not None and self.kind == kind:
            return
        self.close()
        self.kind = kind
        if self.recipe is None:
            if self.remote is None or not self.remote.alive:
                where = "" if self.remote is None else ":".join(map(str, self.remote.address))
                raise HarnessError(f"no probe answers at {where}: start the server with the application "
                                   f"wsgicheck.harness.probe:application")
            self.server = self.remote
        else:
            launched = Launched(self.recipe, self.python, kind=kind)
            launched.__enter__()
            self.server = launched
            answer = launched.ping()
            self.version = answer[5:8].decode("latin-1") if answer.startswith(b"HTTP/") else ""

    def close(self) -> None:
        """Stop what runs."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def details(self) -> tuple[str, ...]:
        """Return what the server turned out to be: names and versions."""
        if self.recipe is None:
            return ()
        return versions(self.python, self.recipe)

    def place(self, card: Scene) -> Place:
        """Return where a reproduction of that scene speaks to, and how the server gets there."""
        if self.remote is not None:
            return Place("as it was checked, with the application wsgicheck.harness.probe:application",
                         *self.remote.address)
        if self.recipe is None or self.recipe.name == "command":
            subject = ["--command", self.recipe.title if self.recipe is not None else ""]
        else:
            subject = [self.recipe.name]
        # Only a rule can say which kind of callable the probe has to be.
        rule = [] if card.kind == "function" else ["--select", card.id]
        return Place(shlex.join(["wsgicheck", "server", *subject, *rule, "--serve", str(PORT)]))

    @property
    def facts(self) -> dict[str, Any]:
        """What the recipe says of its set-up."""
        if self.recipe is None:
            return {}
        known = {"multithread": self.recipe.multithread, "multiprocess": self.recipe.multiprocess,
                 "deployer_variable": self.recipe.deployer_variable, "http": self.recipe.http or self.version,
                 "proxied": self.recipe.proxied or None, "layer": self.recipe.layer}
        return {key: value for key, value in known.items() if value not in (None, "")}

    # -- one scene ---------------------------------------------------------------------------------------
    def perform(self, card: Scene, drawn: Any = None) -> tuple[Seen, Wire]:
        """Play the scene once; raises HarnessError when the server cannot be started again."""
        self.start(card.kind)
        server = self.server
        if server is None:
            raise HarnessError("the server is not running")
        self._number += 1
        tag = f"{card.id}.{self._number}.{time.monotonic_ns()}"
        server.channel.open(tag)
        sizes = server.log_size()
        wire = play(card.steps(drawn), server.address, server.channel, tag, drawn)
        log = server.log_since(sizes)
        if card.logs and log is not None:
            until = time.monotonic() + _LOG_PATIENCE
            while card.logs not in log and time.monotonic() < until:
                time.sleep(0.01)
                log = server.log_since(sizes) or ""
        died = self._death(server)
        seen = Seen(server.channel.events(tag), log, died, "http", self.facts)
        if died:
            self.restarts += 1
            self.close()
        return seen, wire

    @staticmethod
    def _death(server: Server) -> str:
        """Say how the server stopped serving, "" where it answers."""
        until = time.monotonic() + _PATIENCE
        while True:
            ended = server.ended()
            if ended:
                return ended
            if server.alive:
                return ""
            if time.monotonic() > until:
                return f"answers no more for {_PATIENCE:.0f} s"
            time.sleep(0.05)


def endpoints_of(target: str, seconds: float = 30.0) -> list[tuple[str, str]]:
    """Return (method, path and query) of what the application seems to answer, [] where that cannot be told.

    Raises TargetError where it cannot be loaded.
    """
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run([sys.executable, "-m", "wsgicheck.active.endpoints", target, str(out.fileno())],
                                  pass_fds=(out.fileno(),), capture_output=True, text=True, timeout=seconds,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise TargetError(f"importing {target} did not end in {seconds:.0f} s") from error
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise TargetError(last[0].removeprefix("wsgicheck.errors.TargetError: "))
        out.seek(0)
        found = out.read()
    return [(str(method), str(path)) for method, path in json.loads(found)]
