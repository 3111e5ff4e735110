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
from . import bodies, cookies, headers, methods, queries
from .bodies import NOTHING, Content
from .input import CHUNKED, Framing, framings, reads
from .material import EMPTY, Endpoint, Material
from .paths import endpoints
from .streams import drives
from .surroundings import PLAIN_CONNECTION, PLAIN_SPELLING, Connection, Spelling, connections, spellings
from .weighted import table

__all__ = ["assembled", "cases", "environs", "requests"]

Part = st.SearchStrategy[str] | None


def assembled(method: str, path: str, query: str, content: Content = NOTHING, framing: Framing = Framing.LENGTH,
              pattern: tuple[int, ...] = (), fields: headers.Fields = (),
              connection: Connection = PLAIN_CONNECTION, spelling: Spelling = PLAIN_SPELLING) -> Request:
    """Return the Request in which these parts come together, set right where two of them cannot.

    Chunks need HTTP/1.1, so under any other protocol the content has a length; "*" has no mount; a TRACE has
    no content; the fields of the connection win over those of the client.
    """
    if method == "TRACE":
        content = NOTHING
    variables: dict[str, str | None] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "" if path == "*" else spelling.mount,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
    }
    if spelling.drop:
        for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"):
            variables[key] = variables[key] or None
    variables.update(fields)
    variables.update(content.headers)
    variables.update(connection.changes)
    for key, value in spelling.extra:
        if variables.get(key) is None:
            variables[key] = value
    if variables.get("REQUEST_SCHEME"):
        variables["REQUEST_SCHEME"] = connection.scheme
    terminated = spelling.input_terminated
    body = content.body
    if content is NOTHING:
        variables["CONTENT_TYPE"], variables["CONTENT_LENGTH"] = spelling.kind, spelling.length
    else:
        if content.content_type is not None:
            variables["CONTENT_TYPE"] = content.content_type
        elif spelling.kind is not None:
            variables["CONTENT_TYPE"] = spelling.kind
        if framing in CHUNKED and variables["SERVER_PROTOCOL"] == "HTTP/1.1":
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
        body=body, reads=pattern if body else (), input_terminated=terminated, url_scheme=connection.scheme,
        multithread=spelling.multithread, multiprocess=spelling.multiprocess, run_once=spelling.run_once,
        file_wrapper=spelling.file_wrapper)


# What the one draw about the query says, and the one about the header fields.
_NO, _OWN, _ONE, _TWO, _ODD = range(5)
_FIELDS, _COOKIE, _BOTH = range(1, 4)


class _Tables:
    """The strategies of one Material, made once."""

    def __init__(self, material: Material) -> None:
        self.endpoints = endpoints(material)
        self.methods = st.sampled_from(methods.choices(material))
        self.query_kinds = table((7, (_NO,)), (6, (_OWN,)), (4, (_ONE,)), (2, (_TWO,)), (4, (_ODD,)))
        self.queries = st.sampled_from(queries.general(material))
        self.odd_queries = st.sampled_from(queries.ODD_QUERIES)
        self.field_kinds = table((8, (_NO,)), (4, (_OWN,)), (6, (_FIELDS,)), (4, (_COOKIE,)), (2, (_BOTH,)))
        self.fields = st.sampled_from(headers.table_of(material))
        self.cookies = st.sampled_from(cookies.table_of(material))
        self.content_kinds = table((5, (_OWN,)), (9, (_ONE,)), (2, (_NO,)))
        self.contents = st.sampled_from(bodies.table_of(material))
        self.framings, self.reads = framings(), reads()
        self.connections, self.spellings = connections(), spellings()
        self._own: dict[tuple[Any, Endpoint], st.SearchStrategy[Any] | None] = {}

    def own(self, make: Callable[[Endpoint], tuple[Any, ...]], endpoint: Endpoint) -> st.SearchStrategy[Any] | None:
        """Return the strategy for what `make` knows of the endpoint, None where it knows nothing."""
        key = (make, endpoint)
        if key not in self._own:
            found = make(endpoint)
            self._own[key] = st.sampled_from(found) if found else None
        return self._own[key]


_tables = lru_cache(maxsize=64)(_Tables)


def _own_fields(endpoint: Endpoint) -> tuple[headers.Fields, ...]:
    pairs = tuple(pair for pair in endpoint.headers if headers.legal(*pair))
    return (pairs, *((pair,) for pair in pairs)) if pairs else ()


@st.composite
def _requests(draw: st.DrawFn, tables: _Tables, method_part: Part, path_part: Part, query_part: Part,
              fields_part: st.SearchStrategy[headers.Fields] | None,
              content_part: st.SearchStrategy[Content] | None) -> Request:
    # The first draws shrink hardest: a POST with content is simpler than a server that lets a GET carry some.
    connection, spelling = draw(tables.connections), draw(tables.spellings)
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
            query = draw(tables.own(queries.own, endpoint) or tables.queries)
        elif kind == _ONE:
            query = draw(tables.queries)
        elif kind == _TWO:
            first = draw(tables.own(queries.own, endpoint) or tables.queries)
            query = f"{first}&{draw(tables.queries)}"
        elif kind == _ODD:
            query = draw(tables.odd_queries)

    fields: headers.Fields = ()
    if fields_part is not None:
        fields = draw(fields_part)
    else:
        kind = draw(tables.field_kinds)
        if kind == _OWN:
            fields = draw(tables.own(_own_fields, endpoint) or tables.fields)
        elif kind in (_FIELDS, _BOTH):
            fields = draw(tables.fields)
        if kind in (_COOKIE, _BOTH):
            fields = (*fields, ("HTTP_COOKIE", draw(tables.cookies)))

    content, framing = NOTHING, Framing.LENGTH
    pattern: tuple[int, ...] = ()
    if method not in methods.WITHOUT_CONTENT or spelling.content:
        if content_part is not None:
            content = draw(content_part)
        else:
            kind = draw(tables.content_kinds)
            if kind == _OWN:
                content = draw(tables.own(bodies.own, endpoint) or tables.contents)
            elif kind == _ONE:
                content = draw(tables.contents)
        if content is not NOTHING:
            framing, pattern = draw(tables.framings), draw(tables.reads)
    return assembled(method, endpoint.path, query, content, framing, pattern, fields, connection, spelling)


def requests(material: Material = EMPTY, *, methods: st.SearchStrategy[str] | None = None,
             paths: st.SearchStrategy[str] | None = None, queries: st.SearchStrategy[str] | None = None,
             fields: st.SearchStrategy[headers.Fields] | None = None,
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
