"""Every way to name an application leads to it."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from wsgicheck.targets.shape import Shape, shape_of

SHOW = """
import json, sys
from wsgicheck.targets import load_target
t = load_target(sys.argv[1])
print(json.dumps([t.name, list(t.application({}, print))[0].decode(), list(t.details)]))
"""
FILES = {
    "plain.py": "def app(environ, start_response):\n    return [b'plain app']\n",
    "both.py": "def app(environ, start_response):\n    return [b'inner']\n"
               "def application(environ, start_response):\n    return [b'outer']\n",
    "only_factory.py": "def create_app(name='made'):\n    return lambda environ, start_response: [name.encode()]\n",
    "pack/__init__.py": "",
    "pack/app.py": "from . import words\ndef application(environ, start_response):\n    return [words.WORDS]\n"
                   "class Space:\n    app = staticmethod(application)\n",
    "pack/words.py": "WORDS = b'in a package'\n",
    "deep/inner/__init__.py": "",
    "deep/inner/wsgi.py": "from inner.words import WORDS\ndef application(environ, start_response):\n"
                          "    return [WORDS]\n",
    "deep/inner/words.py": "WORDS = b'deep'\n",
    "my-site.py": "def app(environ, start_response):\n    return [b'dashed']\n",
    "json.py": "def app(environ, start_response):\n    return [b'not the standard json']\n",
    "site.wsgi": "def application(environ, start_response):\n    return [b'mod_wsgi']\n",
    "shadow.py": "import types\napp = types\ndef wsgi_app(environ, start_response):\n    return [b'not the module']\n",
}


@pytest.mark.parametrize(("spec", "name", "body"), [
    ("plain:app", "plain:app", "plain app"),
    ("plain", "plain:app", "plain app"),
    ("both", "both:application", "outer"),
    ("both:app", "both:app", "inner"),
    ("only_factory", "only_factory:create_app()", "made"),
    ("only_factory:create_app()", "only_factory:create_app()", "made"),
    ("only_factory:create_app('given')", "only_factory:create_app('given')", "given"),
    ("only_factory:create_app(name='a:b')", "only_factory:create_app(name='a:b')", "a:b"),
    ("pack.app:application", "pack.app:application", "in a package"),
    ("pack.app:Space.app", "pack.app:Space.app", "in a package"),
    ("pack/app.py", "pack.app:application", "in a package"),
    ("./pack/app.py:application", "pack.app:application", "in a package"),
    ("deep/inner/wsgi.py", "inner.wsgi:application", "deep"),
    ("plain.py", "plain:app", "plain app"),
    ("my-site.py:app", "my_site:app", "dashed"),
    ("json.py", "target_json:app", "not the standard json"),
    ("site.wsgi", "target_site:application", "mod_wsgi"),
    ("shadow", "shadow:wsgi_app", "not the module"),
])
def test_found(project: Any, spec: str, name: str, body: str) -> None:
    project.write(FILES)
    # As the console script does it: the working directory is not on the path by itself.
    answer = project.python("-P", "-c", SHOW, spec)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found[:2] == [name, body]


@pytest.mark.parametrize("source", [
    "from flask import Flask\napp = Flask(__name__)\n",
    "from flask import Flask\napp = Flask(__name__).wsgi_app\n",
    "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\napp = ProxyFix(Flask(__name__))\n",
    "from flask import Flask\ninner = Flask(__name__)\n"
    "def wrap(wrapped):\n    def app(environ, start_response):\n        return wrapped(environ, start_response)\n"
    "    return app\napp = wrap(inner.wsgi_app)\n",
], ids=["itself", "its method", "wrapped", "in a closure"])
def test_the_framework_is_named(project: Any, source: str) -> None:
    from importlib.metadata import version
    from platform import python_version

    project.write({"shop.py": source})
    answer = project.python("-c", "from wsgicheck.targets import load_target; print(load_target('shop').details)")
    assert answer.stdout.strip() == str((f"Flask {version('Flask')}", f"Python {python_version().partition('+')[0]}"))


class AppClass:
    """PEP 3333's own: the class is the application, its instances are the iterables."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        self.start = start_response

    def __iter__(self) -> Any:
        yield b""


class Instance:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return []

    def method(self, environ: Any, start_response: Any) -> Any:
        return []

    @staticmethod
    def static(environ: Any, start_response: Any) -> Any:
        return []

    @classmethod
    def of_class(cls, environ: Any, start_response: Any) -> Any:
        return []


def anything(*args: Any, **keywords: Any) -> Any:
    return []


def defaults(environ: Any = None, start_response: Any = None) -> Any:
    return []


def extra(environ: Any, start_response: Any, exc_info: Any = None) -> Any:
    return []


def configured(settings: Any, environ: Any, start_response: Any) -> Any:
    return []


def generator(environ: Any, start_response: Any) -> Any:
    yield b""


async def asynchronous(environ: Any, start_response: Any) -> Any:
    return []


def dressed_as(inner: Any) -> Any:
    @functools.wraps(inner)
    def outer(*args: Any, **keywords: Any) -> Any:
        return []

    return outer


class Odd:
    """Its signature cannot be read."""

    __signature__ = 3

    def __call__(self, *args: Any) -> Any:
        return []


LEGAL: dict[str, Any] = {
    "class whose instances are iterables": AppClass, "instance": Instance(), "method": Instance().method,
    "static method": Instance.static, "class method": Instance().of_class, "any arguments": anything,
    "defaults": defaults, "more than two": extra, "generator": generator,
    "partial": functools.partial(configured, {}), "lambda": lambda e, s: [], "lambda of any": lambda *_: [],
    "wrapped": dressed_as(generator), "no signature": Odd(), "cached": functools.lru_cache(extra),
    "built-in": print, "coroutine made synchronous": dressed_as(asynchronous),
}


@pytest.mark.parametrize("kind", LEGAL)
def test_no_legal_callable_is_refused(kind: str) -> None:
    assert shape_of(LEGAL[kind]) is Shape.APPLICATION
