"""Reads recorded traffic, to be asked again: files that a validator recorded, HAR files, access logs.

Laws: what is no request is passed over; only what could stand in an environ comes out; each request once, and a
bounded number of them, spread over the addresses they are for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ..errors import ConfigError
from ..model.material import carried
from ..model.request import Request
from ..model.traffic import from_line
from ..show import show

__all__ = ["access_log", "har", "request_for", "spread", "traffic"]

_LINE = re.compile(r'"(?P<method>[A-Z][A-Z-]{1,20}) (?P<url>\S{1,4000})(?: HTTP/\d(?:\.\d)?)?" (?P<status>\d{3})')
_TOKEN = re.compile(r"[A-Z][A-Z-]{0,30}")
_FRAMING = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_HOST", "HTTP_PROXY",
                      "HTTP_CONNECTION", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TE"})
_LONGEST = 2_000_000
"""Lines of a log that are read."""


def _lines(name: str, what: str) -> Iterator[str]:
    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file):
                if number >= _LONGEST:
                    return
                yield line
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {show(name)}: {error.strerror or error}") from error


def request_for(method: str, url: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"",
                content_type: str | None = None) -> Request | None:
    """Return the request for a URL or "/path?query", None where it cannot be one."""
    try:
        parts = urlsplit(url if not url.startswith("//") else "/" + url.lstrip("/"))
    except ValueError:
        return None
    path = unquote_to_bytes(parts.path or "/").decode("latin-1")
    query = carried(parts.query)
    if not path.startswith("/") or not _TOKEN.fullmatch(method) or method == "CONNECT" \
            or not query.isprintable() or " " in query:
        return None
    variables: dict[str, str | None] = {}
    for name, value in headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        value = carried(value).strip(" \t")
        if key not in _FRAMING and not name.startswith(":") and re.fullmatch(r"HTTP_[A-Z0-9_]+", key) \
                and all(c == "\t" or " " <= c != "\x7f" for c in value):
            variables[key] = value
    return Request.make(method, path, query, body=body, content_type=content_type, **variables)


def traffic(name: str) -> list[Request]:
    """Return the requests that `validator(app, record=name)` wrote.

    Raises:
        ConfigError: the file cannot be read.
    """
    found = []
    for line in _lines(name, "recorded traffic"):
        request = from_line(line) if line.strip() else None
        if request is not None and request.has("REQUEST_METHOD"):
            length = request.get("CONTENT_LENGTH")
            if length and length != str(len(request.body)):     # the application did not read all of it
                request = request.with_variables(CONTENT_LENGTH=str(len(request.body)))
            found.append(request)
    return found


def access_log(name: str) -> list[Request]:
    """Return the requests in a log of the common or combined format, those answered 404 or 5xx aside.

    Raises:
        ConfigError: the file cannot be read, or no line is one of such a log.
    """
    found, lines = [], 0
    for line in _lines(name, "access log"):
        match = _LINE.search(line)
        lines += bool(match)
        if match and match["status"] not in ("404", "400") and match["status"] < "500":
            request = request_for(match["method"], match["url"])
            if request is not None:
                found.append(request)
    if not lines:
        raise ConfigError(f"{show(name)} is no access log in the common or combined format")
    return found


def _posted(data: Any) -> tuple[bytes, str | None]:
    if not isinstance(data, dict):
        return b"", None
    kind, text = data.get("mimeType"), data.get("text")
    if isinstance(text, str) and text:
        return text.encode("utf-8", "replace"), kind if isinstance(kind, str) else None
    return b"", None


def har(name: str) -> list[Request]:
    """Return the requests of a HAR file, those to the host that most of them are for.

    Raises:
        ConfigError: the file cannot be read, or is none.
    """
    try:
        document = json.loads(Path(name).read_bytes())
        entries = document["log"]["entries"]
        iter(entries)
    except OSError as error:
        raise ConfigError(f"cannot read the HAR file {show(name)}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{show(name)} is no HAR file") from error
    found: dict[str, list[Request]] = {}
    for entry in entries:
        try:
            asked = entry["request"]
            host = urlsplit(asked["url"]).netloc
            headers = [(str(pair["name"]), str(pair["value"])) for pair in asked.get("headers") or ()]
            body, kind = _posted(asked.get("postData"))
            request = request_for(str(asked["method"]).upper(), str(asked["url"]), headers, body, kind)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        if request is not None:
            found.setdefault(host, []).append(request)
    return max(found.values(), key=len, default=[])


def spread(requests: Iterable[Request], most: int) -> list[Request]:
    """Return at most `most` different requests, so that rare addresses are among them."""
    shapes: dict[tuple[str, str], list[Request]] = {}
    for request in dict.fromkeys(requests):
        shapes.setdefault((request.method, re.sub(r"\d+", "0", request.path)), []).append(request)
    found: list[Request] = []
    turn = 0
    while shapes and len(found) < most:
        for key in list(shapes):
            if turn < len(shapes[key]):
                found.append(shapes[key][turn])
            else:
                del shapes[key]
        turn += 1
    return found[:most]
