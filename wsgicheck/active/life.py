"""One life of a child that runs the subject: how the parent starts and hears it, and what each child does alike.

Laws: whatever the subject does is told in one line and ends no one but the child; a set has the same order in every
child, or the same seed would give another report.
"""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from ..errors import ConfigError, TargetError
from ..harness.child import BlackBox, Child, Death, Watch
from .options import Options
from .records import Tally

__all__ = ["Life", "be_child", "live", "start"]

JobT = TypeVar("JobT")
_REPORT_EVERY = 0.2
"""Seconds between two reports of how far a child is."""


def start(module: str, job: object, options: Options) -> Child:
    """Start a child that runs `module` with `job`, in the place and within the bounds that `options` name.

    Raises:
        ConfigError: it cannot be started there.
    """
    environment = {"PYTHONHASHSEED": "0"} | dict(os.environ)
    if options.settings:
        environment["DJANGO_SETTINGS_MODULE"] = options.settings
    try:
        return Child(module, job, directory=options.directory, environment=environment,
                     watch=Watch(options.timeout, options.max_memory, options.max_output))
    except OSError as error:
        raise ConfigError(f"cannot start in {options.directory or '.'}: {error}") from error


def live(module: str, job: object, options: Options, seconds: float,
         hear: Callable[[str, object], None]) -> Death | None:
    """Run one child to its end, at most for `seconds`; return how it died, None if it did its work.

    Raises:
        ConfigError: it cannot be started.
    """
    with start(module, job, options) as child:
        for message in child.messages(time.monotonic() + seconds):
            if isinstance(message, Death):
                return message
            hear(*message)
    return None


class Life(ABC, Generic[JobT]):
    """What a child is: the job it got, the way home, and the box that tells what it was doing when it died."""

    def __init__(self, job: JobT, channel: Connection, box: BlackBox) -> None:
        self.job, self.channel, self.box = job, channel, box
        self.reported = 0.0

    def send(self, kind: str, payload: Any) -> None:
        """Report home."""
        self.channel.send((kind, payload))

    def doing(self, what: object) -> None:
        """Note what is about to happen, None for nothing."""
        if what is None:
            self.box.end()
        else:
            self.box.begin(what)

    def tick(self, tally: Tally) -> None:
        """Report how far the run is, now and then."""
        now = time.monotonic()
        if now - self.reported >= _REPORT_EVERY:
            self.reported = now
            self.send("tally", tally)

    @abstractmethod
    def run(self) -> None:
        """Do the job."""


def be_child(argument: str, kind: Callable[[Any, Connection, BlackBox], Life[Any]]) -> None:
    """Live one life of that kind, and end the process. Whatever the subject raises on import is told in one line."""
    job, channel, box = Child.inside(argument)
    try:
        kind(job, channel, box).run()
    except (TargetError, ConfigError) as error:
        channel.send(("config" if isinstance(error, ConfigError) else "target", str(error)))
        channel.send(("done", None))
    except BaseException as error:
        import traceback

        channel.send(("bug", f"{type(error).__name__}: {error}\n{traceback.format_exc()}"))
        channel.send(("done", None))
    channel.close()
    sys.stdout.flush()
    # Threads, atexit hooks and finalizers of the subject have had their say; none may hold us up.
    os._exit(0)
