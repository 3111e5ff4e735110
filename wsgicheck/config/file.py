"""The file that configures wsgicheck: the nearest one upward, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..show import printable, show

__all__ = ["find_file", "shown", "table"]


def shown(path: Path) -> str:
    """Return `path` as a person is told of it: relative where it lies below the working directory."""
    try:
        return printable(str(path.relative_to(Path.cwd())))
    except ValueError:
        return printable(str(path))


def _parsed(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown(path)} is no valid TOML: {printable(str(error))}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown(path)} is no valid TOML: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{shown(path)} is nested too deeply") from None
    except OSError as error:
        raise ConfigError(f"{shown(path)} cannot be read: {error.strerror or error}") from None


def table(path: Path) -> Mapping[str, Any] | None:
    """Return what `path` sets, None where it is a pyproject.toml without our table.

    Raises:
        ConfigError: it cannot be read.
    """
    if path.name != "pyproject.toml":
        top = _parsed(path)
        if isinstance(top.get("tool"), dict):
            raise ConfigError(f"{shown(path)}: the keys stand at the top of this file, without [tool.wsgicheck]")
        return top
    try:
        mentioned = b"wsgicheck" in path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{shown(path)} cannot be read: {error.strerror or error}") from None
    # Somebody else's pyproject.toml may be as broken as it likes.
    if not mentioned:
        return None
    tool = _parsed(path).get("tool", {})
    found = tool.get("wsgicheck") if isinstance(tool, dict) else None
    if found is not None and not isinstance(found, dict):
        raise ConfigError(f"{shown(path)}: tool.wsgicheck is a table, not {show(found)}")
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
                found = table(path)
                if found is not None:
                    return path, found
    return None
