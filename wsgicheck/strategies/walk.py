"""Walks from an application to the code and the constants it is made of, without running any of it.

Laws: no attribute is asked for in the ordinary way, so no property, descriptor, __getattr__ or metaclass of
the subject runs; the walk is bounded in objects; library code is passed through (its closures and
containers may hold the application's own functions) and its constants are not taken.
"""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..spies.spy import Spied

__all__ = ["Found", "Owned", "file_of", "function_of", "home_of", "is_library", "unwrapped",
           "walk"]

MOST_OBJECTS = 30_000
MOST_ITEMS = 400
"""Of one container."""

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_class_dict = type.__dict__["__dict__"].__get__
_class_mro = type.__dict__["__mro__"].__get__


@functools.lru_cache(maxsize=1)
def _library() -> tuple[str, ...]:
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = {path for key, path in sysconfig.get_paths().items() if key in kinds}
    paths.update(site.getsitepackages())
    paths.add(site.getusersitepackages())
    paths.add(_HERE)
    return tuple(os.path.join(os.path.realpath(p), "") for p in paths)


@functools.lru_cache(maxsize=8192)
def is_library(filename: str) -> bool:
    """Tell whether code of this file belongs to the standard library, an installed package, or to us."""
    if filename.startswith("<"):
        # Generated code (dataclasses, attrs, Werkzeug's routes) is nobody's; an interactive cell is the user's.
        return not filename.startswith(("<stdin", "<console", "<ipython", "<python-input"))
    path = os.path.realpath(filename)
    return path.startswith(_library()) or "/site-packages/" in path or "/dist-packages/" in path


@dataclass(frozen=True, slots=True)
class Owned:
    """Tells the application's own files from others.

    Attributes:
        home: a directory (ending in a separator) or a file below or in which everything is the application's own,
            although it lies among the libraries; "" where there is none.
    """

    home: str = ""

    def file(self, filename: str) -> bool:
        if self.home:
            path = os.path.realpath(filename)
            if path == self.home or (self.home.endswith(os.sep) and path.startswith(self.home)):
                return True
        return not is_library(filename)

    def module(self, module: object) -> bool:
        filename = file_of(module)
        return bool(filename) and self.file(filename)


@dataclass(slots=True)
class Found:
    """What the walk met.

    Attributes:
        codes: code objects of the application's own functions, nearest first.
        texts: constants in its own containers, attributes and globals, one group a holder.
        dispatch: (text, function's code) where an own mapping leads from the one to the other.
        names: attribute names of own classes that look like form fields.
        files: files of the modules that were met.
    """

    codes: list[types.CodeType] = field(default_factory=list)
    texts: list[list[object]] = field(default_factory=list)
    dispatch: list[tuple[str, types.CodeType]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def file_of(module: object) -> str:
    """Return the file that a module object was loaded from, "" where there is none."""
    if type(module) is not types.ModuleType:
        return ""
    filename = types.ModuleType.__getattribute__(module, "__dict__").get("__file__")
    return filename if type(filename) is str else ""


def _module_of_class(cls: type) -> types.ModuleType | None:
    name = _class_dict(cls).get("__module__")
    module = sys.modules.get(name) if type(name) is str else None
    return module if type(module) is types.ModuleType else None


def _instance_dict(value: object) -> dict[Any, Any]:
    for cls in _class_mro(type(value)):
        entry = _class_dict(cls).get("__dict__")
        if entry is not None:
            if type(entry) is not types.GetSetDescriptorType:
                return {}
            try:
                found = entry.__get__(value)
            except AttributeError:
                return {}  # a proxy, which passes the question on to what has no dict
            return found if type(found) is dict else {}
    return {}


def _slots(value: object) -> Iterator[object]:
    for cls in _class_mro(type(value)):
        for entry in list(_class_dict(cls).values()):
            if type(entry) is types.MemberDescriptorType:
                try:
                    yield entry.__get__(value)
                except AttributeError:
                    continue


def function_of(value: object) -> types.FunctionType | None:
    """Return the function in a method, a partial or a static method; None where there is none."""
    for _ in range(8):
        if type(value) is types.FunctionType:
            return value
        if type(value) is types.MethodType:
            value = value.__func__
        elif type(value) is functools.partial:
            value = value.func
        elif type(value) in (staticmethod, classmethod):
            value = value.__func__  # type: ignore[attr-defined]
        else:
            return None
    return None


def unwrapped(function: types.FunctionType) -> types.FunctionType:
    """Return the innermost function that functools.wraps recorded."""
    for _ in range(16):
        inner = function.__dict__.get("__wrapped__")
        if type(inner) is not types.FunctionType:
            break
        function = inner
    return function


def home_of(app: object, module: types.ModuleType | None = None) -> tuple[types.ModuleType | None, Owned]:
    """Return the module that an application object comes from, and what counts as its own.

    Args:
        module: where the user says it is; else the module that holds it or defines it is looked for.
    """
    if module is None:
        defined: types.ModuleType | None = None
        function = function_of(app)
        if function is not None:
            name = unwrapped(function).__globals__.get("__name__")
            defined = sys.modules.get(name) if type(name) is str else None
        elif issubclass(type(app), type):
            defined = _module_of_class(app)  # type: ignore[arg-type]
        else:
            defined = _module_of_class(type(app))
        if defined is not None and not is_library(file_of(defined) or "<string>"):
            module = defined
        else:
            module = _holder(app) or defined
    filename = file_of(module)
    path = os.path.realpath(filename)
    if path.startswith(os.path.join(_HERE, "spies")):
        # A spy is nobody's application: what it watches is reached through it.
        return None, Owned()
    if not filename or not is_library(filename):
        return module, Owned()
    package = os.path.dirname(path)
    if os.path.exists(os.path.join(package, "__init__.py")):
        return module, Owned(os.path.join(package, ""))
    return module, Owned(path)


def _holder(app: object) -> types.ModuleType | None:
    """Return the module in which an own global is `app`.

    A module enters sys.modules before those it imports, so of several the last one is nearest to where the
    application is made; tests and scripts only use it.
    """
    found: types.ModuleType | None = None
    for name, module in list(sys.modules.items()):
        filename = file_of(module)
        if filename and not is_library(filename):
            names = types.ModuleType.__getattribute__(module, "__dict__")
            if any(value is app for value in list(names.values())):
                user = name == "__main__" or os.path.basename(filename).startswith(("test_", "conftest"))
                if found is None or not user:
                    found = module
    return found


# No numbers: counters and times would make the same run differ from itself.
_PLAIN = frozenset({str, bytes})
_IGNORED = frozenset({bool, int, float, complex, type(None), object, types.CodeType, types.FrameType,
                      types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType,
                      types.GetSetDescriptorType, types.MemberDescriptorType, types.GenericAlias})


class _Walk:
    def __init__(self, owned: Owned) -> None:
        self.owned = owned
        self.found = Found()
        self.queue: deque[tuple[object, bool]] = deque()
        self.seen: dict[int, object] = {}

    def add(self, values: Iterable[object], own: bool) -> list[object]:
        """Queue what can be walked on, and return the constants among `values`."""
        texts: list[object] = []
        for value in values:
            kind = type(value)
            if kind in _PLAIN:
                texts.append(value)
            elif kind not in _IGNORED and id(value) not in self.seen and len(self.seen) < MOST_OBJECTS:
                self.seen[id(value)] = value
                self.queue.append((value, own))
        return texts

    def take(self, values: Iterable[object], own: bool) -> None:
        texts = self.add(values, own)
        if own and texts:
            self.found.texts.append(texts)

    def run(self) -> Found:
        while self.queue:
            value, own = self.queue.popleft()
            self.visit(value, own)
        return self.found

    def visit(self, value: object, own: bool) -> None:
        kind = type(value)
        if kind is types.FunctionType:
            self.function(value)  # type: ignore[arg-type]
        elif kind is types.MethodType:
            self.add((value.__func__, value.__self__), own)  # type: ignore[attr-defined]
        elif kind is functools.partial:
            self.take((value.func, *value.args, *value.keywords.values()), own)  # type: ignore[attr-defined]
        elif kind in (staticmethod, classmethod):
            self.add((value.__func__,), own)  # type: ignore[attr-defined]
        elif kind is property:
            self.add((value.fget, value.fset), own)  # type: ignore[attr-defined]
        elif kind is types.ModuleType:
            if self.owned.module(value):
                self.namespace(types.ModuleType.__getattribute__(value, "__dict__"))
        elif issubclass(kind, type):
            self.cls(value)  # type: ignore[arg-type]
        elif issubclass(kind, dict):
            self.mapping(value, own)  # type: ignore[arg-type]
        elif kind in (list, tuple, deque):
            self.take(list(value)[:MOST_ITEMS], own)  # type: ignore[call-overload]
        elif kind in (set, frozenset):
            # No order that lasts from one run to the next: what can be ordered is, the rest is left.
            texts = [part for part in list(value) if type(part) in (str, bytes)]  # type: ignore[call-overload]
            self.take(sorted(texts, key=repr)[:MOST_ITEMS], own)
        else:
            self.instance(value)

    def function(self, function: types.FunctionType) -> None:
        code = function.__code__
        own = self.owned.file(code.co_filename)
        if own:
            self.found.codes.append(code)
            self.take(function.__defaults__ or (), own)
            self.take((function.__kwdefaults__ or {}).values(), own)
        cells: list[object] = []
        for cell in function.__closure__ or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:      # not filled yet
                continue
        self.take(cells, own)
        self.add(function.__dict__.values(), own)
        if own:
            self.namespace(function.__globals__)

    def namespace(self, names: dict[str, Any]) -> None:
        if id(names) in self.seen:
            return
        self.seen[id(names)] = names
        filename = names.get("__file__")
        if type(filename) is str:
            self.found.files.append(filename)
        self.mapping({name: value for name, value in list(names.items()) if not name.startswith("__")}, True,
                     keys=False)

    def mapping(self, mapping: dict[Any, Any], own: bool, keys: bool = True) -> None:
        items = list(dict.items(mapping))[:MOST_ITEMS]
        if keys:
            self.take([part for item in items for part in item], own)
        else:
            self.take([value for _, value in items], own)
        if own:
            for key, value in items:
                function = function_of(value) if type(key) is str else None
                if function is not None:
                    self.found.dispatch.append((key, unwrapped(function).__code__))

    def cls(self, cls: type) -> None:
        own = self.owned.module(_module_of_class(cls))
        names = _class_dict(cls)
        values = [(name, value) for name, value in list(names.items())[:MOST_ITEMS] if not name.startswith("__")]
        if not own:
            return
        self.found.names += [name for name, value in values if type(value).__name__.endswith("Field")]
        annotations = names.get("__annotations__")
        if type(annotations) is dict:
            self.found.names += [name for name in annotations if type(name) is str]
        init = [names[name] for name in ("__call__", "__init__", "__iter__") if name in names]
        self.take([*init, *(value for _, value in values)], own)
        self.add(_class_mro(cls)[1:], own)

    def instance(self, value: object) -> None:
        cls = type(value)
        own = self.owned.module(_module_of_class(cls))
        self.add(_class_mro(cls)[:-1], own)
        self.take([part for item in list(_instance_dict(value).items())[:MOST_ITEMS] for part in item[1:]], own)
        self.take(_slots(value), own)


def called_from(app: object) -> frozenset[types.CodeType]:
    """Return the code that a function application can come to by name: its own, and that of what it names.

    A module may hold more than this one application; what stands in the others' code matters less. Empty
    where the application is no function.
    """
    if any(base is Spied for base in _class_mro(type(app))):
        app = app.__wrapped__  # type: ignore[attr-defined]  # the spy is ours, and what it wraps is meant
    start = function_of(app)
    if start is None:
        return frozenset()
    start = unwrapped(start)
    names = start.__globals__
    met: set[types.CodeType] = set()
    queue = [start.__code__]
    while queue and len(met) < MOST_OBJECTS:
        code = queue.pop()
        if code in met:
            continue
        met.add(code)
        queue += [part for part in code.co_consts if type(part) is types.CodeType]
        for name in code.co_names:
            value = names.get(name)
            function = function_of(value) if type(value) is types.FunctionType else None
            if function is not None and function.__globals__ is names:
                queue.append(function.__code__)
            elif isinstance(value, type) and type(value) is type:
                queue += [part.__code__ for part in _class_dict(value).values() if type(part) is types.FunctionType]
    return frozenset(met)


def walk(app: object, module: types.ModuleType | None, owned: Owned) -> Found:
    """Return what is met on the way from `app`, then from the globals of `module`, nearest first."""
    walker = _Walk(owned)
    walker.add((app,), True)
    walker.run()
    if module is not None:
        walker.add((module,), True)
    return walker.run()
