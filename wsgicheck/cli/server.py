"""wsgicheck server NAME...: real servers, checked over their sockets."""

from __future__ import annotations

import os
from typing import Any

import click

from ..config import Config
from ..errors import ConfigError
from ..show import printable
from .exits import FINDINGS, OK
from .options import Command, Option, Screen, report_options, screen_of, settle, verdict_options

__all__ = ["command", "serve_probe"]


def _one(config: Config, names: tuple[str, ...], command_line: str, url: str, channel: str, screen: Screen,
         given: dict[str, Any]) -> int:
    from ..active.server import check_command, check_server, check_url
    from .delivery import Delivery

    again = {"server": names[0] if names else "", "command": command_line, "url": url, "channel": channel}
    delivery = Delivery(config, screen, update_baseline=given["update_baseline"], exit_zero=given["exit_zero"],
                        again=again)
    delivery.require(*_cards())
    chosen: dict[str, Any] = {"select": config.select, "ignore": config.ignore, "seed": config.seed,
                              "max_time": config.max_time}
    with delivery.watching("server", command_line or url or names[0]) as told:

        def progress(scene: str, number: int, of: int) -> None:
            told.so_far(number, doing=f"{scene} ({number} of {of})")

        if command_line:
            run = check_command(command_line, progress=progress, **chosen)
        elif url:
            run = check_url(url, channel=channel, progress=progress, **chosen)
        else:
            run = check_server(names[0], progress=progress, **chosen)
    return delivery.deliver(run, told)


def serve_probe(name: str, command_line: str, port: int, select: tuple[str, ...]) -> int:
    """Run a server on `port` with the probe inside, and pass on what the probe tells, until it is interrupted."""
    from ..harness.recipes import for_command, recipe
    from ..harness.stand import stand
    from ..rules.server import scenes

    chosen = for_command(command_line) if command_line else recipe(name)
    kinds = {scene.kind for scene in scenes() if scene.id in select or scene.name in select}

    def ready(at: int) -> None:
        click.echo(f"wsgicheck: {chosen.title} on http://127.0.0.1:{at}/ with the probe inside (Ctrl-C ends it)",
                   err=True)

    ended = stand(chosen, port, kind=kinds.pop() if len(kinds) == 1 else "function", ready=ready,
                  told=lambda line: click.echo(printable(line)))
    click.echo(f"wsgicheck: {chosen.title} {ended}", err=True)
    return FINDINGS


def _cards() -> tuple[Any, Any]:
    from ..active.server import server_cards
    from ..rules import every_card

    return server_cards(), every_card()


def _several(config: Config, names: tuple[str, ...], jobs: int, screen: Screen, given: dict[str, Any]) -> int:
    """Check several servers; the reports follow one another, in JSON as a list, and in HTML they are one matrix."""
    from ..active.server import check_all
    from ..report.matrix import render_matrix, row_of
    from ..report.progress import Progress
    from .delivery import Delivery, put, write
    from .memory import remember

    delivery = Delivery(config, screen, exit_zero=given["exit_zero"])
    delivery.require(*_cards())
    with Progress(enabled=not screen.quiet and os.environ.get("TERM") != "dumb") as line:

        def progress(name: str, number: int, of: int) -> None:
            line.update(number, 0, doing=f"{name} ({number} of {of})")

        outcomes = check_all(names, jobs=jobs, select=config.select, ignore=config.ignore, seed=config.seed,
                             max_time=config.max_time, progress=progress)
    for recipe, run in outcomes:
        remember(run, {"server": recipe.name})
        if run.nothing_checked:
            click.echo(f"wsgicheck: {recipe.name} was not checked: {printable(run.nothing_checked)}", err=True)

    def rendered(form: str, file: str = "") -> str:
        if form == "html":
            return render_matrix([row_of(run, recipe.title) for recipe, run in outcomes])
        each = [delivery.rendered(run, form, file) for _, run in outcomes]
        if form == "json":
            return "[\n" + ",\n".join(text.rstrip("\n") for text in each) + "\n]\n"
        return ("" if form == "json-lines" else "\n").join(each)

    for form, file in config.report:
        write(file, rendered(form, file))
    if config.output:
        write(config.output, rendered(config.format, config.output))
    else:
        put(rendered(config.format), for_people=config.format in ("text", "full", "concise"))
    codes = {run.exit_code(config.fail_on) for _, run in outcomes}
    if FINDINGS in codes and not given["exit_zero"]:
        return FINDINGS
    return max(codes - {FINDINGS}, default=OK)


@click.command("server", cls=Command, short_help="Check a real server over its socket.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--command", "command_line", cls=Option, heading="The server", metavar="CMD", default="",
              help="Check the server that CMD starts; it holds {host}, {port} and {app}.")
@click.option("--url", cls=Option, heading="The server", metavar="URL", default="",
              help="Check one on this machine that runs wsgicheck.harness.probe:application already.")
@click.option("--channel", cls=Option, heading="The server", metavar="DIR", default="",
              help="With --url: the server's $WSGICHECK_CHANNEL.")
@click.option("--all", "all_", is_flag=True, cls=Option, heading="The server", help="Check every known server.")
@click.option("--list", "list_", is_flag=True, cls=Option, heading="The server", help="Name the known servers.")
@click.option("--serve", type=click.IntRange(0, 65535), default=None, metavar="PORT", cls=Option,
              heading="The server", help="Check nothing: run it there, for the programs that a report shows.")
@click.option("--jobs", cls=Option, heading="The server", type=click.IntRange(1, 16), default=2, metavar="N",
              help="With several: so many at a time.  [default: 2]")
@verdict_options
@click.option("--max-time", cls=Option, heading="How much", key="max-time", type=float, metavar="SECONDS",
              help="Time for one server.  [default: 60]")
@click.option("--seed", cls=Option, heading="How much", key="seed", type=int, metavar="N",
              help="Repeat the run that had this seed.")
@report_options
@click.pass_context
def command(ctx: click.Context, /, names: tuple[str, ...], command_line: str, url: str, channel: str, all_: bool,
            list_: bool, jobs: int, serve: int | None, **given: Any) -> int:
    """Check real servers: known ones by NAME, any other by --command or --url.

    A known server is installed into an environment of its own below the user's cache folder. It is started on a
    free loopback port and asked over raw sockets, while an application inside it reports what it sees.
    """
    from ..harness.recipes import recipes

    if list_:
        for one in recipes().values():
            click.echo(f"{one.name:24} {one.title}")
        return OK
    config = settle(ctx)
    if all_:
        names = tuple(recipes())
    if bool(names) + bool(command_line) + bool(url) != 1:
        raise ConfigError("name a server, or give --command or --url; `wsgicheck server --list` names the known ones")
    if serve is not None:
        if url or len(names) > 1:
            raise ConfigError("--serve runs one server: a known NAME, or --command")
        return serve_probe(names[0] if names else "", command_line, serve, config.select)
    screen = screen_of(given)
    if len(names) > 1:
        return _several(config, names, jobs, screen, given)
    return _one(config, names, command_line, url, channel, screen, given)
