"""The gate at REQUEST: an environ with keys that were seen before, and values as they always are."""

from __future__ import annotations

import io
from abc import ABCMeta
from collections.abc import Callable, Hashable
from operator import countOf, itemgetter
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Gate
from ...model.moments import Moment
from .asking import LONG, VARIETIES, nothing_to_say

__all__ = ["REQUEST"]

_STR = frozenset({str})
_FLAGS = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
_MOST_KEYS = 8192
"""Characters that the keys of one environ may have together to be remembered."""

_SAMPLE: dict[str, Any] = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "localhost",
    "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": "", "CONTENT_TYPE": "",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
    "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
}


_STEADY = frozenset({"REQUEST_METHOD", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"})
_FILLED = frozenset({"REMOTE_USER", "AUTH_TYPE", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_ADDR", "PATH_TRANSLATED"})


_OTHERS = ("wsgi.version", "wsgi.input", "wsgi.errors", *_FLAGS)


class _Layout:
    """What is known of an environ by its keys alone.

    Attributes:
        values: gives all the values in one go: first those that are nearly always the same for all requests to a
            server, then those that must not be empty, then the other texts, what _OTHERS names, and what is left.
        steady, filled, texts, others: where those are among the values.
        count: how many texts there are.
        steady_keys: the keys of the steady values.
        path, length: places of PATH_INFO and CONTENT_LENGTH, -1 where there is none.
        legal: whether a tuple of steady values was found to be legal.
        has_wrapper: whether there is a wsgi.file_wrapper.
        version: the wsgi.version that was seen last and is legal.
    """

    __slots__ = ("count", "filled", "has_wrapper", "legal", "length", "others", "path", "steady", "steady_keys",
                 "texts", "values", "version")

    def __init__(self, keys: tuple[str, ...]) -> None:
        plain = [key for key in keys if "." not in key]
        self.steady_keys = (*(key for key in plain if key in _STEADY), "wsgi.url_scheme")
        filled = [key for key in plain if key in _FILLED]
        rest = [key for key in plain if key not in _STEADY and key not in _FILLED]
        texts = [*self.steady_keys, *filled, *rest]
        steady, self.count = len(self.steady_keys), len(texts)
        self.steady, self.filled = slice(steady), slice(steady, self.count - len(rest))
        self.texts, self.others = slice(self.count), slice(self.count, self.count + len(_OTHERS))
        self.path, self.length = (texts.index(key) if key in texts else -1 for key in ("PATH_INFO", "CONTENT_LENGTH"))
        looked_at = [*texts, *_OTHERS]
        looked_at += [key for key in keys if key not in looked_at]
        self.values: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*looked_at)
        self.legal: dict[tuple[str, ...], bool] = {}
        self.has_wrapper = "wsgi.file_wrapper" in keys
        self.version: Any = _SAMPLE["wsgi.version"]

    def learn(self, steady: tuple[str, ...]) -> bool:
        """Judge values of the steady variables: in a sample of which the rest is legal."""
        # Without HTTP_HOST, so that SERVER_NAME is judged as the name that URLs are made of.
        if len("".join(steady)) > LONG:
            return False
        if len(self.legal) >= _STEADY_VARIETIES:
            self.legal.clear()
        legal = self.legal[steady] = nothing_to_say(Moment.REQUEST, {**_SAMPLE, **dict(zip(self.steady_keys, steady))})
        return legal

    def learn_version(self, version: Any) -> bool:
        """Tell whether `version` is (1, 0), and remember the object: servers use the same each time."""
        if type(version) is not tuple or version != (1, 0) or not type(version[0]) is type(version[1]) is int:
            return False
        self.version = version
        return True


_STEADY_VARIETIES = 32
_layouts: dict[tuple[str, ...], _Layout | None] = {}
_latest: dict[int, _Layout] = {}
"""By how many keys there are, the layout that was seen last: the next request is likely to be of the same."""


def _wrapper(file: Any, size: int = 8192) -> None:
    """Stands for a legal file wrapper."""


def _learn(keys: tuple[str, ...]) -> _Layout | None:
    """Judge the keys of an environ: by a sample in which all values are legal."""
    if not _STR.issuperset(map(type, keys)) or len("".join(keys)) > _MOST_KEYS:
        return None
    sample = {key: _wrapper if key == "wsgi.file_wrapper" else _SAMPLE.get(key, "x") for key in keys}
    layout = _Layout(keys) if nothing_to_say(Moment.REQUEST, sample) else None
    if len(_layouts) >= VARIETIES:
        _layouts.clear()
        _latest.clear()
    _layouts[keys] = layout
    return layout


def _layout_of(environ: dict[Any, Any]) -> _Layout | None:
    keys = tuple(environ)
    layout = _layouts[keys] if keys in _layouts else _learn(keys)
    if layout is not None:
        _latest[len(keys)] = layout
    return layout


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

    __slots__ = ("known", "methods")

    def __init__(self, *methods: str) -> None:
        self.methods = frozenset(methods)
        self.known: set[type] = set()

    def learn(self, kind: type) -> bool:
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


def _proves(x: Exchange, environ: Any) -> bool:
    if type(environ) is not dict or x.call_positional != 2 or x.call_keywords:
        return False
    # As many keys, and each of them there: the same keys. (A key that is no str and equals one that is would get by
    # here; no look-up in the dict could tell them apart.)
    values, layout = None, _latest.get(len(environ))
    if layout is not None:
        try:
            values = layout.values(environ)
        except KeyError:
            layout = None
    if layout is None or values is None:
        layout = _layout_of(environ)
        if layout is None:
            return False
        values = layout.values(environ)
    texts = values[layout.texts]
    if countOf(map(type, texts), str) != layout.count:
        return False
    text = "".join(texts)
    if not text.isascii() and not _is_latin_1(text):
        return False
    steady = values[layout.steady]
    legal = layout.legal.get(steady)
    if not legal and (legal is not None or not layout.learn(steady)):
        return False
    if "" in values[layout.filled]:
        return False
    if layout.path >= 0:
        path = values[layout.path]
        if path and path[0] != "/":
            return False
    if layout.length >= 0:
        length = values[layout.length]
        if length and not (length.isascii() and length.isdigit()):
            return False
    if layout.has_wrapper and not _is_wrapper(environ["wsgi.file_wrapper"]):
        return False
    version, stream, errors, threads, processes, once = values[layout.others]
    if version is not layout.version and not layout.learn_version(version):
        return False
    if not type(threads) is type(processes) is type(once) is bool:
        return False
    # Spelt out twice, since a call would cost more than all of it.
    if type(stream) not in _INPUTS.known and not _INPUTS.learn(type(stream)):
        return False
    own = getattr(stream, "__dict__", None)
    if own and not _INPUTS.methods.isdisjoint(own):
        return False
    if type(errors) not in _ERRORS.known and not _ERRORS.learn(type(errors)):
        return False
    own = getattr(errors, "__dict__", None)
    return not own or _ERRORS.methods.isdisjoint(own)


def _likeness(x: Exchange, environ: dict[str, Any]) -> Hashable:
    keys = tuple(environ)
    layout = _layouts.get(keys)
    return keys, layout.values(environ)[layout.texts] if layout is not None else id(x)


REQUEST = Gate(Moment.REQUEST, proves=_proves, likeness=_likeness, clears=frozenset({
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
