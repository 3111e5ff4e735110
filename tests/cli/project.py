"""A project in a folder of its own, and the command as a person runs it there, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Answer = subprocess.CompletedProcess[str]
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith("WSGICHECK_") and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH",
                                                               "DJANGO_SETTINGS_MODULE")}

GOOD = """\
def application(environ, start_response):
    body = b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
STR_BODY = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield "hello"
"""


class Project:
    """A folder with files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def python(self, *args: str, cwd: str = ".", env: Mapping[str, str] | None = None) -> Answer:
        """Run this Python with `args` in the project."""
        return subprocess.run([sys.executable, *args], cwd=self.folder / cwd, env={**CLEAN, **(env or {})},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", timeout=120)

    def run(self, *args: str, cwd: str = ".", env: Mapping[str, str] | None = None) -> Answer:
        """Run `wsgicheck` with `args` in the project."""
        return self.python("-m", "wsgicheck", *args, cwd=cwd, env=env)
