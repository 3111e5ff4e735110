"""The source of a card's examples and scenes, as a reader would write it.

Law: what is shown is the source of the very function that the self-test puts on stage, annotations and
decorators aside.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from ..model.rule import Example
from ..model.scene import Abort, Await, Go, HalfClose, Pause, Receive, Scene, Script, Send
from .safe import line as safe

__all__ = ["example_source", "function_source", "script_of", "script_words"]

_NAMES = {"app": "application", "environ": "change", "server": "server"}


def example_source(example: Example) -> str:
    """Return the source of an example, under a name that says what it is; "" where Python no longer has it."""
    if example.kind == "import":
        return str(example.subject()).strip("\n") + "\n"  # what is imported is the text itself
    return function_source(example.subject, _NAMES.get(example.kind, "example"))


def function_source(function: Callable[..., Any], name: str) -> str:
    """Return the source of `function` as a reader would write it: dedented, without decorator and annotations,
    after the constants it uses; called `name` where it has no name of its own."""
    # An instance is shown by its class.
    shown = function if inspect.isroutine(function) or isinstance(function, type) else type(function)
    try:
        source = textwrap.dedent(inspect.getsource(shown))
        node = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return ""
    lines = source.rstrip("\n").split("\n")
    if not isinstance(node, ast.FunctionDef):
        return "\n".join(lines[node.lineno - 1:]) + "\n"
    # Comments before the first statement belong to it.
    start = node.body[0].lineno - 1
    while start > node.lineno and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    body = lines[start:]
    name = name if node.name == "_" else node.name
    head = f"def {name}({_parameters(node.args)}):"
    return "\n".join([*_constants(function, node), head, *body]) + "\n"


def _parameters(arguments: ast.arguments) -> str:
    bare = ast.parse(f"def f({ast.unparse(arguments)}): pass").body[0]
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(bare.args) if isinstance(bare, ast.FunctionDef) else ""


def _constants(function: Callable[..., Any], node: ast.AST) -> list[str]:
    """Return the assignments of the plain constants of its module that an example reads."""
    code = getattr(function, "__code__", None)
    closed = dict(zip(code.co_freevars, function.__closure__ or (), strict=True)) if code is not None else {}
    scope = getattr(function, "__globals__", {}) | {name: cell.cell_contents for name, cell in closed.items()}
    names = dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)
                          and (n.id.isupper() or n.id in closed))
    lines = [f"{name} = {scope[name]!r}" for name in names if name in scope and _is_plain(scope[name])]
    return [*lines, "", ""] if lines else []


def _is_plain(value: object) -> bool:
    """Tell whether `value` is a short constant that Python writes as it is read."""
    text = repr(value)
    try:
        return len(text) < 200 and bool(ast.literal_eval(text) == value)
    except (ValueError, SyntaxError):
        return False


# -- scenes ----------------------------------------------------------------------------------------------


def script_of(card: Scene) -> Script:
    """Return what the client does in a scene; of a scene that draws, the first of its fixed members."""
    if not card.draws:
        return card.steps()
    return card.steps(card.examples_drawn[0]) if card.examples_drawn else ()


def script_words(script: Script) -> Iterator[str]:
    """Yield the steps of a client in words, a line each."""
    many = len({step.on for step in script if isinstance(step, (Send, Receive, Pause, HalfClose, Abort))}) > 1
    for step in script:
        on = f" on connection {step.on}" if many and not isinstance(step, (Await, Go)) else ""
        if isinstance(step, Send):
            yield from (f"send {safe(repr(part), 300)}{on}" for part in step.data.splitlines(keepends=True)[:40])
        elif isinstance(step, Receive):
            until = "the response" if step.until is None else safe(repr(step.until), 200)
            yield f"receive{on} until {until} has come"
        elif isinstance(step, Await):
            yield f"wait until the application has told {safe(step.event, 100)!r}"
        elif isinstance(step, Go):
            yield f"let the application go on ({safe(step.signal, 100)})"
        elif isinstance(step, Pause):
            yield f"wait {step.seconds:g} s{on}"
        elif isinstance(step, HalfClose):
            yield f"close the writing side{on}"
        else:
            yield f"break the connection off{on}"
