"""Whole requests, cases and environs, drawn from the parts: few draws each, the plainest first.

Laws: every drawn environ is one that a server may legally produce; it shrinks to the plain "GET /"; each part
shrinks on its own, so a smallest request shows nothing but what it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from ..model.request import Case, Request
from . import bodies, cookies, headers
from .bodies import NOTHING, Content, form
from .headers import Fields
from .input import CHUNKED, Framing, framings, reads
from .material import EMPTY, Endpoint, Material
from .methods import WITHOUT_CONTENT, choices
from .paths import endpoints
from .queries import NAMES, ODD_QUERIES, encoded, general, values
from .queries import own as own_queries
from .streams import drives
from .surroundings import PLAIN, Surroundings, surroundings
from .weighted import table

__all__ = ["assembled", "cases", "environs", "requests"]

Part = st.SearchStrategy[str] | None


def assembled(method: str, path: str, query: str, content: Content = NOTHING, framing: Framing = Framing.LENGTH,
              pattern: tuple[int, ...] = (), fields: Fields = (), around: Surroundings = PLAIN) -> Request:
    """Return the Request in which these parts come together, set right where two of them cannot.

    Chunks need HTTP/1.1, so under any other protocol the content has a length; "*" has no mount; a TRACE has
    no content; what the server says wins over what the client sent.
    """
    if method == "TRACE":
        content = NOTHING
    address, scheme, spelling, flags = around.address, around.scheme, around.spelling, around.flags
    version = around.protocol.version
    variables: dict[str, str | None] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "" if path == "*" else around.mount,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": address.name,
        "SERVER_PORT": "443" if address.port == "80" and scheme.name == "https" else address.port,
        "SERVER_PROTOCOL": version,
        "HTTP_HOST": address.host if around.protocol.host else None,
    }
    if around.drop:
        for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"):
            variables[key] = variables[key] or None
    variables.update(fields)
    variables.update(content.headers)
    variables.update(scheme.variables)
    variables.update(around.extra)
    terminated = flags.input_terminated
    body = content.body
    if content is NOTHING:
        variables["CONTENT_TYPE"], variables["CONTENT_LENGTH"] = spelling.kind, spelling.length
    else:
        # A server that invents a type for content without one does so here too.
        variables["CONTENT_TYPE"] = spelling.kind if content.content_type is None else content.content_type
        if framing in CHUNKED and version == "HTTP/1.1":
            variables["HTTP_TRANSFER_ENCODING"] = "chunked"
            terminated = framing is not Framing.CHUNKED_UNTOLD
            if framing is Framing.CHUNKED_EMPTY:
                variables["CONTENT_LENGTH"] = ""
        else:
            variables["CONTENT_LENGTH"] = str(len(body))
            if framing is Framing.CUT:
                body = body[:len(body) // 2]
            elif framing is Framing.TERMINATED:
                terminated = True
    return Request(
        variables=tuple([(key, value) for key, value in variables.items() if value is not None]),
        body=body, reads=pattern if body else (), input_terminated=terminated, url_scheme=scheme.name,
        multithread=flags.multithread, multiprocess=flags.multiprocess, run_once=flags.run_once,
        file_wrapper=flags.file_wrapper)


# What the one draw about the query says, and the one about the header fields.
_NO, _OWN, _ONE, _TWO, _ODD, _SAME = range(6)
_FIELDS, _COOKIE, _BOTH = range(1, 4)


class _Tables:
    """The strategies of one Material, made once."""

    def __init__(self, material: Material) -> None:
        self.endpoints = endpoints(material)
        self.methods = table(*choices(material))
        self.query_kinds = table((10, (_NO,)), (9, (_OWN,)), (4, (_ONE,)), (2, (_TWO,)), (4, (_ODD,)), (3, (_SAME,)))
        self.queries = table(*general(material))
        self.values = table(*values(material))
        self.odd_queries = st.sampled_from(ODD_QUERIES)
        self.field_kinds = table((7, (_NO,)), (4, (_OWN,)), (7, (_FIELDS,)), (4, (_COOKIE,)), (3, (_BOTH,)))
        self.fields = table(*headers.groups_of(material))
        self.cookies = table(*cookies.groups_of(material))
        self.content_kinds = table((9, (_OWN,)), (7, (_ONE,)), (2, (_NO,)), (3, (_SAME,)))
        self.contents = table(*bodies.groups_of(material))
        self.framings, self.reads = framings(), reads()
        self.surroundings = surroundings()
        self._own: dict[tuple[Any, Endpoint], st.SearchStrategy[Any]] = {}

    def own(self, make: Callable[[Endpoint], tuple[Any, ...]], endpoint: Endpoint,
            otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        """Return the strategy for what `make` knows of the endpoint, `otherwise` where it knows nothing."""
        key = (make, endpoint)
        strategy = self._own.get(key)
        if strategy is None:
            found = make(endpoint)
            strategy = self._own[key] = st.sampled_from(found) if found else otherwise
        return strategy


_tables = lru_cache(maxsize=64)(_Tables)


def _own_fields(endpoint: Endpoint) -> tuple[Fields, ...]:
    pairs = tuple(pair for pair in endpoint.headers if headers.legal(*pair))
    return (pairs, *((pair,) for pair in pairs)) if pairs else ()


@st.composite
def _requests(draw: st.DrawFn, tables: _Tables, method_part: Part, path_part: Part, query_part: Part,
              fields_part: st.SearchStrategy[Fields] | None,
              content_part: st.SearchStrategy[Content] | None) -> Request:
    # The first draws shrink hardest: a POST with content is simpler than a server that lets a GET carry some.
    around = draw(tables.surroundings)
    endpoint = draw(tables.endpoints) if path_part is None else Endpoint(draw(path_part))
    choice = draw(tables.methods if method_part is None else method_part)
    if endpoint.path == "*":
        # Drawn for nothing: a shorter sequence of draws would count as simpler than the plain "GET /".
        method = "OPTIONS"
    elif isinstance(choice, str):
        method = choice
    else:
        method = (endpoint.methods or ("GET",))[choice % max(1, len(endpoint.methods))]

    query = ""
    if query_part is not None:
        query = draw(query_part)
    else:
        kind = draw(tables.query_kinds)
        if kind == _OWN:
            query = draw(tables.own(own_queries, endpoint, tables.queries))
        elif kind == _ONE:
            query = draw(tables.queries)
        elif kind == _TWO:
            first = draw(tables.own(own_queries, endpoint, tables.queries))
            query = f"{first}&{draw(tables.queries)}"
        elif kind == _ODD:
            query = draw(tables.odd_queries)
        elif kind == _SAME:
            value = draw(tables.values)
            query = "&".join([f"{name}={value}" for name in map(encoded, endpoint.query_names or NAMES)])

    fields: Fields = ()
    if fields_part is not None:
        fields = draw(fields_part)
    else:
        kind = draw(tables.field_kinds)
        if kind == _OWN:
            fields = draw(tables.own(_own_fields, endpoint, tables.fields))
        elif kind in (_FIELDS, _BOTH):
            fields = draw(tables.fields)
        if kind in (_COOKIE, _BOTH):
            fields = (*fields, ("HTTP_COOKIE", draw(tables.cookies)))

    content, framing = NOTHING, Framing.LENGTH
    pattern: tuple[int, ...] = ()
    if method not in WITHOUT_CONTENT or around.spelling.content:
        if content_part is not None:
            content = draw(content_part)
        else:
            kind = draw(tables.content_kinds)
            if kind == _OWN:
                content = draw(tables.own(bodies.own, endpoint, tables.contents))
            elif kind == _ONE:
                content = draw(tables.contents)
            elif kind == _SAME:
                content = form(endpoint.form_names or NAMES, draw(tables.values))
        if content is not NOTHING:
            framing, pattern = draw(tables.framings), draw(tables.reads)
    return assembled(method, endpoint.path, query, content, framing, pattern, fields, around)


def requests(material: Material = EMPTY, *, methods: st.SearchStrategy[str] | None = None,
             paths: st.SearchStrategy[str] | None = None, queries: st.SearchStrategy[str] | None = None,
             fields: st.SearchStrategy[Fields] | None = None,
             contents: st.SearchStrategy[Content] | None = None) -> st.SearchStrategy[Request]:
    """Return a strategy for requests as servers really pass them on.

    The simplest is `GET /` with the plain environ. Common things come often, so that some 50 examples meet
    what most applications get wrong.

    Args:
        material: what is known of the application (see `material_of`).
        methods, paths, queries, fields, contents: take the place of what would be drawn for REQUEST_METHOD,
            PATH_INFO, QUERY_STRING, the header fields and the content. Content is drawn for methods that
            usually carry some. What they draw must be what a server can produce.
    """
    return _requests(_tables(material), methods, paths, queries, fields, contents)


@st.composite
def _cases(draw: st.DrawFn, request: st.SearchStrategy[Request]) -> Case:
    return Case(draw(request), draw(_DRIVES))


_DRIVES = drives()


def cases(material: Material = EMPTY, **parts: Any) -> st.SearchStrategy[Case]:
    """Return a strategy for a request together with what the server does with its answer.

    Takes what `requests` takes.
    """
    return _cases(requests(material, **parts))


def environs(material: Material = EMPTY, **parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for environ dictionaries, ready to call an application with.

    wsgi.input, wsgi.errors and wsgi.file_wrapper are those of the reference gateway, made anew for each
    draw. Takes what `requests` takes.
    """
    from ..reference.gateway import environ_of

    return requests(material, **parts).map(environ_of)
