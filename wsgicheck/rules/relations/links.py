"""URLs that the application builds: from Host, the port, the mount, the quoted path and the query as it came.

PEP 3333, "URL Reconstruction". Only what an answer points to is looked at: Location, Content-Location, Refresh, links.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ...model.exchange import Exchange
from ...model.request import Case, Request
from ...model.rule import APPLICATION, HOLDS, NOT_APPLICABLE, SHOULD, cited, pep, relation
from ...model.story import Story
from ...show import show
from .answers import SAFE, answered, steady, text_of, urls_in

_HTML = ("Content-Type", "text/html; charset=utf-8")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_REBUILT = "url-reconstruction"
_OTHER_NAME = "other-name.invalid"
_MOUNT = "/wsgicheck-mount"


def _absolute(x: Exchange) -> list[tuple[str, str]]:
    return [(where, url) for where, url in urls_in(x) if url.lower().startswith(("http://", "https://"))]


def _authority(url: str) -> str:
    """Return host and port as they stand in the URL, "" where it cannot be read."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _redirect(environ: dict[str, Any], start_response: Any, base: str, path: str = "/new",
              query: str = "") -> list[bytes]:
    start_response("302 Found", [_TEXT, ("Location", base + quote(path, encoding="latin-1") + query)])
    return [b"over there"]


def _base(environ: dict[str, Any]) -> str:
    """Return scheme and authority as PEP 3333 builds them."""
    scheme = str(environ["wsgi.url_scheme"])
    host = environ.get("HTTP_HOST")
    if not host:
        port = environ["SERVER_PORT"]
        host = environ["SERVER_NAME"] + ("" if port == {"https": "443"}.get(scheme, "80") else f":{port}")
    return f"{scheme}://{host}{quote(environ.get('SCRIPT_NAME', ''), encoding='latin-1')}"


@relation(binds=APPLICATION, level=SHOULD, covers=("URL-003",), cites=pep(
    _REBUILT, "if environ.get('HTTP_HOST'): url += environ['HTTP_HOST'] else: url += environ['SERVER_NAME']"),
    blames="start")
def urls_are_built_from_host(request: Request) -> Story:
    """A URL that the application builds has the host of HTTP_HOST where there is one, and not SERVER_NAME.

    SERVER_NAME is what the server calls itself: "localhost", the name of a container, the first alias of a virtual
    host. A redirect to it leads the visitor nowhere, or to another site. Use Host first, as PEP 3333's algorithm
    does, or `wsgiref.util.application_uri`.
    """
    if not request.get("HTTP_HOST") or request.method not in SAFE:
        return NOT_APPLICABLE
    x = yield Case(request.with_variables(SERVER_NAME=_OTHER_NAME, SERVER_PORT="8099"))
    if not answered(x) or not _absolute(x):
        return NOT_APPLICABLE
    for where, url in _absolute(x):
        authority = _authority(url)
        if authority.partition(":")[0].lower() == _OTHER_NAME:
            return (f"{where} leads to {show(url)}, Host being {show(request.get('HTTP_HOST'))}; expected Host, not "
                    f"SERVER_NAME")
        if authority == f"{request.get('HTTP_HOST')}:8099":
            return (f"{where} leads to {show(url)}: SERVER_PORT was added to Host; expected "
                    f"{show(request.get('HTTP_HOST'))}")
    return HOLDS


@urls_are_built_from_host.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")


@urls_are_built_from_host.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, _base(environ))


@relation(binds=APPLICATION, level=SHOULD, covers=("URL-004",), blames="start", cites=pep(
    _REBUILT, "if environ['wsgi.url_scheme'] == 'https': if environ['SERVER_PORT'] != '443': url += ':' + "
              "environ['SERVER_PORT'] else: if environ['SERVER_PORT'] != '80': url += ':' + environ['SERVER_PORT']"))
def urls_have_the_port_where_it_is_needed(request: Request) -> Story:
    """Without Host, a URL that the application builds has SERVER_PORT unless it is the scheme's own.

    Without the port the client asks another server on port 80; with ":80" or ":443" the same page has two URLs, for
    which caches, cookies' referrers and OAuth's redirect lists see two pages. Add the port only where it differs from
    80 for http and 443 for https.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    name = request.get("SERVER_NAME")
    bare = request.with_variables(HTTP_HOST=None, SERVER_PROTOCOL="HTTP/1.0")
    odd = yield Case(bare.with_variables(SERVER_PORT="8099"))
    own = "443" if request.url_scheme == "https" else "80"
    usual = yield Case(bare.with_variables(SERVER_PORT=own))
    if not answered(odd) or not answered(usual):
        return NOT_APPLICABLE
    judged = False
    for where, url in _absolute(odd):
        if _authority(url) == name:
            elsewhere = yield Case(bare.with_variables(SERVER_PORT="8099", SERVER_NAME="other-name.invalid"))
            if answered(elsewhere) and (where, url) in set(_absolute(elsewhere)):
                continue  # it leads there from every server, and only happens to name this one
            return f"{where} leads to {show(url)} of a server on port 8099; expected {name}:8099"
        judged = judged or _authority(url) == f"{name}:8099"
    for where, url in _absolute(usual):
        if _authority(url) == f"{name}:{own}":
            return f"{where} leads to {show(url)}; expected no port, since {own} is that of {request.url_scheme}"
    return HOLDS if judged else NOT_APPLICABLE


@urls_have_the_port_where_it_is_needed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, f"http://{environ.get('HTTP_HOST') or environ['SERVER_NAME']}")


@urls_have_the_port_where_it_is_needed.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return _redirect(environ, start_response, f"http://{host}")


@urls_have_the_port_where_it_is_needed.good(SERVER_NAME="example.com")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, "https://example.com")


@urls_have_the_port_where_it_is_needed.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, _base(environ))


_WORD = "\xc3\xa9"
"""The two bytes of "é" in UTF-8, as PATH_INFO carries them."""
_TWICE = "%c3%83%c2%a9"


def _is_utf_8(path: str) -> bool:
    """Tell whether the bytes that a path carries are UTF-8: others may be decoded as anything."""
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


def _with_word(request: Request) -> Request:
    return request.with_variables(PATH_INFO=request.path.rstrip("/") + "/caf" + _WORD)


@relation(binds=APPLICATION, level=SHOULD, covers=("URL-005",), blames="start", cites=pep(
    _REBUILT, "url += quote(environ.get('SCRIPT_NAME', '')) url += quote(environ.get('PATH_INFO', ''))"))
def urls_quote_the_bytes_of_the_path(request: Request) -> Story:
    """A URL that the application builds quotes the bytes of SCRIPT_NAME and PATH_INFO, and quotes them once.

    PATH_INFO carries bytes, one character each. `quote(path)` encodes these characters as UTF-8 once more, and /café
    becomes /caf%C3%83%C2%A9: a redirect that leads to a page that is not there. Not quoting at all sends bytes that a
    URL may not hold. Write `quote(path, encoding="latin-1")`, or decode the path first.
    """
    if request.method not in SAFE or not request.path.startswith("/") or not _is_utf_8(request.path):
        return NOT_APPLICABLE
    judged = False
    for asked in (request.with_variables(PATH_INFO=request.path.rstrip("/") + "/caf" + _WORD),
                  request.with_variables(SCRIPT_NAME="/caf" + _WORD)):
        x = yield Case(asked)
        if x.raised:
            continue
        for where, url in urls_in(x):
            path = url.partition("?")[0]
            if _TWICE in path.lower():
                return f"{where} leads to {show(url)}: the path was encoded twice; expected /caf%C3%A9"
            if "caf" + _WORD in path and where != "a link":
                return f"{where} leads to {show(url)}: the path was not quoted; expected /caf%C3%A9"
            judged = judged or "caf%c3%a9" in path.lower()
    return HOLDS if judged else NOT_APPLICABLE


@urls_quote_the_bytes_of_the_path.bad(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("302 Found", [_TEXT, ("Location", quote(environ.get("PATH_INFO", "")) + "/index")])
    return [b"over there"]


@urls_quote_the_bytes_of_the_path.bad(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("302 Found", [_TEXT, ("Location", environ.get("SCRIPT_NAME", "") + "/index")])
    return [b"over there"]


@urls_quote_the_bytes_of_the_path.good(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, _base(environ), environ.get("PATH_INFO", "") + "/index")


_QUERY = "a=%2Fb&c=%C3%A9+d&e"
_DECODED = (unquote(_QUERY), unquote(_QUERY.replace("+", " ")))


@relation(binds=APPLICATION, level=SHOULD, covers=("URL-006",), blames="start", cites=pep(
    _REBUILT, "if environ.get('QUERY_STRING'): url += '?' + environ['QUERY_STRING']"))
def urls_take_the_query_as_it_came(request: Request) -> Story:
    """A redirect that keeps the query keeps it letter for letter, and adds no "?" where there is none.

    Decoding and joining it again loses what the letters meant: "%26" becomes a separator, "+" a plus or a space, and a
    signed URL is no longer valid. Append QUERY_STRING as it is.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    one = yield Case(request.with_variables(QUERY_STRING=_QUERY))
    if not 300 <= one.code < 400 or one.raised:
        return NOT_APPLICABLE
    location = one.value("location") or ""
    query = location.partition("?")[2].partition("#")[0]
    if query != _QUERY and (unquote(query) in _DECODED or unquote(query.replace("+", " ")) in _DECODED
                            or query == quote(_QUERY)):
        return f"Location is {show(location)} for the query {_QUERY}; expected the query as it came"
    none = yield Case(request.with_variables(QUERY_STRING=""))
    bare = none.value("location") or ""
    if 300 <= none.code < 400 and bare.endswith("?"):
        return f"Location is {show(bare)} where there is no query; expected no question mark"
    return HOLDS if query == _QUERY else NOT_APPLICABLE


@urls_take_the_query_as_it_came.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    query = unquote(environ.get("QUERY_STRING", ""), encoding="latin-1")
    return _redirect(environ, start_response, _base(environ), query=f"?{quote(query, safe='/=&+', encoding='latin-1')}"
                     if query else "")


@urls_take_the_query_as_it_came.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _redirect(environ, start_response, _base(environ), query="?" + environ.get("QUERY_STRING", ""))


@urls_take_the_query_as_it_came.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    query = environ.get("QUERY_STRING")
    return _redirect(environ, start_response, _base(environ), query=f"?{query}" if query else "")


def _own_path(url: str, request: Request) -> str:
    """Return the path of a URL on the application's own host, "" where it is elsewhere or relative."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("", "http", "https") or not parts.path.startswith("/"):
        return ""
    if parts.netloc and parts.netloc not in (request.get("HTTP_HOST"), request.get("SERVER_NAME")):
        return ""
    return unquote(parts.path, encoding="latin-1")


@relation(binds=APPLICATION, level=SHOULD, covers=("URL-012",), blames="start", cites=pep(
    "environ-variables", "so that the application knows its virtual \"location\"."))
def links_begin_at_the_mount(request: Request) -> Story:
    """Links and redirects to pages of the application begin with SCRIPT_NAME.

    The application does not always live at the server's root: a proxy, an Apache alias or another application mounts it
    at /shop. A link to /cart leads out of it then, to a 404 or to somebody else. Build links by the framework's
    function for it, which knows the mount, or put `environ.get("SCRIPT_NAME", "")` before them.
    """
    if request.method not in SAFE or request.get("SCRIPT_NAME"):
        return NOT_APPLICABLE
    base = yield from steady(request)
    if base is None or not any(_own_path(url, request) for _, url in urls_in(base.x)):
        return NOT_APPLICABLE
    mounted = yield Case(request.with_variables(SCRIPT_NAME=_MOUNT))
    if not answered(mounted) or mounted.code != base.x.code:
        return NOT_APPLICABLE
    before = {_own_path(url, request) for _, url in urls_in(base.x)}
    for where, url in urls_in(mounted, most=8):
        path = _own_path(url, request)
        if not path or path not in before or path.startswith(_MOUNT):
            continue
        # Only a page that this application serves is its own; the rest of the host belongs to others.
        page = yield Case(request.with_variables(PATH_INFO=path, QUERY_STRING="", REQUEST_METHOD="GET"))
        nowhere = yield Case(request.with_variables(PATH_INFO=path.rstrip("/") + "-wsgicheck-nowhere", QUERY_STRING="",
                                                    REQUEST_METHOD="GET"))
        if answered(page) and not answered(nowhere):
            yield Case(request.with_variables(SCRIPT_NAME=_MOUNT))  # the answer to look at, last
            return (f"mounted at {_MOUNT}, {where} leads to {show(url)}, a page of this application; expected "
                    f"{_MOUNT}{show(path)[1:-1]}")
    return HOLDS


def _pages(environ: dict[str, Any], start_response: Any, link: str) -> list[bytes]:
    """Answer at / with a link, at /about with a page, and nowhere else."""
    path = environ.get("PATH_INFO", "")
    if path not in ("/", "/about"):
        start_response("404 Not Found", [_TEXT])
        return [b"nothing here"]
    start_response("200 OK", [_HTML])
    return [f'<a href="{link}">about us</a>'.encode("latin-1")]


@links_begin_at_the_mount.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _pages(environ, start_response, "/about")


@links_begin_at_the_mount.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    return _pages(environ, start_response, quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1") + "/about")


@links_begin_at_the_mount.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Another application of the same host.
    return _pages(environ, start_response, "/login")


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-029",), cites=pep(
    "a-note-on-string-types", "the *content* of native strings must still be translatable to bytes via the Latin-1 "
                              "encoding!"))
def paths_are_decoded_before_they_are_shown(request: Request) -> Story:
    """PATH_INFO is turned into text before it is shown: /café stays /café.

    PATH_INFO carries the bytes of the URL, one character each: for /café it is "/cafÃ©". Printed or stored as it is,
    the reader sees just that, and a look-up in the database finds nothing. Write
    `path.encode("latin-1").decode("utf-8", "replace")` before you treat it as text; frameworks do.
    """
    if request.method != "GET" or not _is_utf_8(request.path):
        return NOT_APPLICABLE
    x = yield Case(_with_word(request))
    page = text_of(x)
    if x.raised or "caf" not in page:
        return NOT_APPLICABLE
    latin = "8859-1" in (x.value("content-type") or "").lower()
    broken = "caf\xc3\xa9" if latin else "caf\xc3\x83\xc2\xa9"
    if broken in page:
        return "the page for /café shows /cafÃ©; expected the path to be decoded from UTF-8"
    return HOLDS if "caf\xe9" in page or "caf\xc3\xa9" in page else NOT_APPLICABLE


@paths_are_decoded_before_they_are_shown.bad(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found", [_TEXT])
    return [f"no page {environ.get('PATH_INFO', '')}".encode()]


@paths_are_decoded_before_they_are_shown.good(path="/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found", [_TEXT])
    return [b"no page " + environ.get("PATH_INFO", "").encode("latin-1")]


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-031",), cites=(pep(
    _REBUILT, "Note that such a reconstructed URL may not be precisely the same URI as requested by the client."),
    cited("CGI and WSGI servers decode %2F before the application sees the path")))
def encoded_slashes_mean_nothing(request: Request) -> Story:
    """The answer does not depend on whether a slash of the path came as "/" or as "%2F".

    PATH_INFO is decoded, so the difference is gone on most servers, and Apache refuses %2F altogether. An application
    that looks it up in REQUEST_URI or RAW_URI works on one server only, and sees another path than the middleware
    before it, which has opened doors more than once. Put what may hold a slash into the query.
    """
    if request.method not in SAFE or request.path.count("/") < 2 or request.path.endswith("/"):
        return NOT_APPLICABLE
    plain = quote(request.get("SCRIPT_NAME") + request.path, encoding="latin-1")
    head, _, tail = plain.rpartition("/")
    query = f"?{request.query}" if request.query else ""
    base = yield from steady(request.with_variables(REQUEST_URI=plain + query, RAW_URI=plain + query))
    if base is None:
        return NOT_APPLICABLE
    odd = f"{head}%2F{tail}{query}"
    other = yield Case(request.with_variables(REQUEST_URI=odd, RAW_URI=odd))
    told = base.differs(other)
    if not told or "%2f" in text_of(other).lower():
        return HOLDS  # a page that shows the URL as it came does not rely on it
    return (f"{show(request.path)} sent as {show(plain)} and as {show(head + '%2F' + tail)}: {told}; expected the "
            f"same answer")


@encoded_slashes_mean_nothing.bad(path="/file/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    parts = environ.get("REQUEST_URI", "").split("/")
    start_response("200 OK", [_TEXT])
    return [f"{len(parts)} parts".encode()]


@encoded_slashes_mean_nothing.good(path="/file/a")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    parts = environ.get("PATH_INFO", "").split("/")
    start_response("200 OK", [_TEXT])
    return [f"{len(parts)} parts".encode()]
