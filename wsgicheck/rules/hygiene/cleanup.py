"""Cleaning up: what is left to the end of the process is often not done."""

from __future__ import annotations

import ast

from ...model.exchange import Exchange
from ...model.imported import Deed, Imported, Placed
from ...model.rule import ADVICE, HOLDS, Verdict, cited
from .common import hygiene, placed, site_in, trees

_CLEANUP = cited("mod_wsgi documentation", "Registering Cleanup Code",
                 url="https://modwsgi.readthedocs.io/en/master/user-guides/registering-cleanup-code.html")


@hygiene(level=ADVICE, covers=("PORT-018",), cites=_CLEANUP)
def cleanup_does_not_wait_for_the_exit(x: Exchange, imported: Imported) -> Verdict:
    """Nothing that has to be done is left to atexit or to __del__.

    A worker that is killed (a time limit, memory, gunicorn's SIGKILL after the grace period, Apache's own
    shutdown) runs neither; after a fork every worker runs what was registered before it, each on the same
    files; __del__ comes late, in another thread, or never. Do it at the end of the request, in close() of the
    iterable or in a `with`, and treat the exit as a courtesy.
    """
    acts = imported.did(Deed.ATEXIT)
    if acts:
        return placed(acts, "nothing that matters to be left to the exit of the process")
    for source, tree in trees(imported):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__del__":
                        return Placed(f"{node.name}.__del__ cleans up when it happens to be called; expected close() "
                                      "or a context manager", site_in(source, part))
    return HOLDS


@cleanup_does_not_wait_for_the_exit.bad_import
def _() -> str:
    return '''
import atexit

VISITS = []

def save():
    VISITS.clear()

atexit.register(save)

def application(environ, start_response):
    VISITS.append(environ.get("PATH_INFO", ""))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@cleanup_does_not_wait_for_the_exit.bad_import
def _() -> str:
    return '''
class Basket:
    saved = 0

    def __del__(self):
        Basket.saved += 1

def application(environ, start_response):
    basket = Basket()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@cleanup_does_not_wait_for_the_exit.good_import
def _() -> str:
    return '''
import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor

SCRATCH = tempfile.TemporaryDirectory()

class Basket:
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        logging.debug("saved")

def application(environ, start_response):
    with Basket():
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"welcome"]
'''
