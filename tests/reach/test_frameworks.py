"""Each framework's routes are found by themselves, with mounts, methods and paths that really lead to them."""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsgicheck.model.request import Request
from wsgicheck.reach import reach
from wsgicheck.reach.reached import Tracker
from wsgicheck.reference.gateway import serve


def load(name: str) -> Any:
    """Import a framework whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            pytest.skip(f"{name} is not installed")


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def routes(application: Any) -> dict[str, Any]:
    found = reach(application)
    assert not found.notes
    return {route.name: route for route in found.routes}


def answers(application: Any) -> dict[str, int]:
    """Ask each route by its first path and method, and return the codes."""
    codes = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, route in routes(application).items():
            response = serve(application, Request.make(route.methods[0], route.paths[0], CONTENT_LENGTH="0"))
            codes[name] = int(str(response.status)[:3])
            assert route.takes(route.methods[0])
            assert route.matches(route.paths[0]), (route.pattern.pattern, route.paths)
    return codes


def flask_app() -> Any:
    flask = load("flask")
    app = flask.Flask("site", static_folder=None)

    @app.get("/")
    def index() -> str:
        return "start"

    @app.route("/item/<int:number>/<any(red, blue):colour>")
    def item(number: int, colour: str) -> str:
        return f"{number}{colour}"

    @app.post("/item/<uuid:key>")
    def change(key: Any) -> str:
        return str(key)

    @app.get("/code/<string(length=4):code>")
    def code(code: str) -> str:
        return code

    return app


def test_flask() -> None:
    assert answers(flask_app()) == {
        "GET /": 200, "GET /item/<int:number>/<any(red, blue):colour>": 200, "POST /item/<uuid:key>": 200,
        "GET /code/<string(length=4):code>": 200}
    assert routes(flask_app())["POST /item/<uuid:key>"].view.__name__ == "change"


def test_a_werkzeug_map_that_an_application_keeps() -> None:
    routing = load("werkzeug.routing")
    wrappers = load("werkzeug.wrappers")

    class Site:
        def __init__(self) -> None:
            self.url_map = routing.Map([routing.Rule("/<name>", endpoint="greet", methods=["GET"])])

        def on_greet(self, request: Any, name: str) -> Any:
            return wrappers.Response(name)

        def __call__(self, environ: Any, start_response: Any) -> Any:
            request = wrappers.Request(environ)
            endpoint, values = self.url_map.bind_to_environ(environ).match()
            return getattr(self, f"on_{endpoint}")(request, **values)(environ, start_response)

    assert answers(Site()) == {"GET /<name>": 200}
    assert routes(Site())["GET /<name>"].view is Site.on_greet


def test_applications_below_middleware_and_dispatchers() -> None:
    dispatcher = load("werkzeug.middleware.dispatcher")
    inner, outer = flask_app(), flask_app()

    class Timer:
        def __init__(self, app: Any) -> None:
            self.app = app

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.app(environ, start_response)

    def closed(app: Any) -> Callable[..., Any]:
        def middleware(environ: Any, start_response: Any) -> Any:
            return app(environ, start_response)

        return middleware

    outer.wsgi_app = dispatcher.DispatcherMiddleware(outer.wsgi_app, {"/below": Timer(inner)})
    found = answers(closed(Timer(outer)))
    assert found["GET /"] == 200
    assert found["GET /below/"] == 200
    assert found["GET /below/code/<string(length=4):code>"] == 200
    assert len(found) == 8


def test_a_function_that_calls_an_application_by_its_global_name() -> None:
    module = types.ModuleType("hand_written")
    module.site = flask_app()  # type: ignore[attr-defined]
    exec("def application(environ, start_response):\n    return site(environ, start_response)\n", module.__dict__)
    assert "GET /" in routes(module.application)


def test_paste_urlmap() -> None:
    urlmap = load("paste.urlmap").URLMap()
    urlmap["/shop"] = flask_app()
    assert answers(urlmap)["GET /shop/"] == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")     # of Bottle's own
def test_bottle_with_a_mount() -> None:
    bottle = load("bottle")
    app, below = bottle.Bottle(), bottle.Bottle()
    app.get("/file/<name:path>", callback=lambda name: name)
    app.route("/n/<number:int>", method=["GET", "DELETE"], callback=lambda number: str(number))
    app.get("/re/<word:re:[a-z]{3}>", callback=lambda word: word)
    below.get("/in", callback=lambda: "inside")
    app.mount("/below", below)
    assert answers(app) == {"GET /file/<name:path>": 200, "GET /n/<number:int>": 200, "DELETE /n/<number:int>": 200,
                            "GET /re/<word:re:[a-z]{3}>": 200, "GET /below/in": 200}


def test_falcon() -> None:
    falcon = load("falcon")

    class Things:
        def on_get(self, request: Any, response: Any, number: int) -> None:
            response.text = str(number)

        def on_put(self, request: Any, response: Any, number: int) -> None:
            response.text = "put"

    app = falcon.App()
    app.add_route("/things/{number:int}", Things())
    assert answers(app) == {"GET /things/{number:int}": 200, "PUT /things/{number:int}": 200}


def test_pyramid() -> None:
    config = load("pyramid.config")
    response = load("pyramid.response").Response

    def view(request: Any) -> Any:
        return response("fine")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with config.Configurator() as made:
            made.add_route("item", r"/item/{number:\d+}")
            made.add_route("rest", "/files/*rest")
            made.add_view(view, route_name="item", request_method="GET")
            made.add_view(view, route_name="item", request_method="POST")
            # What is there for HEAD beside GET is no place of its own.
            made.add_view(view, route_name="item", request_method="HEAD")
            made.add_view(view, route_name="rest")
            app = made.make_wsgi_app()
    assert answers(app) == {r"GET /item/{number:\d+}": 200, r"POST /item/{number:\d+}": 200, "GET /files/*rest": 200}


def test_cherrypy() -> None:
    cherrypy = load("cherrypy")

    class Below:
        @cherrypy.expose
        def index(self) -> str:
            return "below"

        @cherrypy.expose
        def item(self, number: str, colour: str = "red") -> str:
            return number + colour

    class Root:
        below = Below()

        @cherrypy.expose
        def index(self) -> str:
            return "start"

        def hidden(self) -> str:
            return "not exposed"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = load("cherrypy._cptree").Tree()
        tree.mount(Root(), "/site", {"/": {"log.screen": False}})
        found = routes(tree)
    assert set(found) == {"GET /site/", "GET /site/below", "GET /site/below/item/<arg0>"}
    assert found["GET /site/below/item/<arg0>"].paths[0] == "/site/below/item/1"


def test_webpy() -> None:
    web = load("web")

    class Hello:
        def GET(self, name: str) -> str:
            return name

        def POST(self, name: str) -> str:
            return "posted"

    app = web.application((r"/hello/(\w+)", "Hello", "/old", "redirect /new"), {"Hello": Hello})
    assert answers(app.wsgifunc()) == {r"GET /hello/(\w+)": 200, r"POST /hello/(\w+)": 200}


DJANGO_SITE = '''
from django.conf import settings
settings.configure(ROOT_URLCONF="reach_site", SECRET_KEY="x", ALLOWED_HOSTS=["*"], DATABASES={{}}, USE_I18N=True,
                   INSTALLED_APPS=["rest_framework"] if {drf} else [], LANGUAGE_CODE="en", MIDDLEWARE=[],
                   REST_FRAMEWORK={{"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}})
import django
django.setup()
from django.conf.urls.i18n import i18n_patterns
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import include, path, re_path, register_converter
from django.views import View
from django.views.decorators.http import require_http_methods

class Even:
    regex = "[02468]+"
    def to_python(self, value): return int(value)
    def to_url(self, value): return str(value)
register_converter(Even, "even")

def plain(request, *given, **values): return HttpResponse("fine")
@require_http_methods(["PUT"])
def put(request): return HttpResponse("put")
class Page(View):
    def get(self, request): return HttpResponse("page")
    def delete(self, request): return HttpResponse("gone")

urlpatterns = [
    path("even/<even:number>/", plain),
    path("in/", include([path("put", put), path("page/", Page.as_view())])),
    re_path(r"^old/(?P<year>[0-9]{{4}})/(?P<slug>[\\w-]+)/$", plain),
    re_path(r"^group/(\\d+)x$", plain),
    *i18n_patterns(path("local/", plain)),
]
if {drf}:
    from rest_framework import routers, viewsets
    from rest_framework.response import Response
    class Things(viewsets.ViewSet):
        def list(self, request): return Response([1])
        def create(self, request): return Response(1, 201)
        def retrieve(self, request, pk=None): return Response(pk)
        def destroy(self, request, pk=None): return Response(status=204)
    router = routers.SimpleRouter()
    router.register("things", Things, basename="thing")
    urlpatterns += [path("api/", include(router.urls))]
application = get_wsgi_application()
'''


@pytest.fixture(scope="module")
def django_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """A process can hold one Django site, so this one has a process of its own."""
    import json
    import subprocess

    load("django")
    try:
        importlib.import_module("rest_framework")
        drf = True
    except ImportError:
        drf = False
    folder = tmp_path_factory.mktemp("django")
    (folder / "reach_site.py").write_text(DJANGO_SITE.format(drf=drf))
    program = f"""
import json, sys
sys.path[:0] = [{str(folder)!r}, {str(Path(__file__).parent)!r}]
import reach_site
from test_frameworks import answers
print(json.dumps(answers(reach_site.application)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_django(django_answers: dict[str, int]) -> None:
    expected = {"GET /even/<even:number>/": 200, "PUT /in/put": 200, "GET /in/page/": 200,
                r"GET /old/(?P<year>[0-9]{4})/(?P<slug>[\w-]+)/": 200, r"GET /group/(\d+)x": 200, "GET /en/local/": 200}
    assert {name: code for name, code in django_answers.items() if "/api/" not in name} == expected


def test_django_rest_framework(django_answers: dict[str, int]) -> None:
    load("rest_framework")
    api = {name: code for name, code in django_answers.items() if "/api/" in name}
    assert sorted(api.values()) == [200, 200]
    assert len(api) == 2


def test_the_most_literal_of_two_routes_gets_the_request() -> None:
    flask = load("flask")
    app = flask.Flask("site", static_folder=None)
    app.add_url_rule("/<path:anything>", "any", lambda anything: anything)
    app.add_url_rule("/help", "help", lambda: "help")
    tracker = Tracker(reach(app).routes, lambda name: True)
    route = tracker.route_of("GET", "/help")
    assert route is not None
    assert route.rule == "/help"
    other = tracker.route_of("HEAD", "/helpless")
    assert other is not None
    assert other.rule == "/<path:anything>"
    assert tracker.route_of("POST", "/help") is None


def test_an_application_without_a_framework_has_no_routes() -> None:
    assert reach(hello).routes == ()
    assert reach(None).routes == ()
    assert reach(len).routes == ()
