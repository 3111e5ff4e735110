"""The command `wsgicheck`: which verb is meant, and what becomes of an error.

Laws: one module a verb, imported when it is run; whatever is wrong with the request is one line on standard
error and exit code 2; a traceback is shown for a bug of ours alone, and only with -v. Adding a verb is one row
of VERBS and one module of that name with a click command called `command`, which returns the exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..errors import ConfigError, HarnessError, TargetError, WsgicheckError
from ..show import printable
from .exits import FAILED, INTERRUPTED, NOTHING_CHECKED, WRONG_REQUEST

__all__ = ["VERBS", "main"]

VERBS: dict[str, str] = {
    "app": "Check an application; the word `app` may be left out.",
    "server": "Check a real server over its socket.",
    "middleware": "Check a middleware from both sides.",
    "compare": "Run an application under several servers; show what differs.",
    "doctor": "Check what importing an application does to its process.",
    "rules": "List the rules.",
    "explain": "Explain a rule: what it asks, why, and what to write instead.",
    "replay": "Make one finding happen again, or serve its application for curl.",
    "config": "Show the settings that hold here, and where each comes from.",
}
"""The verbs and what each does, in the order of the help page."""

_EPILOG = """\b
Examples:
  wsgicheck shop.wsgi:application
  wsgicheck "shop:create_app()" --select must --max-time 20
  wsgicheck mysite/wsgi.py --settings mysite.settings
  wsgicheck explain chunks-are-bytes

\b
Exit codes:
  0  nothing at the failing level (--fail-on, default: must)
  1  findings at that level
  2  the request itself is wrong: an option, the configuration, the target
  3  a bug of wsgicheck
  4  nothing was really checked
  130  interrupted
"""


class _Verbs(click.Group):
    """The group of verbs; a first word that is none of them is the target of `app`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"{__name__}.{name}").command
        return command

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[app] TARGET [OPTIONS]")
        formatter.write_usage(ctx.command_path, "VERB [ARGUMENTS] [OPTIONS]", prefix="       ")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs (wsgicheck VERB --help tells the options of each)"):
            formatter.write_dl(list(VERBS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if ctx.resilient_parsing:  # a shell asks how the line may go on
            args = ["app", *args] if first and first not in VERBS else args
        elif first not in (*VERBS, "--help", "-h", "--version"):
            _refuse_misspelt_verb(first)
            args = ["app", *args]
        return super().parse_args(ctx, args)


def _refuse_misspelt_verb(word: str) -> None:
    """Raise for a word that is almost a verb and no target that exists."""
    from difflib import get_close_matches

    near = get_close_matches(word, VERBS, n=1, cutoff=0.75) if word.isidentifier() and len(word) > 3 else []
    if word in ("help", "version"):
        near = [f"--{word}"]
    if not near or os.path.exists(word) or os.path.exists(f"{word}.py"):
        return
    from importlib.util import find_spec

    if find_spec(word) is None:
        raise ConfigError(f"there is no verb {word!r}, and no module of that name; did you mean `wsgicheck {near[0]}`?")


@click.group(cls=_Verbs, epilog=_EPILOG,
             context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="wsgicheck", message="%(prog)s %(version)s")
def _group() -> None:
    """Does a WSGI application keep PEP 3333?

    A TARGET is a module and what is in it (shop.wsgi:application), a factory that is to be called
    (shop:create_app()), a module alone (application, app, wsgi_app or create_app is looked for), or a file
    (path/wsgi.py:app).
    """


def _say(message: str) -> None:
    """Write one line to standard error."""
    try:
        click.echo(f"wsgicheck: {printable(' '.join(message.split()))}", err=True)
    except (OSError, ValueError):  # standard error is closed: the exit code still tells
        pass


def _bug(error: BaseException, verbose: bool) -> int:
    if verbose:
        import traceback

        traceback.print_exception(error)
    # A bug in the child brings its traceback along, below the first line.
    told = str(error).partition("\n")[0][:300]
    if not isinstance(error, WsgicheckError):
        told = f"{type(error).__name__}: {told}"
    again = "please report it with the traceback above" if verbose else (
        "please report it, with the traceback that the same command shows with -v")
    _say(f"internal error: {told}; this is a bug of wsgicheck, {again}")
    return FAILED


def main(args: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        args: the words after the program's name; those of the process where none are given.
    """
    words = list(sys.argv[1:] if args is None else args)
    verbose = any(word in ("-v", "-vv", "--verbose") for word in words)
    try:
        result: Any = _group.main(words, prog_name="wsgicheck", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "wsgicheck"
        _say(f"error: {error.format_message().rstrip('.')} ({command} --help lists what there is)")
        return WRONG_REQUEST
    except click.ClickException as error:
        _say(f"error: {error.format_message()}")
        return WRONG_REQUEST
    except (TargetError, ConfigError) as error:
        _say(f"error: {error}")
        return WRONG_REQUEST
    except HarnessError as error:
        _say(f"nothing was checked: {error}")
        return NOTHING_CHECKED
    except WsgicheckError as error:
        return _bug(error, verbose)
    except Exception as error:
        return _bug(error, verbose)
