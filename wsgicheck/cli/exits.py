"""The exit codes, and what each means."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILED", "FINDINGS", "INTERRUPTED", "NOTHING_CHECKED", "OK", "WRONG_REQUEST"]

OK: Final = 0
"""Nothing at the failing level."""
FINDINGS: Final = 1
"""Findings at the failing level."""
WRONG_REQUEST: Final = 2
"""An option, the configuration or the target is wrong."""
FAILED: Final = 3
"""A bug of wsgicheck."""
NOTHING_CHECKED: Final = 4
"""Nothing was really checked."""
INTERRUPTED: Final = 130
"""The user interrupted the run (128 + SIGINT)."""
