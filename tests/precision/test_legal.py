"""What is legal, however odd, breaks no rule at MUST; what frameworks themselves break is written down with why."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from typing import Any

import pytest

from fixtures.precision import HERE, TABLE, Lawful, check, frameworks, plain
from wsgicheck.model.rule import Level

KNOWN: list[dict[str, Any]] = tomllib.loads(
    (HERE / "legal" / "frameworks" / "known.toml").read_text(encoding="utf-8"))["known"]
EXAMPLES = int(os.environ.get("WSGICHECK_PRECISION_EXAMPLES", "100"))


def _id(lawful: Lawful) -> str:
    return lawful.name.removeprefix("legal/")


def test_there_are_at_least_eighty_and_each_has_a_row() -> None:
    assert len(plain()) >= 80
    lines = TABLE.read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == [lawful.name for lawful in (*plain(), *frameworks())]
    told = {(f"legal/frameworks/{entry['application']}:application", entry["rule"]) for entry in KNOWN}
    for line in lines:
        name, examples, _, must, _ = line.split("\t")
        assert int(examples) >= 1000
        assert {(name, rule) for rule in must.split(",") if rule != "-"} <= told


@pytest.mark.parametrize("lawful", plain()[::12], ids=_id)
def test_a_sample_of_them_has_no_finding_at_must(lawful: Lawful) -> None:
    assert check(lawful, 20).failing(Level.MUST) == []


@pytest.mark.slow
@pytest.mark.parametrize("lawful", plain(), ids=_id)
def test_what_is_legal_has_no_finding_at_must(lawful: Lawful) -> None:
    run = check(lawful, EXAMPLES)
    assert [(finding.rule, finding.evidence) for finding in run.failing(Level.MUST)] == []
    assert run.exchanges >= EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("lawful", frameworks(), ids=_id)
def test_frameworks_break_only_what_is_known_of_them(lawful: Lawful) -> None:
    if not lawful.installed and not os.environ.get("CI"):
        pytest.skip(f"{lawful.needs} is not installed: pip install 'wsgicheck[frameworks]'")
    assert importlib.util.find_spec(lawful.needs) is not None
    known = {entry["rule"] for entry in KNOWN if lawful.name == f"legal/frameworks/{entry['application']}:application"}
    run = check(lawful, EXAMPLES)
    assert [(finding.rule, finding.evidence) for finding in run.failing(Level.MUST) if finding.rule not in known] == []
    assert any(200 <= code < 300 for code in run.statuses)
