"""What shows in the text of the code alone, and would take a rare accident to show in an exchange."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...model.exchange import Exchange
from ...model.imported import Imported, Placed
from ...model.rule import HOLDS, SHOULD, Verdict, pep
from .common import hygiene, site_in, trees

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_KEPT = frozenset({"KeyboardInterrupt", "SystemExit", "MemoryError", "GeneratorExit"})


def _functions(tree: ast.Module) -> Iterator[_Function]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _is_application(function: _Function) -> bool:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return "start_response" in names and any(name.startswith("environ") for name in names)


def _reads(function: ast.expr) -> bool:
    """Tell whether the expression is a call-me-again that reads: lambda: f.read(n), or partial(f.read, n)."""
    if isinstance(function, ast.Lambda):
        call = function.body
        return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "read"
    return (isinstance(function, ast.Call) and bool(function.args) and isinstance(function.args[0], ast.Attribute)
            and function.args[0].attr == "read" and getattr(function.func, "attr", getattr(function.func, "id", ""))
            == "partial")


@hygiene(level=SHOULD, covers=("FW-019",), cites=pep(
    "optional-platform-specific-file-handling", "return iter(lambda: filelike.read(block_size), '')"))
def iteration_ends_at_empty_bytes(x: Exchange, imported: Imported) -> Verdict:
    """The loop that sends a file without wsgi.file_wrapper ends at b"" and not at "".

    PEP 3333's own sample was written for Python 2: iter(lambda: filelike.read(block_size), '') compares bytes
    with a str, which are never equal, so after its end the file is read for ever and the client gets an
    endless body of nothing. Write b"", or use wsgiref.util.FileWrapper.
    """
    for source, tree in trees(imported):
        for function in _functions(tree):
            if not _is_application(function) and "wsgi.file_wrapper" not in _strings(function):
                continue
            for node in ast.walk(function):
                if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "iter"
                        and len(node.args) == 2 and _reads(node.args[0]) and isinstance(node.args[1], ast.Constant)
                        and node.args[1].value == ""):
                    return Placed('iter(…, "") never ends where read() gives bytes; expected iter(…, b"")',
                                  site_in(source, node))
    return HOLDS


def _strings(function: _Function) -> set[str]:
    return {node.value for node in ast.walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@iteration_ends_at_empty_bytes.bad_import
def _() -> str:
    return '''
import io

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    filelike = io.BytesIO(b"welcome")
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](filelike, 8192)
    return iter(lambda: filelike.read(8192), "")
'''


@iteration_ends_at_empty_bytes.good_import
def _() -> str:
    return '''
import io

def words(path):
    with open(path, encoding="utf-8") as text:
        return "".join(iter(lambda: text.read(100), ""))

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    filelike = io.BytesIO(b"welcome")
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](filelike, 8192)
    return iter(lambda: filelike.read(8192), b"")
'''


def _names(handler: ast.ExceptHandler) -> set[str]:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
    return {getattr(kind, "attr", getattr(kind, "id", "")) for kind in kinds}


def _answers(handler: ast.ExceptHandler) -> bool:
    """Tell whether the handler begins an error response and does not raise again."""
    calls = raises = False
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise):
            raises = True
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "start_response":
            calls = True
    return calls and not raises


@hygiene(level=SHOULD, covers=("EX-014",), cites=pep(
    "error-handling", "should trap runtime issues like MemoryError, KeyboardInterrupt"))
def last_handlers_let_interrupts_through(x: Exchange, imported: Imported) -> Verdict:
    """A handler that makes an error page of everything lets KeyboardInterrupt, SystemExit and MemoryError through.

    A bare `except:` turns the server's own request to stop into a 500 and goes on: Ctrl-C and the end of a
    worker do nothing, and a process without memory limps along. Catch Exception, or name those first:
    except (KeyboardInterrupt, SystemExit, MemoryError): raise.
    """
    for source, tree in trees(imported):
        for node in ast.walk(tree):
            if not isinstance(node, (ast.Try, ast.TryStar)):
                continue
            before: set[str] = set()
            for handler in node.handlers:
                everything = handler.type is None or "BaseException" in _names(handler)
                if everything and _answers(handler) and not before & _KEPT:
                    caught = "except:" if handler.type is None else "except BaseException:"
                    return Placed(f"{caught} makes an error page of KeyboardInterrupt, SystemExit and MemoryError too; "
                                  "expected `except Exception:`, or a handler before it that raises them again",
                                  site_in(source, handler))
                before |= _names(handler)
    return HOLDS


@last_handlers_let_interrupts_through.bad_import
def _() -> str:
    return '''
import sys

def application(environ, start_response):
    try:
        status = "200 Froody"
        start_response(status, [("Content-Type", "text/plain")])
        return [b"normal body goes here"]
    except:
        status = "500 Oops"
        start_response(status, [("Content-Type", "text/plain")], sys.exc_info())
        return [b"error body goes here"]
'''


@last_handlers_let_interrupts_through.good_import
def _() -> str:
    return '''
import sys

def application(environ, start_response):
    try:
        start_response("200 Froody", [("Content-Type", "text/plain")])
        return [b"normal body goes here"]
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except:
        start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"error body goes here"]
'''
