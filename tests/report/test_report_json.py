"""The JSON: its schema, and that a request in it is the request that was made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from report_nasty import cases, runs
from report_samples import CARDS, cards_of, finding_of, run_of, sample

from wsgicheck.errors import ConfigError
from wsgicheck.model.request import Case, Request
from wsgicheck.model.rule import MUST
from wsgicheck.model.run import Run
from wsgicheck.report import render
from wsgicheck.report.json import case_from, case_record, finding_from, read
from wsgicheck.report.view import finding_id
from wsgicheck.schema import report_schema

SCHEMA = Draft202012Validator(report_schema())


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for key, item in value.items() for s in (key, *strings(item))]
    return [s for item in value for s in strings(item)] if isinstance(value, list) else []


def test_the_schema_is_one_and_refuses_what_is_no_report() -> None:
    Draft202012Validator.check_schema(report_schema())
    assert not SCHEMA.is_valid({})
    assert not SCHEMA.is_valid({"schema": "wsgicheck-report/1"})


def test_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sample(Path())
    report = json.loads(render(run, "json"))
    SCHEMA.validate(report)
    assert report["schema"] == "wsgicheck-report/1"
    assert report["outcome"] == "fail"
    assert report["subject"] == {"kind": "application", "target": "shop.wsgi:application",
                                 "details": ["Flask 3.1.3", "Python 3.11.7"]}
    assert report["stats"]["seed"] == 5325201
    assert report["reach"] == {"routes": 23, "entered": 22, "succeeded": 20, "unreached": ["/admin/<int:id>"]}
    assert [r["id"] for r in report["rules"]] == [c.id for c in sorted(CARDS.values(), key=lambda c: (c.family, c.id))]
    assert {r["verdict"] for r in report["rules"]} == {"holds", "broken", "unexercised"}
    found = next(f for f in report["findings"] if f["rule"] == "chunks-are-bytes")
    assert found["evidence"] == "chunk 1 is 'world'; expected bytes"
    assert found["site"] == {"file": "shop.py", "line": 10, "function": "application"}
    assert found["count"] == 418
    assert found["reproduce"]["replay"] == f"wsgicheck replay {found['id']}"
    assert "chunks-are-bytes is broken" in found["reproduce"]["python"]
    ranks = [{"must": 0, "should": 1, "advice": 2}[f["level"]] for f in report["findings"]]
    assert ranks == sorted(ranks)
    for finding in run.findings:
        written = next(f for f in report["findings"] if f["rule"] == finding.rule)
        if finding.case is None:
            assert written["request"] is None
        else:
            assert case_from(written["request"]) == finding.case


def test_every_outcome_and_verdict_keeps_the_schema() -> None:
    one, two, three = cards_of(MUST)[:3]
    for run, outcome in ((run_of(), "pass"), (run_of(finding_of(one)), "fail"),
                         (run_of(finding_of(one), known=(one.id,)), "pass"), (run_of(crashed=(two.id,)), "error"),
                         (run_of(nothing_checked="it never became ready"), "error"),
                         (run_of(finding_of(one), unexercised=(three.id,), kind="server"), "fail"),
                         (replace(run_of(), reach={}, statuses={}), "pass")):
        report = json.loads(render(run, "json"))
        SCHEMA.validate(report)
        assert report["outcome"] == outcome


@settings(max_examples=50, deadline=None)
@given(runs())
def test_hostile_runs_are_plain_json(run: Run) -> None:
    text = render(run, "json")
    assert text.isascii()
    report = json.loads(text)
    SCHEMA.validate(report)
    for string in strings(report):
        string.encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(cases)
def test_a_request_reads_back_as_itself(case: Case) -> None:
    assert case_from(json.loads(json.dumps(case_record(case)))) == case


@pytest.mark.parametrize("change", [
    {"complete": False}, {"variables": 7}, {"variables": [[1, 2]]}, {"body": "%%%"}, {"drive": None}, {"reads": ["x"]},
    {"variables": [["A", {"escaped": "\\N"}]]}, {"drive": {"stop_after": "x", "start_raises": False,
                                                           "write_raises_after": None, "calls": 1}},
])
def test_a_file_that_was_tampered_with_is_one_clear_line(change: dict[str, Any]) -> None:
    record = case_record(Case(Request.make())) | change
    with pytest.raises(ConfigError) as caught:
        case_from(record)
    assert "\n" not in str(caught.value)


def test_a_finding_reads_back_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sample(Path())
    report = read(render(run, "json"))
    for finding in run.findings:
        assert finding_from(report, finding_id(finding).lower()) == finding
    for case in (None, Case(Request.make())):
        told = finding_of(cards_of()[0], case=case, program="import socket\nprint('again')\n")
        report = read(render(run_of(told, kind="server"), "json"))
        assert finding_from(report, finding_id(told, "shop.wsgi:application")) == told


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "wsgicheck-report/2"}', "[" * 100_000,
                                  '{"schema": "wsgicheck-report/1"}',
                                  '{"schema": "wsgicheck-report/1", "findings": 1}'])
def test_what_is_no_report_is_one_clear_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("record", [{}, {"id": "AAAAAA"}, 7, {"id": "AAAAAA", "site": 7}])
def test_a_broken_finding_is_one_clear_line(record: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        finding_from({"findings": [record], "subject": {}}, "AAAAAA")
    assert "\n" not in str(caught.value)


def test_a_request_too_large_to_write_says_so() -> None:
    record = case_record(Case(Request.make("POST", body=b"ab" * 1_000_000)))
    assert record["complete"] is False
    assert record["body_length"] == 2_000_000
    assert len(json.dumps(record)) < 3_000_000
