"""The pages of docs/development, followed on real servers: what they say the terminal shows, it shows once."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from pages import PAGES, ROOT, follow

from wsgicheck.errors import HarnessError
from wsgicheck.harness.environments import environment
from wsgicheck.harness.recipes import recipe

HERE = Path(sys.executable).parent


def test_every_page_of_the_table_is_there() -> None:
    names = {path.stem for path in PAGES.glob("*.md")}
    assert names >= {"index", "django", "flask", "pyramid", "gunicorn", "uwsgi", "mod_wsgi", "pytest", "recipes"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "needs"), [("flask.md", "flask"), ("django.md", "django"), ("pyramid.md", "pyramid"),
                                             ("gunicorn.md", "gunicorn")])
def test_page(name: str, needs: str, tmp_path: Path) -> None:
    pytest.importorskip(needs)
    follow(name, tmp_path, HERE)


def _bin_of(server: str) -> Path:
    try:
        return environment(recipe(server)).parent
    except HarnessError as error:
        pytest.skip(f"{server} cannot be installed here: {error}")


@pytest.mark.slow
def test_page_of_uwsgi(tmp_path: Path) -> None:
    follow("uwsgi.md", tmp_path, _bin_of("uwsgi"), extra={"PYTHONPATH": str(ROOT)})


@pytest.mark.slow
def test_page_of_mod_wsgi() -> None:
    server = _bin_of("mod-wsgi-pip-embedded")
    more = "--user www-data --group www-data" if os.geteuid() == 0 else ""
    # Apache runs the application as another user, who cannot enter pytest's own folders.
    with tempfile.TemporaryDirectory(prefix="wsgicheck-page-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        follow("mod_wsgi.md", folder, server, more=f"{more} --python-path {ROOT} --server-root {folder}/apache")
