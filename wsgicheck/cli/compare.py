"""wsgicheck compare TARGET --servers a,b: the same requests under each server, and what differs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from .exits import FINDINGS, OK
from .options import Command, Option, settle, target_options

__all__ = ["command"]


@click.command("compare", cls=Command, short_help="Run an application under several servers; show what differs.")
@click.argument("target", metavar="TARGET")
@click.option("--servers", cls=Option, heading="The servers", required=True, metavar="NAME,NAME",
              help="Known servers; `wsgicheck server --list` names them.")
@target_options
@click.option("--output", "-o", cls=Option, heading="The report", metavar="FILE", default="",
              help="Write it to FILE instead of standard output.")
@click.option("--exit-zero", is_flag=True, cls=Option, heading="The report",
              help="Exit with 0 also where something differs.")
@click.pass_context
def command(ctx: click.Context, /, target: str, servers: str, output: str, exit_zero: bool, **given: Any) -> int:
    """Ask the same requests of the application in the exemplary server and under each of the others.

    What differs in status, headers, body, cookies, order or streaming, and what the application saw, is shown side
    by side; Date, Server and ports are not.
    """
    from ..active.compare import compare
    from ..report.comparison import render_comparison
    from ..report.progress import Progress
    from .delivery import put

    config = settle(ctx, target)
    names = [name.strip() for name in servers.split(",") if name.strip()]
    if not names:
        raise ConfigError("--servers names no server; `wsgicheck server --list` names the known ones")
    if config.chdir:
        os.chdir(config.chdir)
    with Progress(enabled=os.environ.get("TERM") != "dumb") as line:

        def progress(server: str, number: int, of: int) -> None:
            line.update(number, 0, doing=f"{server} ({number} of {of})")

        comparison = compare(config.app, names, paths=config.paths, progress=progress)
    text = render_comparison(comparison)
    if output:
        Path(output).write_text(text, encoding="utf-8")
    else:
        put(text, for_people=True)
    return FINDINGS if comparison.differences and not exit_zero else OK
