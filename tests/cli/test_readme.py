"""What the README claims of the command is what the command does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from project import Project

from wsgicheck.spec import statements

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_command_finds_what_the_readme_shows(project: Project) -> None:
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    (project.folder / "fixtures").symlink_to(ROOT / "fixtures")
    answer = project.run("--chdir", "fixtures/apps", "blog:application")
    assert answer.returncode == 1
    assert shown[1].strip() in answer.stdout


def test_the_counts_are_those_of_the_fixtures() -> None:
    assert f"the {len(statements())} statements" in README
    fixtures = ROOT / "fixtures"
    pairs = len(list((fixtures / "releases").glob("*.toml")))
    assert f"| {pairs} pairs |" in README
    sites = len(list((fixtures / "sites").glob("*.toml")))
    assert f"(`fixtures/sites`) | {sites} |" in README
    servers = len(list((fixtures / "servers").glob("*.toml")))
    faulty = "".join(path.read_text(encoding="utf-8") for path in (fixtures / "faulty_servers").glob("*.py"))
    assert f"| {len(re.findall('^@fault', faulty, re.MULTILINE))}, {servers} |" in README
    real = len(list((fixtures / "middleware" / "real").glob("*.toml")))
    small = (fixtures / "middleware" / "kills.tsv").read_text(encoding="utf-8").splitlines()[1:]
    legal = sum(line.split("\t")[1] == "none" for line in small)
    assert f"| {len(small) - legal}, {legal}, {real} |" in README
    kills = (fixtures / "kills.tsv").read_text(encoding="utf-8").splitlines()
    assert f"| {len(kills) - 1}, none of which" in README
    assert all(line.endswith("shy") for line in kills[1:])


def test_the_verbs_it_names_exist(project: Project) -> None:
    told = project.run("--help").stdout
    for verb in set(re.findall(r"`wsgicheck ([a-z]+)", README)) - {"explain"}:
        assert re.search(rf"^  {verb} ", told, re.MULTILINE), verb


def test_the_extras_it_names_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"'\.\[(\w+)\]'", README)) <= set(extras)
