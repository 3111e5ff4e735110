"""A scene's client side without wsgicheck: a line for the shell, or a short program of the standard library.

Laws: both send the very bytes of the script (curl adds its own User-Agent and Accept) in the same steps, and
name the command that starts the server with the application they speak to; a line for the shell is made only
where curl shows what the client of the scene saw.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from ..model.scene import Abort, Await, Go, HalfClose, Pause, Receive, Script, Send
from ..model.wire import Wire
from .shell import printf, shell_word

__all__ = ["PORT", "Place", "curl_line", "program"]

PORT = 8000
"""Where a reproduction expects the server to listen."""
_READING = '''{indent}{line}.settimeout({seconds})
{indent}try:
{indent}    while data := {line}.recv(65536):
{indent}        print(data)
{until}{indent}    print("= closed")
{indent}except OSError as error:
{indent}    print("=", error)
'''
_RECEIVE = "def receive(line, seconds, until=None):\n" + _READING.format(
    indent="    ", line="line", seconds="seconds", until="            if until and until in data: return\n")
_GO = 'open(os.path.join(tempfile.gettempdir(), "wsgicheck-channel/go", tag.decode() + ".{signal}"), "w").close()'
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_PLAIN = frozenset((string.ascii_letters + string.digits + "/._~:@!$&'()*+,;=%?-").encode())
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, and how it is started with the probe as its application."""

    started_by: str
    host: str = "127.0.0.1"
    port: int = PORT

    @property
    def authority(self) -> str:
        """The value of Host."""
        return f"{self.host}:{self.port}"


# -- the program ---------------------------------------------------------------------------------------------

def _literal(data: bytes) -> str:
    """Return an expression for `data`; a long repetition is written as one."""
    head, middle, body = data.partition(b"\r\n\r\n")
    for size in range(1, min(257, len(body) // 8)):
        times, rest = divmod(len(body), size)
        if body[:size] * times + body[:rest] == body:
            tail = f" + {body[:rest]!r}" if rest else ""
            return f"{head + middle!r} + {body[:size]!r} * {times}{tail}"
    return repr(data)


def _bytes(data: bytes, tag: bytes) -> str:
    """Return an expression for `data`, in which the program's own tag stands for an empty `tag`."""
    if tag or b"@TAG@" not in data:
        return _literal(data.replace(b"@TAG@", tag))
    return " + tag + ".join(_literal(part) for part in data.split(b"@TAG@"))


def program(scene: str, script: Script, place: Place) -> str:
    """Return the program that plays `script` as the client of that scene."""
    signals = any(isinstance(step, Go) for step in script)
    lanes = sorted({step.on for step in script if not isinstance(step, (Await, Go))})
    names = {lane: "line" if len(lanes) < 2 else f"line{lane}" for lane in lanes}
    # A signal is a file that stays, so that a second run needs another tag.
    tag = b"" if signals else f"{scene}.1".encode()
    modules = {"socket"}
    out: list[str] = []
    if signals:
        modules |= {"os", "tempfile", "time"}
        out.append(f'tag = b"{scene}.%d" % time.time_ns()')
    readings = [step for step in script if isinstance(step, (Receive, Pause))]
    alone = len(readings) == 1 and isinstance(readings[0], Receive) and readings[0].until is None
    if readings and not alone:
        out += _RECEIVE.splitlines()
    opened: set[int] = set()
    for step in script:
        if not isinstance(step, (Await, Go)) and step.on not in opened:
            opened.add(step.on)
            out.append(f"{names[step.on]} = socket.create_connection(({place.host!r}, {place.port}))")
        if isinstance(step, Send):
            if step.data:
                data = step.data.replace(b"@HOST@", place.authority.encode())
                out.append(f"{names[step.on]}.sendall({_bytes(data, tag)})")
        elif isinstance(step, Receive):
            until = "" if step.until is None else f", {step.until!r}"
            out += _READING.format(indent="", line=names[step.on], seconds=step.patience, until="").splitlines() \
                if alone else [f"receive({names[step.on]}, {step.patience}{until})"]
        elif isinstance(step, Pause):
            out.append(f"receive({names[step.on]}, {step.seconds})")
        elif isinstance(step, Await):
            if step.event != "judged":
                modules.add("time")
                out.append(f"time.sleep({min(step.patience, 2.0)})  # until the probe has told {step.event!r}")
        elif isinstance(step, Go):
            out.append(_GO.format(signal=step.signal))
        elif isinstance(step, HalfClose):
            out.append(f"{names[step.on]}.shutdown(socket.SHUT_WR)")
        elif isinstance(step, Abort):
            linger = r'b"\1\0\0\0\0\0\0\0"'
            out += [f"{names[step.on]}.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, {linger})",
                    f"{names[step.on]}.close()"]
    return "\n".join([f"# the server: {place.started_by}", f"import {', '.join(sorted(modules))}", *out]) + "\n"


# -- the line for the shell ----------------------------------------------------------------------------------

def _only_request(script: Script) -> bytes:
    """Return the bytes of the one request that is all the client does besides reading, b"" where there is more."""
    sends = [step for step in script if isinstance(step, Send)]
    calm = all(isinstance(step, Send) or (isinstance(step, Receive) and step.until is None)
               or (isinstance(step, Await) and step.event == "judged") for step in script)
    return sends[0].data if calm and len(sends) == 1 and sends[0].method and sends[0].on == 0 else b""


def _is_shown(wire: Wire) -> bool:
    """Tell whether curl prints all that was received: no byte beyond a response, and none that cannot be read."""
    answers = wire.answers
    bare = "HEAD" in wire.methods or any(a.code in (204, 304) for a in answers)
    return bool(answers) and not bare and not wire.rest and not wire.beside and not any(a.problem for a in answers)


def curl_line(scene: str, script: Script, wire: Wire, place: Place) -> str:
    """Return the line that asks the same with curl, "" where curl cannot say it or would not show the answer."""
    head, blank, body = _only_request(script).partition(b"\r\n\r\n")
    if not blank or not _is_shown(wire) or len(body) > _LONGEST:
        return ""
    first, *lines = head.replace(b"@TAG@", f"{scene}.1".encode()).split(b"\r\n")
    method, _, rest = first.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    fields = [(name, value[1:]) for name, colon, value in (line.partition(b":") for line in lines)
              if colon and _TOKEN.match(name) and value[:1] == b" "]
    names = [name.lower() for name, _ in fields]
    if len(fields) != len(lines) or version not in (b"HTTP/1.1", b"HTTP/1.0") or not _TOKEN.match(method):
        return ""
    lengths = [value for name, value in fields if name.lower() == b"content-length"]
    if lengths != ([b"%d" % len(body)] if body else []) or names.count(b"host") > 1 or b"transfer-encoding" in names:
        return ""
    if not target or any(byte <= 32 or byte >= 127 for byte in target):
        return ""
    words = ["curl -i --raw -m 5"]
    if method != (b"POST" if body else b"GET"):
        words.append(f"-X {shell_word(method)}")
    if version == b"HTTP/1.0":
        words.append("--http1.0")
    if b"host" not in names:
        words.append("-H Host:")
    for name, value in fields:
        if value.strip(b" \t") != value or any(byte in b"\0\r\n" for byte in value):
            return ""
        if name.lower() != b"content-length" and (name.lower(), value) != (b"host", b"@HOST@"):
            words.append("-H " + shell_word(name + b": " + value if value else name + b";"))
    if body:
        words += ["-H Content-Type:"] if b"content-type" not in names else []
        words.append("--data-binary @-")
    if target[:1] == b"/" and set(target) <= _PLAIN:
        words += ["--path-as-is"] if b"/." in target else []
        words.append(shell_word(f"http://{place.authority}".encode() + target))
    else:
        words.append(f"--request-target {shell_word(target)} http://{place.authority}/")
    return (f"{printf(body)} | " if body else "") + " ".join(words) + f"  # the server: {place.started_by}"
