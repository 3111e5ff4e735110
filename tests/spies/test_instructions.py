"""Watching keeps to its budget of machine instructions, which repeat where times don't."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None and not os.environ.get("CI"), reason="valgrind is not installed")
def test_watching_keeps_to_its_budget() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks.instructions"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
