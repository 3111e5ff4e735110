"""Runs a function on a module right after that module was imported, before anybody has taken names out of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["after_import"]

Change = Callable[[ModuleType], None]


class _Loader(Loader):
    """Loads as `loader` does, then makes the change and leaves `loader` in its place."""

    def __init__(self, loader: Any, change: Change) -> None:
        self._loader, self._change = loader, change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._change(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _Finder(MetaPathFinder):
    """Finds as the other finders do, and sees to the change."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = dict(changes)
        self._looking: set[str] = set()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None,
                  ) -> ModuleSpec | None:
        change = self._changes.get(fullname)
        if change is None or fullname in self._looking:
            return None
        self._looking.add(fullname)
        try:
            spec = find_spec(fullname)
        finally:
            self._looking.discard(fullname)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return None
        spec.loader = _Loader(spec.loader, change)
        return spec


def after_import(changes: Mapping[str, Change]) -> None:
    """Make each change to the module of that name: now, if it was imported already, else when it is."""
    missing = {name: change for name, change in changes.items() if name not in sys.modules}
    for name, change in changes.items():
        if name not in missing:
            change(sys.modules[name])
    if missing:
        sys.meta_path.insert(0, _Finder(missing))
