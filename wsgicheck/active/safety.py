"""Decides which methods a run may use, so that nothing runs against real data by accident.

Laws: decided before the first request, told in one line. Django's data is set aside, so all methods are used; an
application in whose code nothing is found that keeps data gets all methods too; everything else gets GET, HEAD and
OPTIONS, unless the user says that its data may be changed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from ..model.request import Request
from ..reach.database import Shelter, shelter_django
from ..spies.stack import find_layers
from ..strategies.walk import home_of, walk
from .options import Options

__all__ = ["SAFE", "Safety", "decide"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask for nothing to be changed (RFC 9110 9.2.1)."""

STORES = frozenset({
    "sqlite3", "sqlalchemy", "psycopg", "psycopg2", "pg8000", "asyncpg", "pymysql", "MySQLdb", "mysql", "pyodbc",
    "oracledb", "cx_Oracle", "duckdb", "peewee", "pony", "tortoise", "pymongo", "mongoengine", "redis", "valkey",
    "cassandra", "elasticsearch", "opensearchpy", "boto3", "botocore", "couchdb", "influxdb", "tinydb", "ZODB", "dbm",
    "shelve", "lmdb", "plyvel", "ldap", "ldap3", "celery", "kombu", "pika", "kafka", "memcache", "pymemcache",
    "paramiko", "docker", "kubernetes", "smtplib", "imaplib", "ftplib", "subprocess",
})
"""Modules whose presence says that an application keeps data, or sends it elsewhere."""
_ALSO_OF_LIBRARIES = frozenset({"subprocess", "smtplib", "dbm", "shelve", "imaplib", "ftplib"})
"""Those that many a library imports: they count where the application's own code names them."""
_ACTS = frozenset({"write_text", "write_bytes", "unlink", "rmtree", "makedirs", "mkdir", "removedirs", "rename",
                   "Popen", "check_call", "check_output", "sendmail", "copyfile", "copytree"})
_MODES = frozenset({"w", "wb", "wt", "x", "xb", "ab", "at", "a+", "r+", "rb+", "r+b", "w+", "wb+", "w+b"})


@dataclass(frozen=True, slots=True)
class Safety:
    """What a run may do.

    Attributes:
        all_methods: it may use methods that change data.
        note: one line for a person.
        shelter: what keeps the data, None where nothing has to.
    """

    all_methods: bool
    note: str
    shelter: Shelter | None = None

    def permits(self, request: Request) -> bool:
        """Tell whether the request may be made."""
        return self.all_methods or (request.method in SAFE and not _overrides(request))

    def tame(self, request: Request) -> Request:
        """Return the request, or where it may not be made, the nearest one that may."""
        if self.permits(request):
            return request
        changes: dict[str, str | None] = {"HTTP_X_HTTP_METHOD_OVERRIDE": None, "HTTP_X_METHOD_OVERRIDE": None,
                                          "HTTP_X_HTTP_METHOD": None}
        if request.method not in SAFE or b"_method" in request.body.lower():
            method = request.method if request.method in SAFE else "GET"
            changes |= {"REQUEST_METHOD": method, "CONTENT_TYPE": None, "CONTENT_LENGTH": None,
                        "HTTP_TRANSFER_ENCODING": None}
            request = Request(request.variables, url_scheme=request.url_scheme, multithread=request.multithread,
                              multiprocess=request.multiprocess, run_once=request.run_once,
                              file_wrapper=request.file_wrapper)
        if "_method" in request.query.lower():
            changes["QUERY_STRING"] = ""
        return request.with_variables(**changes)


def _overrides(request: Request) -> bool:
    """Tell whether a request asks for another method in one of the ways that some frameworks honour."""
    return (any(request.has(name) for name in ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_METHOD_OVERRIDE",
                                               "HTTP_X_HTTP_METHOD"))
            or "_method" in request.query.lower() or b"_method" in request.body.lower())


FRAMEWORKS = frozenset({
    "flask", "django", "werkzeug", "pyramid", "bottle", "falcon", "cherrypy", "web", "pecan", "webob", "tg", "morepath",
    "connexion", "flask_restful", "rest_framework", "a2wsgi", "asgiref", "quart", "starlette", "paste", "whitenoise",
    "wsgicheck", "functools", "builtins",
})
"""Packages whose own code says nothing of what an application keeps: they write what they are told to."""


def _of_its_library(application: Any, owned: Callable[[str], bool]) -> Iterator[CodeType]:
    """Yield the code of the packages that the application and the layers around it come from, frameworks aside.

    An application that is installed whole, a file server say, keeps data in code that is not the user's.
    """
    try:
        layers = [application, *(layer.application for layer in find_layers(application))]
    except Exception:
        layers = [application]  # what holds the layers may refuse to be looked into
    roots = set()
    for layer in layers:
        kind = layer if isinstance(layer, (FunctionType, type)) else type(layer)
        module_name = getattr(kind, "__module__", None)
        if type(module_name) is str:
            roots.add(module_name.partition(".")[0])
    for name, module in sorted(sys.modules.items(), key=lambda item: item[0]):
        root = name.partition(".")[0]
        file = getattr(module, "__file__", None)
        if root not in roots or root in FRAMEWORKS or not file or owned(file):
            continue
        for value in list(vars(module).values()):
            # By type alone: what is imported when it is first touched must not be touched.
            held = list(vars(value).values()) if issubclass(type(value), type) else [value]
            for function in held:
                function = function.__func__ if type(function) in (staticmethod, classmethod) else function
                if type(function) is FunctionType and function.__module__ == name:
                    yield function.__code__


def _codes(codes: Iterable[CodeType]) -> Iterable[CodeType]:
    queue = list(codes)
    for code in queue:
        yield code
        if len(queue) < 20_000:
            queue += [constant for constant in code.co_consts if type(constant) is CodeType]


def _what_keeps(application: Any, loaded: frozenset[str]) -> str:
    """Return what in the application keeps data, "" where nothing was found."""
    stores = sorted({name for name in loaded if "." not in name} & (STORES - _ALSO_OF_LIBRARIES))
    if stores:
        return f"it loads {', '.join(stores[:4])}"
    home, owned = home_of(application)
    for code in _codes((*walk(application, home, owned).codes, *_of_its_library(application, owned.file))):
        names = set(code.co_names)
        found = sorted(names & (STORES | _ACTS))
        if not found and "open" in names:
            found = ["open"] if _MODES & {c for c in code.co_consts if type(c) is str} else []
        if found:
            return f"its function {code.co_name} uses {found[0]}"
    return ""


def decide(application: Callable[..., Any], options: Options, loaded: frozenset[str], scratch: str) -> Safety:
    """Return what the run over `application` may do, after setting its data aside where that can be done.

    Args:
        loaded: names of the modules that loading the application has imported.
        scratch: a folder for what it writes.
    """
    shelter = shelter_django(application, scratch) if scratch else None
    if shelter is not None and shelter.safe:
        return Safety(True, shelter.note, shelter)
    if options.reach.unsafe_methods:
        return Safety(True, "all methods are used, data may be changed (--unsafe-methods)")
    if shelter is not None:
        return Safety(False, shelter.note)
    keeps = _what_keeps(application, loaded)
    if keeps:
        return Safety(False, f"GET, HEAD and OPTIONS only, since the application may keep data: {keeps}; "
                             "--unsafe-methods uses all, where the data may be changed")
    return Safety(True, "all methods are used: nothing that keeps data was found in the application")
