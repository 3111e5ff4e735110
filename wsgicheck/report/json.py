"""The report for programs: the JSON of schema "wsgicheck-report/1", and reading a finding back from it.

Laws: the keys are a contract (schema/report-1.schema.json is tested against every report); the text is ASCII
and every string in it can be encoded; a request that is there whole reads back as the same request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal

from ..errors import ConfigError
from ..model.finding import Finding, Site
from ..model.request import Case, Drive, Request
from ..model.rule import Card, Level
from ..model.run import Run
from .options import Options
from .reproduce import curls
from .safe import line as safe
from .script import script
from .view import RunView

__all__ = ["SCHEMA", "case_from", "case_record", "document", "finding_from", "read", "render"]

SCHEMA = "wsgicheck-report/1"
_SECRET = frozenset({"login", "cookies", "headers"})
"""Arguments that are no matter of a report which is handed on; `wsgicheck replay` takes them again."""
_LONGEST = 1_000_000
"""The most bytes of one value that a report carries; a longer one is cut, and the request says so."""


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the report as one JSON document."""
    return json.dumps(document(run, cards, options), indent=2) + "\n"


def document(run: Run, cards: Mapping[str, Card], options: Options) -> dict[str, Any]:
    """Return the report as what json.dumps takes."""
    view = RunView(run, options.fail_on)
    return {
        "schema": SCHEMA,
        "version": safe(run.version),
        "subject": {"kind": run.subject.kind, "target": safe(run.subject.target),
                    "details": [safe(detail) for detail in run.subject.details]},
        "arguments": {name: value for name, value in options.arguments.items() if name not in _SECRET},
        "outcome": view.outcome,
        "stats": {"exchanges": run.exchanges, "seconds": round(run.seconds, 3), "seed": run.seed,
                  "statuses": {str(code): count for code, count in sorted(run.statuses.items())}},
        "layers": [safe(layer) for layer in run.layers],
        "reach": _reach(run.reach),
        "rules": [{"id": r.id, "family": r.family, "level": r.level.value, "verdict": r.verdict.value,
                   "covers": list(r.covers), "exchanges": r.exchanges} for r in view.rules],
        "findings": [_finding(f, view, cards) for f in view.ordered],
        "nothing_checked": safe(run.nothing_checked),
        "notes": [safe(note) for note in run.notes],
    }


def _reach(reach: Mapping[str, Any]) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for key in ("routes", "entered", "succeeded"):
        value = reach.get(key, 0)
        counts[key] = value if isinstance(value, int) else 0
    for key in ("lines", "lines_run"):
        if isinstance(reach.get(key), int):
            counts[key] = reach[key]
    unreached = reach.get("unreached", ())
    counts["unreached"] = [safe(u) for u in unreached] if isinstance(unreached, (list, tuple)) else []
    return counts


def _finding(finding: Finding, view: RunView, cards: Mapping[str, Card]) -> dict[str, Any]:
    site, case = finding.site, finding.case
    card = cards.get(finding.name)
    return {
        "id": view.id(finding),
        "rule": finding.rule,
        "family": finding.family,
        "level": finding.level.value,
        "title": safe(card.title) if card else "",
        "culprit": safe(finding.culprit),
        "evidence": safe(finding.evidence),
        "count": finding.count,
        "known": finding.rule in view.known,
        "site": None if site is None else {"file": safe(site.file), "line": site.line,
                                           "function": safe(site.function)},
        "request": None if case is None else case_record(case),
        "twin": None if finding.twin is None else case_record(finding.twin),
        "between": [case_record(between) for between in finding.between],
        "reproduce": {"replay": f"wsgicheck replay {view.id(finding)}",
                      "curl": curls(finding),
                      "python": script(finding, view.run.subject, card),
                      "brought": bool(finding.program)},
        "events": [safe(event) for event in finding.events],
        "layers": [safe(layer) for layer in finding.layers],
        "beside": [case_record(Case(request)) for request in finding.beside],
        "given": safe(finding.given, _LONGEST) if len(finding.given) <= _LONGEST else "",
    }


# -- one request -----------------------------------------------------------------------------------------


_HEADERS: dict[object, Literal["", "cleared", "marked"]] = {"": "", "cleared": "cleared", "marked": "marked"}


def _text(text: str) -> str | dict[str, str]:
    """Return `text` itself where UTF-8 can carry it, else its escaped form, told apart by its shape."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return {"escaped": text.encode("unicode_escape").decode("ascii")}
    return text


def case_record(case: Case) -> dict[str, Any]:
    """Return a case as what json.dumps takes; `complete` tells whether `case_from` can read it back."""
    request, drive = case.request, case.drive
    complete = len(request.body) <= _LONGEST and len(request.url_scheme) <= _LONGEST \
        and len(request.variables) <= 10_000 and all(
        len(value) <= _LONGEST and len(key) <= _LONGEST for key, value in request.variables)
    return {
        "method": safe(request.method, 200),
        "path": safe(request.path),
        "query": safe(request.query),
        "variables": [[_text(key[:_LONGEST]), _text(value[:_LONGEST])]
                      for key, value in request.variables[:10_000]],
        "body": base64.b64encode(request.body[:_LONGEST]).decode("ascii"),
        "body_length": len(request.body),
        "reads": list(request.reads[:10_000]),
        "input_terminated": request.input_terminated,
        "url_scheme": _text(request.url_scheme[:_LONGEST]),
        "multithread": request.multithread,
        "multiprocess": request.multiprocess,
        "run_once": request.run_once,
        "file_wrapper": request.file_wrapper,
        "drive": {"stop_after": drive.stop_after, "start_raises": drive.start_raises,
                  "write_raises_after": drive.write_raises_after, "calls": drive.calls, "headers": drive.headers,
                  "closes": drive.closes, "watched": drive.watched},
        "complete": complete and len(request.reads) <= 10_000,
    }


def _read_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("escaped"), str):
        return str(value["escaped"]).encode("ascii").decode("unicode_escape")
    raise ConfigError("a variable of the request is neither a string nor {\"escaped\": string}")


def case_from(record: Mapping[str, Any]) -> Case:
    """Return the case that `record` (of case_record) stands for.

    Raises ConfigError where the record is not whole or not of that form.
    """
    if not isinstance(record, Mapping):
        raise ConfigError("the finding has no request to repeat")
    if record.get("complete") is not True:
        raise ConfigError("the request was too large for the report: run the check again with its seed")
    try:
        drive = record["drive"]
        request = Request(
            variables=tuple((_read_text(key), _read_text(value)) for key, value in record["variables"]),
            body=base64.b64decode(record["body"], validate=True),
            reads=tuple(int(size) for size in record["reads"]),
            input_terminated=bool(record["input_terminated"]),
            url_scheme=_read_text(record["url_scheme"]),
            multithread=bool(record["multithread"]),
            multiprocess=bool(record["multiprocess"]),
            run_once=bool(record["run_once"]),
            file_wrapper=bool(record["file_wrapper"]),
        )
        return Case(request, Drive(
            stop_after=_maybe(drive["stop_after"]), start_raises=bool(drive["start_raises"]),
            write_raises_after=_maybe(drive["write_raises_after"]), calls=int(drive["calls"]),
            headers=_HEADERS[drive["headers"]], closes=int(drive["closes"]), watched=bool(drive["watched"])))
    except (KeyError, TypeError, ValueError) as error:
        why = safe(repr(error), 200)
        raise ConfigError(f"the finding's request is not as {SCHEMA} has it: {why}") from None


# -- a report read back ----------------------------------------------------------------------------------


def read(text: str) -> dict[str, Any]:
    """Return the report that `text` is.

    Raises ConfigError, with one line for a person, where it is no report of this version.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is no JSON: {safe(str(error), 200)}") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ConfigError(f"this is no report of schema {SCHEMA}")
    if not isinstance(found.get("findings"), list) or not isinstance(found.get("subject"), dict):
        raise ConfigError("the report has no findings and no subject: it is not whole")
    return found


def finding_from(report: Mapping[str, Any], name: str) -> Finding:
    """Return the finding of `report` (of `read`) whose id is `name`, in any case.

    Raises ConfigError where there is none, or where it is not of the form that `render` writes.
    """
    records = {str(r.get("id", "")).upper(): r for r in report["findings"] if isinstance(r, dict)}
    record = records.get(name.upper())
    if record is None:
        known = ", ".join(sorted(records)[:20]) or "none"
        raise ConfigError(f"the report has no finding {safe(name, 40)}; it has {safe(known, 300)}")
    try:
        site = record["site"]
        return Finding(
            rule=str(record["rule"]), family=str(record["family"]), level=Level(record["level"]),
            culprit=str(record["culprit"]), evidence=str(record["evidence"]), count=int(record["count"]),
            site=None if site is None else Site(str(site["file"]), int(site["line"]), str(site["function"])),
            case=None if record["request"] is None else case_from(record["request"]),
            twin=None if record["twin"] is None else case_from(record["twin"]),
            events=tuple(map(str, record["events"])), layers=tuple(map(str, record["layers"])),
            program=str(record["reproduce"]["python"]) if record["reproduce"]["brought"] else "",
            shell=str(record["reproduce"]["curl"]) if record["reproduce"]["brought"] and not record["request"] else "",
            beside=tuple(case_from(other).request for other in record.get("beside", ())),
            between=tuple(map(case_from, record.get("between", ()))),
            given=str(record.get("given", "")))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the finding is not as {SCHEMA} has it: {safe(repr(error), 200)}") from None


def _maybe(value: object) -> int | None:
    if value is None or type(value) is int:
        return value
    raise ValueError(f"{value!r} is no number of items")
