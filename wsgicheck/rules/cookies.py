"""Cookies that a response sets: one field each, its pair, its attributes (RFC 6265, and its successor RFC 6265bis).

Browsers take almost anything and drop what they dislike in silence, so a broken cookie is a user who is logged out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Moment, Start
from ..model.rule import ADVICE, APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Citation, Verdict, cited, rfc, rule
from ..show import show
from ..syntax import COOKIE_PAIR_VALUE, IMF_FIXDATE, INTEGER, TOKEN
from .header_text import CLEAN
from .headers import field_values

MOST = 4096
"""Bytes that a browser keeps of one cookie at least, name, value and attributes together."""


def _bis(section: str) -> Citation:
    """Cite the draft that revises RFC 6265."""
    return cited("RFC 6265bis", section,
                 url=f"https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-{section}")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One Set-Cookie field, taken apart as a browser does it (RFC 6265 5.2).

    Attributes:
        text: the whole value of the field.
        name: "" also where there is no "=".
        attributes: names in lower case with their values, in order; "" for one without "=".
    """

    text: str
    name: str
    value: str
    attributes: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Cookie:
        first, *rest = text.split(";")
        name, equals, value = first.partition("=")
        if not equals:
            name, value = "", first
        halves = (part.partition("=") for part in rest)
        attributes = ((key.strip(" \t").lower(), said.strip(" \t")) for key, _, said in halves)
        return cls(text, name.strip(" \t"), value.strip(" \t"), tuple(pair for pair in attributes if any(pair)))

    def get(self, name: str) -> str | None:
        """Return the value of the attribute `name`, None where there is none; of several, browsers take the last."""
        return next((value for key, value in reversed(self.attributes) if key == name), None)

    @property
    def shown(self) -> str:
        """The field, for evidence."""
        return show(("Set-Cookie", self.text))


def cookies(headers: Any) -> list[Cookie]:
    """Return the cookies that `headers` set, in order."""
    return [Cookie.parse(value) for value in field_values(headers, "set-cookie")]


# A comma after which another cookie seems to begin. In an attribute that can hold no comma any such is proof; in
# others and in the value only one that is followed by a space.
_TOKEN = TOKEN.pattern
_NEXT_COOKIE = re.compile(rf",[ \t]*+{_TOKEN}=")
_NEXT_COOKIE_SPACED = re.compile(rf",[ \t]++{_TOKEN}=")
_QUOTED = re.compile(r'"[^"]*"')
_ATTRIBUTE_NAME = re.compile(r"[ \t]*+([A-Za-z\-]*)")
_WITHOUT_COMMA = frozenset({"expires", "max-age", "domain", "secure", "httponly", "samesite", "partitioned"})
"""(But for the one in Expires, which no name follows.)"""


def _is_folded(text: str) -> bool:
    """Tell whether a Set-Cookie value holds more than one cookie, joined by a comma."""
    first, *rest = text.split(";")
    value = first.partition("=")[2].lstrip(" \t")
    quoted = _QUOTED.match(value)
    if _NEXT_COOKIE_SPACED.search(value, quoted.end() if quoted is not None else 0):
        return True
    for part in rest:
        name = _ATTRIBUTE_NAME.match(part)
        known = name is not None and name[1].lower() in _WITHOUT_COMMA
        if (_NEXT_COOKIE if known else _NEXT_COOKIE_SPACED).search(part):
            return True
    return False


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("CK-001",), given=CLEAN,
      cites=(rfc(6265, "3", "Origin servers SHOULD NOT fold multiple Set-Cookie header fields into a single header "
                            "field."), _bis("3")))
def each_cookie_has_its_own_field(x: Exchange, start: Start) -> Verdict:
    """Each cookie is set by a Set-Cookie field of its own.

    The comma is no separator here: it stands within Expires. A browser takes "a=1, b=2" for one cookie called a, and
    the other is never set. It comes from joining repeated headers with ", " as other fields allow, or from keeping
    headers in a dict. Append one ("Set-Cookie", ...) pair for each cookie.
    """
    found = field_values(start.headers, "set-cookie")
    if not found:
        return NOT_APPLICABLE
    for text in found:
        if _is_folded(text):
            return f"the field {show(('Set-Cookie', text))} holds several cookies; expected one field for each"
    return HOLDS


@each_cookie_has_its_own_field.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "theme=dark, lang=en")])
    return [b"hello"]


@each_cookie_has_its_own_field.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "theme=dark; Path=/; HttpOnly,lang=en; Path=/")])
    return [b"hello"]


@each_cookie_has_its_own_field.bad(path="/logout")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    cookies = ["theme=dark; Path=/"]
    if environ.get("PATH_INFO") == "/logout":
        cookies.insert(0, "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", ", ".join(cookies))])
    return [b"hello"]


@each_cookie_has_its_own_field.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"a=; {gone}"),
                              ("Set-Cookie", f"b=; {gone}; SameSite=Lax")])
    return [b"hello"]


@each_cookie_has_its_own_field.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=b=c; Path=/x,y=z")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-002",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=rfc(6265, "4.1.1"))
def cookie_names_are_tokens(x: Exchange, start: Start) -> Verdict:
    """A Set-Cookie field begins with a name, a token, and "=".

    Browsers take a name with spaces, brackets or an umlaut, or none at all, but many servers fail to read it back:
    Python's http.cookies drops the whole Cookie header from that name on. Keep to letters, digits, "-", "_" and ".".
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        if TOKEN.fullmatch(cookie.name) is None:
            return f"the cookie's name in {cookie.shown} is {show(cookie.name)}; expected a token"
    return HOLDS


@cookie_names_are_tokens.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "user name=zoe; Path=/")])
    return [b"hello"]


@cookie_names_are_tokens.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "secret; HttpOnly")])
    return [b"hello"]


@cookie_names_are_tokens.bad(query="filter=size[min]")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    wanted = environ.get("QUERY_STRING", "").removeprefix("filter=") or "none"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"filter-{wanted}=1")])
    return [b"hello"]


@cookie_names_are_tokens.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "user.name_2-!#$%&'*+^`|~=zoe")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-003",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=rfc(6265, "4.1.1"))
def cookie_values_are_cookie_octets(x: Exchange, start: Start) -> Verdict:
    """A cookie's value is ASCII without space, comma, backslash and quotes, but for one pair of quotes around it.

    A semicolon ends the value, and the rest each reader takes in its own way: scripts and servers in other
    languages see the backslashes by which http.cookies and Werkzeug write such values ("a\\054b"). Encode
    what is no plain word: base64 or `urllib.parse.quote`.
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        if COOKIE_PAIR_VALUE.fullmatch(cookie.value) is None:
            return f"the cookie's value in {cookie.shown} is {show(cookie.value)}; expected cookie-octets only"
    return HOLDS


@cookie_values_are_cookie_octets.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", 'prefs={"theme": "dark"}')])
    return [b"hello"]


@cookie_values_are_cookie_octets.bad(query="name=Zoe+Smith")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import parse_qs

    name = parse_qs(environ.get("QUERY_STRING", "")).get("name", ["zoe"])[0]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"name={name}")])
    return [b"hello"]


@cookie_values_are_cookie_octets.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # The semicolon ends the value, quotes or no quotes.
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", 'basket="7;9"')])
    return [b"hello"]


@cookie_values_are_cookie_octets.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a="), ("Set-Cookie", 'b="7"'),
                              ("Set-Cookie", "c=eyJhIjoxfQ==:1tQ/x.y-z_{}[]()<>@?&%20|~")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-004",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=rfc(6265, "4.1.1"))
def cookie_expires_is_a_date(x: Exchange, start: Start) -> Verdict:
    """Expires of a cookie is a date of the form "Sun, 06 Nov 1994 08:49:37 GMT".

    Browsers are lenient with dashes and two-digit years, and drop the attribute in silence where they fail: the cookie
    lives until the browser is closed, or isn't deleted. Write `email.utils.formatdate(seconds, usegmt=True)`; and not a
    number of seconds, which is Max-Age.
    """
    dates = [(cookie, value) for cookie in cookies(start.headers) for key, value in cookie.attributes
             if key == "expires"]
    if not dates:
        return NOT_APPLICABLE
    for cookie, value in dates:
        if IMF_FIXDATE.fullmatch(value) is None:
            return f"Expires in {cookie.shown} is {show(value)}; expected a date, Sun, 06 Nov 1994 08:49:37 GMT"
    return HOLDS


@cookie_expires_is_a_date.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Expires=3600")])
    return [b"hello"]


@cookie_expires_is_a_date.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "a=1; expires=Sun, 06-Nov-94 08:49:37 GMT; Path=/")])
    return [b"hello"]


@cookie_expires_is_a_date.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from http.cookies import SimpleCookie

    jar = SimpleCookie()
    jar["a"] = "1"
    jar["a"]["expires"] = 3600
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", jar["a"].OutputString())])
    return [b"hello"]


@cookie_expires_is_a_date.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-005",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=rfc(6265, "4.1.1"))
def cookie_max_age_is_an_integer(x: Exchange, start: Start) -> Verdict:
    """Max-Age of a cookie is a whole number of seconds.

    A browser ignores "3600.0", "1h", "None" and the empty text, and keeps the cookie until it is closed. A timedelta
    gives a float by total_seconds(): write `int(delta.total_seconds())`; leave the attribute out for a session's
    cookie.
    """
    ages = [(cookie, value) for cookie in cookies(start.headers) for key, value in cookie.attributes
            if key == "max-age"]
    if not ages:
        return NOT_APPLICABLE
    for cookie, value in ages:
        if INTEGER.fullmatch(value) is None:
            return f"Max-Age in {cookie.shown} is {show(value)}; expected whole seconds"
    return HOLDS


@cookie_max_age_is_an_integer.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from datetime import timedelta

    age = timedelta(hours=1).total_seconds()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"a=1; Max-Age={age}")])
    return [b"hello"]


@cookie_max_age_is_an_integer.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Max-Age; Path=/")])
    return [b"hello"]


@cookie_max_age_is_an_integer.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; max-age=31536000; Path=/")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=ADVICE, covers=("CK-005",),
      given=(*CLEAN, each_cookie_has_its_own_field, cookie_max_age_is_an_integer),
      cites=rfc(6265, "4.1.1", "max-age-av = \"Max-Age=\" non-zero-digit *DIGIT"))
def deleted_cookies_carry_expires_too(x: Exchange, start: Start) -> Verdict:
    """A cookie that is deleted by a Max-Age of 0 or less has an Expires in the past beside it.

    The grammar knows no such Max-Age, though every browser takes it as "delete". Other clients that keep to the grammar
    ignore it, and know Expires. Django, Werkzeug and http.cookies can write both: "Expires=Thu, 01 Jan 1970
    00:00:00 GMT; Max-Age=0".
    """
    judged = False
    for cookie in cookies(start.headers):
        age = cookie.get("max-age")
        if age is None:
            continue
        judged = True
        if (age.startswith("-") or not age.strip("0")) and cookie.get("expires") is None:
            return f"{cookie.shown} deletes by Max-Age alone; expected Expires in the past as well"
    return HOLDS if judged else NOT_APPLICABLE


@deleted_cookies_carry_expires_too.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=; Max-Age=0; Path=/")])
    return [b"hello"]


@deleted_cookies_carry_expires_too.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=; Max-Age=-1")])
    return [b"hello"]


@deleted_cookies_carry_expires_too.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")])
    return [b"hello"]


def _place(cookie: Cookie) -> tuple[str, str | None, str | None, bool]:
    """Return what a browser keeps a cookie under: name, domain, path, and whether it is partitioned."""
    domain = cookie.get("domain")
    return (cookie.name, None if domain is None else domain.removeprefix(".").lower(), cookie.get("path"),
            cookie.get("partitioned") is not None)


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-006",),
      given=(*CLEAN, each_cookie_has_its_own_field),
      cites=rfc(6265, "4.1.1", "Servers SHOULD NOT include more than one Set-Cookie header field in the same response "
                               "with the same cookie-name."))
def no_cookie_is_set_twice(x: Exchange, start: Start) -> Verdict:
    """No cookie (of one name, domain and path) is set twice in one response.

    Browsers keep the last one, clients that put headers into a dict whichever they like. Often one part of the program
    undoes what another did, as when a session is deleted and then saved. Replace the first field instead of adding
    another.
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    seen: set[tuple[str, str | None, str | None, bool]] = set()
    for cookie in found:
        place = _place(cookie)
        if place in seen:
            return f"{cookie.shown} sets {show(cookie.name)} again; expected it to be set once"
        seen.add(place)
    return HOLDS


@no_cookie_is_set_twice.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"),
                              ("Set-Cookie", "a=2; path=/; HttpOnly")])
    return [b"hello"]


@no_cookie_is_set_twice.bad(path="/logout")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    headers = [("Content-Type", "text/plain")]
    if environ.get("PATH_INFO") == "/logout":
        headers.append(("Set-Cookie", "session=; Domain=.example.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
    headers.append(("Set-Cookie", "session=7; Domain=EXAMPLE.org"))
    start_response("200 OK", headers)
    return [b"hello"]


@no_cookie_is_set_twice.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # Names of cookies, unlike those of attributes, differ by their case.
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"),
                              ("Set-Cookie", "A=1; Path=/"), ("Set-Cookie", "b=1; Path=/")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=ADVICE, covers=("CK-006",),
      given=(*CLEAN, each_cookie_has_its_own_field, no_cookie_is_set_twice), cites=rfc(6265, "4.1.1"))
def cookie_names_are_set_once(x: Exchange, start: Start) -> Verdict:
    """No two cookies of one name are set in one response, not even for different domains or paths.

    Both are sent back later, under one name and in an order that can't be relied on. It is a common way to expire
    a cookie that was once set for another path, and fine as such; else give the second one a name of its own.
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    seen: set[str] = set()
    for cookie in found:
        if cookie.name in seen:
            return f"{cookie.shown} sets {show(cookie.name)} for another domain or path; expected one of that name"
        seen.add(cookie.name)
    return HOLDS


@cookie_names_are_set_once.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"),
                              ("Set-Cookie", "a=; Path=/old; Expires=Thu, 01 Jan 1970 00:00:00 GMT")])
    return [b"hello"]


@cookie_names_are_set_once.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"),
                              ("Set-Cookie", "b=1; Path=/old")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-007",),
      given=(*CLEAN, each_cookie_has_its_own_field),
      cites=rfc(6265, "4.1.1", "Servers SHOULD NOT produce two attributes with the same name in the same "
                               "set-cookie-string."))
def cookie_attributes_occur_once(x: Exchange, start: Start) -> Verdict:
    """No attribute occurs twice in one Set-Cookie field.

    Browsers take the last, other clients the first. It comes from middleware that appends "; Secure; SameSite=Lax" to
    every cookie, whatever it carries already. Parse the field before you add to it.
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        names = [name for name, _ in cookie.attributes]
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice is not None:
            return f"{show(twice)} occurs again in {cookie.shown}; expected each attribute once"
    return HOLDS


@cookie_attributes_occur_once.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/; Secure; HttpOnly; secure")])
    return [b"hello"]


@cookie_attributes_occur_once.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "a=1; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High;")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("CK-008",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=_bis("4.1.3"))
def cookie_prefixes_are_honoured(x: Exchange, start: Start) -> Verdict:
    """A cookie called __Secure-... carries Secure; one called __Host-... carries Secure and Path=/, and no Domain.

    The prefix promises it, and a browser drops a cookie that breaks the promise without a word, also one that was meant
    to delete: the old one stays. Give the same attributes where you set and where you delete.
    """
    found = [cookie for cookie in cookies(start.headers) if cookie.name.startswith(("__Secure-", "__Host-"))]
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        if cookie.get("secure") is None:
            return f"{cookie.shown} has no Secure; expected it, as the prefix demands"
        if cookie.name.startswith("__Host-"):
            if cookie.get("path") != "/":
                return f"{cookie.shown} has Path {show(cookie.get('path'))}; expected Path=/, as the prefix demands"
            if cookie.get("domain"):
                return f"{cookie.shown} has a Domain; expected none, as the prefix demands"
    return HOLDS


@cookie_prefixes_are_honoured.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "__Secure-id=1; Path=/")])
    return [b"hello"]


@cookie_prefixes_are_honoured.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "__Host-id=1; Path=/app; Secure")])
    return [b"hello"]


@cookie_prefixes_are_honoured.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"),
                              ("Set-Cookie", "__Host-id=1; Path=/; Secure; Domain=example.org")])
    return [b"hello"]


@cookie_prefixes_are_honoured.bad(path="/logout")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    cookie = "__Host-id=1; Path=/; Secure"
    if environ.get("PATH_INFO") == "/logout":
        cookie = "__Host-id=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", cookie)])
    return [b"hello"]


@cookie_prefixes_are_honoured.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "__Host-id=1; secure; path=/; HttpOnly"),
                              ("Set-Cookie", "__Secure-id=1; Secure; Domain=example.org; Path=/app")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=MUST, covers=("CK-009",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=_bis("5.7"))
def same_site_none_comes_with_secure(x: Exchange, start: Start) -> Verdict:
    """A cookie with SameSite=None is Secure.

    Browsers drop it otherwise, so that embedded pages and log-ins by another site fail, and only in production where
    the setting is on. Add Secure, and serve over https; or leave SameSite at Lax.
    """
    found = [cookie for cookie in cookies(start.headers) if (cookie.get("samesite") or "").lower() == "none"]
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        if cookie.get("secure") is None:
            return f"{cookie.shown} has SameSite=None and no Secure; expected both"
    return HOLDS


@same_site_none_comes_with_secure.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; samesite=none; Path=/")])
    return [b"hello"]


@same_site_none_comes_with_secure.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; SameSite=None; Secure"),
                              ("Set-Cookie", "b=1; SameSite=Lax")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-009",),
      given=(*CLEAN, each_cookie_has_its_own_field), cites=_bis("4.1.1"))
def same_site_is_strict_lax_or_none(x: Exchange, start: Start) -> Verdict:
    """SameSite is Strict, Lax or None.

    A browser takes any other word ("True", "no", the empty text) as if the attribute were absent, so the protection
    that was meant is the browser's default. Leave the attribute out, or write one of the three.
    """
    found = [(cookie, value) for cookie in cookies(start.headers) for key, value in cookie.attributes
             if key == "samesite"]
    if not found:
        return NOT_APPLICABLE
    for cookie, value in found:
        if value.lower() not in ("strict", "lax", "none"):
            return f"SameSite in {cookie.shown} is {show(value)}; expected Strict, Lax or None"
    return HOLDS


@same_site_is_strict_lax_or_none.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; SameSite=True")])
    return [b"hello"]


@same_site_is_strict_lax_or_none.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; SameSite=strict"),
                              ("Set-Cookie", "b=1")])
    return [b"hello"]


@rule(at=Moment.START, binds=APPLICATION, level=SHOULD, covers=("CK-010",),
      given=(*CLEAN, each_cookie_has_its_own_field),
      cites=rfc(6265, "6.1", "At least 4096 bytes per cookie (as measured by the sum of the length of the cookie's "
                             "name, value, and attributes)."))
def cookies_fit_4096_bytes(x: Exchange, start: Start) -> Verdict:
    """Name, value and attributes of a cookie are 4096 bytes together at most.

    More than that no browser has to keep, and most drop the cookie without a word: whoever has the fuller
    basket or the longer session is logged out. Keep the data on the server and an identifier in the cookie.
    """
    found = cookies(start.headers)
    if not found:
        return NOT_APPLICABLE
    for cookie in found:
        size = len(cookie.name) + len(cookie.value) + sum(len(key) + len(said) for key, said in cookie.attributes)
        if size > MOST:
            return f"the cookie {show(cookie.name)} takes {size} bytes with its attributes; expected {MOST} at most"
    return HOLDS


@cookies_fit_4096_bytes.bad(query="items=1500")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    count = int(environ.get("QUERY_STRING", "").removeprefix("items=") or 1)
    basket = ".".join(str(number) for number in range(count))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"basket={basket}; Path=/")])
    return [b"hello"]


@cookies_fit_4096_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", f"a={'x' * 4090}; Path=/")])
    return [b"hello"]
