"""wsgicheck: does a WSGI application, middleware or server keep PEP 3333?

The public names, each loaded when it is first asked for: `import wsgicheck` costs nothing.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .active.application import check_application as check_application
    from .active.assertion import assert_holds as assert_holds
    from .active.inprocess import check_callable as check_callable
    from .active.middleware import check_middleware as check_middleware
    from .develop import develop as develop
    from .errors import ConfigError as ConfigError
    from .errors import HarnessError as HarnessError
    from .errors import RuleBroken as RuleBroken
    from .errors import TargetError as TargetError
    from .errors import WsgicheckError as WsgicheckError
    from .errors import WsgicheckWarning as WsgicheckWarning
    from .model.request import Drive as Drive
    from .model.request import Request as Request
    from .strategies.given import given_environ as given_environ
    from .validator import validator as validator

__version__ = "0.1.0"

__all__ = [
    "ConfigError", "Drive", "HarnessError", "Request", "RuleBroken", "TargetError", "WsgicheckError",
    "WsgicheckWarning", "__version__", "assert_holds", "check_application", "check_callable", "check_middleware",
    "develop", "given_environ", "validator",
]

_HOMES = {
    "ConfigError": "errors", "HarnessError": "errors", "RuleBroken": "errors", "TargetError": "errors",
    "WsgicheckError": "errors", "WsgicheckWarning": "errors",
    "Drive": "model.request", "Request": "model.request",
    "assert_holds": "active.assertion", "check_application": "active.application", "check_callable": "active.inprocess",
    "check_middleware": "active.middleware",
    "given_environ": "strategies.given",
}
"""The public names, and the module of each; those that share their module's name stand in _Package."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package: a function that has its module's name is the function, whoever imported the module first."""

    # The import system sets each submodule as an attribute of its package; these two names are taken.
    @property
    def validator(self) -> Any:
        from .validator import validator

        return validator

    @validator.setter
    def validator(self, module: ModuleType) -> None:
        pass

    @property
    def develop(self) -> Any:
        from .develop import develop

        return develop

    @develop.setter
    def develop(self, module: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package
