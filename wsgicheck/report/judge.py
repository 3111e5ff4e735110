"""A program that makes one exchange and judges one rule in it, with the standard library alone.

The judgement is the card's own check, printed with everything it names: helpers, patterns of the grammar,
constants. Law: a check that names what cannot be printed, or needs what the exchange of the program does not
know, gets no program ("").
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from functools import cache

from ..model.finding import Finding
from ..model.request import Drive, Request
from ..model.rule import Card, Rule
from . import standalone

__all__ = ["bytes_literal", "judged"]

_OWN = __name__.partition(".")[0]
# Printed in short: what they are matters to no verdict.
_SHORT = {
    (f"{_OWN}.show", "show"): "def show(value, limit=160):\n    return repr(value)[:limit]",
    (f"{_OWN}.model.rule", "HOLDS"): "HOLDS = None",
    (f"{_OWN}.model.rule", "NOT_APPLICABLE"): "NOT_APPLICABLE = object()",
}
_LONGEST = 40_000


class _Unprintable(Exception):
    """Something a check needs has no source, or another meaning in another module."""


def bytes_literal(data: bytes) -> str:
    """Return a literal of `data`; one byte repeated is written as a product."""
    if len(data) > 64 and data == data[:1] * len(data):
        return f"{data[:1]!r} * {len(data)}"
    return repr(data)


@cache
def _bindings(module: str) -> tuple[str, dict[str, ast.stmt]]:
    """Return the source of a module and what each name stands for at its top level."""
    try:
        source = inspect.getsource(sys.modules[module])
        tree = ast.parse(source)
    except (OSError, TypeError, KeyError, SyntaxError):
        raise _Unprintable(module) from None
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update({name.id: node for target in node.targets for name in ast.walk(target)
                          if isinstance(name, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update({alias.asname or alias.name.partition(".")[0]: node for alias in node.names})
    return source, found


class _Printer:
    """Collects the definitions that a name needs, each after those it needs itself."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.definitions: dict[str, str] = {}
        self._owners: dict[str, str] = {}

    def need(self, module: str, name: str) -> None:
        """Add the definition that `name` has in `module`, and all it rests on."""
        source, bindings = _bindings(module)
        node = bindings.get(name)
        if node is None:
            raise _Unprintable(f"{module}.{name}")
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._imported(module, name, node)
            return
        if self._owners.setdefault(name, module) != module:
            raise _Unprintable(f"two meanings of {name}")
        if name in self.definitions:
            return
        if (module, name) in _SHORT:
            self.definitions[name] = _SHORT[module, name] + "\n"
            return
        self.definitions[name] = ""
        for other in _names(node):
            if other in bindings and other != name:
                self.need(module, other)
        # Again, so that it stands after what it needs.
        del self.definitions[name]
        self.definitions[name] = _text(source, node)

    def _imported(self, module: str, name: str, node: ast.Import | ast.ImportFrom) -> None:
        alias = next(a for a in node.names if (a.asname or a.name.partition(".")[0]) == name)
        if isinstance(node, ast.Import):
            origin = alias.name
            line = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        else:
            package = module if hasattr(sys.modules[module], "__path__") else module.rpartition(".")[0]
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level \
                else node.module or ""
            line = f"from {origin} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        if origin.partition(".")[0] in sys.stdlib_module_names:
            self.imports.add(line)
        elif origin.partition(".")[0] == _OWN and isinstance(node, ast.ImportFrom) and not alias.asname:
            self.need(origin, alias.name)
        else:
            raise _Unprintable(f"{module}.{name}")


def _decorators(node: ast.stmt) -> list[ast.expr]:
    """Return the decorators that make a definition what it is, those that make it a card aside."""
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return []
    return [d for d in node.decorator_list
            if not (isinstance(d, ast.Call) and isinstance(d.func, ast.Name) and d.func.id in ("rule", "relation"))]


def _text(source: str, node: ast.stmt) -> str:
    """Return the source of a statement, without a card's decorator and the long part of a docstring."""
    first_line = min([node.lineno, *(d.lineno for d in _decorators(node))])
    lines = source.split("\n")[first_line - 1 : node.end_lineno]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
        first = node.body[0]
        if first.end_lineno is not None and first.end_lineno > first.lineno:
            # What goes wrong in practice is told beside the program.
            lines[first.lineno - first_line : first.end_lineno - first_line + 1] = [
                lines[first.lineno - first_line].rstrip() + '"""']
    return "\n".join(lines) + "\n"


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a statement reads when it runs, annotations aside."""
    tree = ast.parse(ast.unparse(node)).body[0]
    if isinstance(tree, (ast.FunctionDef, ast.ClassDef)):
        tree.decorator_list = _decorators(tree)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.arg):
            inner.annotation = None
        elif isinstance(inner, ast.FunctionDef):
            inner.returns = None
        elif isinstance(inner, ast.AnnAssign):
            inner.annotation = ast.Constant(None)
    names = [inner for inner in ast.walk(tree) if isinstance(inner, ast.Name)]
    own = {inner.id for inner in names if isinstance(inner.ctx, ast.Store)}
    found = dict.fromkeys(inner.id for inner in names if inner.id not in own)
    return [name for name in found if not hasattr(builtins, name)]


def _facts_asked(definitions: dict[str, str]) -> set[str]:
    """Return the facts of the exchange that the definitions read: by convention the exchange is called x."""
    return {node.attr for source in definitions.values() for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "x"}


@cache
def _facts_known() -> frozenset[str]:
    facts = standalone.Facts({})
    return frozenset({*vars(facts), *(name for name in vars(standalone.Facts) if not name.startswith("_"))})


@cache
def _parts(card: Card) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the imports and the definitions of a card's check, None where it cannot stand alone."""
    if not isinstance(card, Rule) or card.at.value not in standalone.MOMENTS:
        return None
    printer = _Printer()
    try:
        printer.need(card.check.__module__, card.check.__name__)
        if not _facts_asked(printer.definitions) <= _facts_known():
            return None
        printer.need(standalone.__name__, "Watch")
    except _Unprintable:
        return None
    return tuple(printer.imports), tuple(printer.definitions.values())


def judged(finding: Finding, subject: Sequence[str], card: Card) -> str:
    """Return the program, "" where the rule cannot stand alone.

    `subject` are the lines that bind the application to `application`.
    """
    case = finding.case
    if case is None or case.request.reads or not isinstance(card, Rule) or case.drive != Drive(
            case.drive.stop_after, case.drive.start_raises, case.drive.write_raises_after):
        return ""
    parts = _parts(card)
    if parts is None:
        return ""
    imports, definitions = parts
    said = {"stop_after": case.drive.stop_after, "start_raises": case.drive.start_raises,
            "write_raises_after": case.drive.write_raises_after}
    options = "".join(f", {name}={value}" for name, value in said.items() if value is not None and value is not False)
    program = "\n".join([
        f"# {card.name}: {card.title}",
        "from __future__ import annotations",
        *sorted({*imports, "import io", "import sys"}, key=lambda line: (line.startswith("from"), line)),
        *subject,
        "",
        *("\n" + definition for definition in definitions),
        "",
        *_environ(case.request),
        f"watch = Watch({card.check.__name__}, {card.at.value!r}, environ)",
        f"for evidence in watch.run(application{options}):",
        f"    sys.exit(f\"{card.id} is broken: {{evidence}}\")",
        f"print({card.id + ' holds here'!r})",
    ]) + "\n"
    return program if len(program) <= _LONGEST else ""


def _environ(request: Request) -> Iterator[str]:
    """Yield the lines that make the environ."""
    yield "environ = {"
    for key, value in request.variables:
        yield f"    {key!a}: {value!a},"
    yield f"    'wsgi.version': (1, 0), 'wsgi.url_scheme': {request.url_scheme!a},"
    yield f"    'wsgi.input': io.BytesIO({bytes_literal(request.body)}), 'wsgi.errors': sys.stderr,"
    yield (f"    'wsgi.multithread': {request.multithread}, 'wsgi.multiprocess': {request.multiprocess}, "
           f"'wsgi.run_once': {request.run_once},")
    if request.input_terminated:
        yield "    'wsgi.input_terminated': True,"
    yield "}"
