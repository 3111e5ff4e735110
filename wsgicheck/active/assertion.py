"""A finding as an assertion, which `--report pytest=FILE` writes: make it happen again, and fail while it does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ConfigError
from ..model.finding import Finding
from ..model.request import PLAIN, Case, Drive, Request
from ..validator import exception_of
from .replay import replay

__all__ = ["assert_holds"]


def assert_holds(rule: str, target: str, request: Request | None = None, drive: Drive = PLAIN, *,
                 kind: str = "application", beside: Iterable[Request] = (), given: str = "", seed: int = 0,
                 chdir: str | os.PathLike[str] = "", **arguments: Any) -> None:
    """Fail where `rule` is broken by what `target` names, in this exchange; in a process of its own.

    Args:
        rule: its id, with or without its family.
        target: as the command takes it: "pkg.mod:attr", "path/to/file.py:attr"; for a server, its name.
        request: what is asked; None for a rule about the import, and for a server.
        drive: what the server does with the answer.
        kind: "application", "middleware" or "server".
        beside: further requests, for a law over several.
        given: what stands inside of a middleware, or what a server's scene is played with, as a report has it.
        seed: of the run that found it.
        chdir: the folder in which the target is found.
        arguments: settings, timeout (seconds), login, cookies, headers, unsafe_methods, max_examples; for a
            middleware arguments, configuration, calls; for a server server, command, url, channel.

    Raises:
        RuleBroken: the rule is broken; its message is the evidence, and the line of code where there is one.
        ConfigError: there is no such rule or kind, or an argument that is none of these.
        TargetError, HarnessError: as the check itself does.
    """
    __tracebackhide__ = True  # pytest shows the test, and not this
    from ..rules import every_card
    from ..selection import find_card

    unknown = arguments.keys() - _ARGUMENTS
    if unknown:
        raise ConfigError(f"assert_holds knows no argument {', '.join(sorted(unknown))}")
    card = find_card(every_card(), rule)
    finding = Finding(card.id, card.family, card.level, card.binds.value, "", beside=tuple(beside), given=given,
                      case=None if request is None else Case(request, drive))
    told: Mapping[str, Any] = {"chdir": os.fspath(chdir), **arguments}
    for found in replay(finding, kind, target, seed, told).findings:
        if found.rule == card.id:
            place = f"\n  at {found.site.file}:{found.site.line} in {found.site.function or 'the module'}" \
                if found.site else ""
            error = exception_of(card.id)(f"{found.name}: {found.evidence}{place}")
            error.evidence = found.evidence
            raise error


_ARGUMENTS = frozenset({
    "settings", "timeout", "login", "cookies", "headers", "unsafe_methods", "max_examples", "arguments",
    "configuration", "calls", "server", "command", "url", "channel"})
