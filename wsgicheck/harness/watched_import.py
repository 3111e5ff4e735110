"""The watch over a process that imports a target: what lines of the user's own code do to the process.

Laws: what is watched behaves as before, and what the watch itself gets wrong is swallowed; only what is the
user's own is told (see blame.py); a change that has been taken back by the time of asking is none, nor is a
thread, a file or a socket that has ended by the end of the import.
The watch stays for the life of the process: audit hooks cannot be taken off.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..model.finding import Site
from ..model.imported import Act, Deed, Phase, selects_site
from ..show import show
from .blame import Blame, Owner
from .watched_calls import watch_call
from .watched_streams import WatchedArguments, watch_stderr, watch_stdin, watch_stdout

__all__ = ["Watcher"]

_MOST = 500
"""Different acts that are kept."""
_LOOK_AROUND = frozenset({"pdb"})
"""Modules of the standard library that look for a file in the working directory which need not be there."""
_PARSERS = frozenset({"absl", "click", "docopt", "fire", "typer", "plac"})


@dataclass(slots=True)
class _Entry:
    act: Act
    lasts: Callable[[], bool] | None
    """Whether it is still so; None where it always counts."""


def _descriptors() -> dict[int, str]:
    """Return what each open descriptor of this process leads to; empty where the system does not tell."""
    found: dict[int, str] = {}
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in names:
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except (OSError, ValueError):
            continue  # the one that lists them
    return found


class Watcher:
    """Watches this process from `start()` on.

    Args:
        roots: folders of the target's own code, where it is installed like a library.
        told: is given each new act as it happens, for the case that the process does not live to tell.
    """

    def __init__(self, roots: tuple[str, ...] = (), told: Callable[[Act], None] | None = None) -> None:
        self.phase = Phase.IMPORT
        self._owner = Owner(roots)
        self._told = told
        self._entries: dict[tuple[Any, ...], _Entry] = {}
        self._busy = threading.local()
        self._lock = threading.Lock()
        self._openers: dict[str, Blame] = {}
        self._sockets: list[weakref.ref[socket.socket]] = []
        self.attentive = False
        """Whether what is left to the garbage collector now counts."""
        self._collecting = False
        self.foreign_sockets = 0
        """Sockets that the import has left open and that no object of Python's stands for."""

    # -- noting ------------------------------------------------------------------------------------------
    def _note(self, deed: Deed, what: str, blame: Blame | None, subject: str = "", detail: str = "",
              lasts: Callable[[], bool] | None = None) -> None:
        if blame is None:
            return
        key = (deed, blame.site, subject, self.phase)
        with self._lock:
            known = self._entries.get(key)
            if known is not None:
                known.lasts = lasts
                known.act = replace(known.act, count=known.act.count + 1)
                return
            if len(self._entries) >= _MOST:
                return
            act = Act(deed, what, blame.site, self.phase, subject, detail, blame.via)
            self._entries[key] = _Entry(act, lasts)
        if self._told is not None:
            self._told(act)

    def _quietly(self, tell: Callable[..., None]) -> Callable[..., None]:
        """Return `tell` so that it neither raises nor hears itself."""
        busy = self._busy

        def quiet(*args: Any) -> None:
            if getattr(busy, "on", False):
                return
            busy.on = True
            try:
                tell(*args)
            except Exception:
                pass  # the subject must not notice
            finally:
                busy.on = False

        return quiet

    # -- starting ----------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin to watch."""
        self._before = dict(os.environ)
        self._descriptors = _descriptors()
        self._stdout = watch_stdout(self._quietly(self._output("stdout")))
        self._stderr = watch_stderr(self._quietly(self._output("stderr")))
        watch_stdin(self._quietly(lambda name, data: self._note(Deed.READ_STDIN, "sys.stdin is read", self._here())))
        arguments = WatchedArguments(sys.argv)
        arguments.told = self._quietly(self._arguments)
        sys.argv = arguments
        self._watch_calls()
        handlers = {name: self._quietly(tell) for name, tell in self._audited().items()}

        def hook(event: str, args: tuple[Any, ...]) -> None:
            tell = handlers.get(event)
            if tell is not None:
                tell(args)

        sys.addaudithook(hook)

    def _here(self) -> Blame | None:
        return self._owner.blame(sys._getframe(1))

    def _output(self, stream: str) -> Callable[[str, bytes], None]:
        def tell(name: str, data: bytes) -> None:
            blame = self._here()
            if name == "write":
                text = data.decode("utf-8", "replace").strip()
                if text:
                    self._note(Deed.PRINTED, f"{show(text, 60)} is printed", blame)
            elif name == "isatty" and blame is not None and not blame.caller:
                self._note(Deed.ASKED_TERMINAL, f"sys.{stream}.isatty()", blame, stream)
            elif name == "close":
                self._note(Deed.CLOSED_STREAM, f"sys.{stream}.close()", blame, stream)

        return tell

    def _arguments(self) -> None:
        blame = self._here()
        if blame is not None and (not blame.via or blame.via in _PARSERS):
            how = f" by {blame.caller.partition('.')[0]}" if blame.caller else ""
            self._note(Deed.ARGV, f"sys.argv is read{how}", blame)

    # -- calls that are watched --------------------------------------------------------------------------
    def _watch_calls(self) -> None:
        def watch(holder: Any, name: str, tell: Callable[..., None]) -> None:
            watch_call(holder, name, self._quietly(tell))

        initial = {number: signal.getsignal(number) for number in signal.valid_signals()}

        def on_signal(args: Any, keywords: Any) -> None:
            number = args[0] if args else keywords.get("signalnum")
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            self._note(Deed.SIGNAL, f"signal.signal({name}, …)", self._here(), name,
                       lasts=lambda: signal.getsignal(number) is not initial.get(number))

        def on_locale(args: Any, keywords: Any) -> None:
            wanted = args[1] if len(args) > 1 else keywords.get("locale")
            if wanted is not None:
                self._note(Deed.LOCALE, f"locale.setlocale(…, {show(wanted, 40)})", self._here(), "locale",
                           lasts=lambda: locale.setlocale(locale.LC_ALL) != current)

        current = locale.setlocale(locale.LC_ALL)
        watch(signal, "signal", on_signal)
        watch(locale, "setlocale", on_locale)
        watch(time, "tzset", lambda args, keywords: self._note(Deed.LOCALE, "time.tzset()", self._here(), "tzset"))
        watch(atexit, "register", self._on_exit)
        watch(os.path, "expanduser", self._on_expanduser)
        environ: Any = type(os.environ)
        watch(environ, "setdefault", self._on_setdefault)
        watch(environ, "__getitem__", self._on_getitem)
        watch(socket.socket, "listen", self._on_listen)
        watch(threading.Thread, "start", self._on_thread)
        self._watch_defaults(watch)

    def _watch_defaults(self, watch: Callable[..., None]) -> None:
        umask = os.umask

        def mask_now() -> int:
            value = umask(0o022)  # there is no other way to ask
            umask(value)
            return value

        mask = mask_now()
        filters = list(warnings.filters)
        timeout, limit = socket.getdefaulttimeout(), sys.getrecursionlimit()
        disabled = logging.root.manager.disable

        def default(holder: Any, name: str, subject: str, changed: Callable[[], bool]) -> None:
            def tell(args: Any, keywords: Any) -> None:
                given = ", ".join([*(oct(value) if holder is os else show(value, 40) for value in args),
                                   *(f"{key}={show(value, 40)}" for key, value in keywords.items())])
                module = getattr(holder, "__name__", "")
                self._note(Deed.DEFAULTS, f"{module}.{name}({given})", self._here(), subject, lasts=changed)

            watch(holder, name, tell)

        default(os, "umask", "the umask", lambda: mask_now() != mask)
        default(socket, "setdefaulttimeout", "the default timeout of sockets",
                lambda: socket.getdefaulttimeout() != timeout)
        default(sys, "setrecursionlimit", "the recursion limit", lambda: sys.getrecursionlimit() != limit)
        default(logging, "disable", "logging", lambda: logging.root.manager.disable != disabled)
        for name in ("simplefilter", "filterwarnings", "resetwarnings"):
            default(warnings, name, "the warnings filters", lambda: [
                item for item in warnings.filters if item not in filters and item[2] is not ResourceWarning] != [])

    def _on_exit(self, args: Any, keywords: Any) -> None:
        blame = self._here()
        if blame is not None and not blame.caller:
            self._note(Deed.ATEXIT, f"atexit.register({_name_of(args[0] if args else None)})", blame)

    def _on_expanduser(self, args: Any, keywords: Any) -> None:
        path = args[0] if args else keywords.get("path")
        blame = self._here()
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if text.startswith("~") and blame is not None and blame.caller in ("", "pathlib", "pathlib._local"):
            what = f"os.path.expanduser({show(text, 60)})" if not blame.caller else "the home directory, by pathlib"
            self._note(Deed.HOME, what, blame)

    def _on_getitem(self, args: Any, keywords: Any) -> None:
        if args[1:] == ("HOME",):
            blame = self._here()
            # Code that copies the whole of os.environ asks for each variable, and names none.
            if blame is not None and blame.caller in ("", "os", "collections.abc") and "HOME" in blame.code.co_consts:
                self._note(Deed.HOME, "HOME in os.environ", blame)

    def _on_setdefault(self, args: Any, keywords: Any) -> None:
        key, value = (*args[1:], "", "")[:2]
        if isinstance(key, str) and isinstance(value, str):
            self._note(Deed.SETDEFAULT, f"os.environ.setdefault({show(key, 60)}, {show(value, 60)})", self._here(),
                       key, value)

    def _on_thread(self, args: Any, keywords: Any) -> None:
        if self.phase is Phase.IMPORT:
            thread: threading.Thread = args[0]
            name = f"thread {show(thread.name, 40)}"
            self._note(Deed.THREAD, f"{name} is started", self._here(), name, lasts=thread.is_alive)

    def _on_listen(self, args: Any, keywords: Any) -> None:
        sock = args[0]
        address = sock.getsockname()
        text = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        self._note(Deed.LISTEN, f"a socket listens on {show(text, 60)[1:-1]}", self._here(), text)

    # -- what the interpreter tells ----------------------------------------------------------------------
    def _audited(self) -> dict[str, Callable[[tuple[Any, ...]], None]]:
        return {
            "os.chdir": lambda args: self._note(Deed.CHDIR, f"os.chdir({show(args[0], 60)})", self._here()),
            "os.putenv": self._on_putenv,
            "os.unsetenv": self._on_putenv,
            "open": self._on_open,
            "sqlite3.connect": self._on_sqlite,
            "socket.__new__": self._on_socket,
            "socket.connect": lambda args: self._on_network("connect", args[1]),
            "socket.getaddrinfo": lambda args: self._on_network("look up", args[0]),
            "socket.gethostbyname": lambda args: self._on_network("look up", args[0]),
            "socket.gethostbyaddr": lambda args: self._on_network("look up", args[0]),
        }

    def _on_putenv(self, args: tuple[Any, ...]) -> None:
        key = os.fsdecode(args[0])
        value = os.fsdecode(args[1]) if len(args) > 1 else None
        before, now = self._before.get(key), os.environ.get(key)
        if value == now and not selects_site(key):
            return
        what = (f"os.environ[{show(key, 60)}] = {_secretless(key, value)}" if value is not None
                else f"del os.environ[{show(key, 60)}]")
        self._note(Deed.ENVIRON, what, self._here(), key, value or "",
                   lasts=lambda: os.environ.get(key) != before or selects_site(key))

    def _on_open(self, args: tuple[Any, ...]) -> None:
        path = args[0]
        if isinstance(path, int):
            return
        blame = self._here()
        if blame is None:
            return
        text = os.fsdecode(path)
        self._opened(text, f"what open({show(text, 80)}) gave is left open", blame)
        if not os.path.isabs(text) and not blame.via and blame.caller not in _LOOK_AROUND:
            self._note(Deed.RELATIVE, f"open({show(text, 80)})", blame, text)

    def _on_sqlite(self, args: tuple[Any, ...]) -> None:
        blame = self._here()
        if blame is None or not isinstance(args[0], (str, bytes, os.PathLike)):
            return
        text = os.fsdecode(args[0])
        if text and not text.startswith((":", "file:")):
            self._opened(text, f"what sqlite3.connect({show(text, 80)}) gave is left open", blame)
            if not os.path.isabs(text) and not blame.via:
                self._note(Deed.RELATIVE, f"sqlite3.connect({show(text, 80)})", blame, text)

    def _opened(self, path: str, what: str, blame: Blame) -> None:
        full = os.path.realpath(path)
        if len(self._openers) < 5000:
            self._openers[path] = self._openers[full] = blame
        if self.phase is Phase.IMPORT:
            for key in [key for key in self._entries if key[0] is Deed.OPEN and key[2] == full]:
                del self._entries[key]  # who opened it last has it open
            self._note(Deed.OPEN, what, blame, full, lasts=lambda: self._is_open(full))

    def _is_open(self, path: str) -> bool:
        """Tell whether a descriptor that the import opened leads to `path`, appending files (logs) aside."""
        for fd, target in _descriptors().items():
            name = target.removesuffix(" (deleted)")
            # A temporary file without a name is opened by its folder's.
            if (name == path or name.startswith(f"{path}/#")) and self._descriptors.get(fd) != target:
                try:
                    if not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND:
                        return True
                except OSError:
                    continue
        return False

    def _on_socket(self, args: tuple[Any, ...]) -> None:
        if self.phase is Phase.IMPORT:
            self._sockets.append(weakref.ref(args[0]))
        blame = self._here()
        if blame is None:
            return
        self._openers["socket"] = blame
        if self.phase is not Phase.IMPORT:
            return
        held = weakref.ref(args[0])

        def is_open() -> bool:
            sock = held()
            return sock is not None and sock.fileno() >= 0

        if "asyncio.selector_events" in blame.through:
            self._note(Deed.LOOP, "an event loop is made and left open", blame, lasts=is_open)
        else:
            self._note(Deed.OPEN, "a socket is left open", blame, "socket", lasts=is_open)

    def _on_network(self, doing: str, address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2:
            text = f"{address[0]}:{address[1]}"
        elif isinstance(address, (str, bytes)) and address and doing != "connect":
            text = os.fsdecode(address)
            if text == "localhost" or text.replace(".", "").isdigit() or ":" in text or text == "0":
                return
        else:
            return
        self._note(Deed.NETWORK, f"{doing} {show(text, 80)[1:-1]}", self._here(), text)

    # -- later -------------------------------------------------------------------------------------------
    def import_is_over(self) -> None:
        """Settle what the import has left behind, and watch requests from now on."""
        self._settle()
        known = {sock.fileno() for held in self._sockets if (sock := held()) is not None}
        self.foreign_sockets = sum(
            target.startswith("socket:") and fd not in known and self._descriptors.get(fd) != target
            for fd, target in _descriptors().items())
        self._sockets.clear()
        self.phase = Phase.REQUEST

    def watch_resources(self, *, collected: bool) -> None:
        """Watch what is left to the garbage collector while `attentive`, by way of ResourceWarning.

        Args:
            collected: also what only the search for cycles finds, whenever that comes.
        """
        told = warnings.showwarning

        def showwarning(message: Any, category: Any, *rest: Any, **keywords: Any) -> None:
            if isinstance(category, type) and issubclass(category, ResourceWarning):
                if self.attentive and (collected or not self._collecting):
                    self._quietly(self._on_unclosed)(str(message))
            else:
                told(message, category, *rest, **keywords)

        warnings.showwarning = showwarning
        warnings.filterwarnings("always", category=ResourceWarning)
        gc.callbacks.append(self._on_collection)

    def _on_collection(self, phase: str, info: Any) -> None:
        self._collecting = phase == "start"

    def _on_unclosed(self, message: str) -> None:
        blame = None
        if "socket.socket" in message:
            blame = self._openers.get("socket")
        elif "name=" in message:
            path = message.partition("name='")[2].partition("'")[0]
            blame = self._openers.get(path) or self._openers.get(os.path.realpath(path))
        self._note(Deed.UNCLOSED, show(message, 160)[1:-1], blame)

    def _settle(self) -> None:
        with self._lock:
            entries = list(self._entries.items())
        for key, entry in entries:
            if entry.lasts is None or entry.act.phase is not self.phase:
                continue
            if _still(entry.lasts):
                entry.lasts = None if entry.act.phase is Phase.IMPORT else entry.lasts
            else:
                del self._entries[key]

    def acts(self) -> tuple[Act, ...]:
        """Return what counts of what has been done so far, in order."""
        with self._lock:
            entries = list(self._entries.values())
        return tuple(entry.act for entry in entries if entry.lasts is None or _still(entry.lasts))

    def replaced(self) -> tuple[tuple[str, str], ...]:
        """Return which of sys.stdout and sys.stderr is another object now, and its type.

        sys.stdout = sys.stderr is what the documentation of mod_wsgi once told people to write, and harmless.
        """
        found = []
        if sys.stdout is not self._stdout and sys.stdout is not self._stderr:
            found.append(("stdout", type(sys.stdout).__name__))
        if sys.stderr is not self._stderr:
            found.append(("stderr", type(sys.stderr).__name__))
        return tuple(found)

    def owns(self, file: str) -> bool:
        """Tell whether `file` is the user's own."""
        return self._owner.owns(file)

    def site_of(self, error: BaseException) -> Site | None:
        """Return the last line of the user's own code in the traceback of `error`."""
        from ..spies.site import line_of

        found, traceback = None, error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if self.owns(code.co_filename):
                found = line_of(code, traceback.tb_lineno)
            traceback = traceback.tb_next
        return found


def _still(lasts: Callable[[], bool]) -> bool:
    try:
        return lasts()
    except Exception:
        return False


def _name_of(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or type(value).__name__)


def _secretless(key: str, value: str) -> str:
    """Return the value as it may be shown: what smells of a secret goes into no report."""
    if any(word in key.upper() for word in ("SECRET", "PASSWORD", "TOKEN", "KEY", "CREDENTIAL", "_URL", "DSN")):
        return "'…'"
    return show(value, 60)
