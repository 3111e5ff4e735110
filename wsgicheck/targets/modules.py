"""Importing the module or the file that a target names, and saying in one line why that fails.

A missing module is one of three different things, and each has its own remedy: the target is misspelt, it
stands where Python does not look, or it is there and something that it imports is missing.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType, TracebackType
from typing import TypeVar

from ..errors import TargetError
from ..show import show
from .spec import Spec, one_line

__all__ = ["guarded", "load_module"]

T = TypeVar("T")
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MACHINERY = os.path.dirname(importlib.__file__) + os.sep
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_FOLDERS_SEARCHED = 200
_NO_SOURCES = frozenset({"node_modules", "__pycache__", "build", "dist", "venv", "env"})


# -- whose line it was ---------------------------------------------------------------------------------------

def _relative(file: str) -> str:
    path = os.path.abspath(file)
    base = os.getcwd() + os.sep
    return path[len(base):] if path.startswith(base) else path


def _lines(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    """Yield (file, line) of what the target ran, outermost first; neither ours nor the import machinery's."""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(("<frozen ", _OURS, _MACHINERY)):
            yield file, traceback.tb_lineno
        traceback = traceback.tb_next


def _place(error: BaseException) -> str:
    """Return "file:line" of the last line of the user's own code that led to `error`, "" if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_relative(error.filename)}:{error.lineno}"
    lines = [(file, line) for file, line in _lines(error.__traceback__) if not file.startswith("<")]
    own = [(file, line) for file, line in lines
           if not file.startswith(_LIBRARIES) and "site-packages" not in file and "dist-packages" not in file]
    if not lines:
        return ""
    file, line = (own or lines)[-1]
    return f"{_relative(file)}:{line}"


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.msg:
        return error.msg
    try:
        return str(error)
    except Exception:
        return ""  # its __str__ is the user's too


def _described(error: BaseException) -> str:
    message = _message(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _remedy(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"; {error.name} is not installed where this Python looks ({sys.executable})"
    if type(error).__name__ == "ImproperlyConfigured" and "DJANGO_SETTINGS_MODULE" in _message(error):
        return "; name the settings with --settings, as in --settings mysite.settings"
    return ""


def guarded(doing: str, act: Callable[[], T]) -> T:
    """Return act(); whatever of the user's code it raises becomes one line that begins with `doing`.

    Raises:
        TargetError: `act` raised, or asked the process to exit.
    """
    try:
        return act()
    except (TargetError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        where = _place(error)
        code = "" if error.code is None else show(error.code, 80)
        raise TargetError(one_line(
            f"{doing} ended the process: sys.exit({code}){f' at {where}' if where else ''}; "
            'keep what runs the program under if __name__ == "__main__":')) from None
    except BaseException as error:
        where = _place(error)
        raise TargetError(one_line(f"{doing} raised {one_line(_described(error), 160)}"
                                   f"{f' at {where}' if where else ''}{_remedy(error)}", 400)) from None


# -- finding a module that is not where it was looked for ----------------------------------------------------

def _names_in(folders: list[str] | None) -> list[str]:
    return sorted({info.name for info in pkgutil.iter_modules(folders) if not info.name.startswith("_")})


def _here(base: str, relative: str) -> bool:
    stem = os.path.join(base, relative)
    return os.path.isfile(stem + ".py") or os.path.isfile(os.path.join(stem, "__init__.py"))


def _elsewhere(module: str) -> str:
    """Return a folder near the working directory from which `module` can be imported, "" if none is found."""
    relative = module.replace(".", os.sep)
    above = os.path.dirname(os.getcwd())
    if _here(above, relative):
        return ".."
    queue, seen = [""], 0
    while queue and seen < _FOLDERS_SEARCHED:
        folder = queue.pop(0)
        try:
            entries = sorted(os.scandir(folder or "."), key=lambda e: e.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _NO_SOURCES:
                continue
            try:
                if not entry.is_dir(follow_symlinks=False):
                    continue
            except OSError:
                continue
            seen += 1
            path = os.path.join(folder, entry.name)
            if _here(path, relative):
                return path
            if path.count(os.sep) < 2:
                queue.append(path)
    return ""


def _missing(spec: Spec, missing: str) -> TargetError:
    """Say why `missing`, the target's module or a package on the way to it, was not found."""
    parent, _, last = missing.rpartition(".")
    loaded = sys.modules.get(parent) if parent else None
    if loaded is not None:
        if hasattr(loaded, last):
            attribute = f"{last}.{spec.attribute}" if spec.attribute else last
            return TargetError(one_line(f"there is no module {missing}, but {parent} has an attribute {last}; "
                                        f"did you mean {parent}:{attribute}"))
        folders = list(getattr(loaded, "__path__", []))
        if not folders:
            return TargetError(one_line(f"there is no module {missing}: {parent} is a module "
                                        f"({_relative(loaded.__file__ or parent)}) and no package, "
                                        f"did you mean {parent}:{spec.attribute or last}"))
        names = _names_in(folders)
        near = get_close_matches(last, names, n=2, cutoff=0.5)
        if near:
            hint = "; did you mean " + " or ".join(f"{parent}.{name}" for name in near)
        else:
            hint = f"; {parent} contains {', '.join(names[:6]) or 'no modules'}"
        return TargetError(one_line(f"there is no module {last!r} in the package {parent} "
                                    f"({_relative(folders[0])}){hint}"))
    head = f"there is no module {missing!r}"
    base = _elsewhere(spec.module) or _elsewhere(missing)
    if base:
        return TargetError(one_line(f"{head} in {os.getcwd()}, but there is one in {base}; "
                                    f"run from there, or add --chdir {base}, or set PYTHONPATH={base}"))
    near = get_close_matches(missing, _names_in([os.getcwd()]), n=2, cutoff=0.6) or get_close_matches(
        missing, _names_in(None), n=1, cutoff=0.8)
    rest = spec.module[len(missing):]
    hint = ("did you mean " + " or ".join(name + rest for name in near) if near
            else "run from the project's folder, name it with --chdir DIR, or set PYTHONPATH")
    return TargetError(one_line(f"{head} in {os.getcwd()} or on the path of {sys.executable}; {hint}"))


# -- importing -----------------------------------------------------------------------------------------------

def _search_first(folder: str) -> None:
    """Put `folder` at the head of sys.path, where `python -m` has the working directory."""
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()


def _by_name(spec: Spec, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        wanted = error.name or ""
        on_the_way = wanted == name or name.startswith(wanted + ".")
        # A line of the user's own in the traceback means that the module is there and wants another one.
        if wanted and on_the_way and not any(_lines(error.__traceback__)):
            raise _missing(spec, wanted) from None
        raise


def _root_and_name(path: str) -> tuple[str, str]:
    """Return the folder that sys.path needs and the dotted name under which `path` is then imported."""
    folder, file = os.path.split(os.path.abspath(path))
    names = [] if file == "__init__.py" else [os.path.splitext(file)[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.basename(folder).isidentifier():
        folder, package = os.path.split(folder)
        names.insert(0, package)
    return folder, ".".join(names) or "__init__"


def _is_file(module: ModuleType, path: str) -> bool:
    try:
        return os.path.samefile(getattr(module, "__file__", None) or "", path)
    except OSError:
        return False


def _from_file(path: str) -> ModuleType:
    """Execute the file under a name that nothing else has."""
    name = "".join(c if c.isalnum() else "_" for c in os.path.splitext(os.path.basename(path))[0])
    if name in sys.modules or not name.isidentifier():
        name = f"target_{name}"
    spec = spec_from_file_location(name, path, loader=SourceFileLoader(name, path))
    if spec is None or spec.loader is None:
        raise TargetError(one_line(f"{path} cannot be loaded as Python"))
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _by_path(path: str) -> ModuleType:
    root, name = _root_and_name(path)
    _search_first(root)
    if path.endswith(".py") and "." in name:
        module = importlib.import_module(name)
        if _is_file(module, path):
            return module
        raise TargetError(one_line(f"{path} is {name}, but Python finds that name in "
                                   f"{getattr(module, '__file__', None)}; name the module instead of the file"))
    return _from_file(os.path.abspath(path))


def load_module(spec: Spec) -> ModuleType:
    """Import the module of `spec`, with the working directory (a file's root folder) first on sys.path.

    Raises:
        TargetError: it is missing, or raised or exited while it was imported.
    """
    _search_first(os.getcwd())
    if spec.path:
        return guarded(f"importing {spec.path}", lambda: _by_path(spec.path))
    return guarded(f"importing {spec.module}", lambda: _by_name(spec, spec.module))
