"""A scene's client side as a program of the standard library, so that anyone can see the finding again.

Law: the program sends the very bytes of the script in the same steps; it needs the server started with the
probe as its application, and says how.
"""

from __future__ import annotations

from ..model.scene import Abort, Await, Go, HalfClose, Pause, Receive, Script, Send

__all__ = ["program"]

_HEAD = '''# {scene}: start the server with the application wsgicheck.harness.probe:application, for example
#   gunicorn --bind 127.0.0.1:8000 wsgicheck.harness.probe:application
import os, socket, sys, tempfile, time
host, port = sys.argv[1:3] if len(sys.argv) > 2 else ("127.0.0.1", "8000")
folder = os.environ.get("WSGICHECK_CHANNEL") or os.path.join(tempfile.gettempdir(), "wsgicheck-channel")
tag, lines = "{scene}.%d" % time.time_ns(), {{}}
def line(n):
    if n not in lines: lines[n] = socket.create_connection((host, int(port)))
    return lines[n]
def send(n, data):
    line(n).sendall(data.replace(b"@TAG@", tag.encode()).replace(b"@HOST@", f"{{host}}:{{port}}".encode()))
def receive(n, seconds, until=None):
    got, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and (until is None or until not in got):
        line(n).settimeout(left)
        try: data = line(n).recv(65536)
        except OSError as error: print(n, "<", repr(error)); break
        if not data: print(n, "= closed"); break
        print(n, "<", data); got += data
'''
_TAIL = '''path = os.path.join(folder, "events", tag)
print(open(path).read() if os.path.exists(path) else "the probe told nothing")
'''


def program(scene: str, script: Script) -> str:
    """Return the program that plays `script` as the client of that scene."""
    lines = []
    for step in script:
        if isinstance(step, Send):
            if step.data:
                lines.append(f"send({step.on}, {step.data!r})")
        elif isinstance(step, Receive):
            lines.append(f"receive({step.on}, {step.patience}, {step.until!r})")
        elif isinstance(step, Pause):
            lines.append(f"receive({step.on}, {step.seconds})")
        elif isinstance(step, Await):
            lines.append(f"time.sleep({min(step.patience, 1.0)})  # until the probe has told {step.event!r}")
        elif isinstance(step, Go):
            lines.append(f'open(os.path.join(folder, "go", tag + ".{step.signal}"), "w").close()')
        elif isinstance(step, HalfClose):
            lines.append(f"line({step.on}).shutdown(socket.SHUT_WR)")
        elif isinstance(step, Abort):
            linger = r'b"\1\0\0\0\0\0\0\0"'
            lines.append(f"line({step.on}).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, {linger}); "
                         f"lines.pop({step.on}).close()")
    return _HEAD.format(scene=scene) + "\n".join(lines) + "\n" + _TAIL
