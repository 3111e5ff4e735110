"""The settings of a run, from the command line, the environment and a file, each with where it came from.

Laws: the command line wins over WSGICHECK_* variables, these win over the file, the file over the defaults; a
file is the nearest wsgicheck.toml, or pyproject.toml with a table [tool.wsgicheck], from the working directory
upward; whatever is wrong in any of them is one ConfigError of one line that names the place. Adding a key is
one row of KEYS and one field of Config.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model.rule import MUST, Level
from ..show import show
from . import file as files
from .keys import BY_NAME, KEYS, Key
from .kinds import WrongKind

__all__ = ["DEFAULT", "KEYS", "Config", "Key", "load"]

DEFAULT = "default"
"""The origin of what nothing sets."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a run is told; the fields are those of KEYS.

    Attributes:
        file: the configuration file, "" where there is none.
        origins: for each key's name, "default", the file, the variable or the option that set it.
    """

    app: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Level = MUST
    max_examples: int = 100
    max_time: float = 60.0
    timeout: float = 10.0
    seed: int | None = None
    paths: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    bodies: tuple[tuple[str, str], ...] = ()
    routes: str = "auto"
    route: tuple[str, ...] = ()
    login: str = ""
    cookies: tuple[tuple[str, str], ...] = ()
    openapi: str = ""
    har: str = ""
    access_log: str = ""
    traffic: str = ""
    layers: str = "auto"
    unsafe_methods: bool = False
    chdir: str = ""
    settings: str = ""
    baseline: str = ""
    format: str = "text"
    output: str = ""
    report: tuple[tuple[str, str], ...] = ()
    file: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: Key) -> Any:
        """Return the value of `key`."""
        return getattr(self, key.field)

    def origin(self, name: str) -> str:
        """Return where the key called `name` was set."""
        return self.origins.get(name, DEFAULT)


def _unknown(name: str, origin: str) -> ConfigError:
    near = get_close_matches(name.lower().replace("_", "-"), BY_NAME, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}" if near else f"the keys are {', '.join(BY_NAME)}"
    return ConfigError(f"{origin}: there is no key {show(name)}; {hint}")


def _value(key: Key, raw: object, named: str) -> Any:
    try:
        return key.read(raw)
    except WrongKind as error:
        raise ConfigError(f"{named} takes {error}, not {show(raw, 80)}") from None


def load(directory: str = ".", *, environ: Mapping[str, str] = os.environ,
         given: Mapping[str, tuple[str, object]] | None = None, file: str = "") -> Config:
    """Return the settings that hold in `directory`.

    Args:
        given: what the command line sets: for a key's name, the option as typed and its value.
        file: the configuration file to read instead of the nearest.

    Raises:
        ConfigError: an unknown key, a value of the wrong kind, a file that cannot be read.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    found = None
    if file:
        path = Path(file)
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {show(file)}")
        found = (path.absolute(), files.table(path) or {})
    else:
        found = files.find_file(directory)
    if found is not None:
        _from_file(*found, values, origins)
    for key in KEYS:
        text = environ.get(key.variable)
        if text:
            values[key.field] = _value(key, key.from_text(text), key.variable)
            origins[key.name] = key.variable
    for name, (option, raw) in (given or {}).items():
        values[BY_NAME[name].field] = _value(BY_NAME[name], raw, option)
        origins[name] = option
    shown = files.shown(found[0]) if found else ""
    if found and origins.get("app") == shown and "chdir" not in origins and found[0].parent != Path.cwd():
        # The target that a project's file names is found from the project's folder, wherever one stands in it.
        values["chdir"], origins["chdir"] = str(found[0].parent), shown
    return Config(**values, file=shown, origins=origins)


def _from_file(path: Path, table: Mapping[str, Any], values: dict[str, Any], origins: dict[str, str]) -> None:
    shown = files.shown(path)
    for name, raw in table.items():
        key = BY_NAME.get(name)
        if key is None:
            raise _unknown(name, shown)
        value = _value(key, raw, f"{shown}: {name}")
        if key.place and value not in key.words:
            value = str(path.parent / value)
        elif key.name == "report":
            value = tuple((form, str(path.parent / target)) for form, target in value)
        values[key.field] = value
        origins[key.name] = shown
