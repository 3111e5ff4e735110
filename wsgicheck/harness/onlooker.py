"""A user's application under a real server, looked at: what it was asked, and how its answer was taken.

Laws: the application gets the server's own objects; what it returns is passed on item by item, with its
close() and its length; after the first block it waits a moment for the client to have seen something, so that
a server that holds blocks back can be told from one that does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..targets import load_target
from .channel import Channel, safe

__all__ = ["load"]

_READY = "wsgicheck-ready"
_GATE_SECONDS = 0.6
_TOLD = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
         "wsgi.url_scheme")


class _Body:
    """The application's body, passed on; tells of the second block and of close()."""

    def __init__(self, body: Any, channel: Channel, tag: str) -> None:
        self._body, self._channel, self._tag = body, channel, tag
        if hasattr(body, "close"):
            self.close = self._close

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for block in self._body:
            if block:
                sent += 1
                if sent == 2:
                    arrived = self._channel.wait(self._tag, "arrived", _GATE_SECONDS)
                    self._channel.tell(self._tag, "second", {"arrived": arrived})
            yield block

    def _close(self) -> None:
        self._body.close()
        self._channel.tell(self._tag, "close", {})


class _SizedBody(_Body):
    def __len__(self) -> int:
        return len(self._body)


def load(folder: str, run: str, target: str, search: list[str]) -> Callable[..., Any]:
    """Load the user's application and return it, looked at.

    Args:
        search: what the user's interpreter has on sys.path; it comes after the server's own, so that the
            server keeps its versions.
    """
    sys.path.extend(path for path in search if path not in sys.path)
    application = load_target(target).application
    channel = Channel(folder)

    def looked_at(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if str(environ.get("PATH_INFO")).lstrip("/") == _READY:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(run)))])
            return [run.encode()]
        tag = environ.pop("HTTP_WSGICHECK", "")
        if not isinstance(tag, str) or not safe(tag):
            return application(environ, start_response)
        seen = {key: value for key, value in environ.items()
                if isinstance(value, str) and (key in _TOLD or key.startswith("HTTP_"))}
        channel.tell(tag, "call", {"environ": seen})
        body = application(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return body
        return _SizedBody(body, channel, tag) if hasattr(type(body), "__len__") else _Body(body, channel, tag)

    return looked_at
