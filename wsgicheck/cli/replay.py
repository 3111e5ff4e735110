"""wsgicheck replay ID: one finding, made to happen again."""

from __future__ import annotations

import os
from typing import Any

import click

from ..config import DEFAULT, KEYS, Config
from ..errors import ConfigError
from .exits import FINDINGS, OK
from .memory import recall
from .options import Command, Option, place_options, screen_options, settle, visitor_options

__all__ = ["command"]


def _serve(target: str, port: int, directory: str) -> int:
    """Serve the application on loopback, watched, until it is interrupted: what the curl line speaks to."""
    from wsgiref.simple_server import make_server

    from ..develop import develop
    from ..targets import load_target

    if directory:
        os.chdir(directory)
    application = develop(load_target(target).application)
    try:
        server = make_server("127.0.0.1", port, application)
    except OSError as error:
        raise ConfigError(f"port {port} of 127.0.0.1 cannot be had: {error.strerror or error}") from None
    click.echo(f"serving {target} on http://127.0.0.1:{server.server_port}/ (wsgiref; Ctrl-C ends it)", err=True)
    with server:
        server.serve_forever()
    return OK


def _told(config: Config) -> dict[str, Any]:
    """Return what the command line, a variable or the project's file says, where any of them says it."""
    names = ("chdir", "settings", "timeout", "login", "cookies", "headers", "unsafe-methods")
    return {key.field: config.value(key) for key in KEYS if key.name in names and config.origin(key.name) != DEFAULT}


@click.command("replay", cls=Command, short_help="Make one finding happen again.")
@click.argument("word", metavar="ID|FILE")
@click.argument("finding_id", required=False, metavar="[ID]", default="")
@click.option("--serve", type=click.IntRange(0, 65535), default=None, metavar="PORT", cls=Option,
              help="Serve the application on 127.0.0.1 instead, for the curl line; or run the server there.")
@click.option("-v", "--verbose", is_flag=True, cls=Option, help="Show everything.")
@screen_options
@place_options
@visitor_options
@click.pass_context
def command(ctx: click.Context, /, word: str, finding_id: str, serve: int | None, verbose: bool, color: bool | None,
            **given: Any) -> int:
    """Make one finding happen again, exactly as it was found: in a new process, after a change, after an upgrade.

    ID is what the report calls the finding; FILE is a report in JSON, with the ID after it where it holds several.
    What the run was told (the folder, the settings, the login) is told again, apart from what is said here; a report
    in a file has no login, cookies or headers. The exit code is 1 where the finding shows again, 0 where it does not.
    """
    from ..active.replay import replay
    from ..report import render
    from ..report.json import finding_from, read
    from .delivery import put, shown_on

    report = read(recall(word))
    ids = [str(record.get("id", "")) for record in report["findings"] if isinstance(record, dict)]
    if not finding_id and len(ids) != 1:
        raise ConfigError(f"{word} holds {len(ids)} findings; name one: {', '.join(ids[:12])}" if ids else
                          f"{word} holds no finding")
    finding = finding_from(report, finding_id or ids[0])
    subject: dict[str, Any] = report["subject"]
    target, kind = str(subject.get("target", "")), str(subject.get("kind", ""))
    kept = report.get("arguments")
    arguments: dict[str, Any] = (kept if isinstance(kept, dict) else {}) | _told(settle(ctx))
    if serve is not None:
        if kind == "server" and not arguments.get("url"):
            from .server import serve_probe

            known, line = str(arguments.get("server", "")), str(arguments.get("command", ""))
            return serve_probe(known or ("" if line else target), line, serve, (finding.rule,))
        if kind != "application":
            raise ConfigError(f"--serve is for a finding about an application; this one is about a {kind}"
                              + (" that runs already" if kind == "server" else ""))
        return _serve(target, serve, str(arguments.get("chdir", "")))
    stats = report.get("stats")
    seed = stats.get("seed", 0) if isinstance(stats, dict) else 0
    run = replay(finding, kind, target, seed if isinstance(seed, int) else 0, arguments)
    again = [found for found in run.findings if found.rule == finding.rule]
    view = shown_on(color)
    if again:
        put(render(run, "text", color=view.color, width=view.width, ascii=view.ascii, verbose=verbose,
                   fail_on=finding.level), for_people=True)
        return FINDINGS
    put(f"{finding.name} does not show again.\n", for_people=True)
    return OK
