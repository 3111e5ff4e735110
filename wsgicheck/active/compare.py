"""compare: the same requests to the same application under several real servers, and what differs.

Laws: the reference is the exemplary server; what the application itself does differently from run to run is
found by running the reference twice, and left out; a server that cannot be run is told, and the rest goes on.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from ..errors import HarnessError
from ..harness.client import play
from ..harness.environments import environment, versions
from ..harness.launch import Launched
from ..harness.recipes import Recipe, recipe
from ..harness.session import endpoints_of
from ..model.comparison import Comparison, Difference
from ..model.scene import Go, Receive, Script, Send, ask
from ..show import show

__all__ = ["compare", "requests_for"]

_MOST_REQUESTS = 60
# What a server adds or takes by its nature.
_NOISE = frozenset(("date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "via"))
_HOP_KEYS = frozenset(("HTTP_HOST", "HTTP_CONNECTION", "HTTP_TE", "HTTP_TRANSFER_ENCODING"))
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d[ -]\w{3}[ -]\d{4} \d\d:\d\d:\d\d GMT")


@dataclass(slots=True)
class _Answer:
    """One answer as facts that can be compared: aspect -> what was seen."""

    facts: dict[str, str] = field(default_factory=dict)


def requests_for(target: str, paths: Iterable[str] = ()) -> list[tuple[str, Send]]:
    """Return (what it is, the request) for the application's own paths, and for what servers differ in."""
    asked = [("GET", path if path.startswith("/") else "/" + path) for path in paths] or endpoints_of(target)
    plain = [(method, path) for method, path in dict.fromkeys(asked) if method != "OPTIONS"][: _MOST_REQUESTS - 20]
    if ("GET", "/") not in plain:
        plain.insert(0, ("GET", "/"))
    found = []
    for method, path in plain:
        body = b"name=value" if method in ("POST", "PUT", "PATCH") else b""
        fields = ("Content-Type: application/x-www-form-urlencoded",) if body else ()
        found.append((f"{method} {path}", ask(method, path, *fields, body=body)))
    some = [path for method, path in plain if method == "GET"][:3]
    for path in some:
        found.append((f"HEAD {path}", ask("HEAD", path)))
        found.append((f"GET {path}, HTTP/1.0", ask("GET", path, version="1.0")))
        found.append((f"GET {path}, Range", ask("GET", path, "Range: bytes=2-5")))
        found.append((f"GET {path}, gzip and cookies", ask("GET", path, "Accept-Encoding: gzip", "Cookie: a=1; b=2")))
    first = some[0]
    chunked = ask("POST", first, "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded")
    found += [
        ("GET /caf%C3%A9/%20/%FF", ask("GET", "/caf%C3%A9/%20/%FF")),
        ("GET //double//slash/", ask("GET", "//double//slash/")),
        ("GET /a%2Fb", ask("GET", "/a%2Fb")),
        (f"GET {first}?q=%C3%A9&q=+", ask("GET", f"{first}?q=%C3%A9&q=+")),
        (f"GET {first}, repeated and 8-bit headers",
         ask("GET", first, "X-Probe: a", "X-Probe: b", b"X-Latin: caf\xe9", "X_Under: score")),
        (f"POST {first}, chunked", Send(chunked.data + b"a\r\nname=value\r\n0\r\n\r\n", "POST")),
        (f"POST {first}, 100 kB", ask("POST", first, "Content-Type: text/plain", body=b"x" * 100_000)),
        (f"PROPFIND {first}", ask("PROPFIND", first)),
    ]
    return found[:_MOST_REQUESTS]


def _script(request: Send) -> Script:
    return (request, Receive(b"\r\n\r\n", "head", 3.0), Go("arrived"), Receive(patience=5.0))


def _settled(value: str) -> str:
    """Return a header's value without what differs by the second, or by the spaces between list members."""
    def later(found: re.Match[str]) -> str:
        at = parsedate_to_datetime(found[0].replace("-", " "))
        return "<a date to come>" if at.timestamp() >= time.time() - 300 else found[0]

    return re.sub(r"\s*,\s*", ", ", _DATE.sub(later, value))


def _facts(server: Launched, number: int, request: Send) -> _Answer:
    """Ask once and return what was seen."""
    tag = f"compare.{number}.{time.monotonic_ns()}"
    server.channel.open(tag)
    wire = play(_script(request), server.address, server.channel, tag)
    answer, facts = wire.answer, _Answer()
    if answer is None:
        facts.facts["status"] = f"no response ({wire.ended})"
        return facts
    facts.facts["status"] = str(answer.code) if answer.version else f"unreadable: {answer.status_line[:40]!r}"
    names = dict.fromkeys(name.lower() for name, _ in answer.fields)
    for name in names:
        if name == "set-cookie":
            facts.facts["cookies"] = "; then ".join(map(_settled, answer.values(name)))
        elif name not in _NOISE:
            facts.facts[f"header {name}"] = _settled(", ".join(answer.values(name)))
    facts.facts["body"] = show(answer.body) if len(answer.body) < 120 else (
        f"{len(answer.body)} bytes, {hash_of(answer.body)}, beginning {show(answer.body[:40])}")
    facts.facts["ending"] = "complete" if answer.complete and not wire.rest else (
        f"{len(wire.rest)} bytes too many" if wire.rest else f"cut off after {len(answer.body)} bytes")
    _seen_inside(server, tag, facts)
    return facts


def hash_of(data: bytes) -> str:
    """Return a short name for the data."""
    return hashlib.sha256(data).hexdigest()[:12]


def _seen_inside(server: Launched, tag: str, facts: _Answer) -> None:
    server.channel.told(tag, "close", 0.1)
    events = server.channel.events(tag)
    calls = [event for event in events if event.name == "call"]
    facts.facts["calls"] = str(len(calls))
    for event in events:
        if event.name == "second":
            facts.facts["streaming"] = "the first block came before the second was made" if (
                event.facts.get("arrived")) else "held back until the second block was made"
    if any(event.name == "close" for event in events):
        facts.facts["close"] = "called"
    if calls:
        for key, value in calls[0].facts.get("environ", {}).items():
            if value and key not in _HOP_KEYS:
                facts.facts[f"environ {key}"] = show(_settled(value))


def _ask_all(one: Recipe, target: str, requests: Sequence[tuple[str, Send]],
             progress: Callable[[str, int, int], None] | None) -> tuple[list[_Answer], str]:
    python = environment(one)
    answers = []
    with Launched(one, python, target=target) as server:
        for number, (_, request) in enumerate(requests, 1):
            if progress is not None:
                progress(one.name, number, len(requests))
            if server.ended():
                raise HarnessError(f"{one.title} {server.ended()} after {number - 1} requests")
            answers.append(_facts(server, number, request))
    return answers, ", ".join(versions(python, one))


_ABSENT = "absent"


def _differences(requests: Sequence[tuple[str, Send]], reference: Sequence[_Answer], unstable: set[tuple[int, str]],
                 others: dict[str, list[_Answer]]) -> list[Difference]:
    found = []
    for number, (name, _) in enumerate(requests):
        aspects = dict.fromkeys(aspect for answers in (reference, *others.values()) for aspect in answers[number].facts)
        called = {server: answers[number].facts.get("calls") for server, answers in others.items()}
        for aspect in aspects:
            if (number, aspect) in unstable:
                continue
            expected = reference[number].facts.get(aspect, _ABSENT)
            differing = [(server, answers[number].facts.get(aspect, _ABSENT)) for server, answers in others.items()
                         if answers[number].facts.get(aspect, _ABSENT) != expected
                         # A request that reached no application says no more than that.
                         and (called[server] == reference[number].facts.get("calls") or aspect in ("status", "calls"))]
            if differing:
                found.append(Difference(name, aspect, (("reference", expected), *differing)))
    return found


def compare(target: str, servers: Sequence[str | Recipe], *, paths: Iterable[str] = (),
            progress: Callable[[str, int, int], None] | None = None) -> Comparison:
    """Ask the same requests of the application under each server and under the exemplary one.

    Args:
        target: "pkg.mod:attr" or "path/to/file.py:attr"; its packages are those of the running interpreter.
        servers: names of recipes, or recipes.
        paths: what to ask; without any, what the application's code and routes show.
        progress: is told of each server and request.

    Raises:
        ConfigError: an unknown server.
        TargetError: the application cannot be loaded.
        HarnessError: it cannot even be run under the exemplary server.
    """
    begun = time.monotonic()
    chosen = [one if isinstance(one, Recipe) else recipe(one) for one in servers]
    requests = requests_for(target, paths)
    exemplary = recipe("exemplary")
    reference, details = _ask_all(exemplary, target, requests, progress)
    again, _ = _ask_all(exemplary, target, requests, progress)
    unstable = {(number, aspect) for number, (one, two) in enumerate(zip(reference, again, strict=True))
                for aspect in one.facts.keys() | two.facts.keys() if one.facts.get(aspect) != two.facts.get(aspect)}
    others: dict[str, list[_Answer]] = {}
    ran, missing = [("reference", details)], []
    for one in chosen:
        try:
            others[one.name], details = _ask_all(one, target, requests, progress)
            ran.append((one.name, details))
        except HarnessError as error:
            missing.append((one.name, str(error)))
    found = _differences(requests, reference, unstable, others)
    left_out = sorted(f"{requests[number][0]}: {aspect}" for number, aspect in unstable)
    return Comparison(target, tuple(ran), len(requests), tuple(found), tuple(left_out), tuple(missing),
                      time.monotonic() - begun)
