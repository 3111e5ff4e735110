"""What a middleware puts into environ in the server's place: an errors stream, a file wrapper.

PEP 3333, "environ Variables" and "Optional Platform-Specific File Handling", read by a component that plays both sides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, Verdict, pep
from ..model.sandwich import Pair, sandwich, variation
from ..reference.repertoire import Recipe
from .two_forms import told
from .wrapping import App


def _silent(recipe: Recipe) -> Recipe | None:
    return replace(recipe, tells=False) if recipe.tells and not recipe.mishap else None


@variation(level=MUST, covers=("MW-001",), vary=_silent,
           cites=pep("environ-variables",
                     "This should be a \"text mode\" stream; i.e., applications should use \"\\n\" as a line ending, "
                     "and assume that it will be converted to the correct line ending by the server/gateway."))
def errors_take_what_an_application_tells(first: Pair, plainer: Pair) -> Verdict:
    """An errors stream that the middleware puts in the server's place takes text, lines of it, and flush().

    A stream of bytes, or an object with write() alone, raises in the middle of the application's own error handling:
    what it was about to log is lost, and the visitor gets another error than the one that happened. Put in a text
    stream, or one that passes write, writelines and flush on to the server's.
    """
    one, plain = first.only, plainer.only
    if one is None or plain is None or plain.raised or plainer.outer.raised:
        return NOT_APPLICABLE
    if not one.raised:
        return HOLDS
    return told("with an application that writes to wsgi.errors", "when it is silent", f"it raised {one.raised}")


_TELLS = Recipe(tells=True)


@errors_take_what_an_application_tells.bad(recipe=_TELLS)
def _(app: App) -> App:
    class Log:
        def write(self, data: bytes) -> int:
            return len(data + b"")

        def writelines(self, lines: Any) -> None:
            for line in lines:
                self.write(line)

        def flush(self) -> None:
            pass

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.errors"] = Log()
        return app(environ, start_response)

    return middleware


@errors_take_what_an_application_tells.good(recipe=_TELLS)
def _(app: App) -> App:
    import io

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.errors"] = io.StringIO()
        return app(environ, start_response)

    return middleware


@sandwich(level=MUST, covers=("MW-001", "FW-009"), cites=pep(
    "optional-platform-specific-file-handling",
    "It may have a close() method, and if so, the iterable returned by wsgi.file_wrapper must have a close() method "
    "that invokes the original file-like object's close() method."))
def file_wrapper_of_its_own_closes_the_file(pair: Pair) -> Verdict:
    """A file wrapper that the middleware puts in the server's place closes the file when its iterable is closed.

    An application that opens a file and hands it to wsgi.file_wrapper leaves it to the wrapper to close it. A generator
    or an iter() over read() does not, and each download leaves a descriptor open until the collector comes along, or
    the worker has none left. Return an object whose close() calls the file's, as wsgiref.util.FileWrapper does.
    """
    one = pair.only
    if one is None or one.file_closed is None or pair.outer.raised:
        return NOT_APPLICABLE
    if one.file_closed:
        return HOLDS
    return ("the file that the application passed to the middleware's wsgi.file_wrapper is open after the end of the "
            "request; expected its close() to be called")


_FILE = Recipe(shape="file_wrapper", items=(b"one\n", b"two\n"))


@file_wrapper_of_its_own_closes_the_file.bad(recipe=_FILE)
def _(app: App) -> App:
    def wrapper(file: Any, size: int = 8192) -> Any:
        return iter(lambda: file.read(size), b"")

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.file_wrapper"] = wrapper
        return app(environ, start_response)

    return middleware


@file_wrapper_of_its_own_closes_the_file.good(recipe=_FILE)
def _(app: App) -> App:
    from wsgiref.util import FileWrapper

    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.file_wrapper"] = FileWrapper
        return app(environ, start_response)

    return middleware
