"""Prints what an application can be asked, as JSON; run as a child, since loading a subject may do anything."""

from __future__ import annotations

import json
import sys
from urllib.parse import quote

from ..targets import load_target
from .material import material_for
from .options import Options


def main(target: str, out: int) -> None:
    """Write [[method, path and query], ...] to the descriptor `out`."""
    material = material_for(load_target(target).application, Options())
    found = []
    for endpoint in material.endpoints:
        path = quote(endpoint.path.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~-._")
        for method in endpoint.methods or ("GET",):
            found.append([method, path])
        found += [["GET", f"{path}?{query}"] for query in endpoint.queries[:2]]
    with open(out, "w", encoding="ascii", closefd=False) as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
