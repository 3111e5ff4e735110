"""Reads OpenAPI documents (2.0, 3.0 and 3.1), given or served: paths, parameters, and bodies made after their schema.

Laws: no document is trusted: references may go in circles and anything may be of the wrong type; what is not
understood is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..errors import ConfigError
from ..model.material import Endpoint, carried
from ..show import show
from .route import Hole, Part, Route, make_route

__all__ = ["SERVED", "endpoints_of", "parse_document", "read_document", "routes_of"]

SERVED = re.compile(r"(?:openapi|swagger|api-docs|apispec(?:_\d+)?)[\w.-]*(?:\.json|\.ya?ml)?/?\Z|__api__\Z",
                    re.IGNORECASE)
"""Paths at which such a document is commonly served."""
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_HOLE = re.compile(r"\{(\w[\w-]*)\}")
_DEEPEST = 8
_KINDS = {"integer": "int", "number": "float"}


def parse_document(data: bytes) -> dict[str, Any] | None:
    """Return the document, None if it is none."""
    found: Any = None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        try:
            import yaml  # type: ignore[import-untyped,unused-ignore]

            found = yaml.safe_load(data)
        except Exception:       # no PyYAML, or no YAML either
            return None
    if isinstance(found, dict) and isinstance(found.get("paths"), dict) and ("openapi" in found or "swagger" in found):
        return found
    return None


def read_document(name: str) -> dict[str, Any]:
    """Return the document in a file.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the OpenAPI document {show(name)}: {error.strerror or error}") from error
    document = parse_document(data)
    if document is None:
        raise ConfigError(f"{show(name)} holds no OpenAPI document (JSON, or YAML where PyYAML is installed)")
    return document


def _resolved(document: dict[str, Any], value: Any) -> dict[str, Any]:
    for _ in range(_DEEPEST):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        value = document
        for step in reference[2:].split("/"):
            value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def sample(document: dict[str, Any], schema: Any, depth: int = 0) -> Any:
    """Return a value that the schema describes, as far as it is understood."""
    schema = _resolved(document, schema)
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("allOf", "oneOf", "anyOf"):
        options = schema.get(key)
        if isinstance(options, list) and options and depth < _DEEPEST:
            made = [sample(document, option, depth + 1) for option in options]
            if key == "allOf" and all(isinstance(item, dict) for item in made):
                return {name: value for item in made for name, value in item.items()}
            return made[0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if kind == "object" or isinstance(schema.get("properties"), dict):
        properties = schema.get("properties")
        if depth >= _DEEPEST or not isinstance(properties, dict):
            return {}
        return {str(name): sample(document, inner, depth + 1) for name, inner in properties.items()}
    if kind == "array":
        return [sample(document, schema.get("items"), depth + 1)] if depth < _DEEPEST else []
    if kind in ("integer", "number"):
        least = schema.get("minimum")
        return least if isinstance(least, (int, float)) else 1
    if kind == "boolean":
        return True
    by_format = {"date": "2024-01-01", "date-time": "2024-01-01T00:00:00Z", "email": "a@example.com",
                 "uuid": "00000000-0000-4000-8000-000000000001", "uri": "http://example.com/"}
    text = by_format.get(str(schema.get("format")), "a")
    least = schema.get("minLength")
    return text * least if isinstance(least, int) and len(text) < least < 200 and text == "a" else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _base(document: dict[str, Any]) -> str:
    if isinstance(document.get("basePath"), str):
        return str(document["basePath"]).rstrip("/")
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        try:
            return urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")
        except ValueError:
            return ""
    return ""


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]], dict[str, Any]]]:
    """Yield (path, method, parameters, operation)."""
    base = _base(document)
    for path, item in document["paths"].items():
        item = _resolved(document, item)
        if not isinstance(path, str) or not path.startswith("/"):
            continue
        shared = item.get("parameters")
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                own = operation.get("parameters")
                listed = [*(shared if isinstance(shared, list) else ()), *(own if isinstance(own, list) else ())]
                yield base + path, method.upper(), [_resolved(document, p) for p in listed], operation


def _parts(document: dict[str, Any], path: str, parameters: list[dict[str, Any]]) -> list[Part]:
    known = {p.get("name"): p for p in parameters if p.get("in") == "path"}
    parts: list[Part] = []
    end = 0
    for match in _HOLE.finditer(path):
        parts.append(path[end:match.start()])
        end = match.end()
        parameter = known.get(match[1], {})
        schema = _resolved(document, parameter.get("schema", parameter))
        value = parameter.get("example", sample(document, schema))
        parts.append(Hole(match[1], _KINDS.get(str(schema.get("type")), "str"),
                          values=(_text(value),) if value not in ("a", 1) else ()))
    parts.append(path[end:])
    return parts


def routes_of(document: dict[str, Any]) -> list[Route]:
    """Return the routes that the document describes."""
    return [make_route(_parts(document, path, parameters), (method,), rule=path, source="OpenAPI")
            for path, method, parameters, _ in _operations(document)]


def _bodies(document: dict[str, Any], operation: dict[str, Any],
            parameters: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    content = _resolved(document, operation.get("requestBody")).get("content")
    for kind, media in (content.items() if isinstance(content, dict) else ()):
        media = _resolved(document, media)
        value = media["example"] if "example" in media else sample(document, media.get("schema"))
        if "json" in str(kind):
            yield str(kind), json.dumps(value).encode()
        elif kind == "application/x-www-form-urlencoded" and isinstance(value, dict):
            yield str(kind), urlencode({name: _text(item) for name, item in value.items()}).encode()
        elif isinstance(value, str) and "multipart" not in str(kind):
            yield str(kind), value.encode("utf-8", "replace")
    for parameter in parameters:        # OpenAPI 2.0
        if parameter.get("in") == "body":
            yield "application/json", json.dumps(sample(document, parameter.get("schema"))).encode()
    form = {str(p.get("name")): _text(sample(document, p)) for p in parameters if p.get("in") == "formData"}
    if form:
        yield "application/x-www-form-urlencoded", urlencode(form).encode()


def endpoints_of(document: dict[str, Any]) -> list[Endpoint]:
    """Return what the document says can be asked: each operation with its parameters and bodies."""
    found = []
    for path, method, parameters, operation in _operations(document):
        route = make_route(_parts(document, path, parameters), (method,))
        names = {where: tuple(str(p.get("name")) for p in parameters if p.get("in") == where)
                 for where in ("query", "header", "formData")}
        queries = [(str(p.get("name")), _text(p.get("example", sample(document, p.get("schema", p)))))
                   for p in parameters if p.get("in") == "query"]
        bodies = tuple(_bodies(document, operation, parameters))
        form = names["formData"]
        for kind, body in bodies:
            if "json" in kind and body.startswith(b"{"):
                form = (*form, *(str(name) for name in json.loads(body)))
        headers = tuple((f"HTTP_{name.upper().replace('-', '_')}", "1") for name in names["header"])
        query = urlencode(queries, quote_via=quote)
        for made in route.paths[:2]:
            found.append(Endpoint(made, (method,), (query,) if query else (), names["query"],
                                  tuple(dict.fromkeys(form)), bodies,
                                  tuple((key, carried(value)) for key, value in headers), weight=4))
    return found
