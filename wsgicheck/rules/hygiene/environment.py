"""os.environ: one for the whole process, whoever else runs in it."""

from __future__ import annotations

from ...model.exchange import Exchange
from ...model.imported import Act, Deed, Imported, Placed, Trial, selects_site
from ...model.rule import ADVICE, HOLDS, SHOULD, Verdict, cited
from ...show import show
from .common import MOD_WSGI, hygiene, placed

_DJANGO = cited("Django documentation", "How to use Django with Apache and mod_wsgi",
                url="https://docs.djangoproject.com/en/stable/howto/deployment/wsgi/modwsgi/")


@hygiene(level=ADVICE, covers=("PORT-004",), cites=MOD_WSGI)
def environment_is_left_alone(x: Exchange, imported: Imported) -> Verdict:
    """Importing the application does not change os.environ.

    os.environ belongs to the process: what one site writes there, the other sites of the process read, and so
    does every program that is started from it. Which of them wins depends on who is asked first. Let whoever
    starts the server set variables (SetEnv does not: it fills environ), and keep settings in a module.
    """
    acts = [act for act in imported.did(Deed.ENVIRON, direct=True)
            if not selects_site(act.subject) and act.subject != "TZ"]
    return placed(acts, "os.environ as the server has set it up") if acts else HOLDS


@environment_is_left_alone.bad_import
def _() -> str:
    return '''
import os

os.environ["SHOP_CURRENCY"] = "EUR"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["SHOP_CURRENCY"].encode()]
'''


@environment_is_left_alone.good_import
def _() -> str:
    return '''
import os
import subprocess
import sys

CURRENCY = os.environ.get("SHOP_CURRENCY", "EUR")
before = os.environ.get("SHOP_LANGUAGE")
os.environ["SHOP_LANGUAGE"] = "de"
if before is None:
    del os.environ["SHOP_LANGUAGE"]
else:
    os.environ["SHOP_LANGUAGE"] = before

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [CURRENCY.encode()]
'''


def _told(act: Act, rival: Trial | None) -> str:
    mended = f"os.environ[{show(act.subject, 60)}] = {show(act.detail, 60)}, or one process group for each site"
    if rival is None:
        return f"{act.what} lets the site win that the process has loaded first; expected {mended}"
    came_of_it = f"this one ran under {show(rival.settings, 60)} instead of {show(act.detail, 60)}"
    if rival.raised:
        came_of_it += f" and raised {rival.raised}"
    return f"{act.what}: where {rival.change}, {came_of_it}; expected {mended}"


def _assigned(imported: Imported, default: Act) -> bool:
    """Tell whether another line assigns what this one only offers."""
    return any(act.subject == default.subject and act.site != default.site and act.detail == default.detail
               for act in imported.did(Deed.ENVIRON))


@hygiene(level=SHOULD, covers=("PORT-005",), cites=(_DJANGO, MOD_WSGI))
def site_is_chosen_by_assignment(x: Exchange, imported: Imported) -> Verdict:
    """The settings of a site are chosen by assigning to os.environ, and not by os.environ.setdefault().

    setdefault() keeps what is already there. Where two sites share a process (Apache's prefork with embedded
    mod_wsgi, uWSGI with several applications), whichever is asked first in a child sets the variable, and the
    other one then runs under the settings of its neighbour: its database, its secret key, its URLs; in the
    next child it is the other way round. Two ways mend it: assign in wsgi.py,
    os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"; or give each site processes of its own, with
    WSGIDaemonProcess and WSGIProcessGroup.
    """
    for act in imported.did(Deed.SETDEFAULT, direct=True):
        if not selects_site(act.subject):
            continue
        rival = imported.trial("rival")
        if (rival.settings == act.detail if rival is not None else _assigned(imported, act)):
            continue
        return Placed(_told(act, rival), act.site)
    return HOLDS


@site_is_chosen_by_assignment.bad_import
def _() -> str:
    return '''
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["DJANGO_SETTINGS_MODULE"].encode()]
'''


@site_is_chosen_by_assignment.good_import
def _() -> str:
    return '''
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["DJANGO_SETTINGS_MODULE"].encode()]
'''


@site_is_chosen_by_assignment.good_import
def _() -> str:
    return '''
import os

def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"manage.py alone calls main()"]
'''
