"""The help pages: whole, true, and readable in 80 columns; and the catalogue as the command prints it."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest

from wsgicheck.cli import VERBS
from wsgicheck.cli.app import command as app_command
from wsgicheck.cli.options import Option
from wsgicheck.config import KEYS
from wsgicheck.report import FORMATS
from wsgicheck.rules import catalogue
from wsgicheck.selection import find_card


@pytest.mark.parametrize("args", [[], *([verb] for verb in VERBS)], ids=" ".join)
def test_help_fits_80_columns(project: Any, args: list[str]) -> None:
    answer = project.run(*args, "--help", env={"COLUMNS": "200"})
    assert (answer.returncode, answer.stderr) == (0, "")
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_the_front_page_lists_every_verb_and_exit_code(project: Any) -> None:
    page = project.run("-h").stdout
    for verb, words in VERBS.items():
        assert f"  {verb} " in page
        assert words.split()[0] in page
    for code in ("0", "1", "2", "3", "4", "130"):
        assert f"\n    {code}  " in page


def test_every_option_is_explained() -> None:
    for parameter in app_command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_every_key_has_its_option() -> None:
    keys = {parameter.key for parameter in app_command.params if isinstance(parameter, Option)} - {""}
    assert keys == {key.name for key in KEYS} - {"app"}


def test_every_default_in_the_help_is_the_true_one() -> None:
    defaults = {key.name: key.default for key in KEYS}
    for parameter in app_command.params:
        if isinstance(parameter, Option) and parameter.key and "[default: " in (parameter.help or ""):
            told = (parameter.help or "").partition("[default: ")[2].rstrip("]")
            default = defaults[parameter.key]
            assert told == getattr(default, "value", f"{default:g}" if isinstance(default, float) else str(default))


def test_every_format_is_named_in_the_help(project: Any) -> None:
    page = " ".join(project.run("app", "--help").stdout.split())
    for name in FORMATS:
        # "full" is what "text" is also called.
        assert name == "full" or name in page


def test_rules_lists_what_is_asked_for(project: Any) -> None:
    everything = project.run("rules")
    assert (everything.returncode, everything.stderr) == (0, "")
    for card in catalogue():
        assert card.id in everything.stdout
    body = json.loads(project.run("rules", "body", "--format", "json").stdout)
    assert {record["family"] for record in body} == {"body"}
    assert [record["id"] for record in body] == [card.id for card in catalogue() if card.family == "body"]
    few = json.loads(project.run("rules", "--select", "must", "--ignore", "body,environ", "--format", "json").stdout)
    assert {record["level"] for record in few} == {"must"}
    assert not {record["family"] for record in few} & {"body", "environ"}


@pytest.mark.parametrize("word", ["chunks-are-bytes", "body/chunks-are-bytes", "chunks_are_bytes"])
def test_explain(project: Any, word: str) -> None:
    answer = project.run("explain", word)
    assert (answer.returncode, answer.stderr) == (0, "")
    card = find_card(catalogue(), "chunks-are-bytes")
    for part in ("body/chunks-are-bytes", "MUST", card.title, card.cites[0].url, "breaks it", "keeps it",
                 "start_response("):
        assert part in answer.stdout, part
    assert "\x1b" not in answer.stdout


def test_colours_where_they_are_asked_for(project: Any) -> None:
    assert "\x1b[" in project.run("explain", "chunks-are-bytes", "--color").stdout
    assert "\x1b[" in project.run("explain", "chunks-are-bytes", env={"FORCE_COLOR": "1"}).stdout
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[" not in project.run("explain", "chunks-are-bytes", env=both).stdout
    assert "\x1b[" not in project.run("explain", "chunks-are-bytes", "--no-color", env={"FORCE_COLOR": "1"}).stdout


def test_a_terminal_that_knows_ascii_only(project: Any) -> None:
    for args in (["explain", "chunks-are-bytes"], ["rules"]):
        answer = project.run(*args, env={"PYTHONIOENCODING": "ascii"})
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout.isascii()
