"""What watching adds to a request: `validator` beside wsgiref.validate, webtest.lint and werkzeug's LintMiddleware.

Laws: all are measured in one process, a few exchanges each by turns, so that what slows the machine down slows them
alike; each has application and server to itself, as in life, since Python fits the code of a function to whom it was
last called with, and who comes next would pay for that; each sample of a watcher is paired with the bare
application's of the same round; what is printed is the median of the differences. Needs Werkzeug and WebTest.
`python -m benchmarks.overhead [SHARE]`, where a share below 1 makes it shorter.
"""

from __future__ import annotations

import gc
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median
from types import FunctionType
from typing import Any
from wsgiref.validate import validator as wsgiref_validator

from webtest.lint import middleware as webtest_lint
from werkzeug.middleware.lint import LintMiddleware

from wsgicheck.model.finding import Finding
from wsgicheck.rules import passive_rules
from wsgicheck.validator import validator

from .scenarios import SCENARIOS, Scenario, environ_of, serve

__all__ = ["main", "measure"]

App = Callable[..., Any]


def _alarm(finding: Finding) -> None:
    raise SystemExit(f"a scenario of the benchmark is not legal: {finding}")


WATCHERS: dict[str, App] = {
    "bare": lambda application: application,
    "wsgicheck": lambda application: validator(application, on_violation=_alarm),
    "wsgiref.validate": wsgiref_validator,
    "webtest.lint": webtest_lint,
    "werkzeug LintMiddleware": LintMiddleware,
}


def own(function: Callable[..., Any]) -> Any:
    """Return a function that does the same and shares no code with `function`."""
    return FunctionType(function.__code__.replace(), function.__globals__)


def sample(ask: App, application: App, scenario: Scenario) -> float:
    """Return the median of the seconds that one exchange took, of a few in a row; building environs is not timed."""
    clock, times = time.perf_counter, []
    for _ in range(scenario.row):
        environ = environ_of(scenario)
        begin = clock()
        ask(application, environ)
        times.append(clock() - begin)
    # The first ones find the processor's caches full of another watcher's code.
    return median(times[scenario.row // 2:])


def measure(scenario: Scenario, share: float) -> dict[str, float]:
    """Return, for each watcher, the median of the seconds that it adds to one unit; for "bare", its own.

    Args:
        share: of the scenario's rounds that are run.
    """
    candidates = [(name, own(serve), watch(own(scenario.application))) for name, watch in WATCHERS.items()]
    added: dict[str, list[float]] = {name: [] for name in WATCHERS}
    warm_up = max(2, scenario.rounds // 20)
    gc.disable()
    try:
        for number in range(-warm_up, max(5, int(scenario.rounds * share))):
            turn = number % len(candidates)
            times = {name: sample(ask, application, scenario)
                     for name, ask, application in candidates[turn:] + candidates[:turn]}
            if number >= 0:
                for name, seconds in times.items():
                    added[name].append(seconds if name == "bare" else seconds - times["bare"])
            if number % 100 == 0:
                gc.collect()
    finally:
        gc.enable()
    return {name: median(values) / scenario.units for name, values in added.items()}


def row(scenario: Scenario, added: dict[str, float]) -> str:
    """Return one line of the table, in Markdown."""
    scale, unit = (1e9, "ns") if scenario.per == "chunk" else (1e6, "µs")
    ours = added["wsgicheck"]
    peers = {name: value for name, value in added.items() if name not in ("bare", "wsgicheck")}
    cells = [scenario.name, f"{added['bare'] * scale:.1f} {unit} a {scenario.per}", f"+{ours * scale:.1f}"]
    cells += [f"+{value * scale:.1f}" for value in peers.values()]
    cells += [f"{ours / peers['wsgiref.validate']:.2f}", f"{ours / min(peers.values()):.2f}"]
    return "| " + " | ".join(cells) + " |"


def main(share: float = 1.0) -> None:
    """Measure all scenarios and print the table."""
    warnings.simplefilter("ignore")
    print(f"Time added by watching; {len(passive_rules())} rules selected, CPython {sys.version.split()[0]}\n")
    print("| exchange | bare | wsgicheck | wsgiref.validate | webtest.lint | werkzeug LintMiddleware "
          "| of wsgiref's | of the lightest peer's |")
    print("|---|---|---|---|---|---|---|---|")
    for scenario in SCENARIOS:
        print(row(scenario, measure(scenario, share)), flush=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
