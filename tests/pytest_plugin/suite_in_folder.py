"""A project in a folder of its own, and pytest as a person runs it there, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("WSGICHECK_", "PYTEST_", "DJANGO_")) and name not in ("PYTHONPATH", "COLUMNS")}

BLOG = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield "hello"
"""
HELLO = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
"""


class Answer:
    """What one pytest run said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.text = done.returncode, done.stdout + done.stderr

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of pytest's last line: {"passed": 3, "failed": 1}."""
        last = [line for line in self.text.splitlines() if re.search(r"\b\d+ \w+.* in [\d.]+", line)][-1]
        found = re.findall(r"(\d+) (passed|failed|skipped|xfailed|xpassed|error|errors|deselected)", last)
        return {word: int(number) for number, word in found}

    def lines(self, start: str) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith(start)]


class Suite:
    """A folder with files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> None:
        """Write files; `test_a="..."` is test_a.py, and what has a suffix is passed by `write_file`."""
        for name, text in files.items():
            self.write_file(f"{name}.py", text)

    def write_file(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def pytest(self, *args: str, cwd: str = ".", env: Mapping[str, str] | None = None) -> Answer:
        return Answer(subprocess.run(
            [sys.executable, "-m", "pytest", "-rA", *args], cwd=self.folder / cwd,
            env={**CLEAN, "COLUMNS": "200", **(env or {})},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", timeout=300))
