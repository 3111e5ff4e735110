"""What the application writes to wsgi.errors, and how it leaves it (PEP 3333, "environ Variables", wsgi.errors).

Law: what a whole request left behind (an open line, an unflushed text) is judged at CLOSE, the last moment at
which the application can have written.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Use
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rule
from ..show import show
from .kinds import name_of
from .shapes import is_str

TEXT = [("Content-Type", "text/plain")]


@rule(at=Moment.ERRORS, binds=APPLICATION, level=MUST, covers=("ER-006", "STR-001"),
      cites=(pep("environ-variables", "This should be a \"text mode\" stream"),
             pep("a-note-on-string-types", "where you see the word \"string\" in this document, it refers to a "
                                           "\"native\" string, i.e., an object of type str")))
def error_text_is_str(x: Exchange, use: Use) -> Verdict:
    """What is written to wsgi.errors is str.

    bytes are a TypeError on a text stream, in the very moment in which an error was to be reported. Decode
    them (`data.decode("utf-8", "backslashreplace")`) or write their repr(). Unlike everything else in WSGI
    this text is not bound to Latin-1.
    """
    if use.name not in ("write", "writelines") or not use.args:
        return NOT_APPLICABLE
    given = use.args[0]
    if use.name == "write":
        if is_str(given):
            return HOLDS
        return f"wsgi.errors.write({show(given, 80)}) was called with {name_of(given)}; expected str"
    # A generator can't be looked into without taking what it has.
    if type(given) is not list and type(given) is not tuple:
        return NOT_APPLICABLE
    for line in given:
        if not is_str(line):
            return f"wsgi.errors.writelines was called with {show(line, 80)}, of type {name_of(line)}; expected str"
    return HOLDS


@error_text_is_str.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        environ["wsgi.errors"].write(b"something is odd\n")
    except TypeError:
        pass
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@error_text_is_str.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    try:
        environ["wsgi.errors"].writelines(["something ", b"is odd\n"])
    except TypeError:
        pass
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@error_text_is_str.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].writelines(f"{n} \N{SNOWMAN}\n" for n in range(3))
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.CLOSE, binds=APPLICATION, level=SHOULD, covers=("ER-005",),
      cites=pep("environ-variables", "applications should use \"\\n\" as a line ending, and assume that it will be "
                                     "converted to the correct line ending by the server/gateway."),
      given=(error_text_is_str,))
def error_lines_end_with_line_feed(x: Exchange, closed: object) -> Verdict:
    r"""The last text of a request in wsgi.errors ends with "\n".

    What the next request writes stands on the same line otherwise, and a log that is read line by line
    (journald, mod_wsgi, a container's) keeps the text back until then. Write "...\n", also on Windows, and
    not os.linesep; print() does it by itself.
    """
    if not x.errors_written:
        return NOT_APPLICABLE
    if not x.errors_unended:
        return HOLDS
    return "the last text written to wsgi.errors ends in the middle of a line; expected a line feed at its end"


@error_lines_end_with_line_feed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].write("something is odd")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@error_lines_end_with_line_feed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].writelines(["something\n", "is odd"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@error_lines_end_with_line_feed.bad(query="page=x")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Only a request that goes wrong is reported.
    try:
        page = int(environ.get("QUERY_STRING", "").partition("=")[2] or "1")
    except ValueError as error:
        page = 1
        environ["wsgi.errors"].write(str(error))
        environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"page %d" % page]


@error_lines_end_with_line_feed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Several writes may make one line, and an empty one changes nothing.
    for part in ("something ", "is ", "odd", "\n", ""):
        environ["wsgi.errors"].write(part)
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@error_lines_end_with_line_feed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].write("the old ")
    environ["wsgi.errors"].writelines(["and the new\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.CLOSE, binds=APPLICATION, level=ADVICE, covers=("ER-012", "ER-013"),
      cites=pep("input-and-error-streams", "Portable applications, however, cannot assume that output is "
                                           "unbuffered or that flush() is a no-op. They must call flush() if they need "
                                           "to ensure that output has in fact been written."))
def errors_are_flushed(x: Exchange, closed: object) -> Verdict:
    """What a request wrote to wsgi.errors is flushed before the request is over.

    A server may keep it in a buffer: the report of a crash comes minutes later, between the lines of other
    requests, or never, if the process is killed. traceback.print_exc(file=...) does not flush, and logging's
    StreamHandler does. Call `environ["wsgi.errors"].flush()` after the last line.
    """
    if not x.errors_written:
        return NOT_APPLICABLE
    if not x.errors_unflushed:
        return HOLDS
    return "text was written to wsgi.errors and not flushed; expected flush() after the last of it"


@errors_are_flushed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    print("something is odd", file=environ["wsgi.errors"])
    start_response("200 OK", TEXT)
    return [b"Hello"]


@errors_are_flushed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].write("before\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    yield b"Hello"
    environ["wsgi.errors"].write("after\n")


@errors_are_flushed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Once is enough, and the end of the body is early enough.
    start_response("200 OK", TEXT)
    try:
        environ["wsgi.errors"].write("before\n")
        yield b"Hello"
    finally:
        environ["wsgi.errors"].write("after\n")
        environ["wsgi.errors"].flush()


@errors_are_flushed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return _Flushing([b"Hello"], environ["wsgi.errors"])


class _Flushing:
    """A body whose close() writes the last line and flushes."""

    def __init__(self, items: list[bytes], log: Any) -> None:
        self._items, self._log = items, log

    def __iter__(self) -> Any:
        self._log.write("begun\n")
        return iter(self._items)

    def close(self) -> None:
        self._log.write("done\n")
        self._log.flush()
