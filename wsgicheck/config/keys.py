"""The settings there are: one row a key, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model.rule import MUST
from . import kinds

__all__ = ["BY_NAME", "KEYS", "Key"]


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    Attributes:
        name: as a file writes it.
        read: from what TOML or the command line holds to the value; raises ValueError saying what it takes.
        default: where nothing sets it.
        help: one line for a person.
        from_text: from an environment variable to what `read` takes.
        place: the value is a path, and in a file relative to that file's folder.
        words: values that are no paths all the same.
    """

    name: str
    read: Callable[[object], Any]
    default: Any
    help: str
    from_text: Callable[[str], object] = str
    place: bool = False
    words: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Its name in Config."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"WSGICHECK_{self.field.upper()}"


KEYS: tuple[Key, ...] = (
    Key("app", kinds.text, "", "the target, where the command line names none"),
    Key("select", kinds.words, (), "ids, families or levels of the rules to judge; all, if empty"),
    Key("ignore", kinds.words, (), "ids, families or levels of the rules to leave out"),
    Key("fail-on", kinds.level, MUST, "the level from which on findings fail the run: must, should or advice"),
    Key("max-examples", kinds.whole(1), 100, "requests to draw", kinds.numeral(int)),
    Key("max-time", kinds.seconds, 60.0, "seconds for the whole run", kinds.numeral(float)),
    Key("timeout", kinds.seconds, 10.0, "seconds for one exchange, after which the subject counts as hung",
        kinds.numeral(float)),
    Key("seed", kinds.whole(0), None, "the number that a run repeats by; drawn, if not set", kinds.numeral(int)),
    Key("paths", kinds.texts, (), "further paths to ask, percent-encoded, with or without a query",
        lambda text: text.split()),
    Key("headers", kinds.headers, (), 'request header fields to send now and then, "Name: value"',
        lambda text: [line for line in text.splitlines() if line.strip()]),
    Key("bodies", kinds.bodies, (), 'request bodies to send now and then, "type/subtype: text"',
        lambda text: [line for line in text.splitlines() if line.strip()]),
    Key("routes", kinds.text, "auto", "where routes come from: auto (the framework and a crawl), none, or a file",
        place=True, words=("auto", "none")),
    Key("route", kinds.texts, (), "further routes, '/path/<int:id>' or 'POST /path'",
        lambda text: [line for line in text.splitlines() if line.strip()]),
    Key("login", kinds.text, "", "a login before all else, 'POST /login user=... password=...'"),
    Key("cookies", kinds.cookies, (), 'cookies that every request carries, "name=value"', lambda text: text.split(";")),
    Key("openapi", kinds.text, "", "an OpenAPI document of the target", place=True),
    Key("har", kinds.text, "", "a HAR file of recorded traffic", place=True),
    Key("access-log", kinds.text, "", "an access log in the common or combined format", place=True),
    Key("traffic", kinds.text, "", "a file that validator(app, record=...) wrote", place=True),
    Key("layers", kinds.one_of("auto", "none"), "auto",
        "whether the middlewares around the application are watched one by one: auto or none"),
    Key("unsafe-methods", kinds.flag, False, "POST, PUT and the like may change the target's data", kinds.switch),
    Key("chdir", kinds.text, "", "the folder to change to before the target is imported", place=True),
    Key("settings", kinds.text, "", "DJANGO_SETTINGS_MODULE for the target"),
    Key("baseline", kinds.text, "", "a file of findings that are accepted", place=True),
    Key("format", kinds.text, "text", "the format of the report"),
    Key("output", kinds.text, "", "the file for the report; standard output, if not set", place=True),
    Key("report", kinds.reports, (), "further reports, each a format and a file",
        lambda text: [item for item in text.split(",") if item.strip()]),
)
"""Every key, in the order in which people read them."""
BY_NAME = {key.name: key for key in KEYS}
