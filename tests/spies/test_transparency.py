"""The observer does not change the observed: the same application, bare and watched, is the same."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck.model.finding import Finding
from wsgicheck.model.request import PLAIN, Drive, Request
from wsgicheck.reference.gateway import FileWrapper, environ_of
from wsgicheck.reference.repertoire import Recipe
from wsgicheck.strategies import DRIVES, requests
from wsgicheck.strategies.applications import recipes
from wsgicheck.validator import validator


def record(application: Callable[..., Any], request: Request, drive: Drive) -> list[Any]:
    """Run an exchange as a nosy server would, and write down all it can see."""
    seen: list[Any] = []

    def start_response(*args: Any, **keywords: Any) -> Any:
        seen.append(("start", args[0], list(args[1]), len(args), sorted(keywords)))
        if len(args) > 2 and args[2] and sent:
            raise args[2][1]
        if drive.start_raises:
            raise LookupError("refused")
        return write

    def write(data: bytes) -> None:
        seen.append(("write", data))
        if drive.write_raises_after is not None:
            raise LookupError("gone")
        sent.append(data)

    sent: list[bytes] = []
    environ = environ_of(request)
    before = set(environ)
    body: Any = None
    try:
        body = application(environ, start_response)
        seen.append(("keys", sorted(set(environ) ^ before)))
        seen.append(("wrapper", type(body) is FileWrapper))
        try:
            seen.append(("len", len(body)))
        except TypeError:
            seen.append(("len", None))
        if drive.stop_after != 0:
            for number, item in enumerate(body, 1):
                seen.append(("item", item))
                if item:
                    sent.append(item)
                if number == drive.stop_after:
                    break
    except Exception as error:
        seen.append(("raised", type(error), str(error)))
    finally:
        if hasattr(body, "close"):
            try:
                body.close()
                seen.append("closed")
            except Exception as error:
                seen.append(("close raised", type(error), str(error)))
        elif body is not None:
            seen.append("closed")
    return seen


@given(recipes(), requests(), st.sampled_from(DRIVES))
@settings(max_examples=300, deadline=None)
def test_watched_is_bare(recipe: Recipe, request: Request, drive: Drive) -> None:
    application = recipe.build()
    findings: list[Finding] = []
    watched = validator(application, on_violation=findings.append)
    assert record(watched, request, drive) == record(application, request, drive)


def layers_around(application: Callable[..., Any]) -> Callable[..., Any]:
    """Two middlewares of the most common kinds: one that passes on, one that changes the body as it goes."""

    class Passing:
        def __init__(self, app: Callable[..., Any]) -> None:
            self.app = app

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.app(environ, lambda *args: start_response(*args))

    class Body:
        def __init__(self, body: Any) -> None:
            self.body = body
            if hasattr(body, "close"):
                self.close = body.close

        def __iter__(self) -> Any:
            return (item.swapcase() for item in self.body)

    def swapping(environ: Any, start_response: Any) -> Any:
        body = application(environ, start_response)
        # A server's own file wrapper must be recognised from in here, too.
        return body if type(body) is FileWrapper else Body(body)

    return Passing(swapping)


@given(recipes(), requests(), st.sampled_from(DRIVES))
@settings(max_examples=200, deadline=None)
def test_watched_layer_by_layer_is_bare(recipe: Recipe, request: Request, drive: Drive) -> None:
    findings: list[Finding] = []
    watched = validator(layers_around(recipe.build()), on_violation=findings.append, layers=True)
    assert record(watched, request, drive) == record(layers_around(recipe.build()), request, drive)
    assert not [finding for finding in findings if finding.level.value == "must" and finding.layers], recipe.source()


@given(recipes(mishaps=False), requests())
@settings(max_examples=300, deadline=None)
def test_legal_applications_are_not_flagged(recipe: Recipe, request: Request) -> None:
    musts: list[Finding] = []

    def collect(finding: Finding) -> None:
        if finding.level.value == "must":
            musts.append(finding)

    record(validator(recipe.build(), on_violation=collect), request, PLAIN)
    assert not musts, recipe.source()


def test_attributes_are_passed_on() -> None:
    class Application:
        config = ("a", "b")

        def __call__(self, environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"x"]

    application = Application()
    watched = validator(application)
    assert watched.config is application.config
    assert watched.__wrapped__ is application
    with pytest.raises(AttributeError):
        _ = watched.nothing


def test_a_server_recognises_its_own_file_wrapper() -> None:
    recipe = Recipe(shape="file_wrapper")
    environ = environ_of(Request())
    body = validator(recipe.build())(environ, lambda *args: lambda data: None)
    assert type(body) is FileWrapper
    assert isinstance(body, environ["wsgi.file_wrapper"])


def test_a_file_wrapper_class_answers_isinstance_while_it_is_spied_on() -> None:
    answers = []

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        answers.append(isinstance([], environ["wsgi.file_wrapper"]))
        return [b"x"]

    validator(application)(environ_of(Request()), lambda *args: lambda data: None).close()
    assert answers == [False]


def test_nothing_is_raised_out_of_a_dropped_body() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"x"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = validator(application)(environ_of(Request()), lambda *args: lambda data: None)
        assert next(iter(body)) == b"x"
        del body


def test_the_input_is_of_the_type_that_the_server_gave() -> None:
    seen: list[object] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        seen.append((isinstance(stream, io.BytesIO), isinstance(stream, io.StringIO), stream.getvalue()))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO(b"text")
    list(validator(application, on_violation=lambda finding: None)(environ, lambda *start: print))
    assert seen == [(True, False, b"text")]
