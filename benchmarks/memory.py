"""What `validator` keeps of a body that is streamed: a gibibyte of it, in chunks of several sizes.

The resident set is read before the body and at its peak. `python -m benchmarks.memory [MEBIBYTES]`
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

from wsgicheck.validator import validator

from .scenarios import SCENARIOS, environ_of, serve

__all__ = ["main"]

MEBIBYTES = 1024
SIZES = (16, 1024, 64 * 1024, 1 << 20)


def peak() -> int:
    """Return the largest resident set so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def streaming(size: int, total: int) -> Callable[..., Any]:
    """Return an application that yields `total` bytes in new chunks of `size`."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        for _ in range(total // size):
            yield bytes(size)

    return application


def main(mebibytes: int = MEBIBYTES) -> None:
    """Stream and print one line a size of chunks."""
    for size in SIZES:
        # Chunks of a few bytes are many: a sixteenth of the amount says as much.
        total = (mebibytes << 20) >> (4 if size < 1024 else 0)
        before = peak()
        serve(validator(streaming(size, total), ignore=["advice"]), environ_of(SCENARIOS[0]))
        print(f"{total >> 20} MiB in chunks of {size} bytes: {peak() - before} KiB more at the peak")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
