"""What is given by hand, by a document or by recorded traffic becomes routes, endpoints and whole requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck import validator
from wsgicheck.errors import ConfigError
from wsgicheck.model.request import Request
from wsgicheck.model.traffic import from_line, to_line
from wsgicheck.reach import ReachOptions, openapi, reach, recorded
from wsgicheck.reach.byhand import parse_login, parse_route
from wsgicheck.reach.sample import sample_of
from wsgicheck.reference.gateway import environ_of, serve
from wsgicheck.strategies import cases, requests

DOCUMENT = {
    "openapi": "3.1.0", "servers": [{"url": "https://api.example.com/v1"}],
    "components": {"schemas": {"Pet": {"type": "object", "properties": {
        "name": {"type": "string", "minLength": 3}, "born": {"type": "string", "format": "date"},
        "parent": {"$ref": "#/components/schemas/Pet"}, "legs": {"type": "integer", "minimum": 4}}}}},
    "paths": {
        "/pets/{pet}": {
            "parameters": [{"in": "path", "name": "pet", "schema": {"type": "integer", "example": 77}}],
            "get": {"parameters": [{"in": "query", "name": "full", "schema": {"type": "boolean"}},
                                   {"in": "header", "name": "X-Trace", "schema": {"type": "string"}}]},
            "put": {"requestBody": {"content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}},
        "/search": {"post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"q": {"enum": ["a b"]}}}}}}}}},
}


def test_an_openapi_document_gives_routes_and_endpoints() -> None:
    names = {route.name: route.paths[0] for route in openapi.routes_of(DOCUMENT)}
    assert names == {"GET /v1/pets/{pet}": "/v1/pets/77", "PUT /v1/pets/{pet}": "/v1/pets/77",
                     "POST /v1/search": "/v1/search"}
    by_method = {endpoint.methods[0]: endpoint for endpoint in openapi.endpoints_of(DOCUMENT)}
    assert by_method["GET"].queries == ("full=true",)
    assert by_method["GET"].headers == (("HTTP_X_TRACE", "1"),)
    kind, body = by_method["PUT"].bodies[0]
    pet = json.loads(body)
    assert (kind, pet["name"], pet["born"], pet["legs"]) == ("application/json", "aaa", "2024-01-01", 4)
    assert set(by_method["PUT"].form_names) == {"name", "born", "parent", "legs"}
    assert by_method["POST"].bodies == (("application/x-www-form-urlencoded", b"q=a+b"),)


def test_swagger_2_is_read_too() -> None:
    document = {"swagger": "2.0", "basePath": "/api", "paths": {"/a": {"post": {"parameters": [
        {"in": "formData", "name": "x", "type": "integer"}]}}}}
    (endpoint,) = openapi.endpoints_of(document)
    assert (endpoint.path, endpoint.bodies) == ("/api/a", (("application/x-www-form-urlencoded", b"x=1"),))


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just({"$ref": "#/paths/~1a"}),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["get", "post", "parameters", "schema", "in", "name", "type", "allOf", "items",
                                         "properties", "requestBody", "content", "$ref", "example", "enum", "basePath",
                                         "application/json"]), inner, max_size=4), max_leaves=12)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["/a", "/a/{b}", "x"]), JSON, max_size=3), JSON)
def test_no_document_is_trusted(paths: dict[str, Any], more: Any) -> None:
    document = {"openapi": "3.0.0", "paths": paths, "servers": more, "components": more}
    parsed = openapi.parse_document(json.dumps(document).encode())
    assert parsed is not None
    openapi.routes_of(parsed)
    openapi.endpoints_of(parsed)


@pytest.mark.parametrize(("text", "methods", "path"), [
    ("/a/<int:n>", ("GET",), "/a/1"), ("POST /a/{b}", ("POST",), "/a/1"), ("/a/7", ("GET",), "/a/7"),
    ("delete /é/<path:p>", ("DELETE",), "/\xc3\xa9/1"),
])
def test_a_route_by_hand(text: str, methods: tuple[str, ...], path: str) -> None:
    route = parse_route(text)
    assert (route.methods, route.paths[0]) == (methods, path)
    assert route.matches(path)


@pytest.mark.parametrize("text", ["a/b", "", "POST", "POST GET /a", "GET a"])
def test_what_is_no_route_is_said_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="a route is written as"):
        parse_route(text)


@pytest.mark.parametrize("text", ["login", "POST", "/login user", "a=b /login"])
def test_what_is_no_login_is_said_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="a login is written as"):
        parse_login(text)


def test_files_of_routes_and_documents(tmp_path: Path) -> None:
    (tmp_path / "routes").write_text("# mine\n/a\n\nPOST /b/<int:n>\n")
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))
    found = reach(None, ReachOptions(routes=str(tmp_path / "routes"), openapi=str(tmp_path / "api.json"),
                                     named=("/hand",)))
    assert [route.name for route in found.routes] == [
        "GET /hand", "GET /a", "POST /b/<int:n>", "GET /v1/pets/{pet}", "PUT /v1/pets/{pet}", "POST /v1/search"]
    for options in (ReachOptions(routes=str(tmp_path / "none")), ReachOptions(openapi=str(tmp_path / "none")),
                    ReachOptions(openapi=str(tmp_path / "routes")), ReachOptions(har=str(tmp_path / "routes")),
                    ReachOptions(har=str(tmp_path / "api.json")), ReachOptions(access_log=str(tmp_path / "routes")),
                    ReachOptions(traffic=str(tmp_path / "none"))):
        with pytest.raises(ConfigError):
            reach(None, options)


def test_an_access_log(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(
        '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a%20b?x=1 HTTP/1.1" 200 2326 "-" "curl"\n'
        '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "POST /c HTTP/1.0" 302 0\n'
        '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /gone HTTP/1.0" 404 0\n'
        '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "\\x16\\x03" 400 0\nnonsense\n')
    assert [(r.method, r.path, r.query) for r in recorded.access_log(str(tmp_path / "access.log"))] == [
        ("GET", "/a b", "x=1"), ("POST", "/c", "")]


def test_a_har_file(tmp_path: Path) -> None:
    def entry(url: str, **more: Any) -> dict[str, Any]:
        return {"request": {"method": "GET", "url": url, "headers": [], **more}}

    (tmp_path / "site.har").write_text(json.dumps({"log": {"entries": [
        entry("http://cdn.example.com/x.js"), entry("http://shop.example.com/", headers=[
            {"name": "Cookie", "value": "a=b"}, {"name": ":authority", "value": "x"}, {"name": "Host", "value": "y"},
            {"name": "X-Bad", "value": "a\r\nb"}]),
        entry("http://shop.example.com/buy", method="POST", postData={
            "mimeType": "application/x-www-form-urlencoded", "text": "n=1"}), {"request": 5}, {}]}}))
    first, second = recorded.har(str(tmp_path / "site.har"))
    assert first.path == "/"
    assert [pair for pair in first.variables if pair[0].startswith("HTTP_")] == [
        ("HTTP_HOST", "127.0.0.1"), ("HTTP_COOKIE", "a=b")]
    assert (second.method, second.body, second.get("CONTENT_LENGTH")) == ("POST", b"n=1", "3")


@settings(deadline=None)
@given(requests())
def test_a_line_of_traffic_is_read_back_as_the_same_request(request: Request) -> None:
    back = from_line(to_line(request))
    assert back is not None
    assert (back.variables, back.body, back.url_scheme, back.input_terminated) == (
        request.variables, request.body, request.url_scheme, request.input_terminated)


@settings(deadline=None)
@given(st.text(max_size=40) | JSON.map(json.dumps))
def test_a_line_that_is_none_is_passed_over(line: str) -> None:
    assert from_line(line) is None or '"variables"' in line


def reading(environ: Any, start_response: Any) -> Any:
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    yield data


@settings(deadline=None)
@given(st.lists(cases(), max_size=3))
def test_recording_changes_nothing_and_is_read_back(tmp_path_factory: pytest.TempPathFactory,
                                                    drawn: list[Any]) -> None:
    file = tmp_path_factory.mktemp("recorded") / "traffic.jsonl"
    watched = validator(reading, on_violation=lambda finding: None, record=file)
    for case in drawn:
        plain = serve(reading, case.request, case.drive)
        seen = serve(watched, case.request, case.drive)
        assert (plain.status, plain.headers, plain.chunks, plain.ending) == (
            seen.status, seen.headers, seen.chunks, seen.ending)
    assert len(recorded.traffic(str(file))) == len(drawn)
    assert file.stat().st_mode & 0o077 == 0


def test_what_was_posted_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    request = Request.make("POST", "/a", "b=c", body=b"\x00\xff", content_type="x/y", HTTP_COOKIE="k=v")
    serve(validator(reading, record=file), request)
    assert recorded.traffic(str(file)) == [request]


def test_recording_keeps_the_input_what_it_is(tmp_path: Path) -> None:
    kept = {}

    def looking(environ: Any, start_response: Any) -> Any:
        stream = environ["wsgi.input"]
        kept["lines"] = [next(iter(stream)), *stream.readlines()]
        kept["own"] = hasattr(type(stream), "__next__")
        start_response("200 OK", [])
        return [b""]

    import io

    request = Request.make("POST", "/", body=b"a\nb\nc\n")
    environ = environ_of(request)
    environ["wsgi.input"] = io.BytesIO(request.body)
    file = tmp_path / "traffic.jsonl"
    watched = validator(looking, on_violation=lambda finding: None, record=file)
    serve(watched, request, environ=environ)
    assert kept["lines"] == [b"a\n", b"b\n", b"c\n"]
    assert [found.body for found in recorded.traffic(str(file))] == [request.body]


def test_a_file_that_cannot_be_recorded_to_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot record to"):
        validator(reading, record=tmp_path / "no" / "where")


def test_rare_addresses_are_among_few_requests() -> None:
    many = [Request.make("GET", f"/product/{number}") for number in range(500)]
    few = recorded.spread([*many, Request.make("GET", "/about"), Request.make("POST", "/buy")], 10)
    assert len(few) == 10
    assert {"/about", "/buy"} <= {request.path for request in few}


@pytest.mark.parametrize("regex", [
    r"\d{4}", r"[a-z]+-(?:x|y)", r"(\w+)/\1", r"[^/]+", r"a?b*c{2,5}", r".+", r"\w[\w.-]{3}"])
def test_a_sample_matches(regex: str) -> None:
    import re

    made = sample_of(regex)
    assert made is not None
    assert re.fullmatch(regex, made)


def test_what_has_no_sample_has_none() -> None:
    assert sample_of(r"(?!x)x") is None
    assert sample_of("(") is None
