"""What a run draws is a function of its seed, and leaves nothing behind."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase
from hypothesis import strategies as st

from wsgicheck.active.drawing import each


def drawn() -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    each(st.tuples(st.text(), st.integers()), 7, 200, Phase.generate)(found.append)()
    return found


def test_what_is_installed_as_source_is_not_drawn_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn()
    (tmp_path / "full_of_constants.py").write_text(
        "TEXTS = [" + ", ".join(f"'word {number}', {7919 * number}" for number in range(200)) + "]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("full_of_constants")
    assert drawn() == before
    assert len(set(before)) > 100


def test_no_folder_is_left_where_the_command_was_started(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'known words'] if environ.get('QUERY_STRING') else [b'text']\n")
    subprocess.run([sys.executable, "-m", "wsgicheck", "subject.py:application", "--max-examples", "20"], cwd=tmp_path,
                   check=False, capture_output=True, timeout=120)
    assert {path.name for path in tmp_path.iterdir()} <= {"subject.py", ".wsgicheck", "__pycache__"}
