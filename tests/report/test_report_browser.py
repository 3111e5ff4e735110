"""The HTML page in a real browser: contrast, keyboard, without a script, filters, and hostile values."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from report_nasty import PIECES
from report_samples import CARDS, finding_of, run_of, sample

from wsgicheck.model.finding import Site
from wsgicheck.model.request import Case, Request
from wsgicheck.model.run import Subject
from wsgicheck.report import render

webdriver = pytest.importorskip("selenium.webdriver")
WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium")]
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1400,1000")

# Relative luminance and contrast as WCAG 2.2 defines them, over every piece of text that is shown.
CONTRAST = """
const parse = (css) => { const n = css.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (element) => { const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]); };
const poor = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
  if (!element.checkVisibility()) continue;
  seen += 1;
  const back = ground(element), ink = over(parse(getComputedStyle(element).color), back);
  const [a, b] = [light(ink), light(back)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push([walker.currentNode.data.slice(0, 40), element.className, ratio]);
}
return [seen, poor];
"""


def start(profile: Path, *, script: bool = True) -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    run = sample(folder)
    known, crashed = sorted(set(CARDS) - {f.rule for f in run.findings})[:2]
    verdicts = {r.id: r for r in run_of(finding_of(CARDS[known]), known=(known,), crashed=(crashed,)).rules}
    run = replace(run, rules=tuple(verdicts[r.id] if r.id in (known, crashed) else r for r in run.rules),
                  findings=(*run.findings, finding_of(CARDS[known])))
    path = folder / "report.html"
    path.write_text(render(run, "html"), encoding="utf-8")
    return path


def theme(browser: Any, name: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-color-scheme", "value": name}]})


def open_all(browser: Any) -> None:
    browser.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true; });"
                           "document.querySelectorAll('input[type=checkbox]').forEach((c) => { c.checked = true; });")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_text_has_contrast(browser: Any, page: Path, name: str) -> None:
    theme(browser, name)
    browser.get(page.as_uri())
    open_all(browser)
    seen, poor = browser.execute_script(CONTRAST)
    assert seen > 500
    assert poor == []
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (name == "light")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_no_barrier(browser: Any, page: Path, name: str) -> None:
    theme(browser, name)
    browser.get(page.as_uri())
    open_all(browser)
    browser.set_script_timeout(120)
    browser.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}).then(done, done)")
    assert {"color-contrast", "scrollable-region-focusable", "label"} <= {rule["id"] for rule in found["passes"]}
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found["violations"]] == []


def test_nothing_is_loaded_and_nothing_is_refused(browser: Any, page: Path) -> None:
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.as_uri())
    browser.execute_script("return 1")
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


def shown(browser: Any, selector: str) -> int:
    return int(browser.execute_script(
        "return Array.from(document.querySelectorAll(arguments[0])).filter((e) => e.checkVisibility()).length",
        selector))


def test_levels_and_words_filter(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    musts = shown(browser, ".finding.must:not(.accepted)")
    assert musts
    assert shown(browser, ".finding.should") == 1
    assert shown(browser, ".finding.accepted") == 0
    browser.find_element("id", "show-should").click()
    assert (shown(browser, ".finding.should"), shown(browser, ".finding.must:not(.accepted)")) == (0, musts)
    browser.find_element("id", "show-accepted").click()
    assert shown(browser, ".finding.accepted") == 1
    holding = shown(browser, ".rule.holds")
    browser.find_element("id", "show-holds").click()
    assert holding
    assert shown(browser, ".rule.holds") == 0
    search = browser.find_element("id", "search")
    search.send_keys("chunks-are-bytes")
    assert shown(browser, ".finding") == 1
    assert " of " in browser.find_element("id", "found").text
    search.clear()
    search.send_keys(" ")
    assert shown(browser, ".finding.must:not(.accepted)") == musts


def test_the_keyboard_reaches_everything(browser: Any, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(page.as_uri())
    focus = "const e = document.activeElement; return [e.tagName, e.id, e.getAttribute('href') || '', e.className]"
    body = browser.find_element("tag name", "body")
    body.send_keys(Keys.TAB)
    assert browser.execute_script(focus)[2] == "#findings"
    # The skip link can be seen while it has the focus, and it works.
    assert browser.execute_script("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.execute_script(focus)[1] == "findings"
    reached = set()
    for _ in range(400):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        tag, name, href, classes = browser.execute_script(focus)
        outline = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
        if tag == "BODY":
            break
        assert outline != "none", (tag, name, href)
        reached.add(name or href or f"{tag}.{classes}")
    assert {"pep", "SUMMARY.", "PRE.source"} <= reached
    assert any(name.startswith("#rule-") for name in reached)
    browser.execute_script("document.querySelector('.finding summary').focus()")
    assert shown(browser, ".finding:first-of-type .command") == 0
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert shown(browser, ".finding:first-of-type .command") > 0
    # The column of the PEP scrolls by the keyboard.
    browser.execute_script("document.getElementById('pep').focus()")
    browser.switch_to.active_element.send_keys(Keys.END)
    browser.execute_async_script("setTimeout(arguments[0], 700)")
    assert browser.execute_script("return document.getElementById('pep').scrollTop") > 0


def test_a_link_to_a_rule_opens_it(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    browser.find_element("css selector", ".finding h3 a").click()
    # The page hears of the link a moment after the browser has followed it.
    WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(
        "const rule = document.querySelector('.rule:target'); return rule !== null && rule.open"))


def test_it_reads_without_a_script(tmp_path_factory: pytest.TempPathFactory, page: Path) -> None:
    driver = start(tmp_path_factory.mktemp("profile"), script=False)
    try:
        driver.get(page.as_uri())
        assert driver.find_element("id", "searching").is_displayed() is False
        assert "chunk 1 is 'world'" in driver.find_element("id", "findings").text
        assert driver.find_element("id", "pep").text.count("chunks-are-bytes") >= 1
        driver.find_element("css selector", ".finding summary").click()
        assert driver.find_element("css selector", ".finding .command").is_displayed()
        driver.find_element("id", "show-should").click()
        assert not any(e.is_displayed() for e in driver.find_elements("css selector", ".finding.should"))
    finally:
        driver.quit()


def test_no_hostile_value_runs_or_escapes(browser: Any, tmp_path: Path) -> None:
    evil = [piece for piece in PIECES if piece.strip()]
    card = CARDS["chunks-are-bytes"]
    findings = [finding_of(card, piece, culprit=piece, site=Site(piece, n + 1, piece), events=(piece,), layers=(piece,),
                           case=Case(Request.make(path="/" + piece.encode("utf-8", "replace").decode("latin-1"),
                                                  HTTP_X=piece))) for n, piece in enumerate(evil)]
    run = run_of(*findings, notes=tuple(evil), nothing_checked="".join(evil),
                 version="</title><script>alert(1)</script>",
                 subject=Subject("application", "".join(evil), tuple(evil)))
    path = tmp_path / "evil.html"
    path.write_text(render(run, "html"), encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    assert browser.execute_script("return document.querySelectorAll('script').length") == 1
    assert browser.execute_script("return document.querySelectorAll('img, svg, iframe, object, link').length") == 0
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []
    # An open alert would make each of these raise.
    assert len(browser.find_elements("css selector", ".finding")) == len(evil)
    shown_text = browser.execute_script("return document.body.textContent")
    assert "<img src=x onerror=alert(1)>" in shown_text
    assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set(shown_text)


def test_it_fits_a_narrow_screen(browser: Any, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False})
    try:
        browser.get(page.as_uri())
        open_all(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
