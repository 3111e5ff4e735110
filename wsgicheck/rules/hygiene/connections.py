"""Descriptors: files and sockets that an import leaves open, servers that it starts, networks that it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...model.exchange import Exchange
from ...model.imported import Deed, Imported, Phase, Placed
from ...model.rule import HOLDS, NOT_APPLICABLE, SHOULD, Verdict, cited
from .common import GUNICORN, MOD_WSGI, UWSGI, hygiene, placed, site_in, trees

_SQLITE = cited("SQLite documentation", "How To Corrupt An SQLite Database File, 2.6",
                url="https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_")
_TIMEOUT = cited("gunicorn documentation", "timeout",
                 url="https://docs.gunicorn.org/en/stable/settings.html#timeout")
_RESOURCES = cited("Python documentation", "ResourceWarning",
                   url="https://docs.python.org/3/library/devmode.html#resourcewarning-example")
_SECONDS = 10.0
"""An import that takes longer is slow: a third of what gunicorn grants a worker to show that it lives."""


@hygiene(level=SHOULD, covers=("PORT-020",), cites=MOD_WSGI)
def servers_start_under_a_main_guard(x: Exchange, imported: Imported) -> Verdict:
    """Importing the application does not start a server.

    app.run() or serve_forever() at module level keeps the import from ever ending: the real server hangs at
    start, or its second worker dies of "Address already in use". Put it below
    if __name__ == "__main__": which is true for `python app.py` and false for every server.
    """
    acts = imported.did(Deed.LISTEN, phase=Phase.IMPORT)
    if not acts:
        return HOLDS
    evidence = placed(acts, 'no server before if __name__ == "__main__":')
    if imported.ended:
        return Placed(f"{evidence}; the import did not end: {imported.ended}", evidence.site, evidence.times)
    return evidence


@servers_start_under_a_main_guard.bad_import
def _() -> str:
    return '''
from wsgiref.simple_server import make_server

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]

server = make_server("127.0.0.1", 0, application)
'''


@servers_start_under_a_main_guard.good_import
def _() -> str:
    return '''
from wsgiref.simple_server import make_server

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]

if __name__ == "__main__":
    make_server("127.0.0.1", 8000, application).serve_forever()
'''


_LATER = "it to be closed again, or opened at the first request"
_DRIVERS = frozenset({"MySQLdb", "cx_Oracle", "ibm_db", "mariadb", "oracledb", "psycopg", "psycopg2", "pymssql",
                      "pyodbc"})


def _connects(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call of a driver's connect() that runs when the module is loaded."""
    queue: list[ast.AST] = list(tree.body)
    while queue:
        node = queue.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                and getattr(node.func.value, "id", "") in _DRIVERS and node.func.attr in ("connect", "Connection")):
            yield node, getattr(node.func.value, "id", "")
        queue += ast.iter_child_nodes(node)


@hygiene(level=SHOULD, covers=("PORT-008",), cites=(GUNICORN, UWSGI, _SQLITE),
         given=(servers_start_under_a_main_guard,))
def connections_open_after_the_import(x: Exchange, imported: Imported) -> Verdict:
    """No file, socket or database connection is left open by the import.

    Servers that fork after loading (gunicorn --preload, uWSGI) hand one and the same descriptor to every
    worker: two of them speak on one database connection and get each other's rows, they move one file
    position to and fro, and a SQLite database that was opened before a fork is corrupted. Open at the first
    request, or in the server's hook after the fork. (A log file that is opened for appending does no harm.)
    """
    acts = imported.did(Deed.OPEN, phase=Phase.IMPORT)
    if acts:
        return placed(acts, _LATER)
    if imported.sockets:
        # Drivers written in C open their sockets where nothing in Python sees it; the text tells which line asked.
        for source, tree in trees(imported):
            for node, driver in _connects(tree):
                return Placed(f"a connection of {driver} is left open by the import; expected {_LATER}",
                              site_in(source, node))
    return HOLDS


@connections_open_after_the_import.bad_import
def _() -> str:
    return '''
import os

WORDS = open(os.path.abspath(__file__), "rb")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [WORDS.readline()]
'''


@connections_open_after_the_import.bad_import
def _() -> str:
    return '''
import os
import sqlite3

database = sqlite3.connect(os.path.join(os.path.dirname(os.path.abspath(__file__)), "shop.sqlite"))
database.execute("CREATE TABLE IF NOT EXISTS visits (page TEXT)")
database.execute("SELECT * FROM visits").fetchall()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@connections_open_after_the_import.bad_import
def _() -> str:
    return '''
import socket

statistics = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@connections_open_after_the_import.good_import
def _() -> str:
    return '''
import logging
import os

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "wsgi.py"), "rb") as file:
    FIRST = file.readline()
logging.basicConfig(filename=os.path.join(HERE, "shop.log"))
logging.warning("begun")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [FIRST]
'''


@hygiene(level=SHOULD, covers=("PORT-040",), cites=_TIMEOUT, given=(servers_start_under_a_main_guard,))
def import_needs_no_network(x: Exchange, imported: Imported) -> Verdict:
    """The import is done quickly and without the network.

    A worker that does not come up in time is killed and started again, for ever: gunicorn waits 30 seconds,
    a name server or a database that is slow or down takes longer. Then the site cannot even be restarted
    while its neighbour is away. Connect at the first request, with a timeout.
    """
    acts = imported.did(Deed.NETWORK, phase=Phase.IMPORT)
    if acts:
        return placed(acts, "the network to be used at the first request")
    if imported.seconds > _SECONDS:
        return f"the import took {imported.seconds:.0f} s; expected at most {_SECONDS:.0f}"
    return HOLDS


@import_needs_no_network.bad_import
def _() -> str:
    return '''
import socket

try:
    with socket.create_connection(("127.0.0.1", 9), timeout=1) as connection:
        CURRENCIES = connection.recv(1000)
except OSError:
    CURRENCIES = b"EUR"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [CURRENCIES]
'''


@import_needs_no_network.good_import
def _() -> str:
    return '''
import socket

HOST = socket.gethostname()

def application(environ, start_response):
    try:
        with socket.create_connection(("127.0.0.1", 9), timeout=1) as connection:
            currencies = connection.recv(1000)
    except OSError:
        currencies = b"EUR"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [currencies]
'''


@hygiene(level=SHOULD, covers=("PORT-039",), cites=_RESOURCES)
def what_a_response_opens_is_closed(x: Exchange, imported: Imported) -> Verdict:
    """Files and sockets that were opened for a response are closed, and not left to the garbage collector.

    CPython closes a file when the last reference goes; an exception, a cycle or another interpreter keeps it
    open, and under load the process runs out of descriptors ("Too many open files"). Use `with`, or give the
    iterable that is returned a close() that closes them.
    """
    acts = imported.did(Deed.UNCLOSED, phase=Phase.REQUEST)
    if acts:
        return placed(acts, "it to be closed, by `with` or by close() of the iterable")
    return HOLDS if imported.answers else NOT_APPLICABLE


@what_a_response_opens_is_closed.bad_import
def _() -> str:
    return '''
import os

PAGE = os.path.abspath(__file__)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [open(PAGE, "rb").read()]
'''


@what_a_response_opens_is_closed.good_import
def _() -> str:
    return '''
import os

PAGE = os.path.abspath(__file__)

class Lines:
    def __init__(self, path):
        self.file = open(path, "rb")

    def __iter__(self):
        return iter(self.file)

    def close(self):
        self.file.close()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Lines(PAGE)
'''
