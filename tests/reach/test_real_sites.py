"""Published packages that people run are entered and judged as their recipes say (slow: an environment for each)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITES = ROOT / "fixtures" / "sites"
RECIPES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(SITES.glob("*.toml"))}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.get("ci")])
def test_a_site_is_as_its_recipe_says(name: str) -> None:
    done = subprocess.run([sys.executable, str(SITES), name], cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_enough_of_them_and_each_proof_says_something() -> None:
    assert len(RECIPES) >= 8
    assert sum(bool(recipe.get("ci")) for recipe in RECIPES.values()) >= 3
    for name, recipe in RECIPES.items():
        assert (SITES / "records" / f"{name}.json").is_file()
        for proof in (*recipe.get("findings", {}).values(), *recipe.get("false_alarms", {}).values()):
            assert proof.endswith(".")
