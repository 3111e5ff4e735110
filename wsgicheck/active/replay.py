"""Makes one finding happen again, in another process or after an upgrade, and tells whether it still does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..model.finding import Finding
from ..model.run import Run
from .options import Options

__all__ = ["replay"]


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name, "")
    return value if isinstance(value, str) else ""


def replay(finding: Finding, kind: str, target: str, seed: int, arguments: Mapping[str, Any]) -> Run:
    """Repeat `finding` and return a run over its rule alone.

    An application is asked the very request again; a server plays the very scene; a middleware is put before
    the requests and applications that the seed gives.

    Args:
        kind, target: of the run's subject; seed: the run's.
        arguments: what the command was given besides (see cli/memory.py).

    Raises:
        ConfigError: the finding is of no kind that can be repeated.
        TargetError, HarnessError, WsgicheckError: as the check itself does.
    """
    timeout = arguments.get("timeout", 10.0)
    options = Options(select=(finding.name,), seed=seed, directory=_text(arguments, "chdir"),
                      settings=_text(arguments, "settings"),
                      timeout=float(timeout) if isinstance(timeout, (int, float)) else 10.0)
    if kind == "application" and finding.case is not None:
        from .application import repeat_cases

        return repeat_cases(target, (finding.case,), options=options)
    if kind == "application":
        from .doctor import check_import

        return check_import(target, options=options)
    if kind == "middleware":
        from .middleware import check_middleware

        given = arguments.get("arguments", {})
        return check_middleware(target, arguments=given if isinstance(given, dict) else {},
                                configuration=_text(arguments, "configuration"),
                                calls=int(arguments.get("calls", 1) or 1), options=options)
    if kind == "server":
        from .server import check_command, check_server, check_url

        if command := _text(arguments, "command"):
            return check_command(command, select=options.select, seed=seed)
        if url := _text(arguments, "url"):
            return check_url(url, channel=_text(arguments, "channel"), select=options.select, seed=seed)
        return check_server(_text(arguments, "server") or target, select=options.select, seed=seed)
    raise ConfigError(f"a finding about {kind!r} cannot be repeated")
