"""One run of a server: its folder, its processes, and the certainty that none of them is left behind.

Laws: the port is bound and freed by us first, so that a server that shares a busy port cannot pass for
another; ready means a 200 from our probe with this run's id; each process has a session of its own, SIGINT
at its default and an environment without our Python's variables; TERM, then KILL, then every process that
carries the run's mark in its environment or command line, also when we are interrupted.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from ..errors import HarnessError
from .channel import Channel
from .recipes import Recipe, fill

__all__ = ["HOST", "Launched", "free_port"]

HOST = "127.0.0.1"
_POLL = 0.02
_LOG_MOST = 1024 * 1024
_READY = b"GET /wsgicheck-ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# What the probe needs inside the server; the rest of the package stays outside.
_LAYERS = ("model", "rules", "reference", "spies", "targets")
_MODULES = ("errors.py", "show.py", "syntax.py", "plan.py", "harness/__init__.py", "harness/channel.py",
            "harness/probe.py", "harness/onlooker.py")


def free_port(wanted: int = 0) -> int:
    """Return a port of the loopback interface that nothing listens on now.

    Raises HarnessError where it is to be `wanted`, and that cannot be had.
    """
    with socket.socket() as probe:
        if wanted:
            # What a connection that has just ended leaves behind is in nobody's way; who listens there is.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise HarnessError(f"port {wanted} of {HOST} cannot be had: {error.strerror or error}") from None
        return int(probe.getsockname()[1])


def _copy_package(to: Path) -> None:
    """Copy the layers the probe needs, and nothing of what else is installed beside us."""
    here = Path(__file__).resolve().parent.parent
    target = to / here.name
    target.mkdir(parents=True)
    (target / "__init__.py").write_text("")
    ignore = shutil.ignore_patterns("__pycache__", "*.rst", "*.tsv")
    for name in _LAYERS:
        shutil.copytree(here / name, target / name, ignore=ignore)
    for name in _MODULES:
        (target / name).parent.mkdir(exist_ok=True)
        shutil.copy(here / name, target / name)


def _sigint_is_ignored() -> bool:
    # A background job of a shell passes SIGINT on ignored, and CPython then installs no handler. Only then is
    # it worth running Python between fork and exec, which is not safe beside threads.
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def _default_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Launched:
    """A server that runs one recipe; a context manager.

    Args:
        kind: which kind of callable the probe is.
        target: the user's application, to be run in place of the probe.
        port: where to listen, 0 for any port that is free.
        channel: the folder of the probe's channel, None for the run's own.
    """

    def __init__(self, recipe: Recipe, python: Path, *, kind: str = "function", target: str = "", port: int = 0,
                 channel: Path | None = None) -> None:
        self.recipe, self.python, self.kind, self.target = recipe, python, kind, target
        self.wanted_port, self.channel_folder = port, channel
        self.run = f"wsgicheck-run-{secrets.token_hex(8)}-end"
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        self.folder = Path()
        self.channel = Channel(self.folder)
        self.seconds_to_ready = 0.0

    # -- starting ----------------------------------------------------------------------------------------
    def __enter__(self) -> Launched:
        self.folder = Path(tempfile.mkdtemp(prefix="wsgicheck-"))
        try:
            self.folder.chmod(0o777 if self.recipe.world_readable else 0o755)
            self.channel = Channel(self.channel_folder or self.folder)
            self.channel.prepare()
            self._write_files()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _values(self, port2: int) -> dict[str, str]:
        enclosing = self.python.parent
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        built = next(iter(sorted(enclosing.parent.glob("lib/python3*/site-packages/mod_wsgi/server/*.so"))), "")
        return {"host": HOST, "port": str(self.port), "port2": str(port2), "dir": str(self.folder),
                "python": str(self.python), "bin": str(enclosing), "env": str(enclosing.parent),
                "app": "wsgicheck_probe:application", "module": "wsgicheck_probe",
                "site": str(self.folder / "site"), "apache_user": user, "mod_wsgi_py": str(built)}

    def _write_files(self) -> None:
        self.port = free_port(self.wanted_port)
        self.values = self._values(free_port())
        site = self.folder / "site"
        self._furnish(site)
        if self.recipe.world_readable:
            # Another user cannot keep what it compiles, and CGI would compile it anew for each request.
            subprocess.run([str(self.python), "-m", "compileall", "-q", str(site)], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60)
        probe = f"import sys\nsys.path.insert(0, {str(site)!r})\n" + self._loader()
        for name, text in {"wsgicheck_probe.py": probe, **self.recipe.files}.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if name == "wsgicheck_probe.py" else fill(text.lstrip("\n"), self.values))
            path.chmod(0o755 if name in self.recipe.executable else 0o644)

    def _furnish(self, site: Path) -> None:
        """Put into `site` what the application needs of ours."""
        _copy_package(site)

    def _loader(self) -> str:
        """Return the lines that put the probe, or the user's application, under the name `application`."""
        folder, run = str(self.channel.folder), self.run
        if not self.target:
            return (f"from wsgicheck.harness.probe import load\n"
                    f"application = load({folder!r}, {run!r}, {self.kind!r})\n")
        search = [os.path.abspath(path) for path in ("", *sys.path[1:])]
        return (f"from wsgicheck.harness.onlooker import load\n"
                f"application = load({folder!r}, {run!r}, {self.target!r}, {search!r})\n")

    def _environment(self) -> dict[str, str]:
        dropped = ("PYTHON", "PIP_", "VIRTUAL_ENV", "DJANGO_", "FLASK_", "GUNICORN_", "UWSGI_", "UVICORN_",
                   "WEB_CONCURRENCY", "HTTP_")
        kept = {k: v for k, v in os.environ.items() if self.recipe.inherits or not k.startswith(dropped)}
        kept["PATH"] = f"{self.python.parent}:{kept.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        theirs = kept.get("PYTHONPATH")
        kept["PYTHONPATH"] = f"{self.folder}:{self.folder / 'site'}" + (f":{theirs}" if theirs else "")
        kept["PYTHONUNBUFFERED"] = "1"
        # Unique, and with an end of its own, so that no other run's mark contains it.
        kept["WSGICHECK_RUN_MARK"] = self.run
        return kept | {k: fill(v, self.values) for k, v in self.recipe.env.items()}

    def _start(self) -> None:
        begun = time.monotonic()
        until = begun + self.recipe.ready
        for number, one in enumerate(self.recipe.processes):
            command = [fill(word, self.values) for word in one.command]
            if command[0] == "python":
                command[0] = str(self.python)
            with open(self.folder / f"process{number}.log", "ab") as log:
                try:
                    # A command of the user's own is run where the user is.
                    where = None if self.recipe.inherits else self.folder
                    self.processes.append(subprocess.Popen(
                        command, cwd=where, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log,
                        stderr=subprocess.STDOUT, start_new_session=True, umask=0o022,
                        preexec_fn=_default_sigint if _sigint_is_ignored() else None))
                except OSError as error:
                    raise HarnessError(f"{self.recipe.title} cannot be started: {command[0]}: "
                                       f"{error.strerror}") from error
            if one.port:
                self._until_open(int(fill(one.port, self.values)), until)
        self._until_ready(until)
        self.seconds_to_ready = time.monotonic() - begun

    def _until_open(self, port: int, until: float) -> None:
        while time.monotonic() < until and not self.ended():
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 0.5):
                return
            time.sleep(_POLL)
        raise HarnessError(self._not_ready("the back end does not listen"))

    def _until_ready(self, until: float) -> None:
        answer = b""
        while time.monotonic() < until:
            answer = self.ping() or answer
            if self.run.encode() in answer:
                return
            if self.ended():
                raise HarnessError(self._not_ready(self.ended()))
            time.sleep(_POLL)
        first = answer.partition(b"\r\n")[0].decode("latin-1")
        raise HarnessError(self._not_ready(
            f"no 200 from the probe in {self.recipe.ready:.0f} s" + (f"; last answer: {first}" if first else "")))

    def _not_ready(self, why: str) -> str:
        tail = self.log().strip().splitlines()[-6:]
        return f"{self.recipe.title} did not start: {why}" + "".join(f"\n    {line[:200]}" for line in tail)

    # -- while it runs -----------------------------------------------------------------------------------
    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return HOST, self.port

    def ping(self, seconds: float = 2.0) -> bytes:
        """Ask for the run's id over a fresh connection; return the answer, b"" where none came."""
        data = b""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), seconds) as line:
            line.settimeout(seconds)
            line.sendall(_READY)
            while self.run.encode() not in data and len(data) < 65536:
                piece = line.recv(4096)
                if not piece:
                    break
                data += piece
        return data

    @property
    def alive(self) -> bool:
        """Whether the probe answers for this run."""
        return self.run.encode() in self.ping()

    def ended(self) -> str:
        """Return how a process of the server ended, "" while all run."""
        for process in self.processes:
            code = process.poll()
            if code is not None:
                if code < 0:
                    with contextlib.suppress(ValueError):
                        return f"ended by {signal.Signals(-code).name}"
                return f"exited with code {code}"
        return ""

    def log(self) -> str:
        """Return all that the server wrote to its outputs and log files, each file's last mebibyte."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - _LOG_MOST))
                parts.append(file.read().decode("utf-8", "replace"))
        return "".join(parts)

    def log_size(self) -> dict[str, int]:
        """Return how long each log is now, to read on from there."""
        return {path.name: path.stat().st_size for path in self.folder.glob("*.log")}

    def log_since(self, sizes: dict[str, int]) -> str:
        """Return what was logged since `sizes` was taken."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                file.seek(sizes.get(path.name, 0))
                parts.append(file.read(_LOG_MOST).decode("utf-8", "replace"))
        return "".join(parts)

    # -- stopping ----------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Stop every process of this run and remove its folder."""
        for process in reversed(self.processes):
            with contextlib.suppress(OSError):
                process.terminate()
        until = time.monotonic() + self.recipe.grace
        for process in reversed(self.processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.05, until - time.monotonic()))
        for process in self.processes:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        for pid in self.survivors():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.processes = []
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def survivors(self) -> list[int]:
        """Return the processes that carry this run's mark; [] where the system cannot tell."""
        if not sys.platform.startswith("linux"):
            return []
        mark, folder = self.run.encode(), str(self.folder).encode() + b"/"
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes() or folder in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
