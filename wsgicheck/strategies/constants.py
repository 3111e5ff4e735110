"""Reads what an application contains, so that what it looks for can be asked: constants, templates, files.

Laws: nothing of the application runs (see walk.py); the result is bounded; what stands close together in the
code stays together, since a condition names a path, a field and a value side by side.
"""

from __future__ import annotations

import dis
import re
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_to_bytes

from ..model.material import joined
from .files import roots_of, sources, templates
from .headers import RESERVED as NEVER
from .material import Endpoint, Material, carried
from .walk import called_from, file_of, function_of, home_of, unwrapped, walk

__all__ = ["endpoint_of", "material_of"]

_MOST = {"endpoints": 200, "methods": 20, "query_names": 150, "query_values": 150, "form_names": 150,
         "form_values": 150, "pairs": 400, "queries": 60, "headers": 80, "cookies": 60,
         "content_types": 20, "bodies": 40}
_NEAR = 12
"""Constants that count as near a path which stands before them."""
_OWN = 12
"""Weight of a place named by the application's own code, against places named elsewhere in its module."""

_PATH = re.compile(r"/(?!>)[^\s\"\\^$()|?*]{0,150}")
_RELATIVE = re.compile(r"[\w<>:.{}-]+(?:/[\w<>:.{}-]+)*/")
_HOLE = re.compile(r"<[^<>]*>|\{[^{}]*\}|(?<=/):\w+")
_ENVIRON_HEADER = re.compile(r"HTTP_[A-Z0-9_]{1,60}")
_HEADER = re.compile(r"[A-Z][A-Za-z0-9]*(?:-[A-Z0-9][A-Za-z0-9]*)+")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,5}")
"""What the name of a file ends in, and `path.endswith()` is asked for."""
_METHOD = re.compile(r"[A-Z]{3,16}(?:-[A-Z]{2,10})?")
_TYPE = re.compile(r"(?:text|application|image|audio|video|multipart|font|message|model)/[\w.+-]{1,60}")
_QUERY = re.compile(r"[\w.\[\]-]{1,40}=[^\s\"'<>#;]{0,100}")
_NAME = re.compile(r"[A-Za-z_][\w-]{0,39}(?:\[\])?")
_NO_WORD = re.compile(r"[1-5]\d\d [A-Za-z ]*|wsgi\.\w+|__\w+__|.*[%{]|<.*|[%#].*"
                      # A key or a token, perhaps another one in each process.
                      r"|[0-9A-Fa-f]{16,}|[\w+/=-]{32,}")
_CGI = frozenset({
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME",
    "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_USER", "AUTH_TYPE",
    "GATEWAY_INTERFACE", "PATH_TRANSLATED", "REMOTE_IDENT", "HTTPS",
    "utf-8", "utf8", "latin-1", "latin1", "iso-8859-1", "ascii", "replace", "ignore", "strict", "surrogateescape",
    "environ", "start_response", "Content-Type", "Content-Length", "Set-Cookie", "Content-Disposition",
})
RESERVED = NEVER | {"HTTP_HOST", "HTTP_COOKIE"}
_USUAL = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"})
_NO_METHOD = frozenset({"HTTP", "HTTPS", "GMT", "UTC", "UTF", "ISO", "CONNECT"})
_COOKIE_CODE = frozenset({"HTTP_COOKIE", "cookies", "COOKIES", "get_cookie", "set_cookie", "SimpleCookie", "Cookie"})
_METHOD_CODE = frozenset({"REQUEST_METHOD", "method", "methods", "request_method", "command"})
_CARRIERS = frozenset({"args", "query", "forms", "form", "params", "GET", "POST", "values", "cookies", "files", "json"})


_METHODS_OF_CARRIERS = frozenset({"get", "getlist", "getall", "items", "keys", "values", "get_json", "to_dict", "copy"})
_NO_DATA = frozenset({"__doc__", "__qualname__", "__module__", "__firstlineno__", "__static_attributes__", "__slots__"})
# KW_NAMES names keyword arguments; later interpreters load them as a constant before CALL_KW.
_LOADS_CONSTANT = frozenset(dis.hasconst) - {dis.opmap.get("KW_NAMES", -1)}


@dataclass(slots=True)
class _Bag:
    """The fields of a Material while they grow."""

    endpoints: list[Endpoint] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    def material(self) -> Material:
        values, names = tuple(self.values), tuple(self.names)
        whole = Material(joined(self.endpoints, _MOST_THERE), tuple(self.methods), names, values, names, values,
                         tuple(self.pairs), tuple(self.queries), tuple(self.headers), tuple(self.cookies),
                         tuple(self.types), tuple(self.bodies))
        return Material(**{name: tuple(dict.fromkeys(getattr(whole, name)))[:most] for name, most in _MOST.items()})


_MOST_THERE = 16
"""Things of a kind that are kept of one endpoint."""


def _flat(constants: Iterable[object], depth: int = 3) -> Iterable[object]:
    for constant in constants:
        if type(constant) is tuple and depth and "return" not in constant:     # no annotations
            yield from _flat(constant, depth - 1)
        elif type(constant) is frozenset and depth:
            # It has no order of its own that lasts from one run to the next.
            yield from _flat(sorted(constant, key=repr), depth - 1)
        else:
            yield constant


def _path(text: str) -> str | None:
    """Return the PATH_INFO that a route or a path constant stands for, None where it is none."""
    if _PATH.fullmatch(text):
        route = text
    elif _EXTENSION.fullmatch(text):
        route = "/index" + text
    elif _RELATIVE.fullmatch(text) and not _TYPE.fullmatch(text.rstrip("/")):
        route = "/" + text
    else:
        return None
    route = _HOLE.sub("1", route)
    return unquote_to_bytes(route.encode("utf-8", "surrogatepass")).decode("latin-1")


def _header_key(text: str) -> str | None:
    if _ENVIRON_HEADER.fullmatch(text):
        return None if text in RESERVED else text
    if _HEADER.fullmatch(text) and text not in _CGI and not _METHOD.fullmatch(text):
        key = "HTTP_" + text.upper().replace("-", "_")
        return None if key in RESERVED else key
    return None


def _group(bag: _Bag, constants: Sequence[object], mentioned: frozenset[str] = frozenset()) -> None:
    """Sort the constants of one code object or container, in their order, into `bag`.

    Args:
        mentioned: what the code mentions, names of attributes and globals too.
    """
    cookies = not _COOKIE_CODE.isdisjoint(mentioned)
    asks_method = not _METHOD_CODE.isdisjoint(mentioned)
    words: list[str] = []
    path: str | None = None
    near: list[str] = []
    methods: list[str] = []
    near_queries: list[str] = []
    near_headers: list[tuple[str, str]] = []
    header: str | None = None

    def settle() -> None:
        if path is not None:
            names = tuple(dict.fromkeys(word for word in near if _NAME.fullmatch(word)))[:8]
            asked = tuple(dict.fromkeys(("GET", *methods, "POST")))
            bag.endpoints.append(Endpoint(path, asked, tuple(near_queries[:8]), names, names,
                                          headers=tuple(near_headers[:6])))

    for constant in _flat(constants):
        if type(constant) is bytes:
            if 0 < len(constant) <= 200:
                bag.bodies.append(("text/plain", constant))
            text = constant.decode("latin-1")
        elif type(constant) in (int, float):
            if abs(constant) >= 10**15:  # type: ignore[arg-type]
                continue
            text = str(constant)
            if type(constant) is int:
                bag.values += [text, str(constant + 1)]
        elif type(constant) is str:
            text = constant
        else:
            continue
        if not text or len(text) > 200 or not text.isprintable():
            continue
        if (found := _path(text)) is not None and type(constant) is str:
            settle()
            path, near, near_queries, near_headers = found, [], [], []
            # A condition on the method stands before or after the one on the path.
            methods = methods[-1:]
            header = None
            if not text.startswith("/"):
                words.append(text)
            continue
        if (key := _header_key(text)) is not None:
            header = key
            near_headers.append((key, "1"))
            bag.headers.append((key, "1"))
            continue
        if _TYPE.fullmatch(text):
            bag.types.append(text)
            if header:
                bag.headers.append((header, text))
            continue
        if text in _CGI or len(text) > 60 or _NO_WORD.fullmatch(text) or text in RESERVED:
            continue
        if text in _USUAL or (asks_method and _METHOD.fullmatch(text) and text not in _NO_METHOD):
            methods.append(text)
            if text not in _USUAL:
                bag.methods.append(text)
        if _QUERY.fullmatch(text):
            safe = carried(text)
            bag.queries.append(safe)
            near_queries.append(safe)
            words.append(text.partition("=")[0])
            near.append(words[-1])
            if header:      # Range: bytes=0-4
                bag.headers.append((header, safe))
                near_headers.append((header, safe))
            continue
        if text in _USUAL:
            continue
        words.append(text)
        if len(near) < _NEAR:
            near.append(text)
        if header:
            bag.headers.append((header, carried(text)))
            near_headers.append((header, carried(text)))
    settle()

    bag.values += words
    for index, word in enumerate(words):
        if _NAME.fullmatch(word):
            bag.names.append(word)
            following = words[index + 1:index + 4]
            bag.pairs += [(word, other) for other in following]
            if cookies:
                bag.cookies += [(word, other) for other in following[:2]] or [(word, "1")]


def _codes(code: types.CodeType, left: int = 2000) -> list[types.CodeType]:
    """Return `code` and the code objects inside it, outermost first."""
    found = [code]
    for outer in found:
        if len(found) > left:
            break
        found += [constant for constant in outer.co_consts if type(constant) is types.CodeType]
    return found


def _constants(code: types.CodeType) -> list[object]:
    """Return the constants that one code object loads, in the order of its instructions.

    Names of keyword arguments and of imports are left out; an attribute of what carries a request's fields
    (`request.query.page`) is put in.
    """
    found: list[object] = []
    before, made = "", False
    for step in dis.get_instructions(code):
        name = step.opname
        if step.opcode in _LOADS_CONSTANT:
            if not made:        # else the name of the class that is being built
                found.append(step.argval)
        elif name == "IMPORT_NAME":
            del found[-2:]      # the level and the names
        elif found and (name == "CALL_KW" or (name == "STORE_NAME" and step.argval in _NO_DATA)):
            found.pop()
        made = name in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
        if name in ("LOAD_ATTR", "LOAD_METHOD"):
            if before in _CARRIERS and step.argval not in _METHODS_OF_CARRIERS:
                found.append(step.argval)
            before = step.argval
        else:
            before = ""
    return found


def _asked(code: types.CodeType) -> tuple[list[object], frozenset[str]]:
    constants = _constants(code)
    return constants, frozenset({*code.co_names, *(c for c in constants if type(c) is str)})


def _read(bag: _Bag, code: types.CodeType, done: set[types.CodeType]) -> None:
    for inner in _codes(code):
        if inner not in done:
            done.add(inner)
            _group(bag, *_asked(inner))


def _endpoint(path: str, code: types.CodeType, methods: tuple[str, ...] = ("GET", "POST")) -> Endpoint:
    bag = _Bag()
    for part in _codes(code):
        constants, mentioned = _asked(part)
        _group(bag, ["/", *constants], mentioned)
    names = tuple(dict.fromkeys(name for near in bag.endpoints for name in near.query_names))[:8]
    methods = tuple(dict.fromkeys((*methods, *bag.methods)))[:_MOST_THERE]
    return Endpoint(path, methods, query_names=names, form_names=names, headers=tuple(bag.headers[:6]))


def endpoint_of(path: str, view: object, methods: tuple[str, ...] = ("GET", "POST")) -> Endpoint:
    """Return the endpoint at `path`, with what the code of its view asks for.

    Args:
        path: PATH_INFO, as environ carries it.
        view: a function, a method, functools.partial of one; of anything else nothing is known.
        methods: those that the route takes, the most telling first.
    """
    function = function_of(view)
    return Endpoint(path, methods) if function is None else _endpoint(path, unwrapped(function).__code__, methods)


def material_of(app: object, *, module: types.ModuleType | None = None) -> Material:
    """Return what the application itself contains: constants of its code, its globals, its templates.

    Nothing of it is run. Constants of the standard library and of installed packages are left out, unless the
    application itself lives there.

    Args:
        app: the application object: a function, a method, a class, an instance, with whatever wraps it.
        module: the module it was loaded from; where it is not given, the module that defines or holds the
            application is looked for among those already imported.
    """
    home, owned = home_of(app, module)
    found = walk(app, home, owned)
    bag = _Bag()
    done: set[types.CodeType] = set()
    called = called_from(app)
    for code in found.codes:
        before = len(bag.endpoints)
        _read(bag, code, done)
        if code in called:
            bag.endpoints[before:] = [replace(endpoint, weight=_OWN) for endpoint in bag.endpoints[before:]]
    for text, code in found.dispatch:
        if (path := _path(text)) is not None:
            bag.endpoints.append(_endpoint(path, code))
    for texts in found.texts:
        _group(bag, texts)
    bag.names += found.names
    source_root, template_root = roots_of(home, file_of(home))
    if source_root:
        for code in sources(source_root, frozenset(found.files)):
            _read(bag, code, done)
    if template_root:
        mentioned = templates(template_root)
        bag.names += mentioned.names
        bag.values += mentioned.values
        bag.endpoints += [Endpoint(path) for link in mentioned.links
                          if (path := _path(link.partition("?")[0])) is not None]
        bag.queries += [carried(query) for link in mentioned.links if (query := link.partition("?")[2])]
    return bag.material()
