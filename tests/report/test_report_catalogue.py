"""What `rules` and `explain` print, for every card."""

from __future__ import annotations

import ast
import io
import json
import re

import pytest
from report_samples import BY_NAME
from test_report_builds import MARKDOWN, check_tags

from wsgicheck.model.rule import Card
from wsgicheck.report.catalogue import FORMATS, explain, rules
from wsgicheck.report.examples import example_source
from wsgicheck.report.pep import plain
from wsgicheck.report.progress import Progress

SGR = re.compile(r"\x1b\[[0-9;]*m")
EVERY = pytest.mark.parametrize("card", BY_NAME.values(), ids=str)


def flat(text: str) -> str:
    return " ".join(text.split())


@EVERY
def test_explain_tells_everything_on_the_card(card: Card) -> None:
    text = explain(card)
    for needed in (card.name, card.level.value.upper(), card.binds.value, card.title, card.explanation,
                   *(plain(c.quote) if c.document == "PEP 3333" else c.quote for c in card.cites),
                   *card.covers, *card.formerly):
        assert flat(needed) in flat(text)
    for line in text.split("\n"):
        assert line.isprintable()
        assert len(line) <= 80 or line.startswith(("  http", "    ", "  ✘", "  ✔")), line
    assert explain(card, ascii=True).isascii()
    colored = explain(card, color=True)
    assert "\n".join(line.rstrip() for line in SGR.sub("", colored).split("\n")) == text


@EVERY
def test_examples_are_python_as_a_reader_would_write_it(card: Card) -> None:
    for example in card.examples:
        source = example_source(example)
        tree = ast.parse(source)
        assert source in explain(card, "json") or json.dumps(source)[1:-1] in explain(card, "json")
        if example.kind == "app" and isinstance(tree.body[-1], ast.FunctionDef):
            function = tree.body[-1]
            assert function.name == "application" or example.subject.__name__ != "_"
            assert all(arg.annotation is None for arg in function.args.args)
            assert function.decorator_list == []


@EVERY
def test_explain_in_the_other_formats(card: Card) -> None:
    record = json.loads(explain(card, "json"))
    assert record["id"] == card.id
    assert [c["quote"] for c in record["cites"]] == [c.quote for c in card.cites]
    assert [e["bad"] for e in record["examples"]] == [e.bad for e in card.examples]
    markdown = explain(card, "markdown")
    check_tags(markdown)
    assert card.name in MARKDOWN.render(markdown)


def test_rules_lists_every_card() -> None:
    cards = list(BY_NAME.values())
    text = rules(cards)
    assert all(card.id in text and card.level.value.upper() in text for card in cards)
    assert f"{len(cards)} rules" in text
    assert all(flat(card.title) in flat(rules(cards, verbose=True)) for card in cards)
    assert {entry["id"] for entry in json.loads(rules(cards, "json"))} == {card.id for card in cards}
    markdown = rules(cards, "markdown")
    check_tags(markdown)
    assert MARKDOWN.render(markdown).count("<tr>") == len(cards) + len({card.family for card in cards})


def test_an_unknown_format_is_refused() -> None:
    assert FORMATS == ("text", "json", "markdown")
    for function, subject in ((rules, list(BY_NAME.values())), (explain, next(iter(BY_NAME.values())))):
        with pytest.raises(KeyError):
            function(subject, "yaml")  # type: ignore[operator]


# -- progress --------------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal of one line: keeps what it would show."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def line(self) -> str:
        return self.getvalue().rpartition("\r\x1b[2K")[2]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_is_one_transient_line() -> None:
    screen, clock = Screen(), Clock()
    with Progress(screen, width=200, clock=clock) as progress:
        progress.update(1204, 2, (22, 23), 12.4, doing="shrinking \x1b[2J")
        for needed in ("1,204 exchanges", "2 rules broken", "22 of 23 routes", "12 s left", "shrinking \\x1b[2J"):
            assert needed in screen.line
        before = screen.getvalue()
        progress.update(1300)
        assert screen.getvalue() == before, "faster than a person reads"
        clock.now = 1.0
        progress.update(1300)
        assert "1,300 exchanges" in screen.line
        assert "\n" not in screen.getvalue()
    assert screen.line == ""


def test_progress_never_wraps() -> None:
    screen = Screen()
    Progress(screen, width=40).update(10**9, 10**6, (10**6, 10**6), 10**6, doing="日本" * 50)
    assert 20 < len(screen.line) <= 39


@pytest.mark.parametrize(("terminal", "enabled"), [(False, True), (True, False)])
def test_no_progress_in_a_pipe_or_when_quiet(terminal: bool, enabled: bool) -> None:
    screen = Screen(terminal=terminal)
    with Progress(screen, enabled=enabled) as progress:
        progress.update(5)
    assert screen.getvalue() == ""


def test_a_terminal_that_went_away_ends_the_display_only() -> None:
    class Gone(Screen):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    clock = Clock()
    with Progress(Gone(), clock=clock) as progress:
        progress.update(1)
        clock.now = 9.0
        progress.update(2)
    closed = Screen()
    closed.close()
    Progress(closed).update(1)
