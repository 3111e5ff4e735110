"""application: what WSGICHECK_APP names, watched as `develop` does; for a server's command line.

    WSGICHECK_APP=shop.wsgi:application gunicorn wsgicheck.wsgi:application

Settings come from WSGICHECK_* variables and from [tool.wsgicheck], as everywhere: app, select, ignore, chdir,
settings.
"""

from __future__ import annotations

import os

from .config import load
from .develop import develop
from .errors import ConfigError
from .targets import load_target
from .validator import Validator

__all__ = ["application"]


def _application() -> Validator:
    config = load()
    if not config.app:
        raise ConfigError("wsgicheck.wsgi:application watches another application, and none is named: set "
                          "WSGICHECK_APP, as in WSGICHECK_APP=shop.wsgi:application, or `app` in [tool.wsgicheck]")
    if config.app.partition(":")[0] in (__name__, __package__):
        raise ConfigError(f"{config.origin('app')} names {config.app}, which would watch itself; "
                          "name the application that is to be watched")
    if config.settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = config.settings
    if config.chdir:
        os.chdir(config.chdir)
    return develop(load_target(config.app).application, select=config.select, ignore=config.ignore)


application = _application()
