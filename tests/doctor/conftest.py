"""A WSGI script in a folder of its own, and what the doctor says of it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from wsgicheck.active.doctor import check_import
from wsgicheck.active.options import Options
from wsgicheck.model.run import Run

HELLO = '''
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
'''
Examine = Callable[..., Run]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Return the run of the doctor over a script; further keywords are files beside it, or options."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def run(text: str, *, hello: bool = True, files: dict[str, str] | None = None, target: str = "site_wsgi",
            **options: object) -> Run:
        named = {"site_wsgi.py": textwrap.dedent(text) + (HELLO if hello else ""), **(files or {})}
        for name, content in named.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        return check_import(target, options=Options(directory=str(tmp_path), **options))  # type: ignore[arg-type]

    return run
