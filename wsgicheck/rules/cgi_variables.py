"""Which CGI variables are there, and which are better left out (PEP 3333, "environ Variables").

Law: a variable of the wrong type is left to the rule on types; absent equals empty wherever the PEP says so.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, pep, rule
from .environ import cgi_variables_are_strings, environ_is_builtin_dict
from .shapes import is_str

LEFT_OUT_WITHOUT_VALUE = ("REMOTE_USER", "AUTH_TYPE", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_ADDR", "PATH_TRANSLATED")
PRESENT = "The following variables must be present, unless their value would be an empty string, in which case they " \
          "may be omitted, except as otherwise noted below."
NEVER_EMPTY = "SERVER_NAME and SERVER_PORT are required strings and must never be empty."


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
