"""From the words a person types to the WSGI application they mean: "pkg.mod:attr", "path/wsgi.py", factories.

Laws: whatever is wrong with the target becomes one TargetError whose message is one line that says what to
do; a traceback of the target's never reaches the person, and neither sys.exit() nor any other exception that
loading it raises reaches the caller (KeyboardInterrupt aside). Loading changes sys.path as `python -m` does,
and nothing else that the target does not change itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .attributes import find_attribute
from .frameworks import details_of
from .modules import load_module
from .shape import require_application, require_callable
from .spec import Spec, parse_spec

__all__ = ["Spec", "Target", "load_object", "load_target", "parse_spec"]


@dataclass(frozen=True, slots=True)
class Target:
    """An application that was found.

    Attributes:
        spec: as the user named it.
        module: the module's dotted name.
        attribute: what was taken from it, "app" or "create_app()".
        application: the callable.
        details: what it turned out to be ("Flask 3.1.3", "Python 3.11.7").
        loaded_from: the module's file, "" where it has none.
    """

    spec: str
    module: str
    attribute: str
    application: Callable[..., Any]
    details: tuple[str, ...]
    loaded_from: str = ""

    @property
    def name(self) -> str:
        """The full name, "shop.wsgi:application"."""
        return f"{self.module}:{self.attribute}"


def _found(spec: str) -> tuple[Spec, ModuleType, str, object]:
    parsed = parse_spec(spec)
    module = load_module(parsed)
    attribute, value = find_attribute(parsed, module)
    return parsed, module, attribute, value


def load_target(spec: str) -> Target:
    """Import what `spec` names and return the WSGI application there.

    Args:
        spec: "pkg.mod:attr", "pkg.mod:a.b", "pkg.mod:factory()", "pkg.mod:factory('literal', key=1)", "pkg.mod"
            (then application, app, wsgi_app, or a factory such as create_app is looked for), and each of these
            with "path/to/file.py" for the module. The working directory is searched first.

    Raises:
        TargetError: it does not lead to a WSGI application; one line.
    """
    parsed, module, attribute, value = _found(spec)
    application = require_application(parsed, module, attribute, value)
    return Target(spec, module.__name__, attribute, application, details_of(application),
                  getattr(module, "__file__", None) or "")


def load_object(spec: str) -> tuple[ModuleType, str, Callable[..., Any]]:
    """Import what `spec` names and return its module, its attribute and the callable there, whatever it takes.

    For what is no application: a middleware, a factory that needs arguments.

    Raises:
        TargetError: it does not lead to a callable; one line.
    """
    parsed, module, attribute, value = _found(spec)
    return module, attribute, require_callable(parsed, attribute, value)
