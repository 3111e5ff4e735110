"""The HTML page: read by a parser here, and by a browser in test_report_browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from html5lib import HTMLParser as HTML5Parser
from hypothesis import given, settings
from report_nasty import runs
from report_samples import BY_NAME, CARDS, finding_of, run_of, sample

from wsgicheck.model.rule import MUST
from wsgicheck.model.run import Run
from wsgicheck.report import render
from wsgicheck.report.pep import annotated, blocks, headings
from wsgicheck.report.view import RunView
from wsgicheck.spec import fold, pep_text

VOID = {"meta", "input"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "h4", "h5", "span", "p",
    "strong", "code", "ul", "ol", "li", "b", "form", "fieldset", "legend", "label", "input", "output", "div", "main",
    "section",
    "article", "pre", "mark", "dl", "dt", "dd", "blockquote", "footer", "details", "summary", "aside", "em", "script"}
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "aria-label", "aria-labelledby",
    "aria-live", "type", "checked", "hidden", "for", "autocomplete", "tabindex"}


class Page(HTMLParser):
    """What is in a page, and that its tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)
        elif self._open and self._open[-1] != "style":
            self.text.append(data)


def check(html: str) -> Page:
    # As browsers parse it (WHATWG's algorithm), and with each of its parse errors an exception.
    HTML5Parser(strict=True).parse(html)
    page = Page(html)
    assert set(page.tags) <= ALLOWED
    assert page.tags.count("script") == 1
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith("#")
        assert link[1:] in page.ids, link
    assert not re.search(r"(?i)\bsrc\s*=|@import|url\(", "".join(re.findall(r"<style>.*?</style>", html, re.DOTALL)))
    return page


def test_the_page_says_what_was_found_beside_the_annotated_pep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sample(Path())
    page = check(render(run, "html"))
    text = "".join(page.text)
    for finding in run.findings:
        assert f"finding-{RunView(run, MUST).id(finding)}" in page.ids
        assert f"wsgicheck replay {RunView(run, MUST).id(finding)}" in text
        # The card's own sentence is marked in the PEP, and leads back to the rule.
        if any(c.document == "PEP 3333" and c.quote for c in CARDS[finding.rule].cites):
            assert f"said-{finding.rule}" in page.ids
            assert f"✘ {finding.rule}: broken" in text
    assert {f"rule-{result.id}" for result in run.rules} <= set(page.ids)
    assert 'yield "world"' in text


def test_every_quotation_is_found_in_the_pep() -> None:
    _, lost = annotated(BY_NAME.values())
    assert lost == ()


def test_the_pep_is_complete_and_in_order() -> None:
    plain = "".join("".join(s.text for s in block.segments) + "\n" for block in blocks())

    def words(text: str) -> list[str]:
        # What a role adds to a number, and the numbers of notes, are markup.
        return [w for w in re.findall(r"[A-Za-z0-9]+", fold(text)) if not w.isdigit() and w not in ("PEP", "RFC")]

    source = pep_text().partition("\n\n")[2]
    source = re.sub(r":(pep|rfc):|(?<=[^<>`])<[^<>`]*>`", "`", source)
    assert words(plain) == words(source)


def test_the_sections_that_cards_name_are_there() -> None:
    for card in BY_NAME.values():
        for citation in card.cites:
            if citation.document == "PEP 3333" and citation.section:
                assert citation.section in headings(), card.id


@pytest.mark.parametrize("kind", ["server", "application", "middleware"])
def test_a_run_over_one_side_links_to_its_own_rules_only(kind: str) -> None:
    cards = {name: card for name, card in BY_NAME.items() if card.binds.value == kind}
    assert cards
    run = run_of(finding_of(next(iter(cards.values())), case=None, program="import socket\n"), cards=cards, kind=kind)
    page = check(render(run, "html"))
    assert "import socket" in "".join(page.text)


def test_annotations_do_not_change_the_words() -> None:
    marked, _ = annotated(CARDS.values())
    for before, after in zip(blocks(), marked, strict=True):
        assert "".join(s.text for s in before.segments) == "".join(s.text for s in after.segments)
    assert any(s.rules for block in marked for s in block.segments)


@pytest.mark.parametrize("kind", ["application", "server", "middleware"])
def test_every_verdict_is_a_word(kind: str) -> None:
    names = sorted(CARDS)[:4]
    run = run_of(finding_of(CARDS[names[0]]), finding_of(CARDS[names[1]]), known=(names[1],), crashed=(names[2],),
                 unexercised=(names[3],), kind=kind, nothing_checked="no request got through")
    text = " ".join("".join(check(render(run, "html")).text).split())
    for word in ("✘ broken", "≈ known", "‼ crashed", "– not exercised", "✔ holds", "Nothing was really checked"):
        assert word in text


@settings(max_examples=15, deadline=None)
@given(runs())
def test_a_hostile_run_makes_a_page_of_ours(run: Run) -> None:
    html = render(run, "html")
    html.encode("utf-8")
    assert all(line.isprintable() for line in html.split("\n"))
    page = check(html)
    assert page.scripts == check(render(run_of(), "html")).scripts
