"""What watching adds to a request in machine instructions, which repeat where times don't: fit to gate CI.

Valgrind's callgrind counts while the program is inside one function of Python's API (`_COUNTED_IN`), so that start-up
and warm-up stay out. `python -m benchmarks.instructions` compares with the budget beside this file and exits 1 beyond
it; `--write` sets the budget anew. Without valgrind it says so and exits 0, under CI (the variable CI is set) 1.
"""

from __future__ import annotations

import gc
import json
import operator
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .scenarios import SCENARIOS, environ_of, serve

__all__ = ["BUDGET", "added", "main"]

BUDGET = Path(__file__).with_name("instructions.json")
ALLOWANCE = 1.1
"""What a count may exceed its budget by: it repeats exactly in one environment; from one to the next the layout of
memory and Python's patch releases make up to 8 %. Of a chunk they make a fifth (212, 246 and 257 were seen of the same
code), for the bytes that are made and freed go to the allocator's edge in one and not in another; its budget is the
most that was seen."""
_COUNT = re.compile(r"Collected : (\d+)")
_COUNTED_IN = "PySequence_Index"
"""What operator.indexOf() is in C, and nothing else that runs here."""
_VERSION = "{}.{}".format(*sys.version_info)
"""Each minor version of Python counts differently, and has a budget of its own."""
_EXCHANGES = {"hello world": 50, "20 headers, 3 cookies": 25, "10,000 chunks": 1, "1 MiB upload": 10}


def run(number: int, watched: bool) -> None:
    """Be the program that is counted: serve scenario `number` some times, after as many to warm up."""
    scenario = SCENARIOS[number]
    application = scenario.application
    if watched:
        from wsgicheck.validator import validator

        application = validator(application, on_violation="raise")
    times = _EXCHANGES[scenario.name]
    # Until all has been seen that comes in few varieties (a minute's dates, say), and Python has specialised its code.
    for _ in range(70 if scenario.units == 1 else 2):
        serve(application, environ_of(scenario))
    environs = [environ_of(scenario) for _ in range(times)]
    # When the collector runs depends on what was made before; one run would outweigh all that is counted here.
    gc.collect()
    gc.disable()
    try:
        operator.indexOf(_each(application, environs), 1)
    except ValueError:  # there is no 1 to be found, only work to be done
        pass


def _each(application: Callable[..., Any], environs: list[dict[str, Any]]) -> Iterator[int]:
    for environ in environs:
        serve(application, environ)
        yield 0


def count(number: int, watched: bool) -> int:
    """Return the instructions that the exchanges of `run` take, in a new process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect={_COUNTED_IN}",
               sys.executable, "-m", "benchmarks.instructions", "run", str(number), str(int(watched))]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"})
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"valgrind failed: {done.stderr[-2000:]}")
    return int(found[1])


def added(number: int) -> int:
    """Return the instructions that `validator` adds to one unit (request or chunk) of scenario `number`."""
    scenario = SCENARIOS[number]
    return (count(number, True) - count(number, False)) // _EXCHANGES[scenario.name] // scenario.units


def _budgets() -> dict[str, dict[str, int]]:
    return json.loads(BUDGET.read_text()) if BUDGET.exists() else {}


def _judge(counts: dict[str, int]) -> int:
    budget = _budgets().get(_VERSION, {})
    if not budget:
        print(f"no budget for Python {_VERSION}: {counts}")
        return 0
    worst = 0
    for name, instructions in counts.items():
        share = instructions / budget[name]
        verdict = "fits" if share <= ALLOWANCE else "EXCEEDS"
        print(f"{name}: +{instructions} instructions {verdict} the budget of {budget[name]} ({share:.2f})")
        worst |= share > ALLOWANCE
    return int(worst)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    if arguments[:1] == ["run"]:
        run(int(arguments[1]), arguments[2] == "1")
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing counted")
        return 1 if os.environ.get("CI") else 0
    counts = {scenario.name: added(number) for number, scenario in enumerate(SCENARIOS)}
    if "--write" in arguments:
        BUDGET.write_text(json.dumps({**_budgets(), _VERSION: counts}, indent=2, sort_keys=True) + "\n")
        print(f"{BUDGET.name}: {counts}")
        return 0
    return _judge(counts)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
