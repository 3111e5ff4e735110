"""Recipes: how each known server is installed, started, found ready and stopped. They are data.

In commands, files and variables these stand for what is known at the start: {host} {port} {port2} {dir}
(the run's folder), {python} and {bin} (the server's environment), {app} ("module:attribute" of the probe),
{module}, {site} (the folder that holds the probe and nothing else of ours). Only these are replaced, so that
braces of configuration files stay as they are.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from typing import Any

from ..errors import ConfigError

__all__ = ["Process", "Recipe", "fill", "for_command", "recipe", "recipes"]


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a server, in the order of starting; the next one waits until `port` is open."""

    command: tuple[str, ...]
    port: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one server is run.

    Attributes:
        title: as a person calls it.
        install: requirements for pip; `packages` are the distributions whose versions are reported.
        programs, apt: programs of the system that must be there, and the Debian packages that bring them.
        python: the interpreter to make the environment of, "" for the running one.
        processes: started in order, each in the run's folder, which also holds `files`.
        executable: names of those files that need the execute bit.
        multithread, multiprocess: the set-up runs the application so (None: not stated).
        http: "1.0" where the server speaks no HTTP/1.1 though its status line says so; "" where it tells the truth.
        ready: seconds until the probe must have answered.
        grace: seconds between SIGTERM and SIGKILL.
        layer: the server in front, where it is one of its own ("nginx").
        proxied: that layer speaks HTTP to the server behind it.
        deployer_variable: the environ variable that the recipe sets to "deployed" (PEP 3333 wants a way).
        run_in_ci: part of the matrix of every CI run.
        notes: what a person should know, one line each.
        world_readable: processes of another user run the application.
        inherits: the command is the user's own and gets the user's environment variables as they are.
    """

    name: str
    title: str
    processes: tuple[Process, ...]
    install: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    python: str = ""
    no_binary_cache: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    executable: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    multithread: bool | None = None
    multiprocess: bool | None = None
    http: str = ""
    ready: float = 20.0
    grace: float = 5.0
    layer: str = ""
    proxied: bool = False
    deployer_variable: str = ""
    run_in_ci: bool = False
    world_readable: bool = False
    inherits: bool = False
    notes: tuple[str, ...] = ()


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the known names in braces, and nothing else."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _make(name: str, entry: dict[str, Any]) -> Recipe:
    entry = dict(entry)
    command = entry.pop("command", None)
    started = entry.pop("processes", [])
    if command is not None:
        started = [*started, {"command": command}]
    processes = tuple(Process(tuple(one["command"]), one.get("port", "")) for one in started)
    return Recipe(name=name, processes=processes, **_tuples(entry))


def recipes() -> dict[str, Recipe]:
    """Return the known recipes by name, in the order of the file."""
    text = resources.files(__package__).joinpath("recipes.toml").read_text(encoding="utf-8")
    shared: dict[str, Any] = {}
    found = {}
    for name, entry in tomllib.loads(text).items():
        like = entry.pop("like", None)
        if like is not None:
            ours = ("command", "processes")
            kept = {key: value for key, value in shared[like].items()
                    if key not in ours or not any(name in entry for name in ours)}
            entry = kept | entry
        shared[name] = dict(entry)
        found[name] = _make(name, entry)
    return found


def recipe(name: str) -> Recipe:
    """Return the recipe called `name`; raises ConfigError, with near misses, where there is none."""
    known = recipes()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 3, 0.5) or [k for k in known if k.startswith(name)][:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(known)}"
    raise ConfigError(f"no recipe for a server called {name!r}{hint}")


def for_command(command: str) -> Recipe:
    """Return the recipe of any command line with {host}, {port}, {app}; raises ConfigError without {port}."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"--command cannot be split into words: {error}") from error
    if not any("{port}" in word for word in words):
        raise ConfigError("--command needs {port}, the port that the server shall listen on")
    return Recipe(name="command", title=command, processes=(Process(words),), inherits=True)
