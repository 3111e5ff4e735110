"""A real server for one test: wsgiref's, on the loopback interface, on a port that the system picks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

__all__ = ["serving"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = False
    block_on_close = True

    def server_bind(self) -> None:
        super().server_bind()
        # HTTPServer asks the resolver for its own name, which may take seconds.
        self.server_name = "127.0.0.1"
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(application: Callable[..., Any]) -> Iterator[str]:
    """Serve `application` while the context lasts; its value is the URL without a slash at its end."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="wsgicheck-server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
