"""Makes one finding happen again, in another process or after an upgrade, and tells whether it still does.

Law: what is repeated is what was found: the very request and drive, by the same visitor; the very application inside
of a middleware; the very bytes to a server. Only where these alone show nothing, because an earlier request had left
something behind, is a middleware's whole run repeated from its seed.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..model.finding import Finding
from ..model.run import Run
from ..reach.options import ReachOptions
from .options import Options

__all__ = ["replay"]


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name, "")
    return value if isinstance(value, str) else ""


def _pairs(arguments: Mapping[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    value = arguments.get(name, ())
    return tuple((str(pair[0]), str(pair[1])) for pair in value if isinstance(pair, (list, tuple)) and len(pair) == 2) \
        if isinstance(value, (list, tuple)) else ()


def _options(finding: Finding, seed: int, arguments: Mapping[str, Any]) -> Options:
    timeout, examples = arguments.get("timeout", 10.0), arguments.get("max_examples", 100)
    return Options(
        select=(finding.name,), seed=seed, directory=_text(arguments, "chdir"), settings=_text(arguments, "settings"),
        timeout=float(timeout) if isinstance(timeout, (int, float)) else 10.0,
        max_examples=examples if isinstance(examples, int) and examples > 0 else 100,
        headers=_pairs(arguments, "headers"), layers=arguments.get("layers", "auto") == "auto",
        reach=ReachOptions(login=_text(arguments, "login"), cookies=_pairs(arguments, "cookies"),
                           unsafe_methods=arguments.get("unsafe_methods") is True))


def replay(finding: Finding, kind: str, target: str, seed: int, arguments: Mapping[str, Any]) -> Run:
    """Repeat `finding` and return a run over its rule alone.

    Args:
        kind, target: of the run's subject; seed: the run's.
        arguments: what the command was given besides (see cli/memory.py).

    Raises:
        ConfigError: the finding is of no kind that can be repeated.
        TargetError, HarnessError, WsgicheckError: as the check itself does.
    """
    options = _options(finding, seed, arguments)
    if kind == "application" and finding.case is not None:
        from .application import repeat_cases

        return repeat_cases(target, (finding.case,), beside=finding.beside, options=options)
    if kind == "application":
        from .doctor import check_import

        return check_import(target, options=options)
    if kind == "middleware":
        return _middleware(finding, target, options, arguments)
    if kind == "server":
        return _server(finding, target, options, arguments)
    raise ConfigError(f"a finding about {kind!r} cannot be repeated")


def _middleware(finding: Finding, target: str, options: Options, arguments: Mapping[str, Any]) -> Run:
    from .middleware import check_middleware
    from .middleware_records import read

    given, calls = arguments.get("arguments", {}), arguments.get("calls", 1)
    named: dict[str, Any] = {
        "arguments": given if isinstance(given, dict) else {}, "configuration": _text(arguments, "configuration"),
        "calls": calls if isinstance(calls, int) and calls > 0 else 1, "options": options}
    if finding.case is not None and finding.given:
        run = check_middleware(target, pairs=((finding.case, read(finding.given)),), **named)
        if any(found.rule == finding.rule for found in run.findings):
            return run
    return check_middleware(target, **named)


def _server(finding: Finding, target: str, options: Options, arguments: Mapping[str, Any]) -> Run:
    from .server import check_command, check_server, check_url

    chosen: dict[str, Any] = {"select": options.select, "seed": options.seed}
    if finding.given:
        try:
            chosen["drawn"] = {finding.rule: ast.literal_eval(finding.given)}
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ConfigError("what the scene was played with is no Python literal: the finding is not whole") from None
    if command := _text(arguments, "command"):
        return check_command(command, **chosen)
    if url := _text(arguments, "url"):
        return check_url(url, channel=_text(arguments, "channel"), **chosen)
    return check_server(_text(arguments, "server") or target, **chosen)
