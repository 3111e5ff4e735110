"""Rules silenced on a line: `# wsgicheck: ignore[rule-id]` in the user's own source.

Laws: a comment silences the rules that it names on its own line and nowhere else; what was silenced is
counted, and a comment that silenced nothing is reported, so that none outlives its reason.
"""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..model.finding import Finding
from ..model.run import Run, RunVerdict

__all__ = ["silence"]

_COMMENT = re.compile(r"#.*?\bwsgicheck:\s*ignore\[([\w\-/, ]+)\]")
_MOST_FILES = 2000
_MOST_BYTES = 1_000_000
_NOT_THEIRS = {"site-packages", "dist-packages", "node_modules", "__pycache__"}


@dataclass(frozen=True, slots=True)
class _Comment:
    file: str
    line: int
    rule: str


def _comments(path: Path, base: Path) -> Iterator[_Comment]:
    """Yield what the comments of one file silence; a file that is no Python has none."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return
        text = path.read_bytes()
        if b"wsgicheck:" not in text:
            return
        # A comment, and not a string that looks like one.
        for token in tokenize.tokenize(io.BytesIO(text).readline):
            if token.type == tokenize.COMMENT and (found := _COMMENT.search(token.string)):
                for rule in found[1].split(","):
                    if rule.strip():
                        yield _Comment(os.path.relpath(path, base), token.start[0], rule.strip())
    except (OSError, SyntaxError, tokenize.TokenError, UnicodeDecodeError):
        return


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the Python files below `folder`, environments and caches left out, up to a bound."""
    seen = 0
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NOT_THEIRS and not name.startswith(".")
                            and not os.path.exists(os.path.join(at, name, "pyvenv.cfg")))
        for name in sorted(files):
            if name.endswith(".py"):
                seen += 1
                if seen > _MOST_FILES:
                    return
                yield Path(at, name)


def _silences(comment: _Comment, finding: Finding, base: Path) -> bool:
    site = finding.site
    return (site is not None and site.line == comment.line and comment.rule in (finding.rule, finding.name)
            and os.path.abspath(site.file) == os.path.abspath(base / comment.file))


def silence(run: Run, directory: str = "") -> Run:
    """Return `run` without the findings that comments silence; their rules are KNOWN where nothing else broke them.

    Args:
        run: with the places of its findings as seen from the present directory.
        directory: the working directory of the subject; its Python files are looked through for comments.
    """
    base = Path(directory or ".").resolve()
    files = dict.fromkeys(_sources(base))
    files.update(dict.fromkeys(Path(finding.site.file).resolve() for finding in run.findings
                               if finding.site is not None))
    comments = [comment for path in files for comment in _comments(path, base)]
    if not comments:
        return run
    silenced = {finding for finding in run.findings if any(_silences(one, finding, base) for one in comments)}
    unused = [one for one in comments if not any(_silences(one, finding, base) for finding in silenced)]
    left = {finding.rule for finding in run.findings if finding not in silenced}
    known = {finding.rule for finding in silenced} - left
    judged = {result.id for result in run.rules} | {f"{result.family}/{result.id}" for result in run.rules}
    notes = list(run.notes)
    if silenced:
        notes.append(f"{len(silenced)} silenced by comments in the source")
    # A rule that this run did not judge may have its comment for the run that does.
    notes += [f"{one.file}:{one.line}: ignore[{one.rule}] silences nothing; take it out"
              for one in unused if one.rule in judged]
    return replace(run, notes=tuple(notes), findings=tuple(f for f in run.findings if f not in silenced),
                   rules=tuple(replace(r, verdict=RunVerdict.KNOWN) if r.id in known else r for r in run.rules))
