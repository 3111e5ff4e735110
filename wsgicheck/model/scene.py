"""A server rule is one card: the application inside the server, what the client does, and the judgement.

`@scene(...)` turns a judgement over (Seen, Wire) into its card. The application gets a Stage as its first
argument, through which it tells what it sees and waits for the client. This module and the cards need the
standard library alone, for they run inside the server's own process.

Laws: a judgement is pure and total. A script is data, so that it can be repeated, printed and shrunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .rule import SERVER, Card, Citation, Level, Side, Verdict, _card_facts
from .wire import Wire

__all__ = [
    "Abort", "Await", "Event", "Go", "HalfClose", "Pause", "Receive", "Scene", "SceneApp", "Script", "Seen",
    "Send", "Stage", "Step", "ask", "get", "hello", "scene",
]


class Stage(Protocol):
    """What an application in a scene can do besides being an application."""

    def report(self, event: str, /, **facts: Any) -> None:
        """Tell that something happened, with facts that JSON can carry."""

    def wait(self, signal: str, seconds: float = 5.0) -> bool:
        """Wait until the client gives the signal; false when it never came."""


SceneApp = Callable[[Stage, dict[str, Any], Callable[..., Any]], Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something the probe told: its name, when (monotonic seconds), by which process and native thread."""

    name: str
    at: float
    pid: int
    thread: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """All that the probe told in one scene, in order.

    Attributes:
        log: what the server wrote to its output and log files meanwhile, None where that cannot be known.
        died: how the server ended in the scene ("" where it did not).
        scheme: "http" or "https", as the client spoke to the server.
        recipe: facts that the recipe states about the server's set-up (threads, processes...).
    """

    events: tuple[Event, ...] = ()
    log: str | None = None
    died: str = ""
    scheme: str = "http"
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def all(self, name: str) -> list[Event]:
        """Return the events called `name`."""
        return [event for event in self.events if event.name == name]

    def first(self, name: str) -> Event | None:
        """Return the first event called `name`, None where there is none."""
        return next((event for event in self.events if event.name == name), None)

    def happened(self, name: str) -> bool:
        """Tell whether there is an event called `name`."""
        return self.first(name) is not None

    def fact(self, name: str, key: str, default: Any = None) -> Any:
        """Return the fact `key` of the first event `name`."""
        event = self.first(name)
        return default if event is None else event.facts.get(key, default)

    @property
    def calls(self) -> list[Event]:
        """The calls of the application."""
        return self.all("call")

    def environ(self, call: int = 0) -> Mapping[str, Any] | None:
        """Return the str values of environ in that call, None where there was no such call."""
        calls = self.calls
        if len(calls) <= call:
            return None
        found: Mapping[str, Any] = calls[call].facts["environ"]
        return found


@dataclass(frozen=True, slots=True)
class Send:
    """Write bytes. `@TAG@` stands for the mark the probe finds its scene by, `@HOST@` for host:port.

    `method` says that these bytes end a request of that method, so that a response is due. `on` is the
    number of the connection, which is opened at its first use.
    """

    data: bytes
    method: str = ""
    on: int = 0


@dataclass(frozen=True, slots=True)
class Receive:
    """Read until `until` has come, or (None) until every response that is due is complete or the end came.

    `name` keeps the outcome as a mark; `patience` is in seconds.
    """

    until: bytes | None = None
    name: str = ""
    patience: float = 2.0
    on: int = 0


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until the probe has told `event`, or one of "this|that" (`times` times); a mark of that name is kept."""

    event: str
    patience: float = 2.5
    times: int = 1


@dataclass(frozen=True, slots=True)
class Go:
    """Give the application the signal it waits for."""

    signal: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Read what comes for so many seconds, to see that nothing does; the outcome is a mark."""

    seconds: float
    name: str = ""
    on: int = 0


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Close the writing side."""

    on: int = 0


@dataclass(frozen=True, slots=True)
class Abort:
    """Break the connection off with a reset."""

    on: int = 0


Step = Send | Receive | Await | Go | Pause | HalfClose | Abort
Script = tuple[Step, ...]


def ask(method: str = "GET", target: str | bytes = "/", *fields: str | bytes, body: bytes = b"",
        version: str = "1.1", close: bool = True, host: bool = True, length: bool = True,
        on: int = 0) -> Send:
    """Build the bytes of one request; `fields` are whole field lines, sent as they are.

    `close` asks for the end of the connection, `length` announces the body by Content-Length.
    """
    def octets(value: str | bytes) -> bytes:
        return value if isinstance(value, bytes) else value.encode("latin-1")

    lines = [method.encode("latin-1") + b" " + octets(target) + b" HTTP/" + version.encode("latin-1")]
    if host:
        lines.append(b"Host: @HOST@")
    lines.append(b"Wsgicheck: @TAG@")
    if close:
        lines.append(b"Connection: close")
    if body and length:
        lines.append(b"Content-Length: %d" % len(body))
    lines += [octets(line) for line in fields]
    return Send(b"\r\n".join(lines) + b"\r\n\r\n" + body, method, on)


def get(*fields: str, target: str = "/", **options: Any) -> Script:
    """Build the script of one GET and its response."""
    return (ask("GET", target, *fields, **options), Receive())


def hello(stage: Stage, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer plainly, with no header beyond the type and the length."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@dataclass(eq=False, slots=True, repr=False)
class Scene(Card):
    """A rule about a server, with all it takes to try it.

    Attributes:
        app: runs inside the server.
        script: what the client does; where `draws` names a strategy, it is made from what was drawn.
        draws: name of the strategy, "" where the script is fixed.
        examples_drawn: what to try where no strategy can be run, so that a family has fixed members too.
        kind: which kind of callable the server is started with ("function", "class", "method", ...).
        logs: text that must have time to reach the server's log before it is judged.
    """

    app: SceneApp = hello
    script: Script | Callable[[Any], Script] = ()
    draws: str = ""
    examples_drawn: tuple[Any, ...] = ()
    kind: str = "function"
    logs: str = ""

    def __call__(self, seen: Seen, wire: Wire) -> Verdict:
        """Judge what was seen."""
        return self.check(seen, wire)

    def steps(self, drawn: Any = None) -> Script:
        """Return the script, made from what was drawn where the scene draws."""
        return self.script(drawn) if callable(self.script) else self.script


def scene(*, level: Level, covers: tuple[str, ...], cites: Citation | Iterable[Citation],
          script: Script | Callable[[Any], Script], app: SceneApp = hello, binds: Side = SERVER,
          draws: str = "", examples: tuple[Any, ...] = (), kind: str = "function", logs: str = "",
          allows: tuple[str, ...] = (), given: tuple[Card, ...] = (), formerly: tuple[str, ...] = (),
          ) -> Callable[[Callable[[Seen, Wire], Verdict]], Scene]:
    """Make the decorated judgement over (Seen, Wire) a scene's card."""

    def make(function: Callable[[Seen, Wire], Verdict]) -> Scene:
        facts = _card_facts(function, cites)
        facts["family"] = f"server-{facts['family']}"
        return Scene(**facts, binds=binds, level=level, covers=covers, allows=allows, given=given,
                     formerly=formerly, app=app, script=script, draws=draws, examples_drawn=examples, kind=kind,
                     logs=logs)

    return make
