"""Follows a page of docs/development as a new user would: writes its files, runs its commands, reads the terminal.

What is run are the code blocks with a caption: a file's name, "before", "terminal", "another terminal", "what the
terminal shows". Port 8000 of the page becomes a free one. In what is shown, "…" stands for anything.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wsgicheck.harness.launch import free_port

ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "docs" / "development"
_BLOCK = re.compile(r"^```\{code-block\} (\w+)\n:caption: ([^\n]+)\n\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 60.0


@dataclass(frozen=True)
class Page:
    """A page, taken apart."""

    files: Mapping[str, str]
    before: tuple[str, ...]
    terminal: str
    requests: tuple[str, ...]
    shown: tuple[str, ...]


def commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def blocks(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (language, caption, text) of each block with a caption."""
    for found in _BLOCK.finditer((PAGES / name).read_text(encoding="utf-8")):
        yield found[1], found[2], found[3]


def page(name: str) -> Page:
    files: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    for language, caption, text in blocks(name):
        if language == "console":
            parts.setdefault(caption, []).extend(commands(text))
        elif caption == "what the terminal shows":
            parts.setdefault(caption, []).extend(line for line in text.splitlines() if line.strip())
        else:
            files[caption] = text
    terminal = parts["terminal"]
    assert len(terminal) == 1, name
    urls = [command.removeprefix("curl ") for command in parts["another terminal"]]
    shown = tuple(parts["what the terminal shows"])
    return Page(files, tuple(parts.get("before", ())), terminal[0], tuple(urls), shown)


def write(files: Mapping[str, str], folder: Path) -> None:
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def environment(bin_folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith(("WSGICHECK_", "PYTEST_", "DJANGO_", "FLASK_", "GUNICORN_", "PYTHON"))}
    path = f"{bin_folder}{os.pathsep}{clean.get('PATH', os.defpath)}"
    return {**clean, "PATH": path, "PYTHONUNBUFFERED": "1", **extra}


def _words(command: str) -> tuple[dict[str, str], list[str]]:
    words = shlex.split(command)
    variables = {}
    while words and re.match(r"[A-Z_]+=", words[0]):
        key, _, value = words.pop(0).partition("=")
        variables[key] = value
    return variables, words


@contextlib.contextmanager
def running(command: str, folder: Path, env: Mapping[str, str], port: int) -> Iterator[Path]:
    """Run a server while the context lasts; its value is the file that takes what the terminal would show."""
    variables, words = _words(command)
    log = folder / "terminal.txt"
    with open(log, "wb") as output:
        process = subprocess.Popen(words, cwd=folder, env={**env, **variables}, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        until = time.monotonic() + _SECONDS
        while not _answers(f"http://127.0.0.1:{port}/wsgicheck-is-it-up", None):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.1)
        yield log
    finally:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _answers(url: str, timeout: float | None) -> bool:
    """Ask for `url`; tell whether anything was listening there."""
    try:
        with urllib.request.urlopen(url, timeout=timeout or 20) as response:
            response.read()
    except urllib.error.HTTPError as error:
        error.close()
    except urllib.error.URLError as error:
        return not isinstance(error.reason, ConnectionRefusedError)
    except (OSError, http.client.HTTPException):
        return True  # it hung up in the middle: that is what some pages are about
    return True


def pattern(line: str) -> re.Pattern[str]:
    """Return what the shown line looks like in a log, which may put a time before it."""
    return re.compile(".*".join(re.escape(part) for part in line.strip().split("…")))


def follow(name: str, folder: Path, bin_folder: Path, *, extra: Mapping[str, str] | None = None, more: str = "") -> str:
    """Follow the page `name` in `folder`; return all that the terminal showed.

    Args:
        bin_folder: where the commands of the page are.
        extra: environment variables that stand for the installation the page asks for.
        more: arguments that this machine's user needs.
    """
    told = page(name)
    env = environment(bin_folder, extra or {})
    for command in told.before:
        done = subprocess.run(shlex.split(command), cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    port = free_port()
    write({file: text.replace("8000", str(port)) for file, text in told.files.items()}, folder)
    command = told.terminal.replace("8000", str(port))
    assert command != told.terminal or any("8000" in text for text in told.files.values()), "the page names no port"
    with running(f"{command} {more}".strip(), folder, env, port) as log:
        for url in told.requests:
            assert _answers(url.replace("8000", str(port)), 20), url
        headline = pattern(told.shown[0])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            text = log.read_text(encoding="utf-8", errors="replace")
            if all(any(pattern(line).search(one) for one in text.splitlines()) for line in told.shown):
                break
            time.sleep(0.1)
    text = log.read_text(encoding="utf-8", errors="replace")
    for line in told.shown:
        assert any(pattern(line).search(one) for one in text.splitlines()), f"not shown: {line}\n{text[-4000:]}"
    assert sum(bool(headline.search(one)) for one in text.splitlines()) == 1, text[-4000:]
    return text
