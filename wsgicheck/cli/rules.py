"""wsgicheck rules: the catalogue, or what some words choose of it."""

from __future__ import annotations

import click

from .exits import OK
from .options import Command, Option, rule_options, screen_options

__all__ = ["command"]


@click.command("rules", cls=Command)
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@rule_options
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", cls=Option,
              help="[default: text]")
@click.option("--coverage", is_flag=True, cls=Option,
              help="Print which rule judges which statement of the specification, as Markdown.")
@click.option("-v", "--verbose", is_flag=True, cls=Option, help="Say of each rule what holds.")
@screen_options
def command(words: tuple[str, ...], select: tuple[str, ...], ignore: tuple[str, ...], format_: str,
            coverage: bool, verbose: bool, color: bool | None) -> int:
    """List the rules: all, or those that WORDS name (ids, families, levels).

    The configuration plays no part: what is listed is what there is.
    """
    from ..report import catalogue as printed
    from ..report.coverage import markdown
    from ..rules import every_card
    from ..selection import select as chosen
    from .delivery import put, shown_on

    if coverage:
        put(markdown(), for_people=False)
        return OK
    asked = tuple(word for item in (*words, *select) for word in item.split(",") if word.strip())
    left_out = tuple(word for item in ignore for word in item.split(",") if word.strip())
    view = shown_on(color)
    put(printed.rules(chosen(every_card(), asked, left_out), format_, color=view.color, width=view.width,
                      verbose=verbose, ascii=view.ascii and format_ == "text"), for_people=format_ == "text")
    return OK
