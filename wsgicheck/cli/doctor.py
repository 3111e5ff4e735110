"""wsgicheck doctor TARGET: what importing an application does to its process, and where else it works."""

from __future__ import annotations

from typing import Any

import click

from ..config import Config
from ..errors import ConfigError
from .options import Command, Screen, report_options, screen_of, settle, target_options, time_options, verdict_options

__all__ = ["command"]


def _check(config: Config, screen: Screen, update_baseline: bool, exit_zero: bool) -> int:
    from ..active.doctor import check_import, import_rules
    from ..active.options import Options
    from .delivery import Delivery

    delivery = Delivery(config, screen, update_baseline=update_baseline, exit_zero=exit_zero)
    delivery.require(import_rules())
    options = Options(
        select=config.select, ignore=config.ignore, max_time=config.max_time, timeout=config.timeout,
        directory=config.chdir, settings=config.settings, paths=config.paths)
    with delivery.watching("application", config.app) as told:
        run = check_import(config.app, options=options)
    return delivery.deliver(run, told)


@click.command("doctor", cls=Command, short_help="Check what importing an application does to its process.")
@click.argument("target", required=False, metavar="TARGET")
@verdict_options
@time_options
@target_options
@report_options
@click.pass_context
def command(ctx: click.Context, /, target: str | None, **given: Any) -> int:
    """Check what importing the application that TARGET names does to its process.

    It is imported in a process that is watched: what it prints, reads, opens, starts and changes for everybody
    else in there. Then it is loaded where things are otherwise: a second time, with the working directory /,
    without a home, beside another site. Each finding is a reason why what works here breaks under another server.
    """
    config = settle(ctx, target)
    if not config.app:
        raise ConfigError("no target: name an application, as in `wsgicheck doctor shop.wsgi:application`, "
                          "or set `app` in [tool.wsgicheck]")
    screen = screen_of(given)
    return _check(config, screen, given["update_baseline"], given["exit_zero"])
