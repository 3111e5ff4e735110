"""A comparison as text: what differs, request by request, side by side."""

from __future__ import annotations

from itertools import groupby

from ..model.comparison import Comparison
from .safe import line

__all__ = ["render_comparison"]


def render_comparison(comparison: Comparison) -> str:
    """Return the comparison as lines for a terminal or a file."""
    lines = [f"{line(comparison.target)}: {comparison.requests} requests under each of "
             + ", ".join(name + (f" ({versions})" if versions else "") for name, versions in comparison.servers)]
    for name, why in comparison.missing:
        lines.append(f"  {name} could not be run: {line(why)}")
    for request, group in groupby(comparison.differences, key=lambda one: one.request):
        lines += ["", line(request)]
        for one in group:
            lines.append(f"  {line(one.aspect)}")
            width = max(len(server) for server, _ in one.values)
            lines += [f"    {server:<{width}}  {line(value)}" for server, value in one.values]
    lines.append("")
    if comparison.unstable:
        lines.append(f"left out, for it differs from run to run of one server: {line('; '.join(comparison.unstable))}")
    count = len(comparison.differences)
    lines.append("no differences" if not count else f"{count} differences in {comparison.requests} requests")
    return "\n".join(lines) + "\n"
