"""check_server: plays every scene against a real server and judges what the wire and the probe show.

Laws: a run always ends in a Run, whatever the server does; a server that dies is started again, and its death
is a finding of the scene that brought it about; the run is a function of the server and the seed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase

from .. import __version__
from ..errors import HarnessError
from ..harness.program import curl_line, program
from ..harness.recipes import Recipe, for_command, recipe
from ..harness.session import Remote, Session
from ..harness.tape import settled, tape
from ..model.finding import Finding
from ..model.rule import HOLDS, NOT_APPLICABLE, SERVER, Card
from ..model.run import RuleResult, Run, RunVerdict, Subject
from ..model.scene import Scene, Seen
from ..model.wire import Wire
from ..rules import passive_rules
from ..rules.server import everyday, scenes
from ..selection import select as chosen_of
from .drawing import each
from .server_inputs import INPUTS

__all__ = ["check_all", "check_command", "check_server", "check_url", "server_cards"]

_LATE = "the time for this run was over"


class _Broken(Exception):
    """Raised inside Hypothesis, so that it shrinks."""


@dataclass(slots=True)
class _Sum:
    """What is known of one rule so far."""

    judged: int = 0
    verdict: RunVerdict = RunVerdict.UNEXERCISED
    evidence: str = ""
    scene: Scene | None = None
    drawn: Any = None
    seen: Seen = field(default_factory=Seen)
    wire: Wire = field(default_factory=Wire)
    count: int = 0
    error: str = ""


def server_cards() -> tuple[Card, ...]:
    """Return every card that a server run judges: the scenes, and the catalogue's rules that bind servers."""
    return (*scenes(), *(card for card in passive_rules() if card.binds is SERVER))


class _Check:
    """One run."""

    def __init__(self, session: Session, subject: str, *, select: Iterable[str], ignore: Iterable[str],
                 seed: int | None, examples: int, max_time: float, progress: Callable[[str, int, int], None] | None,
                 drawn: Mapping[str, Any] | None = None) -> None:
        self.session, self.subject, self.examples, self.progress = session, subject, examples, progress
        self.drawn = drawn or {}
        self.cards: Sequence[Card] = chosen_of(server_cards(), tuple(select), tuple(ignore))
        self.seed = random.randrange(2**32) if seed is None else seed
        self.begun = time.monotonic()
        self.max_time, self.until = max_time, self.begun + max_time
        self.sums: dict[str, _Sum] = {card.id: _Sum() for card in self.cards}
        self.exchanges = 0
        self.statuses: dict[int, int] = {}
        self.notes: list[str] = []

    # -- one scene ---------------------------------------------------------------------------------------
    def judge(self, card: Scene, drawn: Any = None) -> bool:
        """Play and judge once; true when the rule is broken."""
        seen, wire = self.session.perform(card, drawn)
        self.exchanges += 1
        for one in (wire, *wire.beside):
            for answer in one.answers:
                self.statuses[answer.code] = self.statuses.get(answer.code, 0) + 1
        total = self.sums[card.id]
        try:
            verdict = card(seen, wire)
        except Exception as error:
            total.verdict, total.error = RunVerdict.CRASHED, f"{type(error).__name__}: {error}"
            return False
        if seen.died and not isinstance(verdict, str):
            verdict = f"the server {seen.died} in this scene; expected it to go on"
        if verdict is NOT_APPLICABLE:
            return False
        total.judged += 1
        if verdict is HOLDS:
            if total.verdict is RunVerdict.UNEXERCISED:
                total.verdict = RunVerdict.HOLDS
            return False
        total.verdict, total.evidence = RunVerdict.BROKEN, str(verdict)
        total.scene, total.drawn, total.seen, total.wire = card, drawn, seen, wire
        total.count += 1
        return True

    def scene(self, card: Scene) -> None:
        """Judge a scene with each member of its family, until one breaks the rule."""
        if any(self.sums[g.id].verdict is RunVerdict.BROKEN for g in card.given if g.id in self.sums):
            return
        if not card.draws:
            self.judge(card)
            return
        if card.id in self.drawn:
            self.judge(card, self.drawn[card.id])
            return
        for drawn in card.examples_drawn:
            if self.judge(card, drawn):
                return
        strategy = INPUTS.get(card.draws)
        if strategy is None or self.examples <= 0:
            return
        check = self

        @each(strategy, self.seed, self.examples, Phase.generate, Phase.shrink)
        def explore(drawn: Any) -> None:
            if time.monotonic() < check.until and check.judge(card, drawn):
                raise _Broken

        try:
            explore()
        except _Broken:
            pass

    def watched(self) -> None:
        """Play the everyday scenes, under which the catalogue's own rules watch from inside."""
        wanted = [card for card in self.cards if not isinstance(card, Scene)]
        if not wanted:
            return
        for card in everyday():
            seen, wire = self.session.perform(card)
            self.exchanges += 1
            for event in seen.all("judged"):
                for name, times in event.facts.get("tally", {}).items():
                    if name in self.sums:
                        self.sums[name].judged += int(times)
                        if self.sums[name].verdict is RunVerdict.UNEXERCISED:
                            self.sums[name].verdict = RunVerdict.HOLDS
            for event in seen.all("broken"):
                total = self.sums.get(str(event.facts.get("rule")))
                if total is not None:
                    total.count += 1
                    if total.verdict is not RunVerdict.BROKEN:
                        total.verdict, total.evidence = RunVerdict.BROKEN, str(event.facts.get("evidence"))
                        total.scene, total.seen, total.wire = card, seen, wire
            for event in seen.all("crashed"):
                total = self.sums.get(str(event.facts.get("rule")))
                if total is not None:
                    total.verdict, total.error = RunVerdict.CRASHED, str(event.facts.get("error"))

    # -- the run -----------------------------------------------------------------------------------------
    def run(self) -> Run:
        """Play all and return the Run; raises HarnessError where the server does not start at all."""
        nothing = ""
        details: tuple[str, ...] = ()
        with self.session as session:
            details = session.details()
            # Each kind of callable needs a server of its own: one after the other, the usual one first.
            played = sorted((card for card in self.cards if isinstance(card, Scene)),
                            key=lambda c: c.kind != "function")
            if session.recipe is None:
                skipped = [card for card in played if card.kind != "function"]
                played = [card for card in played if card.kind == "function"]
                if skipped:
                    self.notes.append(f"{len(skipped)} rules need the server started with another kind of application")
            try:
                self.watched()
                for number, card in enumerate(played, 1):
                    if time.monotonic() > self.until:
                        self.notes.append(self.left_out(played[number - 1:]))
                        break
                    if self.progress is not None:
                        self.progress(card.name, number, len(played))
                    self.guarded(card)
            except HarnessError as error:
                self.notes.append(f"the run ended early: {error}")
        if not self.exchanges:
            nothing = "no scene could be played"
        elif not any(total.judged for total in self.sums.values()):
            nothing = "no rule could be judged"
        if self.session.restarts:
            self.notes.append(f"the server stopped serving {self.session.restarts} times and was started again")
        return self.report(details, nothing)

    def left_out(self, scenes: Sequence[Scene]) -> str:
        """Say which scenes there was no time for."""
        families = ", ".join(dict.fromkeys(scene.family for scene in scenes))
        return (f"{_LATE} ({self.max_time:.0f} s): {len(scenes)} of its scenes were not played, of {families}; "
                f"--max-time gives it more")

    def guarded(self, card: Scene) -> None:
        """Play a scene; where its kind of application does not start, that is its finding."""
        try:
            self.scene(card)
        except HarnessError as error:
            if card.kind == "function":
                raise
            total = self.sums[card.id]
            first = str(error).splitlines()[0]
            total.verdict, total.count, total.judged, total.scene = RunVerdict.BROKEN, 1, 1, card
            total.evidence = f"the server does not start with a {card.kind} as its application: {first}"

    def report(self, details: tuple[str, ...], nothing: str) -> Run:
        """Return the Run."""
        results = [RuleResult(card.id, card.family, card.level, self.sums[card.id].verdict, card.covers,
                              self.sums[card.id].judged) for card in self.cards]
        notes = [*self.notes, *(f"wsgicheck's own rule {name} crashed: {total.error}"
                                for name, total in self.sums.items() if total.error)]
        return Run(Subject("server", self.subject, details), self.seed, time.monotonic() - self.begun, self.exchanges,
                   tuple(results), tuple(self.findings()), nothing, tuple(notes),
                   statuses=dict(sorted(self.statuses.items())), version=__version__)

    def findings(self) -> list[Finding]:
        """Return a finding for each broken rule, the binding ones first."""
        recipe_ = self.session.recipe
        layers = (recipe_.layer, recipe_.title) if recipe_ is not None and recipe_.layer else ()
        found = []
        for card in sorted(self.cards, key=lambda card: -card.level.rank):
            total = self.sums[card.id]
            if total.verdict is RunVerdict.BROKEN:
                shell, code = self.reproduction(total)
                found.append(Finding(card.id, card.family, card.level, "server", settled(total.evidence),
                                     max(1, total.count), events=tape(total.seen, total.wire), layers=layers,
                                     program=code, shell=shell,
                                     given="" if total.drawn is None else repr(total.drawn)))
        return found

    def reproduction(self, total: _Sum) -> tuple[str, str]:
        """Return the line for the shell ("" where curl cannot say it) and the program that show a finding again."""
        scene = total.scene
        if scene is None:
            return "", ""
        place = self.session.place(scene)
        script = scene.steps(total.wire.asked)
        return curl_line(scene.id, script, total.wire, place), program(scene.id, script, place)


def _check(session: Session, subject: str, select: Iterable[str], ignore: Iterable[str], seed: int | None,
           examples: int,
           max_time: float, progress: Callable[[str, int, int], None] | None,
           drawn: Mapping[str, Any] | None = None) -> Run:
    return _Check(session, subject, select=select, ignore=ignore, seed=seed, examples=examples, max_time=max_time,
                  progress=progress, drawn=drawn).run()


def check_server(name: str | Recipe, *, select: Iterable[str] = (), ignore: Iterable[str] = (), seed: int | None = None,
                 examples: int = 8, max_time: float = 300.0,
                 progress: Callable[[str, int, int], None] | None = None,
                 drawn: Mapping[str, Any] | None = None) -> Run:
    """Install where needed, start and check the server that a recipe describes.

    Args:
        name: of a known recipe, or a Recipe.
        select, ignore: ids, families or levels of rules.
        seed: of what is drawn; None draws one.
        examples: drawn for each family of inputs, besides the fixed ones.
        max_time: seconds after which no further scene is played.
        progress: is told of each scene's name, its number, and how many there are.
        drawn: for a rule's id, what its scene is played with in place of what is drawn.

    Raises:
        ConfigError: no such recipe, or a word of select or ignore names no rule.
        HarnessError: the server cannot be installed or started; the message ends with its log's last lines.
    """
    found = name if isinstance(name, Recipe) else recipe(name)
    return _check(Session(found), found.name if found.name != "command" else found.title, select, ignore, seed,
                  examples,
                  max_time, progress, drawn)


def _unchecked(recipe_: Recipe, error: HarnessError, seed_: int | None) -> Run:
    """Return the Run of a server that was not checked: why not, and its log's last lines as notes."""
    why, *log = str(error).splitlines()
    return Run(Subject("server", recipe_.name), 0 if seed_ is None else seed_, 0.0, 0, (), (), why,
               tuple(settled(line.strip()) for line in log), version=__version__)


def check_all(names: Iterable[str], *, jobs: int = 2, select: Iterable[str] = (), ignore: Iterable[str] = (),
              seed: int | None = None, examples: int = 8, max_time: float = 300.0,
              progress: Callable[[str, int, int], None] | None = None) -> list[tuple[Recipe, Run]]:
    """Check several servers, `jobs` at a time; the run of one that cannot be checked says why not.

    `progress` is told of each server that is done, how many are, and how many there will be.
    Raises ConfigError as check_server does.
    """
    chosen = [recipe(name) for name in names]
    words = tuple(select), tuple(ignore)
    chosen_of(server_cards(), *words)
    done: list[str] = []

    def one(each: Recipe) -> tuple[Recipe, Run]:
        try:
            run = check_server(each, select=words[0], ignore=words[1], seed=seed, examples=examples,
                               max_time=max_time)
        except HarnessError as error:
            run = _unchecked(each, error, seed)
        done.append(each.name)
        if progress is not None:
            progress(each.name, len(done), len(chosen))
        return each, run

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            return list(pool.map(one, chosen))
        except BaseException:
            # Those that run end by themselves and stop their servers; no other one is begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def check_command(command: str, *, select: Iterable[str] = (), ignore: Iterable[str] = (), seed: int | None = None,
                  examples: int = 8, max_time: float = 300.0,
                  progress: Callable[[str, int, int], None] | None = None,
                  drawn: Mapping[str, Any] | None = None) -> Run:
    """Check the server that a command line with {host}, {port} and {app} starts; raises as check_server does."""
    return _check(Session(for_command(command)), command, select, ignore, seed, examples, max_time, progress, drawn)


def check_url(url: str, *, channel: str = "", select: Iterable[str] = (), ignore: Iterable[str] = (),
              seed: int | None = None, examples: int = 8, max_time: float = 300.0,
              progress: Callable[[str, int, int], None] | None = None, drawn: Mapping[str, Any] | None = None) -> Run:
    """Check a server on this machine that runs wsgicheck.harness.probe:application already.

    Args:
        channel: the channel's folder, as the server's $WSGICHECK_CHANNEL has it; "" for the usual one.
    """
    return _check(Session(None, Remote(url, channel)), url, select, ignore, seed, examples, max_time, progress, drawn)
