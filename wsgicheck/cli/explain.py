"""wsgicheck explain RULE: what a rule asks, what it rests on, what goes wrong, and what to write instead."""

from __future__ import annotations

import click

from .exits import OK
from .options import Command, Option, screen_options

__all__ = ["command"]


@click.command("explain", cls=Command)
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", cls=Option,
              help="[default: text]")
@screen_options
def command(rules: tuple[str, ...], format_: str, color: bool | None) -> int:
    """Explain each RULE: an id (chunks-are-bytes) or a full name (body/chunks-are-bytes)."""
    from ..report.catalogue import explain
    from ..rules import every_card
    from ..selection import find_card
    from .delivery import put, shown_on

    cards = [find_card(every_card(), word) for word in rules]
    view = shown_on(color)
    text = "\n".join(explain(card, format_, color=view.color, width=view.width,
                             ascii=view.ascii and format_ == "text") for card in cards)
    put(text, for_people=format_ == "text")
    return OK
