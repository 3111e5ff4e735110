"""Every hygiene card proves itself: a bad script breaks exactly its rule, a good one breaks nothing."""

from __future__ import annotations

from functools import cache

import pytest

from wsgicheck.active.doctor import import_rules, judge_import
from wsgicheck.harness.import_stage import import_facts
from wsgicheck.model.exchange import Exchange
from wsgicheck.model.imported import Imported
from wsgicheck.model.rule import Rule

RULES = import_rules()
EXAMPLES = [(rule, number, example) for rule in RULES for number, example in enumerate(rule.examples)]


@cache
def facts() -> list[Imported]:
    """The facts of all examples: one process, a fork for each load."""
    return import_facts([example.subject() for _, _, example in EXAMPLES])


@pytest.mark.parametrize("index", range(len(EXAMPLES)), ids=[
    f"{rule.id}-{'bad' if example.bad else 'good'}{number}" for rule, number, example in EXAMPLES])
def test_example(index: int) -> None:
    rule, _, example = EXAMPLES[index]
    judgement = judge_import(facts()[index], RULES)
    assert not judgement.crashed
    broken = {finding.rule: finding.evidence for finding in judgement.findings}
    assert set(broken) == ({rule.id} if example.bad else set()), broken
    assert rule.id in judgement.judged


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_not_known_is_not_reported_as_broken(rule: Rule) -> None:
    assert not isinstance(rule.check(Exchange(), Imported()), str)


def test_rules_that_need_a_trial_do_not_pass_without_one() -> None:
    judged = judge_import(Imported(attribute="application"), RULES).judged
    assert judged.isdisjoint({"second-load-is-harmless", "working-directory-is-not-relied-on",
                              "home-is-not-relied-on", "required-variables-are-few"})


def test_a_slow_import_is_a_finding() -> None:
    found = judge_import(Imported(attribute="application", seconds=45.0), RULES).findings
    assert [(finding.rule, finding.evidence) for finding in found] == [
        ("import-needs-no-network", "the import took 45 s; expected at most 10")]
