"""What it costs to draw a request: `python -m benchmarks.drawing [examples]`.

Prints microseconds a draw, the median over examples of the time from one call of a @given test to the next,
beside what Hypothesis itself needs for as many draws of single integers and for one.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from wsgicheck import strategies
from wsgicheck.strategies import Endpoint, Material

KNOWN = Material(
    endpoints=tuple(Endpoint(f"/page{i}", query_names=("q", "page"), form_names=("user", "password"))
                    for i in range(200)),
    query_names=tuple(f"name{i}" for i in range(100)), query_values=tuple(f"value{i}" for i in range(100)),
    headers=tuple((f"HTTP_X_{i}", "1") for i in range(20)))


def median_draw(strategy: st.SearchStrategy[Any], examples: int) -> tuple[float, float]:
    """Return the median and the mean number of microseconds from one drawn example to the next."""
    times: list[float] = []

    @seed(1)
    @settings(max_examples=examples, database=None, phases=[Phase.generate], deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(_: Any) -> None:
        times.append(time.perf_counter())

    draw()
    gaps = [(after - before) * 1e6 for before, after in itertools.pairwise(times)]
    return statistics.median(gaps), statistics.fmean(gaps)


def main() -> None:
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    integer = st.integers(0, 10_000)
    measured: dict[str, st.SearchStrategy[Any]] = {
        "one integer": integer,
        "fifteen integers": st.tuples(*[integer] * 15),
        "requests()": strategies.requests(),
        "requests(200 endpoints)": strategies.requests(KNOWN),
        "cases()": strategies.cases(),
        "environs()": strategies.environs(),
    }
    print(f"{'strategy':26}{'median µs':>10}{'mean µs':>10}")
    for name, strategy in measured.items():
        median, mean = median_draw(strategy, examples)
        print(f"{name:26}{median:10.0f}{mean:10.0f}")


if __name__ == "__main__":
    main()
