"""What an application asks of who starts it: command line, exit, variables of environ."""

from __future__ import annotations

from ...model.exchange import Exchange
from ...model.imported import Deed, Imported, Phase, Placed
from ...model.rule import ADVICE, HOLDS, NOT_APPLICABLE, SHOULD, Verdict, pep
from .common import GUNICORN, MOD_WSGI, hygiene, placed


@hygiene(level=SHOULD, covers=("PORT-019",), cites=(MOD_WSGI, GUNICORN))
def import_ignores_the_command_line(x: Exchange, imported: Imported) -> Verdict:
    """Importing the application neither takes arguments out of sys.argv nor calls sys.exit().

    Under a server the command line is the server's: argparse at module level reads gunicorn's options, prints
    a usage message and exits, and so does every worker; in an embedded interpreter sys.argv is empty or not
    there at all. Put it into a main() below if __name__ == "__main__":, and raise an exception where the
    import cannot go on.
    """
    if imported.exited:
        acts = imported.did(Deed.ARGV, phase=Phase.IMPORT)
        why = " (after it had read sys.argv)" if acts else ""
        return Placed(f"the import called {imported.exited}{why}; expected an import that ends, or an exception",
                      imported.exited_at or (acts[0].site if acts else None))
    acts = imported.did(Deed.ARGV, phase=Phase.IMPORT)
    return placed(acts, "the command line left to the server's program") if acts else HOLDS


@import_ignores_the_command_line.bad_import
def _() -> str:
    return '''
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--debug", action="store_true")
OPTIONS, _ = parser.parse_known_args()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@import_ignores_the_command_line.bad_import
def _() -> str:
    return '''
import os
import sys

if "SHOP_DATABASE" not in os.environ:
    sys.exit("SHOP_DATABASE is not set")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@import_ignores_the_command_line.good_import
def _() -> str:
    return '''
import argparse
import sys

TESTING = "test" in sys.argv
PROGRAM = sys.argv[0]

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.parse_args()

if __name__ == "__main__":
    sys.exit(main())
'''


@hygiene(level=ADVICE, covers=("CFG-003",), cites=pep(
    "application-configuration", "Applications should try to keep such required variables to a minimum, since not all "
                                 "servers will support easy configuration of them."))
def required_variables_are_few(x: Exchange, imported: Imported) -> Verdict:
    """The application needs at most one variable of its own in environ.

    Not every server can put variables into environ, and each that can does it in another way (SetEnv,
    uwsgi_param, a wrapper script). PEP 3333 thinks of a single one: where the configuration file is. Give the
    others a default, environ.get("shop.theme", "plain"), and keep the rest in that file.
    """
    if not imported.answers:
        return NOT_APPLICABLE
    if len(imported.required) > 1:
        return f"environ has to hold {', '.join(imported.required)}; expected at most one such variable"
    return HOLDS


@required_variables_are_few.bad_import
def _() -> str:
    return '''
def application(environ, start_response):
    title, theme = environ["SHOP_TITLE"], environ["SHOP_THEME"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [title.encode("latin-1"), theme.encode("latin-1")]
'''


@required_variables_are_few.good_import
def _() -> str:
    return '''
def application(environ, start_response):
    title, theme = environ["shop.title"], environ.get("shop.theme", "plain")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [title.encode("latin-1"), theme.encode("latin-1")]
'''
