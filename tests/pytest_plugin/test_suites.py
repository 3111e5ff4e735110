"""Real suites of real frameworks, with and without the watch: the same counts, and the findings on record."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from suite_in_folder import CLEAN

ROOT = Path(__file__).parent.parent.parent
RECORDS = {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
           for path in sorted((ROOT / "fixtures" / "suites").glob("*.toml"))}
CHOSEN = [name for name, record in RECORDS.items() if record["in-ci"] or os.environ.get("WSGICHECK_SUITES") == "all"]


def run(*command: str, cwd: Path, seconds: float = 600) -> str:
    done = subprocess.run(command, cwd=cwd, env=CLEAN, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", timeout=seconds)
    return done.stdout


def counts(text: str) -> dict[str, int]:
    last = [line for line in text.splitlines() if re.search(r"\b\d+ passed.* in [\d.]+s", line)]
    assert last, text[-3000:]
    found = re.findall(r"(\d+) (passed|failed|skipped|xfailed|xpassed|errors?)\b", last[-1])
    return {word: int(number) for number, word in found}


def broken(text: str) -> set[str]:
    """Return the rules that the sum names."""
    return set(re.findall(r"^([a-z-]+/[a-z0-9-]+) · (?:MUST|SHOULD|ADVICE)", text, re.MULTILINE))


def test_records_are_of_at_least_five_frameworks_and_say_why() -> None:
    from wsgicheck.rules import catalogue

    known = {card.name for card in catalogue()}
    assert len(RECORDS) >= 5
    assert len([name for name in RECORDS if RECORDS[name]["in-ci"]]) >= 2
    for name, record in RECORDS.items():
        assert record["outcome"]["passed"] > 0, name
        assert record["exchanges"] > 0, name
        for finding in record["finding"]:
            assert finding["rule"] in known, (name, finding["rule"])
            assert finding["kind"] in ("on purpose", "defect"), name
            assert len(finding["why"]) > 8, name


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_the_suite_counts_the_same_with_and_without_us(name: str, tmp_path: Path) -> None:
    record: dict[str, Any] = RECORDS[name]
    wanted = f"{record['distribution']}=={record['version']}"
    run(sys.executable, "-m", "venv", str(tmp_path / "env"), cwd=tmp_path)
    python = str(tmp_path / "env" / "bin" / "python")
    installed = run(python, "-m", "pip", "install", "-q", wanted, *record["requires"], "-e", str(ROOT), cwd=tmp_path)
    assert "ERROR" not in installed, installed
    fetched = run(python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", record["distribution"], wanted,
                  cwd=tmp_path)
    archives = list(tmp_path.glob("*.tar.gz"))
    assert archives, fetched
    with tarfile.open(archives[0]) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    source = next((tmp_path / "source").iterdir())
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", *record["arguments"]]
    without = run(*command, cwd=source)
    watched = run(*command, "--wsgicheck-wrap=report", cwd=source)
    assert counts(without) == record["outcome"]
    assert counts(watched) == record["outcome"]
    assert f"{record['exchanges']:,} exchanges watched" in watched
    assert broken(watched) == {finding["rule"] for finding in record["finding"]}
    assert "a bug of wsgicheck" not in watched
