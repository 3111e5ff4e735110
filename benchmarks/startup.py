"""How long `wsgicheck --version` takes to start, beside the bare interpreter that imports click.

Laws: processes by turns, on the same interpreter, bytecode cached; medians. `python -m benchmarks.startup [ROUNDS]`
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

__all__ = ["main"]

ROUNDS = 25
COMMANDS = {
    "python, import click": [sys.executable, "-c", "import click"],
    "wsgicheck --version": [sys.executable, "-m", "wsgicheck", "--version"],
}


def seconds(command: list[str]) -> float:
    """Return the time that `command` takes from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main(rounds: int = ROUNDS) -> None:
    """Measure and print one line a command, and the ratio."""
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    bare, ours = (median(values) for values in times.values())
    for name, value in zip(COMMANDS, (bare, ours)):
        print(f"{name}: {value * 1000:.0f} ms")
    print(f"ratio: {ours / bare:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
