"""A run over a middleware: the legal is left alone, a wrong request is one line, a hang is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsgicheck.active.middleware import check_middleware
from wsgicheck.active.options import Options
from wsgicheck.errors import ConfigError, TargetError
from wsgicheck.model.request import PLAIN, Case, Request
from wsgicheck.model.rule import ADVICE, APPLICATION
from wsgicheck.reference.repertoire import GALLERY, Recipe
from wsgicheck.rules import passive_rules
from wsgicheck.stage import Stage

SOURCE = '''
DEFAULT = "X-Default"


class Adds:
    def __init__(self, app, name=DEFAULT, value="yes"):
        self.app, self.field = app, (name, value)

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, self.field], exc_info)

        return self.app(environ, start)


def hangs(app):
    def middleware(environ, start_response):
        while environ["REQUEST_METHOD"] == "HEAD":
            pass
        return app(environ, start_response)

    return middleware


def gives_nothing(app):
    return None
'''


@pytest.fixture
def module(tmp_path: Path) -> str:
    (tmp_path / "mw.py").write_text(SOURCE)
    return str(tmp_path / "mw.py")


def options(**changes: Any) -> Options:
    return Options(**{"seed": 1, "max_examples": 3, "max_time": 60.0, **changes})


def passing_on(app: Any) -> Any:
    return lambda environ, start_response: app(environ, start_response)


def test_what_passes_everything_on_is_clean() -> None:
    run = check_middleware(passing_on, options=options(max_examples=30))
    assert run.findings == ()
    assert not run.nothing_checked
    assert run.subject.kind == "middleware"
    judged = {result.id for result in run.rules if result.exchanges}
    assert {"application-body-is-closed", "one-item-comes-out-for-each-that-goes-in", "environ-is-builtin-dict",
            "header-values-are-strings", "start-response-may-come-late"} <= judged


@pytest.mark.parametrize("recipe", GALLERY, ids=lambda recipe: str(GALLERY.index(recipe)))
def test_the_gallery_is_legal(recipe: Recipe) -> None:
    rules = [rule for rule in passive_rules() if rule.binds is APPLICATION and rule.level is not ADVICE]
    for request in (Request(), Request.make("HEAD", "/"), Request.make("POST", "/", body=b"a=1")):
        observed = Stage(recipe.build(), rules).perform(Case(request, PLAIN))
        assert [(breach.rule.id, breach.evidence) for breach in observed.breaches] == []


@pytest.mark.parametrize("recipe", GALLERY, ids=lambda recipe: str(GALLERY.index(recipe)))
def test_what_is_built_is_what_the_source_says(recipe: Recipe) -> None:
    names: dict[str, Any] = {}
    exec(recipe.source(), names)
    assert callable(names["application"])


def test_arguments_reach_the_factory(module: str) -> None:
    assert check_middleware(f"{module}:Adds", arguments={"name": "X-Mine"}, options=options()).findings == ()
    run = check_middleware(f"{module}:Adds", arguments={"value": 3}, options=options())
    assert [finding.rule for finding in run.findings] == ["header-values-are-strings"]


@pytest.mark.parametrize("expression", ["{'name': DEFAULT, 'value': 3}", "[DEFAULT, 3]",
                                        "lambda app: Adds(app, value=3)"])
def test_a_configuration_is_a_python_expression(module: str, expression: str, tmp_path: Path) -> None:
    (tmp_path / "config.txt").write_text(expression + "\n")
    run = check_middleware(f"{module}:Adds", configuration=str(tmp_path / "config.txt"), options=options())
    assert [finding.rule for finding in run.findings] == ["header-values-are-strings"]


@pytest.mark.parametrize("expression", ["import os", "1", "1/0", "missing"])
def test_a_wrong_configuration_is_one_line(module: str, expression: str, tmp_path: Path) -> None:
    (tmp_path / "config.txt").write_text(expression)
    with pytest.raises(ConfigError) as caught:
        check_middleware(f"{module}:Adds", configuration=str(tmp_path / "config.txt"), options=options())
    assert len(str(caught.value).splitlines()) == 1


def test_what_gives_no_middleware_is_one_line(module: str) -> None:
    with pytest.raises(TargetError, match="returned None"):
        check_middleware(f"{module}:gives_nothing", options=options())
    with pytest.raises(TargetError, match="unexpected keyword"):
        check_middleware(f"{module}:Adds", arguments={"colour": "red"}, options=options())
    with pytest.raises(TargetError):
        check_middleware(f"{module}:missing", options=options())


@pytest.mark.slow
def test_a_hang_is_a_finding_and_the_rest_is_still_checked(module: str) -> None:
    run = check_middleware(f"{module}:hangs", options=options(timeout=0.5))
    assert [finding.rule for finding in run.findings] == ["each-request-is-answered-in-time"]
    assert run.findings[0].case is not None
    assert run.findings[0].case.request.method == "HEAD"
    assert run.exchanges > 100


def test_select_and_ignore() -> None:
    def number(app: Any) -> Any:
        return lambda environ, start_response: app(
            environ, lambda status, headers, *more: start_response(status, [*headers, ("X-A", 3)], *more))

    assert check_middleware(number, options=options(ignore=("header-values-are-strings",))).findings == ()
    run = check_middleware(number, options=options(select=("middleware-blocks",)))
    assert {result.family for result in run.rules} == {"middleware-blocks"}


def test_the_report_repeats_the_line_with_its_arguments(module: str) -> None:
    from wsgicheck.report import render

    arguments = {"name": "X-Mine", "value": 3}
    run = check_middleware(f"{module}:Adds", arguments=arguments, options=options())
    text = render(run, "text", width=400, arguments={"arguments": arguments, "configuration": "", "calls": 2})
    assert f"Again:  wsgicheck middleware {module}:Adds --arg name=X-Mine --arg value=3 --calls 2 --seed 1" in text
