"""The stage for examples of hygiene rules: the texts of sites in, the facts of their imports out, one fork a load.

Law: the facts come about as those of a user's target do; only how the process is started differs.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import HarnessError
from ..model.imported import Imported, Trial
from .child import Child, Death, Watch
from .examine import Load, attempt, examine
from .survey import survey

__all__ = ["import_facts"]

_SECONDS_EACH = 10.0


Site = str | Mapping[str, str]
"""The text of a WSGI script, or the texts of all files of a site by name, its script called wsgi.py."""


def import_facts(sites: Sequence[Site]) -> list[Imported]:
    """Import the script of each site, and return what that did.

    Raises:
        HarnessError: one of them ended the process, or is no module with an application.
    """
    found: list[Imported] = []
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with Child("wsgicheck.harness.import_stage", tuple(_files(site) for site in sites), environment=environment,
               watch=Watch(timeout=_SECONDS_EACH)) as child:
        for message in child.messages(time.monotonic() + _SECONDS_EACH * (len(sites) + 1)):
            if isinstance(message, Death):
                raise HarnessError(f"importing example {len(found)} ended: {message.detail}; {message.output[-300:]}")
            kind, payload = message
            if kind == "facts":
                found.append(payload)
            elif kind == "failed":
                raise HarnessError(f"importing example {len(found)} failed: {payload}")
    return found


def _files(site: Site) -> dict[str, str]:
    return {"wsgi.py": site} if isinstance(site, str) else dict(site)


def _forked(act: Callable[[], Any]) -> Any:
    """Return act(), called in a fork of this process."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        try:
            result: Any = act()
        except BaseException as error:
            result = f"{type(error).__name__}: {error}"
        with open(write, "wb") as pipe:
            pickle.dump(result, pipe)
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(data) if data else "the process ended"


class _Failed(Exception):
    """A load went wrong."""


def _facts(files: Mapping[str, str]) -> Imported:
    folder = os.path.realpath(tempfile.mkdtemp(prefix="wsgicheck-site-"))
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as script:
            script.write(text)
    os.chdir(folder)

    def make(load: Load) -> Any:
        result = _forked(lambda: attempt(load) if load.trial else examine(load))
        if isinstance(result, (Imported, Trial)):
            return result
        raise _Failed(result)

    try:
        return survey(Load("wsgi", folder, again=True), make, make)
    finally:
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)


def _main(argument: str) -> None:
    sites, channel, box = Child.inside(argument)
    sys.path[:] = [entry for entry in sys.path if entry]
    for files in sites:
        box.begin("import")
        try:
            channel.send(("facts", _facts(files)))
        except _Failed as failure:
            channel.send(("failed", str(failure)))
            break
        box.end()
    channel.send(("done", None))
    channel.close()


if __name__ == "__main__":
    _main(sys.argv[1])
