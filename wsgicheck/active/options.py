"""What a property run is told: how much, how long, which rules, which requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..reach.options import ReachOptions

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run.

    Attributes:
        select, ignore: ids, families or levels of rules.
        seed: the run is a function of it; None draws one.
        max_examples: requests that are drawn; each is worth several exchanges.
        max_time: seconds for the whole run.
        timeout: seconds for one exchange, after which the application counts as hung.
        max_memory: bytes of resident memory, after which it is ended.
        max_output: bytes on stdout and stderr together, after which it is ended.
        directory: the working directory of the application, "" for the present one.
        settings: DJANGO_SETTINGS_MODULE for the application, "" to leave it.
        paths: further paths to ask, percent-encoded, with or without a query.
        headers: (name, value) of request headers that are sent now and then.
        bodies: (Content-Type, text) of request bodies that are sent now and then, and first where a route takes one.
        reach: how the application's own views are found and entered.
        shrink: whether each finding's request is made as small as it gets.
        layers: whether the middlewares around the application are found and watched one by one, for each finding to
            name the layer that it is the doing of.
        part, parts: which part of a whole this run is, of how many that run side by side: max_examples is the part's,
            and of what is the same in all of them (routes to visit, exchanges for laws, the gallery of applications
            that a middleware is put around) each takes its own share.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    seed: int | None = None
    max_examples: int = 100
    max_time: float = 60.0
    timeout: float = 10.0
    max_memory: int = 2 * 1024**3
    max_output: int = 64 * 1024**2
    directory: str = ""
    settings: str = ""
    paths: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    bodies: tuple[tuple[str, str], ...] = ()
    reach: ReachOptions = field(default_factory=ReachOptions)
    shrink: bool = True
    layers: bool = True
    part: int = 0
    parts: int = 1
