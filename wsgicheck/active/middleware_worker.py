"""The child of a run over a middleware: imports it, explores it, shrinks what is broken, and reports home."""

from __future__ import annotations

import os
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from ..errors import ConfigError, TargetError
from ..harness.child import BlackBox, Child
from .middleware_records import PairJob
from .middleware_run import chosen_cards, explore
from .pairs import PairSighting
from .records import Tally
from .wrapping import load_factory, try_factory

__all__ = ["main"]

_REPORT_EVERY = 0.2


class _Worker:
    """One life of the child."""

    def __init__(self, job: PairJob, channel: Connection, box: BlackBox) -> None:
        self.job, self.channel, self.box = job, channel, box
        self.reported = 0.0

    def send(self, kind: str, payload: Any) -> None:
        self.channel.send((kind, payload))

    def doing(self, what: object) -> None:
        if what is None:
            self.box.end()
        else:
            self.box.begin(what)

    def tick(self, tally: Tally) -> None:
        now = time.monotonic()
        if now - self.reported >= _REPORT_EVERY:
            self.reported = now
            self.send("tally", tally)

    def sighted(self, sighting: PairSighting) -> None:
        self.send("sighting", sighting)

    def run(self) -> None:
        job = self.job
        chosen_cards(job.options)  # before anything of the subject's runs beside us
        self.box.begin("import")
        factory, name = load_factory(job.wrapping)
        middleware = try_factory(factory, name)
        self.box.end()
        self.send("ready", name)
        for sighting in explore(factory, middleware, job, doing=self.doing, sighted=self.sighted, tick=self.tick,
                                counted=lambda tally: self.send("tally", tally)):
            self.send("smallest", sighting)
        self.send("done", None)


def main(argument: str) -> None:
    """Run one life. Whatever the subject raises on import is told in one line."""
    job, channel, box = Child.inside(argument)
    try:
        _Worker(job, channel, box).run()
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


if __name__ == "__main__":
    main(sys.argv[1])
