"""Every error wsgicheck raises on purpose, and the step that raises it.

- TargetError: targets.py, when "pkg.mod:attr" does not lead to a WSGI callable.
- ConfigError: config.py and cli.py, when an option, a file or a rule's name is wrong.
- HarnessError: harness/, when a server under test cannot be installed, started or reached.
- RuleBroken: validator.py, when a rule is broken and the user asked for exceptions; one subclass a rule.
"""

from __future__ import annotations

__all__ = ["ConfigError", "HarnessError", "RuleBroken", "TargetError", "WsgicheckError", "WsgicheckWarning"]


class WsgicheckError(Exception):
    """The base of what wsgicheck raises about itself or its use; the message is one line for a person."""


class TargetError(WsgicheckError):
    """The subject cannot be found, imported or called."""


class ConfigError(WsgicheckError):
    """An option, a configuration file or a rule's name is wrong."""


class HarnessError(WsgicheckError):
    """A server under test cannot be installed, started or reached."""


class RuleBroken(AssertionError):
    """A rule of PEP 3333 is broken.

    An AssertionError, so that code written for wsgiref.validate keeps catching it. Every rule raises
    a subclass of its own, so that Hypothesis shrinks two rules apart.
    """

    rule: str = ""
    evidence: str = ""


class WsgicheckWarning(UserWarning):
    """A SHOULD or an ADVICE is not followed; issued where a MUST would raise."""
