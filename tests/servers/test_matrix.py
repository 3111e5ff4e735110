"""The matrix: every verdict has its cell, each cell leads to its evidence, and nothing comes from outside."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wsgicheck.active import server
from wsgicheck.active.server import check_all
from wsgicheck.cli import main
from wsgicheck.harness.recipes import Process, Recipe, recipe
from wsgicheck.model.rule import MUST
from wsgicheck.report import render
from wsgicheck.report.matrix import Judged, Row, render_matrix, row_of

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ABSENT = Recipe("absent", "An absent server", (Process((
    sys.executable, "-c", "import sys; print('cannot bind'); sys.exit(7)", "{port}")),))
NASTY = "<script>alert(1)</script>\x1b[31m\u202e\" onmouseover=\"x"
ROWS = [
    Row("alpha", "Alpha", ("alpha 1.0",), ("a note",), (
        Judged("server-body", "blocks-are-framed-well", "must", "broken", "b'x' follows; expected nothing",
               ("> b'GET /'", "< b'HTTP/1.1 200 OK'"), "seen in alpha.py"),
        Judged("server-body", "bytes-are-sent-untouched", "should", "holds"),
        Judged("server-close", "close-follows-head", "must", "holds"),
        Judged("environ", "environ-is-builtin-dict", "must", "holds"))),
    Row("beta", "Beta", judged=(
        Judged("server-body", "blocks-are-framed-well", "must", "unexercised"),
        Judged("server-close", "close-follows-head", "should", "broken", NASTY, (NASTY,)))),
    Row("gamma", "Gamma", why="it does not start"),
]


def test_each_server_and_family_has_a_cell() -> None:
    page = render_matrix(ROWS)
    for words in ("alpha, body: 1 broken at MUST", "alpha, close: holds", "alpha, inside: holds",
                  "beta, body: not exercised", "beta, close: 1 broken at SHOULD"):
        assert words in page
    assert page.count('<th scope="row">') == 3
    assert "Not checked: it does not start" in page


def test_each_link_has_its_evidence() -> None:
    page = render_matrix(ROWS)
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) == targets
    assert targets


def test_nothing_is_loaded_and_nothing_hostile_gets_through() -> None:
    page = render_matrix(ROWS)
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "default-src 'none'" in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium")
def test_a_person_clicks_through_it(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "matrix.html"
    page.write_text(render_matrix(ROWS), encoding="utf-8")
    for width in (1400, 390):
        browser.set_window_size(width, 900)
        browser.get(page.as_uri())
        # On a phone the table scrolls inside its frame and the page does not.
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        cells = browser.find_elements("css selector", "td a")
        assert len(cells) == 5
        for number in range(len(cells)):
            cell = browser.find_elements("css selector", "td a")[number]
            browser.execute_script("arguments[0].scrollIntoView()", cell)
            cell.click()
            name = cell.get_attribute("href").partition("#")[2]
            assert browser.find_element("id", name).is_displayed()
        evidence = browser.find_element("id", "alpha--body").text
        assert "b'x' follows; expected nothing" in evidence
        assert "< b'HTTP/1.1 200 OK'" in evidence
        assert "By hand: seen in alpha.py" in evidence
    assert browser.get_log("browser") == []


def test_a_server_that_does_not_start_has_its_row_and_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "recipe", lambda name: recipe(name) if name == "exemplary" else ABSENT)
    runs = check_all(["exemplary", "absent"], select=("date-is-added",), seed=1)
    assert [(one.name, bool(run.nothing_checked), run.exit_code(MUST)) for one, run in runs] == [
        ("exemplary", False, 0), ("absent", True, 4)]
    page = render_matrix([row_of(run, one.title) for one, run in runs])
    assert page.count('<th scope="row">') == 2
    assert "Not checked: An absent server did not start: exited with code 7" in page
    assert "<pre>cannot bind</pre>" in page
    markdown = render(runs[1][1], "markdown")
    assert "exited with code 7" in markdown
    assert "cannot bind" in markdown
    report = json.loads(render(runs[1][1], "json"))
    assert (report["outcome"], report["subject"]["target"]) == ("error", "absent")
    assert "exited with code 7" in report["nothing_checked"]
    assert report["notes"] == ["cannot bind"]


@pytest.mark.parametrize("form", ["html", "json", "json-lines", "markdown", "text"])
def test_the_command_tells_of_it_in_every_format(form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(server, "recipe", lambda name: recipe(name) if name == "exemplary" else ABSENT)
    monkeypatch.chdir(tmp_path)
    words = ["server", "exemplary", "absent", "--select", "date-is-added", "--format", form]
    with pytest.raises(SystemExit) as end:
        sys.exit(main([*words, "--report", "json=all.json"]))
    told = capsys.readouterr()
    assert end.value.code == 4, told
    assert "exited with code 7" in told.out
    assert "cannot bind" in told.out
    assert "exemplary" in told.out
    if form == "json-lines":
        assert [json.loads(line)["event"] for line in told.out.splitlines()].count("end") == 2
    assert "absent was not checked" in told.err
    assert [report["subject"]["target"] for report in json.loads(Path("all.json").read_text())] == [
        "exemplary", "absent"]
