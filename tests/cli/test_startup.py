"""What the command imports before it needs it: next to nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

REPORT = """
import json, sys
sys.argv = ["wsgicheck", *{args!r}]
before = set(sys.modules)
from wsgicheck.cli import main
code = main()
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""
HEAVY = {"hypothesis", "rich", "webtest", "webob", "jsonschema", "pytest", "multiprocessing", "asyncio"}


def imported(project: Any, *args: str) -> tuple[int, set[str]]:
    answer = project.python("-c", REPORT.format(args=args))
    code, modules = json.loads(answer.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("args", [["--version"], ["--help"]], ids=" ".join)
def test_the_front_page_needs_click_alone(project: Any, args: list[str]) -> None:
    code, modules = imported(project, *args)
    assert code == 0
    ours = {name for name in modules if name.partition(".")[0] == "wsgicheck"}
    assert ours == {"wsgicheck", "wsgicheck.cli", "wsgicheck.cli.exits", "wsgicheck.errors", "wsgicheck.show"}
    assert not {name.partition(".")[0] for name in modules} & HEAVY
    assert not {"importlib.metadata", "tomllib", "http", "email", "logging"} & modules


@pytest.mark.parametrize("args", [["app", "--help"], ["config"], ["rules"], ["explain", "chunks-are-bytes"]],
                         ids=" ".join)
def test_no_other_verb_imports_what_it_does_not_use(project: Any, args: list[str]) -> None:
    code, modules = imported(project, *args)
    assert code == 0
    heads = {name.partition(".")[0] for name in modules}
    assert not heads & (HEAVY - {"asyncio"})
    assert "wsgicheck.active" not in modules
    assert ("wsgicheck.rules" in modules) == (args[0] in ("rules", "explain"))


def test_the_version_is_the_package_s(project: Any) -> None:
    from wsgicheck import __version__

    answer = project.run("--version")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"wsgicheck {__version__}\n", "")
