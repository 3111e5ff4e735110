"""The pages that show something, followed from top to bottom: what they say the terminal shows, it shows, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```\{code-block\} (\w+)\n:caption: ([^\n]+)\n\n(.*?)^```$", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.slow


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield (caption, text) of each block with a caption."""
    for found in _BLOCK.finditer((DOCS / page).read_text(encoding="utf-8")):
        yield found[2], found[3]


def run(commands: str, folder: Path) -> str:
    """Run the commands as a person does who stands in `folder`, and return what they print."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("WSGICHECK_", "PYTEST_", "PYTHON"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean.get('PATH', os.defpath)}"
    shown = ""
    for line in commands.splitlines():
        done = subprocess.run(line.removeprefix("$ "), shell=True, cwd=folder,
                              env={**clean, "PATH": path, "COLUMNS": "100"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              encoding="utf-8", timeout=300)
        shown += done.stdout
    return shown


def test_the_page_on_middleware(tmp_path: Path) -> None:
    pytest.importorskip("flask")
    shown, walked = "", 0
    for caption, text in blocks("middleware.md"):
        if caption == "terminal":
            shown = " ".join(run(text, tmp_path).split())
        elif caption == "what the terminal shows":
            at = 0
            # "…" stands for anything.
            for line in filter(None, (" ".join(part.split()) for part in re.split("…|\n", text))):
                found = shown.find(line, at)
                assert found >= 0, f"not shown, or not in this order: {line}\n{shown}"
                at = found + len(line)
            walked += 1
        else:
            (tmp_path / caption).write_text(text, encoding="utf-8")
    assert walked == 5
    # The tests that the page writes are tests.
    assert "2 passed" in run("$ pytest -q -k 'the_timer or the_layer'", tmp_path)
