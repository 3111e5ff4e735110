"""Signals, threads, event loops: what a server arranges in its processes, and what does not survive a fork."""

from __future__ import annotations

import ast

from ...model.exchange import Exchange
from ...model.finding import Site
from ...model.imported import Deed, Imported, Phase, Placed
from ...model.rule import ADVICE, HOLDS, SHOULD, Verdict, cited
from .common import GUNICORN, UWSGI, hygiene, placed, site_in, trees

_SIGNALS = cited("mod_wsgi documentation", "WSGIRestrictSignal",
                 url="https://modwsgi.readthedocs.io/en/master/configuration-directives/WSGIRestrictSignal.html")
_GEVENT = cited("gevent documentation", "gevent.monkey",
                url="https://www.gevent.org/api/gevent.monkey.html")


@hygiene(level=SHOULD, covers=("PORT-006",), cites=_SIGNALS)
def signals_are_left_to_the_server(x: Exchange, imported: Imported) -> Verdict:
    """No handler of a signal is registered.

    TERM, HUP, INT, CHLD, USR1 and USR2 are how gunicorn and uWSGI reload, log anew and end their workers: a
    handler of the application's takes that away, and a deployment hangs until the worker is killed. mod_wsgi
    ignores the call and logs it; in any thread but the main one signal.signal() raises ValueError. Clean up
    with the server's own hooks (gunicorn: worker_exit; uWSGI: atexit).
    """
    acts = imported.did(Deed.SIGNAL)
    return placed(acts, "signals left to the server") if acts else HOLDS


@signals_are_left_to_the_server.bad_import
def _() -> str:
    return '''
import signal

def stop(number, frame):
    raise SystemExit

signal.signal(signal.SIGTERM, stop)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@signals_are_left_to_the_server.good_import
def _() -> str:
    return '''
import signal

BEFORE = signal.getsignal(signal.SIGTERM)

def main():
    signal.signal(signal.SIGTERM, lambda number, frame: None)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]

if __name__ == "__main__":
    main()
'''


@hygiene(level=SHOULD, covers=("PORT-007",), cites=(GUNICORN, UWSGI))
def threads_start_after_the_import(x: Exchange, imported: Imported) -> Verdict:
    """No thread is left running by the import.

    gunicorn --preload, uWSGI without lazy-apps and every other server that forks load the application once
    and then fork: the thread lives on in the parent alone, and the workers wait for a queue that nobody
    empties. uWSGI without --enable-threads does not even run it. A lock that it held is held for ever in the
    children. Start it at the first request, or in the server's hook after the fork (gunicorn: post_fork,
    uWSGI: @postfork), or in a process of its own.
    """
    acts = imported.did(Deed.THREAD, phase=Phase.IMPORT)
    return placed(acts, "it to be started at the first request or after the fork") if acts else HOLDS


@threads_start_after_the_import.bad_import
def _() -> str:
    return '''
import threading

def refresh():
    threading.Event().wait()

threading.Thread(target=refresh, name="prices", daemon=True).start()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@threads_start_after_the_import.good_import
def _() -> str:
    return '''
import threading
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(2) as pool:
    PRICES = list(pool.map(abs, [-3, 4]))
lock = threading.Lock()
worker = None

def application(environ, start_response):
    global worker
    with lock:
        if worker is None:
            worker = threading.Thread(target=threading.Event().wait, daemon=True)
            worker.start()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(PRICES).encode()]
'''


def _patching(imported: Imported) -> Site | None:
    """Return where the user's code calls gevent's or eventlet's patching."""
    for source, tree in trees(imported):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("patch_all", "monkey_patch"):
                    return site_in(source, node)
    return None


@hygiene(level=ADVICE, covers=("PORT-036",), cites=(_GEVENT, GUNICORN))
def event_loops_are_left_to_the_server(x: Exchange, imported: Imported) -> Verdict:
    """Importing the application neither patches the standard library nor makes an event loop.

    gevent and eventlet have to patch before anything else is loaded, and the server does it where its workers
    are of that kind; from the application it comes too late, and turns the locks of a threaded or forking
    server into others in the middle of its work. An event loop that was made before a fork shares its
    descriptors with every worker. Choose the worker class (gunicorn -k gevent), and call asyncio.run() where
    a loop is needed.
    """
    if imported.patched:
        site = _patching(imported)
        if site is not None:
            return Placed(f"{imported.patched} has patched the standard library from within the application; "
                          "expected the server to do so where its workers are of that kind", site)
    acts = imported.did(Deed.LOOP, phase=Phase.IMPORT)
    return placed(acts, "a loop to be made where it runs, by asyncio.run()") if acts else HOLDS


@event_loops_are_left_to_the_server.bad_import
def _() -> str:
    return '''
import asyncio

loop = asyncio.new_event_loop()

async def greet():
    return b"welcome"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [loop.run_until_complete(greet())]
'''


@event_loops_are_left_to_the_server.good_import
def _() -> str:
    return '''
import asyncio

async def greet():
    return b"welcome"

GREETING = asyncio.run(greet())

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [asyncio.run(greet())]
'''
