"""A middleware and how it is put around an application, as a person types it: TARGET --arg NAME=VALUE ...

One spelling for the command, for pytest's option and for its ini file.
"""

from __future__ import annotations

import ast
import keyword
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import ConfigError
from .options import Option

if TYPE_CHECKING:
    from ..active.wrapping import Wrapping

__all__ = ["argument_of", "wrapping_of", "wrapping_options"]

F = TypeVar("F", bound=Callable[..., Any])


def argument_of(text: str) -> tuple[str, Any]:
    """Return "name=value" as a name and a value: a Python literal where it is one, else the text itself.

    Raises:
        ConfigError: it is no such thing.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        raise ConfigError(f"--arg {text!r} is no argument; expected NAME=VALUE, as in --arg x_for=1")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, value


def wrapping_options(function: F) -> F:
    """Add the options that say how TARGET is put around an application."""
    for option in reversed((
        click.option("--arg", "given_arguments", cls=Option, heading="The target", multiple=True, metavar="NAME=VALUE",
                     help="A keyword argument for TARGET, a Python literal or text. May be repeated."),
        click.option("--configuration", cls=Option, heading="The target", metavar="FILE", default="",
                     help="A file with one Python expression: a dict of keyword arguments, a list of positional ones, "
                          "or a function that takes the application."),
        click.option("--calls", cls=Option, heading="The target", type=click.IntRange(1), metavar="N", default=1,
                     help="How often TARGET is meant to call the application at most.  [default: 1]"),
    )):
        function = option(function)
    return function


@click.command()
@click.argument("target")
@wrapping_options
def _typed(target: str, given_arguments: tuple[str, ...], configuration: str, calls: int) -> Wrapping:
    from ..active.wrapping import Wrapping

    return Wrapping(target, tuple(argument_of(text) for text in given_arguments), configuration, calls)


def wrapping_of(text: str, directory: str) -> Wrapping:
    """Return what `text` names, as behind `wsgicheck middleware`; a file's name counts from `directory`.

    Raises:
        ConfigError: it names nothing, or is wrong; one line.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}") from None
    try:
        with _typed.make_context("", words) as context:
            wrapping: Wrapping = _typed.invoke(context)
    except click.UsageError as error:
        raise ConfigError(f"{text!r}: {error.format_message()}") from None
    if not wrapping.configuration:
        return wrapping
    return replace(wrapping, configuration=os.path.join(directory, wrapping.configuration))
