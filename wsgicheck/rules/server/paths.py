"""How the request target becomes SCRIPT_NAME, PATH_INFO and QUERY_STRING (PEP 3333, "environ Variables")."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ...model.scene import Receive, Script, Seen, ask, get, scene
from ...model.wire import Wire
from .common import failed_request, lost, value

_REST = pep("environ-variables", "The remainder of the request URL's \"path\", designating the virtual\n"
            "  \"location\" of the request's target within the application.")


def _path(seen: Seen) -> str | None:
    environ = seen.environ()
    if environ is None:
        return None
    return str(value(environ, "SCRIPT_NAME")) + str(value(environ, "PATH_INFO"))


def _at(drawn: bytes) -> Script:
    return (ask("GET", drawn), Receive())


@scene(level=MUST, covers=("URL-008", "URL-009", "ENV-008", "ENV-010", "STR-009"), script=_at, draws="path",
       examples=(b"/caf%C3%A9", b"/%E9%FF", b"/a%20b+c", b"/50%25", b"/%2541", b"/a;b=c", b"/trailing/"),
       cites=(_REST, pep("unicode-issues", "code points representable in ISO-8859-1 encoding")))
def path_is_decoded_once_to_latin_1(seen: Seen, wire: Wire) -> Verdict:
    """SCRIPT_NAME and PATH_INFO hold the path's bytes, percent-decoded once, as Latin-1.

    Text that a server decodes as UTF-8 cannot be turned back into the bytes, and a path decoded twice opens
    what the application thought closed. A plus stays a plus.
    """
    got = _path(seen)
    if got is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    expected = unquote_to_bytes(wire.asked).decode("latin-1")
    return HOLDS if got == expected else (
        f"SCRIPT_NAME + PATH_INFO is {got!r} for {wire.asked.decode('latin-1')}; expected {expected!r}")


def _queried(drawn: bytes) -> Script:
    return (ask("GET", b"/?" + drawn), Receive())


@scene(level=MUST, covers=("URL-010", "ENV-012"), script=_queried, draws="query",
       examples=(b"a=%20b&c=%C3%A9", b"a+b=c", b"x=?/&y", b"%25=%2541", b"a=1;b=2"),
       cites=pep("environ-variables", "The portion of the request URL that follows the ``\"?\"``, if any."))
def query_is_passed_undecoded(seen: Seen, wire: Wire) -> Verdict:
    """QUERY_STRING is what follows the question mark, byte for byte.

    Decoded, an encoded ampersand becomes a separator, and a parameter's value becomes two parameters.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got, expected = value(environ, "QUERY_STRING"), wire.asked.decode("latin-1")
    return HOLDS if got == expected else f"QUERY_STRING is {got!r}; expected {expected!r}, as sent"


@scene(level=MUST, covers=("URL-011", "ENV-010"), script=get(target="/a/b/"),
       cites=pep("url-reconstruction", "url += quote(environ.get('SCRIPT_NAME', ''))\n    "
                 "url += quote(environ.get('PATH_INFO', ''))"))
def script_name_and_path_info_make_the_path(seen: Seen, wire: Wire) -> Verdict:
    """SCRIPT_NAME followed by PATH_INFO is the path of the request, with no slash lost or doubled.

    Redirects and links are built from the two.
    """
    got = _path(seen)
    if got is None:
        return lost(seen, wire)
    return HOLDS if got == "/a/b/" else f"SCRIPT_NAME + PATH_INFO is {got!r} for /a/b/; expected '/a/b/'"


@scene(level=SHOULD, covers=("URL-011",), script=get(target="/a//b///c"),
       given=(script_name_and_path_info_make_the_path,),
       cites=(_REST, rfc(3986, "3.3")))
def slashes_are_not_merged(seen: Seen, wire: Wire) -> Verdict:
    """A path with empty segments keeps them.

    Servers in front often merge slashes by default; an application that serves keys of another system
    (buckets, repositories) then finds the wrong one.
    """
    got = _path(seen)
    if got is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    return HOLDS if got == "/a//b///c" else f"SCRIPT_NAME + PATH_INFO is {got!r}; expected '/a//b///c', as sent"


@scene(level=MUST, covers=("URL-014",), script=get(target="//evil.example/x"),
       cites=(_REST, rfc(9112, "3.2.1")))
def leading_slashes_stay_a_path(seen: Seen, wire: Wire) -> Verdict:
    """A path that begins with two slashes is a path and no host.

    A server that takes the target for a whole URL drops the first segment. Merging the slashes is another
    matter (slashes-are-not-merged).
    """
    got = _path(seen)
    if got is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    return HOLDS if got.lstrip("/") == "evil.example/x" else (
        f"SCRIPT_NAME + PATH_INFO is {got!r} for //evil.example/x; expected '//evil.example/x'")


@scene(level=MUST, covers=("URL-013", "HTTP-036"), script=get(target="http://@HOST@/a/b?q=1"),
       cites=(rfc(9112, "3.2.2"), _REST))
def absolute_target_gives_the_path_alone(seen: Seen, wire: Wire) -> Verdict:
    """For a target in absolute form PATH_INFO holds the path, without scheme and host.

    Clients that talk to a proxy send it, and RFC 9112 has every server accept it.
    """
    environ, got = seen.environ(), _path(seen)
    if environ is None:
        return lost(seen, wire)
    query = value(environ, "QUERY_STRING")
    return HOLDS if (got, query) == ("/a/b", "q=1") else (
        f"SCRIPT_NAME + PATH_INFO is {got!r} and QUERY_STRING {query!r} for http://…/a/b?q=1; "
        f"expected '/a/b' and 'q=1'")


@scene(level=SHOULD, covers=("HTTP-036",), given=(absolute_target_gives_the_path_alone,),
       script=(ask("GET", "http://target.example/a", "Host: header.example", host=False), Receive()),
       cites=rfc(9112, "3.2.2"))
def absolute_target_overrides_host(seen: Seen, wire: Wire) -> Verdict:
    """The host of a target in absolute form counts, and not the one in Host.

    Where the two disagree, a check made on one and a link built from the other do not meet. RFC 9112 has
    the server forget Host then; PEP 3333 lets HTTP_HOST mirror the header, hence no MUST.
    """
    environ = seen.environ()
    if environ is None:
        return NOT_APPLICABLE if failed_request(seen, wire) else lost(seen, wire)
    got = value(environ, "HTTP_HOST")
    return HOLDS if got != "header.example" else (
        "HTTP_HOST is 'header.example' for the target http://target.example/a; expected 'target.example'")
