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
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rfc, rule
from ..show import show
from ..syntax import DIGITS, HOST, SERVER_PROTOCOL, TOKEN
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


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-001",),
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


# -- presence --------------------------------------------------------------------------------------------


def _is_set(environ: object, key: str) -> Verdict:
    if type(environ) is not dict:
        return NOT_APPLICABLE
    value = environ.get(key)
    if type(value) is str and value:
        return HOLDS
    if key not in environ:
        return f"environ has no {key}; expected a non-empty str"
    return f'{key} is ""; expected a non-empty str' if is_str(value) and not str.__len__(value) else HOLDS


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-004", "ENV-006", "ENV-007"),
      cites=(pep("environ-variables", "The HTTP request method, such as \"GET\" or \"POST\". This cannot ever be an "
                                      "empty string, and so is always required."),
             pep("environ-variables", PRESENT)),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def request_method_is_set(x: Exchange, environ: object) -> Verdict:
    """REQUEST_METHOD is there and not empty.

    Every framework reads it by `environ["REQUEST_METHOD"]` before anything else: without it each request
    is a KeyError. A test harness that builds environ by hand is where it goes missing;
    `wsgiref.util.setup_testing_defaults(environ)` fills in what is required.
    """
    return _is_set(environ, "REQUEST_METHOD")


@request_method_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    del environ["REQUEST_METHOD"]


@request_method_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = ""


@request_method_is_set.good_environ(method="PATCH")
def _(environ: dict[str, Any]) -> None:
    environ.setdefault("HTTP_ACCEPT", "*/*")


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-004", "ENV-018", "ENV-019"),
      cites=(pep("environ-variables", NEVER_EMPTY), pep("environ-variables", PRESENT)),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def server_name_is_set(x: Exchange, environ: object) -> Verdict:
    """SERVER_NAME is there and not empty.

    It is what absolute URLs (redirects, links in mails) are built from when the client sent no Host.
    Servers on a Unix socket, and those that bind to "", have left it empty; then the URL is "http:///path".
    Pass the host the server was told to be, or "localhost".
    """
    return _is_set(environ, "SERVER_NAME")


@server_name_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    del environ["SERVER_NAME"]


@server_name_is_set.bad_environ(HTTP_HOST=None)
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_NAME"] = ""


@server_name_is_set.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_NAME"] = "localhost"


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-004", "ENV-020", "ENV-021"),
      cites=(pep("environ-variables", NEVER_EMPTY), pep("environ-variables", PRESENT)),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def server_port_is_set(x: Exchange, environ: object) -> Verdict:
    """SERVER_PORT is there and not empty.

    PEP 3333 makes no exception for a Unix socket, where there is no port: cheroot passes "" there, and so does
    gunicorn for a request without Host. Applications that build URLs do `int(environ["SERVER_PORT"])` and
    fail on it. Pass the port that goes with the scheme, "80" or "443".
    """
    return _is_set(environ, "SERVER_PORT")


@server_port_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    del environ["SERVER_PORT"]


@server_port_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = ""


@server_port_is_set.good_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SERVER_PORT": "443", "wsgi.url_scheme": "https"}


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-004", "ENV-023"),
      cites=(pep("environ-variables", PRESENT),
             pep("environ-variables", "The version of the protocol the client used to send the request.")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def server_protocol_is_set(x: Exchange, environ: object) -> Verdict:
    """SERVER_PROTOCOL is there and not empty.

    Every HTTP request has a version, so its value is never the empty string that may be left out.
    Applications decide by it whether the client understands HTTP/1.1, and access logs print it. Pass the
    version of the request line, "HTTP/1.1".
    """
    return _is_set(environ, "SERVER_PROTOCOL")


@server_protocol_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    del environ["SERVER_PROTOCOL"]


@server_protocol_is_set.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PROTOCOL"] = ""


@server_protocol_is_set.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PROTOCOL"] = "HTTP/1.0"


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("ENV-033",), allows=("ENV-005", "ENV-013"),
      cites=pep("environ-variables", "Note: missing variables (such as REMOTE_USER when no authentication has "
                                     "occurred) should be left out of the environ dictionary."),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def variables_without_value_are_left_out(x: Exchange, environ: object) -> Verdict:
    """REMOTE_USER and its like are left out of environ when there is nothing to say, not set to "".

    `"REMOTE_USER" in environ` is how applications ask whether somebody is logged in: with "" everybody is,
    under no name. Django's RemoteUserMiddleware, for one, looks the variable up and takes what it finds.
    Delete the key. The variables that PEP 3333 lists itself (QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH,
    SCRIPT_NAME, PATH_INFO) may be empty, and so may a request field that came without a value.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key in LEFT_OUT_WITHOUT_VALUE:
        if key in environ:
            value = environ[key]
            if is_str(value) and not str.__len__(value):
                return f'{key} is ""; expected to be left out'
    return HOLDS


@variables_without_value_are_left_out.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REMOTE_USER"] = ""


@variables_without_value_are_left_out.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"REMOTE_ADDR": "", "REMOTE_HOST": ""}


@variables_without_value_are_left_out.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-013, ENV-005: empty is fine for these...
    environ |= {"QUERY_STRING": "", "CONTENT_TYPE": "", "CONTENT_LENGTH": "", "SCRIPT_NAME": "", "HTTP_ACCEPT": ""}


@variables_without_value_are_left_out.good_environ(QUERY_STRING=None, SCRIPT_NAME=None, PATH_INFO=None)
def _(environ: dict[str, Any]) -> None:
    # ... and so is absent.
    environ |= {"REMOTE_USER": "ada", "AUTH_TYPE": "Basic", "REMOTE_ADDR": "192.0.2.7"}


# -- grammar ---------------------------------------------------------------------------------------------


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("HTTP-022",),
      cites=(rfc(9110, "9.1", "method = token"), rfc(3875, "4.1.12")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def request_method_is_a_token(x: Exchange, environ: object) -> Verdict:
    """REQUEST_METHOD is a token: letters, digits and a few signs, no space.

    Any token is a legal method, in any case: PROPFIND, M-SEARCH or "get", which is another method than
    GET. What is no token can't have come from a request line: the server split it wrongly, or let through
    what should have been answered with 400. Refuse such a request before the application sees it.
    """
    method = text(environ, "REQUEST_METHOD")
    if not method:
        return NOT_APPLICABLE
    if TOKEN.fullmatch(method):
        return HOLDS
    return f"REQUEST_METHOD is {show(method, 80)}; expected a token such as 'GET'"


@request_method_is_a_token.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = "GET "


@request_method_is_a_token.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = "\x16\x03\x01\x02"  # a TLS handshake sent to the plain port


@request_method_is_a_token.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = "M-SEARCH"


@request_method_is_a_token.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_METHOD"] = "purge"


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("HTTP-023",),
      cites=(rfc(3875, "4.1.2", 'CONTENT_LENGTH = "" | 1*digit'),
             rfc(9110, "8.6", "Content-Length = 1*DIGIT")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def content_length_is_digits(x: Exchange, environ: object) -> Verdict:
    """CONTENT_LENGTH is digits only, or empty, or absent.

    Python's int() also takes "+5", " 5", "1_0" and digits of other scripts, where a proxy in front reads
    another length or none: that difference is how requests are smuggled. "5, 5" and "-1" end in a
    ValueError or in read(-1), which waits for ever. Answer 400 to a Content-Length that is no 1*DIGIT.
    """
    length = text(environ, "CONTENT_LENGTH")
    if length is None:
        return NOT_APPLICABLE
    if not length or DIGITS.fullmatch(length):
        return HOLDS
    return f"CONTENT_LENGTH is {show(length, 80)}; expected digits only"


for _value in ("+5", " 5", "1_0", "5, 5", "-1", "0x10", "\xb2"):

    @content_length_is_digits.bad_environ
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["CONTENT_LENGTH"] = value


for _value in ("", "0", "007", "98765432109876543210"):

    @content_length_is_digits.good_environ
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["CONTENT_LENGTH"] = value


@content_length_is_digits.good_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["CONTENT_TYPE"] = "text/plain"


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("HTTP-024",),
      cites=rfc(3875, "4.1.15", "SERVER_PORT = server-port"),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def server_port_is_digits(x: Exchange, environ: object) -> Verdict:
    """SERVER_PORT is digits only.

    It goes behind the colon of a URL and into int(). A Unix socket's path, "http" or "8000/tcp" there
    makes a URL that nothing can open. Write the number of the port as text.
    """
    port = text(environ, "SERVER_PORT")
    if not port:
        return NOT_APPLICABLE
    if DIGITS.fullmatch(port):
        return HOLDS
    return f"SERVER_PORT is {show(port, 80)}; expected digits only"


@server_port_is_digits.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = "http"


@server_port_is_digits.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = ":8000"


@server_port_is_digits.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = "8000"


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("HTTP-025",),
      cites=(rfc(3875, "4.1.16", "SERVER_PROTOCOL = HTTP-Version | \"INCLUDED\" | extension-version"),
             pep("environ-variables", "Typically this will be something like \"HTTP/1.0\" or \"HTTP/1.1\"")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def server_protocol_is_a_protocol_version(x: Exchange, environ: object) -> Verdict:
    """SERVER_PROTOCOL is a protocol and its version, like HTTP/1.1.

    Applications compare it with "HTTP/1.0" to decide what the client understands; "1.1", "HTTP 1.1" or a
    rest of the request line equals nothing. "HTTP/2" and "HTTP/2.0" are both in use and both fine. Pass
    the last word of the request line as it came.
    """
    protocol = text(environ, "SERVER_PROTOCOL")
    if not protocol:
        return NOT_APPLICABLE
    if protocol == "HTTP/1.1" or SERVER_PROTOCOL.fullmatch(protocol):
        return HOLDS
    return f"SERVER_PROTOCOL is {show(protocol, 80)}; expected something like 'HTTP/1.1'"


for _value in ("1.1", "HTTP 1.1", "HTTP/1.1\r", "HTTP/", "/index HTTP/1.1"):

    @server_protocol_is_a_protocol_version.bad_environ
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["SERVER_PROTOCOL"] = value


for _value in ("HTTP/1.0", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/0.9", "INCLUDED"):

    @server_protocol_is_a_protocol_version.good_environ
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["SERVER_PROTOCOL"] = value


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("URL-002",),
      cites=(pep("environ-variables", "When HTTP_HOST is not set, these variables can be combined to determine a "
                                      "default."),
             rfc(3875, "4.1.14", "server-name = hostname | ipv4-address | ( \"[\" ipv6-address \"]\" )")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings, server_name_is_set))
def server_name_is_a_host(x: Exchange, environ: object) -> Verdict:
    """Without HTTP_HOST, SERVER_NAME is a host that can stand in a URL.

    Then every absolute URL begins with it. A socket's path (gunicorn), the software's name (cheroot),
    "host:port" (the port is added once more) or an IPv6 address without its brackets gives redirects that
    lead nowhere; it shows only for clients that send no Host, such as health checks over HTTP/1.0. Pass
    "www.example.com", "192.0.2.7" or "[2001:db8::1]".
    """
    name = text(environ, "SERVER_NAME")
    if not name or text(environ, "HTTP_HOST"):
        return NOT_APPLICABLE
    if HOST.fullmatch(name):
        return HOLDS
    return f"SERVER_NAME is {show(name, 80)} and there is no HTTP_HOST; expected a host that can stand in a URL"


for _value in ("unix:app.sock", "run/app.sock", "localhost:8000", "::1", "my host"):

    @server_name_is_a_host.bad_environ(HTTP_HOST=None)
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["SERVER_NAME"] = value


for _value in ("[2001:db8::1]", "web_1", "0.0.0.0", "xn--bcher-kva.example"):

    @server_name_is_a_host.good_environ(HTTP_HOST=None)
    def _(environ: dict[str, Any], value: str = _value) -> None:
        environ["SERVER_NAME"] = value


@server_name_is_a_host.good_environ(HTTP_HOST="example.com")
def _(environ: dict[str, Any]) -> None:
    # Not what anybody would build a URL from: HTTP_HOST comes first.
    environ["SERVER_NAME"] = "::1"


# -- the two fields that have a variable of their own -------------------------------------------------------


def _same_length(one: str, other: str) -> bool:
    if DIGITS.fullmatch(one) and DIGITS.fullmatch(other):
        return one.lstrip("0") == other.lstrip("0")
    return one.strip() == other.strip()


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("HTTP-026",),
      cites=(pep("environ-variables", "The contents of any Content-Length fields in the HTTP request."),
             pep("environ-variables", "The contents of any Content-Type fields in the HTTP request."),
             rfc(3875, "4.1.18")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings))
def prefixed_content_fields_agree(x: Exchange, environ: object) -> Verdict:
    """HTTP_CONTENT_LENGTH and HTTP_CONTENT_TYPE, where they are there, say what the variables without HTTP_ say.

    Where they differ, two parts of one application believe two things about the same body: a proxy
    middleware that passes on HTTP_* fields sends another length than it reads. Build CONTENT_LENGTH and
    CONTENT_TYPE from the request's fields, and leave their HTTP_ doubles out.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key in ("CONTENT_LENGTH", "CONTENT_TYPE"):
        if f"HTTP_{key}" in environ:
            own, prefixed = text(environ, key), text(environ, f"HTTP_{key}")
            if own and prefixed and not (_same_length(own, prefixed) if key == "CONTENT_LENGTH"
                                         else own.strip() == prefixed.strip()):
                return f"HTTP_{key} is {show(prefixed, 60)} and {key} is {show(own, 60)}; expected both to be the same"
    return HOLDS


@prefixed_content_fields_agree.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_CONTENT_LENGTH"] = "4"


@prefixed_content_fields_agree.bad_environ(method="POST", body=b"abc", content_type="text/plain")
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_CONTENT_TYPE"] = "application/json"


@prefixed_content_fields_agree.good_environ(method="POST", body=b"abc", content_type="text/plain")
def _(environ: dict[str, Any]) -> None:
    environ.pop("HTTP_CONTENT_TYPE", None)


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("HTTP-026",),
      cites=(rfc(3875, "4.1.18", "or that are available to the script in other variables, such as "
                                 "'Content-Length' and 'Content-Type'"),
             cited("wsgiref.validate", "check_environ")),
      given=(environ_is_builtin_dict, cgi_variables_are_strings, prefixed_content_fields_agree))
def content_fields_have_no_prefix(x: Exchange, environ: object) -> Verdict:
    """environ has no HTTP_CONTENT_LENGTH and no HTTP_CONTENT_TYPE.

    CONTENT_LENGTH and CONTENT_TYPE carry these two fields. Their doubles mislead whoever collects HTTP_*
    to get at the request's fields (both fields come out twice), and wsgiref.validate stops the request
    over them. Skip the two when the fields are turned into HTTP_ variables.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key in ("CONTENT_LENGTH", "CONTENT_TYPE"):
        if f"HTTP_{key}" in environ:
            return f"HTTP_{key} is {show(environ[f'HTTP_{key}'], 60)}; expected {key} alone"
    return HOLDS


@content_fields_have_no_prefix.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_CONTENT_LENGTH"] = "3"


@content_fields_have_no_prefix.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_CONTENT_TYPE"] = "text/plain"


@content_fields_have_no_prefix.bad_environ(method="POST", body=b"abc")
def _(environ: dict[str, Any]) -> None:
    environ["HTTP_CONTENT_LENGTH"] = "03"


@content_fields_have_no_prefix.good_environ(method="POST", body=b"abc", content_type="text/plain")
def _(environ: dict[str, Any]) -> None:
    environ |= {"HTTP_CONTENT_ENCODING": "identity", "HTTP_CONTENT_LANGUAGE": "de"}
