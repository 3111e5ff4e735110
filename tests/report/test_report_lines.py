"""JSON lines: each valid under the schema, whatever a subject says; the same as the report where they tell the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from report_nasty import nasty, runs
from report_samples import CARDS, sample

from wsgicheck.model.run import Run
from wsgicheck.report import lines, render
from wsgicheck.schema import events_schema

SCHEMA = Draft202012Validator(events_schema())


def events(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream, each of which keeps the schema."""
    assert text.isascii()
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    for event in found:
        SCHEMA.validate(event)
    return found


def test_the_schema_is_one_and_refuses_what_is_no_event() -> None:
    Draft202012Validator.check_schema(events_schema())
    whole = {"event": "broken", "rule": "chunks-are-bytes", "family": "body", "level": "must", "evidence": "x"}
    assert SCHEMA.is_valid(whole)
    for broken in ({}, {"event": "other"}, {"event": "finding"}, {"event": "end"}, whole | {"level": "loud"},
                   {name: value for name, value in whole.items() if name != "evidence"}):
        assert not SCHEMA.is_valid(broken), broken


def test_a_stream_says_what_the_report_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sample(Path())
    report = json.loads(render(run, "json"))
    found = events(render(run, "json-lines"))
    assert found[0] == {"event": "start", "schema": "wsgicheck-events/1", "version": "0.1.0",
                        "subject": {"kind": "application", "target": "shop.wsgi:application"}}

    def told(name: str) -> list[dict[str, Any]]:
        return [{key: value for key, value in event.items() if key != "event"}
                for event in found if event["event"] == name]

    assert told("rule") == report["rules"]
    assert told("finding") == report["findings"]
    assert [note["text"] for note in told("note")] == report["notes"]
    (end,) = told("end")
    assert found[-1]["event"] == "end"
    assert end == {key: report[key] for key in ("outcome", "subject", "stats", "reach", "nothing_checked")}


@settings(max_examples=40, deadline=None)
@given(runs())
def test_hostile_runs_are_lines_of_ours(run: Run) -> None:
    events(render(run, "json-lines"))


@settings(max_examples=60, deadline=None)
@given(nasty, nasty, nasty)
def test_what_comes_as_a_run_goes_on_is_harmless(one: str, two: str, three: str) -> None:
    card = CARDS["chunks-are-bytes"]
    text = (lines.started("server", one) + lines.progress(3, 1, None, two) + lines.progress(4, 1, -0.2)
            + lines.broken(card.id, three, card) + lines.broken(one, two) + lines.stopped(three))
    assert [event["event"] for event in events(text)] == [
        "start", "progress", "progress", "broken", "broken", "stopped"]
