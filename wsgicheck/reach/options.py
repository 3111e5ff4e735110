"""What a user says about how an application is reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["ReachOptions"]


@dataclass(frozen=True, slots=True)
class ReachOptions:
    """Where requests come from, besides the general repertoire.

    Attributes:
        routes: "auto" asks the framework, "none" does not and does not crawl either; else a file with one route a
            line, in place of the framework's.
        named: routes by hand, "/path/<int:id>", with or without a method before it.
        cookies: (name, value) that every request carries.
        login: "POST /login user=… password=…", performed before anything else; "" for none.
        openapi: file of an OpenAPI document (JSON, or YAML where PyYAML is installed), "" for none.
        har: file of recorded traffic as browsers save it.
        access_log: file in the common or combined log format.
        traffic: file that `validator(app, record=…)` wrote.
        unsafe_methods: the application's data may be changed.
        crawl: whether links and forms are followed from the start page.
    """

    routes: str = "auto"
    named: tuple[str, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    login: str = ""
    openapi: str = ""
    har: str = ""
    access_log: str = ""
    traffic: str = ""
    unsafe_methods: bool = False
    crawl: bool = True

    def absolute(self) -> ReachOptions:
        """Return the same with files that are found from any folder."""
        openapi, har, access_log, traffic, routes = (
            str(Path(name).absolute()) if name and name not in ("auto", "none") else name
            for name in (self.openapi, self.har, self.access_log, self.traffic, self.routes))
        return replace(self, openapi=openapi, har=har, access_log=access_log, traffic=traffic, routes=routes)
