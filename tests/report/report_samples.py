"""Runs to render: findings of every kind over the real cards, and a file of a user's code they point into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wsgicheck.model.finding import Finding, Site
from wsgicheck.model.request import Case, Drive, Request
from wsgicheck.model.rule import ADVICE, APPLICATION, MIDDLEWARE, SHOULD, Card, Level
from wsgicheck.model.run import RuleResult, Run, RunVerdict, Subject
from wsgicheck.report import by_name
from wsgicheck.rules import catalogue, every_card

CARDS: Mapping[str, Card] = {card.id: card for card in catalogue()}
BY_NAME: Mapping[str, Card] = by_name(every_card())

SOURCE = '''\
"""A shop."""

from time import perf_counter


def application(environ, start_response):
    began = perf_counter()
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Elapsed", perf_counter() - began)])
    yield b"hello"
    yield "world"
'''


def cards_of(*levels: Level) -> list[Card]:
    """Return the cards of the given levels (all levels where none is given), in the catalogue's order."""
    return [card for card in CARDS.values() if not levels or card.level in levels]


def finding_of(card: Card, evidence: str = "chunk 1 is 'world'; expected bytes", **facts: object) -> Finding:
    """Return a finding of `card`; `facts` replace those that a plain one has."""
    plain = Finding(card.id, card.family, card.level, card.binds.value, evidence, case=Case(Request.make()))
    return replace(plain, **facts)


def run_of(*findings: Finding, known: tuple[str, ...] = (), unexercised: tuple[str, ...] = (),
           crashed: tuple[str, ...] = (), cards: Mapping[str, Card] = CARDS, kind: str = "application",
           nothing_checked: str = "", **facts: object) -> Run:
    """Return a run over all of `cards` with the given findings and verdicts."""
    broken = {f.rule for f in findings}

    def verdict(card: Card) -> RunVerdict:
        if card.id in known:
            return RunVerdict.KNOWN
        if card.id in crashed:
            return RunVerdict.CRASHED
        if card.id in broken:
            return RunVerdict.BROKEN
        if card.id in unexercised or (card.binds is MIDDLEWARE and kind == "application"):
            return RunVerdict.UNEXERCISED
        return RunVerdict.HOLDS

    results = tuple(RuleResult(c.id, c.family, c.level, verdict(c), c.covers,
                               0 if verdict(c) is RunVerdict.UNEXERCISED else 1204) for c in cards.values())
    run = Run(Subject(kind, "shop.wsgi:application", ("Flask 3.1.3", "Python 3.11.7")), 5325201, 4.13, 1204,
              results, findings, nothing_checked=nothing_checked, statuses={200: 1100, 404: 104},
              reach={"routes": 23, "entered": 22, "succeeded": 20, "unreached": ["/admin/<int:id>"]},
              version="0.1.0")
    return replace(run, **facts)


def sample(folder: Path) -> Run:
    """Return a run with a finding at each level, of each shape; writes the source it points to."""
    source = folder / "shop.py"
    source.write_text(SOURCE)
    cards = [card for card in cards_of() if card.binds is APPLICATION]
    first = CARDS["chunks-are-bytes"]
    picked = [first] + [next(c for c in cards if c.level is level) for level in (SHOULD, ADVICE)]
    others = [card for card in cards if card not in picked][:2]
    body = Request.make("POST", "/cart/\xc3\xa9t\xc3\xa9", "a=1&b=2", body=b'{"q": 1}\n\xff',
                        content_type="application/json", HTTP_ACCEPT="*/*").with_variables(QUERY_STRING=None)
    findings = [finding_of(first, site=Site(str(source), 10, "application"), count=418,
                           events=("call", "start_response('200 OK')", "next", "6 B", "close"))]
    findings += [finding_of(card, "status is '200'; expected three digits, a space and a reason phrase",
                            case=Case(body, Drive(stop_after=1)), layers=("RequestTimer", "GzipMiddleware", "Flask"))
                 for card in picked[1:]]
    findings += [finding_of(card, "HEAD answered 200, GET answered 404", case=Case(Request.make("HEAD", "/a b")),
                            twin=Case(Request.make("GET", "/a b"))) for card in others[:1]]
    findings += [finding_of(card, "importing shop.wsgi started 1 thread", case=None) for card in others[1:]]
    return run_of(*findings, unexercised=tuple(c.id for c in cards[-3:]), notes=("the application is a generator",))
