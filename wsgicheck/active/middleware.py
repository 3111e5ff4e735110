"""The run over a middleware: it stands between our gateway with drawn environs and drawn legal applications."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from ..errors import ConfigError, TargetError, WsgicheckError
from ..harness.child import Death
from ..model.exchange import Exchange
from ..model.moments import Fate
from ..model.request import Case
from ..model.run import Run
from ..reference.repertoire import Recipe
from ..rules import process_rules
from .application import Progress, _import_death
from .life import live
from .middleware_records import PairJob
from .middleware_run import chosen_cards, explore, report
from .options import Options
from .pairs import PairSighting
from .records import Tally
from .wrapping import Wrapping, try_factory

__all__ = ["check_middleware"]

_LIVES = 6
_SPARE_SECONDS = 5.0


class _Check:
    """One run with children."""

    def __init__(self, wrapping: Wrapping, options: Options, progress: Callable[[Progress], None] | None,
                 pairs: tuple[tuple[Case, Recipe], ...] = ()) -> None:
        self.wrapping, self.options, self.progress, self.pairs = wrapping, options, progress, pairs
        self.seed = secrets.randbelow(2**32) if options.seed is None else options.seed
        self.begun = time.monotonic()
        self.deadline = self.begun + options.max_time
        self.told = {card.id for card in chosen_cards(options)}
        self.name = ""
        self.tally, self.life = Tally(), Tally()
        self.sightings: dict[str, PairSighting] = {}
        self.notes: list[str] = []
        self.avoid: list[tuple[Case, Recipe | None]] = []

    def hear(self, kind: str, payload: object) -> None:
        if isinstance(payload, PairSighting):
            known = self.sightings.get(payload.rule)
            if known is None or kind == "smallest":
                self.sightings[payload.rule] = payload
        elif isinstance(payload, Tally):
            self.life = payload
            if self.progress is not None:
                self.progress(Progress(
                    self.tally.examples + payload.examples, self.options.max_examples,
                    self.tally.exchanges + payload.exchanges,
                    {name: one.evidence for name, one in self.sightings.items()},
                    max(0.0, self.deadline - time.monotonic())))
        elif kind == "ready":
            self.name = str(payload)
        elif kind == "target":
            raise TargetError(str(payload))
        elif kind == "config":
            raise ConfigError(str(payload))
        elif kind == "bug":
            raise WsgicheckError(f"wsgicheck itself failed in the child: {payload}")

    def live(self, job: PairJob) -> Death | None:
        """Run one child to its end; return how it died, None if it did its work."""
        return live("wsgicheck.active.middleware_worker", job, self.options, job.seconds + _SPARE_SECONDS, self.hear)

    def judge(self, death: Death) -> bool:
        """Turn the end of a child into a sighting; return whether it is known what it was doing."""
        doing = death.doing
        if not isinstance(doing, tuple) or len(doing) != 2 or not isinstance(doing[0], Case):
            self.notes.append(f"the process ended between two requests: {death.detail}")
            return False
        case, recipe = doing
        for rule in process_rules():
            verdict = rule.check(Exchange(), Fate(death.kind, death.detail))
            if isinstance(verdict, str) and rule.id in self.told:
                self.sightings.setdefault(rule.id, PairSighting(rule.id, verdict, case, recipe))
                self.tally.broken[rule.id] = self.tally.broken.get(rule.id, 0) + 1
        again = any(known.request == case.request for known, _ in self.avoid)
        self.avoid.append((Case(case.request), None) if again else (case, recipe))
        return True

    def run(self) -> Run:
        options, cut_short = self.options, False
        for life in range(1 if self.pairs else _LIVES):
            left = self.deadline - time.monotonic()
            if life and left < 0.5:
                cut_short = True
                break
            death = self.live(PairJob(self.wrapping, options, self.seed, options.max_examples, max(left, 0.5),
                                      tuple(self.avoid), self.pairs))
            if death is not None and death.doing == "import":
                raise TargetError(_import_death(self.wrapping.target, death))
            # A later life asks everything again, apart from what ended the one before.
            self.tally.broken |= self.life.broken
            self.life.broken = self.tally.broken
            self.tally, self.life = self.life, Tally()
            if death is None:
                cut_short = self.tally.examples < options.max_examples
                break
            if not self.judge(death):
                break
        if self.avoid:
            self.notes.append(f"{len(self.avoid)} requests ended the process and were left out from then on")
        return report(self.wrapping, options, name=self.name, seed=self.seed, seconds=time.monotonic() - self.begun,
                      tally=self.tally, sightings=self.sightings, notes=self.notes, cut_short=cut_short)


def _name_of(factory: Callable[..., Any]) -> str:
    module, name = getattr(factory, "__module__", None), getattr(factory, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str):
        return f"{module}:{name}"
    return f"an instance of {type(factory).__module__}:{type(factory).__qualname__}"


def check_middleware(target: str | Callable[..., Any], *, arguments: dict[str, Any] | None = None,
                     configuration: str = "", calls: int = 1, pairs: tuple[tuple[Case, Recipe], ...] = (),
                     options: Options | None = None,
                     progress: Callable[[Progress], None] | None = None) -> Run:
    """Check a middleware from both sides, with drawn requests and drawn legal applications.

    Args:
        target: "pkg.mod:factory", "pkg.mod:Class" or "path/to/file.py:factory", which is imported and run in a
            child process; or the factory itself, a callable that takes an application and returns the middleware
            around it, which is run in this process and without the protection against hangs and exits.
        arguments: keyword arguments that the factory gets besides the application.
        configuration: a file with a Python expression (see Wrapping); for a target that is a str.
        calls: how often the middleware is meant to call the application for one request, at most.
        pairs: requests and applications to be tried in place of drawn ones; for a target that is a str.
        progress: is told how far the run is, several times a second.

    Raises:
        TargetError: the target cannot be imported, or gives no middleware.
        ConfigError: an option, an argument or the configuration is wrong.
        WsgicheckError: a bug of ours in the child.
    """
    settings = options or Options()
    given = tuple((arguments or {}).items())
    if isinstance(target, str):
        return _Check(Wrapping(target, given, configuration, calls), settings, progress, pairs).run()
    if not callable(target):
        raise TargetError(f"a middleware is named by a str or is a callable, not {type(target).__name__}")
    if configuration:
        raise ConfigError("a configuration file goes with a target that is named; pass the arguments themselves")
    return _check_here(target, Wrapping(_name_of(target), given, "", calls), settings, progress)


def _check_here(target: Callable[..., Any], wrapping: Wrapping, options: Options,
                progress: Callable[[Progress], None] | None) -> Run:
    begun = time.monotonic()
    keywords = dict(wrapping.arguments)

    def factory(application: Any) -> Any:
        return target(application, **keywords)

    tallies: list[Tally] = [Tally()]
    sightings: dict[str, PairSighting] = {}

    def sighted(sighting: PairSighting) -> None:
        sightings[sighting.rule] = sighting

    def tick(tally: Tally) -> None:
        if progress is not None:
            progress(Progress(tally.examples, options.max_examples, tally.exchanges,
                              {name: one.evidence for name, one in sightings.items()},
                              max(0.0, begun + options.max_time - time.monotonic())))

    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    job = PairJob(wrapping, options, seed, options.max_examples, options.max_time)
    for sighting in explore(factory, try_factory(factory, wrapping.target), job, doing=lambda what: None,
                            sighted=sighted, tick=tick, counted=tallies.append):
        sightings[sighting.rule] = sighting
    return report(wrapping, options, name="", seed=seed, seconds=time.monotonic() - begun, tally=tallies[-1],
                  sightings=sightings, cut_short=tallies[-1].examples < options.max_examples)
