"""The child of a run over a middleware: imports it, explores it, shrinks what is broken, and reports home."""

from __future__ import annotations

import sys

from .life import Life, be_child
from .middleware_records import PairJob
from .middleware_run import chosen_cards, explore
from .pairs import PairSighting
from .wrapping import load_factory, try_factory

__all__ = ["main"]


class _Worker(Life[PairJob]):
    """One life of the child."""

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
    """Run one life."""
    be_child(argument, _Worker)


if __name__ == "__main__":
    main(sys.argv[1])
