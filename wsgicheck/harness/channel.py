"""The channel between the probe inside the server and the client: files, and never the response under test.

events/TAG   one JSON line for each thing the probe tells, written with O_APPEND, so that lines of several
             threads, processes and users do not mix
go/TAG.NAME  exists once the client has given that signal
Laws: nothing here depends on the server; a torn or foreign line is skipped, never raised.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from ..model.scene import Event

__all__ = ["Channel"]

_POLL = 0.004
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


def _plain(value: Any) -> Any:
    """Return what JSON can carry: str stay as they are, bytes become Latin-1 text."""
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return f"<{type(value).__name__}>"


class Channel:
    """Both ends of the channel below one folder."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._events = str(self.folder / "events")
        self._go = str(self.folder / "go")

    def prepare(self) -> None:
        """Make the folders, writable for every user, since some servers run the application as another."""
        for name in (self._events, self._go):
            os.makedirs(name, exist_ok=True)
            with contextlib.suppress(PermissionError):
                os.chmod(name, 0o777)

    # -- inside the server -------------------------------------------------------------------------------
    def tell(self, tag: str, name: str, facts: dict[str, Any]) -> None:
        """Append one event."""
        line = json.dumps({"event": name, "at": time.monotonic(), "pid": os.getpid(),
                           "thread": threading.get_native_id(), "facts": _plain(facts)})
        handle = os.open(f"{self._events}/{tag}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(handle, line.encode() + b"\n")
        finally:
            os.close(handle)

    def wait(self, tag: str, signal: str, seconds: float) -> bool:
        """Wait for a signal of the client; false when it did not come in time."""
        path = f"{self._go}/{tag}.{signal}"
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if os.path.exists(path):
                return True
            time.sleep(_POLL)
        return os.path.exists(path)

    # -- outside -----------------------------------------------------------------------------------------
    def open(self, tag: str) -> None:
        """Make the file of events, so that any user may append."""
        path = f"{self._events}/{tag}"
        with open(path, "ab"):
            pass
        os.chmod(path, 0o666)

    def tags(self) -> list[str]:
        """Return the tags that something was told of, in order."""
        try:
            return sorted(os.listdir(self._events))
        except OSError:
            return []

    def signal(self, tag: str, name: str) -> None:
        """Give a signal to the application."""
        with open(f"{self._go}/{tag}.{name}", "ab"):
            pass

    def events(self, tag: str) -> tuple[Event, ...]:
        """Return what was told so far, in order."""
        try:
            with open(f"{self._events}/{tag}", "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return ()
        found = []
        for line in lines:
            try:
                item = json.loads(line)
                found.append(Event(item["event"], item["at"], item["pid"], item["thread"], item["facts"]))
            except (ValueError, KeyError, TypeError):
                continue
        return tuple(found)

    def told(self, tag: str, name: str, seconds: float, times: int = 1) -> bool:
        """Wait until one of the events ("read|raised") has been told so often; false if not in time."""
        names = name.split("|")
        until = time.monotonic() + seconds
        while True:
            if sum(event.name in names for event in self.events(tag)) >= times:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL)


def safe(tag: str) -> bool:
    """Tell whether `tag` can be the name of a file: what comes from the wire is not trusted."""
    return 0 < len(tag) <= 120 and set(tag) <= _SAFE and not tag.startswith(".")
