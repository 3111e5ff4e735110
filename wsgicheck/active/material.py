"""What a run knows about an application before it asks: its own constants, its routes, what the user named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from ..strategies.constants import material_of
from ..strategies.material import Endpoint, Material
from .options import Options

__all__ = ["material_for"]


def _endpoint(path: str) -> Endpoint:
    path, _, query = path.partition("?")
    carried = unquote_to_bytes(path if path.startswith("/") else "/" + path).decode("latin-1")
    return Endpoint(carried, queries=(query,) if query else (), weight=4)


def material_for(application: Callable[..., Any], options: Options) -> Material:
    """Return what the strategies shall draw from for `application`."""
    material = material_of(application)
    named = tuple(_endpoint(path) for path in options.paths)
    headers = tuple((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in options.headers)
    return replace(material, endpoints=named + material.endpoints, headers=headers + material.headers)
