"""From what pytest was told to the settings of a run: options win over the ini file, this over [tool.wsgicheck].

Law: whatever is wrong is one pytest.UsageError of one line (pytest's exit code 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..active.wrapping import Wrapping
from ..cli.wrapping import wrapping_of
from ..config import Config, load
from ..errors import ConfigError

__all__ = ["Named", "named_targets", "settings_of"]

_OPTIONS = {
    "select": "--wsgicheck-select", "ignore": "--wsgicheck-ignore", "fail-on": "--wsgicheck-fail-on",
    "baseline": "--wsgicheck-baseline", "max-examples": "--wsgicheck-max-examples",
    "max-time": "--wsgicheck-max-time", "seed": "--wsgicheck-seed", "report": "--wsgicheck-report",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A target as the user named it, and the folder from which its name counts.

    Attributes:
        target: for a middleware, its label, which tells its arguments.
        wrapping: of a middleware, how it is put around an application; None for an application.
    """

    target: str
    directory: str
    wrapping: Wrapping | None = None

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "application" if self.wrapping is None else "middleware"


def _lines(config: pytest.Config, ini: str, option: str) -> dict[str, str]:
    """Return what the ini file and then the command line name, each with the folder from which it counts."""
    named = {text.strip(): str(config.rootpath) for text in config.getini(ini) if text.strip()}
    for text in config.getoption(option):
        named.setdefault(text.strip(), str(config.invocation_params.dir))
    return named


def named_targets(config: pytest.Config) -> tuple[Named, ...]:
    """Return the subjects to check, each once: applications, then middlewares; those of the ini file come first."""
    found: dict[str, Named] = {}
    for target, directory in _lines(config, "wsgicheck_apps", "wsgicheck_targets").items():
        if "::" in target or not target:
            raise pytest.UsageError(f"--wsgicheck takes an application, as in pkg.mod:application, not {target!r}")
        found[target] = Named(target, directory)
    for text, directory in _lines(config, "wsgicheck_middlewares", "wsgicheck_middleware_targets").items():
        try:
            wrapping = wrapping_of(text, directory)
        except ConfigError as error:
            raise pytest.UsageError(f"--wsgicheck-middleware: {error}") from None
        if "::" in wrapping.target:
            raise pytest.UsageError(
                f"--wsgicheck-middleware takes a middleware, as in pkg.mod:factory, not {wrapping.target!r}")
        label = wrapping.label
        if label in found:
            kind = found[label].kind
            raise pytest.UsageError(f"wsgicheck: {label} is named twice" + (" as a middleware" if kind == "middleware"
                                                                          else ", also as an application"))
        found[label] = Named(label, directory, wrapping)
    return tuple(found.values())


def settings_of(config: pytest.Config) -> Config:
    """Return the settings that hold in this pytest run.

    Raises:
        pytest.UsageError: one of them is wrong.
    """
    given: dict[str, tuple[str, Any]] = {}
    for name in ("select", "ignore"):
        words = config.getini(f"wsgicheck_{name}")
        if words:
            given[name] = (f"wsgicheck_{name}", words)
    for name, option in _OPTIONS.items():
        value = config.getoption(option)
        if value not in (None, []):
            given[name] = (option, value)
    if config.getoption("--wsgicheck-strict"):
        if "fail-on" in given:
            raise pytest.UsageError("--wsgicheck-strict means --wsgicheck-fail-on should; give one of the two")
        given["fail-on"] = ("--wsgicheck-strict", "should")
    try:
        settings = load(str(config.rootpath), given=given)
        for form, file in settings.report:
            _require_report(form, file, settings.origin("report"))
    except ConfigError as error:
        raise pytest.UsageError(f"wsgicheck: {error}") from None
    return settings


def _require_report(form: str, file: str, origin: str) -> None:
    from ..report import FORMATS

    if form not in FORMATS:
        raise ConfigError(f"{origin}: there is no format {form!r}; there are {', '.join(FORMATS)}")
    if not Path(file).parent.is_dir():
        raise ConfigError(f"{origin}: there is no folder {Path(file).parent} to write {Path(file).name} into")
