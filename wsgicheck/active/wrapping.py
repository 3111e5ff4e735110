"""How a middleware is put around an application: its target, its arguments, its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError, TargetError
from ..reference.apps import plain
from ..show import printable, show, typed
from ..targets import load_object

__all__ = ["Wrapping", "configuration_of", "load_factory", "try_factory"]

Factory = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A middleware as a person names it.

    Attributes:
        target: "pkg.mod:factory", "pkg.mod:Class" or "path/to/file.py:factory".
        arguments: (name, value) of keyword arguments that it gets besides the application.
        configuration: a file with one Python expression, "" for none: a dict of further keyword arguments, a list
            or tuple of positional ones that follow the application, or a function that takes the application and
            returns the middleware. It is evaluated among the names of the target's module.
        calls: how often it is meant to call the application for one request, at most.
    """

    target: str
    arguments: tuple[tuple[str, Any], ...] = ()
    configuration: str = ""
    calls: int = 1

    @property
    def label(self) -> str:
        """The target with what sets it apart: "shop.timing:Timer[header=X-Elapsed]"."""
        said = [f"{name}={value}" for name, value in self.arguments]
        if self.configuration:
            said.append(f"configuration={Path(self.configuration).name}")
        if self.calls != 1:
            said.append(f"calls={self.calls}")
        return printable(f"{self.target}[{','.join(said)}]" if said else self.target).replace("::", ":")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a command line that name it."""
        said = [word for name, value in self.arguments for word in ("--arg", f"{name}={typed(value)}")]
        said += ["--configuration", self.configuration] if self.configuration else []
        said += ["--calls", str(self.calls)] if self.calls != 1 else []
        return (self.target, *said)


def configuration_of(path: str, names: dict[str, Any]) -> Any:
    """Return the value of the expression that the file at `path` holds.

    Raises:
        ConfigError: it cannot be read, is no expression, or raises; one line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration {path}: {error}") from None
    try:
        return eval(compile(text.strip(), path, "eval"), dict(names))
    except SyntaxError as error:
        raise ConfigError(f"{path}, line {error.lineno}: {error.msg}; expected one Python expression, such as a dict "
                          "of keyword arguments") from None
    except Exception as error:
        raise ConfigError(f"{path} raised {type(error).__name__}: {show(str(error))[1:-1]}") from None


def load_factory(wrapping: Wrapping) -> tuple[Factory, str]:
    """Import the middleware and return what puts it around an application, and its name.

    Raises:
        TargetError: the target does not lead to a callable.
        ConfigError: the configuration is none.
    """
    module, attribute, value = load_object(wrapping.target)
    name = f"{module.__name__}:{attribute}"
    keywords = dict(wrapping.arguments)
    positional: tuple[Any, ...] = ()
    if wrapping.configuration:
        given = configuration_of(wrapping.configuration, {**vars(module)})
        if isinstance(given, dict) and all(isinstance(key, str) for key in given):
            keywords |= given
        elif isinstance(given, (list, tuple)):
            positional = tuple(given)
        elif callable(given):
            return given, name
        else:
            raise ConfigError(f"{wrapping.configuration} gives {show(given)}; expected a dict of keyword arguments, a "
                              "list of positional ones, or a function that takes the application")
    if not keywords and not positional:
        return value, name
    return (lambda application: value(application, *positional, **keywords)), name


def try_factory(factory: Factory, name: str) -> Any:
    """Put the middleware around a plain application and return it.

    Raises:
        TargetError: it raises, or returns what cannot be called; one line.
    """
    try:
        middleware = factory(plain)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        text = " ".join(str(error).split())[:200]
        raise TargetError(f"{name} raised {type(error).__name__}: {text} when it was given an application; arguments "
                          "are passed with --arg name=value or --configuration FILE") from None
    if not callable(middleware):
        raise TargetError(f"{name} returned {show(middleware)} when it was given an application; expected a WSGI "
                          "application around it")
    return middleware
