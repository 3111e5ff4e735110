"""A program that makes one exchange and judges one rule in it, with the standard library alone.

The judgement is the card's own check, printed with everything it needs: its helpers, the patterns of the
grammar, the constants. Law: a check that needs what cannot be printed, or what the exchange of the program
does not know, gets no program ("").
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from ..model.exchange import Exchange
from ..model.finding import Finding
from ..model.request import Request
from ..model.rule import NOT_APPLICABLE, Card, Rule
from ..show import show
from . import standalone

__all__ = ["bytes_literal", "judged"]

_TYPING = frozenset({"Any", "Exchange", "Verdict", "Callable", "Iterable", "Iterator", "Mapping", "Sequence"})


class _Unprintable(Exception):
    """Something a check needs has no source."""


def bytes_literal(data: bytes) -> str:
    """Return a literal of `data`; one byte repeated is written as a product."""
    if len(data) > 64 and data == data[:1] * len(data):
        return f"{data[:1]!r} * {len(data)}"
    return repr(data)


class _Printer:
    """Collects the definitions that a function needs, each after those it needs itself."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.definitions: dict[str, str] = {}
        self._under_way: set[str] = set()

    def function(self, function: FunctionType) -> None:
        """Add `function` under its own name."""
        if function.__closure__:
            raise _Unprintable(function.__name__)
        self._define(function.__name__, _source(function), function.__globals__)

    def _define(self, name: str, source: str, scope: dict[str, Any]) -> None:
        if name in self.definitions or name in self._under_way:
            return
        self._under_way.add(name)
        for needed in _names(source):
            if needed in scope and needed not in _TYPING and needed != name:
                self.value(needed, scope[needed])
        self.definitions[name] = source

    def value(self, name: str, value: Any) -> None:
        """Add what the global `name` stands for."""
        if name in self.definitions or name in self._under_way:
            return
        if value is show:
            self.definitions[name] = f"{name} = repr\n"
        elif value is NOT_APPLICABLE:
            self.definitions[name] = f"{name} = object()\n"
        elif isinstance(value, ModuleType):
            if value.__name__.partition(".")[0] not in sys.stdlib_module_names:
                raise _Unprintable(name)
            self.imports.add(f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        elif isinstance(value, (FunctionType, type)):
            self._callable(name, value)
        else:
            self.definitions[name] = f"{name} = {self._literal(value)}\n"

    def _callable(self, name: str, value: Any) -> None:
        module = value.__module__.partition(".")[0]
        if value is Exchange:
            raise _Unprintable(name)
        if module == "wsgicheck":
            if value.__name__ != name:
                raise _Unprintable(name)
            if isinstance(value, FunctionType):
                self.function(value)
            else:
                self._define(name, _source(value), vars(sys.modules[value.__module__]))
        elif module in sys.stdlib_module_names and value.__qualname__.isidentifier():
            renamed = f" as {name}" if name != value.__name__ else ""
            self.imports.add(f"from {value.__module__} import {value.__name__}{renamed}")
        else:
            raise _Unprintable(name)

    def _literal(self, value: Any) -> str:
        """Return an expression for a constant."""
        if isinstance(value, re.Pattern):
            self.imports.add("import re")
            flags = value.flags & ~(re.UNICODE if isinstance(value.pattern, str) else 0)
            return f"re.compile({value.pattern!r}" + (f", {flags})" if flags else ")")
        if isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, re.Pattern):
            return f"{self._literal(value.__self__)}.{value.__name__}"
        if isinstance(value, Enum):
            self.value(type(value).__name__, type(value))
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, (frozenset, set)):
            inner = ", ".join(sorted(self._literal(item) for item in value))
            return f"{type(value).__name__}([{inner}])"
        if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
            inner = ", ".join(self._literal(item) for item in value)
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
        if type(value) is dict:
            return "{" + ", ".join(f"{self._literal(k)}: {self._literal(v)}" for k, v in value.items()) + "}"
        if value is None or type(value) in (str, bytes, int, bool, float):
            return ascii(value)
        if isinstance(value, type) and value.__module__ in ("builtins",):
            return value.__name__
        raise _Unprintable(repr(value))


@cache
def _source(thing: Any) -> str:
    """Return the source of a function or class, without its decorators."""
    try:
        source = textwrap.dedent(inspect.getsource(thing))
        node = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        raise _Unprintable(str(thing)) from None
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        raise _Unprintable(str(thing))
    if isinstance(thing, type) and node.decorator_list:
        raise _Unprintable(str(thing))
    lines = source.rstrip("\n").split("\n")
    # The title of a rule is enough here; what goes wrong in practice is told beside the program.
    first = node.body[0]
    if ast.get_docstring(node) is not None and first.end_lineno is not None and first.end_lineno > first.lineno:
        title = lines[first.lineno - 1].rstrip()
        lines[first.lineno - 1 : first.end_lineno] = [title + '"""']
    return "\n".join(lines[node.lineno - 1:]) + "\n"


@cache
def _names(source: str) -> tuple[str, ...]:
    """Return the names that `source` reads when it runs, annotations aside, in order of their text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    found = {node.id: None for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return tuple(name for name in found if not hasattr(builtins, name) or name in ("ascii", "repr"))


def _facts_asked(definitions: dict[str, str]) -> set[str]:
    """Return the facts of the exchange that the definitions read: by convention the exchange is called x."""
    return {node.attr for source in definitions.values() for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "x"}


@cache
def _facts_known() -> frozenset[str]:
    return frozenset(vars(standalone.Watch(lambda x, thing: None, "").x))


@cache
def _parts(card: Card) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the imports and the definitions of a card's check, None where it cannot stand alone."""
    if not isinstance(card, Rule) or card.at.value not in standalone.MOMENTS:
        return None
    printer = _Printer()
    try:
        if not isinstance(card.check, FunctionType):
            return None
        printer.function(card.check)
    except _Unprintable:
        return None
    if not _facts_asked(printer.definitions) <= _facts_known():
        return None
    for name in ("Start", "Ending"):
        printer.value(name, getattr(standalone, name))
    printer.definitions["Watch"] = _source(standalone.Watch)
    printer.imports |= {"import sys", "from collections.abc import Callable, Mapping",
                        "from enum import Enum", "from types import SimpleNamespace", "from typing import Any",
                        "from typing import NamedTuple"}
    return tuple(sorted(printer.imports)), tuple(printer.definitions.values())


def judged(finding: Finding, subject: Sequence[str], card: Card) -> str:
    """Return the program, "" where the rule cannot stand alone.

    `subject` are the lines that bind the application to `application`.
    """
    case = finding.case
    parts = _parts(card)
    if parts is None or case is None or case.request.reads or case.drive.calls != 1:
        return ""
    imports, definitions = parts
    drive = case.drive
    said = {"stop_after": drive.stop_after, "start_raises": drive.start_raises,
            "write_raises_after": drive.write_raises_after}
    options = "".join(f", {name}={value}" for name, value in said.items() if value not in (None, False))
    return "\n".join([
        f"# {card.name}: {card.title}",
        "from __future__ import annotations",
        *sorted({*imports, "import io"}, key=lambda line: (line.startswith("from"), line)),
        *subject,
        "",
        *("\n" + definition for definition in definitions),
        "",
        *_environ(case.request),
        f"watch = Watch({card.check.__name__}, {card.at.value!r})" if isinstance(card, Rule) else "",
        f"for evidence in watch.run(application, environ{options}):",
        f"    sys.exit(f\"{card.id} is broken: {{evidence}}\")",
        f"print({card.id + ' holds here'!r})",
    ]) + "\n"


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
