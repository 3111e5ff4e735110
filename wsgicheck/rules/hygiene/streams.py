"""The standard streams: they belong to the server, and under CGI they are the connection itself."""

from __future__ import annotations

import ast

from ...model.exchange import Exchange
from ...model.finding import Site
from ...model.imported import Deed, Imported, Placed
from ...model.rule import ADVICE, HOLDS, SHOULD, Verdict, cited
from .common import MOD_WSGI, hygiene, placed, site_in, trees

_CGI = cited("RFC 3875", "6.1", url="https://www.rfc-editor.org/rfc/rfc3875.html#section-6.1")


@hygiene(level=SHOULD, covers=("PORT-001",), cites=(MOD_WSGI, _CGI))
def stdout_is_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """Nothing is written to standard output, neither on import nor during a request.

    Under CGI standard output is the response, so a forgotten print() comes before the headers and makes a
    500 of every page; older mod_wsgi raised "sys.stdout access restricted"; a daemon's is often closed.
    Use the logging module, or write to environ["wsgi.errors"]; print(..., file=sys.stderr) will do as well.
    """
    acts = imported.did(Deed.PRINTED)
    return placed(acts, "nothing on standard output: log it, or print(..., file=sys.stderr)") if acts else HOLDS


@stdout_is_left_alone.bad_import
def _() -> str:
    return '''
print("loading the shop")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@stdout_is_left_alone.bad_import
def _() -> str:
    return '''
def application(environ, start_response):
    print("asked for", environ.get("PATH_INFO"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@stdout_is_left_alone.bad_import
def _() -> str:
    return '''
import logging
import sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO)

def application(environ, start_response):
    logging.info("asked for %s", environ.get("PATH_INFO"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@stdout_is_left_alone.good_import
def _() -> str:
    return '''
import logging
import sys

print("loading the shop", file=sys.stderr)
logging.basicConfig(level=logging.INFO)

def application(environ, start_response):
    logging.info("asked for %s", environ.get("PATH_INFO"))
    print("a line for the server's log", file=environ["wsgi.errors"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]

if __name__ == "__main__":
    print("run me with a WSGI server")
'''


@hygiene(level=SHOULD, covers=("PORT-002",), cites=(MOD_WSGI, _CGI))
def stdin_is_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """Standard input is not read.

    Under CGI it is the body of the request; under other servers it is /dev/null, closed, or the terminal of
    whoever started the server, where a forgotten breakpoint() or input() stops a worker for good. The body
    is in environ["wsgi.input"].
    """
    acts = imported.did(Deed.READ_STDIN)
    return placed(acts, "standard input left to the server") if acts else HOLDS


@stdin_is_left_alone.bad_import
def _() -> str:
    return '''
import sys

def application(environ, start_response):
    body = sys.stdin.read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]
'''


@stdin_is_left_alone.bad_import
def _() -> str:
    return '''
try:
    PASSWORD = input()
except EOFError:
    PASSWORD = ""

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@stdin_is_left_alone.good_import
def _() -> str:
    return '''
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
'''


def _assignment(imported: Imported, stream: str) -> Site | None:
    """Return where the user's code assigns to sys.`stream`."""
    for source, tree in trees(imported):
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(part, ast.Attribute) and part.attr == stream and (
                            isinstance(part.value, ast.Name) and part.value.id == "sys"):
                        return site_in(source, node)
    return None


@hygiene(level=ADVICE, covers=("PORT-035",), cites=MOD_WSGI)
def standard_streams_are_kept(x: Exchange, imported: Imported) -> Verdict:
    """sys.stdout and sys.stderr are neither replaced nor closed, nor is isatty() asked of them.

    They belong to the server: its log goes through them, each server gives objects of its own kind, and those
    of older mod_wsgi have no isatty(). What is replaced is replaced for every application of the process. Set
    the encoding with PYTHONIOENCODING or PYTHONUTF8=1, and give logging a handler of your own. (Only
    sys.stdout = sys.stderr does no harm: it is how to keep print() out of a CGI response.)
    """
    for stream, kind in imported.replaced:
        site = _assignment(imported, stream)
        if site is not None:
            return Placed(f"sys.{stream} is now a {kind}; expected the stream that the server has set up", site)
    acts = imported.did(Deed.CLOSED_STREAM, Deed.ASKED_TERMINAL)
    return placed(acts, "the server's streams left as they are") if acts else HOLDS


@standard_streams_are_kept.bad_import
def _() -> str:
    return '''
import codecs
import sys

sys.stdout = codecs.getwriter("utf-8")(sys.stdout.buffer)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@standard_streams_are_kept.bad_import
def _() -> str:
    return '''
import sys

COLOURS = sys.stderr.isatty()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@standard_streams_are_kept.good_import
def _() -> str:
    return '''
import contextlib
import io
import sys

sys.stdout = sys.stderr

def application(environ, start_response):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        print("into the page")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.getvalue().encode()]
'''
