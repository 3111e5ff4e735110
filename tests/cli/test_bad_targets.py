"""Whatever is wrong with a target is one line that helps, and exit code 2."""

from __future__ import annotations

from typing import Any

import pytest

SHOP = {
    "shop/__init__.py": "",
    "shop/wsgi.py": "def application(environ, start_response):\n"
                    "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                    "    return [b'']\n"
                    "limit = 3\n",
}
ASYNC_CLASS = ("class Star:\n    async def __call__(self, scope, receive, send):\n        pass\n"
               "app = Star()\n")

CASES: dict[str, tuple[dict[str, str], list[str], list[str]]] = {
    # -- the module --
    "missing module": (SHOP, ["nosuchmodule:app"], ["there is no module 'nosuchmodule'", "--chdir", "PYTHONPATH"]),
    "misspelt module": (SHOP, ["shopp.wsgi:application"], ["no module 'shopp'", "did you mean shop.wsgi"]),
    "misspelt submodule": (SHOP, ["shop.wsgy:application"], ["no module 'wsgy' in the package shop",
                                                             "did you mean shop.wsgi"]),
    "dot for colon": (SHOP, ["shop.wsgi.application"], ["did you mean shop.wsgi:application"]),
    "module is no package": ({"one.py": "x = 1\n"}, ["one.two:app"], ["one is a module (one.py)", "no package"]),
    "module in a folder below": ({"src/shop.py": "app = 1\n"}, ["shop:app"], ["there is one in src", "--chdir src"]),
    "package in a folder below": ({"src/shop/__init__.py": "app = 1\n"}, ["shop.wsgi:app"], ["there is one in src"]),
    "missing dependency": ({"shop.py": "\nimport nosuchdependency.sub\n"}, ["shop:app"],
                           ["importing shop raised ModuleNotFoundError", "'nosuchdependency'", "at shop.py:2",
                            "not installed where this Python looks"]),
    "missing part of itself": ({"shop/__init__.py": "from shop.missing import x\n"}, ["shop:app"],
                               ["No module named 'shop.missing'", "shop/__init__.py:1"]),
    # -- importing it --
    "raises": ({"shop.py": "\n\ndef helper():\n    return {}['key']\n\nhelper()\n"}, ["shop:app"],
               ["importing shop raised KeyError: 'key' at shop.py:4"]),
    "raises many lines": ({"shop.py": "raise ValueError('one\\ntwo\\x1b[31m')\n"}, ["shop:app"],
                          ["ValueError: one two\\x1b[31m"]),
    "raises in a library": ({"shop.py": "import json\njson.loads('{')\n"}, ["shop:app"], ["at shop.py:2"]),
    "syntax error": ({"shop.py": "x = 1\ndef f(:\n"}, ["shop:app"], ["SyntaxError: invalid syntax", "shop.py:2"]),
    "null bytes": ({"shop.py": "x = 1\0\n"}, ["shop:app"], ["importing shop raised", "null bytes"]),
    "exception without str": ({"shop.py": "class E(Exception):\n    def __str__(self):\n        raise RuntimeError\n"
                                          "raise E\n"}, ["shop:app"], ["importing shop raised E"]),
    "sys.exit": ({"shop.py": "import sys\nsys.exit(3)\n"}, ["shop:app"],
                 ["importing shop ended the process: sys.exit(3) at shop.py:2", "__main__"]),
    "sys.exit with words": ({"shop.py": "raise SystemExit('no\\nsettings')\n"}, ["shop:app"], ["no\\nsettings"]),
    "sys.exit(0)": ({"shop.py": "import sys\nsys.exit()\n"}, ["shop:app"], ["sys.exit()"]),
    "os._exit": ({"shop.py": "import os\nos._exit(0)\n"}, ["shop:app"], ["importing shop:app ended the process"]),
    "base exception": ({"shop.py": "raise BaseException('odd')\n"}, ["shop:app"], ["BaseException: odd"]),
    "never ends": ({"shop.py": "import time\ntime.sleep(60)\n"}, ["shop:app", "--timeout", "1"],
                   ["importing shop:app did not end"]),
    # -- the attribute --
    "missing attribute": (SHOP, ["shop.wsgi:aplication"], ["no attribute 'aplication'",
                                                           "did you mean shop.wsgi:application"]),
    "unlike any attribute": (SHOP, ["shop.wsgi:zzz"], ["no attribute 'zzz'", "callable there: application"]),
    "missing inner attribute": (SHOP, ["shop.wsgi:application.zzz"], ["shop.wsgi:application has no attribute 'zzz'"]),
    "not callable": (SHOP, ["shop.wsgi:limit"], ["shop.wsgi:limit is an int, which cannot be called",
                                                 "(environ, start_response)"]),
    "None": ({"shop.py": "app = None\n"}, ["shop:app"], ["shop:app is None"]),
    "a module": (SHOP, ["shop:wsgi"], ["did you mean shop.wsgi"]),
    "nothing by a usual name": ({"shop.py": "def hello(environ, start_response):\n    return []\n"}, ["shop"],
                                ["none of application, app, wsgi_app, create_app", "did you mean shop:hello"]),
    "a package's module": (SHOP, ["shop"], ["did you mean shop.wsgi"]),
    "module __getattr__ raises": ({"shop.py": "def __getattr__(name):\n    raise ValueError(name)\n"}, ["shop:app"],
                                  ["looking up 'app' in shop raised ValueError: app at shop.py:2"]),
    # -- what kind of thing it is --
    "async def": ({"shop.py": "async def app(scope, receive, send):\n    pass\n"}, ["shop:app"], ["ASGI", "WSGI"]),
    "async def with WSGI's parameters": ({"shop.py": "async def app(environ, start_response):\n    return []\n"},
                                         ["shop:app"], ["async def"]),
    "async generator": ({"shop.py": "async def app(environ, start_response):\n    yield b''\n"}, ["shop:app"],
                        ["async def"]),
    "ASGI object": ({"shop.py": ASYNC_CLASS}, ["shop:app"], ["ASGI"]),
    "found by name, but ASGI": ({"shop.py": ASYNC_CLASS}, ["shop"], ["shop:app is asynchronous"]),
    "ASGI without async": ({"shop.py": "def app(scope, receive, send):\n    pass\n"}, ["shop:app"], ["ASGI"]),
    "coroutine": ({"shop.py": "async def make():\n    pass\napp = make()\n"}, ["shop:app"], ["coroutine", "awaited"]),
    "async factory": ({"shop.py": "async def make():\n    pass\n"}, ["shop:make()"], ["coroutine"]),
    "factory": ({"shop.py": "def create_app():\n    return None\n"}, ["shop:create_app"],
                ["it is a factory", "shop:create_app()"]),
    "factory with options": ({"shop.py": "def create_app(config=None):\n    return None\n"}, ["shop:create_app"],
                             ["it is a factory", "shop:create_app()"]),
    "factory that looks like an application": ({"shop.py": "def create_app(config=None, debug=False):\n    pass\n"},
                                               ["shop:create_app"], ["it is a factory", "shop:create_app()"]),
    "factory that needs arguments": ({"shop.py": "def create_app(config):\n    return None\n"}, ["shop:create_app()"],
                                     ["missing a required argument: 'config'"]),
    "usual factory that needs arguments": ({"shop.py": "def create_app(config):\n    return None\n"}, ["shop"],
                                           ["shop has a factory create_app, but it needs arguments"]),
    "factory that returns None": ({"shop.py": "def create_app():\n    pass\n"}, ["shop:create_app()"],
                                  ["shop:create_app() returned None"]),
    "factory that raises": ({"shop.py": "def create_app():\n    raise KeyError('DB')\n"}, ["shop:create_app()"],
                            ["calling shop:create_app() raised KeyError: 'DB' at shop.py:2"]),
    "factory that exits": ({"shop.py": "def create_app():\n    exit(1)\n"}, ["shop:create_app()"],
                           ["calling shop:create_app() ended the process: sys.exit(1)"]),
    "call of what is no factory": (SHOP, ["shop.wsgi:limit()"], ["it cannot be called"]),
    "class of applications": ({"shop.py": "class App:\n    def __call__(self, environ, start_response):\n"
                                          "        return []\n"}, ["shop:App"], ["is a class", "shop:App()"]),
    "middleware": ({"shop.py": "def middleware(app):\n    return app\n"}, ["shop:middleware"],
                   ["it is a middleware", "wsgicheck middleware shop:middleware"]),
    "other arguments": ({"shop.py": "def view(request, name, page):\n    pass\n"}, ["shop:view"],
                        ["takes (request, name, page)", "two arguments"]),
    # -- files --
    "missing file": (SHOP, ["shop/wsgy.py:application"], ["there is no file shop/wsgy.py",
                                                          "did you mean shop/wsgi.py"]),
    "missing folder": (SHOP, ["shap/wsgi.py:application"], ["there is no folder shap"]),
    "file without its ending": (SHOP, ["./shop/wsgi:application"], ["did you mean ./shop/wsgi.py"]),
    "folder": (SHOP, ["shop/"], ["shop/ is a folder", "did you mean shop/wsgi.py"]),
    "folder of a package": ({"web/shop/__init__.py": ""}, ["web/"], ["did you mean web/shop/__init__.py"]),
    "file that is not Python": ({"site.wsgi": "<VirtualHost *:80>\n"}, ["./site.wsgi"], ["SyntaxError", "site.wsgi:1"]),
    # -- the words --
    "empty": (SHOP, [""], ["TARGET takes a string that is not empty"]),
    "no module": (SHOP, [":application"], ["is no target"]),
    "spaces": (SHOP, ["shop wsgi"], ["is no module's name"]),
    "factory without a colon": (SHOP, ["shop.create_app()"], ["as in shop:create_app()"]),
    "no attribute name": (SHOP, ["shop.wsgi:a b"], ["is no target"]),
    "arguments that are no literals": (SHOP, ["shop.wsgi:create(open('x'))"], ["literal arguments"]),
    "misspelt verb": (SHOP, ["explian"], ["did you mean `wsgicheck explain`"]),
    "missing --chdir": (SHOP, ["shop.wsgi", "--chdir", "nowhere"], ["nowhere"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_that_helps(project: Any, refused: Any, case: str) -> None:
    files, args, fragments = CASES[case]
    project.write(files)
    line = refused(project.run(*args))
    for fragment in fragments:
        assert fragment in line


def test_django_without_settings(project: Any, refused: Any) -> None:
    project.write({"shop.py": "from django.core.handlers.wsgi import WSGIHandler\napplication = WSGIHandler()\n"})
    line = refused(project.run("shop"))
    assert "--settings mysite.settings" in line
    assert "at shop.py:2" in line


def test_flask_class_instead_of_its_instance(project: Any, refused: Any) -> None:
    project.write({"shop.py": "from flask import Flask\n"})
    assert "shop:Flask is a class" in refused(project.run("shop:Flask"))
