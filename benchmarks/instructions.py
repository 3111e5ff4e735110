"""What watching adds to a request in machine instructions, which repeat where times don't: fit to gate CI.

Valgrind's callgrind counts two runs of the same program, one with more exchanges than the other; the difference is
theirs alone. `python -m benchmarks.instructions` compares with the budget beside this file and exits 1 beyond it;
`--write` sets the budget anew. Without valgrind it says so and exits 0, under CI (the variable CI is set) 1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .scenarios import SCENARIOS, environ_of, serve

__all__ = ["BUDGET", "added", "main"]

BUDGET = Path(__file__).with_name("instructions.json")
ALLOWANCE = 1.05
"""What a count may exceed its budget by: callgrind repeats to 1.5 %, and Python's patch releases differ a little."""
_COUNT = re.compile(r"Collected : (\d+)")
_EXCHANGES = {"hello world": 200, "20 headers, 3 cookies": 100, "10,000 chunks": 1, "1 MiB upload": 50}


def run(number: int, watched: bool, times: int) -> None:
    """Be the program that is counted: serve scenario `number` that often, after as much again to warm up."""
    scenario = SCENARIOS[number]
    application = scenario.application
    if watched:
        from wsgicheck.validator import validator

        application = validator(application, on_violation="raise")
    for _ in range(_EXCHANGES[scenario.name] + times):
        serve(application, environ_of(scenario))


def count(number: int, watched: bool, times: int) -> int:
    """Return the instructions that `run` with these arguments takes in a new process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-m",
               __spec__.name, "run", str(number), str(int(watched)), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"})
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"valgrind failed: {done.stderr[-2000:]}")
    return int(found[1])


def added(number: int) -> int:
    """Return the instructions that `validator` adds to one unit (request or chunk) of scenario `number`."""
    scenario = SCENARIOS[number]
    times = _EXCHANGES[scenario.name]
    one = [count(number, watched, times) - count(number, watched, 0) for watched in (True, False)]
    return (one[0] - one[1]) // times // scenario.units


def _judge(counts: dict[str, int]) -> int:
    budget = json.loads(BUDGET.read_text())
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
        run(int(arguments[1]), arguments[2] == "1", int(arguments[3]))
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing counted")
        return 1 if os.environ.get("CI") else 0
    counts = {scenario.name: added(number) for number, scenario in enumerate(SCENARIOS)}
    if "--write" in arguments:
        BUDGET.write_text(json.dumps(counts, indent=2) + "\n")
        print(f"{BUDGET.name}: {counts}")
        return 0
    return _judge(counts)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
