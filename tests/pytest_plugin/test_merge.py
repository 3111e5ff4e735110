"""Several parts of a run as one: what was seen in any of them counts, what explains it wherever it was seen."""

from __future__ import annotations

from wsgicheck.model.finding import Finding
from wsgicheck.model.rule import Card, Level, Relation
from wsgicheck.model.run import RuleResult, Run, RunVerdict, Subject
from wsgicheck.pytest_plugin.merge import merged
from wsgicheck.rules import catalogue

LAW = next(card for card in catalogue() if isinstance(card, Relation) and card.given)
GROUND = LAW.given[0]
OTHER = next(card for card in catalogue() if card.id == "chunks-are-bytes")


def part(verdicts: dict[Card, RunVerdict], kind: str = "application", **changes: object) -> Run:
    rules = tuple(RuleResult(card.id, card.family, card.level, verdict, card.covers, 3) for card, verdict in
                  verdicts.items())
    findings = tuple(Finding(card.id, card.family, card.level, "application", "seen", 2)
                     for card, verdict in verdicts.items() if verdict is RunVerdict.BROKEN)
    return Run(Subject(kind, "shop:app"), 1, 1.0, 10, rules, findings, **changes)  # type: ignore[arg-type]


def verdicts(run: Run) -> dict[str, RunVerdict]:
    return {result.id: result.verdict for result in run.rules}


def test_the_strongest_verdict_counts_and_the_counts_add_up() -> None:
    run = merged([part({OTHER: RunVerdict.HOLDS, LAW: RunVerdict.UNEXERCISED}),
                  part({OTHER: RunVerdict.BROKEN, LAW: RunVerdict.HOLDS})])
    assert verdicts(run) == {OTHER.id: RunVerdict.BROKEN, LAW.id: RunVerdict.HOLDS}
    assert [result.exchanges for result in run.rules] == [6, 6]
    assert run.exchanges == 20
    assert [finding.rule for finding in run.failing(Level.MUST)] == [OTHER.id]


def test_what_one_part_saw_takes_the_ground_from_a_law_of_another() -> None:
    run = merged([part({GROUND: RunVerdict.BROKEN, LAW: RunVerdict.UNEXERCISED}),
                  part({GROUND: RunVerdict.HOLDS, LAW: RunVerdict.BROKEN})])
    assert verdicts(run) == {GROUND.id: RunVerdict.BROKEN, LAW.id: RunVerdict.UNEXERCISED}
    assert [finding.rule for finding in run.findings] == [GROUND.id]


def test_what_was_left_out_of_one_part_of_a_middleware_is_left_out() -> None:
    parts = [part({OTHER: RunVerdict.HOLDS}, "middleware"), part({OTHER: RunVerdict.HOLDS, LAW: RunVerdict.HOLDS},
                                                                  "middleware")]
    assert verdicts(merged(parts)) == {OTHER.id: RunVerdict.HOLDS}


def test_what_only_one_part_of_an_application_tells_of_stays() -> None:
    parts = [part({OTHER: RunVerdict.HOLDS}), part({OTHER: RunVerdict.HOLDS, GROUND: RunVerdict.BROKEN})]
    assert verdicts(merged(parts)) == {OTHER.id: RunVerdict.HOLDS, GROUND.id: RunVerdict.BROKEN}


def test_a_route_is_reached_that_one_part_reached() -> None:
    run = merged([part({}, reach={"routes": 3, "entered": 1, "succeeded": 1, "unreached": ["b", "c"]}),
                  part({}, reach={"routes": 3, "entered": 2, "succeeded": 2, "unreached": ["a"]})])
    assert run.reach == {"routes": 3, "entered": 3, "succeeded": 2, "unreached": []}
