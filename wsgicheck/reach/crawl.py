"""Follows links and fills in forms from the start page on, as a visitor would, within bounds.

Laws: a page's own values are kept (so tokens are), and what is empty is filled in by what the field asks for; of
addresses that differ in their numbers only a few are asked; what ends the session or deletes is left for later; a
visitor who has logged in gives no password away, for the one that they have would be another afterwards.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from .browser import Browser, local
from .reached import LEAVES

__all__ = ["crawl", "log_in"]

_MOST_ALIKE = 3
_NUMBERS = re.compile(r"\d+|%[0-9A-Fa-f]{2}")
_LINKED = (("a", "href"), ("area", "href"), ("iframe", "src"), ("link", "href"), ("img", "src"), ("script", "src"))
_BY_TYPE = {"email": "a@example.com", "url": "http://example.com/", "number": "1", "date": "2024-01-01",
            "time": "12:00", "datetime-local": "2024-01-01T12:00", "month": "2024-01", "week": "2024-W01",
            "tel": "5551234567", "color": "#aabbcc", "range": "1", "password": "Pa55-word-1", "search": "a"}
_BY_NAME = (
    (re.compile(r"mail"), "a@example.com"), (re.compile(r"url|link|website"), "http://example.com/"),
    (re.compile(r"card"), "4111111111111111"), (re.compile(r"date|_0$"), "2024-01-01"),
    (re.compile(r"time|_1$"), "12:00:00"), (re.compile(r"year"), "2024"),
    (re.compile(r"qty|quantity|count|number|amount|price|id$|page|limit"), "1"),
)
_DESTROYS = re.compile(r"delete|remove|destroy|purge|wipe|unregister|deactivate|passw", re.IGNORECASE)
"""What in a form's address says that others could no longer be visited afterwards."""
_FILE = ("a.csv", b"1,1\n2,1\n")


def _shape(url: str) -> str:
    path, _, query = url.partition("?")
    head, _, last = path.rpartition("/")
    if "." in last:     # files of one kind in one folder are alike
        path = f"{head}/*.{last.rpartition('.')[2]}"
    names = sorted({pair.partition("=")[0] for pair in query.split("&")}) if query else []
    return _NUMBERS.sub("0", path) + "?" + "&".join(names)


def _value(field: Any, name: str) -> str:
    attributes = getattr(field, "attrs", None) or {}
    kind = str(attributes.get("type", "text")).lower()
    low = name.lower()
    for pattern, value in _BY_NAME:
        if pattern.search(low):
            return value
    return _BY_TYPE.get(kind, "a")


def fill(form: Any, given: dict[str, str] | None = None) -> None:
    """Fill in what is empty in a form of WebTest's; `given` goes before what is guessed."""
    from webtest import Upload
    from webtest.forms import (
        Checkbox,
        File,
        Hidden,
        MultipleSelect,
        Radio,
        Select,
        Submit,
    )

    for name, fields in list(form.fields.items()):
        for field in fields:
            if name is None or isinstance(field, Submit):
                continue
            try:
                if given and name in given and not isinstance(field, File):
                    field.value = given[name]
                elif isinstance(field, File):
                    field.value = Upload(*_FILE)
                elif isinstance(field, (Select, Radio)):
                    options = [option[0] for option in getattr(field, "options", ())
                               if not _DESTROYS.search(str(option[0]))]
                    if not field.value and options:
                        field.value = next((option for option in options if option), options[0])
                elif isinstance(field, Checkbox):
                    if "required" in field.attrs or name.startswith("_selected"):
                        field.checked = True
                elif not isinstance(field, (Hidden, MultipleSelect)) and not field.value:
                    field.value = _value(field, name)
            except (ValueError, TypeError):     # a field that takes none of what it offers
                continue


def _confirms(form: Any) -> bool:
    """Tell whether a form only waits for a yes to what deletes: it says so in a value that nobody sees."""
    return any(type(field).__name__ == "Hidden" and _DESTROYS.search(str(field.value or ""))
               for fields in form.fields.values() for field in fields if "token" not in str(field.name).lower())


def _action(form: Any, base: str) -> str | None:
    return local(base, str(form.action or "") or base)


def _asks_for_a_password(form: Any) -> bool:
    return any(str((getattr(field, "attrs", None) or {}).get("type", "")).lower() == "password"
               for fields in form.fields.values() for field in fields)


def crawl(browser: Browser, start: Iterable[str], *, requests: int, deadline: float, post: bool,
          known: bool = False) -> None:
    """Visit what can be reached from `start`; what was asked is in the browser's visits.

    Args:
        start: "/path?query" to begin with.
        requests: how many are made at most.
        deadline: time.monotonic() after which no more are made.
        post: whether forms that change data are submitted too.
        known: whether the visitor has logged in.
    """
    queue: deque[str] = deque(dict.fromkeys(start))
    later: deque[str] = deque()     # addresses like others that were asked
    seen: set[str] = set(queue)
    alike: Counter[str] = Counter()
    forms: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    end = len(browser.visits) + requests

    def more() -> bool:
        return len(browser.visits) < end and time.monotonic() < deadline

    def add(link: str | None) -> None:
        if link is None or link in seen or LEAVES.search(link) or len(link) > 2000:
            return
        seen.add(link)
        shape = _shape(link)
        alike[shape] += 1
        if alike[shape] <= _MOST_ALIKE:
            (queue if alike[shape] == 1 else later).append(link)

    def read(base: str, response: Any) -> None:
        if 300 <= response.status_int < 400:
            add(local(base, str(response.headers.get("Location", ""))))
        page = browser.soup(response)
        if page is None:
            return
        for tag, attribute in _LINKED:
            for found in page.find_all(tag, **{attribute: True}):
                add(local(base, str(found[attribute])))
        for form in browser.forms(response):
            action = _action(form, base)
            method = str(form.method or "GET").upper()
            if action is None or LEAVES.search(action):
                continue
            if method not in ("GET", "HEAD") and (not post or _DESTROYS.search(action) or _confirms(form)
                                                  or (known and _asks_for_a_password(form))):
                continue
            names = tuple(sorted(str(name) for name in form.fields if name))
            key = (method, _shape(action), names)
            forms[key] += 1
            if forms[key] > 1 or not more():
                continue
            fill(form)
            button = next((name for name, fields in form.fields.items()
                           if name and type(fields[0]).__name__ == "Submit"), "")
            answer = browser.submit(form, button)
            if answer is not None:
                read(unquote(action.partition("?")[0]), answer)

    while (queue or later) and more():
        url = (queue or later).popleft()
        response = browser.get(url)
        if response is not None:
            read(url.partition("?")[0], response)


def log_in(browser: Browser, login: str) -> str:
    """Perform 'POST /login user=… password=…' and return what went wrong, "" if nothing seems to have.

    The page at that address is got first: where it has a form with these fields, that form is sent, with whatever
    token it carries.
    """
    words = login.split()
    method = words.pop(0).upper() if words and "/" not in words[0] and "=" not in words[0] else "POST"
    url = words.pop(0)
    fields = {name: value for name, _, value in (word.partition("=") for word in words)}
    before = browser.cookies
    answer = None
    page = browser.get(url)
    if page is not None and page.status_int == 200:
        for form in browser.forms(page):
            if fields.keys() <= form.fields.keys() and fields:
                fill(form, fields)
                answer = browser.submit(form)
                break
    if answer is None:
        answer = browser.post(url, fields) if method == "POST" else browser.get(url)
    if answer is None:
        return "the login was not answered"
    if answer.status_int >= 400:
        return f"the login was answered {answer.status_int}"
    if answer.status_int == 200 and browser.cookies == before:
        return "the login was answered 200 and set no cookie"
    return ""
