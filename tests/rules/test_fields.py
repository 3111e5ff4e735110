"""Header fields: whatever frameworks and the standard library write is legal, and no object upsets a check."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.cookies import SimpleCookie
from itertools import pairwise
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import http_date, quote_etag
from hypothesis import assume, example, given
from hypothesis import strategies as st
from werkzeug.datastructures import ETags, WWWAuthenticate
from werkzeug.http import dump_cookie, dump_options_header
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from wsgicheck.model.exchange import Exchange
from wsgicheck.model.moments import Ending, Moment, Start
from wsgicheck.model.request import Case, Request
from wsgicheck.model.rule import MUST, NOT_APPLICABLE, Rule
from wsgicheck.rules import cards_in
from wsgicheck.rules.cookies import (
    cookie_prefixes_are_honoured,
    cookies_fit_4096_bytes,
    each_cookie_has_its_own_field,
    same_site_none_comes_with_secure,
)
from wsgicheck.rules.dates import dates_are_imf_fixdates, last_modified_is_not_in_the_future
from wsgicheck.rules.fields import content_range_is_well_formed, content_type_is_a_media_type, single_fields_occur_once
from wsgicheck.rules.headers import pairs
from wsgicheck.rules.representation import content_encoding_matches_the_bytes, text_decodes_in_its_charset
from wsgicheck.stage import Stage

CHAPTERS = ("headers", "header_text", "hop_by_hop", "fields", "dates", "cookies", "representation")
RULES = [card for chapter in CHAPTERS for card in cards_in(f"wsgicheck.rules.{chapter}") if isinstance(card, Rule)]

TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
COOKIE_OCTETS = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\')
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


def broken_by(application: Callable[..., Any], request: Request | None = None) -> dict[str, Rule]:
    """Return the rules of these chapters that `application` breaks, by id."""
    observed = Stage(application, RULES).perform(Case(request or Request.make()))
    assert not observed.crashed
    return {breach.rule.id: breach.rule for breach in observed.breaches if isinstance(breach.rule, Rule)}


def answering(*headers: tuple[str, str], status: str = "200 OK") -> Callable[..., Any]:
    """Return an application that answers with these headers and no content."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, list(headers))
        return []

    return application


# -- any input whatsoever ------------------------------------------------------------------------------------


class Hostile(str):
    """A str whose own methods all fail."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __len__(self) -> int:
        raise RuntimeError("len")


class HostileList(list[Any]):
    """A list that can't be iterated."""

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __len__(self) -> int:
        raise RuntimeError("len")


class Pretender:
    """Says that it is a str, and is none."""

    @property
    def __class__(self) -> Any:
        return str


class Liar:
    """Fails to say what it is."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("class")


class Short(tuple[Any, ...]):
    """A tuple that lies about its length."""

    def __len__(self) -> int:
        return 2


NAMES = st.sampled_from([
    "Content-Length", "content-type", "Set-Cookie", "Location", "ETag", "Date", "Expires", "Last-Modified",
    "Retry-After", "Content-Range", "Content-Encoding", "Connection", "Status", "Transfer-Encoding", "X-A", "",
])
ODDITIES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=5), st.text(max_size=8), NAMES,
    st.just(str), st.just(type), st.builds(lambda text: iter([text]), st.text(max_size=3)),
)
PAIRS = st.one_of(st.tuples(NAMES | ODDITIES, ODDITIES | TEXT), st.builds(Short, st.lists(ODDITIES, max_size=3)),
                  st.lists(ODDITIES, max_size=3), ODDITIES)
HEADERS = st.one_of(st.lists(PAIRS, max_size=4), st.lists(PAIRS, max_size=4).map(tuple), ODDITIES,
                    st.dictionaries(st.text(max_size=3), ODDITIES, max_size=2))
STATUS = st.one_of(ODDITIES, st.sampled_from(["200 OK", "206 Partial Content", "302 Found", "401 Unauthorized",
                                              "405 Method Not Allowed", "416 Range Not Satisfiable", "426 Upgrade"]))


def assert_is_verdict(verdict: object) -> None:
    assert verdict is None or verdict is NOT_APPLICABLE or isinstance(verdict, str)
    if isinstance(verdict, str):
        assert verdict.isprintable()
        assert "expected" in verdict


@given(STATUS, HEADERS)
@example("206 Partial Content", [("Content-Range", "bytes " + "9" * 5000 + "-" + "9" * 5000 + "/" + "9" * 5001)])
@example("416 Nope", [("Content-Range", "bytes */" + "9" * 5000), ("Last-Modified", "Sun, 31 Feb 0000 08:49:37 GMT")])
@example("200 OK", [("Content-Type", "a/b" + ";   " * 500 + "\x00"), ("Set-Cookie", "a=" + ", b" * 2000)])
def test_no_object_upsets_a_check_at_the_start(status: Any, headers: Any) -> None:
    for card in RULES:
        if card.at is Moment.START:
            assert_is_verdict(card(Exchange(), Start(status, headers)))


@pytest.mark.parametrize("name", ["Content-Type", "Set-Cookie", "Location", "Status", "Connection", "X:"])
def test_no_hostile_object_upsets_a_check(name: str) -> None:
    # (Not drawn: these upset Hypothesis itself.)
    odd = [Hostile(name), Hostile("a=1"), Pretender(), Liar(), name]
    for items in ([(one, other) for one in odd for other in odd], [Short(odd[:1]), Short(odd)], odd):
        for headers in (items, tuple(items), HostileList(items), *odd):
            for status in ("200 OK", *odd):
                for card in RULES:
                    if card.at is Moment.START:
                        assert_is_verdict(card(Exchange(), Start(status, headers)))


@given(st.lists(st.tuples(NAMES, TEXT), max_size=4), st.binary(max_size=80), st.sampled_from(Ending), st.booleans())
@example([("Content-Type", "text/plain; charset=undefined")], b"a", Ending.EXHAUSTED, True)
@example([("Content-Type", "text/plain; charset=hex")], b"a", Ending.EXHAUSTED, True)
@example([("Content-Type", "text/plain; charset=\x00")], b"a", Ending.EXHAUSTED, True)
def test_no_exchange_upsets_a_check_at_the_end(headers: Any, body: bytes, ending: Ending, recorded: bool) -> None:
    x = Exchange()
    x.code, x.headers, x.head, x.bytes_yielded = 200, tuple(headers), body[:64], len(body)
    x.body = body if recorded else None
    for card in RULES:
        if card.at is Moment.END:
            assert_is_verdict(card(x, ending))


def test_a_check_leaves_the_headers_as_they_are() -> None:
    unread = iter([("Content-Type", "text/plain")])
    headers: list[Any] = [("Content-Type", "text/plain"), ["a", "b"], ("X", unread)]
    before = list(headers)
    for card in RULES:
        if card.at is Moment.START:
            card(Exchange(), Start("200 OK", headers))
            card(Exchange(), Start("200 OK", unread))
    assert headers == before
    assert list(unread) == [("Content-Type", "text/plain")]


def test_pairs_are_what_servers_see() -> None:
    class Name(str):
        def lower(self) -> str:
            return "something else"

    found = pairs([(Name("Content-Type"), "a"), ["x", "y"], ("one",), (b"x", "y"), ("X", None), "ab"])
    assert found == [("Content-Type", "a")]
    assert type(found[0][0]) is str


# -- names and values ----------------------------------------------------------------------------------------


@given(st.text(TCHAR, min_size=1, max_size=20),
       st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=40))
@example("X_Y", "")
@example("3gpp", "\xff\xa0")
def test_every_token_is_a_name_and_all_printable_latin_1_a_value(name: str, value: str) -> None:
    broken = broken_by(answering(("X" + name, value)))
    assert not [rule for rule in broken.values() if rule.level is MUST]
    assert set(broken) <= {"header-names-end-in-a-letter-or-digit", "header-values-are-trimmed"}


@given(st.sampled_from([chr(c) for c in (*range(0x20), 0x7F)]), st.integers(0, 3))
def test_no_control_character_passes_wherever_it_stands(control: str, place: int) -> None:
    broken = broken_by(answering(("X-A", "abc"[:place] + control + "abc"[place:])))
    assert set(broken) == {"header-values-have-no-line-breaks" if control in "\r\n"
                           else "header-values-have-no-control-characters"}


@given(st.characters(min_codepoint=0x100))
def test_nothing_beyond_latin_1_passes(character: str) -> None:
    assert set(broken_by(answering(("X-A", f"a{character}")))) == {"header-text-is-latin-1"}
    assert set(broken_by(answering((f"X-{character}", "a")))) == {"header-text-is-latin-1"}


@given(st.sampled_from(["Accept-Ranges", "Allow", "Cache-Control", "Content-Language", "Link", "Server-Timing", "Vary",
                        "Via", "WWW-Authenticate", "Content-Security-Policy", "X-Anything"]), st.integers(2, 4))
def test_lists_may_be_spread_over_fields(name: str, count: int) -> None:
    assert not broken_by(answering(*[(name, "a")] * count))


@given(st.sampled_from(["Content-Type", "Location", "ETag", "Last-Modified", "Retry-After", "Date"]))
def test_what_is_no_list_may_not(name: str) -> None:
    headers = [(name, "1"), (name.upper(), "1")]
    verdict = single_fields_occur_once(Exchange(), Start("200 OK", headers))
    assert isinstance(verdict, str)
    assert single_fields_occur_once(Exchange(), Start("200 OK", headers[:1])) is None


# -- dates ---------------------------------------------------------------------------------------------------


@given(MOMENTS, st.integers(0, 10**6))
def test_dates_of_the_standard_library_are_legal(moment: datetime, seconds: int) -> None:
    date = format_datetime(moment, usegmt=True)
    earlier = moment - timedelta(seconds=seconds) if moment.year > 1900 else moment
    assert not broken_by(answering(("Date", date), ("Expires", date),
                                   ("Last-Modified", format_datetime(earlier, usegmt=True)),
                                   ("Set-Cookie", f"a=1; Expires={date}")))


@given(st.integers(0, 4_000_000_000))
def test_dates_of_django_are_legal(seconds: int) -> None:
    assert dates_are_imf_fixdates(Exchange(), Start("200 OK", [("Last-Modified", http_date(seconds))])) is None


@given(MOMENTS, st.integers(1, 10**6))
def test_last_modified_after_date_is_found(moment: datetime, seconds: int) -> None:
    assume(moment.year < 9990)
    later = moment + timedelta(seconds=seconds)
    headers = [("Date", format_datetime(moment, usegmt=True)), ("Last-Modified", format_datetime(later, usegmt=True))]
    assert isinstance(last_modified_is_not_in_the_future(Exchange(), Start("200 OK", headers)), str)


@given(MOMENTS)
def test_other_ways_to_write_a_date_are_found(moment: datetime) -> None:
    for text in (moment.isoformat(), format_datetime(moment), moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
                 str(int(moment.timestamp()))):
        assert isinstance(dates_are_imf_fixdates(Exchange(), Start("200 OK", [("Last-Modified", text)])), str)


# -- what frameworks write -----------------------------------------------------------------------------------


@given(TEXT.filter(lambda text: "%" not in text))
@example("/evil.example/")
@example("a b\r\nX: y")
def test_redirects_of_werkzeug_and_django_are_legal(text: str) -> None:
    path = "/a" + text
    try:
        response = redirect(path)
    except ValueError:  # urlsplit() of the standard library refuses some brackets
        assume(False)
    assert not broken_by(response)

    there = HttpResponseRedirect(path, content_type="text/html", charset="utf-8")
    assert not broken_by(answering(*there.items(), status="302 Found"))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), max_size=20),
       st.booleans())
def test_etags_of_werkzeug_and_django_are_legal(tag: str, weak: bool) -> None:
    response = Response("hello")
    response.set_etag(tag, weak=weak)
    assert not broken_by(response)
    assert not broken_by(answering(("ETag", ETags([tag]).to_header())))
    assume(not tag.startswith("W/"))
    assert not broken_by(answering(("ETag", quote_etag(tag))))


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=5),
                       st.text(st.characters(max_codepoint=0xFF, exclude_categories=["C"]), max_size=20), max_size=3))
def test_options_of_werkzeug_make_legal_media_types(options: dict[str, str]) -> None:
    value = dump_options_header("multipart/form-data", options)
    assert content_type_is_a_media_type(Exchange(), Start("200 OK", [("Content-Type", value)])) is None


@given(st.sampled_from(["text/html", "application/json", "image/svg+xml", "application/vnd.a.b+json"]),
       st.sampled_from(["utf-8", "latin-1", "iso-8859-15"]))
def test_content_types_of_frameworks_are_legal(kind: str, charset: str) -> None:
    assert not broken_by(Response("hello", mimetype=kind))
    django = HttpResponse(b"hello", content_type=f"{kind}; charset={charset}", charset=charset)
    assert not broken_by(answering(*django.items()))


def test_challenges_of_werkzeug_are_legal() -> None:
    response = Response("who?", 401)
    response.www_authenticate = [WWWAuthenticate("basic", {"realm": "a"}),
                                 WWWAuthenticate("bearer", {"realm": "b"})]
    assert len(response.headers.getlist("WWW-Authenticate")) == 2
    assert not broken_by(response)


# -- cookies -------------------------------------------------------------------------------------------------

SAME_SITE = st.sampled_from([None, "Strict", "Lax", "None"])
COOKIE_NAMES = st.text("abcXYZ019_-.", min_size=1, max_size=10)


@st.composite
def dumped(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """A Set-Cookie value as Werkzeug writes it."""
    same_site = draw(SAME_SITE)
    max_age = draw(st.none() | st.integers(-1, 10**9))
    expires: Any = draw(st.none() | MOMENTS | st.integers(0, 4 * 10**9))
    if max_age is not None and max_age <= 0 and expires is None:
        expires = 0
    return dump_cookie(
        draw(COOKIE_NAMES), draw(values), max_age=max_age, expires=expires, samesite=same_site,
        path=draw(st.sampled_from([None, "/", "/app", "/a b,c=d"])), httponly=draw(st.booleans()),
        domain=draw(st.sampled_from([None, "example.org", ".example.org"])),
        secure=same_site == "None" or draw(st.booleans()))


@given(dumped(st.text(COOKIE_OCTETS, max_size=30)))
def test_cookies_of_werkzeug_are_legal(text: str) -> None:
    assert set(broken_by(answering(("Set-Cookie", text)))) <= {"cookie-values-are-cookie-octets"}
    value = text.partition(";")[0].partition("=")[2]
    if "\\" not in value and " " not in value:
        assert not broken_by(answering(("Set-Cookie", text)))


# Werkzeug escapes U+0000 to U+0019 and leaves U+001A to U+001F as they are, which the PEP forbids
# (the class in its `_cookie_slash_re` ends at \x19): a finding that stands, and is shown below.
LEFT_RAW = "\x1a\x1b\x1c\x1d\x1e\x1f"


@given(dumped(TEXT.filter(lambda text: not set(text) & set(LEFT_RAW))))
def test_cookies_of_werkzeug_break_nothing_that_counts_whatever_they_hold(text: str) -> None:
    assert not [rule for rule in broken_by(answering(("Set-Cookie", text))).values() if rule.level is MUST]


@pytest.mark.parametrize("control", LEFT_RAW)
def test_a_control_character_that_werkzeug_leaves_in_a_cookie_is_found(control: str) -> None:
    text = dump_cookie("a", control)
    expected = {"header-values-have-no-control-characters"} if control in text else set()
    assert {name for name in broken_by(answering(("Set-Cookie", text))) if not name.startswith("cookie")} == expected


@given(COOKIE_NAMES, st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30), st.booleans())
@example("a", "x, y=2; Path=/", False)
def test_cookies_of_the_standard_library_break_nothing_that_counts(name: str, value: str, gone: bool) -> None:
    jar: SimpleCookie = SimpleCookie()
    assume(name.lower() not in {"expires", "path", "comment", "domain", "max-age", "secure", "httponly", "version"})
    jar[name] = value
    jar[name]["path"] = "/"
    if gone:
        jar[name]["expires"], jar[name]["max-age"] = "Thu, 01 Jan 1970 00:00:00 GMT", 0
    broken = broken_by(answering(("Set-Cookie", jar[name].OutputString())))
    assert set(broken) <= {"cookie-values-are-cookie-octets"}


@given(COOKIE_NAMES, st.text("abc:=-_", max_size=20), SAME_SITE, st.none() | st.integers(1, 10**8))
def test_cookies_of_django_are_legal(name: str, value: str, same_site: str | None, max_age: int | None) -> None:
    response = HttpResponse(b"", content_type="text/html", charset="utf-8")
    response.set_cookie(name, value, samesite=same_site, max_age=max_age, secure=same_site == "None")
    response.set_cookie("__Host-b", "1", path="/", secure=True)
    response.delete_cookie("__Secure-c")
    response.delete_cookie("d", samesite="None")
    # As Django's WSGIHandler does it, with a space before each: advice, and no more.
    fields = [("Set-Cookie", morsel.output(header="")) for morsel in response.cookies.values()]
    assert set(broken_by(answering(*fields))) <= {"header-values-are-trimmed"}


@given(st.lists(dumped(st.text(COOKIE_OCTETS, max_size=10)), min_size=2, max_size=4))
def test_folded_cookies_are_found_and_single_ones_are_not(texts: list[str]) -> None:
    assert each_cookie_has_its_own_field(Exchange(), Start("200 OK", [("Set-Cookie", t) for t in texts])) is None
    folded = [("Set-Cookie", ", ".join(texts))]
    assert isinstance(each_cookie_has_its_own_field(Exchange(), Start("200 OK", folded)), str)


@given(st.sampled_from(["__Host-a", "__Secure-a", "a"]), st.booleans(), st.sampled_from([None, "/", "/b"]),
       st.booleans(), st.booleans())
def test_prefixes_and_same_site(name: str, secure: bool, path: str | None, domain: bool, embedded: bool) -> None:
    text = f"{name}=1" + "; Secure" * secure + (f"; Path={path}" if path else "") + "; Domain=a.b" * domain
    text += "; SameSite=None" * embedded
    start = Start("200 OK", [("Set-Cookie", text)])
    kept = (name == "a" or secure) and (name != "__Host-a" or (path == "/" and not domain))
    assert isinstance(cookie_prefixes_are_honoured(Exchange(), start), str) == (not kept)
    assert isinstance(same_site_none_comes_with_secure(Exchange(), start), str) == (embedded and not secure)


@pytest.mark.parametrize(("size", "fits"), [(4095, True), (4096, False)])
def test_the_size_of_a_cookie_counts_no_separators(size: int, fits: bool) -> None:
    text = "a=" + "x" * (size - len("Path/Secure")) + "; Path=/; Secure"
    verdict = cookies_fit_4096_bytes(Exchange(), Start("200 OK", [("Set-Cookie", text)]))
    assert (verdict is None) == fits


# -- ranges and representations ------------------------------------------------------------------------------


@given(st.integers(0, 10**25), st.integers(0, 10**25), st.integers(0, 10**25) | st.none())
def test_ranges_are_compared_as_numbers(first: int, last: int, size: int | None) -> None:
    value = f"bytes {first}-{last}/{'*' if size is None else size}"
    verdict = content_range_is_well_formed(Exchange(), Start("206 Partial Content", [("Content-Range", value)]))
    assert (verdict is None) == (first <= last and (size is None or last < size))


def yielding(content_type: str, chunks: Iterable[bytes], *more: tuple[str, str]) -> Callable[..., Any]:
    """Return an application that answers with a body."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", content_type), *more])
        yield from chunks

    return application


@given(TEXT, st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis", "big5", "gb2312"]),
       st.lists(st.integers(0, 200), max_size=3))
def test_text_decodes_however_it_is_cut(text: str, charset: str, cuts: list[int]) -> None:
    body = text.encode(charset, "ignore")
    at = [0, *sorted(cuts), len(body)]
    chunks = [body[start:end] for start, end in pairwise(at)]
    assert text_decodes_in_its_charset.id not in broken_by(yielding(f"text/plain; charset={charset}", chunks))


@given(st.binary(max_size=50), st.integers(1, 5), st.sampled_from(["gzip", "x-gzip", "deflate", "br, gzip"]))
def test_coded_bodies_are_recognised_however_they_are_cut(data: bytes, cut: int, coding: str) -> None:
    body = zlib.compress(data) if coding == "deflate" else gzip.compress(data)
    application = yielding("application/octet-stream", [body[:cut], body[cut:]], ("Content-Encoding", coding))
    assert not broken_by(application)
    plain = yielding("text/plain", [b"plain ", b"text"], ("Content-Encoding", coding))
    assert set(broken_by(plain)) == {content_encoding_matches_the_bytes.id}


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5))
def test_a_body_framed_in_chunks_is_found_and_its_content_is_not(items: list[bytes]) -> None:
    framed = [b"%X\r\n%b\r\n" % (len(item), item) for item in items]
    kind = "application/octet-stream"
    assert set(broken_by(yielding(kind, [*framed, b"0\r\n\r\n"]))) == {"body-is-not-chunk-framed"}
    assert set(broken_by(yielding(kind, [*framed, b"0\r\nX: y\r\n\r\n"]))) == {"body-is-not-chunk-framed"}
    assert not broken_by(yielding(kind, framed))
