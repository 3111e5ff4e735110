"""The WSGI script itself: under which name its application is found, what it is, and what a second load does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...model.exchange import Exchange
from ...model.finding import Site
from ...model.imported import Imported, Placed
from ...model.rule import ADVICE, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, cited, pep
from ...show import show
from .common import MOD_WSGI, hygiene, site_in, trees
from .streams import standard_streams_are_kept

_RELOADING = cited("mod_wsgi documentation", "Source Code Reloading",
                   url="https://modwsgi.readthedocs.io/en/master/user-guides/reloading-source-code.html")
_CALLABLE = cited("mod_wsgi documentation", "WSGICallableObject",
                  url="https://modwsgi.readthedocs.io/en/master/configuration-directives/WSGICallableObject.html")
_GROUP = cited("mod_wsgi documentation", "WSGIApplicationGroup",
               url="https://modwsgi.readthedocs.io/en/master/configuration-directives/WSGIApplicationGroup.html")


def _definition(imported: Imported, attribute: str) -> Site | None:
    """Return where the script defines what goes by that name."""
    name = attribute.partition("(")[0].partition(".")[0].strip()
    for source, tree in trees(imported):
        for node in tree.body if source.script else ():
            defined = [node.name] if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else [
                target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]
            if name in defined:
                return site_in(source, node)
    return None


@hygiene(level=MUST, covers=("PORT-041",), cites=pep(
    "specification-details", "When called by the server, the application object must return an iterable yielding "
                             "zero or more bytestrings."))
def application_is_synchronous(x: Exchange, imported: Imported) -> Verdict:
    """The application is a plain callable: no async function, no ASGI application.

    A WSGI server calls it with (environ, start_response) and iterates over what it gets; a coroutine is no
    iterable, so every request ends in "TypeError: 'coroutine' object is not iterable". Serve it with an ASGI
    server, or wrap it (asgiref's and a2wsgi's adapters), and name the wrapped one.
    """
    if imported.asynchronous:
        return Placed(f"{imported.attribute} is asynchronous; expected a plain callable "
                      "that takes (environ, start_response)", _definition(imported, imported.attribute))
    return NOT_APPLICABLE if imported.exited or imported.ended else HOLDS


@application_is_synchronous.bad_import
def _() -> str:
    return '''
async def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@application_is_synchronous.bad_import
def _() -> str:
    return '''
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"welcome"})
'''


@application_is_synchronous.good_import
def _() -> str:
    return '''
import asyncio

async def page():
    return b"welcome"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [asyncio.run(page())]
'''


@hygiene(level=ADVICE, covers=("PORT-021",), cites=_CALLABLE)
def application_goes_by_the_usual_name(x: Exchange, imported: Imported) -> Verdict:
    """The module holds the application itself, as `application` (or `app`).

    mod_wsgi, uWSGI and gunicorn look for `application`, others for `app`; each can be told another name, in
    a place of its own. A factory is called by some servers only (gunicorn "shop:create_app()",
    waitress --call), and by mod_wsgi and uWSGI never: write application = create_app() into a wsgi.py.
    """
    if not imported.answers:
        # The doctor alone asks: who names an application to an ordinary run has said which one is meant.
        return NOT_APPLICABLE
    if imported.usual:
        return HOLDS
    what = "what a factory makes" if imported.attribute.endswith(")") else "the application"
    return Placed(f"{what} is found as {show(imported.attribute, 60)[1:-1]}; expected `application` (or `app`) in the "
                  "module", _definition(imported, imported.attribute))


@application_goes_by_the_usual_name.bad_import
def _() -> str:
    return '''
def create_app():
    def shop(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"welcome"]

    return shop
'''


@application_goes_by_the_usual_name.bad_import
def _() -> str:
    return '''
def wsgi_app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@application_goes_by_the_usual_name.good_import
def _() -> str:
    return '''
def create_app():
    def shop(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"welcome"]

    return shop

application = create_app()
'''


@hygiene(level=SHOULD, covers=("PORT-033",), cites=_RELOADING, given=(standard_streams_are_kept,))
def second_load_is_harmless(x: Exchange, imported: Imported) -> Verdict:
    """The WSGI script can be loaded twice in one process.

    mod_wsgi loads it again when its file has changed (embedded mode), or when it is mounted under a second
    URL; the modules that it imports are not loaded again. What registers itself somewhere (metrics, signals
    of a framework, translations, SQLAlchemy tables) then raises "already registered", or does everything
    twice. Keep the script down to an import and a name, and whatever registers in modules of its own.
    """
    trial = imported.trial("again")
    if trial is None:
        return NOT_APPLICABLE
    if trial.raised:
        return Placed(f"where {trial.change}, it raised {trial.raised}"
                      f"{f' at {trial.raised_at}' if trial.raised_at else ''}; expected it to load as before",
                      _place(trial.raised_at))
    for before, now in zip(imported.answers, trial.answers, strict=False):
        if now.code != before.code and (now.raised or now.code >= 400) and not before.raised:
            return Placed(f"where {trial.change}, {now.path} was answered {now.words} instead of {before.words}", None)
    return HOLDS


def _place(text: str) -> Site | None:
    file, colon, line = text.rpartition(":")
    return Site(file, int(line)) if colon and line.isdigit() else None


@second_load_is_harmless.bad_import
def _() -> str:
    return '''
import builtins
import gettext

if hasattr(builtins, "_"):
    raise RuntimeError("the translations are installed already")
gettext.install("shop")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@second_load_is_harmless.good_import
def _() -> str:
    return '''
import gettext

translate = gettext.translation("shop", fallback=True).gettext

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [translate("welcome").encode()]
'''


def _instance_in(value: ast.expr, classes: set[str], made: dict[str, str]) -> str:
    """Return the class of the script of which `value` is or directly holds an instance, "" for none."""
    if isinstance(value, ast.Name):
        return made.get(value.id, "")
    if isinstance(value, ast.Call):
        name = getattr(value.func, "id", "")
        return name if name in classes else ""
    parts = (value.elts if isinstance(value, (ast.List, ast.Tuple, ast.Set))
             else value.values if isinstance(value, ast.Dict) else [])
    return next((found for part in parts if (found := _instance_in(part, classes, made))), "")


def _pickled(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each pickling of an instance of a class that the module defines, with the class's name."""
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    made = {target.id: node.value.func.id for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name) and node.value.func.id in classes
            for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("dump", "dumps")
                and getattr(node.func.value, "id", "") in ("pickle", "cPickle", "_pickle", "dill")):
            name = _instance_in(node.args[0], classes, made)
            if name:
                yield node, name


@hygiene(level=ADVICE, covers=("PORT-015",), cites=MOD_WSGI)
def pickled_classes_stand_in_modules(x: Exchange, imported: Imported) -> Verdict:
    """Objects that are pickled are of classes that stand in a module, not in the WSGI script.

    mod_wsgi loads the script under a made-up name (_mod_wsgi_…), and loads it again when it changes. A pickle
    names the class by module, so another process cannot read it ("No module named _mod_wsgi_…"), and after a
    reload pickle.dumps() itself fails: "it's not the same object". Move the class into a module.
    """
    for source, tree in trees(imported):
        if source.script:
            for node, name in _pickled(tree):
                return Placed(f"an instance of {name}, a class of the script, is pickled; expected a class that a "
                              "module of its own defines", site_in(source, node))
    return HOLDS


@pickled_classes_stand_in_modules.bad_import
def _() -> str:
    return '''
import pickle

class Visit:
    def __init__(self, page):
        self.page = page

def application(environ, start_response):
    visit = Visit(environ.get("PATH_INFO", ""))
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [pickle.dumps(visit)]
'''


@pickled_classes_stand_in_modules.good_import
def _() -> str:
    return '''
import pickle
from fractions import Fraction

class Visit:
    def __init__(self, page):
        self.page = page

def application(environ, start_response):
    visit = Visit(environ.get("PATH_INFO", ""))
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [pickle.dumps({"page": str(visit.page), "share": Fraction(1, 3)})]
'''


_ONE_INTERPRETER = {
    "numpy": "NumPy warns that it does not properly support sub-interpreters",
    "torch": "it stands on NumPy's kind of global state",
    "tensorflow": "it stands on NumPy's kind of global state",
    "lxml": "Cython's modules can be loaded into one interpreter per process",
    "cryptography": "PyO3's modules refuse a second interpreter",
    "bcrypt": "PyO3's modules refuse a second interpreter",
    "orjson": "PyO3's modules refuse a second interpreter",
    "pydantic_core": "PyO3's modules refuse a second interpreter",
    "rpds": "PyO3's modules refuse a second interpreter",
}
"""Extension modules known to fail in sub-interpreters, and why."""


def _import_of(imported: Imported, package: str) -> Site | None:
    for source, tree in trees(imported):
        for node in ast.walk(tree):
            names = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else [])
            if any(name.partition(".")[0] == package for name in names):
                return site_in(source, node)
    return None


@hygiene(level=ADVICE, covers=("PORT-016",), cites=(_GROUP, MOD_WSGI))
def extensions_work_in_sub_interpreters(x: Exchange, imported: Imported) -> Verdict:
    """No extension module is loaded that works in the main interpreter alone.

    mod_wsgi gives each site a sub-interpreter of its own, where such a module raises ImportError, deadlocks
    or crashes. Nothing has to change in the code: say WSGIApplicationGroup %{GLOBAL} in Apache's
    configuration, with a daemon process group for each site. Other servers are not concerned.
    """
    loaded = [name for name in imported.modules if name in _ONE_INTERPRETER]
    if not loaded:
        return HOLDS
    names = ", ".join(f"{name} ({_ONE_INTERPRETER[name]})" for name in loaded)
    return Placed(f"loaded: {names}; expected WSGIApplicationGroup %{{GLOBAL}} where mod_wsgi serves it",
                  _import_of(imported, loaded[0]), len(loaded))


@extensions_work_in_sub_interpreters.bad_import
def _() -> str:
    return '''
import sys
import types

sys.modules.setdefault("numpy", types.ModuleType("numpy"))  # for who has not installed it
import numpy

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [numpy.__name__.encode()]
'''


@extensions_work_in_sub_interpreters.good_import
def _() -> str:
    return '''
import array
import sqlite3

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [bytes(array.array("b", b"welcome"))]
'''
