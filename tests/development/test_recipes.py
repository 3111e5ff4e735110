"""The recipes of docs/development/recipes.md: parsed by what reads them, and their commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, blocks, environment, write

from wsgicheck.harness.launch import free_port

HERE = Path(sys.executable).parent
GOOD = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
"""


def recipe(caption: str) -> str:
    return next(text for _, found, text in blocks("recipes.md") if found == caption)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a good application."""
    write({"shop.py": GOOD, "wsgicheck.toml": "max-examples = 5\n"}, tmp_path)
    return tmp_path


def shell(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-e", "-c", command], cwd=folder, env=environment(HERE, variables),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)


def breaks(project: Path) -> None:
    (project / "shop.py").write_text(GOOD.replace('b"hello"', '"hello"'))


def yaml(text: str) -> Any:
    return pytest.importorskip("yaml").safe_load(text)


def test_the_steps_of_the_workflow(project: Path) -> None:
    steps = yaml(recipe(".github/workflows/wsgi.yml"))["jobs"]["wsgicheck"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[0] == "python -m pip install . wsgicheck"
    variables = {"GITHUB_STEP_SUMMARY": str(project / "summary.md")}
    for command in commands[1:]:
        done = shell(command, project, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "shop:application" in (project / "summary.md").read_text()
    uploaded = next(step["with"]["sarif_file"] for step in steps if "with" in step and "sarif_file" in step["with"])
    assert '"version": "2.1.0"' in (project / uploaded).read_text()
    breaks(project)
    done = shell(commands[1], project, **variables)
    assert done.returncode == 1
    assert re.search(r"^::error .*file=shop\.py,line=\d+", done.stdout, re.MULTILINE)


def test_the_local_hook_of_pre_commit(project: Path) -> None:
    (hook,) = yaml(recipe(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
    assert shell(hook["entry"], project).returncode == 0
    breaks(project)
    assert shell(hook["entry"], project).returncode == 1


def test_the_hosted_hook_of_pre_commit(project: Path) -> None:
    (hook,) = yaml((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert shell(hook["entry"], project).returncode == 0
    (project / "wsgicheck.toml").write_text("max-exampels = 5\n")
    done = shell(hook["entry"], project)
    assert done.returncode == 2
    assert "did you mean" in done.stderr
    assert re.match(hook["files"], "pyproject.toml")
    assert not re.match(hook["files"], "setup.cfg")


@pytest.mark.slow
def test_pre_commit_itself_runs_the_local_hook(project: Path) -> None:
    pytest.importorskip("pre_commit")
    (project / ".pre-commit-config.yaml").write_text(recipe(".pre-commit-config.yaml"))
    shell("git init -q . && git add .", project)
    command = "python -m pre_commit run --all-files"
    passed = shell(command, project, PRE_COMMIT_HOME=str(project / "home"))
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout
    breaks(project)
    failed = shell(command, project, PRE_COMMIT_HOME=str(project / "home"))
    assert failed.returncode == 1
    assert "chunks-are-bytes" in failed.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("file", "module", "command"), [
    ("tox.ini", "tox", "python -m tox -q"), ("noxfile.py", "nox", "python -m nox"),
], ids=["tox", "nox"])
def test_tox_and_nox(file: str, module: str, command: str, project: Path) -> None:
    pytest.importorskip(module)
    text = recipe(file)
    # The package of this checkout stands for the published one.
    local = text.replace("    wsgicheck\n", f"    {ROOT}\n").replace('install("wsgicheck")', f'install("{ROOT}")')
    assert local != text
    (project / file).write_text(local)
    done = shell(command, project)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    breaks(project)
    again = shell(f"{command} -R" if module == "nox" else command, project)
    assert again.returncode != 0
    assert "chunks-are-bytes" in again.stdout + again.stderr


TEST = """\
import os
import wsgicheck


@wsgicheck.given_environ()
def test_it(environ):
    with open("drawn.txt", "a") as file:
        file.write(environ["REQUEST_METHOD"] + "\\n")
    assert environ["REQUEST_METHOD"] != "DELETE"
"""


def first_drawn(machine: Path, **variables: str) -> str:
    """Run the test on a machine that has drawn nothing yet; return the first method that it drew."""
    done = shell("python -m pytest -q -p no:cacheprovider", machine, **variables)
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    drawn = (machine / "drawn.txt").read_text().split()
    (machine / "drawn.txt").unlink()
    return drawn[0]


def machines(folder: Path, caption: str) -> tuple[Path, Path]:
    both = folder / "one", folder / "two"
    for machine in both:
        write({"conftest.py": recipe(caption), "test_shop.py": TEST, "pytest.ini": "[pytest]\n"}, machine)
    return both


def test_two_machines_share_a_folder_of_examples(tmp_path: Path) -> None:
    one, two = machines(tmp_path, "conftest.py")
    shared = {"HYPOTHESIS_EXAMPLES": str(tmp_path / "shared")}
    assert first_drawn(one, **shared) == "GET"
    assert first_drawn(two, **shared) == "DELETE"


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis server of its own."""
    pytest.importorskip("redis")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    import redis

    port = free_port()
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        client = redis.Redis(host="127.0.0.1", port=port)
        until = time.monotonic() + 20
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.05)
        client.close()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.slow
def test_what_ci_found_is_tried_first_elsewhere_through_redis(tmp_path: Path, redis_url: str) -> None:
    one, two = machines(tmp_path, "conftest.py with Redis")
    shared: Mapping[str, str] = {"EXAMPLES_REDIS_URL": redis_url}
    assert first_drawn(one, CI="true", **shared) == "GET"
    developer = f"env -u CI EXAMPLES_REDIS_URL={shlex.quote(redis_url)} python -m pytest -q -p no:cacheprovider"
    assert "1 failed" in shell(developer, two).stdout
    assert (two / "drawn.txt").read_text().split()[0] == "DELETE"
