"""wsgicheck app TARGET: the property run over an application."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from ..config import Config
from ..errors import ConfigError
from .exits import OK
from .options import (
    Command,
    Option,
    Screen,
    app_options,
    check_options,
    layer_options,
    reach_options,
    report_options,
    screen_of,
    settle,
)

if TYPE_CHECKING:
    from ..active.options import Options

__all__ = ["command"]


def _check(config: Config, screen: Screen, update_baseline: bool, exit_zero: bool) -> int:
    from ..active.application import check_application
    from ..model.rule import APPLICATION
    from ..rules import cards_about
    from .delivery import Delivery

    delivery = Delivery(config, screen, update_baseline=update_baseline, exit_zero=exit_zero)
    delivery.require(cards_about(APPLICATION))
    options = _options(config)
    with delivery.watching("application", config.app) as told:
        run = check_application(config.app, options=options, progress=lambda so_far: told.so_far(
            so_far.exchanges, so_far.broken, so_far.seconds_left, routes=so_far.routes))
    return delivery.deliver(run, told)


def _intend(config: Config, screen: Screen) -> int:
    """Say what a run would do, and ask nothing."""
    from ..active.application import intend
    from ..model.rule import APPLICATION
    from ..report.intention import render
    from ..rules import cards_about
    from .delivery import Delivery, put, shown_on

    Delivery(config, screen).require(cards_about(APPLICATION))
    found = intend(config.app, options=_options(config))
    reports = [(form, file or "standard output") for form, file in (*config.report, (config.format, config.output))]
    view = shown_on(screen.color)
    put(render(config.app, found.details, found.cards, found.routes, found.notes, reports, config.max_examples,
               config.max_time, color=view.color, width=view.width, ascii=view.ascii, verbose=screen.verbose),
        for_people=True)
    return OK


def _options(config: Config) -> Options:
    from ..active.options import Options
    from ..reach.options import ReachOptions

    return Options(
        select=config.select, ignore=config.ignore, seed=config.seed, max_examples=config.max_examples,
        max_time=config.max_time, timeout=config.timeout, directory=config.chdir, settings=config.settings,
        paths=config.paths, headers=config.headers, bodies=config.bodies, layers=config.layers == "auto",
        reach=ReachOptions(
            routes=config.routes, named=config.route, cookies=config.cookies, login=config.login,
            openapi=config.openapi, har=config.har, access_log=config.access_log, traffic=config.traffic,
            unsafe_methods=config.unsafe_methods))


def _module_called_app(directory: str) -> bool:
    """Tell whether `wsgicheck app` means the module of that name, as in many a Flask project."""
    return any(os.path.isfile(os.path.join(directory, name)) for name in ("app.py", "app/__init__.py"))


@click.command("app", cls=Command, short_help="Check an application.")
@click.argument("target", required=False, metavar="TARGET")
@check_options
@app_options
@layer_options
@reach_options
@report_options
@click.option("--dry-run", is_flag=True, cls=Option, heading="The report",
              help="Ask nothing: say what would be judged and asked.")
@click.pass_context
def command(ctx: click.Context, /, target: str | None, **given: Any) -> int:
    """Check the application that TARGET names.

    It is imported in a process of its own and asked what real clients and servers ask; each exchange is
    judged by every rule, and each finding is shown with the smallest request that shows it.
    """
    config = settle(ctx, target)
    if not config.app and _module_called_app(config.chdir):
        config = settle(ctx, "app")
    if not config.app:
        raise ConfigError("no target: name an application, as in `wsgicheck shop.wsgi:application`, "
                          "or set `app` in [tool.wsgicheck]; `wsgicheck --help` tells more")
    screen = screen_of(given)
    if given["dry_run"]:
        return _intend(config, screen)
    return _check(config, screen, given["update_baseline"], given["exit_zero"])
