"""The same request again: what one call of the application leaves behind for the next."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...model.exchange import Exchange
from ...model.moments import Ending, Moment
from ...model.request import Case, Request
from ...model.rule import (
    ADVICE,
    APPLICATION,
    HOLDS,
    MUST,
    NOT_APPLICABLE,
    SHOULD,
    Verdict,
    cited,
    pep,
    relation,
    rfc,
    rule,
)
from ...model.story import Afresh, Others, Story
from ...show import show
from .answers import SAFE, answer, answered, steady, text_of

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")
_AGAIN = pep("the-application-framework-side", "Application objects must be able to be invoked more than once, as "
                                               "virtually all servers/gateways (other than CGI) will make such "
                                               "repeated "
                                               "requests.")


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("APP-003",), cites=pep(
    "specification-details", "The application object must accept two positional arguments."))
def application_takes_two_arguments(x: Exchange, ending: Ending) -> Verdict:
    """The application can be called with two positional arguments.

    Servers call `application(environ, start_response)` and nothing else. A callable that wants more (an ASGI
    application, a view function, a method that was not bound) or takes them by keyword only answers each request with
    a TypeError, which clients see as a 500. Name the WSGI callable of your framework, or give it the two parameters.
    """
    if ending is not Ending.RAISED or x.starts or x.returned or x.raised_at:
        return NOT_APPLICABLE
    if re.match(r"TypeError: .*\b(positional|keyword-only) argument", x.raised) and x.raised_in_call:
        return f"the call raised {x.raised}; expected a callable that takes (environ, start_response)"
    return NOT_APPLICABLE


@application_takes_two_arguments.bad  # type: ignore[arg-type]
def _(environ: dict[str, Any]) -> list[bytes]:
    return [b"who started the response?"]


@application_takes_two_arguments.bad  # type: ignore[arg-type]
def _(environ: dict[str, Any], *, start_response: Any) -> list[bytes]:
    start_response("200 OK", [_PLAIN])
    return [b"hello"]


@application_takes_two_arguments.good
def _(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    # The call went well; what is wrong lies deeper.
    def shout(word: str) -> str:
        return word.upper()

    shout()  # type: ignore[call-arg]
    return []


@relation(binds=APPLICATION, level=MUST, covers=("APP-004",), cites=_AGAIN, lasting=True)
def application_can_be_called_again(request: Request) -> Story:
    """A request that was answered is answered again.

    Servers make thousands of calls to one application object. A generator object, an iterator or a file that was made
    once and used up, a resource that close() released for good, or a flag that was never reset leave an application
    that works for the first visitor and fails all others. Make in each call what the call uses up.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    one = yield Case(request)
    if one.raised and not one.raised_in_call:
        # Somebody may have had the only answer before.
        fresh = yield Afresh((Case(request), Case(request), Case(request)))
        if fresh is not None and answered(fresh[0]) and fresh[1].raised == fresh[2].raised != "":
            yield Case(request)
            return (f"in a fresh process answered {answer(fresh[0])}, and when asked again raised {answer(fresh[1])}; "
                    "expected an answer each time")
    if not answered(one):
        return NOT_APPLICABLE
    if request.method == "GET" and one.code == 200 and one.body == b"":
        # Somebody may have had the only body before.
        fresh = yield Afresh((Case(request), Case(request), Case(request)))
        if fresh is not None and all(map(answered, fresh)) and [bool(x.body) for x in fresh] == [True, False, False]:
            yield Case(request)
            return (f"in a fresh process the first answer had {len(fresh[0].body)} bytes, the second and third none; "
                    "expected the body again")
    two = yield Case(request)
    if not two.raised:
        # Exhausted and silent: the body was there once and never again.
        if not (one.body and two.body == b"" and two.code == one.code and request.method == "GET"):
            return HOLDS
        three = yield Case(request)
        if three.body or three.code != one.code or three.raised:
            return HOLDS
        return f"the first answer had {len(one.body)} bytes, the second and third none; expected the body again"
    three = yield Case(request)
    four = yield Case(request)
    if three.raised != two.raised or four.raised != two.raised:
        return HOLDS
    return f"answered {answer(one)}, and when asked again raised {answer(two)}; expected an answer each time"


@application_can_be_called_again.bad
def _(environ: dict[str, Any], start_response: Any, pages: Any = iter([b"the only page"])) -> Any:  # noqa: B008
    page = next(pages, None)
    if page is None:
        raise LookupError("no page is left")
    start_response("200 OK", [_PLAIN])
    return [page]


@application_can_be_called_again.bad
def _(environ: dict[str, Any], start_response: Any, lines: Any = iter([b"one\n", b"two\n"])) -> Any:  # noqa: B008
    start_response("200 OK", [_PLAIN])
    return lines


@application_can_be_called_again.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return iter([b"one\n", b"two\n"])


@relation(binds=APPLICATION, level=SHOULD, covers=("ENV-053",), lasting=True, cites=pep(
    "questions-and-answers", "Therefore, an application should not assume that it will definitely not be run again, "
    "just because it is called with ``wsgi.run_once`` set to ``True``."))
def run_once_is_no_promise(request: Request) -> Story:
    """An application that was told wsgi.run_once serves a further request all the same.

    The flag only says what the server expects. An application that tears itself down after it (closes its pool, ends
    its process) fails on the servers that set the flag and go on: CGI emulations, test clients, FastCGI in one-shot
    mode. Use the flag to save work, such as a cache that nobody would read, and for nothing else.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    base = yield from steady(replace(request, run_once=False))
    if base is None:
        return NOT_APPLICABLE
    once = Case(replace(request, run_once=True))
    one = yield once
    two = yield once
    if answered(one) and not answered(two) and two.code != 429:
        return (f"answered {answer(one)} with wsgi.run_once true, and {answer(two)} when called again; "
                "expected it to serve on")
    return HOLDS


@run_once_is_no_promise.bad
def _(environ: dict[str, Any], start_response: Any, pool: list[str] = ["connection"]) -> Any:  # noqa: B006
    connection = pool[0]
    if environ["wsgi.run_once"]:
        pool.clear()
    start_response("200 OK", [_PLAIN])
    return [connection.encode()]


@run_once_is_no_promise.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [b"not worth a cache" if environ["wsgi.run_once"] else b"cached"]


_NUMBER = re.compile(rb"\d{1,9}")


def _counts(bodies: list[bytes]) -> tuple[int, ...] | None:
    """Return the values of the one number that goes up by the same step from each body to the next, None if none."""
    rests = {_NUMBER.sub(b"#", body) for body in bodies}
    if len(rests) != 1:
        return None
    columns = list(zip(*([int(n) for n in _NUMBER.findall(body)] for body in bodies), strict=True))
    moving = [column for column in columns if len(set(column)) > 1]
    if len(moving) != 1:
        return None
    steps = {b - a for a, b in zip(moving[0], moving[0][1:], strict=False)}
    return moving[0] if len(steps) == 1 and 0 < abs(steps.pop()) <= 10 else None


@relation(binds=APPLICATION, level=ADVICE, covers=("HTTP-021",), lasting=True, cites=rfc(
    9110, "9.2.1", "Request methods are considered \"safe\" if their defined semantics are essentially read-only"))
def get_changes_nothing(request: Request) -> Story:
    """Asking with GET or HEAD leaves things as they are.

    Crawlers follow every link, browsers and mail scanners load pages ahead, proxies repeat a GET that got no answer.
    What a GET deletes, votes for or buys happens without anybody wanting it. Change state on POST, PUT, PATCH and
    DELETE, and keep counters of visits out of the page. This is a guess from what the answers show.
    """
    if request.method not in SAFE:
        return NOT_APPLICABLE
    one = yield Case(request)
    if not answered(one):
        return NOT_APPLICABLE
    two = yield Case(request)
    if two.code in (404, 409, 410):
        return f"answered {answer(one)}, then {answer(two)} to the same {request.method}; expected no change by it"
    if one.body == two.body or not one.body or not two.body or two.code != one.code:
        return HOLDS
    three = yield Case(request)
    four = yield Case(request)
    counts = _counts([one.body, two.body, three.body or b"", four.body or b""])
    if counts is None:
        return HOLDS
    return (f"a number in the page went {', '.join(map(str, counts))} as {request.method} was repeated; expected no "
            f"change")


@get_changes_nothing.bad(path="/delete", query="id=7")
def _(environ: dict[str, Any], start_response: Any, notes: dict[str, bytes] = {"id=7": b"a note"}) -> Any:  # noqa: B006
    note = notes.pop(environ.get("QUERY_STRING", ""), None)
    start_response("200 OK" if note else "404 Not Found", [_PLAIN])
    return [b"deleted" if note else b"no such note"]


@get_changes_nothing.bad
def _(environ: dict[str, Any], start_response: Any, votes: list[int] = [0]) -> Any:  # noqa: B006
    votes[0] += 1
    start_response("200 OK", [_PLAIN])
    return [f"{votes[0]} of 1000 votes".encode()]


@get_changes_nothing.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import time

    start_response("200 OK", [_PLAIN])
    return [f"it is {time.perf_counter_ns()}".encode()]


def _mark(request: Request) -> str:
    # From the request and not from a counter, so that the same seed makes the same requests.
    return f"visitor{zlib.crc32(repr(request).encode()) % 100000}x"


def _left_behind(request: Request, stranger: Request, mark: str) -> Generator[Case, Any, Verdict]:
    """Let a stranger ask with `mark` in between, and look for it in the next answer to somebody else."""
    one: Exchange = yield Case(request)
    if not answered(one):
        return NOT_APPLICABLE
    between: Exchange = yield Case(stranger)
    if not answered(between):
        return NOT_APPLICABLE
    two: Exchange = yield Case(request)
    for name, value in two.headers:
        if mark in value:
            return f"{name}: {show(value)} holds {mark}, which only the request before it sent; expected nothing of it"
    page = text_of(two)
    if mark in page:
        at = page.index(mark)
        return (f"the body holds {show(page[max(0, at - 30) : at + 30])}, of which {mark} was sent by the request "
                "before it only; expected nothing of it")
    return HOLDS


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-013",), lasting=True, cites=cited(
    "mod_wsgi documentation", "Application Issues", url="https://modwsgi.readthedocs.io/en/develop/user-guides/"
    "application-issues.html"))
def answers_hold_nothing_of_another_request(request: Request) -> Story:
    """What one visitor sends in Cookie or Authorization does not turn up in the answer to the next one.

    The name, the session or the token of one user on the page of another is the worst that a web application can do,
    and no test with a single client ever sees it. It comes from a default argument that is a list or a dict, from a
    module's global or a class attribute in which the present request is kept, from a cache whose key forgets
    something. Keep what belongs to a request in local variables, in environ, or in a context variable.
    """
    if request.method != "GET":
        return NOT_APPLICABLE
    mark = _mark(request)
    stranger = request.with_variables(HTTP_COOKIE=f"session={mark}; user={mark}", HTTP_AUTHORIZATION=f"Bearer {mark}")
    return (yield from _left_behind(request, stranger, mark))


@answers_hold_nothing_of_another_request.bad
def _(environ: dict[str, Any], start_response: Any, seen: list[str] = []) -> Any:  # noqa: B006
    seen.append(environ.get("HTTP_COOKIE", ""))
    start_response("200 OK", [_PLAIN])
    return [", ".join(seen[-2:]).encode()]


@answers_hold_nothing_of_another_request.bad
def _(environ: dict[str, Any], start_response: Any, cache: dict[str, str] = {}) -> Any:  # noqa: B006
    # Keyed by the path alone, whoever asks.
    path = environ.get("PATH_INFO", "")
    start_response("200 OK", [_PLAIN, ("X-User", cache.get(path, "nobody"))])
    cache[path] = environ.get("HTTP_COOKIE", "nobody")
    return [b"hello"]


@answers_hold_nothing_of_another_request.good(query="name=Ada")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    query, cookie = environ.get("QUERY_STRING", ""), environ.get("HTTP_COOKIE", "")
    return [query.encode("latin-1"), b" with ", cookie.encode("latin-1")]


@relation(binds=APPLICATION, level=ADVICE, covers=("HTTP-021",), lasting=True, cites=rfc(9110, "9.2.1"))
def queries_leave_nothing_behind(request: Request) -> Story:
    """What was in the query of one GET does not turn up in the answer to the next one.

    A default argument that is a list or a dict lives as long as the process: `def results(words=[])` collects the words
    of all visitors. Where it is meant (a list of what others have searched for), think of who reads it.
    """
    if request.method != "GET":
        return NOT_APPLICABLE
    mark = _mark(request)
    names = [pair.partition("=")[0] for pair in request.query.split("&") if pair] or ["q"]
    stranger = request.with_variables(QUERY_STRING="&".join(f"{name}={mark}" for name in names))
    return (yield from _left_behind(request, stranger, mark))


@queries_leave_nothing_behind.bad(query="name=Ada")
def _(environ: dict[str, Any], start_response: Any, seen: list[str] = []) -> Any:  # noqa: B006
    seen.append(environ.get("QUERY_STRING", ""))
    start_response("200 OK", [_PLAIN])
    return [", ".join(seen[-2:]).encode()]


@queries_leave_nothing_behind.good(query="name=Ada")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [environ.get("QUERY_STRING", "").encode("latin-1")]


@relation(binds=APPLICATION, level=SHOULD, covers=("PORT-013",), costly=True, lasting=True, cites=cited(
    "mod_wsgi documentation", "Application Issues", url="https://modwsgi.readthedocs.io/en/develop/user-guides/"
    "application-issues.html"))
def state_is_shared_by_all_processes(request: Request) -> Story:
    """What a request has changed is seen by every process of the site.

    Servers run several processes and replace them now and then. What is kept in a variable of the module is there for
    the visitors of that one process and gone with it: a login that works every other time, a counter that jumps, a
    form that loses its first half. Keep such state in a database, a cache server, or a signed cookie.
    """
    # A process of its own first asks, then lets others do something, then asks again; a second one only asks.
    others = yield Others(16)
    changes = tuple(Case(other) for other in others if other.method not in SAFE)[:4]
    look = Case(request)
    if request.method != "GET" or not changes:
        return NOT_APPLICABLE
    story = yield Afresh((look, look, *changes, look, look))
    if story is None:
        return NOT_APPLICABLE
    first, second, *_, third, fourth = story
    if not answered(first) or first.body != second.body or third.body != fourth.body or not answered(third):
        return NOT_APPLICABLE
    if third.body == first.body:
        return HOLDS
    elsewhere = yield Afresh((look, look), shows=False)
    if elsewhere is None or elsewhere[0].body != first.body or elsewhere[1].body != first.body:
        return HOLDS
    return (f"after {changes[0].request.method} {show(changes[0].request.path)} the answer holds "
            f"{show((third.body or b'')[:60])}, and in a fresh process {show((first.body or b'')[:60])}; "
            "expected the change to be seen there too")


@state_is_shared_by_all_processes.bad
def _(environ: dict[str, Any], start_response: Any, notes: list[bytes] = [b"first"]) -> Any:  # noqa: B006
    if environ["REQUEST_METHOD"] == "POST":
        notes.append(b"one more")
    start_response("200 OK", [_PLAIN])
    return [b", ".join(notes)]


@state_is_shared_by_all_processes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [_PLAIN])
    return [environ["REQUEST_METHOD"].encode()]
