"""One address of an application: what its framework wrote, how to ask for it, which requests belong to it.

Laws: a Route's example paths are PATH_INFOs as environ carries them; its pattern is matched against PATH_INFO
as text (UTF-8 decoded, what is none replaced), as every framework here does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from urllib.parse import quote

from ..model.material import carried
from .sample import sample_of

__all__ = ["ANY", "Hole", "Part", "Route", "as_text", "make_route"]

ANY: tuple[str, ...] = ("GET", "POST")
"""What is tried where a route takes whatever comes."""

_MOST_PATHS = 6
_VALUES: dict[str, tuple[str, ...]] = {
    "int": ("1", "2", "3"), "float": ("1.5", "1"), "str": ("1", "a", "2"), "slug": ("1", "a"), "path": ("1", "a/b"),
    "uuid": ("00000000-0000-4000-8000-000000000001",),
}
_BY_NAME: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"year"), ("2024",)), (re.compile(r"month|day|week"), ("1", "01", "jan")),
    (re.compile(r"lang|locale|lc"), ("en", "de")), (re.compile(r"format|ext"), ("json", "csv")),
    (re.compile(r"date"), ("2024-01-01",)), (re.compile(r"status|code"), ("200", "404")),
    (re.compile(r"user|login|owner"), ("1", "admin")),
)


@dataclass(frozen=True, slots=True)
class Hole:
    """The place of a value in a route.

    Attributes:
        kind: "int", "float", "str", "slug", "path", "uuid", or "re" for whatever `regex` says.
        regex: what the value matches; "" leaves that to the kind.
        values: what is known to fit, the most promising first.
    """

    name: str = ""
    kind: str = "str"
    regex: str = ""
    values: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        if self.regex:
            return self.regex
        return {"int": r"-?\d+", "float": r"-?\d+(?:\.\d+)?", "path": r".+?",
                "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"}.get(self.kind, r"[^/]+")

    def candidates(self) -> tuple[str, ...]:
        """Return values to try, each of which the pattern takes."""
        named = [value for known, values in _BY_NAME if self.name and known.search(self.name.lower())
                 for value in values]
        usual = _VALUES.get(self.kind, _VALUES["str"])
        made = sample_of(self.regex) if self.regex else None
        wanted = [*self.values, *named, *usual, *([made] if made is not None else ()), "a", "abc", "A", "0"]
        try:
            fitting = [value for value in dict.fromkeys(wanted) if re.fullmatch(self.pattern, value)]
        except re.error:
            fitting = wanted
        return tuple(fitting[:4]) or ("1",)


Part = str | Hole


@dataclass(frozen=True, slots=True)
class Route:
    """One address.

    Attributes:
        rule: as the framework writes it, with whatever it is mounted at.
        methods: that it takes, the most telling first.
        paths: PATH_INFOs that lead there, the most promising first.
        pattern: what PATH_INFO, as text, matches as a whole.
        any_method: it takes other methods too.
        source: who said so ("Flask", "OpenAPI").
        view: what answers, None where that is not known.
    """

    rule: str
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    pattern: re.Pattern[str]
    any_method: bool = False
    source: str = ""
    view: object = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """For a person: "GET /product/<int:id>"."""
        return f"{self.methods[0] if self.methods else 'GET'} {self.rule}"

    def takes(self, method: str) -> bool:
        """Tell whether a request with this method is meant for the route."""
        return method in self.methods or self.any_method or (method == "HEAD" and "GET" in self.methods)

    def matches(self, path: str) -> bool:
        """Tell whether PATH_INFO leads here."""
        return self.pattern.fullmatch(as_text(path)) is not None

    def mounted(self, mount: str) -> Route:
        """Return the route as it is below `mount` ("/api", or "" for the root), given as text."""
        if not mount:
            return self
        return replace(self, rule=mount + self.rule, paths=tuple(carried(mount) + path for path in self.paths),
                       pattern=re.compile(re.escape(mount) + f"(?:{self.pattern.pattern})", self.pattern.flags))


def as_text(path: str) -> str:
    """Return PATH_INFO as frameworks read it: its bytes as UTF-8."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


def _filled(parts: Sequence[Part]) -> Iterable[str]:
    """Yield the paths that the parts make: first the most promising value everywhere, then others in step."""
    choices = [(part,) if isinstance(part, str) else part.candidates() for part in parts]
    widest = max((len(choice) for choice in choices), default=1)
    for step in range(widest):
        yield "".join(choice[min(step, len(choice) - 1)] for choice in choices)
    for combination in islice(product(*choices), _MOST_PATHS):
        yield "".join(combination)


def make_route(parts: Sequence[Part], methods: Iterable[str] = (), *, rule: str = "", view: object = None,
               source: str = "", pattern: str = "", flags: int = 0) -> Route:
    """Return the route that is made of these parts.

    Args:
        methods: that it takes; none means any.
        rule: as the framework writes it; by default made of the parts.
        pattern: a regular expression for the whole of PATH_INFO, in place of the one the parts make.
    """
    taken = tuple(dict.fromkeys(method.upper() for method in methods))
    # Every framework adds HEAD and OPTIONS by itself; a route is named after what it was written for.
    telling = tuple(method for method in taken if method not in ("HEAD", "OPTIONS")) or taken
    paths = tuple(dict.fromkeys(carried(path if path.startswith("/") else "/" + path) for path in _filled(parts)))
    made = "".join(re.escape(part) if isinstance(part, str) else f"(?:{part.pattern})" for part in parts)
    written = rule or "".join(part if isinstance(part, str) else f"<{part.name or part.kind}>" for part in parts)
    try:
        compiled = re.compile(pattern or made, flags | re.DOTALL)
    except re.error:
        compiled = re.compile("|".join(re.escape(as_text(path)) for path in paths))
    return Route(written, telling or ANY, paths[:_MOST_PATHS], compiled, not taken, source, view)


def escaped(path: str) -> str:
    """Return PATH_INFO percent-encoded, for a person or a URL."""
    return quote(path.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~-._")
