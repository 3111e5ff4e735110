"""wsgi.file_wrapper: what it is, and what may be put into it (PEP 3333, "Optional Platform-Specific File Handling").

Law: nothing is read from the file here; it is asked for what it has, and for its descriptor, and no more.
"""

from __future__ import annotations

import io
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Use
from ..model.request import Request
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rule
from ..show import show
from .environ import environ_is_builtin_dict
from .kinds import name_of
from .shapes import accepts, attribute

SECTION = "optional-platform-specific-file-handling"
BYTES = [("Content-Type", "application/octet-stream")]
# Files of the standard library whose descriptor is that of the file below, which holds other bytes.
OVER_ANOTHER_FILE = frozenset({("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile")})


def _file(use: Use) -> Any:
    """Return the file that was passed, None where none was."""
    return use.args[0] if use.args else None


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("FW-004",), allows=("FW-001",),
      cites=pep(SECTION, "If the server or gateway supplies wsgi.file_wrapper, it must be a callable that accepts one "
                         "required positional parameter, and one optional positional parameter."),
      given=(environ_is_builtin_dict,))
def file_wrapper_takes_a_file_and_a_block_size(x: Exchange, environ: object) -> Verdict:
    """wsgi.file_wrapper, where the server offers it, is callable with a file, and with a file and a block size.

    Applications ask `if "wsgi.file_wrapper" in environ` and call it then: Django passes both arguments, others
    pass the file alone. None, or a wrapper that takes one argument only, is a TypeError at the first
    download. Give it the signature `(filelike, block_size=8192)`, or leave the key out.
    """
    if type(environ) is not dict or "wsgi.file_wrapper" not in environ:
        return NOT_APPLICABLE
    wrapper = environ["wsgi.file_wrapper"]
    if callable(wrapper) and accepts(wrapper, 1) and accepts(wrapper, 2):
        return HOLDS
    what = "a callable with other parameters" if callable(wrapper) else f"of type {name_of(wrapper)}"
    return f"wsgi.file_wrapper is {show(wrapper, 80)}, {what}; expected one that takes (file) and (file, block size)"


class _OneArgument:
    """A wrapper that knows no block size."""

    def __init__(self, filelike: Any) -> None:
        self.filelike = filelike


@file_wrapper_takes_a_file_and_a_block_size.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = None


@file_wrapper_takes_a_file_and_a_block_size.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = _OneArgument


@file_wrapper_takes_a_file_and_a_block_size.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda filelike, block_size: iter(lambda: filelike.read(block_size), b"")


@file_wrapper_takes_a_file_and_a_block_size.good_environ
def _(environ: dict[str, Any]) -> None:
    # FW-001: a server need not offer it.
    del environ["wsgi.file_wrapper"]


@file_wrapper_takes_a_file_and_a_block_size.good_environ
def _(environ: dict[str, Any]) -> None:
    from wsgiref.util import FileWrapper

    environ["wsgi.file_wrapper"] = FileWrapper


@file_wrapper_takes_a_file_and_a_block_size.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda filelike, block_size=8192: iter(lambda: filelike.read(block_size), b"")


@rule(at=Moment.FILE_WRAPPER, binds=APPLICATION, level=MUST, covers=("FW-008",), allows=("FW-002",),
      cites=pep(SECTION, "To be considered \"file-like\", the object supplied by the application must have a read() "
                         "method that takes an optional size argument."))
def wrapped_file_has_read(x: Exchange, use: Use) -> Verdict:
    """What is put into wsgi.file_wrapper has a read method with an optional size.

    An iterator, bytes or a path is no file: the wrapper takes it and fails when the answer is on its way, or
    sends nothing. read(size) without a default fails on servers that read the rest at once. Return iterators
    and bytes as they are, open paths with `open(path, "rb")`, and write `def read(self, size=-1)`.
    """
    if not use.args:
        return NOT_APPLICABLE
    file = use.args[0]
    read = attribute(file, "read")
    if not callable(read):
        return f"wsgi.file_wrapper was given {show(file, 80)}, which has no read(); expected a file-like object"
    if accepts(read, 0) and accepts(read, 1):
        return HOLDS
    return f"wsgi.file_wrapper was given {show(file, 80)}, whose read() has no optional size; expected read(size=-1)"


class _SizeNeeded:
    """A file whose read can't be called without a size."""

    def __init__(self, content: bytes) -> None:
        self._buffer = io.BytesIO(content)

    def read(self, size: int) -> bytes:
        return self._buffer.read(size)


class _Unsized(_SizeNeeded):
    """A file that can only be read as a whole."""

    def read(self) -> bytes:  # type: ignore[override]
        return self._buffer.read()


class _Readable(_SizeNeeded):
    """A file as the PEP wants it, with nothing else."""

    def read(self, size: int = -1) -> bytes:
        return self._buffer.read(size)


@wrapped_file_has_read.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](_SizeNeeded(b"Hello"))


@wrapped_file_has_read.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](_Unsized(b"Hello"), 4096)


@wrapped_file_has_read.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](iter([b"Hello"]))


@wrapped_file_has_read.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # FW-002: an application may use the wrapper, with or without a block size.
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"Hello"), 4096)


@wrapped_file_has_read.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](_Readable(b"Hello"))


@wrapped_file_has_read.good(request=Request(file_wrapper=False))
def _(environ: dict[str, Any], start_response: Any) -> Any:
    file = _Readable(b"Hello")
    start_response("200 OK", BYTES)
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](file, 4096)
    return iter(lambda: file.read(4096), b"")


def _below(file: Any) -> tuple[str, str] | None:
    """Return module and name of the class by which `file` gives other bytes than its descriptor, if it is one."""
    inner = attribute(file, "raw") if type(file) is io.BufferedReader else file
    return next((kind for base in type(inner).__mro__
                 if (kind := (base.__module__, base.__qualname__)) in OVER_ANOTHER_FILE), None)


def _descriptor(file: Any) -> int | None:
    try:
        number = file.fileno()
    except Exception:
        return None
    return number if type(number) is int and number >= 0 else None


@rule(at=Moment.FILE_WRAPPER, binds=APPLICATION, level=MUST, covers=("FW-011",),
      cites=pep(SECTION, "the wsgi.file_wrapper may assume that these methods or attributes have the same semantics as "
                         "those of a built-in file object."))
def descriptor_of_wrapped_file_holds_its_content(x: Exchange, use: Use) -> Verdict:
    """A file put into wsgi.file_wrapper that has a descriptor gives the bytes that this descriptor gives.

    A server with sendfile() (gunicorn, uWSGI, mod_wsgi) goes by fileno() and never calls read(): of a
    GzipFile, BZ2File or LZMAFile the client then gets the compressed bytes, where the development server sent
    the text. Return an iterator over read(), or a class around the file that has no fileno().
    """
    file = _file(use)
    if file is None:
        return NOT_APPLICABLE
    kind = _below(file)
    if kind is None:
        return HOLDS
    number = _descriptor(file)
    if number is None:
        return HOLDS
    return (f"wsgi.file_wrapper was given a {'.'.join(kind)}, whose descriptor {number} is the compressed file's; "
            "expected none, or one that gives what read() gives")


def _packed(content: bytes) -> Any:
    """Return a GzipFile over a temporary file; closing the one closes the other."""
    import gzip
    import tempfile

    below = tempfile.TemporaryFile()  # noqa: SIM115 (the server closes it, through the wrapper)
    with gzip.GzipFile(fileobj=below, mode="wb") as packer:
        packer.write(content)
    below.seek(0)
    packed: Any = gzip.GzipFile(fileobj=below, mode="rb")
    packed.myfileobj = below
    return packed


class _NoDescriptor:
    """A file around another one that shows nothing but read() and close()."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(size)
        return data

    def close(self) -> None:
        self._file.close()


@descriptor_of_wrapped_file_holds_its_content.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](_packed(b"Hello"))


@descriptor_of_wrapped_file_holds_its_content.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](io.BufferedReader(_packed(b"Hello")))


@descriptor_of_wrapped_file_holds_its_content.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](_NoDescriptor(_packed(b"Hello")))


@descriptor_of_wrapped_file_holds_its_content.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # In memory there is no descriptor to go by, and the server reads.
    import gzip

    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"Hello"))))


@descriptor_of_wrapped_file_holds_its_content.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(b"Hello")
    file.seek(0)
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](file)


@rule(at=Moment.FILE_WRAPPER, binds=APPLICATION, level=SHOULD, covers=("PORT-038",),
      cites=(cited("mod_wsgi documentation", "File Wrapper Extension",
                   url="https://modwsgi.readthedocs.io/en/develop/user-guides/file-wrapper-extension.html"),
             pep("unicode-issues", "the value must be of type bytes under Python 3")))
def wrapped_file_is_binary(x: Exchange, use: Use) -> Verdict:
    """A file put into wsgi.file_wrapper is open in binary mode.

    By its descriptor the file's bytes are sent, by read() it gives str, which the server can't send: a page that
    works under gunicorn is a TypeError under wsgiref, and with newline translation the length is wrong as
    well. Open it with `open(path, "rb")`.
    """
    file = _file(use)
    if file is None:
        return NOT_APPLICABLE
    if issubclass(type(file), io.TextIOBase):
        return f"wsgi.file_wrapper was given {show(file, 80)}, a text file; expected one open in binary mode"
    # tempfile's and Django's wrappers hold the file they stand for.
    if issubclass(type(attribute(file, "file")), io.TextIOBase):
        return f"wsgi.file_wrapper was given {show(file, 80)} around a text file; expected one open in binary mode"
    return HOLDS


@wrapped_file_is_binary.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](open(__file__, encoding="utf-8"))


@wrapped_file_is_binary.bad(path="/notes.txt")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Only what is called text is taken for text.
    start_response("200 OK", BYTES)
    is_text = environ.get("PATH_INFO", "").endswith(".txt")
    return environ["wsgi.file_wrapper"](io.StringIO("Hello") if is_text else io.BytesIO(b"Hello"))


@wrapped_file_is_binary.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import tempfile

    file = tempfile.NamedTemporaryFile("w+")  # noqa: SIM115
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](file)


@wrapped_file_is_binary.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](open(__file__, "rb"))


@wrapped_file_is_binary.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import tempfile

    file = tempfile.NamedTemporaryFile()  # noqa: SIM115
    start_response("200 OK", BYTES)
    return environ["wsgi.file_wrapper"](file)
