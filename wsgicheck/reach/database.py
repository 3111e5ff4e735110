"""Keeps a Django site's own data out of a run: copies of its SQLite databases, transactions for the others.

Laws: nothing is asked before the data is safe; what is done to the copy is undone before each example; where it
cannot be made safe, that is said, and the run keeps to methods that change nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .unwrap import applications, is_a

if TYPE_CHECKING:
    # Else imported late: that an application loads it says something about the application.
    import sqlite3

__all__ = ["Shelter", "shelter_django"]

_MOST_MEDIA = 50 * 1024 * 1024
_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@dataclass
class Shelter:
    """What was made safe, and how.

    Attributes:
        safe: whether data may be changed.
        note: for a person, which way was chosen.
    """

    safe: bool = False
    note: str = ""
    _anchors: list[tuple[Any, sqlite3.Connection, sqlite3.Connection]] = field(default_factory=list)
    """(Django's connection, the copy that is worked on, the state it goes back to)."""
    _atomic: list[Callable[[], Any]] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def private(self) -> bool:
        """Whether what is done to the data is seen by this process alone."""
        return bool(self._atomic)

    def keep(self) -> None:
        """Remember the data as it is now; `renew` goes back to it."""
        import sqlite3

        for _, working, kept in self._anchors:
            try:
                working.backup(kept)
            except sqlite3.Error:
                continue

    def renew(self) -> None:
        """Undo what was done to the data since `keep`."""
        import sqlite3

        for connection, working, kept in self._anchors:
            try:
                inner = connection.connection
                if inner is not None and inner.in_transaction:
                    inner.rollback()
                kept.backup(working)
            except sqlite3.Error:
                continue
        if self._atomic:
            self._stack.close()
            for begin in self._atomic:
                self._stack.enter_context(_Undone(begin()))


class _Undone:
    """A transaction that is rolled back at its end, whatever happened in it."""

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    def __enter__(self) -> None:
        self._transaction.__enter__()

    def __exit__(self, *error: object) -> None:
        connection = import_module("django.db.transaction").get_connection(self._transaction.using)
        if connection.in_atomic_block:
            connection.needs_rollback = True
        self._transaction.__exit__(None, None, None)


def _copy_sqlite(alias: str, connection: Any, shelter: Shelter, scratch: str) -> None:
    """Let Django work on a copy: in a file, so that a process that was forked sees what another has done."""
    import sqlite3

    name = connection.settings_dict["NAME"]
    address = str(Path(scratch) / f"database-{len(shelter._anchors)}.sqlite3")
    working = sqlite3.connect(address, check_same_thread=False)
    working.execute("PRAGMA synchronous=OFF")
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    if connection.is_in_memory_db():
        connection.ensure_connection()
        connection.connection.backup(working)
    elif Path(str(name)).is_file():
        source = sqlite3.connect(f"file:{Path(str(name)).absolute().as_posix()}?mode=ro", uri=True)
        source.backup(working)
        source.close()
    connection.close()
    if connection.connection is not None:       # one in memory is not closed by close()
        connection.connection.close()
        connection.connection = None
    connection.settings_dict["NAME"] = address
    working.backup(kept)
    shelter._anchors.append((connection, working, kept))


def _shelter_media(settings: Any, scratch: str) -> None:
    root = Path(str(settings.MEDIA_ROOT)) if settings.MEDIA_ROOT else None
    copy = Path(scratch) / "media"
    copy.mkdir(parents=True, exist_ok=True)
    if root is not None and root.is_dir():
        size = 0
        for file in root.rglob("*"):
            size += file.stat().st_size if file.is_file() else 0
            if size > _MOST_MEDIA:
                break
        else:
            shutil.copytree(root, copy, dirs_exist_ok=True)
    settings.MEDIA_ROOT = str(copy)
    signals = import_module("django.core.signals")
    signals.setting_changed.send(sender=Shelter, setting="MEDIA_ROOT", value=str(copy), enter=True)


def shelter_django(application: object, scratch: str) -> Shelter | None:
    """Make the Django site's data safe and return how, None where there is no Django.

    Args:
        scratch: a folder for what the site writes.
    """
    if not any(is_a(found.application, "django", "BaseHandler") for found in applications(application)):
        return None
    shelter = Shelter()
    copied, transactions = [], []
    try:
        settings: Any = import_module("django.conf").settings
        db: Any = import_module("django.db")
        for alias in db.connections:
            connection = db.connections[alias]
            if connection.vendor == "sqlite":
                _copy_sqlite(alias, connection, shelter, scratch)
                copied.append(alias)
            elif connection.settings_dict["ENGINE"] != "django.db.backends.dummy":
                if not connection.features.supports_transactions:
                    raise ValueError(f"the database {alias!r} knows no transactions")
                atomic = import_module("django.db.transaction").atomic
                shelter._atomic.append(partial(atomic, using=alias))
                transactions.append(alias)
        settings.EMAIL_BACKEND = _LOCMEM
        mail: Any = import_module("django.core.mail")
        mail.outbox = []
        _shelter_media(settings, scratch)
        if settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "127.0.0.1"]
        # A fork must not go on with a connection of this process.
        db.connections.close_all()
        shelter.renew()
    except Exception as error:      # a database that cannot be reached, a backend of an unknown kind
        first = (str(error).splitlines() or [""])[0]
        shelter.note = ("GET, HEAD and OPTIONS only: Django's data could not be set aside "
                        f"({type(error).__name__}: {first[:120]}); --unsafe-methods uses all")
        return shelter
    shelter.safe = True
    said = []
    if copied:
        said.append(f"SQLite database {', '.join(copied)} copied to a temporary folder")
    if transactions:
        said.append(f"each example in a transaction that is rolled back ({', '.join(transactions)})")
    shelter.note = ("all methods are used, Django's data is out of reach: "
                    + "; ".join([*said, "uploads go to a temporary folder and mail is kept"]))
    return shelter
