"""The settings of a run, from the command line, the environment and a file, each with where it came from.

Laws: the command line wins over WSGICHECK_* variables, these win over the file, the file over the defaults; a
file is the nearest wsgicheck.toml, or pyproject.toml with a table [tool.wsgicheck], from the working directory
upward; whatever is wrong in any of them is one ConfigError of one line that names the place. Adding a key is
one row of KEYS and one field of Config.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .model.rule import MUST, Level
from .show import printable, show

__all__ = ["KEYS", "Config", "Key", "find_file", "load"]

DEFAULT = "default"
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class _Wrong(ValueError):
    """A value of the wrong kind; the message says what the key takes."""


# -- the kinds of values: from what TOML or the command line holds to what Config holds ----------------------

def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise _Wrong("a string that is not empty")


def _words(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise _Wrong("a list of strings")
    return tuple(word.strip() for item in items for word in item.split(",") if word.strip())


def _texts(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) and item for item in items):
        raise _Wrong("a list of strings that are not empty")
    return tuple(items)


def _level(value: object) -> Level:
    if isinstance(value, Level):
        return value
    levels = [level.value for level in Level]
    if isinstance(value, str) and value.lower() in levels:
        return Level(value.lower())
    raise _Wrong(f"one of {', '.join(levels)}")


def _whole(least: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise _Wrong(f"a whole number of at least {least}")

    return read


def _seconds(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf"):
        return float(value)
    raise _Wrong("a number of seconds above 0")


def _pairs(value: object, separator: str, example: str, name_is: Callable[[str], object]) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        items: list[object] = [(name, text) for name, text in value.items()]
    else:
        items = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else [None]
    for item in items:
        if isinstance(item, str):
            name, found, text = item.partition(separator)
            pair: tuple[object, object] = (name, text) if found else (None, None)
        else:
            pair = item if isinstance(item, tuple) and len(item) == 2 else (None, None)
        name_, text_ = pair
        if not isinstance(name_, str) or not isinstance(text_, str) or not name_is(name_.strip()):
            raise _Wrong(f"a table, or a list of strings as {example}")
        yield name_.strip(), text_.strip()


def _reports(value: object) -> tuple[tuple[str, str], ...]:
    pairs = tuple(_pairs(value, "=", '"json=report.json"', bool))
    if all(file for _, file in pairs):
        return pairs
    raise _Wrong('a table, or a list of strings as "json=report.json"')


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    pairs = tuple(_pairs(value, ":", '"X-Token: secret"', _HEADER_NAME.match))
    if all(text.isprintable() for _, text in pairs):
        return pairs
    raise _Wrong("header fields without control characters")


def _numeral(kind: Callable[[str], Any]) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            return text

    return read


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    Attributes:
        name: as a file writes it.
        read: from what TOML or the command line holds to the value; raises ValueError saying what it takes.
        default: where nothing sets it.
        help: one line for a person.
        from_text: from an environment variable to what `read` takes.
        place: the value is a path, and in a file relative to that file's folder.
    """

    name: str
    read: Callable[[object], Any]
    default: Any
    help: str
    from_text: Callable[[str], object] = str
    place: bool = False

    @property
    def field(self) -> str:
        """Its name in Config."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"WSGICHECK_{self.field.upper()}"


KEYS: tuple[Key, ...] = (
    Key("app", _text, "", "the target, where the command line names none"),
    Key("select", _words, (), "ids, families or levels of the rules to judge; all, if empty"),
    Key("ignore", _words, (), "ids, families or levels of the rules to leave out"),
    Key("fail-on", _level, MUST, "the level from which on findings fail the run: must, should or advice"),
    Key("max-examples", _whole(1), 100, "requests to draw", _numeral(int)),
    Key("max-time", _seconds, 60.0, "seconds for the whole run", _numeral(float)),
    Key("timeout", _seconds, 10.0, "seconds for one exchange, after which the subject counts as hung",
        _numeral(float)),
    Key("seed", _whole(0), None, "the number that a run repeats by; drawn, if not set", _numeral(int)),
    Key("paths", _texts, (), "further paths to ask, percent-encoded, with or without a query",
        lambda text: text.split()),
    Key("headers", _headers, (), 'request header fields to send now and then, "Name: value"',
        lambda text: [line for line in text.splitlines() if line.strip()]),
    Key("chdir", _text, "", "the folder to change to before the target is imported", place=True),
    Key("settings", _text, "", "DJANGO_SETTINGS_MODULE for the target"),
    Key("baseline", _text, "", "a file of findings that are accepted", place=True),
    Key("format", _text, "text", "the format of the report"),
    Key("output", _text, "", "the file for the report; standard output, if not set", place=True),
    Key("report", _reports, (), "further reports, each a format and a file",
        lambda text: [item for item in text.split(",") if item.strip()]),
)
"""Every key, in the order in which people read them."""
_BY_NAME = {key.name: key for key in KEYS}


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


# -- the file ------------------------------------------------------------------------------------------------

def _shown(path: Path) -> str:
    try:
        return printable(str(path.relative_to(Path.cwd())))
    except ValueError:
        return printable(str(path))


def _parsed(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{_shown(path)} is no valid TOML: {printable(str(error))}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{_shown(path)} is no valid TOML: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{_shown(path)} is nested too deeply") from None
    except OSError as error:
        raise ConfigError(f"{_shown(path)} cannot be read: {error.strerror or error}") from None


def _table(path: Path) -> Mapping[str, Any] | None:
    """Return what `path` sets, None where it is a pyproject.toml without our table."""
    if path.name != "pyproject.toml":
        top = _parsed(path)
        if isinstance(top.get("tool"), dict):
            raise ConfigError(f"{_shown(path)}: the keys stand at the top of this file, without [tool.wsgicheck]")
        return top
    try:
        mentioned = b"wsgicheck" in path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{_shown(path)} cannot be read: {error.strerror or error}") from None
    # Somebody else's pyproject.toml may be as broken as it likes.
    if not mentioned:
        return None
    tool = _parsed(path).get("tool", {})
    found = tool.get("wsgicheck") if isinstance(tool, dict) else None
    if found is not None and not isinstance(found, dict):
        raise ConfigError(f"{_shown(path)}: tool.wsgicheck is a table, not {show(found)}")
    return found


def find_file(directory: str) -> tuple[Path, Mapping[str, Any]] | None:
    """Return the nearest file that configures wsgicheck, from `directory` upward, and what it sets.

    Raises:
        ConfigError: it cannot be read.
    """
    start = Path(directory).absolute()
    for folder in (start, *start.parents):
        for name in ("wsgicheck.toml", "pyproject.toml"):
            path = folder / name
            if path.is_file():
                table = _table(path)
                if table is not None:
                    return path, table
    return None


def _unknown(name: str, origin: str) -> ConfigError:
    near = get_close_matches(name.lower().replace("_", "-"), _BY_NAME, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}" if near else f"the keys are {', '.join(_BY_NAME)}"
    return ConfigError(f"{origin}: there is no key {show(name)}; {hint}")


def _value(key: Key, raw: object, named: str) -> Any:
    try:
        return key.read(raw)
    except _Wrong as error:
        raise ConfigError(f"{named} takes {error}, not {show(raw, 80)}") from None


# -- all together --------------------------------------------------------------------------------------------

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
        found = (path.absolute(), _table(path) or {})
    else:
        found = find_file(directory)
    if found is not None:
        _from_file(*found, values, origins)
    for key in KEYS:
        text = environ.get(key.variable)
        if text:
            values[key.field] = _value(key, key.from_text(text), key.variable)
            origins[key.name] = key.variable
    for name, (option, raw) in (given or {}).items():
        values[_BY_NAME[name].field] = _value(_BY_NAME[name], raw, option)
        origins[name] = option
    shown = _shown(found[0]) if found else ""
    if found and origins.get("app") == shown and "chdir" not in origins and found[0].parent != Path.cwd():
        # The target that a project's file names is found from the project's folder, wherever one stands in it.
        values["chdir"], origins["chdir"] = str(found[0].parent), shown
    return Config(**values, file=shown, origins=origins)


def _from_file(path: Path, table: Mapping[str, Any], values: dict[str, Any], origins: dict[str, str]) -> None:
    shown = _shown(path)
    for name, raw in table.items():
        key = _BY_NAME.get(name)
        if key is None:
            raise _unknown(name, shown)
        value = _value(key, raw, f"{shown}: {name}")
        if key.place:
            value = str(path.parent / value)
        elif key.name == "report":
            value = tuple((form, str(path.parent / target)) for form, target in value)
        values[key.field] = value
        origins[key.name] = shown
