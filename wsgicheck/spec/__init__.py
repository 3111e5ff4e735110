"""The texts that the rules rest on: PEP 3333 as pinned, the statements taken from it, and the excuses.

- pep-3333.rst: the PEP's source text (public domain).
- statements.tsv: every statement that binds an application, a middleware or a server.
- excused.tsv: rows that no rule judges, each with its reason.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Statement", "excuses", "fold", "pep_text", "statements"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of statements.tsv; `check` is passive, active, static, server-probe or none."""

    id: str
    section: str
    level: str
    subject: str
    statement: str
    check: str
    peers: str
    note: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__name__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def statements() -> dict[str, Statement]:
    """Return every statement by its id, in order."""
    return {row["id"]: Statement(**row) for row in _rows("statements.tsv")}


@cache
def excuses() -> dict[str, str]:
    """Return the reason, by statement id, why no rule judges it."""
    return {row["id"]: row["reason"] for row in _rows("excused.tsv")}


@cache
def pep_text() -> str:
    """Return the pinned source text of PEP 3333."""
    return (files(__name__) / "pep-3333.rst").read_text(encoding="utf-8")


def fold(text: str) -> str:
    """Return `text` without reST markup and with white space folded, to compare sentences by."""
    return " ".join(re.sub(r"\*\*|``|[*`]|_(?=[\s.,;:)]|$)", "", text).split())
