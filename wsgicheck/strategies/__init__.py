"""Hypothesis strategies for environs as servers really produce them, and for their parts.

`environs()` gives dictionaries ready to call a WSGI application with; `requests()` the same as plain records,
`cases()` with what the server does with the answer. `material_of(app)` reads what the application itself
contains, so that its own branches are entered. Needs Hypothesis.
"""

from .applications import applications, recipes
from .bodies import Content, contents
from .constants import endpoint_of, material_of
from .cookies import cookie_fields
from .environs import assembled, cases, environs, requests
from .headers import header_fields
from .input import Framing, framings, inputs, reads
from .material import EMPTY, Endpoint, Material, carried
from .methods import methods
from .paths import endpoints, paths, script_names
from .queries import queries
from .streams import DRIVES, drives
from .surroundings import Surroundings, surroundings

__all__ = [
    "DRIVES", "EMPTY", "Content", "Endpoint", "Framing", "Material", "Surroundings", "applications", "assembled",
    "carried", "cases", "contents", "cookie_fields", "drives", "endpoint_of", "endpoints", "environs", "framings",
    "header_fields", "inputs", "material_of", "methods", "paths", "queries", "reads", "recipes", "requests",
    "script_names", "surroundings",
]
