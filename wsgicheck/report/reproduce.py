"""How a finding is seen again without wsgicheck: a line for the shell.

Laws: a value of the request reaches the shell quoted, or as octal escapes of printf, and can end neither the
word nor the line; what HTTP cannot carry (a missing CGI variable, a NUL) is left out, and the line says so.
"""

from __future__ import annotations

from urllib.parse import quote

from ..harness.shell import printf, shell_word
from ..model.finding import Finding
from ..model.request import Case, Request
from .safe import line as safe

__all__ = ["BASE_URL", "curl", "curls", "shell_word"]

BASE_URL = "http://127.0.0.1:8000"
"""Where the commands expect the subject to listen (`wsgicheck replay ID --serve 8000`)."""

_LONGEST = 8192
_GIVEN_BY_CURL = {"Host", "Content-Length"}


def _bytes(text: str) -> bytes:
    """Return the bytes that an environ string carries (PEP 3333, "Unicode Issues")."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _field_name(key: str) -> str:
    name = key.removeprefix("HTTP_")
    return "-".join(part.capitalize() for part in name.split("_"))


def _fields(request: Request) -> list[tuple[str, bytes]]:
    """Return the header fields that make the request's variables, as a client would send them."""
    fields = []
    for key, value in request.variables:
        if key.startswith("HTTP_") or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value):
            fields.append((_field_name(key), _bytes(value)))
    return fields


def curl(case: Case, base: str = BASE_URL) -> str:
    """Return the shell line that sends the request to a server at `base`.

    What a client cannot say is told in a comment at its end.
    """
    request = case.request
    words = ["curl", "-i"]
    left_out: list[str] = []
    method = request.method
    if method == "HEAD":
        words = ["curl", "--head"]
    elif method != ("POST" if request.body else "GET"):
        words += ["-X", shell_word(_bytes(method))] if _is_token(method) else []
        if not _is_token(method):
            left_out.append("the method")
    names = {name for name, _ in _fields(request)}
    for name, value in _fields(request):
        if (name == "Host" and value == b"127.0.0.1") or name == "Content-Length":
            continue
        if not _is_token(name) or any(byte in b"\0\r\n" for byte in value) or len(value) > _LONGEST:
            left_out.append(_comment(name))
        else:
            written = f"{name};".encode() if not value else f"{name}: ".encode() + value
            words += ["-H", shell_word(written)]
    target, query_string = request.get("SCRIPT_NAME") + request.path, request.query
    if len(target) > _LONGEST:
        left_out.append("the path")
        target = "/"
    if len(query_string) > _LONGEST:
        left_out.append("the query")
        query_string = ""
    path = quote(_bytes(target), safe="/:@!$&'()*+,;=~-._")
    query = quote(_bytes(query_string), safe="/:@!$&'()*+,;=~-._?%[]{}|^`\"<>\\")
    if not path:
        left_out.append("an empty path")
    elif not path.startswith("/"):
        words += ["--request-target", shell_word(path.encode())]
    path = path if path.startswith("/") else "/"
    url = base + path + (f"?{query}" if query else "")
    if "/." in path:
        words.append("--path-as-is")
    if any(bracket in url for bracket in "[]{}"):
        words.append("-g")
    prefix = ""
    if request.body:
        if "Content-Type" not in names:
            words += ["-H", "Content-Type:"]
        if len(request.body) > _LONGEST:
            left_out.append(f"the body of {len(request.body):,} bytes")
        elif all(32 <= byte < 127 for byte in request.body):
            words += ["--data-raw" if request.body[:1] == b"@" else "--data-binary",
                      shell_word(request.body)]
        else:
            prefix = printf(request.body) + " | "
            words += ["--data-binary", "@-"]
        if request.input_terminated and "Content-Length" not in names:
            words += ["-H", shell_word(b"Transfer-Encoding: chunked")]
    words.append(shell_word(url.encode("ascii")))
    left_out += [f"a missing {key}" for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING") if not request.has(key)]
    note = f"  # cannot say: {', '.join(left_out)}" if left_out else ""
    return prefix + " ".join(words) + note


def curls(finding: Finding, base: str = BASE_URL) -> str:
    """Return the shell lines that show a finding: of each request in turn, or the one that the run made.

    "" where no request is at play, and where curl cannot say it.
    """
    if finding.shell:
        return safe(finding.shell, 100_000)
    return "\n".join(curl(case, base) for case in finding.cases)


def _is_token(text: str) -> bool:
    return bool(text) and len(text) < 200 and all(
        c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~") for c in text)


def _comment(text: str) -> str:
    return "".join(c for c in text[:40] if c.isascii() and (c.isalnum() or c in "-_")) or "a field"
