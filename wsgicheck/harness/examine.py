"""Inside the child: imports a target under watch, asks it a little, and tells what that did to the process.

Laws: what is told are facts (see model/imported.py); the target is loaded as every other run loads it; a trial
is the same load where one thing is otherwise, and is not watched.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..errors import TargetError
from ..model.imported import Act, Answered, Imported, Source, Trial
from ..model.request import Request
from ..reference.gateway import environ_of, serve
from ..show import show
from ..spies.site import user_line
from ..targets import load_object, load_target, parse_spec
from ..targets.frameworks import details_of
from ..targets.shape import Shape, shape_of
from .child import Child
from .watched_import import Watcher

__all__ = ["ANOTHER", "Load", "Watched", "attempt", "begin", "examine", "watch"]

ANOTHER = "another_site.settings"
"""The settings module of the site that has been loaded before, in a trial."""
_NOWHERE = "/nonexistent"
_CHANGES = {
    "directory": "the working directory is /",
    "home": f"HOME is {_NOWHERE}, as for the user of a daemon",
    "moved": f"the working directory is /, HOME is {_NOWHERE}",
}
_MOST_TEXT = 4_000_000
_MOST_REQUIRED = 10
_USUAL = ("application", "app")
_SET_BY_SERVERS = frozenset({
    "AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "HTTPS", "PATH_INFO",
    "PATH_TRANSLATED", "QUERY_STRING", "RAW_URI", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_PORT",
    "REMOTE_USER", "REQUEST_METHOD", "REQUEST_SCHEME", "REQUEST_URI", "SCRIPT_FILENAME", "SCRIPT_NAME",
    "SERVER_ADDR", "SERVER_ADMIN", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SIGNATURE",
    "SERVER_SOFTWARE"})
_PREFIXES = ("HTTP_", "SSL_", "wsgi.", "wsgiorg.", "x-wsgiorg.", "apache.", "mod_wsgi.", "mod_ssl.", "gunicorn.",
             "uwsgi.", "waitress.", "werkzeug.", "gevent.", "eventlet.", "cheroot.", "bjoern.", "paste.", "beaker.",
             "repoze.")
"""What CGI, servers and middleware put into environ; whether it may be relied on is another rule's matter."""


@dataclass(frozen=True, slots=True)
class Load:
    """One load of a target, as a child is asked for it.

    Attributes:
        directory: the working directory that the target is named from, absolute.
        paths: what to ask besides "/", percent-decoded, with or without ?query.
        trial: "" for the watched load, else the name of the trial.
        rival: for the trial "rival", the variable of os.environ that the other site has set.
        again: load it a second time afterwards.
    """

    target: str
    directory: str
    paths: tuple[str, ...] = ()
    trial: str = ""
    rival: str = ""
    again: bool = False


def _roots(target: str) -> tuple[str, ...]:
    """Return the folder of a target that is installed like a library, which is the user's own all the same."""
    spec = parse_spec(target)
    if spec.path:
        return (os.path.dirname(os.path.abspath(spec.path)),)
    try:
        found = find_spec(spec.module.partition(".")[0])
    except (ImportError, ValueError, AttributeError):
        return ()
    if found is None:
        return ()
    return tuple(found.submodule_search_locations or ()) or ((found.origin,) if found.origin else ())


def _anchored(target: str) -> str:
    """Return the target so that it names the same file from any working directory."""
    spec = parse_spec(target)
    return os.path.abspath(spec.path) + target.strip()[len(spec.path):] if spec.path else target


# -- asking --------------------------------------------------------------------------------------------------

def _request(path: str) -> Request:
    path, _, query = path.partition("?")
    return Request.make("GET", path or "/", query)


def _ask(application: Callable[..., Any], path: str) -> Answered:
    response = serve(application, _request(path))
    error = response.error
    if error is None:
        code = response.status[:3] if isinstance(response.status, str) else ""
        return Answered(path, int(code) if code.isascii() and code.isdigit() else 0)
    return Answered(path, 0, f"{type(error).__name__}: {show(str(error), 120)[1:-1]}", user_line(error))


def _answers(application: Callable[..., Any], paths: tuple[str, ...]) -> tuple[Answered, ...]:
    return tuple(_ask(application, path) for path in ("/", *paths))


def _required(application: Callable[..., Any]) -> tuple[str, ...]:
    """Return the variables of environ without which "/" raises KeyError, and with which it gets further."""
    missing: list[str] = []
    request = _request("/")
    while len(missing) < _MOST_REQUIRED:
        environ = environ_of(request)
        environ.update(dict.fromkeys(missing, "1"))
        error = serve(application, request, environ=environ).error
        key = error.args[0] if isinstance(error, KeyError) and error.args else None
        if not isinstance(key, str) or key in missing or key in environ:
            # Supplied, and asked for in vain all the same: another dict's key.
            return tuple(name for name in missing if name != key)
        if key in _SET_BY_SERVERS or key.startswith(_PREFIXES):
            return tuple(missing)
        missing.append(key)
    return tuple(missing)


# -- the watched load ----------------------------------------------------------------------------------------

@dataclass(slots=True)
class Watched:
    """A target that was loaded under watch."""

    watcher: Watcher
    facts: Imported
    application: Callable[..., Any] | None = None
    module: str = ""
    begun: float = 0.0
    seen_through: bool = False

    def loaded(self, module: ModuleType, attribute: str, application: Any, *, seen_through: bool = False) -> None:
        """Take note that the import is over, and of what it has given; requests are watched from now on.

        Args:
            seen_through: each of them will be seen through to its end. Otherwise `attend` tells of which that is
                true: a server that breaks off makes a law-abiding application leave a file to the garbage collector.
        """
        seconds = time.monotonic() - self.begun
        self.seen_through = self.watcher.attentive = seen_through
        self.watcher.import_is_over()
        self.watcher.watch_resources(collected=seen_through)
        self.module = module.__name__
        file = os.path.abspath(getattr(module, "__file__", None) or "")
        self.facts = Imported(file=file, attribute=attribute, usual=_is_usual(module), seconds=seconds,
                              details=details_of(application), sockets=self.watcher.foreign_sockets)

    def attend(self, on: bool) -> None:
        """Say whether what is made to happen from now on is seen through to its end."""
        self.watcher.attentive = on

    def now(self) -> Imported:
        """Return the facts as they are by now, requests included."""
        if self.seen_through:
            gc.collect()  # or what only cycles hold is never seen to be unclosed
        return replace(self.facts, acts=self.watcher.acts(), replaced=self.watcher.replaced(), patched=_patched(),
                       sources=tuple(_sources(self.watcher, self.facts.file)), modules=_modules())


def _modules() -> tuple[str, ...]:
    return tuple(sorted({name.partition(".")[0] for name in list(sys.modules)}))


def _patched() -> str:
    """Return the library that has replaced parts of the standard library, "" if none has."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if getattr(gevent, "saved", None):
        return "gevent"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    return "eventlet" if getattr(eventlet, "already_patched", None) else ""


def _sources(watcher: Watcher, script: str) -> Iterator[Source]:
    size = 0
    seen: set[str] = set()
    for name, module in sys.modules.copy().items():  # list() makes tuples, so that collectors and threads come in
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or file in seen or name in ("__main__", "__mp_main__"):
            continue
        if not file.endswith((".py", ".pyw", ".wsgi")) or not watcher.owns(file):
            continue
        seen.add(file)
        try:
            with open(file, encoding="utf-8", errors="replace") as text:
                source = Source(_relative(file), text.read(_MOST_TEXT), os.path.abspath(file) == script)
        except OSError:
            continue
        size += len(source.text)
        if size > _MOST_TEXT:
            return
        yield source


def _relative(file: str) -> str:
    path, base = os.path.abspath(file), os.getcwd() + os.sep
    return path[len(base):] if path.startswith(base) else path


def _is_usual(module: ModuleType) -> bool:
    return any(shape_of(vars(module).get(name)) is Shape.APPLICATION for name in _USUAL)


def begin(target: str, told: Callable[[Act], None] | None = None) -> Watched:
    """Begin to watch this process, which is about to import `target`."""
    watched = Watched(Watcher(_roots(target), told), Imported())
    watched.watcher.start()
    watched.begun = time.monotonic()
    return watched


def watch(target: str, told: Callable[[Act], None] | None = None) -> Watched:
    """Import `target` under watch; what it does afterwards is watched as its requests.

    Raises:
        TargetError: it cannot be imported, or is no WSGI application. That it called sys.exit() is told instead.
    """
    watched = begin(target, told)
    try:
        module, attribute, value = load_object(target)
    except TargetError as error:
        exit_ = error.__context__
        if not isinstance(exit_, SystemExit):
            raise
        site = watched.watcher.site_of(exit_)
        watched.watcher.import_is_over()
        code = "" if exit_.code is None else show(exit_.code, 80)
        watched.facts = Imported(exited=f"sys.exit({code})", exited_at=site)
        return watched
    shape = shape_of(value)
    if shape is Shape.ASYNC:
        watched.loaded(module, attribute, value)
        watched.facts = replace(watched.facts, asynchronous=True)
    elif shape is Shape.APPLICATION:
        watched.loaded(module, attribute, value, seen_through=True)
        watched.application = value
    else:
        load_target(target)  # which says what it is instead
    return watched


def examine(load: Load, told: Callable[[Act], None] | None = None) -> Imported:
    """Make the watched load, ask, and load again where that is wanted.

    Raises:
        TargetError: as `watch` does.
    """
    target = _anchored(load.target)  # it may change the working directory
    watched = watch(load.target, told)
    if watched.application is None:
        return watched.now()
    watched.facts = replace(watched.facts, answers=_answers(watched.application, load.paths),
                            required=_required(watched.application))
    facts = watched.now()
    if load.again:
        facts = replace(facts, trials=(_again(load, target, watched.module),))
    return facts


# -- trials --------------------------------------------------------------------------------------------------

def _tried(trial: Trial, load: Load, target: str) -> Trial:
    try:
        application = load_target(target).application
    except TargetError as error:
        cause = error.__context__
        if cause is None:
            return replace(trial, raised=str(error))
        return replace(trial, raised=f"{type(cause).__name__}: {show(str(cause), 120)[1:-1]}",
                       raised_at=user_line(cause))
    return replace(trial, answers=_answers(application, load.paths))


def _again(load: Load, target: str, module: str) -> Trial:
    """Load the script once more in this process, as mod_wsgi does when its file has changed."""
    sys.modules.pop(module, None)
    return _tried(Trial("again", "the script is loaded a second time in one process"), load, target)


def _settings(variable: str) -> str:
    """Return whose settings hold: what Django has read, else what the variable says."""
    conf: Any = sys.modules.get("django.conf")
    wrapped = getattr(getattr(conf, "settings", None), "_wrapped", None)
    module = getattr(wrapped, "SETTINGS_MODULE", None)
    if variable == "DJANGO_SETTINGS_MODULE" and isinstance(module, str):
        return module
    return os.environ.get(variable, "")


def attempt(load: Load) -> Trial:
    """Make one trial in this process, which is spent thereafter."""
    target = _anchored(load.target)
    if load.trial in ("directory", "moved"):
        sys.path.insert(0, load.directory)
        os.chdir("/")
    if load.trial in ("home", "moved"):
        os.environ["HOME"] = _NOWHERE
    if load.trial != "rival":
        return _tried(Trial(load.trial, _CHANGES[load.trial]), load, target)
    # A settings module that is good enough to be read, so that what happens next is the target's own doing.
    package, settings = ModuleType("another_site"), ModuleType(ANOTHER)
    vars(package).update(__path__=[], settings=settings)
    vars(settings).update(SECRET_KEY="another site", ALLOWED_HOSTS=["*"])
    sys.modules.update({"another_site": package, ANOTHER: settings})
    os.environ[load.rival] = ANOTHER
    trial = _tried(Trial("rival", f"another site of the process has set {load.rival} to {ANOTHER}"), load, target)
    return replace(trial, settings=_settings(load.rival))


def main(argument: str) -> None:
    """Do what the parent asks, and report home."""
    load, channel, box = Child.inside(argument)
    try:
        box.begin("import")
        if load.trial:
            channel.send(("trial", attempt(load)))
        else:
            channel.send(("imported", examine(load, lambda act: channel.send(("act", act)))))
        box.end()
    except TargetError as error:
        channel.send(("target", str(error)))
    except BaseException as error:
        import traceback

        channel.send(("bug", f"{type(error).__name__}: {error}\n{traceback.format_exc()}"))
    channel.send(("done", None))
    channel.close()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
