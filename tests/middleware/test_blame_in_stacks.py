"""Blame in a stack: the layer that broke the rule is named, and the stack is as it was afterwards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.layers import blame
from wsgicheck.active.options import Options
from wsgicheck.model.request import Case, Drive, Request
from wsgicheck.model.rule import Rule
from wsgicheck.rules import passive_rules
from wsgicheck.spies.stack import find_layers

App = Callable[..., Any]
STACK = '''
class First:
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


class Second(First):
    pass


class Timing(First):
    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Ms", 3)], exc_info)

        return self.app(environ, start)


class Third(First):
    pass


def plain(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]


application = First(Second(Timing(Third(plain))))
'''
RULES = {rule.id: rule for rule in passive_rules()}


def innermost(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]


class Timing:
    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Elapsed-Ms", 3)], exc_info)

        return self.app(environ, start)


class Slotted:
    __slots__ = ("__application",)

    def __init__(self, application: App) -> None:
        self.__application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.__application(environ, start_response)


def closure(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


def cookie(app: App) -> App:
    @functools.wraps(app)
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", "a=1"), ("Connection", "close")], exc_info)

        return app(environ, start)

    return middleware


class Method:
    def __init__(self, wrapped: App) -> None:
        self.wrapped = wrapped

    def answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.wrapped(environ, start_response)


def five() -> App:
    return closure(Timing(Slotted(Method(cookie(innermost)).answer)))


def _case(drive: Drive | None = None) -> Case:
    return Case(Request(), drive or Drive())


def _rule(name: str) -> Rule:
    return RULES[name]


def test_the_layers_of_a_stack_are_found_from_outside_to_inside() -> None:
    assert [layer.name for layer in find_layers(five())] == [
        "closure", "Timing", "Slotted", "Method", "cookie", "innermost"]


def test_in_a_five_layer_stack_the_guilty_one_is_named() -> None:
    found = blame(five(), _case(), _rule("header-values-are-strings"))
    assert found is not None
    assert found.culprit == "Timing"
    assert found.layers[:3] == ("closure", "Timing (broken after this one)", "Slotted (clean after this one)")
    assert found.site is not None
    assert found.site.function == "Timing.__call__.<locals>.start"
    stack = closure(Slotted(Slotted(Method(cookie(innermost)).answer)))
    other = blame(stack, _case(), _rule("connection-is-left-to-the-server"))
    assert other is not None
    assert other.culprit == "cookie", "its own name, and not the one that functools.wraps gave it"
    assert other.layers[4:] == ("cookie (broken after this one)", "innermost (clean after this one)")


def test_a_run_over_an_application_names_the_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.py").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    run = check_application("stack:application", options=Options(seed=1, max_examples=5, select=("headers",)))
    finding = next(finding for finding in run.findings if finding.rule == "header-values-are-strings")
    assert finding.culprit == "Timing"
    assert finding.layers == ("First", "Second", "Timing (broken after this one)", "Third (clean after this one)",
                              "plain")
    assert finding.site is not None
    assert (finding.site.file, finding.site.line) == ("stack.py", 17)


def test_nothing_is_blamed_for_a_rule_that_holds() -> None:
    assert blame(five(), _case(), _rule("chunks-are-bytes")) is None
    assert blame(innermost, _case(), _rule("header-values-are-strings")) is None


@pytest.mark.parametrize("name", ["header-values-are-strings", "chunks-are-bytes"])
def test_the_stack_is_as_it_was_afterwards(name: str) -> None:
    stack = five()
    before = [layer.application for layer in find_layers(stack)]
    blame(stack, _case(), _rule(name))
    after = [layer.application for layer in find_layers(stack)]
    assert all(one == other for one, other in zip(before, after, strict=True))


def test_the_layers_around_a_flask_application_are_found() -> None:
    flask = pytest.importorskip("flask")
    from werkzeug.middleware.proxy_fix import ProxyFix

    app = flask.Flask("shop")
    app.add_url_rule("/", view_func=lambda: "Hello")
    app.wsgi_app = Timing(ProxyFix(app.wsgi_app))
    assert [layer.name for layer in find_layers(app)] == ["Flask 'shop'", "Timing", "ProxyFix", "Flask 'shop'"]
    found = blame(app, _case(), _rule("header-values-are-strings"))
    assert found is not None
    assert found.culprit == "Timing"
    assert isinstance(app.wsgi_app, Timing)
