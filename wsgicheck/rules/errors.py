"""wsgi.errors: what the server provides and what the application may do with it (PEP 3333, "Input and Error Streams").

Law: what a whole request left behind (an open line, an unflushed text) is judged at CLOSE, the last moment at
which the application can have written.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Use
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, pep, rule
from ..show import show
from .environ import environ_is_builtin_dict
from .kinds import name_of
from .shapes import has, is_str

TEXT = [("Content-Type", "text/plain")]
METHODS = ("flush", "write", "writelines")
SUPPORTED = "The methods listed in the table above must be supported by all servers conforming to this specification."
NO_OTHER = "Applications conforming to this specification must not use any other methods or attributes of the input " \
           "or errors objects."


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-048", "ER-001", "ER-002", "ER-003"),
      cites=(pep("environ-variables", "An output stream (file-like object) to which error output can be written"),
             pep("input-and-error-streams", SUPPORTED)),
      given=(environ_is_builtin_dict,))
def errors_has_its_methods(x: Exchange, environ: object) -> Verdict:
    """wsgi.errors has flush, write and writelines.

    An application writes to it when something has gone wrong already: a method that is missing then turns
    the report into a second error that hides the first. A logger, a list or None is no stream. Pass
    sys.stderr, or a class with these three methods around your log.
    """
    if type(environ) is not dict or "wsgi.errors" not in environ:
        return NOT_APPLICABLE
    stream = environ["wsgi.errors"]
    missing = [name for name in METHODS if not has(stream, name)]
    if not missing:
        return HOLDS
    return f"wsgi.errors is {show(stream, 80)} without {', '.join(missing)}; expected {', '.join(METHODS)}"


class _Written:
    """A log that can be written to and no more."""

    def write(self, text: str) -> None:
        pass


class _Log(_Written):
    """A log with all that is asked for."""

    def writelines(self, lines: Any) -> None:
        pass

    def flush(self) -> None:
        pass


@errors_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = _Written()


@errors_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    import logging

    environ["wsgi.errors"] = logging.getLogger("server")


@errors_has_its_methods.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = None


@errors_has_its_methods.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = _Log()


@errors_has_its_methods.good_environ
def _(environ: dict[str, Any]) -> None:
    import sys

    environ["wsgi.errors"] = sys.stderr


# -- which methods ---------------------------------------------------------------------------------------------


@rule(at=Moment.ERRORS, binds=APPLICATION, level=MUST, covers=("ER-014",),
      cites=pep("input-and-error-streams", NO_OTHER))
def only_listed_methods_of_errors_are_called(x: Exchange, use: Use) -> Verdict:
    """No method of wsgi.errors is called but write, writelines and flush.

    isatty() to decide on colours, fileno() to hand the log to a child process: sys.stderr has them under a
    development server, and the log object of mod_wsgi or uWSGI has not, or has no descriptor to give. Write plain
    text; `print(..., file=environ["wsgi.errors"])` and logging.StreamHandler need the listed three alone.
    """
    if not use.called or use.name in METHODS or use.name == "close":
        return NOT_APPLICABLE
    return f"wsgi.errors.{use.name}() was called; expected {', '.join(METHODS)} alone"


@only_listed_methods_of_errors_are_called.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    colour = "\x1b[31m" if environ["wsgi.errors"].isatty() else ""
    start_response("200 OK", TEXT)
    return [colour.encode()]


@only_listed_methods_of_errors_are_called.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    print("something is odd", file=environ["wsgi.errors"], flush=True)
    start_response("200 OK", TEXT)
    return [b"Hello"]


@only_listed_methods_of_errors_are_called.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import logging

    handler = logging.StreamHandler(environ["wsgi.errors"])
    handler.emit(logging.makeLogRecord({"msg": "something is odd"}))
    start_response("200 OK", TEXT)
    return [b"Hello"]


@only_listed_methods_of_errors_are_called.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import traceback

    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        traceback.print_exc(file=environ["wsgi.errors"])
    environ["wsgi.errors"].writelines(["handled\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.ERRORS, binds=APPLICATION, level=MUST, covers=("ER-015",),
      cites=pep("input-and-error-streams", "In particular, applications must not attempt to close these streams, even "
                                           "if they possess close() methods."))
def errors_is_not_closed(x: Exchange, use: Use) -> Verdict:
    """The application does not close wsgi.errors.

    Most servers hand out one stream to all requests, often sys.stderr itself: once closed, every later report
    is "ValueError: I/O operation on closed file" or is lost. `with` and contextlib.closing do it unasked.
    Call flush() where you would have closed it.
    """
    if use.name != "close" or not use.called:
        return NOT_APPLICABLE
    return "wsgi.errors.close() was called; expected it to be left to the server"


@errors_is_not_closed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from contextlib import closing

    with closing(environ["wsgi.errors"]) as log:
        log.write("something is odd\n")
        log.flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@errors_is_not_closed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].write("something is odd\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("ER-014",),
      cites=pep("input-and-error-streams", NO_OTHER))
def unlisted_attributes_of_errors_are_not_needed(x: Exchange, ending: Ending) -> Verdict:
    """No attribute of wsgi.errors that PEP 3333 does not list is relied on.

    The application asked for one that this server's stream does not have, and the AttributeError ended the
    request: sys.stderr has encoding, buffer and name, other servers' logs have not. Use write, writelines
    and flush alone; any str may be written, whatever the encoding of the log.
    """
    if not x.errors_attributes:
        return NOT_APPLICABLE
    if x.raised.startswith("AttributeError"):
        for name in x.errors_attributes:
            if f"attribute '{name}'" in x.raised:
                return f"wsgi.errors.{name} was needed and is not there; expected {', '.join(METHODS)} alone"
    return HOLDS


@unlisted_attributes_of_errors_are_not_needed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].buffer.write(b"something is odd\n")
    start_response("200 OK", TEXT)
    return [b"Hello"]


@unlisted_attributes_of_errors_are_not_needed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    environ["wsgi.errors"].write("Grüße, \N{SNOWMAN} \N{GRINNING FACE}\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


@rule(at=Moment.END, binds=APPLICATION, level=ADVICE, covers=("ER-014",),
      cites=pep("input-and-error-streams", NO_OTHER), given=(unlisted_attributes_of_errors_are_not_needed,))
def unlisted_attributes_of_errors_are_not_asked_for(x: Exchange, ending: Ending) -> Verdict:
    """wsgi.errors is not asked whether it has more than PEP 3333 lists.

    getattr(log, "encoding", None) breaks nothing by itself, and makes the log look different from server to
    server. Treat every server's stream alike.
    """
    if not x.errors_attributes:
        return NOT_APPLICABLE
    return f"wsgi.errors was asked for {', '.join(x.errors_attributes[:4])}; expected {', '.join(METHODS)} alone"


@unlisted_attributes_of_errors_are_not_asked_for.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    encoding = getattr(environ["wsgi.errors"], "encoding", "ascii")
    start_response("200 OK", TEXT)
    return [encoding.encode()]


@unlisted_attributes_of_errors_are_not_asked_for.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    if hasattr(environ["wsgi.errors"], "flush"):
        environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"Hello"]


# -- what is written -------------------------------------------------------------------------------------------


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
