"""What the CGI variables say: method, length, port, protocol, host, by the grammar of RFC 3875 and RFC 9110.

Law: a variable that is absent, empty or no str is left to the rules on presence and types.
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rfc, rule
from ..show import show
from ..syntax import DIGITS, HOST, SERVER_PROTOCOL, TOKEN
from .cgi_variables import server_name_is_set
from .environ import cgi_variables_are_strings, environ_is_builtin_dict, text


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
