"""The gate at REQUEST: an environ with keys that were seen before, and values as they always are."""

from __future__ import annotations

import io
from abc import ABCMeta
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, NoneType, WrapperDescriptorType
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Gate
from ...model.moments import Moment
from .asking import LONG, VARIETIES, nothing_to_say

__all__ = ["REQUEST"]

_STR = frozenset({str})
_FLAG_TYPES = frozenset({bool, int, NoneType})
_FLAGS = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
_MOST_KEYS = 8192
"""Characters that the keys of one environ may have together to be remembered."""

_SAMPLE: dict[str, Any] = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "localhost",
    "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": "", "CONTENT_TYPE": "",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
    "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
}


class _Layout:
    """What is known of an environ by its keys alone.

    Attributes:
        count: how many keys there are.
        texts: gives the values of the variables that have to be exactly str.
        steady: gives the values that are nearly always the same; a tuple of those, once judged, is remembered.
        filled: keys of the variables that must not be empty.
        wrapper: whether there is a wsgi.file_wrapper.
    """

    __slots__ = ("count", "filled", "steady", "steady_keys", "texts", "wrapper")

    def __init__(self, keys: tuple[str, ...]) -> None:
        plain = [key for key in keys if "." not in key]
        self.count = len(keys)
        self.texts = itemgetter(*plain, "wsgi.url_scheme")
        self.steady_keys = (*(key for key in plain if key in _STEADY), "wsgi.url_scheme")
        self.steady = itemgetter(*self.steady_keys)
        self.filled = tuple(key for key in plain if key in _FILLED)
        self.wrapper = "wsgi.file_wrapper" in keys


_STEADY = frozenset({"REQUEST_METHOD", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"})
_FILLED = frozenset({"REMOTE_USER", "AUTH_TYPE", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_ADDR", "PATH_TRANSLATED"})
_layouts: dict[str, _Layout | None] = {}


def _sample(keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: _SAMPLE.get(key, "x") if key != "wsgi.file_wrapper" else _wrapper for key in keys}


def _wrapper(file: Any, size: int = 8192) -> None:
    """Stands for a legal file wrapper."""


def _learn(environ: dict[Any, Any], joined: str) -> _Layout | None:
    """Judge the keys of `environ`: by a sample in which all values are legal."""
    keys = tuple(environ)
    layout = None
    # The lines of `joined` have to be the keys, or else another environ could look the same.
    if len(joined) <= _MOST_KEYS and _STR.issuperset(map(type, keys)) and not any("\n" in key for key in keys):
        if nothing_to_say(Moment.REQUEST, _sample(keys)):
            layout = _Layout(keys)
        if len(_layouts) >= VARIETIES:
            _layouts.clear()
        _layouts[joined] = layout
    return layout


@lru_cache(maxsize=VARIETIES)
def _are_legal(keys: tuple[str, ...], values: tuple[str, ...]) -> bool:
    # Without HTTP_HOST, so that SERVER_NAME is judged as the name that URLs are made of.
    return nothing_to_say(Moment.REQUEST, {**_SAMPLE, **dict(zip(keys, values))})


def _is_latin_1(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


class _Streams:
    """Remembers classes of streams that have their methods.

    A class is taken to keep them; what an instance has of its own is looked at each time.
    """

    def __init__(self, *methods: str) -> None:
        self.methods = frozenset(methods)
        self.known: set[type] = set()

    def has_methods(self, stream: Any) -> bool:
        kind = type(stream)
        if kind not in self.known and not self._learn(kind):
            return False
        own = getattr(stream, "__dict__", None)
        return not own or self.methods.isdisjoint(own)

    def _learn(self, kind: type) -> bool:
        # The attributes of an object are what its class defines only where looking them up is left to Python.
        if type(kind) not in (type, ABCMeta) or type(kind.__getattribute__) is not WrapperDescriptorType:
            return False
        if not _METHODS.issuperset(type(getattr(kind, name, None)) for name in self.methods):
            return False
        if len(self.known) >= VARIETIES:
            self.known.clear()
        self.known.add(kind)
        return True


_METHODS = frozenset({FunctionType, MethodDescriptorType, WrapperDescriptorType})
_INPUTS = _Streams("read", "readline", "readlines", "__iter__")
_ERRORS = _Streams("flush", "write", "writelines")
_wrappers: set[Any] = {_wrapper}


def _is_wrapper(wrapper: Any) -> bool:
    # Of these types equality is identity.
    if type(wrapper) not in (type, FunctionType, BuiltinFunctionType):
        return False
    if wrapper not in _wrappers:
        if not nothing_to_say(Moment.REQUEST, {**_SAMPLE, "wsgi.file_wrapper": wrapper}):
            return False
        if len(_wrappers) >= VARIETIES:
            _wrappers.clear()
        _wrappers.add(wrapper)
    return True


def _is_version(version: Any) -> bool:
    return (type(version) is tuple and len(version) == 2 and type(version[0]) is type(version[1]) is int
            and version == (1, 0))


_flags: Callable[[Any], tuple[Any, ...]] = itemgetter(*_FLAGS)


def _proves(x: Exchange, environ: Any) -> bool:
    if type(environ) is not dict or x.call_positional != 2 or x.call_keywords:
        return False
    try:
        joined = "\n".join(environ)
    except TypeError:
        return False
    layout = _layouts.get(joined)
    if layout is None:
        layout = None if joined in _layouts else _learn(environ, joined)
        if layout is None:
            return False
    if layout.count != len(environ):
        return False
    texts = layout.texts(environ)
    if not _STR.issuperset(map(type, texts)) or not _is_latin_1("".join(texts)):
        return False
    steady = layout.steady(environ)
    if len("".join(steady)) > LONG or not _are_legal(layout.steady_keys, steady):
        return False
    for key in layout.filled:
        if not environ[key]:
            return False
    get = environ.get
    path, length = get("PATH_INFO"), get("CONTENT_LENGTH")
    if (path and path[0] != "/") or (length and not (length.isascii() and length.isdigit())):
        return False
    if layout.wrapper and not _is_wrapper(environ["wsgi.file_wrapper"]):
        return False
    return (_is_version(environ["wsgi.version"]) and _FLAG_TYPES.issuperset(map(type, _flags(environ)))
            and _INPUTS.has_methods(environ["wsgi.input"]) and _ERRORS.has_methods(environ["wsgi.errors"]))


REQUEST = Gate(Moment.REQUEST, proves=_proves, clears=frozenset({
    # The call, the dictionary, its keys.
    "application-is-called-with-two-positional-arguments", "environ-is-builtin-dict", "environ-keys-are-strings",
    "server-variables-are-in-lower-case", "server-variables-have-a-prefix", "wsgi-keys-are-present",
    "content-fields-have-no-prefix", "prefixed-content-fields-agree",
    # Types and text.
    "cgi-variables-are-strings", "cgi-variables-are-exactly-str", "environ-strings-are-latin-1",
    # What is steady.
    "request-method-is-set", "request-method-is-a-token", "server-name-is-set", "server-name-is-a-host",
    "server-port-is-set", "server-port-is-digits", "server-protocol-is-set", "server-protocol-is-a-protocol-version",
    "script-name-begins-with-slash", "script-name-is-not-a-lone-slash", "script-name-does-not-end-with-slash",
    "wsgi-url-scheme-is-a-scheme",
    # What is looked at each time.
    "variables-without-value-are-left-out", "path-info-begins-with-slash", "path-info-of-options-is-no-asterisk",
    "content-length-is-digits", "wsgi-version-is-1-0", "wsgi-flags-have-a-truth-value", "input-has-its-methods",
    "errors-has-its-methods", "file-wrapper-takes-a-file-and-a-block-size",
}))
