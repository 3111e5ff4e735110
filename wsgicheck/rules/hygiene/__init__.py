"""What an application does to its process: import, environment, streams, threads; what works here and breaks there.

A hygiene rule is judged once, at IMPORT, over what a watched import and the requests after it did (see
model/imported.py). PEP 3333 leaves the process to the server; these rules rest on what servers do with it.
"""

from __future__ import annotations

__all__ = ["CHAPTERS"]

CHAPTERS = ("streams", "environment", "surroundings", "process", "connections", "script", "command_line", "cleanup",
            "texts")
"""Modules of this package that hold cards, in the order in which people read them."""
