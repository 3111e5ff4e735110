"""Several runs over one subject, each with requests of its own, as one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..active.records import groundless, weight
from ..model.finding import Finding
from ..model.run import RuleResult, Run, RunVerdict
from ..rules import catalogue

__all__ = ["merged"]

_STRONGEST = (RunVerdict.BROKEN, RunVerdict.CRASHED, RunVerdict.KNOWN, RunVerdict.HOLDS, RunVerdict.UNEXERCISED)


def _smaller(one: Finding, other: Finding) -> Finding:
    if one.case is None or other.case is None:
        best = one if one.case is not None else other
    else:
        best = one if weight(one.case) <= weight(other.case) else other
    return replace(best, count=one.count + other.count)


def _result(parts: Sequence[RuleResult]) -> RuleResult:
    verdict = min((part.verdict for part in parts), key=_STRONGEST.index)
    return replace(parts[0], verdict=verdict, exchanges=sum(part.exchanges for part in parts))


def _reach(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return how far the parts came together: a route is reached that one of them reached."""
    parts = [part for part in parts if part]
    if not parts:
        return {}
    facts = {key: max(part[key] for part in parts if key in part) for key in parts[0] if key != "unreached"}
    unreached = [name for name in parts[0]["unreached"] if all(name in part["unreached"] for part in parts)]
    return facts | {"unreached": unreached, "entered": facts["routes"] - len(unreached)}


def merged(runs: Sequence[Run]) -> Run:
    """Return `runs`, which had the same subject, as one: counts added up, of each finding the smallest request."""
    first = runs[0]
    if len(runs) == 1:
        return first
    findings: dict[str, Finding] = {}
    for run in runs:
        for finding in run.findings:
            known = findings.get(finding.name)
            findings[finding.name] = finding if known is None else _smaller(known, finding)
    statuses: dict[int, int] = {}
    for run in runs:
        for code, count in run.statuses.items():
            statuses[code] = statuses.get(code, 0) + count
    results: dict[str, list[RuleResult]] = {}
    for run in runs:
        for result in run.rules:
            results.setdefault(f"{result.family}/{result.id}", []).append(result)
    # What took the ground from a law may have been seen in another part than its breach.
    silent = groundless(catalogue(), {finding.rule for finding in findings.values()})
    findings = {name: finding for name, finding in findings.items() if finding.rule not in silent}
    results = {name: [replace(part, verdict=RunVerdict.UNEXERCISED, exchanges=0) if part.id in silent else part
                      for part in parts] for name, parts in results.items()}
    if first.subject.kind == "middleware":
        # What a run left out, another rule's breach explains: so it does in the whole.
        results = {name: parts for name, parts in results.items() if len(parts) == len(runs)}
        findings = {name: finding for name, finding in findings.items() if name in results}
    order = {name: number for number, name in enumerate(results)}
    return replace(
        first,
        seconds=max(run.seconds for run in runs),
        exchanges=sum(run.exchanges for run in runs),
        rules=tuple(_result(parts) for parts in results.values()),
        findings=tuple(sorted(findings.values(), key=lambda f: (-f.level.rank, order.get(f.name, 0)))),
        nothing_checked="" if any(not run.nothing_checked for run in runs) else first.nothing_checked,
        reach=_reach([run.reach for run in runs]),
        notes=tuple(dict.fromkeys(note for run in runs for note in run.notes)),
        statuses=dict(sorted(statuses.items())))
