"""A visitor inside the process: WebTest over exchanges that the run itself makes happen, so that each is judged.

Laws: cookies are kept as a browser keeps them; every request that was made is kept with its answer's status; a
request that the run refuses (it ended an earlier life, or may change data) is not made and answers None.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..model.request import Request

__all__ = ["Answer", "Ask", "Browser", "request_of"]

_HOST = "127.0.0.1"
_LARGEST = 2 * 1024 * 1024
_ADDRESS = frozenset({"REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: "200 OK", the fields, the content."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3]) if self.status[:3].isdigit() else 0


Ask = Callable[[Request], Answer | None]
"""Makes one exchange happen; None where it must not, or where the application raised."""


class Declined(Exception):
    """The exchange did not happen, or came to nothing."""


def request_of(environ: dict[str, Any], body: bytes) -> Request:
    """Return the request that an environ stands for, at the plain server's address."""
    changes: dict[str, str | None] = {
        name: value for name, value in environ.items()
        if type(value) is str and name not in _ADDRESS
        and (name.startswith("HTTP_") or name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING",
                                                  "CONTENT_TYPE", "CONTENT_LENGTH"))}
    if not body and changes.get("CONTENT_LENGTH") in ("0", ""):
        changes["CONTENT_LENGTH"] = None
    if not changes.get("CONTENT_TYPE"):
        changes["CONTENT_TYPE"] = None
    return Request(body=body).with_variables(**changes)


@dataclass(slots=True)
class Visit:
    """One request that was made, and what became of it."""

    request: Request
    code: int


@dataclass
class Browser:
    """Asks an application and keeps its cookies.

    Args:
        ask: makes the exchange.
        always: cookies that every request carries, (name, value).
    """

    ask: Ask
    always: Iterable[tuple[str, str]] = ()
    visits: list[Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from webtest import TestApp  # imported late: it takes long, and only a crawl needs it
        self._app: Any = TestApp(self._serve, extra_environ={"HTTP_HOST": _HOST}, lint=False)
        for name, value in self.always:
            self._app.set_cookie(name, value)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        body = environ["wsgi.input"].read(int(length)) if length.isdigit() else b""
        request = request_of(environ, body)
        answer = self.ask(request)
        if answer is None or not answer.code:
            raise Declined
        self.visits.append(Visit(request, answer.code))
        start_response(answer.status, list(answer.headers))
        return [answer.body[:_LARGEST]]

    @property
    def cookies(self) -> tuple[tuple[str, str], ...]:
        """What it would send now."""
        return tuple((str(name), str(value)) for name, value in self._app.cookies.items())

    def get(self, url: str) -> Any:
        """Return WebTest's response to a GET of "/path?query", None where nothing came of it."""
        return self._do(lambda: self._app.get(url, expect_errors=True))

    def post(self, url: str, fields: dict[str, str]) -> Any:
        """Return the response to a form that is posted."""
        return self._do(lambda: self._app.post(url, fields, expect_errors=True))

    def submit(self, form: Any, name: str = "") -> Any:
        """Return the response to a filled-in form of a page that was got."""
        return self._do(lambda: form.submit(name or None, expect_errors=True))

    def _do(self, act: Callable[[], Any]) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return act()
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except Exception:       # Declined, or an answer that WebOb and the page's parser do not take
            return None

    def soup(self, response: Any) -> Any:
        """Return the parsed page, None where the response is none."""
        kind = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml") or not response.body:
            return None
        return self._do(lambda: response.html)

    def forms(self, response: Any) -> list[Any]:
        """Return the forms of a page."""
        found = self._do(lambda: [form for key, form in response.forms.items() if isinstance(key, int)])
        return found or []


def local(base: str, link: str) -> str | None:
    """Return "/path?query" of a link on a page, None where it leads elsewhere."""
    try:
        parts = urlsplit(urljoin(f"http://{_HOST}{base}", link.strip()))
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in (_HOST, "localhost"):
        return None
    path = parts.path or "/"
    return path + (f"?{parts.query}" if parts.query else "")
