"""The gate at REQUEST: an environ with keys that were seen before, and values as they always are."""

from __future__ import annotations

import io
from abc import ABCMeta
from collections.abc import Callable, Hashable
from operator import countOf, itemgetter
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

from ...model.exchange import Exchange
from ...model.gate import Asked, Gate
from ...model.moments import Moment
from ...syntax import LENGTHS
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


_FIRST = ("PATH_INFO", "REQUEST_METHOD")
"""An environ without these (an empty PATH_INFO may be left out) is left to the rules: hardly any server does so."""
_STEADY = frozenset({"SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"})
_FILLED = frozenset({"REMOTE_USER", "AUTH_TYPE", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_ADDR", "PATH_TRANSLATED"})


_OTHERS = ("wsgi.version", *_FLAGS, "wsgi.input", "wsgi.errors")


class _Layout:
    """What is known of an environ by its keys alone.

    Attributes:
        texts: gives all the texts in one go: first _FIRST, then the rest of those that are nearly always the same for
            all requests to a server, then the others.
        count: how many texts there are.
        steady: where those are among them that are nearly always the same.
        latest: their values in the request that was seen last, if they were legal.
        filled: places of the texts that must not be empty.
        length: the place of CONTENT_LENGTH, 0 where there is none.
        others: gives what _OTHERS names, and what is left.
        wrapper, terminated: places of wsgi.file_wrapper and wsgi.input_terminated among these, 0 where there is none.
        version, threads, processes, once: the objects that stood there last and are legal: of each server the same.
    """

    __slots__ = ("_legal", "_steady_keys", "count", "filled", "latest", "length", "once", "others", "processes",
                 "steady", "terminated", "texts", "threads", "version", "wrapper")

    def __init__(self, keys: tuple[str, ...]) -> None:
        plain = [key for key in keys if "." not in key]
        self._steady_keys = (_FIRST[1], *(key for key in plain if key in _STEADY), "wsgi.url_scheme")
        texts = [_FIRST[0], *self._steady_keys, *(key for key in plain if key not in _STEADY and key not in _FIRST)]
        others = [*_OTHERS, *(key for key in keys if key not in texts and key not in _OTHERS)]
        self.texts: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*texts)
        self.others: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*others)
        self.count, self.steady = len(texts), slice(1, 1 + len(self._steady_keys))
        self.filled = tuple(place for place, key in enumerate(texts) if key in _FILLED)
        self.length = texts.index("CONTENT_LENGTH") if "CONTENT_LENGTH" in texts else 0
        self.wrapper, self.terminated = (
            others.index(key) if key in others else 0 for key in ("wsgi.file_wrapper", "wsgi.input_terminated"))
        self.latest: tuple[str, ...] = ()
        self._legal: dict[tuple[str, ...], bool] = {}
        self.version: Any = _SAMPLE["wsgi.version"]
        self.threads = self.processes = self.once = False

    def are_legal(self, steady: tuple[str, ...]) -> bool:
        """Judge values of the steady variables: in a sample of which the rest is legal."""
        legal = self._legal.get(steady)
        if legal is None:
            # Without HTTP_HOST, so that SERVER_NAME is judged as the name that URLs are made of.
            if len("".join(steady)) > LONG:
                return False
            if len(self._legal) >= _STEADY_VARIETIES:
                self._legal.clear()
            legal = nothing_to_say(Moment.REQUEST, {**_SAMPLE, **dict(zip(self._steady_keys, steady))})
            self._legal[steady] = legal
        if legal:
            self.latest = steady
        return legal

    def learn_version(self, version: Any) -> bool:
        """Tell whether `version` is (1, 0), and remember the object."""
        if type(version) is not tuple or version != (1, 0) or not type(version[0]) is type(version[1]) is int:
            return False
        self.version = version
        return True

    def learn_flags(self, threads: Any, processes: Any, once: Any) -> bool:
        """Tell whether these are True or False, and remember them."""
        if not type(threads) is type(processes) is type(once) is bool:
            return False
        self.threads, self.processes, self.once = threads, processes, once
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
    known = set(_FIRST).issubset(keys) and nothing_to_say(Moment.REQUEST, sample)
    layout = _Layout(keys) if known else None
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


def _proves(x: Exchange, environ: Any) -> Asked | None:
    if type(environ) is not dict or x.odd_call is not None:
        return None
    # As many keys, and each of them there: the same keys. (A key that is no str and equals one that is would get by
    # here; no look-up in the dict could tell them apart.)
    layout = _latest.get(len(environ))
    try:
        if layout is None:
            raise KeyError
        texts, others = layout.texts(environ), layout.others(environ)
    except KeyError:
        layout = _layout_of(environ)
        if layout is None:
            return None
        texts, others = layout.texts(environ), layout.others(environ)
    if countOf(map(type, texts), str) != layout.count:
        return None
    text = "".join(texts)
    if not text.isascii() and not _is_latin_1(text):
        return None
    steady = texts[layout.steady]
    if steady != layout.latest and not layout.are_legal(steady):
        return None
    for place in layout.filled:
        if not texts[place]:
            return None
    path, length, wrapper = texts[0], None, None
    if path and path[0] != "/":
        return None
    if layout.length:
        digits = texts[layout.length]
        if digits:
            length = LENGTHS[digits]
            if length is None:
                return None
    if layout.wrapper:
        wrapper = others[layout.wrapper]
        if not _is_wrapper(wrapper):
            return None
    if others[0] is not layout.version and not layout.learn_version(others[0]):
        return None
    if ((others[1] is not layout.threads or others[2] is not layout.processes or others[3] is not layout.once)
            and not layout.learn_flags(*others[1:4])):
        return None
    # Spelt out twice, since a call would cost more than all of it.
    stream, errors = others[4], others[5]
    if type(stream) not in _INPUTS.known and not _INPUTS.learn(type(stream)):
        return None
    own = getattr(stream, "__dict__", None)
    if own and not _INPUTS.methods.isdisjoint(own):
        return None
    if type(errors) not in _ERRORS.known and not _ERRORS.learn(type(errors)):
        return None
    own = getattr(errors, "__dict__", None)
    if own and not _ERRORS.methods.isdisjoint(own):
        return None
    terminated = layout.terminated and others[layout.terminated]
    return texts[1], length, terminated, stream, errors, wrapper


def _likeness(x: Exchange, environ: dict[str, Any]) -> Hashable:
    keys = tuple(environ)
    layout = _layouts.get(keys)
    return keys, layout.texts(environ) if layout is not None else id(x)


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
