"""The real applications in ``fixtures/apps`` do what they are there for: each is driven as a visitor would.

They are the subjects on which the suite must not raise a false alarm, so their own behaviour is settled here,
without wsgicheck. WebTest's lint watches every request that goes through ``TestApp``.
"""

import csv
import gzip
import importlib
import importlib.util
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
import webtest

pytest.importorskip("django")
pytest.importorskip("flask")

APPS = Path(__file__).resolve().parent.parent / "fixtures" / "apps"
POLLS = APPS / "polls"
SHOP = APPS / "shop"

Application = Callable[..., Any]


@dataclass
class Answer:
    """What a raw WSGI call gave, before anybody has iterated over the body."""

    status: str
    headers: list[tuple[str, str]]
    body: Any

    def header(self, name: str) -> str | None:
        """The header's value, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def close(self) -> None:
        """Close the body as a server does."""
        if hasattr(self.body, "close"):
            self.body.close()

    def read(self) -> bytes:
        """The whole body; it is closed afterwards."""
        try:
            return b"".join(self.body)
        finally:
            self.close()


def ask(app: Application, path: str, **environ: Any) -> Answer:
    """Call the application with a bare environ; ``start_response`` must have been called when it returns."""
    environ = {"PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", **environ}
    setup_testing_defaults(environ)
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = [status, headers]
        return pytest.fail  # none of these applications writes

    body = app(environ, start_response)
    return Answer(started[0], started[1], body)


def load(path: Path) -> Any:
    """A module from its file, under a name that no other test uses."""
    spec = importlib.util.spec_from_file_location(f"fixture_app_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the two hello worlds --------------------------------------------------------------------------------------


def test_hello_is_clean() -> None:
    app = webtest.TestApp(load(APPS / "hello.py").application)
    response = app.get("/")
    assert response.body == b"Hello World\n"
    assert response.headers["Content-Length"] == "12"
    assert response.content_type == "text/plain"


def test_blog_yields_text_and_is_refused_for_it() -> None:
    application = load(APPS / "blog.py").application
    answer = ask_lazily(application)
    assert answer == ("200 OK", [("Content-Type", "text/plain")], ["Hello World\n"])
    with pytest.raises(AssertionError, match="returned a non-<class 'bytes'> object: 'Hello World"):
        webtest.TestApp(application).get("/")


def ask_lazily(app: Application) -> tuple[str, list[tuple[str, str]], list[Any]]:
    """Call an application that starts its response only when it is iterated over."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    started: list[Any] = []
    chunks = list(app(environ, lambda status, headers: started.extend((status, headers))))
    return started[0], started[1], chunks


# --- the polls: a Django site ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def polls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The site's WSGI callable. Django stays set up for the rest of the process; path and environment do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLLS_STATE_DIR", str(tmp_path_factory.mktemp("polls-state")))
        patch.setenv("DJANGO_SETTINGS_MODULE", "polls_site.settings")
        patch.syspath_prepend(str(POLLS))
        yield importlib.import_module("polls_site.wsgi").application


@pytest.fixture
def visitor(polls: Application) -> webtest.TestApp:
    """A visitor of the polls without any cookie."""
    return webtest.TestApp(polls)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/polls/", "text/html"),
        ("/polls/1/", "text/html"),
        ("/polls/1/results/", "text/html"),
        ("/polls/1/results.json", "application/json"),
        ("/polls/1/attachments/", "text/html"),
        ("/polls/attachments/1/", "text/plain"),
        ("/polls/search/", "text/html"),
        ("/polls/votes.csv", "text/csv"),
        ("/visits/", "text/html"),
        ("/admin/login/", "text/html"),
    ],
)
def test_polls_pages_answer_get_and_head(visitor: webtest.TestApp, path: str, content_type: str) -> None:
    assert visitor.get(path, status=200).content_type == content_type
    assert visitor.head(path, status=200).content_type == content_type


def test_polls_home_leads_to_the_latest_questions(visitor: webtest.TestApp) -> None:
    page = visitor.get("/", status=302).follow()
    assert page.request.path == "/polls/"
    assert len(page.html.select("main li a")) == 5
    assert "Which day suits you?" in page
    assert "What will be asked one day?" not in page


@pytest.mark.parametrize(
    "path", ["/polls/13/", "/polls/13/results.json", f"/polls/{10**40}/", "/polls/attachments/99/", "/x"]
)
def test_polls_unpublished_and_unknown_are_not_found(visitor: webtest.TestApp, path: str) -> None:
    assert "There is nothing at" in visitor.get(path, status=404)
    visitor.get(path, headers={"If-None-Match": "*"}, status=404)


def test_polls_votes_are_counted_and_told(visitor: webtest.TestApp) -> None:
    def votes() -> list[int]:
        return [choice["votes"] for choice in visitor.get("/polls/2/results.json").json["choices"]]

    before = votes()
    form = visitor.get("/polls/2/").forms["vote"]
    form["choice"] = form["choice"].options[1][0]
    results = form.submit(status=302).follow()
    assert results.request.path == "/polls/2/results/"
    assert "You voted for “Egg and spam”." in results
    assert votes() == [before[0], before[1] + 1, before[2]]
    assert "You voted" not in visitor.get("/polls/2/results/")


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        ([], "You didn&#x27;t select a choice."),
        ([("choice", "")], "You didn&#x27;t select a choice."),
        ([("choice", "1")], "That is no choice here."),  # a choice of another question
        ([("choice", "many")], "That is no choice here."),
        ([("choice", "\0")], "Null characters are not allowed."),
        ([("choice", str(10**40))], "That is no choice here."),
    ],
)
def test_polls_votes_for_nothing_are_asked_again(
    visitor: webtest.TestApp, choice: list[tuple[str, str]], complaint: str
) -> None:
    token = visitor.get("/polls/2/").forms["vote"]["csrfmiddlewaretoken"].value
    page = visitor.post("/polls/2/vote/", [("csrfmiddlewaretoken", token), *choice], status=200)
    assert complaint in page
    assert "vote" in page.forms


@pytest.mark.parametrize("path", ["/polls/2/vote/", "/polls/1/attachments/", "/admin/login/"])
def test_polls_posts_without_a_token_are_refused(visitor: webtest.TestApp, path: str) -> None:
    visitor.get("/polls/2/")  # the cookie alone is not enough
    assert "CSRF verification failed" in visitor.post(path, {"choice": "4"}, status=403)


def test_polls_vote_is_post_only(visitor: webtest.TestApp) -> None:
    assert visitor.get("/polls/2/vote/", status=405).headers["Allow"] == "POST"


def test_polls_search_finds_and_pages(visitor: webtest.TestApp) -> None:
    form = visitor.get("/polls/search/").forms["search"]
    form["q"] = "what"
    assert [link.text for link in form.submit().html.select("main li a")] == [
        "What is the airspeed velocity of an unladen swallow?",
        "What's for breakfast?",
        "What's new?",
    ]
    page = visitor.get("/polls/search/")
    seen = len(page.html.select("main li a"))
    while page.html.select("a[rel=next]"):
        page = page.click(linkid=None, description="^On$")
        seen += len(page.html.select("main li a"))
    assert seen == 12
    assert page.html.select("a[rel=prev]")
    assert "Wie heißt die Straße" in visitor.get("/polls/search/", {"q": "straße"})


@pytest.mark.parametrize("page", ["", "0", "-1", "999", "x", "9" * 5000, "\0"])
def test_polls_search_takes_any_page(visitor: webtest.TestApp, page: str) -> None:
    assert "Page" in visitor.get("/polls/search/", {"q": "o", "page": page}, status=200)


@pytest.mark.parametrize("query", ["q=%00", "q=" + "a" * 60_000, "q=%ff%fe", "q=%", "q=_&q=%25"])
def test_polls_search_takes_any_words(visitor: webtest.TestApp, query: str) -> None:
    assert visitor.get(f"/polls/search/?{query}", status=200).forms["search"]


def test_polls_results_are_told_once(visitor: webtest.TestApp) -> None:
    first = visitor.get("/polls/3/results.json")
    assert first.json["question"] == "Tabs or spaces?"
    assert [choice["choice_text"] for choice in first.json["choices"]] == ["Spaces", "Tabs"]
    again = visitor.get("/polls/3/results.json", headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Content-Length" not in again.headers
    visitor.get("/polls/3/results.json", headers={"If-Match": '"other"'}, status=412)


def test_polls_attachment_comes_back_as_it_was_sent(visitor: webtest.TestApp) -> None:
    content = bytes(range(256)) * 100
    form = visitor.get("/polls/4/attachments/").forms["attach"]
    form["title"] = "All bytes"
    form["file"] = webtest.Upload("Straße & Co.bin", content, "application/octet-stream")
    page = form.submit(status=302).follow()
    assert "“All bytes” is attached." in page
    fetched = page.click("^All bytes$")
    assert fetched.body == content
    assert fetched.content_type == "application/octet-stream"
    assert fetched.headers["Content-Disposition"].startswith("attachment; filename")


@pytest.mark.parametrize(
    ("title", "content", "complaint"),
    [
        ("Too large", b"x" * (256 * 1024 + 1), "The file is larger than 256 KiB."),
        ("Empty", b"", "The submitted file is empty."),
        ("", b"x", "This field is required."),
    ],
)
def test_polls_attachment_is_looked_at(visitor: webtest.TestApp, title: str, content: bytes, complaint: str) -> None:
    form = visitor.get("/polls/5/attachments/").forms["attach"]
    form["title"] = title
    form["file"] = webtest.Upload("file.txt", content, "text/plain")
    page = form.submit(status=200)
    assert complaint in page
    assert "Nothing is attached." in page


def test_polls_attachment_that_is_gone_is_not_found(visitor: webtest.TestApp, polls: Application) -> None:
    form = visitor.get("/polls/6/attachments/").forms["attach"]
    form["title"] = "Soon gone"
    form["file"] = webtest.Upload("gone.txt", b"gone", "text/plain")
    link = form.submit().follow().html.find("a", string="Soon gone")["href"]
    (Path(os.environ["POLLS_STATE_DIR"]) / "media" / "attachments" / "gone.txt").unlink()
    visitor.get(link, status=404)


@pytest.mark.parametrize("wrapper", [None, FileWrapper])
def test_polls_download_is_a_file_and_is_closed(polls: Application, wrapper: Any) -> None:
    offered = {} if wrapper is None else {"wsgi.file_wrapper": wrapper}
    answer = ask(polls, "/polls/attachments/1/", **offered)
    assert answer.status == "200 OK"
    assert isinstance(answer.body, FileWrapper) == (wrapper is not None)
    file = answer.body.filelike if wrapper else answer.body.file_to_stream
    content = b"".join(answer.body)
    assert answer.header("Content-Length") == str(len(content)) == "15600"
    assert content.startswith(b"Every visitor may vote")
    answer.close()
    assert file.closed


def test_polls_download_is_sent_once(visitor: webtest.TestApp) -> None:
    modified = visitor.get("/polls/attachments/1/").headers["Last-Modified"]
    again = visitor.get("/polls/attachments/1/", headers={"If-Modified-Since": modified}, status=304)
    assert again.body == b""
    assert "Content-Length" not in again.headers


def test_polls_export_is_streamed(polls: Application) -> None:
    answer = ask(polls, "/polls/votes.csv")
    assert answer.header("Content-Length") is None
    chunks = list(answer.body)
    answer.close()
    rows = list(csv.reader(io.StringIO(b"".join(chunks).decode())))
    assert len(chunks) == len(rows) == 1 + 36
    assert rows[0] == ["question", "choice", "votes"]
    assert rows[1][:2] == ["What's new?", "Not much"]
    assert not any(row[0] == "What will be asked one day?" for row in rows)


def test_polls_export_may_be_broken_off(polls: Application) -> None:
    for _ in range(3):
        answer = ask(polls, "/polls/votes.csv")
        assert next(iter(answer.body)) == b"question,choice,votes\r\n"
        answer.close()
    assert ask(polls, "/polls/votes.csv").read().count(b"\r\n") == 1 + 36


def test_polls_export_is_compressed_for_who_takes_it(polls: Application) -> None:
    answer = ask(polls, "/polls/votes.csv", HTTP_ACCEPT_ENCODING="gzip")
    assert answer.header("Content-Encoding") == "gzip"
    assert answer.header("Vary") == "Accept-Encoding"
    assert gzip.decompress(answer.read()) == ask(polls, "/polls/votes.csv").read()


def test_polls_visits_are_counted_by_session(visitor: webtest.TestApp, polls: Application) -> None:
    assert "1 time." in visitor.get("/visits/")
    assert "2 times." in visitor.get("/visits/")
    assert "1 time." in webtest.TestApp(polls).get("/visits/")


def test_polls_admin_lets_the_administrator_in(visitor: webtest.TestApp) -> None:
    login = visitor.get("/admin/polls/question/", status=302).follow()
    form = login.form
    form["username"], form["password"] = "admin", "wrong"
    refused = form.submit(status=200)
    assert "Please enter the correct username and password" in refused
    form = refused.form
    form["username"], form["password"] = "admin", "polls-admin"
    questions = form.submit(status=302).follow(status=200)
    assert questions.request.path == "/admin/polls/question/"
    assert "What&#x27;s new?" in questions

    change = visitor.get("/admin/polls/question/12/change/").forms["question_form"]
    change["question_text"] = "Which day suits you? "
    change["choice_set-3-choice_text"] = "Sunday"
    done = change.submit(status=302).follow()
    assert "was changed successfully" in done
    assert "Sunday" in visitor.get("/polls/12/")
    visitor.get("/admin/polls/attachment/", status=200)
    visitor.get("/admin/polls/attachment/1/change/", status=200)

    # The export's length is asserted elsewhere: take the choice away again.
    change = visitor.get("/admin/polls/question/12/change/").forms["question_form"]
    change["choice_set-3-DELETE"] = True
    change.submit(status=302)

    visitor.get("/admin/").forms["logout-form"].submit(status=200)
    visitor.get("/admin/polls/question/", status=302)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("elsewhere.example", "200"),
        ("[::1]:8000", "200"),
        ("a b", "400"),
        ("x/y", "400"),
        ("caf\xe9", "400"),
        ("@", "400"),
    ],
)
def test_polls_answers_under_any_host_that_is_one(polls: Application, host: str, status: str) -> None:
    answer = ask(polls, "/polls/1/", HTTP_HOST=host)
    answer.read()
    assert answer.status[:3] == status


def test_polls_stay_below_their_script_name(polls: Application) -> None:
    answer = ask(polls, "/polls/", SCRIPT_NAME="/caf\xc3\xa9")
    assert b'href="/caf%C3%A9/polls/12/"' in answer.read()


def test_polls_have_an_error_page(polls: Application) -> None:
    from django.test import RequestFactory
    from django.views.defaults import server_error

    response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert b"Our fault" in response.content


# --- the polls: how they start ---------------------------------------------------------------------------------


def python(*arguments: str, tmp: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the site's directory, with a temporary directory of its own and warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=POLLS,
        env=_environ(tmp, **environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _environ(tmp: Path, **more: str) -> dict[str, str]:
    ours = ("POLLS_", "DJANGO_SETTINGS_MODULE", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "TMPDIR": str(tmp), **more}


COUNT = """
from polls.models import Question
print(Question.objects.count(), flush=True)
"""


@pytest.mark.parametrize("command", [["check", "--fail-level", "WARNING"], ["makemigrations", "--check", "--dry-run"]])
def test_polls_manage_finds_nothing_amiss(tmp_path: Path, command: list[str]) -> None:
    done = python("manage.py", *command, tmp=tmp_path, POLLS_STATE_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("form", ["wsgi", "wsgi_mended"])
def test_polls_leave_nothing_behind(tmp_path: Path, form: str) -> None:
    def sources() -> set[Path]:
        return {path for path in POLLS.rglob("*") if "__pycache__" not in path.parts}

    before = sources()
    where = "from django.conf import settings; print(settings.STATE_DIR.is_dir(), settings.STATE_DIR)"
    done = python("-c", f"import polls_site.{form}\n{where}\n{COUNT}", tmp=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    made, count = done.stdout.splitlines()
    assert re.fullmatch(rf"True {re.escape(str(tmp_path))}/wsgicheck-polls-\d+-\d+", made)
    assert count == "13"
    assert list(tmp_path.iterdir()) == []
    assert sources() == before


def test_polls_forked_children_share_and_do_not_tidy(tmp_path: Path) -> None:
    fork = f"""
import os, sys
import polls_site.wsgi
child = os.fork()
if child == 0:
    {COUNT.strip().replace(chr(10), chr(10) + "    ")}
    sys.exit()  # runs the exit handlers that it inherited
os.waitpid(child, 0)
{COUNT}
"""
    done = python("-c", fork, tmp=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["13", "13"]), done.stderr


def test_polls_take_over_from_a_dead_process_of_the_same_number(tmp_path: Path) -> None:
    stale = """
from polls_site import state
state.directory().mkdir(); (state.directory() / "polls.sqlite3").write_text("not a database")
import polls_site.wsgi
"""
    done = python("-c", stale + COUNT, tmp=tmp_path)
    assert (done.returncode, done.stdout) == (0, "13\n"), done.stderr


def test_polls_keep_away_from_what_is_not_theirs(tmp_path: Path) -> None:
    lure = """
from polls_site import state
state.directory().symlink_to(".")
import polls_site.wsgi
"""
    done = python("-c", lure, tmp=tmp_path)
    assert done.returncode == 1
    assert "FileExistsError" in done.stderr


def test_polls_processes_that_start_at_once_share_what_they_are_told_to(tmp_path: Path) -> None:
    shared = tmp_path / "state"
    starting = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"import polls_site.wsgi\n{COUNT}"],
            cwd=POLLS,
            env=_environ(tmp_path, POLLS_STATE_DIR=str(shared)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [process.communicate(timeout=120) for process in starting] == [("13\n", "")] * 3
    assert (shared / "polls.sqlite3").is_file()


def test_polls_two_forms_of_wsgi_differ_in_whose_settings_win(tmp_path: Path) -> None:
    say = "from django.conf import settings; print(settings.SETTINGS_MODULE)"
    foreign = {"DJANGO_SETTINGS_MODULE": "somebody.elses"}
    generated = python("-c", f"import polls_site.wsgi\n{say}", tmp=tmp_path, **foreign)
    assert generated.returncode == 1
    assert "No module named 'somebody'" in generated.stderr
    mended = python("-c", f"import polls_site.wsgi_mended\n{say}", tmp=tmp_path, **foreign)
    assert (mended.returncode, mended.stdout) == (0, "polls_site.settings\n")


@pytest.mark.slow
def test_polls_runserver_serves_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-u", "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=POLLS,
            env=_environ(tmp_path),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}/polls/votes.csv"
        for _ in range(300):
            try:
                with urllib.request.urlopen(url, timeout=10) as response:
                    assert response.status == 200
                    assert response.read().startswith(b"question,choice,votes")
                break
            except urllib.error.URLError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
        else:
            pytest.fail(log.read_text())
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
    assert "unapplied migration" not in log.read_text()
    assert list(tmp_path.glob("wsgicheck-polls-*")) == []


# --- the shop: Flask -------------------------------------------------------------------------------------------


def _forget_shop() -> None:
    for name in [name for name in sys.modules if name == "shop" or name.startswith("shop.")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def shop() -> Iterator[Application]:
    """The shop's WSGI callable; the plain name ``shop`` is free again afterwards."""
    _forget_shop()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SHOP))
        yield importlib.import_module("shop").app
    _forget_shop()


@pytest.fixture
def customer(shop: Application) -> webtest.TestApp:
    """A customer of the shop without any cookie."""
    return webtest.TestApp(shop)


def log_in(customer: webtest.TestApp, password: str = "spam-and-eggs", **query: str) -> webtest.TestResponse:
    """Fill in and send the login form."""
    form = customer.get("/login", query).forms["login"]
    form["name"], form["password"] = "brian", password
    return form.submit(expect_errors=True)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html"),
        ("/product/1", "text/html"),
        ("/search", "text/html"),
        ("/cart", "text/html"),
        ("/login", "text/html"),
        ("/preferences", "text/html"),
        ("/price-list.txt", "text/plain"),
        ("/export.csv", "text/csv"),
        ("/static/shop.css", "text/css"),
        ("/api/products", "application/json"),
        ("/api/products/1", "application/json"),
        ("/api/cart", "application/json"),
    ],
)
def test_shop_pages_answer_get_and_head(customer: webtest.TestApp, path: str, content_type: str) -> None:
    assert customer.get(path, status=200).content_type == content_type
    head = customer.head(path, status=200)
    assert head.content_type == content_type
    assert head.body == b""


def test_shop_catalogue_is_walked_through_to_the_end(customer: webtest.TestApp) -> None:
    page = customer.get("/")
    names = [link.text for link in page.html.select("main li a")]
    while page.html.select("a[rel=next]"):
        page = page.click("^On$")
        names += [link.text for link in page.html.select("main li a")]
    assert len(names) == len(set(names)) == 23
    assert "Page 5 of 5" in page
    assert page.click("^Back$").html.select("main p")[0].text.split()[:2] == ["Back", "Page"]


@pytest.mark.parametrize(("page", "shown"), [("0", 1), ("-4", 1), ("x", 1), ("99", 5), ("9" * 5000, 1), ("9" * 99, 5)])
def test_shop_catalogue_takes_any_page(customer: webtest.TestApp, page: str, shown: int) -> None:
    assert f"Page {shown} of 5" in customer.get("/", {"page": page})


def test_shop_search_finds(customer: webtest.TestApp) -> None:
    form = customer.get("/search").forms["search"]
    form["q"] = "TEE"
    assert [link.text for link in form.submit().html.select("main li a")] == ["Grüner Tee"]
    assert "Nothing was found." in customer.get("/search", {"q": "<script>"})
    assert customer.get("/search?q=%ff%00", status=200).forms["search"]
    assert [p["name"] for p in customer.get("/api/products", {"q": "argument"}).json["items"]] == [
        "Argument, five minutes",
        "Argument, ten minutes",
    ]
    assert customer.get("/api/products", {"page": "3"}).json["total"] == 23
    assert len(customer.get("/api/products", {"page": "3"}).json["items"]) == 3


def test_shop_remembers_what_was_looked_at(customer: webtest.TestApp) -> None:
    response = customer.get("/product/3")
    assert len(response.headers.getall("Set-Cookie")) == 2
    for number in (1, 2, 4, 5, 6, 1):
        customer.get(f"/product/{number}")
    assert customer.cookies["recent"] == "1-6-5-4-2"
    assert [link.text for link in customer.get("/").html.select(".recent a")] == [
        "Spam", "Shrubbery", "Coconut", "Holy hand grenade", "Egg",
    ]  # fmt: skip


def test_shop_remembers_no_product_that_is_none(customer: webtest.TestApp) -> None:
    customer.set_cookie("recent", "x-1-99--2")
    assert [link.text for link in customer.get("/").html.select(".recent a")] == ["Spam", "Egg"]


def test_shop_cart_is_filled_and_emptied(customer: webtest.TestApp) -> None:
    form = customer.get("/product/2").forms["add"]
    form["quantity"] = "3"
    cart = form.submit(status=303).follow()
    assert "It is in your cart." in cart
    assert "3 × Egg" in cart
    assert "Total: €1.17" in cart
    assert "4 × Egg" in customer.post("/cart/add", {"product": "2"}, status=303).follow()
    assert "Your cart is empty." in customer.get("/cart").forms["remove-2"].submit(status=303).follow()
    assert "It is out" not in customer.post("/cart/remove", {"product": "2"}, status=303).follow()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"product": "x"}, 400),
        ({"product": "999"}, 422),
        ({"product": "1", "quantity": "0"}, 422),
        ({"product": "1", "quantity": "100"}, 422),
        ({"product": "9" * 5000}, 400),
    ],
)
def test_shop_sells_nothing_odd(customer: webtest.TestApp, fields: dict[str, str], status: int) -> None:
    assert str(status) in customer.post("/cart/add", fields, status=status)
    assert "Your cart is empty." in customer.get("/cart")


def test_shop_takes_a_shopping_list(customer: webtest.TestApp) -> None:
    form = customer.get("/cart").forms["import"]
    form["list"] = webtest.Upload("Liste für März.csv", "\ufeff1,2\r\n\r\n10,1\r\n".encode(), "text/csv")
    cart = form.submit(status=303).follow()
    assert "2 product(s) were taken from Liste für März.csv." in cart
    assert "2 × Spam" in cart
    assert "1 × Grüner Tee" in cart


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"\xff", 400), (b"1", 400), (b"1,2,3", 400), (b"a,b", 400), (b'"1', 400), (b"1,\0", 400), (b"1,1\n99,1", 422)],
)
def test_shop_takes_a_list_whole_or_not_at_all(customer: webtest.TestApp, content: bytes, status: int) -> None:
    form = customer.get("/cart").forms["import"]
    form["list"] = webtest.Upload("list.csv", content, "text/csv")
    form.submit(status=status)
    assert "Your cart is empty." in customer.get("/cart")


def test_shop_takes_no_upload_that_is_none_or_too_large(customer: webtest.TestApp) -> None:
    assert "Which file?" in customer.get("/cart").forms["import"].submit(status=400)
    customer.post("/cart/import", upload_files=[("list", "list.csv", b"1,1\n" * 20_000)], status=413)


def test_shop_preferences_are_several_cookies_of_one_response(customer: webtest.TestApp) -> None:
    form = customer.get("/preferences").forms["preferences"]
    form["currency"], form["theme"], form["per_page"] = "USD", "dark", "20"
    response = form.submit(status=303)
    set_cookies = response.headers.getall("Set-Cookie")
    assert [field.split("=")[0] for field in set_cookies] == ["currency", "theme", "per_page", "session"]
    assert all(re.sub(r"Expires=\w{3},", "", field).count(",") == 0 for field in set_cookies)
    assert "Your preferences are saved." in response.follow()
    page = customer.get("/")
    assert "$3.77" in page
    assert len(page.html.select("main li")) == 20
    assert page.html.body["class"] == ["dark"]
    customer.get("/preferences").forms["forget"].submit(status=303)
    assert "€3.49" in customer.get("/")
    assert set(customer.cookies) <= {"session"}


def test_shop_preferences_are_only_what_is_offered(customer: webtest.TestApp) -> None:
    refused = customer.post("/preferences", {"currency": "XXX"}, status=400)
    assert "Currency is not one of EUR, GBP, USD." in refused
    assert "Set-Cookie" not in refused.headers
    customer.set_cookie("currency", "XXX")
    assert "€3.49" in customer.get("/")


def test_shop_account_is_for_who_logged_in(customer: webtest.TestApp) -> None:
    asked = customer.get("/account", status=303)
    assert asked.location.endswith("/login?next=/account")
    assert "Log in first." in asked.follow()
    assert log_in(customer, "wrong").status_int == 403
    account = log_in(customer, next="/account").follow()
    assert account.request.path == "/account"
    assert "Welcome, brian." in account
    account.forms["logout"].submit(status=303)
    customer.get("/account", status=303)


@pytest.mark.parametrize("onward", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/a\r\nX: y", ""])
def test_shop_login_leads_nowhere_else(customer: webtest.TestApp, onward: str) -> None:
    assert log_in(customer, next=onward).headers["Location"] in ("/account", "http://localhost/account")


def test_shop_checkout(customer: webtest.TestApp) -> None:
    assert customer.post("/cart/checkout", {"card": "1"}, status=303).headers["Location"].endswith("/login")
    log_in(customer)
    assert "Your cart is empty." in customer.post("/cart/checkout", {"card": "1"}, status=409)
    customer.post("/cart/add", {"product": "4", "quantity": "2"})
    for card in ("", "1234", "4000 0000 0000 0002", "٤" * 16):
        assert "declined" in customer.post("/cart/checkout", {"card": card}, status=402)
    form = customer.get("/cart").forms["checkout"]
    form["card"] = "5500 0000 0000 0004"
    account = form.submit(status=303).follow()
    assert "have spent €258.00" in account
    assert "Your cart is empty." in customer.get("/cart")


@pytest.mark.parametrize("wrapper", [None, FileWrapper])
@pytest.mark.parametrize(
    ("asked", "status", "part"), [(None, "200", slice(None)), ("bytes=10-19", "206", slice(10, 20))]
)
def test_shop_price_list_is_sent_whole_or_in_part(
    shop: Application, wrapper: Any, asked: str | None, status: str, part: slice
) -> None:
    environ = {} if wrapper is None else {"wsgi.file_wrapper": wrapper}
    if asked:
        environ["HTTP_RANGE"] = asked
    content = (SHOP / "shop" / "data" / "price-list.txt").read_bytes()
    answer = ask(shop, "/price-list.txt", **environ)
    assert answer.status[:3] == status
    assert answer.header("Content-Length") == str(len(content[part]))
    assert answer.read() == content[part]


def test_shop_price_list_has_conditions(customer: webtest.TestApp) -> None:
    etag = customer.get("/price-list.txt").headers["ETag"]
    assert customer.get("/price-list.txt", headers={"If-None-Match": etag}, status=304).body == b""
    refused = customer.get("/price-list.txt", headers={"Range": "bytes=999999-"}, status=416)
    assert re.fullmatch(r"bytes \*/\d+", refused.headers["Content-Range"])
    customer.get("/price-list.txt", headers={"Range": "bytes=0-1", "If-Range": '"old"'}, status=200)


def test_shop_export_is_streamed_and_gives_its_place_back(shop: Application) -> None:
    for _ in range(3):
        answer = ask(shop, "/export.csv")
        assert answer.header("Content-Length") is None
        rows = list(csv.reader(io.StringIO(answer.read().decode())))
        assert len(rows) == 1 + 23
        assert rows[9] == ["9", "Café crème", "320", "Hot, in a cup."]

    held = [ask(shop, "/export.csv") for _ in range(4)]
    assert next(iter(held[0].body)) == b"number,name,cents,text\r\n"
    refused = ask(shop, "/export.csv")
    assert (refused.status[:3], refused.header("Retry-After")) == ("503", "1")
    refused.close()
    for answer in held:
        answer.close()
        answer.close()  # twice: a place is still given back once

    for _ in range(5):
        ask(shop, "/export.csv", REQUEST_METHOD="HEAD").close()
    held = [ask(shop, "/export.csv") for _ in range(5)]
    assert [answer.status[:3] for answer in held] == ["200"] * 4 + ["503"]
    for answer in held:
        answer.close()


def test_shop_api_keeps_a_cart(customer: webtest.TestApp) -> None:
    assert customer.get("/api/cart").json == {"lines": [], "cents": 0}
    assert customer.put_json("/api/cart/2", {"quantity": 3}).json == {
        "lines": [{"product": 2, "quantity": 3}],
        "cents": 117,
    }
    assert customer.delete("/api/cart/2", status=204).body == b""
    assert customer.delete("/api/cart/2", status=404).json["code"] == 404
    assert (
        customer.put_json("/api/cart/2", {"quantity": 0}, status=422).json["message"]
        == "A quantity is between 1 and 99."
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"quantity": true}',
        b'{"quantity": "1"}',
        b'{"quantity": 1.0}',
        b"[" * 60_000,
        b"\xff",
    ],
)
def test_shop_api_refuses_what_is_no_quantity(customer: webtest.TestApp, body: bytes) -> None:
    refused = customer.put("/api/cart/2", body, content_type="application/json", status=400)
    assert refused.json["error"] == "Bad Request"


def test_shop_api_product_has_a_tag(customer: webtest.TestApp) -> None:
    first = customer.get("/api/products/18")
    assert first.json["text"] == 'Finest baby frogs, "lightly killed".'
    customer.get("/api/products/18", headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert customer.get("/api/products/99", status=404).json["message"].startswith("There is nothing here.")


def test_shop_errors_are_pages_and_keep_their_headers(customer: webtest.TestApp) -> None:
    assert "404 Not Found" in customer.get("/nowhere", status=404)
    refused = customer.put("/", status=405)
    assert "405 Method Not Allowed" in refused
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert customer.post("/api/cart", status=405).json["code"] == 405


def test_shop_crash_is_a_page_and_a_traceback(shop: Application, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(shop, "/crash")
    assert answer.status == "500 INTERNAL SERVER ERROR"
    assert b"we have been told" in answer.read()
    assert "RuntimeError: crash was asked for" in caplog.text


@pytest.mark.parametrize("host", ["a..b", ".", "a" * 300])
def test_shop_refuses_a_host_that_is_none_with_its_own_page(shop: Application, host: str) -> None:
    answer = ask(shop, "/preferences", HTTP_HOST=host)
    assert answer.status == "400 BAD REQUEST"
    assert b'<a href="/">To the catalogue</a>' in answer.read()


@pytest.mark.parametrize("cookie", ["session=x", "session=\xff", "session=e30.x.y", ";;=;", "recent=\x80; currency="])
def test_shop_takes_any_cookie(shop: Application, cookie: str) -> None:
    answer = ask(shop, "/", HTTP_COOKIE=cookie)
    assert answer.status == "200 OK"
    answer.close()


def test_shop_is_stateless_apart_from_cookies(customer: webtest.TestApp, shop: Application) -> None:
    customer.put_json("/api/cart/1", {"quantity": 1})
    assert json.loads(ask(shop, "/api/cart").read())["lines"] == []
