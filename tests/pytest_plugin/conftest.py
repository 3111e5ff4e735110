"""The fixture `suite`: a project in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_in_folder import BLOG, HELLO, Suite


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A project with a good and a bad application, and no tests."""
    made = Suite(tmp_path / "project")
    made.write(blog=BLOG, hello=HELLO)
    made.write_file("pytest.ini", "[pytest]\n")
    # So that no configuration of a folder above plays a part.
    made.write_file("wsgicheck.toml", "max-examples = 12\n")
    return made
