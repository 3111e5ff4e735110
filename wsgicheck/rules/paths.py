"""SCRIPT_NAME and PATH_INFO: where the application stands and what is asked of it (PEP 3333, "environ Variables").

Law: absent equals empty, for either and for both (PEP 3333: "in which case they may be omitted").
"""

from __future__ import annotations

from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment
from ..model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SERVER, SHOULD, Verdict, cited, pep, rfc, rule
from ..show import show
from .environ import cgi_variables_are_strings, environ_is_builtin_dict, text

TYPES = (environ_is_builtin_dict, cgi_variables_are_strings)


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("URL-015",), allows=("ENV-005", "ENV-009"),
      cites=(rfc(3875, "4.1.13", 'SCRIPT_NAME = "" | ( "/" path )'),
             pep("environ-variables", "The initial portion of the request URL's \"path\" that corresponds to the "
                                      "application object")),
      given=TYPES)
def script_name_begins_with_slash(x: Exchange, environ: object) -> Verdict:
    """SCRIPT_NAME is empty or begins with a slash.

    Every link that the application builds is SCRIPT_NAME plus a path of its own. "shop" in place of
    "/shop" makes them relative, so that they work on one page and lead astray on the next; and
    "http://example.com/shop" there is a proxy's setting taken for a path. Set "/shop".
    """
    name = text(environ, "SCRIPT_NAME")
    if name is None:
        return NOT_APPLICABLE
    if not name or name[0] == "/":
        return HOLDS
    return f"SCRIPT_NAME is {show(name, 80)}; expected '' or a path that begins with a slash"


for _name in ("shop", "http://example.com/shop", " /shop"):

    @script_name_begins_with_slash.bad_environ
    def _(environ: dict[str, Any], name: str = _name) -> None:
        environ["SCRIPT_NAME"] = name


@script_name_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-009: the application is at the server's root.
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": "/"}


@script_name_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-005: empty, so it may be absent.
    del environ["SCRIPT_NAME"]


@script_name_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "/shop", "PATH_INFO": "/basket"}


@rule(at=Moment.REQUEST, binds=SERVER, level=MUST, covers=("URL-016",), allows=("ENV-005", "ENV-011"),
      cites=(rfc(3875, "4.1.5", 'PATH_INFO = "" | ( "/" path )'),
             pep("environ-variables", "The remainder of the request URL's \"path\", designating the virtual "
                                      "\"location\" of the request's target within the application.")),
      given=TYPES)
def path_info_begins_with_slash(x: Exchange, environ: object) -> Verdict:
    """PATH_INFO is empty or begins with a slash.

    Routers match it against patterns that begin with one. Without it no route is found, or the first
    letter is cut off. "http://example.com/a" in PATH_INFO is the whole target of a request made through a
    proxy, of which the server should have kept the path; wsgiref.simple_server does that. The asterisk of
    "OPTIONS *" is no path at all and has a rule of its own.
    """
    path = text(environ, "PATH_INFO")
    if path is None:
        return NOT_APPLICABLE
    if not path or path[0] == "/" or (path == "*" and text(environ, "REQUEST_METHOD") == "OPTIONS"):
        return HOLDS
    return f"PATH_INFO is {show(path, 80)}; expected '' or a path that begins with a slash"


for _path in ("basket", "http://example.com/basket", "*", "?q=1"):

    @path_info_begins_with_slash.bad_environ
    def _(environ: dict[str, Any], path: str = _path) -> None:
        environ["PATH_INFO"] = path


@path_info_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-011: the URL is the application's root, without a slash behind it.
    environ |= {"SCRIPT_NAME": "/shop", "PATH_INFO": ""}


@path_info_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    # ENV-005: both are empty, so both may be absent.
    del environ["PATH_INFO"]
    del environ["SCRIPT_NAME"]


@path_info_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": ""}


@path_info_begins_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = "//a//../b c\x00\xff"


@rule(at=Moment.REQUEST, binds=SERVER, level=ADVICE, covers=("URL-016",),
      cites=(rfc(3875, "4.1.5", 'PATH_INFO = "" | ( "/" path )'), rfc(9112, "3.2.4", "asterisk-form")),
      given=(*TYPES, path_info_begins_with_slash))
def path_info_of_options_is_no_asterisk(x: Exchange, environ: object) -> Verdict:
    """"OPTIONS *" does not reach the application as the path "*".

    It asks about the server as a whole and not about anything in the application; routers that expect a
    slash fail on it. Answer it in the server, or pass PATH_INFO empty.
    """
    path = text(environ, "PATH_INFO")
    if path != "*" or text(environ, "REQUEST_METHOD") != "OPTIONS":
        return NOT_APPLICABLE
    return "PATH_INFO is '*' for OPTIONS *; expected '' or no call of the application"


@path_info_of_options_is_no_asterisk.bad_environ(method="OPTIONS")
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = "*"


@path_info_of_options_is_no_asterisk.good_environ(method="OPTIONS")
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = ""


@path_info_of_options_is_no_asterisk.good_environ(method="OPTIONS")
def _(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = "/*"


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("ENV-059",),
      cites=(cited("wsgiref.validate", "check_environ"),
             pep("environ-variables", "This may be an empty string, if the application corresponds to the \"root\" of "
                                      "the server.")),
      given=TYPES)
def script_name_is_not_a_lone_slash(x: Exchange, environ: object) -> Verdict:
    """SCRIPT_NAME is not "/": at the server's root it is empty, and the slash is PATH_INFO's.

    SCRIPT_NAME + PATH_INFO is the path of the request; with "/" it begins with two slashes, and a browser
    takes what follows "//" for a host: a redirect leaves the site. uWSGI's mount points and hand-made
    mounting middleware are where it comes from. Write `script_name.rstrip("/")`.
    """
    name = text(environ, "SCRIPT_NAME")
    if name is None:
        return NOT_APPLICABLE
    return "SCRIPT_NAME is '/'; expected '', and the slash in PATH_INFO" if name == "/" else HOLDS


@script_name_is_not_a_lone_slash.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "/", "PATH_INFO": ""}


@script_name_is_not_a_lone_slash.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "/", "PATH_INFO": "/basket"}


@script_name_is_not_a_lone_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": "/basket"}


@rule(at=Moment.REQUEST, binds=SERVER, level=SHOULD, covers=("ENV-060",),
      cites=cited("Rack specification", "The Environment",
                  url="https://github.com/rack/rack/blob/main/SPEC.rdoc"),
      given=(*TYPES, script_name_begins_with_slash))
def script_name_does_not_end_with_slash(x: Exchange, environ: object) -> Verdict:
    """SCRIPT_NAME does not end with a slash.

    Applications append a path that begins with one: "/shop/" + "/basket" is another URL than
    "/shop/basket", and a cookie's Path made from it matches less than meant. Move the slash to PATH_INFO.
    wsgiref.util.shift_path_info leaves one on purpose where the path holds "//".
    """
    name = text(environ, "SCRIPT_NAME")
    if name is None or name == "/":
        return NOT_APPLICABLE
    if name.endswith("/"):
        return f"SCRIPT_NAME is {show(name, 80)}; expected no slash at its end"
    return HOLDS


@script_name_does_not_end_with_slash.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "/shop/", "PATH_INFO": "/basket"}


@script_name_does_not_end_with_slash.bad_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "//", "PATH_INFO": ""}


@script_name_does_not_end_with_slash.good_environ
def _(environ: dict[str, Any]) -> None:
    environ |= {"SCRIPT_NAME": "/shop", "PATH_INFO": "/"}
