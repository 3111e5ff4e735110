"""What a run knows about an application before it asks: its own constants, its routes, what the user named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from ..model.material import Endpoint, Material, joined
from ..reach.route import Route
from ..reach.survey import Reach, reach
from ..reach.views import functions_of
from ..strategies.constants import endpoint_of, material_of
from ..strategies.walk import home_of
from .options import Options

__all__ = ["material_for", "with_routes"]

_WEIGHT = 4
_MOST_PATHS = 3
"""Example paths of one route that are among the endpoints."""


def _endpoint(path: str) -> Endpoint:
    path, _, query = path.partition("?")
    carried = unquote_to_bytes(path if path.startswith("/") else "/" + path).decode("latin-1")
    return Endpoint(carried, queries=(query,) if query else (), weight=_WEIGHT)


def _posted(options: Options) -> tuple[Endpoint, ...]:
    """Return the places to which the bodies that the user names are sent: the paths that are named, or the start."""
    bodies = tuple((kind, text.encode()) for kind, text in options.bodies)
    return tuple(replace(_endpoint(path), methods=("POST",), bodies=bodies)
                 for path in options.paths or ("/",)) if bodies else ()


def with_routes(material: Material, routes: Iterable[Route], owned: Callable[[str], bool]) -> Material:
    """Return the material with the endpoints of the routes, each with what its view looks for."""
    endpoints = []
    for route in routes:
        functions = functions_of(route.view, owned)
        for path in route.paths[:_MOST_PATHS]:
            if not functions:
                endpoints.append(Endpoint(path, route.methods, weight=_WEIGHT))
            endpoints += [replace(endpoint_of(path, function, route.methods), weight=_WEIGHT)
                          for function in functions[:12]]
    return replace(material, endpoints=joined((*endpoints, *material.endpoints)))


def material_for(application: Callable[..., Any], options: Options, found: Reach | None = None) -> Material:
    """Return what the strategies shall draw from for `application`.

    Args:
        found: what can be asked, where that is known already.
    """
    found = reach(application, options.reach) if found is None else found
    material = material_of(application)
    named = tuple(_endpoint(path) for path in options.paths)
    headers = tuple((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in options.headers)
    material = replace(material, endpoints=_posted(options) + named + found.material.endpoints + material.endpoints,
                       headers=headers + material.headers,
                       bodies=tuple((kind, text.encode()) for kind, text in options.bodies) + material.bodies)
    return with_routes(material, found.routes, home_of(application)[1].file) if found.routes else material
