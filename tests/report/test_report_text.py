"""The report at a terminal: what it says, how wide it is, and what it leaves out of a pipe."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from report_nasty import runs
from report_samples import BY_NAME, CARDS, cards_of, finding_of, run_of, sample

from wsgicheck.model.finding import Site
from wsgicheck.model.rule import ADVICE, MUST, SHOULD
from wsgicheck.model.run import Run, Subject
from wsgicheck.report import FORMATS, render
from wsgicheck.report.options import columns_of, is_unicode, wants_color
from wsgicheck.report.pep import plain
from wsgicheck.report.prose import remedy
from wsgicheck.report.source import excerpt
from wsgicheck.report.view import RunView, finding_id

SGR = re.compile(r"\x1b\[[0-9;]*m")
COMMAND = re.compile(r"^\s*(again\s+)?(wsgicheck |curl |printf |python$|.*https?://)")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return sample(Path())


def test_a_block_says_all_that_a_reader_needs(run: Run) -> None:
    text = render(run, "text")
    first = RunView(run, MUST).findings[0]
    finding = next(f for f in run.findings if f.site)
    card = CARDS[finding.rule]
    block = text[text.index(finding.name):]
    for needed in (finding.culprit, finding.level.value.upper(), "chunk 1 is 'world'", "expected  bytes",
                   f"--> shop.py:{finding.site.line} in application", 'yield "world"', "^", "418 of 1,204 exchanges",
                   f"wsgicheck replay {finding_id(finding)}", "curl -i", "from shop.wsgi import application",
                   "call -> start_response('200 OK') -> next -> 6 B -> close"):
        assert needed in block, needed
    flat = " ".join(text.split())
    assert " ".join(card.title.split()) in flat
    for label, part in zip(("why", "fix"), remedy(card.explanation), strict=True):
        assert part
        assert f"{label} {' '.join(part.split())}" in flat
    assert f"“{plain(card.cites[0].quote)}”" in flat
    assert f"wsgicheck explain {first.rule}" in text


def test_the_place_is_marked_under_the_very_expression(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text('def app(environ, start_response):\n    yield "wörld"  # no bytes\n')
    card = CARDS["chunks-are-bytes"]
    text = render(run_of(finding_of(card, site=Site(str(file), 2, "app"))), "text", width=300)
    lines = text.split("\n")
    own = next(n for n, line in enumerate(lines) if 'yield "wörld"' in line)
    start = lines[own].index('"wörld"')
    assert lines[own + 1].rstrip() == lines[own + 1][:start].rstrip(" ").ljust(start) + "^" * len('"wörld"')


@pytest.mark.parametrize(("rule", "line", "evidence", "marked"), [
    ("chunks-are-bytes", "    return [body]", "", "[body]"),
    ("chunks-are-bytes", "    yield 1; yield 2", "", "yield 1; yield 2"),
    ("header-values-are-strings", "    start(status, [('A', 'b'), ('X-Count', 3)])", "('X-Count', 3) is no str",
     "('X-Count', 3)"),
    ("header-list-is-a-list", "    return wrap(start(status, None))", "", "wrap(start(status, None))"),
    ("read-sizes-are-natural-numbers", "    x = parse(environ['wsgi.input'].read('5'))", "",
     "environ['wsgi.input'].read('5')"),
    ("start-response-is-called", "    return [b'x']  # comment", "", "return [b'x']  # comment"),
])
def test_the_rule_and_the_evidence_tell_what_to_mark(tmp_path: Path, rule: str, line: str, evidence: str,
                                                     marked: str) -> None:
    file = tmp_path / "app.py"
    file.write_text(f"def app(environ, start):\n{line}\n")
    found = excerpt(Site(str(file), 2, "app"), CARDS[rule], evidence)
    assert found is not None
    assert line[found.column - 1 : found.end_column - 1] == marked
    assert (found.column, found.end_column) == (found.start + 1, found.end + 1)


def test_a_place_far_to_the_right_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def app(environ, start):\n    start('200 OK', ["
                    + "('Name', 'value'), " * 20 + "('X-Count', 3)])\n")
    card = CARDS["header-values-are-strings"]
    finding = finding_of(card, "the value in ('X-Count', 3) is an int", site=Site(str(file), 2, "app"))
    lines = render(run_of(finding), "text").split("\n")
    own = next(n for n, shown in enumerate(lines) if "('X-Count', 3)" in shown and "│" in shown)
    assert len(lines[own]) <= 80
    assert lines[own + 1].index("^") == lines[own].index("('X-Count', 3)")
    assert lines[own + 1].count("^") == len("('X-Count', 3)")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00\x01 \x1b[2J", b"# coding: nonsense\nx\n", b"(" * 5000])
def test_a_source_that_is_gone_or_no_source_is_no_trouble(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "app.py"
    if content is not None:
        file.write_bytes(content)
    text = render(run_of(finding_of(cards_of()[0], site=Site(str(file), 1))), "text")
    assert f"{file}:1" in text.replace("\n", "")
    assert "\x1b" not in text


def test_prose_keeps_to_the_width(run: Run) -> None:
    for width in (72, 80, 100):
        for verbose in (False, True):
            text = render(run, "text", width=width, verbose=verbose)
            prose = text.split("\n  python\n")[0]
            for line in prose.split("\n"):
                assert len(line) <= width or COMMAND.match(line), line


def test_what_was_not_exercised_is_said_and_not_counted_as_passed(run: Run) -> None:
    unexercised = [r for r in run.rules if r.verdict.value == "unexercised"]
    assert unexercised
    text = render(run, "text", verbose=True)
    assert f"{len(unexercised)} rules not exercised, so not passed" in text
    for result in unexercised:
        assert f"{result.family}/{result.id}" in text


def test_quiet_is_a_line_a_finding_and_the_verdict(run: Run) -> None:
    lines = render(run, "text", quiet=True).rstrip("\n").split("\n")
    assert len(lines) == len(run.findings) + 1
    assert lines[-1].startswith("FAIL: ")
    assert all(finding.name in " ".join(lines) for finding in run.findings)


def test_concise_is_file_line_rule_layer_message(run: Run) -> None:
    lines = render(run, "concise").splitlines()
    assert len(lines) == len(run.findings)
    assert any(re.match(r"shop\.py:10: (MUST|SHOULD|ADVICE) [a-z-]+/[a-z0-9-]+ \[application\] chunk 1 is", line)
               for line in lines)


@pytest.mark.parametrize("format", list(FORMATS))
def test_the_same_run_gives_the_same_bytes_apart_from_seconds(run: Run, format: str) -> None:
    assert render(run, format) == render(run, format)
    shuffled = replace(run, findings=run.findings[::-1])
    assert render(shuffled, format) == render(run, format)
    one, two = replace(run, seconds=1.0), replace(run, seconds=2.0)
    different = [pair for pair in zip(render(one, format).split("\n"), render(two, format).split("\n"), strict=True)
                 if pair[0] != pair[1]]
    assert len(different) <= 1
    assert all(re.sub(r"1\.0", "2.0", a, count=1) == b for a, b in different)


def test_outcomes() -> None:
    card = next(card for card in CARDS.values() if card.level is not MUST)
    assert render(run_of(), "text").rstrip().splitlines()[-1].startswith("PASS: no findings")
    below = run_of(finding_of(card))
    assert "PASS: 1" in render(below, "text")
    assert "FAIL: 1" in render(below, "text", fail_on=ADVICE)
    assert "ERROR: no findings" in render(run_of(nothing_checked="every request was a 404"), "text")
    assert "Nothing was really checked: every request was a 404" in render(
        run_of(nothing_checked="every request was a 404"), "text")
    assert "a bug of wsgicheck" in render(run_of(crashed=(card.id,)), "text")


def test_what_is_known_is_counted_and_shown_when_asked() -> None:
    card = cards_of(MUST)[0]
    known = run_of(finding_of(card), known=(card.id,))
    text = render(known, "text")
    assert "PASS" in text
    assert "1 finding accepted in the baseline" in text
    assert card.name + " · MUST" not in text
    assert "· known" in render(known, "text", verbose=True)


def test_ids_are_stable_and_unique_in_a_run() -> None:
    card, other = cards_of()[:2]
    one = finding_of(card, site=Site("a.py", 3, "f"))
    assert finding_id(one) == finding_id(replace(one, count=9, evidence="else", site=Site("a.py", 40, "f")))
    assert len({finding_id(one), finding_id(replace(one, culprit="Layer")), finding_id(finding_of(other)),
                finding_id(replace(one, site=Site("b.py", 3, "f")))}) == 4
    twice = run_of(one, replace(one, site=Site("a.py", 4, "f")))
    assert len(set(RunView(twice, MUST).ids.values())) == 2


# -- where it goes ---------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_and_for_those_who_ask() -> None:
    assert wants_color(Terminal(), {})
    assert not wants_color(io.StringIO(), {})
    assert not wants_color(Terminal(), {"NO_COLOR": "1"})
    assert wants_color(Terminal(), {"NO_COLOR": ""})
    assert not wants_color(Terminal(), {"TERM": "dumb"})
    assert wants_color(io.StringIO(), {"FORCE_COLOR": "1"})
    assert not wants_color(Terminal(), {"FORCE_COLOR": "0"})
    assert not wants_color(io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert wants_color(io.StringIO(), {"NO_COLOR": "1"}, asked=True)
    assert is_unicode(Terminal())
    assert not is_unicode(io.TextIOWrapper(io.BytesIO(), "latin-1"))
    assert columns_of(io.StringIO(), {}) == 80
    assert columns_of(io.StringIO(), {"COLUMNS": "120"}) == 120


def test_colours_add_nothing_but_colours(run: Run) -> None:
    colored = render(run, "text", color=True)
    assert "\x1b[" in colored
    stripped = "\n".join(line.rstrip() for line in SGR.sub("", colored).split("\n"))
    assert stripped == render(run, "text")


def test_ascii_is_ascii(run: Run) -> None:
    for color in (False, True):
        assert render(run, "text", ascii=True, color=color, verbose=True).isascii()


def test_a_pipe_does_not_pay_for_rich() -> None:
    code = ("import sys\n"
            "from wsgicheck.model.run import Run, Subject\n"
            "from wsgicheck.report import render\n"
            "for name in ('text', 'json', 'junit', 'sarif', 'github', 'markdown', 'concise'):\n"
            "    render(Run(Subject('application', 'a:b'), 1, 1.0, 1, (), ()), name, cards={})\n"
            "print(sorted({'rich', 'jinja2', 'hypothesis', 'click'} & set(sys.modules)))\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@settings(max_examples=50, deadline=None)
@given(runs())
def test_nothing_hostile_reaches_the_terminal(run: Run) -> None:
    for verbose, quiet in ((False, False), (True, False), (False, True)):
        piped = render(run, "text", verbose=verbose, quiet=quiet)
        assert all(line.isprintable() for line in piped.split("\n"))
        colored = SGR.sub("", render(run, "text", color=True, verbose=verbose, quiet=quiet))
        assert all(line.isprintable() for line in colored.split("\n"))
        assert render(run, "text", ascii=True, verbose=verbose, quiet=quiet).isascii()
    lines = render(run, "concise").split("\n")
    assert len(lines) - 1 == len(RunView(run, SHOULD).findings)
    assert all(line.isprintable() for line in lines)


def test_layers_have_a_line_at_the_top_and_no_second_one(run: Run) -> None:
    stacked = replace(run, layers=("Timer", "Gzip", "shop"), notes=("layers, each watched by itself: ...", "another"))
    for format, line in (("text", "layers  Timer --> Gzip --> shop (3 found, each watched)"),
                         ("markdown", "Layers: `Timer` → `Gzip` → `shop` (3 found, each watched)"),
                         ("html", "(3 found, each watched)")):
        text = render(stacked, format)
        assert line in text, format
        assert "another" in text
        assert "each watched by itself" not in text


@pytest.mark.parametrize(("kind", "target", "arguments", "line"), [
    ("application", "shop:app", {}, "wsgicheck shop:app --seed 5325201"),
    ("application", "my shop.py:app", {"chdir": "a b", "settings": "shop.settings", "login": ""},
     "wsgicheck 'my shop.py:app' --chdir 'a b' --settings shop.settings --seed 5325201"),
    ("application", "shop:app", {"login": "POST /login password=secret"},
     "wsgicheck shop:app --login ... --seed 5325201"),
    ("middleware", "shop:Gzip", {}, "wsgicheck middleware shop:Gzip --seed 5325201"),
    ("server", "gunicorn", {"server": "gunicorn"}, "wsgicheck server gunicorn --seed 5325201"),
    ("server", "serve {host}", {"server": "", "command": "serve {host} {port} {app}"},
     "wsgicheck server --command 'serve {host} {port} {app}' --seed 5325201"),
])
def test_the_last_line_is_the_same_run_again(kind: str, target: str, arguments: dict[str, object], line: str) -> None:
    told = run_of(finding_of(cards_of(MUST)[0]), subject=Subject(kind, target))
    assert render(told, "text", arguments=arguments).splitlines()[-1] == f"Again:  {line}"


def test_the_id_of_a_finding_in_a_library_is_the_same_in_another_environment() -> None:
    card = cards_of()[0]
    places = ("/home/me/.venv/lib/python3.11/site-packages/shop/app.py", "../env/lib/site-packages/shop/app.py",
              "/usr/lib/python3/dist-packages/shop/app.py")
    assert len({finding_id(finding_of(card, site=Site(place, 3, "app"))) for place in places}) == 1
    assert finding_id(finding_of(card, site=Site("shop/other.py", 3, "app"))) != finding_id(
        finding_of(card, site=Site(places[0], 3, "app")))


def test_a_card_says_what_to_write_instead() -> None:
    split = [remedy(card.explanation) for card in BY_NAME.values() if card.explanation]
    assert all(" ".join(f"{why} {fix}".split()) == " ".join(card.explanation.split())
               for card, (why, fix) in zip((c for c in BY_NAME.values() if c.explanation), split, strict=True))
    assert sum(1 for _, fix in split if fix) > len(split) / 2
    assert all(why for why, _ in split)
