"""A known server that stands on a port of the user's, with the probe inside: what a reproduction speaks to.

Laws: what the probe tells and what the server writes is passed on as it comes; it ends with the interruption,
or with the server, and leaves nothing behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .channel import Channel
from .environments import environment
from .launch import Launched
from .probe import default_channel
from .recipes import Recipe
from .tape import event_words

__all__ = ["stand"]

_POLL = 0.05
_REQUEST = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_", "SERVER_", "REMOTE_", "HTTP_")


def stand(recipe: Recipe, port: int, *, kind: str = "function", ready: Callable[[int], None],
          told: Callable[[str], None]) -> str:
    """Run the server until KeyboardInterrupt is raised or it ends; return how it ended.

    Args:
        port: where it listens, 0 for any free port.
        kind: the kind of callable that the probe is.
        ready: is given the port once the server answers.
        told: is given each line of what the probe tells and the server writes.

    Raises:
        HarnessError: the port cannot be had, or the server cannot be installed or started.
    """
    folder = Path(default_channel())
    with Launched(recipe, environment(recipe), kind=kind, port=port, channel=folder) as server:
        follow = _Follow(server.channel)
        logged = server.log_size()

        def pass_on() -> None:
            nonlocal logged
            for line in follow.news():
                told(line)
            text, logged = server.log_since(logged), server.log_size()
            for line in text.splitlines():
                told(f"log: {line}")

        ready(server.port)
        try:
            while not (ended := server.ended()):
                pass_on()
                time.sleep(_POLL)
            return ended
        finally:
            pass_on()


class _Follow:
    """What is told through a channel from now on."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._seen = {tag: len(channel.events(tag)) for tag in channel.tags()}

    def news(self) -> list[str]:
        """Return the lines about what was told since the last time."""
        lines = []
        for tag in self._channel.tags():
            events = self._channel.events(tag)
            before = self._seen.get(tag, 0)
            for event in events[before:]:
                lines.append(f"probe, {tag}: {event_words(event)}")
                environ = event.facts.get("environ", {})
                lines += [f"    {key}={environ[key]!r}" for key in sorted(environ) if key.startswith(_REQUEST)]
                flags = event.facts.get("flags", {})
                lines += [f"    {key}={flag}" for key, flag in sorted(flags.items())]
            self._seen[tag] = len(events)
        return lines
