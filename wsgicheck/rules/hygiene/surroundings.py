"""What surrounds a process: working directory, home, time zone, locale, and the defaults of the interpreter."""

from __future__ import annotations

from ...model.exchange import Exchange
from ...model.imported import Deed, Imported, Placed, Trial
from ...model.rule import ADVICE, HOLDS, NOT_APPLICABLE, SHOULD, Verdict, cited
from .common import MOD_WSGI, hygiene, placed

_PYTHON = cited("Python documentation", "locale: Internationalization services",
                url="https://docs.python.org/3/library/locale.html#background-details-hints-tips-and-caveats")


def _fared_worse(imported: Imported, trial: Trial) -> Placed | None:
    """Return what went wrong in the trial and went well before."""
    if trial.raised:
        where = f" at {trial.raised_at}" if trial.raised_at else ""
        return Placed(f"where {trial.change}, the import raised {trial.raised}{where}", None)
    for before, now in zip(imported.answers, trial.answers, strict=False):
        if now.code != before.code and (now.raised or now.code >= 400) and not before.raised:
            return Placed(f"where {trial.change}, {now.path} was answered {now.words} instead of {before.words}", None)
    return None


@hygiene(level=SHOULD, covers=("PORT-010",), cites=MOD_WSGI)
def working_directory_is_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """The application does not change the working directory.

    It is one for the whole process: chdir() in one thread moves every other request, and the other
    applications, to another place in the middle of their work. Build absolute paths from
    os.path.dirname(os.path.abspath(__file__)), and pass cwd= to subprocesses.
    """
    acts = imported.did(Deed.CHDIR)
    return placed(acts, "absolute paths and no chdir()") if acts else HOLDS


@working_directory_is_left_alone.bad_import
def _() -> str:
    return '''
import os

os.chdir(os.path.dirname(os.path.abspath(__file__)))

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@working_directory_is_left_alone.bad_import
def _() -> str:
    return '''
import contextlib
import os

def application(environ, start_response):
    with contextlib.chdir("/"):
        names = os.listdir()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(names)).encode()]
'''


@working_directory_is_left_alone.good_import
def _() -> str:
    return '''
import os

HERE = os.path.dirname(os.path.abspath(__file__))

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    with open(os.path.join(HERE, "wsgi.py"), "rb") as file:
        return [file.readline()]
'''


@hygiene(level=SHOULD, covers=("PORT-009",), cites=MOD_WSGI)
def working_directory_is_not_relied_on(x: Exchange, imported: Imported) -> Verdict:
    """The application works whatever the working directory is.

    A development server is started in the project's folder; Apache's processes stand in /, those of systemd
    too, and uWSGI's and gunicorn's where somebody once put them. A relative path then names nothing, or a
    file of somebody else's. Build paths from os.path.dirname(os.path.abspath(__file__)).
    """
    acts = imported.did(Deed.RELATIVE, direct=True)
    if acts:
        return placed(acts, "an absolute path, built from os.path.abspath(__file__)")
    trial = imported.trial("directory")
    if trial is None:
        return NOT_APPLICABLE
    return _fared_worse(imported, trial)


@working_directory_is_not_relied_on.bad_import
def _() -> str:
    return '''
with open("wsgi.py", "rb") as file:
    FIRST = file.readline()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [FIRST]
'''


@working_directory_is_not_relied_on.bad_import
def _() -> str:
    return '''
import os

def application(environ, start_response):
    found = os.path.exists("wsgi.py")
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain")])
    return [b"here" if found else b"gone"]
'''


@working_directory_is_not_relied_on.good_import
def _() -> str:
    return '''
from pathlib import Path

HERE = Path(__file__).resolve().parent

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(HERE / "wsgi.py").read_bytes()[:10]]
'''


@hygiene(level=SHOULD, covers=("PORT-012",), cites=MOD_WSGI)
def home_is_not_relied_on(x: Exchange, imported: Imported) -> Verdict:
    """The application does not look for anything in a home directory.

    A server runs as www-data or as a user without a home, HOME is root's, /nonexistent or not set at all, and
    what was found on the developer's machine is not there. Name the place in the settings, by an absolute path.
    """
    acts = imported.did(Deed.HOME, direct=True)
    if acts:
        return placed(acts, "a path from the settings")
    trial = imported.trial("home")
    if trial is None:
        return NOT_APPLICABLE
    return _fared_worse(imported, trial)


@home_is_not_relied_on.bad_import
def _() -> str:
    return '''
import os

SETTINGS = os.path.expanduser("~/.shop.ini")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@home_is_not_relied_on.bad_import
def _() -> str:
    return '''
from pathlib import Path

def application(environ, start_response):
    cache = Path.home() / ".cache"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [cache.name.encode()]
'''


@home_is_not_relied_on.good_import
def _() -> str:
    return '''
import os

SETTINGS = os.environ.get("SHOP_SETTINGS", "/etc/shop.ini")
SAME = os.path.expanduser(SETTINGS)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@hygiene(level=SHOULD, covers=("PORT-011",), cites=(MOD_WSGI, _PYTHON))
def time_zone_and_locale_are_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """The time zone and the locale of the process are not changed.

    TZ, time.tzset() and locale.setlocale() hold for every thread and every application of the process: the
    dates in the neighbour's pages move by hours, and float() of its numbers fails on a comma. Convert with
    zoneinfo, format with Babel or the framework's own functions.
    """
    acts = [act for act in imported.did(Deed.LOCALE, Deed.ENVIRON, direct=True)
            if act.deed is Deed.LOCALE or act.subject == "TZ"]
    return placed(acts, "time zone and locale as the process has them") if acts else HOLDS


@time_zone_and_locale_are_left_alone.bad_import
def _() -> str:
    return '''
import os
import time

os.environ["TZ"] = "Europe/Berlin"
time.tzset()

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [time.strftime("%H:%M").encode()]
'''


@time_zone_and_locale_are_left_alone.bad_import
def _() -> str:
    return '''
import locale

locale.setlocale(locale.LC_ALL, "C.UTF-8")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@time_zone_and_locale_are_left_alone.good_import
def _() -> str:
    return '''
import datetime
import locale

ZONE = datetime.timezone(datetime.timedelta(hours=1))
NUMBERS = locale.setlocale(locale.LC_NUMERIC)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [datetime.datetime.now(ZONE).isoformat().encode()]
'''


@hygiene(level=ADVICE, covers=("PORT-034",), cites=MOD_WSGI)
def process_defaults_are_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """The defaults of the interpreter and of the process stay as they are.

    The default timeout of sockets, the recursion limit, the filters of warnings, the umask and
    logging.disable() hold for the whole process: a timeout meant for one call breaks the server's own
    connections, a umask changes the rights of everybody's files. Pass a timeout to the call, use
    warnings.catch_warnings(), os.chmod() and a logger's own level; filter warnings with PYTHONWARNINGS.
    """
    acts = imported.did(Deed.DEFAULTS, direct=True)
    return placed(acts, f"{acts[0].subject} left alone, since the whole process has it in common") if acts else HOLDS


@process_defaults_are_left_alone.bad_import
def _() -> str:
    return '''
import socket

socket.setdefaulttimeout(5)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@process_defaults_are_left_alone.bad_import
def _() -> str:
    return '''
import os

os.umask(0o077)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@process_defaults_are_left_alone.bad_import
def _() -> str:
    return '''
import warnings

warnings.filterwarnings("ignore", message="the shop's own")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''


@process_defaults_are_left_alone.good_import
def _() -> str:
    return '''
import os
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    warnings.warn("not shown")
before = os.umask(0o077)
os.umask(before)

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"welcome"]
'''
