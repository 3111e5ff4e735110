"""Who is blamed: the line of the user's own code that did it, and nobody for what a library does to itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wsgicheck.harness.blame import Owner
from wsgicheck.model.run import Run

Examine = Callable[..., Run]
INSTALLED = "venv/site-packages"
PATH = f"import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), {INSTALLED!r}))\n"
THREAD = "import threading\ndef run():\n    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"


def lines(run: Run) -> dict[str, str]:
    return {finding.rule: f"{finding.site.file.rpartition('/')[2]}:{finding.site.line}" if finding.site else ""
            for finding in run.findings}


def test_an_environment_inside_of_the_targets_folder_is_not_the_users_own() -> None:
    owner = Owner(("/srv/site",))
    assert owner.owns("/srv/site/shop/views.py")
    assert not owner.owns("/srv/site/.venv/lib/python3.11/site-packages/metrics/start.py")
    # A target that is installed as a package is theirs, wherever it lies.
    installed = "/srv/env/lib/python3.11/site-packages/shop"
    assert Owner((f"{installed}/",)).owns(f"{installed}/views.py")


def test_the_line_is_named_also_through_the_standard_library(examine: Examine) -> None:
    run = examine("""
        import logging.handlers
        import queue

        listener = logging.handlers.QueueListener(queue.Queue())
        listener.start()
        """)
    assert lines(run) == {"threads-start-after-the-import": "site_wsgi.py:6"}


def test_the_innermost_line_of_the_users_own_is_named(examine: Examine) -> None:
    run = examine("import shop.start\n", files={
        "shop/__init__.py": "", "shop/start.py": "from shop.tools import quiet\n\nquiet()\n",
        "shop/tools.py": "import signal\n\ndef quiet():\n    signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"})
    assert lines(run) == {"signals-are-left-to-the-server": "tools.py:4"}


def test_a_library_that_is_told_to_start_a_thread_is_the_users_doing(examine: Examine) -> None:
    run = examine(PATH + "import metrics\n\nmetrics.run()\n", files={f"{INSTALLED}/metrics.py": THREAD})
    assert lines(run) == {"threads-start-after-the-import": "site_wsgi.py:5"}
    assert "through metrics" in run.findings[0].evidence


@pytest.mark.parametrize("text", [
    THREAD + "run()\n",
    "import os, signal, socket, warnings, atexit, locale, sys\n"
    "os.environ['METRICS'] = '1'\n"
    "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
    "socket.setdefaulttimeout(3)\n"
    "kept = socket.socket()\n"
    "warnings.simplefilter('ignore')\n"
    "atexit.register(print)\n"
    "locale.setlocale(locale.LC_ALL, 'C.UTF-8')\n"
    "print('metrics', sys.argv[1:], os.path.expanduser('~'))\n"
    "kept_file = open(os.path.abspath(__file__))\n",
])
def test_what_a_library_does_while_it_is_imported_is_not_the_users(examine: Examine, text: str) -> None:
    run = examine(PATH + "import metrics\n", files={f"{INSTALLED}/metrics.py": text})
    assert lines(run) == {}


def test_a_library_that_settles_its_own_environment_is_not_the_users(examine: Examine) -> None:
    run = examine(PATH + "import framework\n\nframework.setup()\n", files={
        f"{INSTALLED}/framework.py":
            "import os, signal, time, warnings, sys\n\ndef setup():\n    os.environ['TZ'] = 'UTC'\n    time.tzset()\n"
            "    warnings.simplefilter('default')\n    colours = sys.stderr.isatty()\n"
            "    os.path.expanduser('~/.config')\n    'x' in sys.argv[1:]\n"})
    assert lines(run) == {}


def test_a_target_that_is_installed_like_a_library_is_the_users_own(examine: Examine) -> None:
    run = examine("", hello=False, target="venv/site-packages/shop.py", files={
        f"{INSTALLED}/shop.py": """
            import os

            os.umask(0)

            def application(environ, start_response):
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [b"hello"]
            """})
    assert lines(run) == {"process-defaults-are-left-alone": "shop.py:4"}


def test_what_has_been_taken_back_is_no_change(examine: Examine) -> None:
    run = examine("""
        import os
        import signal
        import socket
        import tempfile
        import threading
        import warnings

        before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, before)
        socket.setdefaulttimeout(1)
        socket.setdefaulttimeout(None)
        os.environ["X"] = "1"
        del os.environ["X"]
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with tempfile.TemporaryFile() as file, socket.socket() as sock, warnings.catch_warnings():
            warnings.simplefilter("error")
        """)
    assert lines(run) == {}


def test_each_place_is_counted(examine: Examine) -> None:
    run = examine("""
        print("one")
        print("two")
        for number in range(3):
            print(number)
        """)
    assert [(f.rule, f.count) for f in run.findings] == [("stdout-is-left-alone", 3)]
    assert "also at site_wsgi.py:3, site_wsgi.py:5" in run.findings[0].evidence


# As with libpq's, no object of Python's stands for the socket.
DRIVER = "import socket\n\ndef connect(dsn):\n    return socket.socket().detach()\n"


def test_the_connection_of_a_driver_written_in_c_is_found(examine: Examine) -> None:
    run = examine(PATH + "import psycopg2\n\ndef later():\n    psycopg2.connect('')\n\ndb = psycopg2.connect('shop')\n",
                  files={f"{INSTALLED}/psycopg2.py": DRIVER})
    assert lines(run) == {"connections-open-after-the-import": "site_wsgi.py:8"}


def test_a_driver_that_connects_at_the_first_request_is_silent(examine: Examine) -> None:
    run = examine(PATH + "import psycopg2\n\ndef later():\n    psycopg2.connect('')\n",
                  files={f"{INSTALLED}/psycopg2.py": DRIVER + "\nconnect('its own')\n"})
    assert lines(run) == {}
