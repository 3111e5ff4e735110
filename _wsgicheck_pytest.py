"""The pytest plugin's door: options, the marker and fixtures; what does the work is imported when it is first used.

Law: nothing of wsgicheck is imported here on import, nor in a run that does not use it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

_MARKER = ("wsgicheck(select=(), ignore=(), max_examples=None): narrow what the fixtures wsgicheck, wsgi_validator and "
           "wsgi_server judge in a test; items of the plugin's own carry it with subject, family and level")


def _wrap_mode(text: str) -> str:
    if text in ("report", "fail"):
        return text
    raise argparse.ArgumentTypeError(
        f"takes report or fail, not {text!r}; with a path behind it write --wsgicheck-wrap=report {text}")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wsgicheck", "WSGI conformance (wsgicheck)")
    group.addoption("--wsgicheck", action="append", default=[], metavar="TARGET", dest="wsgicheck_targets",
                    help="Check this WSGI application (pkg.mod:application): one test item for each rule. "
                         "May be repeated.")
    group.addoption("--wsgicheck-middleware", action="append", default=[], metavar="'TARGET --arg NAME=VALUE ...'",
                    dest="wsgicheck_middleware_targets",
                    help="Check this WSGI middleware, written as behind `wsgicheck middleware`: one test item for each "
                         "rule. May be repeated.")
    group.addoption("--wsgicheck-select", action="append", default=[], metavar="WORDS",
                    help="Judge only these rules: ids, families, levels; a comma between.")
    group.addoption("--wsgicheck-ignore", action="append", default=[], metavar="WORDS", help="Leave these rules out.")
    group.addoption("--wsgicheck-fail-on", metavar="LEVEL",
                    help="The level from which on a broken rule fails its item: must (the default), should, advice.")
    group.addoption("--wsgicheck-strict", action="store_true", help="The same as --wsgicheck-fail-on should.")
    group.addoption("--wsgicheck-baseline", metavar="FILE", help="Findings that FILE accepts are expected failures.")
    group.addoption("--wsgicheck-max-examples", type=int, metavar="N", help="Requests to draw for each subject.")
    group.addoption("--wsgicheck-max-time", type=float, metavar="SECONDS", help="Time for each subject.")
    group.addoption("--wsgicheck-seed", type=int, metavar="N", help="Repeat the run that had this seed.")
    group.addoption("--wsgicheck-report", action="append", default=[], metavar="FORMAT=FILE",
                    help="Write wsgicheck's own report too (html, sarif, json, ...); {app} in FILE stands for the "
                         "subject.")
    group.addoption("--wsgicheck-wrap", nargs="?", const="report", type=_wrap_mode, metavar="report|fail",
                    help="Watch every application that this suite's test clients call (Django, Flask, Werkzeug, "
                         "WebTest, Pyramid, Falcon, wsgiref.validate); report what they break, or fail the test.")
    parser.addini("wsgicheck_apps", "WSGI applications to check, one a line, as pkg.mod:application", "linelist")
    parser.addini("wsgicheck_middlewares",
                  "WSGI middlewares to check, one a line, as pkg.mod:factory --arg NAME=VALUE", "linelist")
    parser.addini("wsgicheck_select", "rules to judge: ids, families, levels", "args")
    parser.addini("wsgicheck_ignore", "rules to leave out", "args")
    parser.addini("wsgicheck_wrap", "report or fail: as --wsgicheck-wrap", "string", default="")


def _wrap_asked(config: pytest.Config) -> str:
    mode = config.known_args_namespace.wsgicheck_wrap or str(config.getini("wsgicheck_wrap")).strip()
    if mode not in ("", "report", "fail"):
        raise pytest.UsageError(f"wsgicheck_wrap is report or fail, not {mode!r}")
    return str(mode)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before any conftest imports a test client and takes names out of it.
    if early_config.known_args_namespace.wsgicheck_wrap or early_config.getini("wsgicheck_wrap"):
        _wrap_asked(early_config)
        from wsgicheck.wrap import install

        install()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    mode = _wrap_asked(config)
    if mode:
        from wsgicheck.pytest_plugin.wrapping import Wrapping

        config.pluginmanager.register(Wrapping(config, mode), "wsgicheck-wrapping")
    if (config.getoption("wsgicheck_targets") or config.getini("wsgicheck_apps")
            or config.getoption("wsgicheck_middleware_targets") or config.getini("wsgicheck_middlewares")):
        from wsgicheck.pytest_plugin.checking import Checking

        config.pluginmanager.register(Checking(config), "wsgicheck-checking")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    result = yield
    # Only a test that used a fixture of ours has loaded this.
    module = sys.modules.get("wsgicheck.pytest_plugin.ledger")
    if module is not None:
        module.settle(item)
    return result


@pytest.fixture
def wsgicheck(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Check a WSGI application that is an object: `wsgicheck(app)` fails the test with what `app` breaks.

    Takes select, ignore, fail_on, seed, max_examples, max_time, paths, headers; returns the finished Run.
    `wsgicheck.middleware(factory)` checks a middleware from both sides; it takes arguments and calls, too.
    """
    from wsgicheck.pytest_plugin.checker import Checker

    return Checker(request)


@pytest.fixture
def wsgi_validator(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Wrap a WSGI application: `app = wsgi_validator(app)`; what it breaks in the test's requests fails the test.

    Takes select and ignore; and layers=True, to name the middleware that a violation is the doing of.
    """
    from wsgicheck.pytest_plugin.fixtures import validators

    yield from validators(request)


@pytest.fixture
def wsgi_server(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Serve a WSGI application on the loopback interface: `url = wsgi_server(app)`; it is watched as by wsgi_validator.
    """
    from wsgicheck.pytest_plugin.fixtures import servers

    yield from servers(request)
