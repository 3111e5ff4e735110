"""How a finding is seen again in Python, with the standard library only.

`short` shows the exchange in a few lines; `script` also judges it (see judge.py).
Laws: a value of the request enters the program as an ASCII literal and never as code; a request too large
to print makes no program, since `wsgicheck replay` has it whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model.finding import Finding
from ..model.request import Case, Request
from ..model.rule import Card
from ..model.run import Subject
from .judge import bytes_literal, judged
from .safe import line as safe

__all__ = ["script", "short"]

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_MODULE = re.compile(rf"(?P<module>{_DOTTED}):(?P<attr>{_DOTTED})(?P<call>\(\))?")
_FILE = re.compile(r"(?P<path>[^:\0]+\.py):(?P<attr>[^\W\d]\w*)(?P<call>\(\))?")
_LONGEST = 20_000
_DEFAULTED = ("HTTP_HOST", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REQUEST_METHOD",
              "PATH_INFO")
"""What wsgiref.util.setup_testing_defaults adds where it is missing."""


def import_lines(subject: Subject, name: str = "application") -> list[str]:
    """Return the lines that bind the subject to `name`, none where the target is no place in Python."""
    target = subject.target
    found = _FILE.fullmatch(target)
    if found:
        return ["import runpy",
                f"{name} = runpy.run_path({found['path']!a})[{found['attr']!a}]{found['call'] or ''}"]
    found = _MODULE.fullmatch(target)
    if found and found["module"].isascii() and found["attr"].isascii():
        lines = [f"from {found['module']} import {found['attr'].partition('.')[0]}"]
        value = found["attr"] + (found["call"] or "")
        return lines if value == name else [*lines, f"{name} = {value}"]
    return []


def short(cases: Sequence[Case], subject: Subject) -> str:
    """Return a program that makes the exchanges in turn and prints them; "" where there is none to write."""
    lines = import_lines(subject)
    if not lines or not cases or not all(_printable(each.request) for each in cases):
        return ""
    if any(each.request.body for each in cases):
        lines = ["import io", *lines]
    exchanges = [line for each in cases for line in _exchange(each)]
    first = "from wsgiref.util import setup_testing_defaults"
    return "\n".join([first, *lines, *_wrapped_in(subject), *exchanges]) + "\n"


def _exchange(case: Case) -> list[str]:
    """Return the lines that make one exchange and print what comes of it."""
    request = case.request
    known = [f"{key!a}: {value!a}" for key, value in request.variables if not _is_default(key, value)]
    if request.body:
        known.append(f"'wsgi.input': io.BytesIO({bytes_literal(request.body)})")
    missing = ", ".join(f"environ[{key!a}]" for key in _DEFAULTED if not request.has(key))
    left = case.drive.stop_after
    return [
        f"environ = {{{', '.join(known)}}}",
        "setup_testing_defaults(environ)",
        *([f"del {missing}"] if missing else []),
        "body = application(environ, lambda *start: print(*start) or print)",
        "print(*body)" if left is None else f"print([item for item, _ in zip(body, range({left}))])",
    ]


def _wrapped_in(subject: Subject) -> list[str]:
    """Return the line that gives a middleware a legal application to wrap."""
    if subject.kind != "middleware":
        return []
    return ["application = application(lambda environ, start_response: "
            "(start_response('200 OK', [('Content-Type', 'text/plain')]), [b'hello'])[1])"]


def script(finding: Finding, subject: Subject, card: Card | None) -> str:
    """Return a program that makes the exchange and fails while the rule is broken; "" where there is none.

    A finding may bring its own program. Where the rule cannot be taken out of wsgicheck (it looks at more than
    one exchange, or at a moment the program does not have), the program is the short one, which shows and does
    not judge.
    """
    if finding.program:
        return "\n".join(safe(line, 100_000) for line in finding.program.split("\n"))
    case = finding.case
    if case is None or subject.kind == "server":
        return ""
    lines = import_lines(subject)
    if not lines or not _printable(case.request):
        return ""
    program = judged(finding, [*lines, *_wrapped_in(subject)], card) if card is not None else ""
    return program or short(finding.cases, subject)


def _is_default(key: str, value: str) -> bool:
    return (key, value) in (("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", ""), ("PATH_INFO", "/"),
                            ("SERVER_NAME", "127.0.0.1"), ("SERVER_PORT", "80"), ("HTTP_HOST", "127.0.0.1"))


def _printable(request: Request) -> bool:
    size = sum(len(key) + len(value) for key, value in request.variables)
    return size + len(request.body) <= _LONGEST or (size <= _LONGEST and len(set(request.body[:4096])) == 1
                                                   and request.body == request.body[:1] * len(request.body))
