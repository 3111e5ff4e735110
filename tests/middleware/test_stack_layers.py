"""The layers of a stack, found and watched: each kept somewhere else, some beside each other, all put back."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from wsgicheck.active.layers import blame
from wsgicheck.model.finding import Finding
from wsgicheck.model.request import PLAIN, Case, Drive, Request
from wsgicheck.reference.gateway import Response, environ_of, serve
from wsgicheck.rules import passive_rules
from wsgicheck.spies.stack import find_layers
from wsgicheck.validator import validator

App = Callable[..., Any]
RULES = {rule.id: rule for rule in passive_rules()}


def good(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]


def bad(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Ms", 3)])
    return [b"Hello"]


class Passing:
    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ, start_response)


class Unusual:
    """Keeps what it wraps under a name that says nothing, and other callables beside it."""

    def __init__(self, site: App) -> None:
        self.clock = print
        self.site = site
        self.on_error = lambda request: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.site(environ, start_response)


class Mounts:
    def __init__(self, app: App, **below: App) -> None:
        self.app, self.below = app, below

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.below.get(environ["PATH_INFO"].strip("/"), self.app)(environ, start_response)


class Cascade:
    def __init__(self, *apps: App) -> None:
        self.apps = list(apps)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.apps[-1](environ, start_response)


def through(app: App, environ: dict[str, Any], start_response: Any) -> Any:
    return app(environ, start_response)


class Late(Passing):
    """Calls the application when its first item is asked for, in a copy of environ."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        def items() -> Any:
            body = self.app(dict(environ), start_response)
            try:
                yield from body
            finally:
                getattr(body, "close", lambda: None)()

        return items()


class Fresh(Passing):
    """Hands on an environ of its own making, without the server's streams."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ_of(Request()), start_response)


def ask(app: App, path: str = "/", drive: Drive = PLAIN) -> Response:
    request = Request.make("GET", path)
    return serve(app, request, drive, environ_of(request))


def found_by(app: App, path: str = "/") -> list[Finding]:
    findings: list[Finding] = []
    ask(validator(app, on_violation=findings.append, layers=True), path)
    return findings


@pytest.mark.parametrize("wrap", [
    Passing, Unusual, Mounts, Cascade, Late, Fresh, lambda app: functools.partial(through, app),
    lambda app: functools.partial(through, app=app), lambda app: Passing(validator(app, on_violation=lambda _: None)),
], ids=["attribute", "unusual", "default", "list", "late", "fresh-environ", "partial", "partial-keyword", "validator"])
def test_what_is_within_is_found_and_blamed_wherever_it_is_kept(wrap: Callable[[App], Any]) -> None:
    app = wrap(bad) if not isinstance(wrap(bad), functools.partial) or "app" not in wrap(bad).keywords else (
        functools.partial(lambda environ, start_response, app: app(environ, start_response), app=bad))
    assert [layer.name for layer in find_layers(app)][-1] == "bad"
    findings = found_by(app)
    assert [(finding.rule, finding.culprit) for finding in findings] == [("header-values-are-strings", "bad")]
    assert findings[0].layers[-1] == "bad (broken after this one)"


def test_only_the_branch_that_a_request_took_is_shown() -> None:
    app = Mounts(Passing(good), admin=Passing(bad))
    assert found_by(app) == []
    finding, = found_by(app, "/admin")
    assert finding.culprit == "bad"
    assert finding.layers == ("Mounts", "Passing", "bad (broken after this one)")


def test_an_application_that_two_layers_hold_is_watched_in_both() -> None:
    app = Mounts(bad, admin=bad)
    for path in ("/", "/admin"):
        finding, = found_by(app, path)
        assert finding.culprit == "bad", path


def test_what_is_mended_on_the_way_out_is_nobodys_finding() -> None:
    class Mending(Passing):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            return self.app(environ, lambda status, headers, exc_info=None: start_response(
                status, [(name, str(value)) for name, value in headers], exc_info))

    assert found_by(Mending(bad)) == []


def test_a_fault_that_is_mended_within_does_not_take_the_blame_for_another_outside() -> None:
    class Mending(Passing):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            return self.app(environ, lambda status, headers, exc_info=None: start_response(
                status, [(name, str(value)) for name, value in headers], exc_info))

    class Adding(Passing):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            return self.app(environ, lambda status, headers, exc_info=None: start_response(
                status, [*headers, ("X-Size", 5)], exc_info))

    app = Adding(Mending(bad))
    finding, = found_by(app)
    assert finding.culprit.endswith("Adding")
    told = blame(Adding(Mending(bad)), Case(Request()), RULES["header-values-are-strings"])
    assert told is not None
    assert told.culprit == finding.culprit


class Closes:
    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Any:
        return iter([b"one", b"two"])

    def close(self) -> None:
        self.closed += 1


def closing(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closes()


class Leaky(Passing):
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        yield from iter(self.app(environ, start_response))


def test_what_a_layer_does_to_the_one_within_is_its_own_doing() -> None:
    finding, = found_by(Passing(Leaky(Passing(closing))))
    assert (finding.rule, finding.culprit) == ("body-is-closed", "Leaky")
    assert finding.layers == ("Passing", "Leaky (breaks it towards the next)", "Passing", "closing")
    assert finding.site is not None
    assert finding.site.function == "Leaky.__call__"


def test_a_body_that_has_no_close_need_not_be_closed() -> None:
    assert found_by(Passing(Leaky(Passing(good)))) == []


def test_what_the_server_does_is_the_servers_doing() -> None:
    findings: list[Finding] = []
    app = validator(Passing(Passing(closing)), on_violation=findings.append, layers=True)
    environ = environ_of(Request())
    del environ["SERVER_NAME"]
    list(app(environ, lambda status, headers, exc_info=None: lambda data: None))
    assert {finding.culprit for finding in findings} == {"server"}
    assert {finding.rule for finding in findings} >= {"body-is-closed"}


def test_clean_stacks_name_nobody() -> None:
    assert found_by(Passing(Late(Unusual(Cascade(good))))) == []


def test_a_request_that_did_not_come_through_the_outermost_layer_is_not_watched() -> None:
    stack = Passing(Passing(bad))
    findings: list[Finding] = []
    watched = validator(stack, on_violation=findings.append, layers=True)
    assert ask(stack.app).chunks == [b"Hello"]
    assert findings == []
    ask(watched)
    assert [finding.culprit for finding in findings] == ["bad"]


def test_requests_at_once_do_not_take_each_others_place() -> None:
    barrier = threading.Barrier(4)

    class Meeting(Passing):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            barrier.wait(timeout=20)
            return self.app(environ, start_response)

    findings: list[Finding] = []
    app = validator(Meeting(Mounts(Passing(good), admin=Passing(bad))), on_violation=findings.append, layers=True)
    threads = [threading.Thread(target=ask, args=(app, path)) for path in ("/", "/admin", "/", "/")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    finding, = findings
    assert finding.layers == ("Meeting", "Mounts", "Passing", "bad (broken after this one)")


def test_two_validators_around_the_same_layers_each_find_the_guilty_one() -> None:
    findings: list[Finding] = []
    stack = Passing(Late(bad))
    ask(validator(validator(stack, on_violation=findings.append, layers=True), on_violation=findings.append,
                  layers=True))
    assert [finding.culprit for finding in findings] == ["bad", "bad"]
    ask(validator(stack, on_violation=findings.append, layers=True))
    assert [finding.culprit for finding in findings] == ["bad"] * 3


def test_raise_names_the_layer_and_shows_the_stack() -> None:
    response = ask(validator(Passing(Passing(bad)), layers=True))
    assert response.error is not None
    assert "[MUST, bad]" in str(response.error)
    assert "(layers: Passing -> Passing -> bad (broken after this one))" in str(response.error)


def test_sample_and_record_go_with_layers(tmp_path: Any) -> None:
    findings: list[Finding] = []
    ask(validator(Passing(bad), on_violation=findings.append, layers=True, sample=0))
    assert findings == []
    watched = validator(Passing(bad), on_violation=findings.append, layers=True, record=tmp_path / "traffic")
    ask(watched)
    assert [finding.culprit for finding in findings] == ["bad"]
    assert (tmp_path / "traffic").read_text().count("\n") == 1


class Slots:
    """An application without a __dict__, as compiled ones are, called as a framework's class is."""

    __slots__ = ("_router",)
    __module__ = "falcon.app"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return bad(environ, start_response)


def test_an_application_without_a_dict_is_a_layer_like_any_other() -> None:
    Slots.__name__ = "App"
    finding, = found_by(Passing(Slots()))
    assert finding.culprit == "App"
