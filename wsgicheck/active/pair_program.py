"""A pair of request and application as a Python program that shows, on its own, what the middleware does with it.

Laws: the program needs Python and the middleware and nothing of ours; what it prints, line by line, is the tape
of the finding; a value of the request enters it as a literal and never as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..model.request import Case, Request
from ..model.sandwich import Started, Step
from ..reference.repertoire import Recipe
from .wrapping import Wrapping

__all__ = ["import_lines", "program", "tape_lines"]

_LONGEST = 20_000
_WHO = {"outer": "middleware", "inner": "application"}
_MODULE = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_FILE = re.compile(r"(?P<path>[^:\0]+\.py):(?P<attribute>[^\W\d]\w*)")


def tape_lines(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return what happened, one line each, as the program prints it."""
    lines = []
    for step in steps:
        words = _words(step)
        if words:
            lines.append(f"{_WHO[step.who]}: {words}")
    return tuple(lines)


def _words(step: Step) -> str:
    what, data = step.what, step.data
    if isinstance(data, Started):
        third = ", exc_info" if data.exc_info else ""
        return f"start_response({data.status!r}, {list(data.headers)!r}{third})"
    if what in ("item", "write"):
        return f"{what} {_short(data)}"
    if what == "raised":
        return f"raised {str(data).partition(':')[0]}"
    if what in ("start refused", "write refused"):
        return f"{what}: {str(data).partition(':')[0]}"
    return {"call": "called", "returned": "returned", "ask": "asked for an item", "exhausted": "end of the body",
            "close": "close()"}.get(what, "")


def _short(data: Any) -> str:
    text = data if isinstance(data, str) else repr(data)
    return text if len(text) <= 60 else text[:60] + "..."


_WATCH = '''
def show(who, what):
    print(f"{who}: {what}")


def short(data):
    text = repr(data)
    return text if len(text) <= 60 else text[:60] + "..."


def pairs(headers):
    return [(str(name), str(value)) for name, value in headers]


class Body:
    def __init__(self, who, body):
        self.who, self.body = who, body
        if hasattr(body, "close"):
            self.close = self.closing

    def __iter__(self):
        self.items = iter(self.body)
        return Items(self)

    def closing(self):
        show(self.who, "close()")
        try:
            self.body.close()
        except BaseException as error:
            show(self.who, f"raised {type(error).__name__}")
            raise


class SizedBody(Body):
    def __len__(self):
        return len(self.body)


class Items:
    def __init__(self, body):
        self.body = body

    def __iter__(self):
        return self

    def __next__(self):
        who = self.body.who
        show(who, "asked for an item")
        try:
            item = next(self.body.items)
        except StopIteration:
            show(who, "end of the body")
            raise
        except BaseException as error:
            show(who, f"raised {type(error).__name__}")
            raise
        show(who, "item " + short(item))
        return item


def watched(who, called):
    def call(environ, start_response):
        show(who, "called")

        def start(*args):
            third = ", exc_info" if len(args) > 2 and args[2] is not None else ""
            show(who, f"start_response({args[0]!r}, {pairs(args[1])!r}{third})")
            try:
                write = start_response(*args)
            except BaseException as error:
                show(who, f"start refused: {type(error).__name__}")
                raise

            def writing(data):
                show(who, "write " + short(data))
                try:
                    return write(data)
                except BaseException as error:
                    show(who, f"write refused: {type(error).__name__}")
                    raise

            return writing if callable(write) else write

        try:
            body = called(environ, start)
        except BaseException as error:
            show(who, f"raised {type(error).__name__}")
            raise
        show(who, "returned")
        return SizedBody(who, body) if hasattr(type(body), "__len__") else Body(who, body)

    return call


class Refused(Exception):
    pass


class Server:
    def __init__(self, stop_after=None, start_raises=False, write_raises_after=None):
        self.stop_after, self.start_raises, self.write_raises_after = stop_after, start_raises, write_raises_after

    def start_response(self, status, headers, exc_info=None, /):
        if exc_info and exc_info[0] is not None:
            if self.sent:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.status is not None:
            raise RuntimeError("start_response was called twice without exc_info")
        self.status = status
        if self.start_raises:
            raise Refused("the server refuses these headers")
        return self.write

    def write(self, data, /):
        if self.write_raises_after is not None and self.writes >= self.write_raises_after:
            raise Refused("the client has left")
        self.writes += 1
        self.sent = self.sent or bool(data)

    def serve(self, application, environ):
        self.status, self.sent, self.writes, body = None, False, 0, None
        try:
            body = application(environ, self.start_response)
            items = 0
            for item in body if self.stop_after != 0 else ():
                if item and self.status is None:
                    raise RuntimeError("body data came before start_response was called")
                self.sent = self.sent or bool(item)
                items += 1
                if items == self.stop_after:
                    break
        except BaseException:
            pass
        finally:
            try:
                if hasattr(body, "close"):
                    body.close()
            except BaseException:
                pass
'''

_SHORT_READS = '''
class ShortReads(io.BytesIO):
    """Gives at most so many bytes at once, as a socket does."""

    def __init__(self, content, sizes):
        super().__init__(content)
        self.sizes = iter(sizes)

    def read(self, size=-1):
        most = next(self.sizes, None) if size is not None and size >= 0 else None
        return super().read(size if most is None or size == 0 else max(1, min(size, most)))
'''


def _environ(request: Request) -> list[str]:
    lines = ["    return {"]
    lines += [f"        {name!a}: {value!a}," for name, value in request.variables]
    stream = f"ShortReads({request.body!a}, {request.reads!a})" if request.reads else f"io.BytesIO({request.body!a})"
    for name, value in (("wsgi.version", "(1, 0)"), ("wsgi.url_scheme", ascii(request.url_scheme)),
                        ("wsgi.input", stream), ("wsgi.errors", "io.StringIO()"),
                        ("wsgi.multithread", request.multithread), ("wsgi.multiprocess", request.multiprocess),
                        ("wsgi.run_once", request.run_once)):
        lines.append(f"        {name!a}: {value},")
    if request.input_terminated:
        lines.append("        'wsgi.input_terminated': True,")
    if request.file_wrapper:
        lines.append("        'wsgi.file_wrapper': FileWrapper,")
    return ["def environ():", *lines, "    }"]


_WRAPPER = '''
class FileWrapper:
    def __init__(self, file, block_size=8192):
        self.file, self.block_size = file, block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self.file.read(self.block_size), b"")
'''


def import_lines(wrapping: Wrapping) -> list[str]:
    """Return the lines that bind `wrap` to what puts the middleware around an application; none where that has no
    name."""
    found = _FILE.fullmatch(wrapping.target)
    if found:
        lines = ["import runpy", "", f"names = runpy.run_path({found['path']!a})",
                 f"middleware = names[{found['attribute']!a}]"]
    else:
        found = _MODULE.fullmatch(wrapping.target)
        if not found:
            return []
        lines = [f"import {found['module']}", "", f"middleware = {found['module']}.{found['attribute']}",
                 f"names = vars({found['module']})"]
    keywords = "".join(f", {name}={value!a}" for name, value in wrapping.arguments)
    if not wrapping.configuration:
        return [*lines, "", "", "def wrap(application):", f"    return middleware(application{keywords})"]
    return [*lines, f"with open({wrapping.configuration!a}) as file:",
            "    configuration = eval(file.read().strip(), dict(names))", "", "",
            "def wrap(application):",
            "    if isinstance(configuration, dict):",
            f"        return middleware(application{keywords}, **configuration)",
            "    if isinstance(configuration, (list, tuple)):",
            f"        return middleware(application, *configuration{keywords})",
            "    return configuration(application)"]


def program(wrapping: Wrapping, case: Case, recipes: tuple[Recipe, ...], headline: str) -> str:
    """Return the program; "" where the middleware has no name that can be imported, or the request is too large.

    Args:
        recipes: the application; for a law over two forms, the plainer one as well.
        headline: what is wrong, for the program's first lines.
    """
    imports = import_lines(wrapping)
    size = sum(len(name) + len(value) for name, value in case.request.variables) + len(case.request.body)
    if not imports or size > _LONGEST:
        return ""
    drive = case.drive
    arguments = [f"{name}={getattr(drive, name)!r}" for name, plain in (
        ("stop_after", None), ("start_raises", False), ("write_raises_after", None)) if getattr(drive, name) != plain]
    parts = [*(f"# {line}" for line in headline.splitlines()), "import io", "import sys", *imports, ""]
    if case.request.reads:
        parts += [_SHORT_READS.rstrip(), ""]
    parts += [_WRAPPER.rstrip(), "", "", *_environ(case.request), _WATCH.rstrip(), "", ""]
    for number, recipe in enumerate(recipes):
        name = "application" if not number else "plainer_application"
        parts += [recipe.source(name).rstrip(), "", ""]
    for number, _ in enumerate(recipes):
        name = "application" if not number else "plainer_application"
        if number:
            parts.append('print("-- the same, said more plainly")')
        calls = [f'stack = watched("middleware", wrap(watched("application", {name})))']
        serve = f"Server({', '.join(arguments)}).serve(stack, environ())"
        calls += [serve] if drive.calls == 1 else [f"for _ in range({drive.calls}):", f"    {serve}"]
        parts += calls
    return "\n".join(parts) + "\n"
