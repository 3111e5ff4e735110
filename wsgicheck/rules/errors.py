"""wsgi.errors: what the server provides and what the application may do with it (PEP 3333, "Input and Error Streams").

Law: looking for an attribute is less than calling it: the one is judged at the end, the other where it happens.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment, Use
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SERVER, Verdict, pep, rule
from ..show import show
from .environ import environ_is_builtin_dict
from .shapes import has

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
