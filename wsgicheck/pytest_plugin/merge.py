"""Several runs over one subject, each with requests of its own, as one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..active.records import weight
from ..model.finding import Finding
from ..model.run import RuleResult, Run, RunVerdict

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
        notes=tuple(dict.fromkeys(note for run in runs for note in run.notes)),
        statuses=dict(sorted(statuses.items())))
