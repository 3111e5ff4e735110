"""A run looks around before it draws: forms are really posted, routes are entered, and data stays as it is."""

from __future__ import annotations

import inspect
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from wsgicheck.active.application import check_application
from wsgicheck.active.options import Options
from wsgicheck.active.safety import Safety, decide
from wsgicheck.active.visits import answer_of
from wsgicheck.errors import ConfigError
from wsgicheck.model.request import Request
from wsgicheck.model.run import Run
from wsgicheck.reach import ReachOptions
from wsgicheck.reach.browser import Answer, Browser, local
from wsgicheck.reach.crawl import crawl, log_in
from wsgicheck.reach.watch import Watch, lines_of
from wsgicheck.reference.gateway import serve


def guarded(log: list[str]) -> Any:
    """Return a small site: a form with a token that belongs to a cookie, a login, pages without end."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = {name: values[0] for name, values in parse_qs(environ["wsgi.input"].read(size).decode()).items()}
        cookies = dict(pair.split("=", 1) for pair in environ.get("HTTP_COOKIE", "").split("; ") if "=" in pair)
        headers = [("Content-Type", "text/html")]
        status, page = "200 OK", ""
        if path == "/":
            headers.append(("Set-Cookie", "token=t0k; Path=/"))
            page = ('<a href="/page/1">on</a><a href="http://other.example/">away</a><a href="/logout">out</a>'
                    '<form method=post action=/send><input type=hidden name=csrf value=t0k><input name=email>'
                    '<select name=kind><option value="">none<option value=x>x</select></form>'
                    '<form method=post action=/delete><input name=all></form>')
        elif path.startswith("/page/"):
            page = f'<a href="/page/{int(path[6:]) + 1}">on</a>'
        elif path == "/send" and method == "POST":
            good = form.get("csrf") == cookies.get("token") == "t0k"
            status, page = ("201 Created", "") if good else ("403 Forbidden", "")
            log.append(f"{status} {form}")
        elif path == "/login":
            page = ("<form method=post><input type=hidden name=csrf value=t0k><input name=user>"
                    "<input name=password></form>")
            if method == "POST":
                good = form == {"csrf": "t0k", "user": "ann", "password": "s3cret"}
                status = "303 See Other" if good else "403 Forbidden"
                headers += [("Location", "/"), ("Set-Cookie", "session=ann; Path=/")] if good else []
        elif path in ("/delete", "/logout"):
            log.append(path)
        else:
            status = "404 Not Found"
        start_response(status, headers)
        return [page.encode()]

    return application


def browser(application: Any) -> Browser:
    def ask(request: Request) -> Answer:
        response = serve(application, request)
        return Answer(response.status, tuple(response.headers), response.body)

    return Browser(ask)


def test_a_crawl_posts_forms_with_their_token_and_stays_within_bounds() -> None:
    log: list[str] = []
    visitor = browser(guarded(log))
    crawl(visitor, ["/"], requests=12, deadline=time.monotonic() + 60, post=True)
    assert log == ["201 Created {'csrf': 't0k', 'email': 'a@example.com', 'kind': 'x'}"]
    visited = [visit.request.path for visit in visitor.visits]
    assert len(visited) <= 12
    # Pages that differ in their number are alike, and a few are enough.
    assert visited.count("/page/2") == 1
    assert "/page/9" not in visited
    sent = next(visit for visit in visitor.visits if visit.request.method == "POST")
    assert sent.code == 201
    assert sent.request.get("HTTP_COOKIE") == "token=t0k"


def test_a_crawl_that_may_not_post_does_not() -> None:
    log: list[str] = []
    visitor = browser(guarded(log))
    crawl(visitor, ["/"], requests=50, deadline=time.monotonic() + 60, post=False)
    assert log == []
    assert {visit.request.method for visit in visitor.visits} == {"GET"}


def test_a_login_fills_in_the_form_that_is_there() -> None:
    visitor = browser(guarded([]))
    assert log_in(visitor, "POST /login user=ann password=s3cret") == ""
    assert dict(visitor.cookies)["session"] == "ann"
    assert log_in(browser(guarded([])), "POST /login user=ann password=wrong") == "the login was answered 403"


@pytest.mark.parametrize(("base", "link", "path"), [
    ("/a/b", "c?d=e", "/a/c?d=e"), ("/a", "http://127.0.0.1/x", "/x"), ("/a", "//evil.example/x", None),
    ("/a", "mailto:a@b.c", None), ("/a", "http://[", None), ("/a", "", "/a"), ("/a", "javascript:x()", None)])
def test_links_that_stay_here(base: str, link: str, path: str | None) -> None:
    assert local(base, link) == path


def sample(number: int) -> int:
    if number > 2:
        return 1
    return 2


def test_the_watch_sees_the_lines_of_this_thread_and_nothing_else() -> None:
    watch = Watch(lambda name: name == __file__)
    with watch:
        sample(1)
        json.dumps([1])
    assert watch.codes == {sample.__code__}
    first = sample.__code__.co_firstlineno
    assert {line - first for _, line in watch.lines} == {1, 3}
    with watch:
        sample(3)
    assert {line - first for _, line in watch.lines} == {1, 2, 3}
    assert {line - first for _, line in lines_of([__file__]) if first <= line <= first + 3} == {1, 2, 3}
    assert sys.gettrace() is None or watch.lines


SITE = """
import sqlite3
from flask import Flask, abort, redirect, request, session

app = Flask(__name__, static_folder=None)
app.secret_key = "x"


@app.get("/")
def index():
    return "<a href='/item/77'>one</a>"


@app.get("/item/<int:number>")
def item(number):
    if number != 77:
        abort(404)
    return "found"


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.form.get("user") == "ann":
        session["user"] = "ann"
    return redirect("/", 303)


@app.get("/secret")
def secret():
    if "user" not in session:
        return redirect("/login")
    return "hidden"


@app.post("/write")
def write():
    with sqlite3.connect("real.sqlite3") as database:
        database.execute("insert into log values (1)")
    return "written"
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    (tmp_path / "subject_site.py").write_text(SITE)
    with sqlite3.connect(tmp_path / "real.sqlite3") as database:
        database.execute("create table log (n)")
    return str(tmp_path)


def check(folder: str, **wishes: Any) -> Run:
    return check_application("subject_site:app", options=Options(
        seed=3, max_examples=20, directory=folder, select=("chunks-are-bytes",), reach=ReachOptions(**wishes)))


def rows(folder: str) -> int:
    with sqlite3.connect(Path(folder) / "real.sqlite3") as database:
        return int(database.execute("select count(*) from log").fetchone()[0])


def test_a_site_with_a_database_is_only_read_and_the_report_says_so(site: str) -> None:
    run = check(site)
    assert rows(site) == 0
    assert run.reach["routes"] == 5
    assert run.reach["entered"] == 4
    assert run.reach["unreached"] == ["POST /write"]
    assert "GET, HEAD and OPTIONS only, since the application may keep data: it loads sqlite3" in run.notes[0]
    assert any("--unsafe-methods" in note and "POST /write" in note for note in run.notes[1:])
    # The crawl has found the one item that there is.
    assert run.reach["succeeded"] == 2


def test_unsafe_methods_and_a_login_enter_everything(site: str) -> None:
    run = check(site, unsafe_methods=True, login="POST /login user=ann")
    assert rows(site) > 0
    assert run.reach["unreached"] == []
    assert run.reach["succeeded"] == 4
    assert run.reach["lines"] == 13
    assert run.reach["lines_run"] >= 12     # all but the answer for an item that there is not
    assert run.notes[0] == "all methods are used, data may be changed (--unsafe-methods)"


def test_routes_none_asks_nobody_and_a_failed_login_is_noted(site: str) -> None:
    run = check(site, routes="none", login="POST /nowhere user=ann", unsafe_methods=True)
    assert run.reach == {}
    assert "the login was answered 404: nobody is logged in" in run.notes


def test_what_is_wrong_is_said_before_anything_starts(site: str) -> None:
    with pytest.raises(ConfigError, match="a route is written as"):
        check(site, named=("nowhere",))
    with pytest.raises(ConfigError, match="a login is written as"):
        check(site, login="me")


def test_the_same_seed_reaches_the_same(site: str) -> None:
    first, second = check(site), check(site)
    assert (first.reach, first.exchanges, first.statuses) == (second.reach, second.exchanges, second.statuses)


def keeps_nothing(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [open(__file__, "rb").read()]


def keeps_a_file(environ: Any, start_response: Any) -> list[bytes]:
    with open("/nowhere", "wb") as file:
        file.write(b"x")
    start_response("200 OK", [])
    return []


def test_what_an_application_may_do_is_decided_by_what_it_uses(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "plain", "__file__": str(tmp_path / "plain.py")}
    for name, safe in (("keeps_nothing", True), ("keeps_a_file", False)):
        code = compile(inspect.getsource(globals()[name]), str(tmp_path / "plain.py"), "exec")
        exec(code, own := dict(namespace))
        assert decide(own[name], Options(), frozenset(), str(tmp_path)).all_methods is safe
    exec(code, own := dict(namespace))
    assert not decide(own["keeps_a_file"], Options(), frozenset({"sqlalchemy"}), str(tmp_path)).all_methods
    assert decide(own["keeps_a_file"], Options(reach=ReachOptions(unsafe_methods=True)), frozenset(),
                  str(tmp_path)).all_methods


@pytest.mark.parametrize("request_", [
    Request.make("POST", "/a", body=b"x=1"), Request.make("GET", "/", "_method=DELETE"), Request.make("BREW", "/"),
    Request.make("GET", "/", HTTP_X_HTTP_METHOD_OVERRIDE="PUT"), Request.make("GET", "/", body=b"_method=put")])
def test_what_may_not_be_asked_is_tamed(request_: Request) -> None:
    safety = Safety(False, "")
    assert not safety.permits(request_)
    assert safety.permits(safety.tame(request_))
    assert Safety(True, "").tame(request_) is request_


STORE = """
class Store:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, environ, start_response):
        return self.put(environ, start_response)

    def put(self, environ, start_response):
        with open(self.folder + environ["PATH_INFO"], "MODE") as file:
            pass
        start_response("204 No Content", [])
        return []
"""


@pytest.mark.parametrize("mode", ["wb", "rb"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_library_that_is_the_application_may_keep_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str,
                                                         inside: bool) -> None:
    name = f"file_store_{mode}_{inside}".lower()
    library = tmp_path / "site-packages" / name
    library.mkdir(parents=True)
    (library / "__init__.py").write_text(STORE.replace("MODE", mode))
    monkeypatch.syspath_prepend(str(library.parent))
    (tmp_path / f"{name}_wrapped.py").write_text(
        "def wrap(app):\n    return lambda environ, start_response: app(environ, start_response)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    store = __import__(name).Store("/nowhere")
    application = __import__(f"{name}_wrapped").wrap(store) if inside else store
    safety = decide(application, Options(), frozenset({name}), "")
    assert safety.all_methods == (mode == "rb"), safety.note


@pytest.mark.parametrize("known", [True, False])
def test_a_visitor_who_is_known_keeps_the_password(known: bool) -> None:
    log: list[str] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            log.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b'<form method=post action=/settings><input name=email><input type=password name=again></form>'
                b'<form method=post action=/note><input name=text></form>']

    visitor = Browser(lambda request: answer_of(serve(application, request)))
    crawl(visitor, ["/"], requests=20, deadline=time.monotonic() + 60, post=True, known=known)
    assert sorted(set(log)) == (["/note"] if known else ["/note", "/settings"])
