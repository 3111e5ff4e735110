"""One finding, one block: what is broken, where, what shows it, what the PEP says, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.finding import Finding
from ..model.request import PLAIN, Case, Drive, Request
from ..model.rule import ADVICE, MUST, SHOULD, Card, Citation, Level
from ..model.run import Run
from .options import Options
from .paint import Glyphs, Line, Piece, wrap
from .pep import headings, plain
from .prose import remedy
from .reproduce import curls
from .safe import cells
from .safe import line as safe
from .script import script, short
from .source import Excerpt, excerpt
from .view import RunView, plural, split_evidence

__all__ = ["LEVEL_STYLES", "Blocks", "drive_words", "quote_words", "request_words", "section_words",
           "seen_words"]

LEVEL_STYLES: dict[Level, str] = {MUST: "bold red", SHOULD: "yellow", ADVICE: "cyan"}
_LABEL = 10
_USUAL = dict(Request().variables)
"""What an ordinary request has; a report tells what differs."""
_EVENTS = 12


class Blocks:
    """The blocks of one run."""

    def __init__(self, view: RunView, cards: Mapping[str, Card], options: Options, glyphs: Glyphs) -> None:
        self.view = view
        self.cards = cards
        self.options = options
        self.glyphs = glyphs

    def block(self, number: int, finding: Finding, *, known: bool = False) -> Iterator[Line]:
        """Yield the lines about `finding`."""
        card = self.cards.get(finding.name)
        yield from self._title(number, finding, known)
        actual, expected = split_evidence(safe(finding.evidence))
        for part in wrap(actual, self.options.width - 2):
            yield (("bold", "  " + part),)
        if expected:
            yield from self._row("expected", expected)
        yield from self._where(finding, card)
        if card is not None:
            yield from self._row("rule", safe(card.title))
        if finding.layers:
            stack = f" {self.glyphs.arrow} ".join(safe(layer, 200) for layer in finding.layers)
            yield from self._row("layers", stack)
        yield from self._seen(finding)
        if card is not None:
            for citation in card.cites:
                yield from self._citation(citation)
            why, fix = remedy(card.explanation)
            for label, text in (("why", why), ("fix", fix)):
                if text:
                    yield from self._paragraphs(label, text)
        yield from self._again(finding, card)

    def _title(self, number: int, finding: Finding, known: bool) -> Iterator[Line]:
        bar, dot = self.glyphs.bar, self.glyphs.dot
        style = "dim" if known else LEVEL_STYLES[finding.level]
        rest = (f" {dot} {finding.level.value.upper()} {dot} {safe(finding.culprit, 60)}"
                + (f" {dot} known" if known else ""))
        left = f"{bar * 2} {number} {bar * 2} "
        room = self.options.width - cells(left) - cells(finding.name) - 1
        if room - cells(rest) >= 2:
            yield (("dim", left), (style, finding.name + rest), ("dim", " " + bar * (room - cells(rest))))
        else:
            yield (("dim", left), (style, finding.name), ("dim", " " + bar * max(0, room)))
            yield ((style, "  " + rest.removeprefix(f" {dot} ")),)

    def _row(self, label: str, text: str, style: str = "") -> Iterator[Line]:
        for index, part in enumerate(wrap(text, self.options.width - _LABEL - 2)):
            yield (("dim bold", f"  {'' if index else label:<{_LABEL}}"), (style, part))

    def _paragraphs(self, label: str, text: str) -> Iterator[Line]:
        for index, paragraph in enumerate(text.split("\n\n")):
            if index:
                yield ()
            yield from self._row("" if index else label, safe(" ".join(paragraph.split())))

    # -- where -------------------------------------------------------------------------------------------

    def _where(self, finding: Finding, card: Card | None) -> Iterator[Line]:
        site = finding.site
        if site is None:
            return
        within = f" in {safe(site.function, 200)}" if site.function else ""
        yield (("blue", f"  {self.glyphs.arrow if self.glyphs.arrow == '-->' else '-->'} "),
               ("bold", f"{safe(site.file, 400)}:{site.line}"), ("", within))
        found = excerpt(site, card, finding.evidence)
        if found is not None:
            yield from self._excerpt(found)

    def _excerpt(self, found: Excerpt) -> Iterator[Line]:
        gutter = len(str(found.lines[-1].number))
        room = max(20, self.options.width - gutter - 7)
        texts = {source.number: source.text for source in found.lines}
        common = min((len(t) - len(t.lstrip()) for t in texts.values() if t.strip()), default=0)
        cut = common if any(cells(t) > room for t in texts.values()) else 0
        for number, text in texts.items():
            shown = text[cut:] if text.strip() else ""
            if number != found.number:
                yield (("blue", f"   {number:>{gutter}} {self.glyphs.gutter} "), *_window(shown, 0, room))
                continue
            start, end = max(0, found.start - cut), max(1, found.end - cut)
            # The marked place is seen, whatever stands before it.
            skipped = min(start, end - room + 2) if end > room - 1 and len(shown) > room else 0
            yield (("blue", f"   {number:>{gutter}} {self.glyphs.gutter} "), *_window(shown, skipped, room))
            first = start - skipped + (1 if skipped else 0)
            carets = self.glyphs.caret * max(1, min(end - start, room - first))
            yield (("blue", f"   {'':>{gutter}} {self.glyphs.gutter} "), ("bold red", " " * first + carets))

    # -- what shows it -----------------------------------------------------------------------------------

    def _seen(self, finding: Finding) -> Iterator[Line]:
        case = finding.case
        if case is not None:
            yield from self._row("request", request_words(case.request, self.options.verbose))
            if drive_words(case.drive):
                yield from self._row("server", drive_words(case.drive))
        for between in finding.between:
            yield from self._row("then", request_words(between.request, self.options.verbose))
        if finding.twin is not None:
            yield from self._row("against", request_words(finding.twin.request, self.options.verbose))
            if drive_words(finding.twin.drive):
                yield from self._row("server", drive_words(finding.twin.drive))
        yield from self._row("seen in", seen_words(finding, self.view.run))
        if _about_the_import(finding):
            return
        if finding.events:
            events = finding.events if self.options.verbose else finding.events[:_EVENTS]
            told = [safe(event, 400) for event in events]
            if len(events) < len(finding.events):
                told.append(f"… ({len(finding.events)} events, -v)")
            tape = " -> ".join(told)
            # A short tape reads best in one sentence, a long one as a list.
            for number, event in enumerate([tape] if len(tape) < 4 * self.options.width else told):
                yield from self._row("" if number else "events", event)

    def _citation(self, citation: Citation) -> Iterator[Line]:
        where = safe(section_words(citation))
        if citation.quote:
            quote = f"“{quote_words(citation)}” ({where.removeprefix(citation.document + ' ')})"
            yield from self._row(_short(citation.document), quote, "italic")
        else:
            yield from self._row(_short(citation.document), where.removeprefix(citation.document + " "))
        if self.options.verbose and citation.url:
            yield from self._row("", safe(citation.url, 300), "underline")

    # -- again -------------------------------------------------------------------------------------------

    def _again(self, finding: Finding, card: Card | None) -> Iterator[Line]:
        name = self.view.id(finding)
        yield (("dim bold", f"  {'again':<{_LABEL}}"), ("bold", f"wsgicheck replay {name}"))
        subject, case = self.view.run.subject, finding.case
        if finding.shell or (case is not None and _can_be_sent(case)):
            if subject.kind != "server":
                yield (("", " " * (_LABEL + 2)), ("bold", f"wsgicheck replay {name} --serve 8000 &"))
            for line in curls(finding).split("\n"):
                yield (("", " " * (_LABEL + 2)), ("bold", line))
        # What curl can say needs no program, but where it is asked for.
        if self.options.verbose or (finding.program and subject.kind == "server" and not finding.shell):
            code = script(finding, subject, card)
        elif finding.program:
            yield (("dim", " " * (_LABEL + 2) + "or as the program that -v shows"),)
            return
        else:
            code = short(finding.cases, subject) if subject.kind != "server" else ""
        if code:
            yield (("dim bold", f"  {'python':<{_LABEL}}"),)
            for source in code.rstrip("\n").split("\n"):
                yield (("", "    "), ("python", source))


def seen_words(finding: Finding, run: Run) -> str:
    """Return how often a finding was seen: in places, where it is about the import, else in exchanges."""
    if _about_the_import(finding):
        return plural(finding.count, "place")
    of = f" of {run.exchanges:,}" if run.exchanges >= finding.count else ""
    return f"{finding.count:,}{of} {'exchange' if run.exchanges == 1 else 'exchanges'}"


def _about_the_import(finding: Finding) -> bool:
    """Tell whether no request shows it, but loading the application once more."""
    return finding.family == "hygiene" and finding.case is None


def _window(text: str, skipped: int, room: int) -> tuple[Piece, ...]:
    """Return what of a line of source fits into `room` columns after `skipped` characters."""
    rest = text[skipped:]
    room -= 1 if skipped else 0
    more = len(rest) > room
    return (("dim", "…" if skipped else ""), ("python", rest[: room - 1] if more else rest),
            ("dim", "…" if more else ""))


def _can_be_sent(case: Case) -> bool:
    """Tell whether a client can bring about the request: the drive is the server's own doing."""
    return case.request.has("REQUEST_METHOD") and not case.drive.start_raises


def _short(document: str) -> str:
    return document if len(document) < _LABEL else "cites"


def quote_words(citation: Citation) -> str:
    """Return the sentence that a citation quotes, on one line and without the PEP's own markup."""
    return safe(plain(citation.quote) if citation.document == "PEP 3333" else " ".join(citation.quote.split()))


def section_words(citation: Citation) -> str:
    """Return the name of the section a citation points to, as a person reads it."""
    if citation.document == "PEP 3333":
        return headings().get(citation.section, citation.section) or citation.document
    if citation.document.startswith("RFC"):
        return f"{citation.document} section {citation.section}"
    return ", ".join(part for part in (citation.document, citation.section) if part)


def request_words(request: Request, verbose: bool = False) -> str:
    """Return the request as a person says it: method, target, and what is out of the ordinary."""
    target = request.get("SCRIPT_NAME") + request.path + (f"?{request.query}" if request.query else "")
    said = [safe(f"{request.method or '(no method)'} {target[:600] or '(empty path)'}", 600)]
    limit = 400 if verbose else 80
    for key, value in request.variables:
        if key in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME") or _USUAL.get(key) == value:
            continue
        shown = safe(repr(value), 2 * limit) if len(value) <= limit else safe(value, limit)
        said.append(f"{safe(key, 80)}={shown}")
    for key in _USUAL:
        if not request.has(key):
            said.append(f"no {key}")
    if request.body:
        said.append(f"body of {plural(len(request.body), 'byte')} {safe(repr(request.body[:32]))}"
                    + ("…" if len(request.body) > 32 else ""))
    if request.reads:
        sizes = ", ".join(str(n) for n in request.reads[:8]) + (", …" if len(request.reads) > 8 else "")
        said.append(f"read in pieces of at most {sizes}")
    if request.input_terminated:
        said.append("wsgi.input_terminated")
    if request.url_scheme != "http":
        said.append(f"wsgi.url_scheme={safe(request.url_scheme, 40)}")
    for flag in ("multithread", "multiprocess", "run_once"):
        if getattr(request, flag):
            said.append(f"wsgi.{flag}")
    if not request.file_wrapper:
        said.append("no wsgi.file_wrapper")
    return "  ".join(said)


def drive_words(drive: Drive) -> str:
    """Return what the server does out of the ordinary, "" for nothing."""
    if drive == PLAIN:
        return ""
    said = []
    if drive.stop_after is not None:
        said.append(f"stops after {plural(drive.stop_after, 'item')} of the body and calls close()")
    if drive.start_raises:
        said.append("start_response refuses the headers and raises")
    if drive.write_raises_after is not None:
        said.append(f"write() raises after {plural(drive.write_raises_after, 'call')}")
    if drive.calls != 1:
        said.append(f"makes the same request {drive.calls} times")
    if drive.headers:
        said.append("empties the header list" if drive.headers == "cleared" else "adds a field to the header list")
    if drive.closes != 1:
        said.append(f"calls close() {drive.closes} times")
    if drive.watched:
        said.append("remembers the streams and start_response it gave")
    return "; ".join(said)
