"""What loading a target did to its process, and how it fares where things are otherwise: facts for hygiene rules.

Laws: plain records that cross a process; an act names a line of the user's own code, for what a library does
while it is itself imported is not the user's doing and is not recorded. A trial that was not made is absent,
so that a rule can say NOT_APPLICABLE instead of passing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .finding import Site

__all__ = ["Act", "Answered", "Deed", "Imported", "Phase", "Placed", "Source", "Trial", "selects_site"]

_SELECTS = re.compile(r"DJANGO_CONFIGURATION|\w+_(?:SETTINGS|CONFIG)(?:_MODULE|_FILE)?|PYRAMID_INI|PASTE_INI")


def selects_site(variable: str) -> bool:
    """Tell whether `variable` of os.environ chooses whose settings a process runs under."""
    return _SELECTS.fullmatch(variable) is not None


class Phase(Enum):
    """When something was done."""

    IMPORT = "import"
    REQUEST = "request"


class Deed(Enum):
    """What was done."""

    PRINTED = "printed"
    """Written to sys.stdout; `what` shows the beginning, `subject` is empty."""
    READ_STDIN = "read stdin"
    ASKED_TERMINAL = "asked isatty"
    CLOSED_STREAM = "closed stream"
    """Closed sys.stdout or sys.stderr; `subject` is the name."""
    ENVIRON = "environ"
    """Set or deleted a variable of os.environ; `subject` is its name."""
    SETDEFAULT = "setdefault"
    """Called os.environ.setdefault; `subject` is the variable, `detail` the value offered."""
    HOME = "home"
    """Asked for the home directory."""
    CHDIR = "chdir"
    RELATIVE = "relative path"
    """Opened a path that is relative to the working directory; `subject` is the path."""
    LOCALE = "locale"
    """Changed the locale or the time zone of the process."""
    DEFAULTS = "defaults"
    """Changed a default of the whole process; `subject` names it."""
    SIGNAL = "signal"
    ATEXIT = "atexit"
    ARGV = "argv"
    THREAD = "thread"
    OPEN = "open"
    """Opened a file, a database or a socket; recorded where it is still open after the import."""
    LISTEN = "listen"
    """Made a socket listen, as a server does; `subject` is the address."""
    NETWORK = "network"
    """Looked up a host or connected to one; `subject` is the address."""
    LOOP = "loop"
    """Made an event loop; recorded where it is still open after the import."""
    UNCLOSED = "unclosed"
    """Left something to the garbage collector that has to be closed; `subject` describes it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a line of the user's code did to the process.

    Attributes:
        what: how it is written, on one line: "os.chdir('/srv')".
        site: the line.
        subject: the variable, path, address or name it is about.
        detail: a value that goes with it.
        via: the third-party package through which it was done, "" where the line did it itself or through
            the standard library.
        count: how often that line did it.
    """

    deed: Deed
    what: str
    site: Site
    phase: Phase
    subject: str = ""
    detail: str = ""
    via: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one loaded module of the user's own; `script` marks the target's."""

    file: str
    text: str
    script: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What one request got: the status code (0 where an exception came instead), the exception, its line."""

    path: str
    code: int
    raised: str = ""
    raised_at: str = ""

    @property
    def words(self) -> str:
        """The answer as a person says it."""
        return self.raised + (f" at {self.raised_at}" if self.raised_at else "") if self.raised else str(self.code)


@dataclass(frozen=True, slots=True)
class Trial:
    """The target loaded once more, where one thing is otherwise.

    Attributes:
        name: "again" (a second time in the process), "directory" (working directory /), "home" (no HOME),
            "rival" (another site has been loaded in the process).
        change: what was otherwise, for a person.
        raised: what loading it raised, "" if it went well.
        raised_at: the user's line where it did, "file:line".
        answers: to the same requests as before.
        settings: the settings module that it then ran under (rival only).
    """

    name: str
    change: str
    raised: str = ""
    raised_at: str = ""
    answers: tuple[Answered, ...] = ()
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The facts of one watched import and of a few requests after it.

    Attributes:
        file: the target's file.
        attribute: what was taken from it, "application" or "create_app()".
        usual: whether the module has an application under a name that every server finds.
        asynchronous: the target is an async function or an ASGI application.
        acts: what lines of the user's own code did to the process.
        sources: their text.
        modules: top-level names of the modules that are loaded.
        patched: the library that has monkey-patched the standard library, "" if none has.
        sockets: how many sockets are open after the import that Python knows nothing of, as those of database
            drivers written in C.
        replaced: which of sys.stdout and sys.stderr are other objects than before, with the type of each.
        seconds: how long the import took.
        exited: the import called sys.exit(); the text shows with what.
        exited_at: the user's line that did.
        ended: how the process ended or was ended during the import ("" if it was not), for a person.
        answers: to the requests that were made.
        required: variables of environ that the application cannot do without and no server sets by itself.
        trials: the further loads that were made.
        details: what the application turned out to be ("Flask 3.1.3").
    """

    file: str = ""
    attribute: str = ""
    usual: bool = True
    asynchronous: bool = False
    acts: tuple[Act, ...] = ()
    sources: tuple[Source, ...] = ()
    modules: tuple[str, ...] = ()
    patched: str = ""
    sockets: int = 0
    replaced: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    exited: str = ""
    exited_at: Site | None = None
    ended: str = ""
    answers: tuple[Answered, ...] = ()
    required: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    details: tuple[str, ...] = ()

    def did(self, *deeds: Deed, phase: Phase | None = None, direct: bool = False) -> tuple[Act, ...]:
        """Return the acts of these kinds, in order.

        Args:
            phase: only those of this phase.
            direct: leave out what was done through a third-party package.
        """
        return tuple(act for act in self.acts if act.deed in deeds and (phase is None or act.phase is phase)
                     and not (direct and act.via))

    def trial(self, name: str) -> Trial | None:
        """Return the trial of that name, None where it was not made."""
        return next((trial for trial in self.trials if trial.name == name), None)


class Placed(str):
    """A line of evidence that knows the line of the user's code it is about, and how many such there are."""

    __slots__ = ("site", "times")
    site: Site | None
    times: int

    def __new__(cls, text: str, site: Site | None, times: int = 1) -> Placed:
        self = super().__new__(cls, text)
        self.site, self.times = site, times
        return self
