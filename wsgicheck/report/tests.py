"""The findings as tests for pytest: each makes its request again and fails as long as its rule is broken.

Laws: the file needs the standard library and wsgicheck; a value of a request enters it as an ASCII literal and never
as code; a request reads back as the same request; a finding that is too large to print is named, and has no test; a
login is taken from the environment, for it has a password in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from textwrap import wrap

from ..model.finding import Finding
from ..model.request import PLAIN, Drive, Request
from ..model.rule import Card
from ..model.run import Run
from .judge import bytes_literal
from .options import Options
from .plain import place_words
from .reproduce import curls
from .safe import line as safe
from .view import RunView, plural

__all__ = ["render", "request_expression"]

_LONGEST = 60_000
_USUAL: Mapping[str, object] = {
    "chdir": "", "settings": "", "timeout": 10.0, "max_examples": 100, "login": "", "cookies": (), "headers": (),
    "unsafe_methods": False, "arguments": {}, "configuration": "", "calls": 1, "server": "", "command": "", "url": "",
    "channel": ""}
_BASE = dict(Request().variables)


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return a module with a test for each new finding."""
    view = RunView(run, options.fail_on)
    tests = [(finding, _call(finding, run, options)) for finding in view.findings]
    printed = [(finding, call) for finding, call in tests if call]
    names = {name for name in ("Drive", "Request") for _, call in printed if f"{name}(" in call or f"{name}." in call}
    parts = [_head(run, len(view.findings))]
    if printed:
        imported = ", ".join([*sorted(names), "assert_holds"])
        known = "from os import environ\n" if options.arguments.get("login") else ""
        parts.append(f"{known}from pathlib import Path\n\nfrom wsgicheck import {imported}\n\n"
                     f"PROJECT = {_project(options)}\n")
    for finding, call in tests:
        name = f"{finding.rule.replace('-', '_')}_{view.id(finding).replace('-', '_')}"
        if call:
            parts.append("\n" + "\n".join(_test(name, finding, call, cards.get(finding.name))) + "\n")
        else:
            parts.append(f"\n# {name} is too large for a test: wsgicheck replay {view.id(finding)}\n")
    return "\n".join(parts)


def _head(run: Run, count: int) -> str:
    found = f"{plural(count, 'finding')} of wsgicheck" + (f" {safe(run.version, 40)}" if run.version else "")
    said = "each test fails as long as its finding is there" if count else "there is nothing to test"
    return f'"""{found.translate(_QUOTES)} (seed {run.seed}): {said}."""\n'


_QUOTES = str.maketrans({'"': "'", "\\": "/"})


def _project(options: Options) -> str:
    """Return the expression for the folder in which the target is found."""
    folder = os.path.abspath(str(options.arguments.get("chdir", "")) or ".")
    if not options.file:
        return f"Path({os.path.relpath(folder)!a})"
    way = os.path.relpath(folder, os.path.dirname(os.path.abspath(options.file)))
    steps = "" if way == "." else f" / {way!a}"
    return f"Path(__file__).resolve().parent{steps}"


def _test(name: str, finding: Finding, call: str, card: Card | None) -> Iterator[str]:
    title = (safe(card.title) if card else finding.name).translate(_QUOTES)
    yield f"def test_{name}() -> None:"
    lines = wrap(f'"""{finding.level.value.upper()}: {title}"""', 112, break_long_words=False)
    yield from (f"    {line}" for line in lines)
    for told in (safe(finding.evidence), place_words(finding), *curls(finding).split("\n")):
        yield from (f"    # {line}" for line in wrap(told, 112, break_long_words=False, break_on_hyphens=False))
    yield f"    {call}"


def _call(finding: Finding, run: Run, options: Options) -> str:
    """Return the assertion, "" where it is too long."""
    words = [f"{finding.name!a}", f"{run.subject.target!a}"]
    if finding.case is not None:
        if sum(len(key) + len(value) for key, value in finding.case.request.variables) > _LONGEST:
            return ""
        words.append(request_expression(finding.case.request))
        if finding.case.drive != PLAIN:
            words.append(_drive_expression(finding.case.drive))
    if run.subject.kind != "application":
        words += [f"kind={run.subject.kind!a}", f"seed={run.seed}"]
    if finding.beside:
        words.append(f"beside=[{', '.join(map(request_expression, finding.beside))}]")
    if finding.given:
        words.append(f"given={finding.given!a}")
    words.append("chdir=PROJECT")
    if options.arguments.get("login"):
        words.append("login=environ['WSGICHECK_LOGIN']")
    words += [f"{name}={value!a}" for name, value in options.arguments.items()
              if name in _USUAL and name not in ("chdir", "login") and value != _USUAL[name]]
    if sum(map(len, words)) > _LONGEST:
        return ""
    call = f"assert_holds({', '.join(words)})"
    return call if len(call) <= 110 else "assert_holds(\n        " + ",\n        ".join(words) + ")"


def request_expression(request: Request) -> str:
    """Return a Python expression that is equal to `request` where Request is known."""
    changed = {key: value for key, value in request.variables
               if key not in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING") and _BASE.get(key) != value}
    length = str(len(request.body)) if request.body else None
    if changed.get("CONTENT_LENGTH") == length and length is not None:
        del changed["CONTENT_LENGTH"]
    kind = changed.pop("CONTENT_TYPE", None)
    gone = {key: None for key in _BASE if not request.has(key)}
    if all(key.isidentifier() and key.isascii() for key in changed):
        short = Request.make(request.method, request.path, request.query, body=request.body, content_type=kind,
                             **changed, **gone)
        if short == request:
            words = [ascii(request.method)] + ([ascii(request.path)] if request.path != "/" or request.query else [])
            words += [ascii(request.query)] if request.query else []
            words += [f"body={bytes_literal(request.body)}"] if request.body else []
            words += [f"content_type={kind!a}"] if kind is not None else []
            words += [f"{key}={value!a}" for key, value in {**changed, **gone}.items()]
            return f"Request.make({', '.join(words)})"
    plain = Request()
    words = [f"{request.variables!a}"] if request.variables != plain.variables else []
    words += [f"body={bytes_literal(request.body)}"] if request.body else []
    words += [f"{one.name}={getattr(request, one.name)!a}" for one in fields(Request)
              if one.name not in ("variables", "body") and getattr(request, one.name) != getattr(plain, one.name)]
    return f"Request({', '.join(words)})"


def _drive_expression(drive: Drive) -> str:
    words = [f"{one.name}={getattr(drive, one.name)!a}" for one in fields(Drive)
             if getattr(drive, one.name) != getattr(PLAIN, one.name)]
    return f"Drive({', '.join(words)})"
