"""The variables that WSGI and servers define: wsgi.* keys, flags, and names of a server's own (PEP 3333, "environ
Variables").

Law: a key that is missing is reported once, by the rule on presence; the rules on values are silent on it.
"""

from __future__ import annotations

import re
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, pep, rule
from ..show import show
from ..syntax import SCHEME
from .environ import cgi_variables_are_strings, environ_is_builtin_dict, environ_keys_are_strings, is_cgi, variables
from .kinds import name_of
from .shapes import is_bytes, is_str

WSGI_KEYS = ("wsgi.version", "wsgi.url_scheme", "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess",
             "wsgi.run_once")
FLAGS = WSGI_KEYS[4:]
# What the PEP defines as optional, and what several servers have agreed on since.
OPTIONAL_WSGI_KEYS = frozenset({
    "wsgi.file_wrapper", "wsgi.input_terminated", "wsgi.early_hints", "wsgi.websocket", "wsgi.websocket_version",
})
# Names that servers set, so that they can't be taken for somebody's environment variables: the request target
# (gunicorn, uWSGI, Apache, werkzeug, IIS) and the server's own protocol version (cheroot).
UPPER_CASE_OF_SERVERS = ("REQUEST_URI", "RAW_URI", "UNENCODED_URL", "ACTUAL_SERVER_PROTOCOL")
_SERVER_NAME = re.compile(r"[a-z0-9._]+")
NAMING = "These variables should be named using only lower-case letters, numbers, dots, and underscores, and should " \
         "be prefixed with a name that is unique to the defining server or gateway."


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST,
      covers=("ENV-037", "ENV-038", "ENV-039", "ENV-040", "ENV-041", "ENV-042", "ENV-043"),
      cites=pep("environ-variables", "and must contain the following WSGI-defined variables"),
      given=(environ_is_builtin_dict,))
def wsgi_keys_are_present(x: Exchange, environ: object) -> Verdict:
    """environ contains the seven variables that WSGI itself defines.

    wsgi.version, wsgi.url_scheme, wsgi.input, wsgi.errors, wsgi.multithread, wsgi.multiprocess and
    wsgi.run_once are read by `environ[key]`: one that is missing is a KeyError in whatever page first
    builds a URL, reads a form or logs an error, and in no other. In hand-made environs (tests, queue
    workers) the flags are what is forgotten: `wsgiref.util.setup_testing_defaults(environ)` adds all.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    missing = [key for key in WSGI_KEYS if key not in environ]
    if not missing:
        return HOLDS
    return f"environ has no {', '.join(missing)}; expected all seven variables that WSGI defines"


for _key in WSGI_KEYS:

    @wsgi_keys_are_present.bad_environ
    def _(environ: dict[str, Any], key: str = _key) -> None:
        del environ[key]


@wsgi_keys_are_present.bad_environ
def _(environ: dict[str, Any]) -> None:
    for key in FLAGS:
        del environ[key]


@wsgi_keys_are_present.good_environ
def _(environ: dict[str, Any]) -> None:
    environ.pop("wsgi.file_wrapper", None)


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-044",),
      cites=pep("environ-variables", "The tuple (1, 0), representing WSGI version 1.0."),
      given=(environ_is_builtin_dict,))
def wsgi_version_is_1_0(x: Exchange, environ: object) -> Verdict:
    """wsgi.version is the tuple (1, 0).

    PEP 3333 is version 1.0 of WSGI too, so (1, 1) or (1, 0, 1) announces something that does not exist.
    Applications compare with a tuple, `environ["wsgi.version"] >= (1, 0)`, which is a TypeError for a
    string and for a list, and that is what JSON makes of a tuple. Write `(1, 0)`.
    """
    if type(environ) is not dict or "wsgi.version" not in environ:
        return NOT_APPLICABLE
    version = environ["wsgi.version"]
    if issubclass(type(version), tuple) and tuple.__len__(version) == 2:
        major, minor = tuple.__iter__(version)
        if type(major) is int and type(minor) is int and (major, minor) == (1, 0):
            return HOLDS
    return f"wsgi.version is {show(version, 80)}; expected the tuple (1, 0)"


for _version in ([1, 0], "1.0", (1, 1), (1, 0, 0), None, 1.0):

    @wsgi_version_is_1_0.bad_environ
    def _(environ: dict[str, Any], version: object = _version) -> None:
        environ["wsgi.version"] = version


@wsgi_version_is_1_0.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.version"] = (1, 0)


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("ENV-045", "STR-001"),
      cites=pep("environ-variables", "A string representing the \"scheme\" portion of the URL at which the application "
                                     "is being invoked."),
      given=(environ_is_builtin_dict,))
def wsgi_url_scheme_is_a_scheme(x: Exchange, environ: object) -> Verdict:
    """wsgi.url_scheme is a str that names a URL's scheme.

    It is put before "://" whenever an absolute URL is built. "https:", "https://" or "HTTP/1.1" gives a
    broken Location, b"https" a TypeError, and a value that is none of "http" and "https" ports that are
    printed for nothing. Write "https" if the client speaks TLS to you, else "http".
    """
    if type(environ) is not dict or "wsgi.url_scheme" not in environ:
        return NOT_APPLICABLE
    scheme = environ["wsgi.url_scheme"]
    if is_str(scheme) and SCHEME.fullmatch(scheme):
        return HOLDS
    return f"wsgi.url_scheme is {show(scheme, 80)}; expected a scheme such as 'http'"


for _scheme in ("", "https://", b"https", None, "HTTP/1.1"):

    @wsgi_url_scheme_is_a_scheme.bad_environ
    def _(environ: dict[str, Any], scheme: object = _scheme) -> None:
        environ["wsgi.url_scheme"] = scheme


for _scheme in ("https", "HTTP", "coap+tcp"):

    @wsgi_url_scheme_is_a_scheme.good_environ
    def _(environ: dict[str, Any], scheme: str = _scheme) -> None:
        # "Normally" http or https is no closed list.
        environ["wsgi.url_scheme"] = scheme


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("ENV-052",),
      cites=pep("environ-variables", "This value should evaluate true if the application object may be simultaneously "
                                     "invoked by another thread in the same process, and should evaluate false "
                                     "otherwise."),
      given=(environ_is_builtin_dict,))
def wsgi_flags_have_a_truth_value(x: Exchange, environ: object) -> Verdict:
    """wsgi.multithread, wsgi.multiprocess and wsgi.run_once evaluate true or false, and no text hides the answer.

    Applications write `if environ["wsgi.multithread"]:`. 0 and 1 are as good as False and True, and None
    is false; but the text "0" or "False", as it comes out of a configuration file, is true, and an
    object whose truth is undefined raises. Convert it where it is read.
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key in FLAGS:
        value = environ.get(key)
        if value is True or value is False or value is None:
            continue
        if is_str(value) or is_bytes(value):
            return f"{key} is the text {show(value, 60)}, which is true unless empty; expected a truth value"
        try:
            bool(value)
        except Exception as error:
            return f"{key} is {show(value, 60)} and bool() of it raises {name_of(error)}; expected a truth value"
    return HOLDS


class _NoTruth:
    """An object whose truth is undefined, as a numpy array's is."""

    def __bool__(self) -> bool:
        raise ValueError("the truth value is ambiguous")


for _flag in ("False", "0", "", b"off", _NoTruth()):

    @wsgi_flags_have_a_truth_value.bad_environ
    def _(environ: dict[str, Any], flag: object = _flag) -> None:
        environ["wsgi.multithread"] = flag


@wsgi_flags_have_a_truth_value.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.run_once"] = "no"


_values: tuple[object, ...] = (0, 1, None, [], 4)
for _value in _values:

    @wsgi_flags_have_a_truth_value.good_environ
    def _(environ: dict[str, Any], flag: object = _value) -> None:
        environ |= {"wsgi.multithread": flag, "wsgi.multiprocess": flag, "wsgi.run_once": flag}


# -- names of a server's own -----------------------------------------------------------------------------------


@rule(at=Moment.REQUEST, binds=SERVER, level=ADVICE, covers=("ENV-055",), allows=("ENV-036", "ENV-054"),
      cites=pep("environ-variables", NAMING), given=(environ_is_builtin_dict, environ_keys_are_strings))
def server_variables_are_in_lower_case(x: Exchange, environ: object) -> Verdict:
    """The names of server-defined variables use only lower-case letters, digits, dots and underscores.

    Upper-case names belong to CGI and to the process's environment, and a dash can't stand in a variable
    of a shell. REQUEST_URI and RAW_URI are wide-spread all the same, with different contents from server
    to server (with or without the host, quoted or not), which is why an application should not need them.
    Name it "yourserver.raw_uri".
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    odd = [key for key, _ in variables(environ)
           if ("." in key and not _SERVER_NAME.fullmatch(key)) or key in UPPER_CASE_OF_SERVERS]
    if not odd:
        return HOLDS
    return (f"environ has {', '.join(show(key, 40) for key in odd[:3])}{', ...' if len(odd) > 3 else ''}; "
            "expected names in lower case, such as 'server.raw_uri'")


@server_variables_are_in_lower_case.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["RAW_URI"] = "/a%20b?q=1"


@server_variables_are_in_lower_case.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REQUEST_URI"] = "/a%20b?q=1"


@server_variables_are_in_lower_case.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["x-example.Sendfile"] = "/files"


@server_variables_are_in_lower_case.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-054; and ENV-036: an unknown name in upper case may come from the process's environment.
    environ |= {"example_server.raw_uri": "/a%20b", "LANG": "C", "X_APP_HOME": "home", "ProgramFiles(x86)": "C:\\P"}


@rule(at=Moment.REQUEST, binds=SERVER, level=ADVICE, covers=("ENV-056",), allows=("ENV-057",),
      cites=pep("environ-variables", NAMING),
      given=(environ_is_builtin_dict, environ_keys_are_strings, cgi_variables_are_strings))
def server_variables_have_a_prefix(x: Exchange, environ: object) -> Verdict:
    """The names of server-defined variables begin with the server's own name and a dot.

    What has no dot and is no text can't be an environment variable: a server or middleware put it there,
    and another one may use the same name for something else ("session", "socket", "user"). wsgiref.validate
    refuses the request over it. A new name under "wsgi." looks like a standard and is none. Write
    "yourserver.socket".
    """
    if type(environ) is not dict:
        return NOT_APPLICABLE
    for key, value in variables(environ):
        if "." not in key:
            if type(value) is not str and not is_str(value) and not is_cgi(key):
                return (f"{show(key, 60)} is {show(value, 60)}, of type {name_of(value)}; "
                        "expected the server's own prefix and a dot in the name of what is no text")
        elif key.startswith("."):
            return f"environ has {show(key, 60)}; expected the server's own name before the dot"
        elif key.startswith("wsgi.") and key not in WSGI_KEYS and key not in OPTIONAL_WSGI_KEYS:
            return f"environ has {show(key, 60)}, which WSGI does not define; expected the server's own prefix"
    return HOLDS


@server_variables_have_a_prefix.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["socket"] = object()


@server_variables_have_a_prefix.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["REMOTE_PORT"] = 49152


@server_variables_have_a_prefix.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ["wsgi.session"] = {}


@server_variables_have_a_prefix.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-057: any type will do behind a prefix.
    environ |= {"example_server.socket": object(), "wsgiorg.routing_args": ((), {}), "wsgi.input_terminated": True,
                "REMOTE_PORT": "49152"}
