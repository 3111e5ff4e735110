"""The baseline: findings that a project has accepted, so that only new ones fail its run.

Laws: an entry is known by the id of its finding (rule, place, culprit), which outlives versions and machines;
a rule whose findings are all accepted is KNOWN, a rule with a new one stays BROKEN and shows the new one alone.
Each entry has room for a reason, which an update keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model.rule import MUST
from ..model.run import Run, RunVerdict
from ..report.view import RunView
from ..show import show

__all__ = ["SCHEMA", "accept", "read_baseline", "write_baseline"]

SCHEMA = "wsgicheck-baseline/1"


def read_baseline(file: str) -> dict[str, Mapping[str, Any]]:
    """Return the entries of `file` by the ids of their findings.

    Raises:
        ConfigError: there is no such file, or it is no baseline.
    """
    try:
        data = json.loads(Path(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no baseline {file}; --update-baseline writes one") from None
    except OSError as error:
        raise ConfigError(f"baseline {file} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"baseline {file} is no JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ConfigError(f"{file} is no baseline: it has no \"schema\": {SCHEMA!r}")
    entries = data.get("findings")
    if not isinstance(entries, list):
        raise ConfigError(f"baseline {file}: \"findings\" is a list, not {show(entries)}")
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise ConfigError(f"baseline {file}: an entry is an object with an \"id\", not {show(entry)}")
        found[entry["id"]] = entry
    return found


def write_baseline(file: str, run: Run) -> int:
    """Write the findings of `run` into `file`, and return how many there are; reasons given there are kept.

    Raises:
        ConfigError: the file holds something else, or cannot be written.
    """
    before = read_baseline(file) if Path(file).exists() else {}
    view = RunView(run, MUST)
    entries = [
        {"id": view.id(finding), "rule": finding.name, "culprit": finding.culprit,
         "site": f"{finding.site.file}:{finding.site.function or finding.site.line}" if finding.site else None,
         "evidence": finding.evidence, "reason": before.get(view.id(finding), {}).get("reason", "")}
        for finding in view.ordered]
    text = json.dumps({"schema": SCHEMA, "findings": entries}, indent=2) + "\n"
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"baseline {file} cannot be written: {error.strerror or error}") from None
    return len(entries)


def accept(run: Run, entries: Mapping[str, Mapping[str, Any]]) -> Run:
    """Return `run` with the verdict KNOWN for each rule whose findings are all among `entries`."""
    view = RunView(run, MUST)
    accepted = {finding for finding in run.findings if view.id(finding) in entries}
    new = {finding.rule for finding in run.findings if finding not in accepted}
    known = {finding.rule for finding in accepted} - new
    hidden = sum(1 for finding in accepted if finding.rule in new)
    seen = {view.id(finding) for finding in accepted}
    gone = [identity for identity in entries if identity not in seen]
    notes = list(run.notes)
    if hidden:
        notes.append(f"{hidden} further accepted in the baseline, beside new findings of the same rule")
    if gone:
        notes.append(f"{len(gone)} of the baseline not seen in this run: {', '.join(gone[:6])}")
    return replace(
        run, notes=tuple(notes),
        findings=tuple(f for f in run.findings if f not in accepted or f.rule in known),
        rules=tuple(replace(r, verdict=RunVerdict.KNOWN) if r.id in known else r for r in run.rules))
