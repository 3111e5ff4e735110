"""An independent reading of what a server may put into environ: breaches(environ) lists what it may not."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PROTOCOL = re.compile(r"HTTP/\d(\.\d)?")
SERVER_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
MAY_BE_EMPTY = {"SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"}
NEVER_EMPTY = ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL")
WSGI_KEYS = {"wsgi.version", "wsgi.url_scheme", "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess",
             "wsgi.run_once", "wsgi.input_terminated", "wsgi.file_wrapper"}


def breaches(environ: dict[str, Any], content: bytes) -> list[str]:
    """Return what PEP 3333, RFC 3875 and RFC 9112 forbid in `environ`, whose input holds `content`."""
    found: list[str] = []

    def law(holds: object, text: str) -> None:
        if not holds:
            found.append(text)

    law(type(environ) is dict, "environ is a dict")
    for key, value in environ.items():
        law(type(key) is str and key.isascii(), f"key {key!r} is an ASCII str")
        if key.startswith("wsgi."):
            law(key in WSGI_KEYS, f"{key} is known")
            continue
        law(type(value) is str, f"{key} is exactly str")
        law(all(ord(c) < 256 for c in value), f"{key} carries bytes")
        if "." in key:
            law(SERVER_KEY.fullmatch(key), f"{key} is a server's key")
        else:
            law(key == key.upper(), f"{key} is upper-case")
        if key not in MAY_BE_EMPTY and not key.startswith("HTTP_"):
            law(value, f"{key} has a value or is left out")
        if key not in ("PATH_INFO", "SCRIPT_NAME"):
            law(not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), f"{key} {value!r} has no control character")
        if key.startswith("HTTP_"):
            law(TOKEN.fullmatch(key[5:]), f"{key} comes from a field name")
            law(value == value.strip(" \t"), f"{key} is trimmed")
    for key in NEVER_EMPTY:
        law(environ.get(key), f"{key} is there")
    law(WSGI_KEYS - {"wsgi.input_terminated", "wsgi.file_wrapper"} <= environ.keys(), "the wsgi.* keys are there")
    method, protocol = environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"]
    law(TOKEN.fullmatch(method), f"{method!r} is a token")
    law(PROTOCOL.fullmatch(protocol), f"{protocol!r} is a version")
    law(environ["SERVER_PORT"].isdigit() and int(environ["SERVER_PORT"]) < 65536, "SERVER_PORT is a port")
    law(environ["SERVER_NAME"].count(":") == 0 or environ["SERVER_NAME"].startswith("["), "SERVER_NAME is a host")
    path, mount = environ.get("PATH_INFO", ""), environ.get("SCRIPT_NAME", "")
    law(path == "" or path[0] == "/" or (path == "*" and method == "OPTIONS"), f"PATH_INFO {path!r} has a slash")
    law(mount == "" or (mount[0] == "/" and mount[-1] != "/"), f"SCRIPT_NAME {mount!r} is a mount")
    law(not (path == "*" and mount), "the server as a whole is not mounted")
    law(not re.search(r"[\s#]", environ.get("QUERY_STRING", "").replace("\xa0", "").replace("\x85", "")),
        "QUERY_STRING fits a request line")
    law("HTTP_HOST" in environ or protocol == "HTTP/1.0", "HTTP/1.1 has a Host")
    for key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_PROXY", "REQUEST_URI", "RAW_URI"):
        law(key not in environ, f"{key} is not there")
    law(environ["wsgi.url_scheme"] in ("http", "https"), "the scheme is known")
    length = environ.get("CONTENT_LENGTH", "")
    law(length == "" or re.fullmatch("[0-9]+", length), f"CONTENT_LENGTH {length!r} is digits")
    chunked = environ.get("HTTP_TRANSFER_ENCODING")
    law(chunked in (None, "chunked"), "Transfer-Encoding is chunked")
    if chunked:
        law(protocol == "HTTP/1.1", "chunks need HTTP/1.1")
        law(length == "", "chunked content has no Content-Length")
    else:
        law(int(length or "0") >= len(content), "there is no more content than was announced")
    law(not (method == "TRACE" and content), "TRACE has no content")
    law(environ.get("wsgi.input_terminated", True) is True, "wsgi.input_terminated is true where it is set")
    law(callable(environ.get("wsgi.file_wrapper", len)), "wsgi.file_wrapper is callable")
    for flag in ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"):
        law(type(environ[flag]) is bool, f"{flag} is a flag")
    return found
