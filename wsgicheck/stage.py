"""Stage: one case in, one exchange and its breaches out, with every rule speaking for itself.

The exemplary gateway plays the server, the application is spied on, and everything is recorded. Nothing
that the application raises leaves `perform`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .model.exchange import Exchange
from .model.finding import Site
from .model.gate import Gate
from .model.request import Case, Request
from .model.rule import Rule
from .plan import compile_plan
from .reference.gateway import Response, environ_of, serve
from .spies.handed_over import note_handed_over
from .spies.site import LIVE_MOMENTS, site_of
from .spies.spy import Spied

__all__ = ["Breach", "Observation", "Stage"]

@dataclass(frozen=True, slots=True)
class Breach:
    """One rule, broken in one exchange."""

    rule: Rule
    evidence: str
    site: Site | None


@dataclass(slots=True)
class Observation:
    """What one case showed.

    Attributes:
        exchanges: the facts, one for each call of the case's drive.
        response: what the gateway got from the last call.
        crashed: checks of ours that raised, with the exception's text.
    """

    case: Case
    exchanges: list[Exchange] = field(default_factory=list)
    response: Response = field(default_factory=Response)
    breaches: list[Breach] = field(default_factory=list)
    crashed: list[tuple[Rule, str]] = field(default_factory=list)

    @property
    def exchange(self) -> Exchange:
        """The last exchange."""
        return self.exchanges[-1]

    def evidence(self, rule_id: str) -> str | None:
        """Return the evidence that the rule with that id was broken, None if it was not."""
        for breach in self.breaches:
            if breach.rule.id == rule_id:
                return breach.evidence
        return None


class Stage:
    """Puts one application on stage, again and again.

    Args:
        application: the subject.
        rules: who judges.
        tally: counts by rule id how often each was applicable; shared with the caller.
        gates: spare the rules what is like something they have judged before; by default each looks at everything.
    """

    def __init__(self, application: Callable[..., Any], rules: Iterable[Rule],
                 tally: dict[str, int] | None = None, gates: Iterable[Gate] = ()) -> None:
        self.application = application
        self.tally: dict[str, int] = {} if tally is None else tally
        self._now = Observation(Case(Request()))
        plan = compile_plan(rules, self, tally=self.tally, gates=gates)
        self._spied = Spied(application, plan, begin=self._begin, done=None)

    def _begin(self, x: Exchange) -> None:
        case = self._now.case
        x.request, x.drive, x.body, x.events = case.request, case.drive, b"", []
        self._now.exchanges.append(x)

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        """Take a breach (part of the Sink protocol)."""
        self._now.breaches.append(Breach(rule, evidence, site_of(x, live=rule.at in LIVE_MOMENTS)))

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        """Take a check that raised (part of the Sink protocol)."""
        self._now.crashed.append((rule, f"{type(error).__name__}: {error}"))

    def perform(self, case: Case, environ: dict[str, Any] | None = None) -> Observation:
        """Make one case happen.

        Args:
            environ: is used in place of the one that the request makes.
        """
        now = self._now = Observation(case)
        for _ in range(max(1, case.drive.calls)):
            now.response = serve(self._spied, case.request, case.drive,
                                 environ_of(case.request) if environ is None else environ)
        if not now.exchanges:
            now.exchanges.append(Exchange())
        note_handed_over(now.exchange, now.response.body, now.response.error)
        return now

    def play(self, case: Case, server: Callable[[Any], Any]) -> Observation:
        """Let `server` run the watched application in its own way, and return what was observed."""
        now = self._now = Observation(case)
        server(self._spied)
        return now
