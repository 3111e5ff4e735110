"""The layer table of the package: imports go down only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import wsgicheck

ROOT = Path(wsgicheck.__file__).parent
LAYERS: dict[str, float] = {
    "syntax": 0, "show": 0, "errors": 0, "targets": 0.5, "spec": 0, "schema": 0,
    "model": 1, "config": 1.5,
    # The exemplary gateway and applications need the records, and nothing else.
    "reference": 1.5,
    "rules": 2, "plan": 2, "selection": 2,
    "spies": 3,
    "crowd": 3.25, "stage": 3.5, "sandwich": 3.5, "stories": 3.5,
    "validator": 4, "selftest": 4.5, "harness": 4, "strategies": 4, "reach": 4,
    "active": 5, "report": 5, "develop": 5, "wrap": 5,
    "cli": 6, "pytest_plugin": 6.5, "webtest": 6, "wsgi": 6, "paste": 6, "__main__": 6, "__init__": 6,
}
ONLY_IN = {
    "hypothesis": {"strategies", "active", "pytest_plugin"},
    "socket": {"harness", "reference"},
    "subprocess": {"harness"},
}
MODULES = sorted(ROOT.rglob("*.py"))


def unit(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[int, str]]:
    """Return (line, absolute module) of every import that can run, those for type checkers aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ["wsgicheck", *path.relative_to(ROOT).parts[:-1]]
    found = []
    skipped = {
        id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "wsgicheck":
                found += [(node.lineno, f"wsgicheck.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    own = unit(path)
    assert own in LAYERS, f"{own} has no layer"
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] == "wsgicheck" and len(parts) > 1 and parts[1] in LAYERS:
            other = parts[1]
            assert LAYERS[other] < LAYERS[own] or other == own or own in ("__init__", "__main__"), (
                f"line {line}: {own} (layer {LAYERS[own]}) imports {other} (layer {LAYERS[other]})")
        elif parts[0] in ONLY_IN:
            assert own in ONLY_IN[parts[0]], f"line {line}: {parts[0]} is imported in {own}"
        if LAYERS[own] < 1 and parts[0] != "wsgicheck":
            import sys

            assert parts[0] in sys.stdlib_module_names, f"line {line}: layer 0 is the standard library only"


def test_rules_and_plan_do_not_know_each_other() -> None:
    for path in MODULES:
        forbidden = {"rules": "plan", "plan": "rules"}.get(unit(path))
        if forbidden:
            for line, module in imports(path):
                assert not module.startswith(f"wsgicheck.{forbidden}"), f"{path.name}:{line}"
