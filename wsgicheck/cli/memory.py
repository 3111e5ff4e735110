"""Remembers findings between runs, so that `wsgicheck replay ID` knows what to do again.

They are kept below .wsgicheck/ in the working directory, a JSON report a finding, the latest of each id; a
folder that cannot be written is no reason to fail a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import ConfigError
from ..model.rule import Card, Level
from ..model.run import Run

__all__ = ["FOLDER", "recall", "remember"]

FOLDER = Path(".wsgicheck")
_MOST = 500


def remember(run: Run, arguments: Mapping[str, object]) -> None:
    """Keep each finding of `run`, with the options that a second run needs."""
    from ..report.json import document
    from ..report.options import Options
    from ..report.view import RunView
    from ..rules import every_card

    if not run.findings:
        return
    cards: dict[str, Card] = {card.name: card for card in every_card()}
    view = RunView(run, Level.MUST)
    folder = FOLDER / "findings"
    try:
        # A login, a cookie, a form that is asked again is kept as it was: that is for nobody else on the machine.
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)
        (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
        for finding in run.findings[:_MOST]:
            record = document(replace(run, findings=(finding,)), cards, Options()) | {"arguments": dict(arguments)}
            record["findings"][0]["id"] = view.id(finding)
            (folder / f"{view.id(finding)}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError:
        return


def recall(word: str) -> str:
    """Return the text of the report that holds the finding called `word`: an id, or a file.

    Raises:
        ConfigError: there is no such file, and no finding of that id was kept here.
    """
    kept = FOLDER / "findings" / f"{word.upper()}.json"
    for path in (Path(word), kept):
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path} cannot be read: {error}") from None
    known = sorted(path.stem for path in kept.parent.glob("*.json")) if kept.parent.is_dir() else []
    hint = f"; kept here are {', '.join(known[:8])}{' and more' if len(known) > 8 else ''}" if known else \
        "; no run with findings was made in this folder"
    raise ConfigError(f"{word!r} is neither a report in JSON nor the id of a finding kept in {FOLDER}/{hint}")
