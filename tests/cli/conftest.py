"""A project in a folder of its own, for each test of the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from project import Answer, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    # A folder below it, so that no configuration of a folder above plays a part.
    (tmp_path / "wsgicheck.toml").write_text("", encoding="utf-8")
    folder = tmp_path / "site"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def refused() -> Callable[[Answer], str]:
    """Return the one line with which a wrong request was refused."""

    def line(answer: Answer) -> str:
        assert answer.returncode == 2, answer
        assert answer.stdout == ""
        assert "Traceback" not in answer.stderr
        lines = answer.stderr.splitlines()
        assert len(lines) == 1, answer.stderr
        assert lines[0].startswith("wsgicheck: error: ")
        assert lines[0].isprintable()
        return lines[0]

    return line
