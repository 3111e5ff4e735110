"""What happened in one scene, as lines for a person.

Law: two plays in which the same happened give the same lines. So time stands there as the client's own steps,
between which what the probe told comes before what was received; ports, dates, process ids and other figures
of a single play are replaced by words.
"""

from __future__ import annotations

import re

from ..model.scene import Event, Seen
from ..model.wire import Wire

__all__ = ["event_words", "settled", "tape"]

_MOST_PIECES, _MOST_EVENTS, _LONGEST = 20, 40, 400
_CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST:PORT"),
    (re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20[2-9]\d [\d:]{8} GMT"), "DATE"),
    (re.compile(r"0x[0-9a-f]{8,}"), "0x…"),
    (re.compile(r"(?:/[\w.-]+)+/wsgicheck-[a-z0-9_]{8}\b"), "DIR"),
    (re.compile(r"\b(\d{3,}) (bytes arrive|items were asked for|bytes of the file)"), r"N \2"),
    (re.compile(r"after \d+ bytes"), "after N bytes"),
    (re.compile(r"\.\d+\.\d{6,}"), ".TAG"),
)


def settled(text: str) -> str:
    """Return `text` without what differs from one play to the next."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def event_words(event: Event) -> str:
    """Return what the probe told as a person reads it."""
    facts = {k: v for k, v in event.facts.items() if k not in ("environ", "flags")}
    told = ", ".join(f"{k}={v!r}"[:120] for k, v in facts.items())
    return event.name + (f" {told}" if told else "")


def tape(seen: Seen, wire: Wire) -> tuple[str, ...]:
    """Return what happened: sent, received and told, step by step of the client."""
    lanes = (wire, *wire.beside)
    pids = {pid: number for number, pid in enumerate(dict.fromkeys(event.pid for event in seen.events), 1)}
    # A play has few steps, so a step's number is found by looking.
    steps = sorted((mark.at, name, mark.met) for name, mark in wire.marks.items())

    def step(at: float) -> int:
        return sum(then < at for then, _, _ in steps)

    lines: list[tuple[int, int, str]] = [(0, 0, f"> {_cut(data)}") for lane in lanes for data in lane.sent if data]
    for event in seen.events[:_MOST_EVENTS]:
        lines.append((step(event.at), 1, f"probe ({_process(pids, event.pid)}): {event_words(event)}"))
    for lane in lanes:
        last = 0
        pieces: dict[int, bytes] = {}
        for arrival in lane.arrivals:
            at = step(arrival.at)
            pieces[at] = pieces.get(at, b"") + lane.data[last : arrival.total]
            last = arrival.total
        lines += [(at, 2, f"< {_cut(data)}") for at, data in list(pieces.items())[:_MOST_PIECES]]
        lines.append((len(steps), 4, f"= connection {lane.ended}"))
    lines += [(number, 3, f". {name}{'' if met else ', in vain'}") for number, (_, name, met) in enumerate(steps)]
    lines.sort(key=lambda line: line[:2])
    told = [settled(text) for _, _, text in lines]
    if seen.died:
        told.append(f"= the server {seen.died}")
    return tuple(told)


def _cut(data: bytes) -> str:
    return repr(data) if len(data) <= _LONGEST else f"{data[:_LONGEST]!r}… ({len(data)} bytes)"


def _process(pids: dict[int, int], pid: int) -> str:
    return "inside" if len(pids) == 1 else f"process {pids[pid]}"
