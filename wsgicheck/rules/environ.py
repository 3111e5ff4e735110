"""The dictionary itself and its CGI variables: presence, types and grammar (PEP 3333, "environ Variables").

Law: where environ is no dict there is nothing further to say about it; where a variable is no str, or is
missing, the rules on its grammar are silent.
"""

from __future__ import annotations

import re
from collections import ChainMap, OrderedDict
from collections.abc import Iterator
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, pep, rule
from ..show import show
from .call import application_is_called_with_two_positional_arguments
from .kinds import name_of
from .shapes import is_str

CGI_VARIABLES = frozenset({
    # RFC 3875 4.1, and one more that PEP 3333 calls a CGI variable by name.
    "AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "PATH_INFO", "PATH_TRANSLATED",
    "QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_USER", "REQUEST_METHOD", "SCRIPT_NAME",
    "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "DOCUMENT_ROOT",
})
LEFT_OUT_WITHOUT_VALUE = ("REMOTE_USER", "AUTH_TYPE", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_ADDR", "PATH_TRANSLATED")
_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]")

PRESENT = "The following variables must be present, unless their value would be an empty string, in which case they " \
          "may be omitted, except as otherwise noted below."
TYPE = "It is a violation of this specification for any CGI variable's value to be of any type other than str."
NEVER_EMPTY = "SERVER_NAME and SERVER_PORT are required strings and must never be empty."


def is_cgi(key: str) -> bool:
    """Tell whether `key` names a variable that CGI defines: a request field or one of RFC 3875."""
    return key in CGI_VARIABLES or key.startswith("HTTP_")


def text(environ: object, key: str) -> str | None:
    """Return the variable `key` where it is there and a str, else None."""
    if type(environ) is not dict:
        return None
    value = environ.get(key)
    if type(value) is str:
        return value
    return str.__str__(value) if is_str(value) else None


def variables(environ: dict[Any, Any]) -> Iterator[tuple[str, object]]:
    """Yield name and value of each variable whose key is a str; the names are exactly str, whatever a key overrides."""
    for key, value in environ.items():
        if type(key) is str:
            yield key, value
        elif is_str(key):
            yield str.__str__(key), value


class _Headers(dict[str, Any]):
    """A dict that servers have been seen to pass: one with a method more."""


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-001", "MW-020"),
      cites=pep("specification-details", "This object must be a builtin Python dictionary (not a subclass, UserDict or "
                                         "other dictionary emulation)"),
      given=(application_is_called_with_two_positional_arguments,))
def environ_is_builtin_dict(x: Exchange, environ: object) -> Verdict:
    """environ is exactly the builtin dict, neither a subclass nor something like it.

    Applications copy, merge, pickle and pass it to C code; a subclass keeps some of its own behaviour
    through that and loses the rest. gevent once passed a subclass that printed itself safely, and WebOb
    failed on it. Pass `dict(...)`, and keep what you need to remember outside of it.
    """
    if type(environ) is dict:
        return HOLDS
    return f"environ is {show(environ, 80)}, of type {name_of(environ)}; expected a builtin dict"


@environ_is_builtin_dict.bad_environ
def _(environ: dict[str, Any]) -> Any:
    return OrderedDict(environ)


@environ_is_builtin_dict.bad_environ
def _(environ: dict[str, Any]) -> Any:
    return ChainMap({}, environ)


@environ_is_builtin_dict.bad_environ
def _(environ: dict[str, Any]) -> Any:
    return _Headers(environ)


@environ_is_builtin_dict.good_environ
def _(environ: dict[str, Any]) -> Any:
    return dict(environ)


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("ENV-058",),
      cites=pep("environ-variables", "These variables should be named using only lower-case letters, numbers, dots, "
                                     "and underscores"),
      given=(environ_is_builtin_dict,))
def environ_keys_are_strings(x: Exchange, environ: object) -> Verdict:
    """Every key of environ is a str.

    Whoever walks over environ takes its keys for names: `key.startswith("HTTP_")` is how frameworks
    collect the request's fields, and sorted(environ) is how debug pages print it. A sentinel object, a
    tuple or bytes as a key is an AttributeError or TypeError there. Name what you add "yourname.thing".
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key in environ:
        if not is_str(key):
            return f"environ has the key {show(key)}, of type {name_of(key)}; expected a str"
    return HOLDS


@environ_keys_are_strings.bad_environ
def _(environ: dict[Any, Any]) -> None:
    environ[b"HTTP_X_TOKEN"] = "abc"


@environ_keys_are_strings.bad_environ
def _(environ: dict[Any, Any]) -> None:
    environ["example_server", "connection"] = object()


@environ_keys_are_strings.good_environ
def _(environ: dict[Any, Any]) -> None:
    environ["example_server.connection"] = object()


# -- types -----------------------------------------------------------------------------------------------


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-022", "ENV-034", "ENV-035", "STR-001"),
      allows=("ENV-057",),
      cites=(pep("environ-variables", TYPE),
             pep("unicode-issues", "all objects referred to in this specification as \"strings\" must be of type str")),
      given=(environ_is_builtin_dict,))
def cgi_variables_are_strings(x: Exchange, environ: object) -> Verdict:
    """Every CGI variable in environ, HTTP_ variables included, is a str.

    Applications concatenate, split and decode them without looking. SERVER_PORT as an int has been the
    classic of new servers (gunicorn, bjoern, asgiref, uvicorn and granian all had it once): URLs are then
    built with a TypeError. None for "no user" breaks `environ.get("REMOTE_USER", "")`, whose default no
    longer applies. Write str(port), decode bytes as Latin-1, and leave out what has no value.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key, value in variables(environ):
        if type(value) is not str and is_cgi(key) and not is_str(value):
            return f"{show(key, 60)} is {show(value, 80)}, of type {name_of(value)}; expected a str"
    return HOLDS


@cgi_variables_are_strings.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = 8000


@cgi_variables_are_strings.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REMOTE_USER"] = None


@cgi_variables_are_strings.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_USER_AGENT"] = b"curl/8.0"


@cgi_variables_are_strings.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["CONTENT_LENGTH"] = 0


@cgi_variables_are_strings.bad_environ
def _(environ: dict[str, Any]) -> None:
    # Each of several wrong variables is ground lost for the rules on its grammar.
    environ |= {"PATH_INFO": b"/", "SCRIPT_NAME": None, "SERVER_PROTOCOL": (1, 1), "REQUEST_METHOD": b"GET"}


@cgi_variables_are_strings.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-057: what a server defines under its own prefix may be of any type.
    environ["example_server.connection"] = object()
    environ["example_server.port"] = 8000


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("STR-010",),
      cites=pep("environ-variables", TYPE),
      given=(environ_is_builtin_dict,))
def cgi_variables_are_exactly_str(x: Exchange, environ: object) -> Verdict:
    """Every CGI variable and wsgi.url_scheme is a str itself and no subclass of it.

    A subclass passes isinstance() and then surprises: code that compares types refuses it, an enumeration's
    member prints as "HTTPMethod.GET", and what it overrides goes with it into caches and pickles. Convert
    it where environ is built: `str.__str__(value)`, or the `.value` of the member.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key, value in variables(environ):
        if type(value) is not str and (is_cgi(key) or key == "wsgi.url_scheme") and is_str(value):
            return f"{show(key, 60)} is of type {name_of(value)}, a subclass of str; expected exactly str"
    return HOLDS


class _Text(str):
    """A str with a method more."""

    __slots__ = ()


@cgi_variables_are_exactly_str.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = _Text("GET")


@cgi_variables_are_exactly_str.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.url_scheme"] = _Text("https")


@cgi_variables_are_exactly_str.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["example_server.greeting"] = _Text("hello")


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("STR-004", "STR-008"), allows=("ENV-036",),
      cites=pep("unicode-issues", "Similarly, servers and gateways must not supply strings to an application "
                                  "containing any other Unicode characters."),
      given=(environ_is_builtin_dict,))
def environ_strings_are_latin_1(x: Exchange, environ: object) -> Verdict:
    """No string in environ holds a code point above U+00FF.

    environ carries bytes: each character is one byte of the request, and applications get them back with
    `value.encode("latin-1")`. A path that the server decoded as UTF-8, or os.environ copied with its
    surrogates, makes that a UnicodeEncodeError and a 500 for one request in a thousand. Decode the raw
    bytes with "latin-1"; turn a variable of os.environ by `os.fsencode(v).decode("latin-1")`.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key, value in variables(environ):
        if not key.isascii() and _BEYOND_LATIN_1.search(key):
            return f"environ has the key {show(key)}; expected no code point above U+00FF"
        # A server's own variables may hold anything: those have a dot.
        if is_str(value) and not str.isascii(value) and "." not in key:
            found = _BEYOND_LATIN_1.search(value)
            if found is not None:
                return (f"{show(key, 60)} is {show(value, 80)}, with U+{ord(found[0]):04X}; "
                        "expected no code point above U+00FF")
    return HOLDS


@environ_strings_are_latin_1.bad_environ(path="/")
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = "/日本"


@environ_strings_are_latin_1.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["QUERY_STRING"] = b"q=\xff".decode("utf-8", "surrogateescape")


@environ_strings_are_latin_1.bad_environ
def _(environ: dict[str, Any]) -> None:
    # Copied from os.environ without a second thought.
    environ["LOGNAME"] = b"j\xe9r\xf4me".decode("ascii", "surrogateescape")


@environ_strings_are_latin_1.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_X_ŁÓDŹ"] = "1"


@environ_strings_are_latin_1.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = "/日本".encode().decode("latin-1")


@environ_strings_are_latin_1.good_environ
def _(environ: dict[str, Any]) -> None:
    # Bytes that are no UTF-8 at all are carried just as well.
    environ["PATH_INFO"] = "/\xff\xfe\x80"
    environ["HTTP_X_NAME"] = "Jérôme"


@environ_strings_are_latin_1.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-036: the process's environment may be there as well, whatever it is called.
    environ |= {"LC_ALL": "C.UTF-8", "no_proxy": "localhost", "LOGNAME": "j\xe9r\xf4me", "_": "python", "HTTPS": "off"}
    environ["example_server.motto"] = "日本"
