"""Blame in stacks as people build them: Django, Flask, Pyramid and a PasteDeploy ini, each in five layers.

In each the fault is put into one layer after the other; that one is named, and no other, by a run over the target and
by validator(layers=True). Without a fault nobody is.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.options import Options
from wsgicheck.model.finding import Finding
from wsgicheck.model.request import PLAIN, Drive, Request
from wsgicheck.reference.gateway import environ_of, serve
from wsgicheck.report import render
from wsgicheck.spies.stack import find_layers
from wsgicheck.validator import validator

RULE = "header-values-are-strings"
LAYERS = '''
import os


class Layer:
    """Passes on, and adds a field of the wrong type where it is the one that FAULT names."""

    def __init__(self, app):
        self.application = app

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            if os.environ.get("FAULT") == type(self).__name__:
                headers = [*headers, ("X-Rows", 3)]
            return start_response(status, headers, exc_info)

        return self.application(environ, start)


class Auth(Layer):
    pass


class Timing(Layer):
    pass


class Audit(Layer):
    pass


def make(name):
    return lambda app, global_conf, **local_conf: globals()[name](app)


auth, timing, audit = make("Auth"), make("Timing"), make("Audit")
'''
DJANGO = '''
import os
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from whitenoise import WhiteNoise
from layers import Auth, Timing, Audit


def page(request):
    response = HttpResponse(b"Hello", content_type="text/plain")
    if os.environ.get("FAULT") == "framework":
        response.headers._store["x-rows"] = ("X-Rows", 3)
    return response


if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[])
    django.setup()
urlpatterns = [path("", page)]
application = Auth(Timing(WhiteNoise(Audit(get_wsgi_application()))))
'''
FLASK = '''
import os
from flask import Flask, Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from layers import Auth, Timing, Audit

application = Flask("shop")


class Report(Response):
    def get_wsgi_headers(self, environ):
        headers = super().get_wsgi_headers(environ)
        if os.environ.get("FAULT") == "framework":
            headers._list.append(("X-Rows", 3))
        return headers


@application.get("/")
def page():
    return Report("Hello", content_type="text/plain")


application.wsgi_app = Auth(ProxyFix(DispatcherMiddleware(Timing(Audit(application.wsgi_app)), {"/none": Auth(None)})))
'''
PYRAMID = '''
import os
from pyramid.config import Configurator
from pyramid.response import Response
from paste.translogger import TransLogger
from layers import Auth, Timing, Audit


def page(request):
    response = Response(b"Hello", content_type="text/plain")
    if os.environ.get("FAULT") == "framework":
        response._headerlist.append(("X-Rows", 3))
    return response


def main(global_conf=None, **settings):
    with Configurator() as config:
        config.add_route("page", "/")
        config.add_view(page, route_name="page")
        return config.make_wsgi_app()


application = Auth(Timing(TransLogger(Audit(main()), setup_console_handler=False)))
'''
PASTE_INI = '''
[pipeline:main]
pipeline = auth timing site

[filter:auth]
paste.filter_app_factory = layers:auth

[filter:timing]
paste.filter_app_factory = layers:timing

[composite:site]
use = egg:Paste#urlmap
/ = page
/other = other

[app:page]
paste.app_factory = pyramid_site:main
filter-with = audit

[app:other]
paste.app_factory = pyramid_site:main

[filter:audit]
paste.filter_app_factory = layers:audit
'''
PASTE = '''
import os
from paste.deploy import loadapp

application = loadapp("config:site.ini", relative_to=os.path.dirname(os.path.abspath(__file__)))
'''
SITES = {
    "django": (DJANGO, ["Auth", "Timing", "WhiteNoise", "Audit", "Django WSGIHandler"]),
    "flask": (FLASK, ["Flask 'shop'", "Auth", "ProxyFix", "DispatcherMiddleware", "Timing", "Audit", "Flask 'shop'"]),
    "pyramid": (PYRAMID, ["Auth", "Timing", "TransLogger", "Audit", "Pyramid 'pyramid_site'"]),
    "paste": (PASTE, ["Auth", "Timing", "URLMap", "Audit", "Pyramid 'pyramid_site'"]),
}
NEEDS = {"django": ("django", "whitenoise"), "flask": ("flask",), "pyramid": ("pyramid", "paste"),
         "paste": ("paste.deploy", "pyramid", "paste")}
FAULTS = ["Auth", "Timing", "Audit", "framework"]
pytestmark = pytest.mark.filterwarnings("ignore")  # the frameworks' own


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "pyramid_site.py").write_text(PYRAMID)
    (tmp_path / "site.ini").write_text(PASTE_INI)
    for name, (text, _) in SITES.items():
        (tmp_path / f"{name}_site.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAULT", raising=False)
    return tmp_path


def needed(site: str) -> None:
    for module in NEEDS[site]:
        pytest.importorskip(module)


def apart(question: Callable[..., Any], *arguments: Any) -> Any:
    """Return the answer that a process of its own gives: Django is set up once in each, and others need it too."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        return pool.submit(question, *arguments).result(120)


def load(site: str, folder: Path) -> Callable[..., Any]:
    """Import the site into this process, by names of its own."""
    sys.path.insert(0, str(folder))
    for name in ("layers", f"{site}_site", "pyramid_site"):
        sys.modules.pop(name, None)
    application: Callable[..., Any] = importlib.import_module(f"{site}_site").application
    return application


def names_of_layers(site: str, folder: Path) -> list[str]:
    return [layer.name for layer in find_layers(load(site, folder))]


def bare_and_watched(site: str, folder: Path) -> tuple[list[tuple[Any, Any]], set[tuple[str, str]]]:
    """Return what a server sees of the site, bare and watched, for several requests; and (rule, culprit) found."""
    bare, watched = load(site, folder), load(site, folder)
    findings: list[Finding] = []
    watched = validator(watched, on_violation=findings.append, ignore=["should", "advice"], layers=True)
    pairs = []
    for request in (Request(), Request.make("HEAD", "/"), Request.make("GET", "/missing"),
                    Request.make("POST", "/", body=b"a=1")):
        for drive in (PLAIN, Drive(stop_after=1)):
            seen = [serve(app, request, drive, environ_of(request)) for app in (bare, watched)]
            here, there = ((response.status, response.chunks, response.ending,
                            [field for field in response.headers if field[0] != "Date"]) for response in seen)
            pairs.append((here, there))
    return pairs, {(finding.rule, finding.culprit) for finding in findings}


def check(site: str) -> list[Finding]:
    run = check_application(f"{site}_site:application", options=Options(
        seed=1, max_examples=3, select=("must",), ignore=("hygiene",)))
    assert not run.nothing_checked
    assert any(note.startswith("layers, each watched by itself: ") for note in run.notes)
    return list(run.findings)


@pytest.mark.parametrize("site", SITES)
def test_the_layers_are_found(site: str, folder: Path) -> None:
    needed(site)
    names = apart(names_of_layers, site, folder)
    # What is mounted beside is a layer too, and is not on the way.
    assert [name for name in SITES[site][1] if name in names] == SITES[site][1]


@pytest.mark.slow
@pytest.mark.parametrize("site", SITES)
def test_a_clean_stack_names_nobody(site: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed(site)
    assert [(finding.rule, finding.culprit) for finding in check(site)] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("site", SITES)
def test_the_guilty_layer_is_named_and_no_other(site: str, fault: str, folder: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    needed(site)
    monkeypatch.setenv("FAULT", fault)
    culprit = SITES[site][1][-1] if fault == "framework" else fault
    finding, = check(site)
    assert (finding.rule, finding.culprit) == (RULE, culprit)
    marked = [layer for layer in finding.layers if "(broken after this one)" in layer]
    assert marked == [f"{culprit} (broken after this one)"]
    assert [layer.partition(" (")[0] for layer in finding.layers] == SITES[site][1]


@pytest.mark.parametrize("fault", ["", *FAULTS])
@pytest.mark.parametrize("site", SITES)
def test_the_validator_names_it_too_and_changes_nothing(site: str, fault: str, folder: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    needed(site)
    monkeypatch.setenv("FAULT", fault)
    pairs, found = apart(bare_and_watched, site, folder)
    for here, there in pairs:
        assert here == there
    culprit = SITES[site][1][-1] if fault == "framework" else fault
    assert found == ({(RULE, culprit)} if fault else set())


@pytest.mark.slow
def test_text_and_json_show_the_stack_with_the_place_marked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed("flask")
    monkeypatch.setenv("FAULT", "Timing")
    run = check_application("flask_site:application", options=Options(seed=1, max_examples=3, select=(RULE,)))
    text = " ".join(render(run, "text", width=300).split())
    assert f"headers/{RULE} · MUST · Timing" in text
    assert ("layers Flask 'shop' --> Auth --> ProxyFix --> DispatcherMiddleware --> Timing (broken after this one) --> "
            "Audit (clean after this one) --> Flask 'shop'") in text
    finding, = json.loads(render(run, "json"))["findings"]
    assert finding["culprit"] == "Timing"
    assert finding["layers"][4:6] == ["Timing (broken after this one)", "Audit (clean after this one)"]
    none = check_application("flask_site:application", options=Options(seed=1, max_examples=3, select=(RULE,),
                                                                       layers=False))
    assert [(finding.culprit, finding.layers) for finding in none.findings] == [("application", ())]
