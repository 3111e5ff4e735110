"""What an application contains is found without running it, and the branches that rest on it are entered."""

from __future__ import annotations

import sys
import types
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from subjects import branches, flask_site, hostile

from wsgicheck import strategies
from wsgicheck.plan import compile_plan
from wsgicheck.reference.gateway import serve
from wsgicheck.spies.spy import Spied
from wsgicheck.strategies import Endpoint, Material, endpoint_of, material_of


class Enough(Exception):
    """All branches were entered."""


def entered(app: Any, material: Material, wanted: set[str], most: int) -> set[str]:
    """Return the branches that `most` draws enter, fewer if all that is wanted is entered before."""
    found: set[str] = set()

    @seed(1)
    @settings(max_examples=most, database=None, phases=[Phase.generate], deadline=None,
              suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
    @given(strategies.requests(material))
    def run(drawn: Any) -> None:
        error = serve(app, drawn).error
        if isinstance(error, branches.Entered):
            found.add(str(error))
        elif error is not None:
            raise error
        if found == wanted:
            raise Enough

    with suppress(Enough):
        run()
    return found


SUBJECTS: dict[str, tuple[Any, set[str]]] = {
    "plain": (branches.plain, {"path and query", "path and header", "path and method", "prefix and method"}),
    "shop": (branches.shop, {"two form fields", "name and value"}),
    "cookies": (branches.cookies, {"cookie", "json"}),
    "stacked": (branches.stacked, {"closure", "two form fields", "name and value"}),
    "generator": (branches.generator, {"nested tuple"}),
    "partial": (branches.partial, {"path and query", "path and header", "path and method", "prefix and method"}),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_branches_on_constants_are_entered_without_being_told(name: str) -> None:
    app, branches_of_it = SUBJECTS[name]
    assert entered(app, material_of(app), branches_of_it, 6000) == branches_of_it


def test_without_the_constants_they_are_not_entered() -> None:
    # The draws alone do not hit them by chance: it is the reading that does it.
    assert entered(branches.plain, strategies.EMPTY, {"any"}, 1500) == set()
    assert entered(branches.shop, strategies.EMPTY, {"any"}, 1500) == set()


def test_a_path_knows_what_is_asked_beside_it() -> None:
    material = material_of(branches.plain)
    known = {endpoint.path: endpoint for endpoint in material.endpoints}
    assert "debug" in known["/x"].query_names
    assert ("HTTP_X_SECRET_TOKEN", "sesame") in known["/admin"].headers
    assert "PURGE" in known["/admin"].methods
    assert "DELETE" in known["/items/"].methods
    assert "PURGE" in material.methods


def test_a_dispatch_table_leads_from_a_path_to_what_its_view_asks() -> None:
    known = {endpoint.path: endpoint for endpoint in material_of(branches.shop).endpoints}
    assert "order" in known["/find"].query_names
    assert {"quantity", "unit"} <= set(known["/cart"].form_names)
    assert "doubloon" in material_of(branches.shop).query_values    # an attribute of its class


def test_a_watched_application_is_read_and_not_its_spy() -> None:
    watched = Spied(branches.plain, compile_plan([], None))
    assert set(material_of(watched).endpoints) == set(material_of(branches.plain).endpoints)
    assert not {"returned the server's file wrapper", "start_response"} & set(material_of(watched).query_values)


def test_what_is_no_datum_is_left_out() -> None:
    source = '''
"""Docstring_of_module"""
from name_of_package import name_of_import
class NameOfClass:
    """Docstring_of_class"""
    field: int = call(name_of_keyword="value_of_keyword")
def application(environ: "annotation", start_response):
    """Docstring_of_function"""
    return request.query.attribute_of_query == "value"
'''
    names: dict[str, Any] = {"__name__": "made_here"}
    made = types.FunctionType(compile(source, __file__, "exec"), names)
    material = material_of(made)
    known = {*material.query_values, *material.query_names}
    assert {"value_of_keyword", "value", "attribute_of_query"} <= known
    assert ("attribute_of_query", "value") in material.pairs
    assert not {word for word in known if word.startswith(("Docstring", "name_of", "NameOf"))}


def test_a_route_and_its_view_make_an_endpoint() -> None:
    shop = branches.Shop()
    endpoint = endpoint_of("/p/1", shop.find, ("GET",))
    assert (endpoint.path, endpoint.methods) == ("/p/1", ("GET",))
    assert {"order", "upwards", "pay"} <= set(endpoint.query_names)
    assert endpoint_of("/p/1", object()) == Endpoint("/p/1")


def test_nothing_of_the_application_runs() -> None:
    hostile.TOUCHED.clear()
    material = material_of(hostile.application)
    assert hostile.TOUCHED == []
    assert "/behind-the-trap" in {endpoint.path for endpoint in material.endpoints}
    assert {"in-a-slot", "in-the-class", "in-a-list"} <= set(material.query_values)


def test_a_package_is_read_before_it_is_loaded() -> None:
    from subjects.site_under_test import wsgi

    material = material_of(wsgi.application)
    assert "subjects.site_under_test.pages" not in sys.modules
    paths = {endpoint.path for endpoint in material.endpoints}
    assert {"/late-page", "/sign-up", "/terms"} <= paths
    assert {"nickname", "colour", "theme"} <= set(material.form_names)
    assert not any("{" in name for name in material.form_names)
    assert "teal" in material.query_values
    assert "step=2" in material.queries


def test_a_framework_is_passed_through_and_not_read() -> None:
    material = material_of(flask_site.app)
    assert ("shout", "loud") in material.pairs
    # Keys of its configuration, constants of its code.
    foreign = {*flask_site.app.config, "flask._preserve_context", "x-www-form-urlencoded"}
    assert not foreign & set(material.query_values)


def test_an_application_that_lives_in_a_library_is_read() -> None:
    from wsgiref.simple_server import demo_app

    from webtest.debugapp import debug_app

    assert material_of(demo_app) != Material()
    assert "error" in material_of(debug_app).query_names


@pytest.mark.parametrize("odd", [None, 3, "text", object(), len, types.SimpleNamespace(a="b"), type, [], {}, Ellipsis],
                         ids=range(10))
def test_any_object_will_do(odd: object) -> None:
    assert isinstance(material_of(odd), Material)


def test_it_is_bounded_and_repeats_itself() -> None:
    lines = "\n".join(f"    if path == '/p{i}': return query['n{i}'] == 'v{i}'" for i in range(2000))
    names: dict[str, Any] = {}
    exec(compile(f"def application(environ, start_response):\n    path, query = '', {{}}\n{lines}\n", __file__, "exec"),
         names)
    material = material_of(names["application"])
    assert 50 < len(material.endpoints) <= 200
    assert 50 < len(material.query_names) <= 150
    assert len(material.pairs) <= 400
    assert material == material_of(names["application"])
    request = strategies.assembled("GET", material.endpoints[0].path, "")
    assert request.path == "/p0"


def test_a_recursive_and_broken_graph_ends() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        return loop, unset

    loop: Any = {}
    loop["self"] = [loop, application]
    if environ := loop.get("never"):
        unset = environ
    assert "self" in material_of(application).query_names
