"""wsgicheck middleware TARGET: a middleware, checked from both sides."""

from __future__ import annotations

import os
from typing import Any

import click

from ..config import Config
from .options import Command, Screen, app_options, check_options, report_options, screen_of, settle
from .wrapping import argument_of, wrapping_options

__all__ = ["command"]


def _check(config: Config, target: str, arguments: dict[str, Any], configuration: str, calls: int, screen: Screen,
           update_baseline: bool, exit_zero: bool) -> int:
    from ..active.middleware import check_middleware
    from ..active.middleware_run import chosen_cards
    from ..active.options import Options
    from .delivery import Delivery

    again = {"arguments": arguments, "configuration": os.path.abspath(configuration) if configuration else "",
             "calls": calls}
    delivery = Delivery(config, screen, update_baseline=update_baseline, exit_zero=exit_zero, again=again)
    delivery.require(chosen_cards(Options()))
    options = Options(
        select=config.select, ignore=config.ignore, seed=config.seed, max_examples=config.max_examples,
        max_time=config.max_time, timeout=config.timeout, directory=config.chdir, settings=config.settings,
        paths=config.paths, headers=config.headers, bodies=config.bodies)
    with delivery.watching("middleware", target) as told:
        run = check_middleware(
            target, arguments=arguments, configuration=configuration, calls=calls, options=options,
            progress=lambda so_far: told.so_far(so_far.exchanges, so_far.broken, so_far.seconds_left))
    return delivery.deliver(run, told)


@click.command("middleware", cls=Command, short_help="Check a middleware from both sides.")
@click.argument("target", metavar="TARGET")
@wrapping_options
@check_options
@app_options
@report_options
@click.pass_context
def command(ctx: click.Context, /, target: str, given_arguments: tuple[str, ...], configuration: str, calls: int,
            **given: Any) -> int:
    """Check the middleware that TARGET names.

    TARGET takes a WSGI application and returns one: a class or a function, pkg.mod:name or path/file.py:name. It
    stands between a server and legal applications of every form, is judged as an application on its outer side and
    as a server on its inner side; each finding is shown with the smallest request and application that show it.
    """
    config = settle(ctx)
    screen = screen_of(given)
    arguments = dict(argument_of(text) for text in given_arguments)
    return _check(config, target, arguments, configuration, calls, screen, given["update_baseline"], given["exit_zero"])
