"""How much sooner pytest is through with the rules of applications when workers of xdist divide them.

Laws: the sites are those of fixtures/apps; one process (-n 0) and several are measured by turns in one run, each from
the same seed; what is printed is the median of each and their ratio. Beside the time that passed stands the time of the
processors, which says what the ratio can be where each worker has a core to itself, whatever else the machine does.
`python -m benchmarks.pytest_workers [WORKERS [ROUNDS [EXAMPLES]]]`
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

__all__ = ["main"]

APPS = Path(__file__).parent.parent / "fixtures" / "apps"
SITES = {
    "the polls": ("polls_site.wsgi:application",),
    "the shop": ("shop:app",),
    "the polls and the shop": ("polls_site.wsgi:application", "shop:app"),
}
EXAMPLES = 200


def seconds(folder: Path, targets: tuple[str, ...], workers: int, examples: int) -> tuple[float, float]:
    """Return how long one run of pytest takes, and what it and all its children take of the processors."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers), "--wsgicheck-seed",
               "1", "--wsgicheck-max-examples", str(examples), "--wsgicheck-max-time", "600"]
    for target in targets:
        command += ["--wsgicheck", target]
    begin, before = time.perf_counter(), _processors()
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    took, used = time.perf_counter() - begin, _processors() - before
    if done.returncode not in (0, 1) or " passed" not in done.stdout:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}")
    return took, used


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(workers: int = 2, rounds: int = 3, examples: int = EXAMPLES) -> None:
    """Measure and print a line for each set of sites."""
    print(f"{examples} requests for each, {os.cpu_count()} cores, {rounds} rounds by turns")
    with tempfile.TemporaryDirectory(prefix="wsgicheck-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {APPS / 'polls'} {APPS / 'shop'}\n")
        for title, targets in SITES.items():
            alone, together = [], []
            for _ in range(rounds):
                alone.append(seconds(folder, targets, 0, examples))
                together.append(seconds(folder, targets, workers, examples))
            one, several = (median(took for took, _ in runs) for runs in (alone, together))
            work, divided = (median(used for _, used in runs) for runs in (alone, together))
            print(f"{title}: -n 0 {one:.1f} s, -n {workers} {several:.1f} s, {one / several:.2f} times as fast; "
                  f"of the processors {work:.1f} s and {divided:.1f} s: at best {work / divided * workers:.2f} times")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
