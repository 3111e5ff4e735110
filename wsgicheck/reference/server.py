"""The exemplary server: HTTP/1.1 over a socket, one thread a connection, and PEP 3333 to the letter.

It is what the rules for servers are held against: it breaks none, and each of the one-fault servers in
fixtures/ is this one with one method changed. It is no server for production: it has no time limits.
Usage: python -m wsgicheck.reference.server HOST PORT MODULE:ATTRIBUTE [NAME=VALUE...]
"""

from __future__ import annotations

import importlib
import io
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from .gateway import FileWrapper
from .server_request import Body, ClientGone, Head, RequestRefused, Stream, body_length, parse_head
from .server_response import SOFTWARE, Response

__all__ = ["Connection", "Server", "main"]

Application = Callable[..., Any]


def _log_stream() -> io.TextIOWrapper:
    """Return a text stream on standard error that takes any Unicode, whatever the locale."""
    return io.TextIOWrapper(io.FileIO(os.dup(2), "w"), "utf-8", "backslashreplace", line_buffering=True)


class Connection:
    """One client's connection and the exchanges on it; each method is one duty of the server."""

    response_class: type[Response] = Response
    body_class: type[Body] = Body
    file_wrapper: Any = FileWrapper

    def __init__(self, server: Server, line: socket.socket, peer: tuple[str, int]) -> None:
        self.server, self.line, self.peer = server, line, peer
        self.stream = Stream(line)

    # -- the request -------------------------------------------------------------------------------------
    def read_head(self, data: bytes) -> Head:
        """Return the request head; raise RequestRefused for one that is malformed."""
        return parse_head(data)

    def length_of(self, head: Head) -> int | None:
        """Return the length of the body, None where it is chunked; raise RequestRefused where it is unclear."""
        return body_length(head)

    def cgi_variables(self, head: Head) -> dict[str, Any]:
        """Return the variables that come from the request and the connection."""
        variables: dict[str, Any] = dict(self.server.deployed)
        variables |= {
            "REQUEST_METHOD": head.method, "SCRIPT_NAME": "", "PATH_INFO": head.path,
            "QUERY_STRING": head.query, "SERVER_NAME": self.server.host, "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": f"HTTP/{head.version}", "SERVER_SOFTWARE": SOFTWARE,
            "REMOTE_ADDR": self.peer[0], "REMOTE_PORT": str(self.peer[1]), "GATEWAY_INTERFACE": "CGI/1.1",
        }
        for name, value in head.fields:
            lower = name.lower()
            # An underscore would meet its hyphenated twin, and Proxy would become HTTP_PROXY.
            if "_" in name or lower in ("proxy", "transfer-encoding", "content-length", "content-type"):
                continue
            key = "HTTP_" + name.upper().replace("-", "_")
            if key in variables:
                variables[key] += ("; " if lower == "cookie" else ", ") + value
            else:
                variables[key] = value
        if head.values("content-type"):
            variables["CONTENT_TYPE"] = head.values("content-type")[0]
        if head.values("content-length"):
            variables["CONTENT_LENGTH"] = head.values("content-length")[0]
        if head.host:
            variables["HTTP_HOST"] = head.host
        return variables

    def environ(self, head: Head, body: Body) -> dict[str, Any]:
        """Return a fresh environ."""
        return self.cgi_variables(head) | {
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": body,
            "wsgi.errors": self.server.errors, "wsgi.multithread": True, "wsgi.multiprocess": False,
            "wsgi.run_once": False, "wsgi.input_terminated": True, "wsgi.file_wrapper": self.file_wrapper,
        }

    def continues(self, head: Head) -> Callable[[], None]:
        """Return what is done when the application first reads: 100 Continue, where it is waited for."""
        def send() -> None:
            expects = [value.lower() for value in head.values("expect")]
            if "100-continue" in expects and head.version == "1.1" and not self.stream.buffer:
                self.line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

        return send

    # -- the exchange ------------------------------------------------------------------------------------
    def exchange(self) -> bool:
        """Serve one request; true when the connection can go on."""
        try:
            data = self.stream.take_head()
            if not data:
                return False
            head = self.read_head(data)
            length = self.length_of(head)
        except RequestRefused as refused:
            self.refuse(refused.status)
            return False
        wants_close = any("close" in value.lower() for value in head.values("connection"))
        response = self.response_class(self.line, head.method, head.version,
                                       head.version == "1.1" and not wants_close)
        body = self.body_class(self.stream, length, self.continues(head))
        self.run(self.environ(head, body), response)
        return response.keep and self.leftover(head, body)

    def leftover(self, head: Head, body: Body) -> bool:
        """Deal with a body that was not read; false when the connection cannot go on."""
        if body.ended:
            return True
        if head.values("expect") and not body.asked:
            return False  # the client may or may not send it
        try:
            return body.drain()
        except RequestRefused:
            return False

    def refuse(self, status: str) -> None:
        """Answer a request that reaches no application."""
        text = status.encode() + b"\n"
        response = self.response_class(self.line, "GET", "1.1", False)
        response.status, response.started = status, True
        response.headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        response.send_head()
        self.line.sendall(text)

    def run(self, environ: dict[str, Any], response: Response) -> None:
        """Call the application and send what it gives; its failure never becomes the server's."""
        result: Any = None
        try:
            result = self.call(environ, response)
            self.send_body(result, response)
        except RequestRefused as refused:
            response.keep = False
            if not response.sent_head:
                self.refuse(refused.status)
        except BaseException as error:
            # SystemExit and KeyboardInterrupt too: they are the application's here.
            response.keep = False
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                self.log("".join(traceback.format_exception(error)))
                response.fail()
        finally:
            self.close_result(result)

    def call(self, environ: dict[str, Any], response: Response) -> Any:
        """Call the application, by position and once."""
        return self.server.application(environ, response.start_response)

    def send_body(self, result: Any, response: Response) -> None:
        """Iterate the body and send each block as it comes."""
        try:
            response.returned_length = len(result)
        except TypeError:
            response.returned_length = None
        for block in result:
            response.block(block)
            if response.full:
                break
        wrong = response.finish()
        if wrong:
            self.log(wrong)

    def close_result(self, result: Any) -> None:
        """Call close() on what the application returned."""
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.log("".join(traceback.format_exception(error)))

    def log(self, text: str) -> None:
        """Write to the server's log."""
        self.server.errors.write(text.rstrip("\n") + "\n")

    def serve(self) -> None:
        """Serve requests until the connection ends."""
        try:
            while self.exchange():
                pass
        except (ClientGone, OSError):
            pass
        finally:
            self.end()

    def end(self) -> None:
        """Close the connection, so that the client reads the answer before it hears of the end."""
        try:
            self.line.shutdown(socket.SHUT_WR)
            self.line.settimeout(0.5)
            for _ in range(64):
                if not self.line.recv(65536):
                    break
        except OSError:
            pass
        self.line.close()


class Server:
    """Listens, and gives each connection a thread."""

    def __init__(self, application: Application, host: str, port: int, *,
                 deployed: Mapping[str, str] | None = None,
                 connection_class: type[Connection] = Connection) -> None:
        self.application, self.connection_class = application, connection_class
        self.deployed = dict(deployed or {})
        self.errors = _log_stream()
        self.listener = socket.create_server((host, port), backlog=128)
        self.host, self.port = self.listener.getsockname()[:2]

    def serve_forever(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                line, peer = self.listener.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self.connection_class(self, line, peer)
            threading.Thread(target=connection.serve, daemon=True).start()


def main(arguments: list[str], connection_class: type[Connection] = Connection) -> None:
    """Serve MODULE:ATTRIBUTE on HOST PORT; further arguments NAME=VALUE go into each environ."""
    host, port, named, *pairs = arguments
    module, _, attribute = named.partition(":")
    application = getattr(importlib.import_module(module), attribute or "application")
    deployed = dict(pair.split("=", 1) for pair in pairs)
    Server(application, host, int(port), deployed=deployed, connection_class=connection_class).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
