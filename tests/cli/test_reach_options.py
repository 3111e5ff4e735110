"""Each option that says where requests come from leads to a place that no run finds by itself."""

from __future__ import annotations

import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from project import Project

from wsgicheck import validator

# What it looks for does not stand in it: an application's own constants are asked for anyway.
SECRETS = """\
import hashlib

def hidden(text):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()[:16]

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    seen = [environ.get(name, "") for name in ("PATH_INFO", "HTTP_X_TOKEN", "HTTP_COOKIE")]
    return ["found"] if {hidden(text) for text in seen} & SECRETS else [b"text"]

SECRETS = {%s}
"""
PATH, TOKEN, COOKIE = "/place/zuGt7", "qU4-token", "door=kx82"


def hidden(text: str) -> str:
    import hashlib

    return repr(hashlib.sha256(text.encode("latin-1")).hexdigest()[:16])


OPENAPI = json.dumps({"openapi": "3.0.3", "info": {"title": "x", "version": "1"},
                      "paths": {PATH: {"get": {"responses": {"200": {"description": "ok"}}}}}})
HAR = json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [{
    "request": {"method": "GET", "url": f"http://127.0.0.1{PATH}", "httpVersion": "HTTP/1.1", "headers": [],
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0}, "response": {}}]}})
LOG = f'127.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "GET {PATH} HTTP/1.1" 200 4\n'
WORDS: dict[str, tuple[str, ...]] = {
    "--path": (PATH,), "--route": (PATH,), "--routes": ("routes.txt",), "--openapi": ("openapi.json",),
    "--har": ("site.har",), "--access-log": ("access.log",), "--traffic": ("traffic.jsonl",),
    "--header": (f"X-Token: {TOKEN}",), "--cookie": (COOKIE,),
}


@pytest.fixture
def secret(project: Project) -> Project:
    project.write({"shop.py": SECRETS % ", ".join(map(hidden, (PATH, TOKEN, COOKIE))), "routes.txt": f"GET {PATH}\n",
                   "openapi.json": OPENAPI, "site.har": HAR, "access.log": LOG})
    environ: dict[str, Any] = {"PATH_INFO": PATH}
    setup_testing_defaults(environ)

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    watched = validator(application, record=str(project.folder / "traffic.jsonl"))
    body = watched(environ, lambda *start: print)
    list(body)
    getattr(body, "close", lambda: None)()
    return project


CHECK = ("shop:application", "--seed", "1", "--select", "chunks-are-bytes", "-q", "--max-examples", "30")


def test_no_run_finds_it_by_itself(secret: Project) -> None:
    answer = secret.run(*CHECK)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("option", WORDS)
def test_the_option_leads_there(secret: Project, option: str) -> None:
    answer = secret.run(*CHECK, option, *WORDS[option])
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "chunks-are-bytes" in answer.stdout


def test_routes_none_asks_no_framework_and_does_not_crawl(project: Project) -> None:
    project.write({"shop.py": (
        "from flask import Flask\napplication = Flask(__name__)\n"
        "@application.get('/product/<int:number>')\ndef product(number):\n    return 'product'\n")})
    words = ("shop:application", "--seed", "1", "--max-examples", "5", "--select", "body")
    assert "reach   2 of 2 routes entered, 1 with a 2xx" in project.run(*words, "--routes", "auto").stdout
    assert "reach " not in project.run(*words, "--routes", "none").stdout


STACK = """\
class Outer:
    def __init__(self, app):
        self.app = app
    def __call__(self, environ, start_response):
        return self.app(environ, start_response)

def inner(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"text"]

application = Outer(inner)
"""


def test_layers_and_verbose(project: Project) -> None:
    project.write({"shop.py": STACK})
    words = ("shop:application", "--seed", "1", "--max-examples", "5", "--select", "body,call")
    auto, none = project.run(*words).stdout, project.run(*words, "--layers", "none").stdout
    assert "layers  Outer --> inner (2 found, each watched)" in auto
    assert "layers" not in none
    verbose = project.run(*words, "--verbose").stdout
    assert "answers 200 " in verbose
    assert "answers 200 " not in auto
