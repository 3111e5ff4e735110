"""One Python environment per recipe, made once and kept in the user's cache folder.

Laws: an environment is complete or absent (it is marked when all of it is installed); its name carries a
digest of what it was made from, so that a changed recipe makes a new one; two runs that want the same one
wait for each other. Nothing but the recipe's own requirements goes in, since some servers change their ways
when a further package can be imported.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import HarnessError
from .recipes import Recipe

__all__ = ["cache_folder", "environment", "versions"]

_INSTALL_SECONDS = 600


def cache_folder() -> Path:
    """Return the folder that keeps the environments: $WSGICHECK_CACHE, else below the user's cache folder."""
    named = os.environ.get("WSGICHECK_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wsgicheck"


def interpreter(recipe: Recipe) -> str:
    """Return the Python that the recipe asks for ("" means the running one).

    Raises HarnessError where there is none.
    """
    if not recipe.python:
        return os.path.realpath(sys.executable)
    found = shutil.which(recipe.python)
    if found is None:
        raise HarnessError(f"{recipe.name} needs {recipe.python}, which is not on this machine")
    try:
        done = subprocess.run([found, "-c", "import sys; print(sys.executable)"], capture_output=True,
                              text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise HarnessError(f"{recipe.name} needs {recipe.python}, which does not start here") from error
    return done.stdout.strip()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], what: str) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, env=clean)
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"{what} took more than {_INSTALL_SECONDS} s") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise HarnessError(f"{what} failed: {lines[-1] if lines else f'exit code {done.returncode}'}")


def environment(recipe: Recipe) -> Path:
    """Return the Python interpreter of the recipe's environment, after making it where it is missing.

    Raises HarnessError where a program of the system is missing or the installation fails.
    """
    for program in recipe.programs:
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            packages = " ".join(recipe.apt) or program
            raise HarnessError(f"{recipe.name} needs {program}: apt-get install {packages}")
    if not recipe.install:
        return Path(interpreter(recipe) if recipe.python else sys.executable)
    python = interpreter(recipe)
    made_from = json.dumps([python, sorted(recipe.install), recipe.no_binary_cache])
    digest = hashlib.sha256(made_from.encode()).hexdigest()[:12]
    stem = "-".join(sorted(recipe.install))
    safe = "".join(c if c.isalnum() or c in "-." else "_" for c in stem)[:40]
    base = cache_folder()
    if recipe.world_readable and os.geteuid() == 0 and not os.environ.get("WSGICHECK_CACHE"):
        base = Path("/var/cache/wsgicheck")  # nobody else may look below root's home
    folder = base / "environments" / f"{safe}-{digest}"
    inside = folder / "bin" / "python"
    ready = folder / "wsgicheck-ready"
    if ready.exists():
        return inside
    with _alone(folder):
        if ready.exists():
            return inside
        shutil.rmtree(folder, ignore_errors=True)
        _run([python, "-m", "venv", str(folder)], f"making the environment of {recipe.name}")
        options = ["--no-cache-dir"] if recipe.no_binary_cache else []
        _run([str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options,
              *recipe.install], f"installing {' '.join(recipe.install)} for {recipe.name}")
        ready.write_text(made_from)
    return inside


def _of_system(packages: tuple[str, ...]) -> list[str]:
    """Return "name version" of the Debian packages, [] where this is no Debian."""
    if not packages or shutil.which("dpkg-query") is None:
        return []
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True,
                          text=True)
    return done.stdout.splitlines()


def versions(python: Path, recipe: Recipe) -> tuple[str, ...]:
    """Return "name version" of what the recipe runs, as its interpreter and system find it, and of Python."""
    code = ("import importlib.metadata as m, platform, sys\n"
            "print(platform.python_implementation(), platform.python_version())\n"
            "for n in sys.argv[1:]:\n"
            "    try: print(n, m.version(n))\n"
            "    except m.PackageNotFoundError: pass\n")
    try:
        done = subprocess.run([str(python), "-I", "-c", code, *recipe.packages], capture_output=True, text=True,
                              timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()
    lines = done.stdout.splitlines()
    return (*lines[1:], *_of_system(recipe.apt), *lines[:1])
