"""wsgicheck config: the settings that hold here, as TOML, each with where it comes from."""

from __future__ import annotations

import json
from typing import Any

import click

from ..config import KEYS, Config
from ..model.rule import Level
from .exits import OK
from .options import Command, Option, Screen, settle

__all__ = ["command"]


def _plain(value: object) -> Any:
    """Return `value` as TOML and JSON know it; None where it is not set."""
    if isinstance(value, Level):
        return value.value
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) for item in value):
            return dict(value)
        return list(value)
    return None if value == "" else value


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)} = {_toml(v)}' for k, v in value.items())}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    # A JSON string of ASCII is a TOML basic string, but for DEL and for pairs of surrogates.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _text(config: Config) -> str:
    lines = []
    for key in KEYS:
        value = _plain(config.value(key))
        said = f"# {key.name} is not set" if value is None else f"{key.name} = {_toml(value)}"
        lines.append((said, "" if value is None else config.origin(key.name)))
    wide = min(44, max(len(said) for said, _ in lines))
    head = f"# from {config.file}" if config.file else "# no configuration file"
    return "\n".join([head, *(f"{said:<{wide}}  # {origin}" if origin else said for said, origin in lines)]) + "\n"


def _json(config: Config) -> str:
    values = {key.name: {"value": _plain(config.value(key)), "origin": config.origin(key.name)} for key in KEYS}
    return json.dumps({"file": config.file or None, "values": values}, indent=2) + "\n"


@click.command("config", cls=Command)
@click.option("--check", is_flag=True, cls=Option, help="Say nothing where all is well; else exit with 2.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", cls=Option,
              help="text is TOML with comments.")
@click.option("--config", "config_file", metavar="FILE", cls=Option,
              help="Read this configuration file instead of the nearest.")
@click.pass_context
def command(ctx: click.Context, check: bool, format_: str, config_file: str | None) -> int:
    """Show the settings that hold in this folder, and where each comes from.

    A file is the nearest wsgicheck.toml, or pyproject.toml with [tool.wsgicheck], from here upward. Variables
    WSGICHECK_MAX_EXAMPLES and so on come before it, and the command line comes before both.
    """
    config = settle(ctx)
    if check:
        from .delivery import Delivery

        Delivery(config, Screen()).require()
        return OK
    click.echo(_json(config) if format_ == "json" else _text(config), nl=False)
    return OK
