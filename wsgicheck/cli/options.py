"""The options that several verbs share, by heading, and their way into a Config.

Law: an option that sets a key of the configuration carries that key's name, and its value is read by the key
itself, so that a file, a variable and an option take the same values and give the same message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..config import Config, load
from ..errors import ConfigError

__all__ = [
    "Command", "Option", "Screen", "app_options", "check_options", "layer_options", "near", "place_options",
    "reach_options", "report_options", "rule_options", "screen_of", "screen_options", "settle", "target_options",
    "time_options", "verdict_options", "visitor_options",
]

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


class Option(click.Option):
    """An option below a heading of the help page, which may set a key of the configuration."""

    def __init__(self, *args: Any, heading: str = "Options", key: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading
        self.key = key

    @property
    def typed(self) -> str:
        """The option's long name, as a person types it."""
        return max(self.opts, key=len)


class Command(click.Command):
    """A command whose help page lists its options by heading."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        headings: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                under = headings.setdefault(parameter.heading, []) if isinstance(parameter, Option) else others
                under.append(record)
        if others:
            headings["Help"] = others
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=26)


@dataclass(frozen=True, slots=True)
class Screen:
    """How a person wants to be told: colour (None: as the stream is), more, less, numbers, what holds."""

    color: bool | None = None
    verbose: bool = False
    quiet: bool = False
    statistics: bool = False
    show_passed: bool = False


def screen_of(given: Mapping[str, Any]) -> Screen:
    """Return what the options of `report_options` say of the screen."""
    return Screen(given["color"], given["verbose"], given["quiet"], given["statistics"], given["show_passed"])


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _option(*names: str, heading: str, key: str = "", **attributes: Any) -> Callable[[F], F]:
    return click.option(*names, cls=Option, heading=heading, key=key, **attributes)


def rule_options(function: F) -> F:
    """Add the options that choose rules."""
    return _all(
        _option("--select", "select", heading="Rules", key="select", multiple=True, metavar="WORDS",
                help="Judge only these: ids, families, levels; a comma between. May be repeated."),
        _option("--ignore", "ignore", heading="Rules", key="ignore", multiple=True, metavar="WORDS",
                help="Leave these out."),
    )(function)


def verdict_options(function: F) -> F:
    """Add the options that say which rules are judged, and what fails."""
    return _all(
        rule_options,
        _option("--fail-on", heading="Rules", key="fail-on", type=click.Choice(["must", "should", "advice"]),
                help="The level from which on findings fail the run.  [default: must]"),
        _option("--strict", is_flag=True, heading="Rules", help="The same as --fail-on should."),
        _option("--baseline", heading="Rules", key="baseline", metavar="FILE",
                help="Accept the findings that FILE lists."),
        _option("--update-baseline", is_flag=True, heading="Rules",
                help="Write this run's findings into the baseline."),
        _option("--exit-zero", is_flag=True, heading="Rules", help="Exit with 0 also where there are findings."),
    )(function)


def time_options(function: F) -> F:
    """Add the limits of time."""
    return _all(
        _option("--max-time", heading="How much", key="max-time", type=float, metavar="SECONDS",
                help="Time for the whole run.  [default: 60]"),
        _option("--timeout", heading="How much", key="timeout", type=float, metavar="SECONDS",
                help="Time for one exchange.  [default: 10]"),
    )(function)


def check_options(function: F) -> F:
    """Add the options of everything that checks a subject with drawn requests: rules, what fails, amount."""
    return _all(
        verdict_options,
        _option("--max-examples", heading="How much", key="max-examples", type=int, metavar="N",
                help="Requests to draw.  [default: 100]"),
        time_options,
        _option("--seed", heading="How much", key="seed", type=int, metavar="N",
                help="Repeat the run that had this seed."),
    )(function)


def place_options(function: F) -> F:
    """Add the options that say where an application is loaded, and with which settings."""
    return _all(
        _option("--chdir", heading="The target", key="chdir", metavar="DIR",
                help="Change to DIR before the target is imported."),
        _option("--settings", heading="The target", key="settings", metavar="MODULE",
                help="DJANGO_SETTINGS_MODULE for the target."),
    )(function)


def target_options(function: F) -> F:
    """Add the options that say how to load an application, and what to ask it besides "/"."""
    return _all(
        place_options,
        _option("--path", "paths", heading="The target", key="paths", multiple=True, metavar="PATH",
                help="Ask this path too, percent-encoded, with or without ?query. May be repeated."),
    )(function)


def _header_option(function: F) -> F:
    return _option("--header", "headers", heading="The target", key="headers", multiple=True, metavar="'NAME: VALUE'",
                   help="Send this header field now and then. May be repeated.")(function)


def _body_option(function: F) -> F:
    return _option("--body", "bodies", heading="The target", key="bodies", multiple=True, metavar="'TYPE: TEXT'",
                   help="Send this body now and then, as 'application/json: {}'. May be repeated.")(function)


def _login_options(function: F) -> F:
    return _all(
        _option("--login", heading="Its views", key="login", metavar="'POST /login user=... password=...'",
                help="Log in first; every request carries the cookies that this gives."),
        _option("--cookie", "cookies", heading="Its views", key="cookies", multiple=True, metavar="NAME=VALUE",
                help="Every request carries this cookie. May be repeated."),
    )(function)


def _unsafe_option(function: F) -> F:
    return _option("--unsafe-methods", heading="Its views", key="unsafe-methods", is_flag=True,
                   help="The target's data may be changed: use POST, PUT and the like in any case.")(function)


def visitor_options(function: F) -> F:
    """Add the options that say as whom an application is asked, and how freely."""
    return _all(_header_option, _login_options, _unsafe_option)(function)


def app_options(function: F) -> F:
    """Add the options that say how to load an application and what to ask it."""
    return _all(
        target_options,
        _header_option,
        _body_option,
    )(function)


def layer_options(function: F) -> F:
    """Add the option that says whether each layer of a stack is watched."""
    return _option("--layers", heading="The target", key="layers", type=click.Choice(["auto", "none"]),
                   help="Name the middleware that a finding is the doing of: watch each layer that is found around "
                        "the application, or none.  [default: auto]")(function)


def reach_options(function: F) -> F:
    """Add the options that say how the application's own views are found and entered."""
    return _all(
        _option("--route", "route", heading="Its views", key="route", multiple=True, metavar="ROUTE",
                help="A further route, '/path/<int:id>' or 'POST /path'. May be repeated."),
        _option("--routes", heading="Its views", key="routes", metavar="auto|none|FILE",
                help="Where routes come from: the framework and a crawl, nowhere, or FILE.  [default: auto]"),
        _login_options,
        _option("--openapi", heading="Its views", key="openapi", metavar="FILE", help="An OpenAPI document."),
        _option("--har", heading="Its views", key="har", metavar="FILE", help="Recorded traffic to ask again."),
        _option("--access-log", heading="Its views", key="access-log", metavar="FILE",
                help="The same from a log in the common or combined format."),
        _option("--traffic", heading="Its views", key="traffic", metavar="FILE",
                help="The same from what validator(app, record=FILE) wrote."),
        _unsafe_option,
    )(function)


def report_options(function: F) -> F:
    """Add the options that say how the outcome is told."""
    return _all(
        _option("--format", "format_", heading="The report", key="format", metavar="FORMAT",
                help="text, concise, json, json-lines, junit, sarif, github, markdown, html, pytest.  [default: text]"),
        _option("--output", "-o", heading="The report", key="output", metavar="FILE",
                help="Write the report to FILE instead of standard output."),
        _option("--report", heading="The report", key="report", multiple=True, metavar="FORMAT=FILE",
                help="Write one more report. May be repeated."),
        _option("--color/--no-color", default=None, heading="The report",
                help="Colours: yes or no.  [default: on a terminal; NO_COLOR and FORCE_COLOR are honoured]"),
        _option("-v", "--verbose", is_flag=True, heading="The report", help="Show everything."),
        _option("-q", "--quiet", is_flag=True, heading="The report", help="One line for each finding."),
        _option("--statistics", is_flag=True, heading="The report",
                help="In place of the findings, how often each rule is broken."),
        _option("--show-passed", is_flag=True, heading="The report", help="Name the rules that hold, too."),
        _option("--config", "config_file", heading="The report", metavar="FILE",
                help="Read this configuration file instead of the nearest."),
    )(function)


def screen_options(function: F) -> F:
    """Add --color and --no-color, for a verb that prints no report."""
    return _option("--color/--no-color", default=None, heading="Options",
                   help="Colours: yes or no.  [default: on a terminal; NO_COLOR and FORCE_COLOR are honoured]",
                   )(function)


def _given(ctx: click.Context) -> dict[str, tuple[str, object]]:
    found: dict[str, tuple[str, object]] = {}
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if (isinstance(parameter, Option) and parameter.key
                and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE):
            found[parameter.key] = (parameter.typed, ctx.params[name])
    return found


def settle(ctx: click.Context, target: str | None = None) -> Config:
    """Return the settings of this invocation.

    Raises:
        ConfigError: what is asked contradicts itself, or is wrong.
    """
    given = _given(ctx)
    if ctx.params.get("strict"):
        if "fail-on" in given:
            raise ConfigError("--strict means --fail-on should; give one of the two")
        given["fail-on"] = ("--strict", "should")
    if ctx.params.get("verbose") and ctx.params.get("quiet"):
        raise ConfigError("-v shows more and -q shows less; give one of the two")
    if target is not None:
        given["app"] = ("TARGET", target)
    return load(given=given, file=ctx.params.get("config_file") or "")


def near(word: str, known: list[str]) -> str:
    """Return the name that `word` may have meant, or all that there are, as the end of a message."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"there are {', '.join(known)}"
