"""The repertoire: every legal way to write a WSGI application, as data that becomes runnable source.

Laws: what a Recipe builds is what its source says, since it is built from it; it keeps PEP 3333 to the
letter wherever it is asked in a legal way; the plainest recipe is a function that returns one bytes in a list.
"""

from __future__ import annotations

import gzip
import itertools
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["GALLERY", "Kind", "Mishap", "Recipe", "Shape", "StartAt"]

Shape = Literal["list", "tuple", "generator", "iterator", "sequence", "sized", "closing", "file_wrapper", "class"]
"""What the application returns. "sequence" has only __getitem__; "sized" has len(); "closing" has close()."""
StartAt = Literal["call", "first item"]
"""When start_response is called: in the call, or inside the first next()."""
Mishap = Literal["", "error page", "error page after error", "error page after first item", "raise in call",
                 "raise before items", "raise after first item", "raise in close"]
"""What goes wrong, legally: an error page with exc_info, replacing an answer begun, or an exception let out."""
Kind = Literal["function", "instance", "method", "partial"]
"""Which kind of callable the application is; a shape of "class" is one in itself."""

_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One application.

    Attributes:
        status, headers: as passed to start_response; Content-Length is added where `length` is true.
        items: the body's items, in order; empty ones allowed.
        writes: what is passed to write() before the body is returned.
        shape, start_at, mishap: see there.
        empties_first: items of no bytes that a lazily started body yields before start_response is called.
        length: a true Content-Length is declared.
        head_aware: HEAD gets no body.
        read: how wsgi.input is read: not at all, in one read of CONTENT_LENGTH, in small reads, or by lines.
        tells: it writes to wsgi.errors.
        touch_environ: environ is changed, as it may be.
        none_exc_info: start_response gets None as its third argument, which equals leaving it out.
        kind: which kind of callable it is.
        echo: the items are what the request said, in place of `items`: a page that is another for each visitor, and
            that no cache may keep.
    """

    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/plain; charset=utf-8"),)
    items: tuple[bytes, ...] = (b"It works.\n",)
    writes: tuple[bytes, ...] = ()
    shape: Shape = "list"
    start_at: StartAt = "call"
    mishap: Mishap = ""
    empties_first: int = 0
    length: bool = False
    head_aware: bool = False
    read: Literal["", "whole", "small", "lines"] = ""
    tells: bool = False
    touch_environ: bool = False
    none_exc_info: bool = False
    kind: Kind = "function"
    echo: bool = False

    @property
    def lazy(self) -> bool:
        """Whether start_response is called while the body is iterated."""
        return self.shape == "class" or (
            self.start_at == "first item" and self.shape in ("generator", "iterator", "closing"))

    @property
    def oddities(self) -> int:
        """In how many parts it differs from the plainest recipe."""
        plain = _PLAINEST
        return sum(getattr(self, name) != getattr(plain, name) for name in self.__slots__)

    @property
    def bodyless(self) -> bool:
        return self.status[:3] in ("204", "205", "304")

    def _fields(self) -> str:
        fields = [*self.headers, *((("Cache-Control", "no-store"),) if self.echo else ())]
        if self.length and not self.bodyless and not self.echo:
            size = sum(map(len, self.items)) + sum(map(len, self._writes()))
            fields.append(("Content-Length", str(size)))
        return repr(fields)

    def _start(self) -> list[str]:
        third = ", None" if self.none_exc_info else ""
        lines = []
        if self.mishap in ("error page", "error page after error"):
            if self.mishap == "error page after error":
                begun = [("Content-Type", "text/html"), ("X-Withdrawn", "yes"), ("Content-Length", "3")]
                lines.append(f"start_response({self.status!r}, {begun!r})")
            lines += ["try:", "    raise ValueError('something went wrong')", "except ValueError:",
                      "    start_response('500 Internal Server Error', "
                      "[('Content-Type', 'text/plain; charset=utf-8')], sys.exc_info())"]
            return lines
        call = f"start_response({self.status!r}, {self._fields()}{third})"
        return [f"write = {call}" if self._writes() else call]

    @property
    def written(self) -> tuple[bytes, ...]:
        """What is really passed to write(): nothing where the other parts leave no place for it."""
        return self._writes()

    def _writes(self) -> tuple[bytes, ...]:
        usable = not self.lazy and not self.bodyless and not self.mishap and self.shape != "class"
        return self.writes if usable else ()

    def _reading(self) -> list[str]:
        if not self.read:
            return []
        size = "int(environ.get('CONTENT_LENGTH') or 0)"
        if self.read == "whole":
            return [f"environ['wsgi.input'].read({size})"]
        if self.read == "small":
            return [f"left = {size}", "while left:", "    data = environ['wsgi.input'].read(min(left, 7))",
                    "    left -= len(data)", "    if not data:", "        break"]
        return [f"if {size}:", "    for line in environ['wsgi.input']:", "        pass"]

    def _items(self) -> str:
        if self.echo:
            said = ", ".join(f"environ.get({name!r}, '').encode('latin-1')" for name in (
                "PATH_INFO", "QUERY_STRING", "HTTP_COOKIE", "HTTP_USER_AGENT"))
            return f"[b' '.join([{said}])]"
        items = () if self.bodyless else self.items
        return repr(list(items))

    def _lazy_lines(self) -> list[str]:
        """The body of a generator function that yields the items."""
        lines = []
        if self.lazy:
            lines += ["yield b''"] * self.empties_first + self._start()
        if self.mishap == "raise before items":
            lines.append("raise ValueError('something went wrong')")
        lines.append("for item in items:")
        lines.append("    yield item")
        if self.mishap == "raise after first item":
            lines.append("    raise ValueError('something went wrong')")
        elif self.mishap == "error page after first item":
            lines += ["    try:", "        raise ValueError('something went wrong')", "    except ValueError:",
                      "        start_response('500 Internal Server Error', "
                      "[('Content-Type', 'text/plain; charset=utf-8')], sys.exc_info())",
                      "        yield b'something went wrong\\n'", "        return"]
        return lines

    def source(self, name: str = "application", *, bare: bool = False) -> str:
        """Return Python source that defines the application as `name`; needs nothing but Python.

        Args:
            bare: as a function (or class), whichever kind of callable the recipe asks for.
        """
        plain = self._plain_source("serve" if self._wrapping(bare) else name)
        return "\n".join([plain.rstrip("\n"), *(line.replace("NAME", name) for line in self._wrapping(bare))]) + "\n"

    def _wrapping(self, bare: bool) -> list[str]:
        if bare or self.kind == "function":
            return []
        if self.kind == "partial":
            return ["", "", "import functools", "", "NAME = functools.partial(serve)"]
        method = "__call__" if self.kind == "instance" else "answer"
        lines = ["", "", "class Application:", f"    def {method}(self, environ, start_response):",
                 "        return serve(environ, start_response)", "", ""]
        return [*lines, "NAME = Application()" if self.kind == "instance" else "NAME = Application().answer"]

    def _plain_source(self, name: str) -> str:
        body: list[str] = []
        if self.touch_environ:
            body += ["environ['myframework.request'] = object()", "environ.pop('QUERY_STRING', None)"]
        body += self._reading()
        if self.tells:
            body += ["errors = environ['wsgi.errors']", "errors.write('It works.\\n')",
                     "errors.writelines(['Still.\\n', 'And still.\\n'])", "errors.flush()"]
        if self.mishap == "raise in call":
            body.append("raise ValueError('something went wrong')")
        body.append(f"items = {self._items()}")
        if self.head_aware:
            body += ["if environ['REQUEST_METHOD'] == 'HEAD':", "    items = []"]
        if not self.lazy:
            body += self._start()
        body += [f"write({data!r})" for data in self._writes()]
        if self.shape == "class":
            return self._class_source(name, body)
        return _with_imports([f"def {name}(environ, start_response):", *_indent(body + self._return())])

    def _closing(self) -> list[str]:
        raising = "raise ValueError('something went wrong')" if self.mishap == "raise in close" else "self.open = False"
        return ["    def close(self):", f"        {raising}"]

    def _return(self) -> list[str]:
        shape = self.shape
        if shape in ("list", "tuple"):
            return [f"return {'list' if shape == 'list' else 'tuple'}(items)"]
        if shape == "sequence":
            return ["class Body:", "    def __getitem__(self, index):", "        return items[index]", "return Body()"]
        if shape == "sized":
            return ["class Body:", "    def __len__(self):", "        return len(items)",
                    "    def __iter__(self):", "        return iter(items)", *self._closing(), "return Body()"]
        if shape == "file_wrapper":
            return ["file = io.BytesIO(b''.join(items))", "if 'wsgi.file_wrapper' in environ:",
                    "    return environ['wsgi.file_wrapper'](file, 8192)", "return iter(lambda: file.read(8192), b'')"]
        generator = ["def body():", *_indent(self._lazy_lines())]
        if shape == "generator":
            return [*generator, "return body()"]
        if shape == "iterator":
            return [*generator, "class Body:", "    def __init__(self):", "        self.items = body()",
                    "    def __iter__(self):", "        return self", "    def __next__(self):",
                    "        return next(self.items)", "return Body()"]
        return [*generator, "class Body:", "    def __iter__(self):", "        return body()", *self._closing(),
                "return Body()"]

    def _class_source(self, name: str, body: list[str]) -> str:
        init = ["self.environ, self.start_response = environ, start_response"]
        return _with_imports([f"class {name}:", "    def __init__(self, environ, start_response):", *_indent(init, 2),
                              "    def __iter__(self):",
                              *_indent(["environ, start_response = self.environ, self.start_response", *body,
                                        *self._lazy_lines()], 2)])

    def build(self, name: str = "application", *, bare: bool = False) -> Callable[..., Any]:
        """Return the application that the source defines; a traceback shows its lines.

        Args:
            bare: see `source`.
        """
        source = self.source(name, bare=bare)
        filename = f"<recipe {next(_serial)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        namespace: dict[str, Any] = {"__name__": "recipe"}
        exec(compile(source, filename, "exec"), namespace)
        application: Callable[..., Any] = namespace[name]
        return application


def _with_imports(lines: list[str]) -> str:
    text = "\n".join(lines)
    needed = [f"import {module}" for module in ("io", "sys") if f"{module}." in text]
    return "\n".join([*needed, *(["", ""] if needed else []), text]) + "\n"


def _indent(lines: list[str], levels: int = 1) -> list[str]:
    return ["    " * levels + line for line in lines]


_PLAINEST = Recipe()
_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_PAGE = b"<!DOCTYPE html><html><head><title>A</title></head><body><p>Hello, world</p></body></html>\n"
_CUT = (_PAGE[:18], _PAGE[18:44], b"", _PAGE[44:61], _PAGE[61:])
_ONE_BY_ONE = (b"one\n", b"", b"two\n")

GALLERY: tuple[Recipe, ...] = (
    _PLAINEST,
    Recipe(shape="generator", items=_ONE_BY_ONE), Recipe(shape="closing", items=_ONE_BY_ONE),
    Recipe(shape="iterator", items=_ONE_BY_ONE), Recipe(shape="sequence", items=_ONE_BY_ONE),
    Recipe(shape="tuple", items=_ONE_BY_ONE), Recipe(shape="sized", items=_ONE_BY_ONE), Recipe(items=_ONE_BY_ONE),
    Recipe(shape="class"), Recipe(shape="file_wrapper", items=(_PAGE,)), Recipe(items=()), Recipe(items=(b"",)),
    Recipe(shape="generator", start_at="first item", items=_ONE_BY_ONE),
    Recipe(shape="closing", start_at="first item", items=_ONE_BY_ONE),
    Recipe(shape="iterator", start_at="first item", items=_ONE_BY_ONE, empties_first=2),
    Recipe(shape="class", start_at="first item", items=_ONE_BY_ONE),
    Recipe(shape="generator", start_at="first item", items=()),
    Recipe(writes=(b"one\n", b"two\n"), items=(b"three\n",)), Recipe(writes=(b"", b"one\n"), items=()),
    Recipe(writes=(b"<html><body>one</body></html>\n",), items=(), headers=_HTML),
    Recipe(headers=_HTML, items=(_PAGE,), length=True), Recipe(headers=_HTML, items=(_PAGE * 60,), length=True),
    Recipe(headers=_HTML, items=_CUT, shape="generator"), Recipe(headers=_HTML, items=_CUT * 12, shape="closing"),
    Recipe(headers=(*_HTML, ("ETag", '"v1"')), items=(_PAGE * 60,)), Recipe(items=(b"a",), length=True),
    Recipe(headers=(*_HTML, ("Content-Encoding", "gzip")), items=(gzip.compress(_PAGE, mtime=0),), length=True),
    Recipe(headers=(*_HTML, *(("Set-Cookie", f"c{n}={n}; Path=/") for n in range(6)), ("Vary", "Accept"),
                    ("Vary", "Cookie"))),
    Recipe(headers=(*_HTML, ("Set-Cookie", "d=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))),
    # A character of two bytes in two items, a page in another charset, and what is no text at all.
    Recipe(items=("Gr\xfc\xdfe\n".encode()[:3], "Gr\xfc\xdfe\n".encode()[3:]), shape="closing"),
    Recipe(headers=(("Content-Type", "text/html; charset=iso-8859-1"),), items=(b"<p>caf\xe9</p>\n",)),
    Recipe(headers=(("Content-Type", "application/octet-stream"),), items=(b"\x89PNG\r\n\x1a\n", b"\x00\xff\xfe\n"),
           shape="closing"),
    Recipe(headers=(("content-type", "text/plain"), ("X-Empty", ""), ("X-Latin", "caf\xe9"))),
    Recipe(status="204 No Content", headers=(), items=()),
    Recipe(status="304 Not Modified", headers=(("ETag", '"v1"'),)),
    Recipe(status="302 Found", headers=(*_HTML, ("Location", "/elsewhere")), items=(_PAGE,)),
    Recipe(status="404 Not Found", headers=_HTML, items=(_PAGE,), shape="closing"),
    Recipe(status="500 Internal Server Error", headers=_HTML, items=(_PAGE,), shape="closing"),
    Recipe(status="299 A Phrase Of Its Own"),
    Recipe(head_aware=True, length=True, items=(_PAGE,)), Recipe(none_exc_info=True), Recipe(touch_environ=True),
    Recipe(tells=True), Recipe(tells=True, shape="class"),
    Recipe(kind="instance"), Recipe(kind="method"), Recipe(kind="partial"),
    Recipe(read="whole"), Recipe(read="small"), Recipe(read="lines"),
    Recipe(mishap="error page"), Recipe(mishap="error page", shape="closing"), Recipe(mishap="error page after error"),
    Recipe(mishap="error page after error", shape="closing"),
    Recipe(mishap="error page after first item", shape="generator", items=_ONE_BY_ONE[::2]),
    Recipe(mishap="raise in call"), Recipe(mishap="raise before items", shape="closing"),
    Recipe(mishap="raise after first item", shape="generator"),
    Recipe(mishap="raise after first item", shape="closing"),
    Recipe(mishap="raise in close", shape="closing"), Recipe(mishap="raise in close", shape="sized"),
)
"""One application for each way of being one: what every middleware is tried with before anything is drawn."""
