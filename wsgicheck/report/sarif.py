"""SARIF 2.1.0 for code scanning: a rule with its help, a result with its line, its request and its fingerprint.

Laws: rule ids are the cards' own; paths are relative URIs where they lie below the working directory; the
fingerprint is the finding's id, so that code that moves keeps its alert.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from ..model.finding import Finding
from ..model.request import Request
from ..model.rule import ADVICE, MUST, SHOULD, Card, Level
from ..model.run import RuleResult, Run, RunVerdict
from .markdown import card_help, finding_markdown
from .options import Options
from .plain import finding_text, from_root
from .safe import line as safe
from .source import excerpt
from .view import RunView, plural, reach_words

__all__ = ["SCHEMA_URI", "render"]

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://peps.python.org/pep-3333/"
_LEVELS: dict[Level, str] = {MUST: "error", SHOULD: "warning", ADVICE: "note"}
_SEVERITY: dict[Level, str] = {MUST: "error", SHOULD: "warning", ADVICE: "recommendation"}


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the report as one SARIF log."""
    view = RunView(run, options.fail_on)
    rules = view.rules
    index = {result.id: number for number, result in enumerate(rules)}
    driver: dict[str, Any] = {"name": "wsgicheck", "informationUri": HOME,
                              "rules": [_rule(r, cards.get(f"{r.family}/{r.id}")) for r in rules]}
    if run.version:
        driver["semanticVersion" if _is_semantic(run.version) else "version"] = safe(run.version)
    log = {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [_invocation(view)],
            "results": [_result(f, view, index.get(f.rule, -1), cards.get(f.name), options.root) for f in view.ordered],
            "properties": {
                "subject": {"kind": safe(run.subject.kind), "target": safe(run.subject.target)},
                "seed": run.seed, "exchanges": run.exchanges, "seconds": round(run.seconds, 3),
                **_reach(run),
                "unexercised": [r.id for r in view.with_verdict(RunVerdict.UNEXERCISED)],
            },
        }],
    }
    return json.dumps(log, indent=2) + "\n"


def _reach(run: Run) -> dict[str, Any]:
    """Return the line about the routes, and its numbers; nothing where no routes were looked for."""
    counts = {key: value for key, value in run.reach.items() if isinstance(value, int)}
    return {"reach": reach_words(run), "reachCounts": counts} if reach_words(run) else {}


def _is_semantic(version: str) -> bool:
    parts = version.split(".")
    return len(parts) == 3 and all(p.isascii() and p.isdigit() for p in parts)


def _rule(result: RuleResult, card: Card | None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": safe(result.id),
        "name": "".join(word.capitalize() for word in safe(result.id).split("-")),
        "defaultConfiguration": {"level": _LEVELS[result.level]},
        "properties": {"tags": ["wsgi", "pep-3333", safe(result.family)], "precision": "very-high",
                       "problem.severity": _SEVERITY[result.level], "verdict": result.verdict.value,
                       "covers": list(result.covers)},
    }
    if card is not None:
        full = " ".join(f"{card.title} {card.explanation}".split())
        rule["shortDescription"] = {"text": safe(card.title)}
        rule["fullDescription"] = {"text": safe(full)}
        rule["help"] = {"text": safe(full), "markdown": card_help(card)}
        url = next((c.url for c in card.cites if c.url.startswith("https://")), "")
        if url:
            rule["helpUri"] = url
    return rule


def _invocation(view: RunView) -> dict[str, Any]:
    notifications = [
        {"level": "error", "message": {"text": f"The check {safe(r.id)} crashed: a bug of wsgicheck."}}
        for r in view.with_verdict(RunVerdict.CRASHED)]
    if view.run.nothing_checked:
        notifications.append({"level": "error", "message": {
            "text": f"Nothing was really checked: {safe(view.run.nothing_checked)}"}})
    notifications += [{"level": "note", "message": {"text": safe(note)}} for note in view.run.notes if note]
    invocation: dict[str, Any] = {"executionSuccessful": view.outcome != "error"}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return invocation


def _result(finding: Finding, view: RunView, index: int, card: Card | None, root: str) -> dict[str, Any]:
    known = finding.rule in view.known
    result: dict[str, Any] = {
        "ruleId": safe(finding.rule),
        "level": _LEVELS[finding.level],
        "message": {"text": finding_text(finding, view, card).rstrip("\n"),
                    "markdown": finding_markdown(finding, view, card)},
        "locations": [_location(finding, view, card, root)],
        "occurrenceCount": max(1, finding.count),
        "partialFingerprints": {"wsgicheck/v1": view.id(finding)},
        "baselineState": "unchanged" if known else "new",
        "properties": {"culprit": safe(finding.culprit), "family": safe(finding.family),
                       "seen": plural(finding.count, "exchange")},
    }
    if index >= 0:
        result["ruleIndex"] = index
    if known:
        result["suppressions"] = [{"kind": "external", "justification": "accepted in the baseline"}]
    if finding.case is not None:
        result["webRequest"] = _web_request(finding.case.request)
    return result


def _location(finding: Finding, view: RunView, card: Card | None, root: str) -> dict[str, Any]:
    site = finding.site
    if site is None:
        location: dict[str, Any] = {"logicalLocations": [
            {"fullyQualifiedName": safe(view.run.subject.target, 400), "kind": "member"}]}
        module = _module_file(view.run.subject.target)
        if module:
            location["physicalLocation"] = {"artifactLocation": _artifact(from_root(module, root)),
                                            "region": {"startLine": 1}}
        return location
    region: dict[str, Any] = {"startLine": max(1, site.line)}
    found = excerpt(site, card, finding.evidence)
    if found is not None:
        own = next((source.text for source in found.lines if source.number == found.number), "")
        region |= {"startColumn": found.column, "endColumn": found.end_column, "snippet": {"text": own}}
    location = {"physicalLocation": {"artifactLocation": _artifact(from_root(site.file, root)), "region": region}}
    if site.function:
        location["logicalLocations"] = [{"fullyQualifiedName": safe(site.function, 400), "kind": "function"}]
    return location


def _module_file(target: str) -> str:
    """Return the file a target names, "" where it is not below the working directory: code scanning wants
    a file for every result, and the module that holds the subject is the true answer for one without a line."""
    module = target.partition(":")[0]
    for path in (module, module.replace(".", "/") + ".py", module.replace(".", "/") + "/__init__.py"):
        if path.endswith(".py") and "\0" not in path and os.path.isfile(path):
            return path
    return ""


def _artifact(path: str) -> dict[str, Any]:
    shown = path.encode("utf-8", "surrogateescape" if _is_escaped(path) else "backslashreplace")
    if PurePath(path).is_absolute():
        return {"uri": "file://" + quote(shown)}
    return {"uri": quote(shown[:8000], safe="/~-._"), "uriBaseId": "%SRCROOT%"}


def _is_escaped(path: str) -> bool:
    """Tell whether every surrogate of `path` stands for a byte of the file system."""
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _web_request(request: Request) -> dict[str, Any]:
    headers = {}
    for key, value in request.variables[:200]:
        if key.startswith("HTTP_"):
            headers[safe(key.removeprefix("HTTP_").replace("_", "-").title(), 200)] = safe(value)
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            headers[key.replace("_", "-").title()] = safe(value)
    target = request.get("SCRIPT_NAME")[:2000] + request.path[:2000] + (
        f"?{request.query[:2000]}" if request.query else "")
    web: dict[str, Any] = {"protocol": "HTTP", "version": safe(request.get("SERVER_PROTOCOL"), 40)[5:] or "1.1",
                           "method": safe(request.method, 200), "target": safe(target), "headers": headers}
    if request.body:
        web["body"] = {"text": safe(repr(request.body[:500]))}
    return web
