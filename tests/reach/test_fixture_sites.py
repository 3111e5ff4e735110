"""The two fixture sites are entered everywhere: every route, and most of the lines of their views (slow)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.options import Options
from wsgicheck.model.run import Run
from wsgicheck.reach import ReachOptions

APPS = Path(__file__).parents[2] / "fixtures" / "apps"

pytestmark = pytest.mark.slow


def check(folder: str, target: str, login: str) -> Run:
    return check_application(target, options=Options(
        seed=1, max_examples=120, max_time=300, directory=str(APPS / folder), select=("chunks-are-bytes",),
        reach=ReachOptions(login=login)))


def test_every_route_of_the_shop_is_entered() -> None:
    pytest.importorskip("flask")
    run = check("shop", "shop:app", "POST /login name=brian password=spam-and-eggs")
    assert run.reach["unreached"] == []
    assert run.reach["routes"] == run.reach["entered"] == 23
    assert run.reach["lines_run"] >= 0.85 * run.reach["lines"]
    assert "nothing that keeps data was found" in run.notes[0]


def test_every_route_of_the_polls_is_entered_and_its_data_left_alone(tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("django")
    monkeypatch.setenv("POLLS_STATE_DIR", str(tmp_path / "state"))
    run = check("polls", "polls_site.wsgi:application", "POST /admin/login/ username=admin password=polls-admin")
    assert run.reach["unreached"] == []
    assert run.reach["routes"] == run.reach["entered"] >= 40
    assert run.reach["lines_run"] >= 0.85 * run.reach["lines"]
    assert "Django's data is out of reach" in run.notes[0]
    import sqlite3

    with sqlite3.connect(tmp_path / "state" / "polls.sqlite3") as database:
        # Votes were cast, attachments were sent and questions were asked, none of them here.
        assert database.execute("select count(*) from django_session").fetchone() == (0,)
        assert database.execute("select count(*) from django_admin_log").fetchone() == (0,)
    # The one that the site itself lays out.
    assert os.listdir(tmp_path / "state" / "media" / "attachments") == ["counting.txt"]
