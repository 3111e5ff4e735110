"""validator(app): watches a WSGI application while the real server runs it.

A drop-in for wsgiref.validate.validator, with the whole catalogue in place of a wall of asserts.
Standard library only.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Literal

from .errors import ConfigError, RuleBroken, WsgicheckWarning
from .model.exchange import Exchange
from .model.finding import Finding, Site
from .model.rule import Level, Rule
from .plan import Plan, Sink, compile_plan
from .rules import passive_rules
from .rules.gates import gates
from .selection import select as select_rules
from .show import show
from .spies.layers import Blame, Layers, LayerSpied
from .spies.recorder import Recorder
from .spies.site import LIVE_MOMENTS, site_of
from .spies.spy import Spied

__all__ = ["OnViolation", "Validator", "validator"]

OnViolation = Literal["raise", "warn", "log"] | Callable[[Finding], None]
_MOST_PLACES = 4096
log = logging.getLogger("wsgicheck")


@cache
def exception_of(rule: str) -> type[RuleBroken]:
    """Return the exception class of the rule with that id."""
    name = "".join(part.capitalize() for part in rule.split("-"))
    return type(name, (RuleBroken,), {"rule": rule, "__module__": RuleBroken.__module__})


def message(finding: Finding, rule: Rule) -> str:
    """Return the finding as one line for a person: where, which rule, what is wrong."""
    place = f"{finding.site.file}:{finding.site.line}: " if finding.site else ""
    stack = f" (layers: {' -> '.join(finding.layers)})" if finding.layers else ""
    return f"{place}{finding.name} [{finding.level.value.upper()}, {finding.culprit}]: {finding.evidence}{stack}"


class _Reporter(Sink):
    """Turns breaches into findings, each place once, and gives them to whoever wants them."""

    def __init__(self, deliver: Callable[[Finding, Rule], None], every_time: bool) -> None:
        self._deliver = deliver
        self._every_time = every_time
        self._seen: set[tuple[str, Site | None]] = set()
        self._lock = threading.Lock()

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self.blamed(rule, x, Blame(rule.binds.value, (), evidence, site_of(x, live=rule.at in LIVE_MOMENTS)))

    def blamed(self, rule: Rule, x: Exchange, blame: Blame) -> None:
        """Take a breach whose culprit is known."""
        if not self._every_time:
            with self._lock:
                if (rule.id, blame.site) in self._seen or len(self._seen) >= _MOST_PLACES:
                    return
                self._seen.add((rule.id, blame.site))
        self._deliver(Finding(rule.id, rule.family, rule.level, blame.culprit, blame.evidence, site=blame.site,
                              layers=blame.layers), rule)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        log.error("wsgicheck's own check %s failed: %s (please report it; the application is not to blame)",
                  rule.name, show(error), exc_info=error)


def _raise(finding: Finding, rule: Rule) -> None:
    if rule.level is not Level.MUST:
        _warn(finding, rule)
        return
    error = exception_of(rule.id)(message(finding, rule))
    error.evidence = finding.evidence
    raise error


def _warn(finding: Finding, rule: Rule) -> None:
    if finding.site is None:
        warnings.warn(message(finding, rule), WsgicheckWarning, stacklevel=2)
    else:
        # Attributed to the user's line, so that "once per place" and -W filters mean that place.
        warnings.warn_explicit(message(finding, rule), WsgicheckWarning, finding.site.file, finding.site.line)


_LOG_LEVELS = {Level.MUST: logging.ERROR, Level.SHOULD: logging.WARNING, Level.ADVICE: logging.INFO}


def _log(finding: Finding, rule: Rule) -> None:
    log.log(_LOG_LEVELS[rule.level], "%s\n    %s", message(finding, rule), rule.title)


class Validator(Spied):
    """The watched application that `validator` returns; callable as the application itself is."""

    __slots__ = ()


class SamplingValidator(Validator):
    """A Validator that watches a share of the requests and leaves the others alone."""

    __slots__ = ("_share",)

    def __init__(self, application: Callable[..., Any], plan: Plan, share: float) -> None:
        super().__init__(application, plan)
        self._share = share

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        # Sampling decides what is watched and nothing that anyone could attack.
        if random.random() >= self._share:
            return self.__wrapped__(*args, **keywords)
        return super().__call__(*args, **keywords)


class RecordingValidator(Validator):
    """A Validator that also writes down the requests it watches."""

    __slots__ = ("_recorder", "_share")

    def __init__(self, application: Callable[..., Any], plan: Plan, share: float, recorder: Recorder) -> None:
        super().__init__(application, plan, begin=recorder.begin, done=recorder.done)
        self._share = share
        self._recorder = recorder

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if self._share < 1 and random.random() >= self._share:
            return self.__wrapped__(*args, **keywords)
        self._recorder.enter(args[0] if args else keywords.get("environ"))
        return super().__call__(*args, **keywords)


class LayeredValidator(LayerSpied, Validator):
    """A Validator that watches each layer of a stack, and knows which of them broke a rule."""

    __slots__ = ("_recorder", "_share")

    def __init__(self, application: Callable[..., Any], layers: Layers, share: float,
                 recorder: Recorder | None) -> None:
        super().__init__(application, layers, done=recorder.done if recorder is not None else None)
        self._share, self._recorder = share, recorder
        layers.watch()

    def _begin(self, x: Exchange) -> None:
        super()._begin(x)
        if self._recorder is not None:
            self._recorder.begin(x)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if self._share < 1 and random.random() >= self._share:
            return self.__wrapped__(*args, **keywords)
        if self._recorder is not None:
            self._recorder.enter(args[0] if args else keywords.get("environ"))
        return super().__call__(*args, **keywords)


def validator(application: Callable[..., Any], *, on_violation: OnViolation = "raise",
              select: Iterable[str] = (), ignore: Iterable[str] = (), sample: float = 1.0,
              record: str | os.PathLike[str] = "", layers: bool = False) -> Validator:
    """Wrap `application` so that every exchange with it is judged by the rules of PEP 3333.

    Args:
        on_violation: "raise" raises a RuleBroken (an AssertionError) for a MUST and issues a
            WsgicheckWarning for a SHOULD or ADVICE; "warn" issues a warning for all; "log" logs to the
            logger "wsgicheck" (each place once); a callable receives each place's Finding once.
        select: ids, families or levels of the rules to judge; all, if empty.
        ignore: ids, families or levels to leave out.
        sample: the share of requests that are watched, from 0 to 1.
        record: a file to which each watched request is appended, to be asked again by
            `wsgicheck --traffic FILE`. It holds cookies and passwords as they came.
        layers: watch each middleware of a stack by itself, so that a finding's culprit is the layer that broke the
            rule, and `layers` of the finding shows where in the stack. From then on a spy stands in the place where
            each layer keeps the one within (`self.app`, `Flask.wsgi_app`, a variable of a closure), and each request
            costs as much more as there are layers.

    Returns:
        An application that answers as `application` does, byte for byte and exception for exception,
        with the same len() and the server's own file wrapper; attributes are passed on.

    Raises:
        ConfigError: an unknown rule, a sample outside 0 to 1, an unknown on_violation, an application
            that is not callable, a file that cannot be recorded to.
    """
    if not callable(application):
        raise ConfigError(f"validator() wraps a callable, not {show(application)}")
    if not 0 <= sample <= 1:
        raise ConfigError(f"sample is a share from 0 to 1, not {show(sample)}")
    if on_violation == "raise":
        reporter = _Reporter(_raise, every_time=True)
    elif on_violation == "warn":
        reporter = _Reporter(_warn, every_time=True)
    elif on_violation == "log":
        reporter = _Reporter(_log, every_time=False)
    elif callable(on_violation):
        receive = on_violation
        reporter = _Reporter(lambda finding, rule: receive(finding), every_time=False)
    else:
        raise ConfigError(f'on_violation is "raise", "warn", "log" or a callable, not {show(on_violation)}')
    rules = passive_rules()
    chosen = select_rules(rules, select, ignore)
    if layers:
        stack = Layers(application, chosen, reporter.blamed, reporter.crashed, gates=gates())
        return LayeredValidator(application, stack, sample, Recorder(os.fspath(record)) if record else None)
    plan = compile_plan(chosen, reporter, gates=gates())
    if record:
        return RecordingValidator(application, plan, sample, Recorder(os.fspath(record)))
    return Validator(application, plan) if sample == 1 else SamplingValidator(application, plan, sample)
