"""The record of what an application can be asked, where the strategies look for it (see model/material.py)."""

from __future__ import annotations

from ..model.material import EMPTY, Endpoint, Material, carried

__all__ = ["EMPTY", "Endpoint", "Material", "carried"]
