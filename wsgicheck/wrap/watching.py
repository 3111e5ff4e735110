"""The watch over one application: what is judged, who is told, and how little of it anybody notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Finding, Site
from ..model.rule import Rule, Side
from ..plan import Plan, compile_plan
from ..rules import catalogue, passive_rules
from ..selection import select as select_rules
from ..show import show
from ..spies.site import LIVE_MOMENTS, site_of
from ..spies.spy import Spied

__all__ = ["PLACE", "Sighted", "Watch", "listen", "silence", "watched"]

PLACE = "wsgicheck_place"
"""Where an exchange's facts keep what to name as the user's line, when no stack can tell."""
_TEST = "wsgicheck_test"
_SPIED_ON = ("wsgi.input", "wsgi.errors", "wsgi.file_wrapper")


@dataclass(frozen=True, slots=True)
class Sighted:
    """One breach: the finding, and the test in whose requests it was seen ("" outside of any)."""

    finding: Finding
    test: str


class Watch:
    """Who judges and who is told; one at a time.

    Args:
        tell: is told of each breach, in whatever thread it happens.
        select, ignore: ids, families or levels of rules. Rules that bind the server are left out: it is the
            test client, and not in question.

    Raises:
        ConfigError: an unknown rule.
    """

    def __init__(self, tell: Callable[[Sighted], None], select: Iterable[str] = (), ignore: Iterable[str] = ()) -> None:
        mine = [rule for rule in passive_rules() if rule.binds is Side.APPLICATION]
        self.rules: tuple[Rule, ...] = select_rules(mine, select, ignore, known=catalogue())
        self.applied: dict[str, int] = {}
        """By rule id, how often it was applicable."""
        self.plan: Plan = compile_plan(self.rules, self, tally=self.applied)
        self.test = ""
        """The test that runs now."""
        self.crashed_rules: dict[str, str] = {}
        self.exchanges = 0
        self._tell = tell
        self._lock = threading.Lock()

    def begin(self, x: Exchange) -> None:
        """Note which test an exchange belongs to, since its end may come later."""
        vars(x)[_TEST] = self.test
        with self._lock:
            self.exchanges += 1

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        """Take a breach (part of the Sink protocol)."""
        facts = vars(x)
        site: Site | None = facts[PLACE] if PLACE in facts else site_of(x, live=rule.at in LIVE_MOMENTS)
        finding = Finding(rule.id, rule.family, rule.level, rule.binds.value, evidence, site=site)
        self._tell(Sighted(finding, facts.get(_TEST, "")))

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        """Take a check that raised (part of the Sink protocol)."""
        self.crashed_rules.setdefault(rule.id, show(error))


_now: Watch | None = None


def listen(watch: Watch) -> None:
    """Have all exchanges that begin from now on judged by `watch`."""
    global _now
    _now = watch


def silence() -> None:
    """Watch nothing from now on."""
    global _now
    _now = None


class _Watched:
    """An application under watch, which has the attributes of `application`."""

    def __init__(self, application: Callable[..., Any], plan: Plan, begin: Callable[[Exchange], None]) -> None:
        self.__wrapped__ = application
        self._wsgicheck = plan, begin

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        application = self.__wrapped__
        plan, begin = self._wsgicheck
        returned: list[Any] = []

        def kept(*args: Any, **keywords: Any) -> Any:
            returned.append(application(*args, **keywords))
            return returned[-1]

        # The user's line is looked for behind this name.
        kept.__wrapped__ = application  # type: ignore[attr-defined]
        environ = args[0] if args else keywords.get("environ")
        before = {key: environ[key] for key in _SPIED_ON if key in environ} if type(environ) is dict else {}
        answer = Spied(kept, plan, begin=begin)(*args, **keywords)
        original = returned[-1]
        if answer is original:
            return answer
        if type(original) in (list, tuple):
            # All of it is there: judged now, it can be passed on as the very object that a test may look for.
            for _ in answer:
                pass
            answer.close()
        elif not isinstance(original, (str, bytes)) and hasattr(original, "__iter__"):
            return answer
        # What is no body at all is passed on as well: whoever called is to trip over it in its own way.
        if type(environ) is dict:
            environ.update({key: value for key, value in before.items() if key in environ})
        return original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)


def watched(application: Any, begun: Callable[[Exchange], None] | None = None) -> Any:
    """Return `application` under watch: itself, where nobody listens, it is watched already, or is no callable.

    Args:
        begun: is told of each exchange that begins.
    """
    watch = _now
    if watch is None or isinstance(application, _Watched) or not callable(application):
        return application
    begin = watch.begin
    if begun is None:
        return _Watched(application, watch.plan, begin)
    tell = begun

    def both(x: Exchange) -> None:
        begin(x)
        tell(x)

    return _Watched(application, watch.plan, both)
