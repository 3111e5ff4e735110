"""wsgi.input as the server provides it: its methods, and what they give (PEP 3333, "Input and Error Streams")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Use
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, Verdict, pep, rule
from ..show import show
from .environ import environ_is_builtin_dict
from .kinds import name_of
from .shapes import has, is_bytes

METHODS = ("read", "readline", "readlines", "__iter__")
SUPPORTED = "The methods listed in the table above must be supported by all servers conforming to this specification."


def _is_exception(value: object) -> bool:
    return issubclass(type(value), BaseException)


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("IN-001", "IN-002", "IN-003", "IN-004"),
      cites=(pep("input-and-error-streams", "The input and error streams provided by the server must support the "
                                            "following methods"),
             pep("input-and-error-streams", SUPPORTED)),
      given=(environ_is_builtin_dict,))
def input_has_its_methods(x: Exchange, environ: object) -> Verdict:
    """wsgi.input has read, readline, readlines and __iter__.

    Which of the four an application uses is its own affair: form parsers read, line protocols iterate,
    old code calls readlines. A socket's makefile(), io.BytesIO or a temporary file has them all; a class
    of one's own that wraps one of these tends to lack the last two, and so does None for "no body".
    """
    if type(environ) is not dict or "wsgi.input" not in environ:
        return NOT_APPLICABLE
    stream = environ["wsgi.input"]
    missing = [name for name in METHODS if not has(stream, name)]
    if not missing:
        return HOLDS
    return f"wsgi.input is {show(stream, 80)} without {', '.join(missing)}; expected {', '.join(METHODS)}"


class _OnlyRead:
    """A stream of one method."""

    def read(self, size: int = -1) -> bytes:
        return b""


class _Unlooped(_OnlyRead):
    """A stream that can't be iterated over."""

    def readline(self) -> bytes:
        return b""

    def readlines(self, hint: int = -1) -> list[bytes]:
        return []


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _OnlyRead()


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Unlooped()


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = None


@input_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = b""


@input_has_its_methods.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BytesIO(b"abc")


@input_has_its_methods.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BufferedReader(io.BytesIO(b"abc"))  # type: ignore[type-var, arg-type, unused-ignore]


@rule(at=Moment.DATA, binds=SERVER, level=MUST, covers=("IN-017", "STR-002"),
      cites=pep("unicode-issues", "For values referred to in this specification as \"bytestrings\" (i.e., values "
                                  "read from wsgi.input, passed to write() or yielded by the application), the value "
                                  "must be of type bytes under Python 3"))
def input_gives_bytes(x: Exchange, use: Use) -> Verdict:
    """Whatever is read from wsgi.input is bytes.

    A text stream (sys.stdin, StringIO in a hand-made test) gives str, and every form parser fails on it; a
    non-blocking socket gives None, which is neither data nor the end. Pass sys.stdin.buffer or
    io.BytesIO(body), and let the socket block.
    """
    data = use.result
    if type(data) is bytes and use.name != "readlines":
        return HOLDS
    if use.name not in METHODS or _is_exception(data):
        return NOT_APPLICABLE
    where = "iteration over wsgi.input" if use.name == "__iter__" else f"wsgi.input.{use.name}()"
    if use.name != "readlines":
        return HOLDS if is_bytes(data) else f"{where} gave {show(data, 80)}, of type {name_of(data)}; expected bytes"
    if type(data) is not list and type(data) is not tuple:
        return f"{where} gave {show(data, 80)}, of type {name_of(data)}; expected a list of bytes"
    for line in data:
        if not is_bytes(line):
            return f"{where} gave a list with {show(line, 80)}, of type {name_of(line)}; expected bytes"
    return HOLDS


class _Giving(_Unlooped):
    """A stream that gives the same thing whatever is asked."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def read(self, size: int = -1) -> Any:
        return self._thing

    def __iter__(self) -> Iterator[Any]:
        return iter(())


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.StringIO("abc")


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Giving(None)


@input_gives_bytes.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _Giving(bytearray(b"abc"))


@input_gives_bytes.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    import io

    environ["wsgi.input"] = io.BytesIO(b"abc")


@input_gives_bytes.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    # The client has left in the middle of the body: what comes is short.
    environ["wsgi.input"] = _Giving(b"")
