"""The miniatures of fixtures/middleware/, and what a run says of each; also writes the kill matrix."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wsgicheck.active.middleware import check_middleware
from wsgicheck.active.options import Options
from wsgicheck.model.run import Run

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "fixtures" / "middleware"
MATRIX = FOLDER / "kills.tsv"
HEADER = "miniature\tdefect\tbroken\n"


def _module(name: str) -> Any:
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


def miniatures() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Yield each miniature's name, its factory, and the rule that it breaks ("" for the legal ones)."""
    faulty, legal = _module("faulty"), _module("legal")
    for name, rule in faulty.FAULTY.items():
        yield name, getattr(faulty, name), rule
    for name in legal.LEGAL:
        yield name, getattr(legal, name), ""


def check(factory: Callable[..., Any]) -> Run:
    """Run the gallery and a few drawn pairs through the miniature."""
    return check_middleware(factory, options=Options(seed=1, max_examples=10, max_time=300, shrink=False))


def row(name: str, rule: str, run: Run) -> str:
    """Return the miniature's line in the matrix."""
    broken = " ".join(sorted(finding.rule for finding in run.findings))
    return f"{name}\t{rule or 'none'}\t{broken or 'none'}\n"


def committed() -> dict[str, str]:
    """Return the committed matrix by miniature."""
    lines = MATRIX.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    return {line.partition("\t")[0]: line for line in lines}


def main() -> None:
    """Write the matrix anew."""
    MATRIX.write_text(HEADER + "".join(row(name, rule, check(factory)) for name, factory, rule in miniatures()),
                      encoding="utf-8")


if __name__ == "__main__":
    main()
