"""The public names as a typed program uses them; checked by `mypy --strict`, never run."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import wsgicheck
from wsgicheck import (
    ConfigError,
    Drive,
    HarnessError,
    Request,
    RuleBroken,
    TargetError,
    WsgicheckError,
    WsgicheckWarning,
)
from wsgicheck.model.finding import Finding
from wsgicheck.model.run import Run
from wsgicheck.validator import Validator


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def receive(finding: Finding) -> None:
    print(finding.name, finding.evidence, finding.site)


watched: Validator = wsgicheck.validator(application, on_violation="warn", select=["body"], ignore=(), sample=0.5)
received: Validator = wsgicheck.validator(application, on_violation=receive)
layered: Validator = wsgicheck.validator(application, on_violation=receive, layers=True)
developed: Validator = wsgicheck.develop(application, level="advice")
named: Run = wsgicheck.check_application("shop.wsgi:application")
wsgicheck.assert_holds("body/chunks-are-bytes", "shop.wsgi:application", Request.make("POST", body=b"x"),
                       Drive(stop_after=1), chdir="src", login="POST /login user=me")
held: Run = wsgicheck.check_callable(application, name="shop")


@wsgicheck.given_environ(application)
def test_never_fails(environ: WSGIEnvironment) -> None:
    for chunk in watched(environ, print):
        assert isinstance(chunk, bytes)


def errors() -> list[type[Exception]]:
    return [ConfigError, HarnessError, RuleBroken, TargetError, WsgicheckError, WsgicheckWarning]


def kept(error: RuleBroken) -> tuple[str, str]:
    return error.rule, error.evidence
