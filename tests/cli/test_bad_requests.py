"""Whatever is wrong with the options or the configuration is one line that helps, and exit code 2."""

from __future__ import annotations

from typing import Any

import pytest

OPTIONS: dict[str, tuple[list[str], list[str]]] = {
    "no target": ([], ["no target", "wsgicheck shop.wsgi:application", "--help"]),
    "unknown option": (["shop", "--selct", "must"], ["--selct", "--select", "wsgicheck app --help"]),
    "option before the target": (["--selct", "must", "shop"], ["--selct", "--select"]),
    "second target": (["shop", "other"], ["unexpected extra argument", "other"]),
    "option without value": (["shop", "--seed"], ["--seed"]),
    "seed is no number": (["shop", "--seed", "x"], ["--seed", "'x'"]),
    "negative seed": (["shop", "--seed", "-1"], ["--seed takes a whole number of at least 0, not -1"]),
    "no examples": (["shop", "--max-examples", "0"], ["--max-examples takes a whole number of at least 1, not 0"]),
    "no time": (["shop", "--max-time", "0"], ["--max-time takes a number of seconds above 0"]),
    "not a number": (["shop", "--max-time", "nan"], ["--max-time takes a number of seconds above 0"]),
    "endless": (["shop", "--timeout", "inf"], ["--timeout takes a number of seconds above 0"]),
    "unknown level": (["shop", "--fail-on", "error"], ["--fail-on", "must", "should", "advice"]),
    "strict and a level": (["shop", "--strict", "--fail-on", "must"], ["--strict means --fail-on should"]),
    "verbose and quiet": (["shop", "-v", "-q"], ["-v shows more and -q shows less"]),
    "unknown rule": (["shop", "--select", "chunk-are-bytes"], ["--select: no rule", "'chunk-are-bytes'",
                                                               "did you mean chunks-are-bytes"]),
    "unknown rule among others": (["shop", "--ignore", "must,boddy"], ["--ignore: no rule", "'boddy'",
                                                                       "did you mean body"]),
    "nothing left": (["shop", "--select", "body", "--ignore", "must,should,advice"], ["no rule is left"]),
    "nothing that can be judged": (["shop", "--select", "environ"], ["no rule is left", "binds the server"]),
    "help as a word": (["help"], ["did you mean `wsgicheck --help`"]),
    "unknown format": (["shop", "--format", "jsn"], ["--format: there is no format 'jsn'", "did you mean json"]),
    "unknown report": (["shop", "--report", "junitt=x.xml"], ["--report: there is no format 'junitt'",
                                                              "did you mean junit"]),
    "report without a file": (["shop", "--report", "json"], ["--report takes", '"json=report.json"']),
    "output into nowhere": (["shop", "--output", "nowhere/x.txt"], ["--output: there is no folder nowhere"]),
    "output is a folder": (["shop", "--output", "."], ["--output: . is a folder"]),
    "header is none": (["shop", "--header", "X-Token"], ["--header takes", '"X-Token: secret"']),
    "header with control characters": (["shop", "--header", "X: a\r\nY: b"], ["without control characters"]),
    "missing baseline": (["shop", "--baseline", "none.json"], ["no baseline none.json", "--update-baseline"]),
    "update of no baseline": (["shop", "--update-baseline"], ["--baseline FILE"]),
    "missing configuration": (["shop", "--config", "none.toml"], ["no configuration file 'none.toml'"]),
    "explain nothing": (["explain"], ["RULE"]),
    "explain unknown": (["explain", "close-is-caled"], ["no rule, family or level is called 'close-is-caled'"]),
    "rules unknown": (["rules", "boddy"], ["did you mean body"]),
}

FILES: dict[str, tuple[str, str, list[str]]] = {
    "broken": ("pyproject.toml", "[tool.wsgicheck]\nselect == 3\n", ["pyproject.toml is no valid TOML", "line"]),
    "not text": ("wsgicheck.toml", "app = 'a'\n\0", ["wsgicheck.toml is no valid TOML"]),
    "no table": ("pyproject.toml", "[tool]\nwsgicheck = 3\n", ["tool.wsgicheck is a table, not 3"]),
    "unknown key": ("pyproject.toml", "[tool.wsgicheck]\nmax-exmaples = 3\n",
                    ["pyproject.toml: there is no key 'max-exmaples'", "did you mean 'max-examples'"]),
    "underscore": ("pyproject.toml", "[tool.wsgicheck]\nfail_on = 'must'\n", ["did you mean 'fail-on'"]),
    "unlike any key": ("wsgicheck.toml", "zzz = 1\n", ["there is no key 'zzz'", "the keys are app, select"]),
    "table in wsgicheck.toml": ("wsgicheck.toml", "[tool.wsgicheck]\nseed = 1\n", ["without [tool.wsgicheck]"]),
    "string for number": ("wsgicheck.toml", "max-examples = 'many'\n",
                          ["wsgicheck.toml: max-examples takes a whole number of at least 1, not 'many'"]),
    "boolean for number": ("wsgicheck.toml", "seed = true\n", ["seed takes a whole number", "not True"]),
    "number for list": ("wsgicheck.toml", "select = 3\n", ["select takes a list of strings, not 3"]),
    "list of numbers": ("wsgicheck.toml", "ignore = ['body', 3]\n", ["ignore takes a list of strings"]),
    "unknown level": ("wsgicheck.toml", "fail-on = 'warning'\n", ["fail-on takes one of must, should, advice"]),
    "unknown rule": ("wsgicheck.toml", "select = ['chunk-are-bytes']\n",
                     ["wsgicheck.toml: no rule", "did you mean chunks-are-bytes"]),
    "unknown format": ("wsgicheck.toml", "format = 'yaml'\n", ["wsgicheck.toml: there is no format 'yaml'"]),
    "empty app": ("wsgicheck.toml", "app = ''\n", ["app takes a string that is not empty"]),
    "headers": ("wsgicheck.toml", "headers = {'X Y' = 'a'}\n", ["headers takes a table"]),
    "report": ("wsgicheck.toml", "report = {json = 3}\n", ["report takes a table"]),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(project: Any, refused: Any, case: str) -> None:
    args, fragments = OPTIONS[case]
    line = refused(project.run(*args))
    for fragment in fragments:
        assert fragment in line


@pytest.mark.parametrize("case", FILES)
def test_files(project: Any, refused: Any, case: str) -> None:
    name, text, fragments = FILES[case]
    project.write({name: text})
    line = refused(project.run("config", "--check"))
    for fragment in fragments:
        assert fragment in line


def test_variable(project: Any, refused: Any) -> None:
    line = refused(project.run("shop", env={"WSGICHECK_MAX_EXAMPLES": "many"}))
    assert "WSGICHECK_MAX_EXAMPLES takes a whole number of at least 1, not 'many'" in line


@pytest.mark.parametrize(("text", "says"), [
    ("no json", "is no JSON"), ("[]", "is no baseline"), ('{"schema": "wsgicheck-baseline/1"}', '"findings" is a list'),
    ('{"schema": "wsgicheck-baseline/1", "findings": [3]}', 'an object with an "id"')])
def test_baseline_that_is_none(project: Any, refused: Any, text: str, says: str) -> None:
    project.write({"known.json": text})
    assert says in refused(project.run("shop", "--baseline", "known.json"))
