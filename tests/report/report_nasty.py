"""What a hostile or broken subject can put into a report: text, headers, bodies and paths drawn to do harm."""

from __future__ import annotations

from hypothesis import strategies as st
from report_samples import CARDS, cards_of, run_of

from wsgicheck.model.finding import Finding, Site
from wsgicheck.model.request import Case, Drive, Request
from wsgicheck.model.run import Run, Subject

PIECES = (
    "\x1b[2J", "\x1b]0;owned\x07", "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\", "\x9b31m", "\x00", "\x07",
    "\x08\x08\x08", "\r", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066",
    "\u200b", "\ufeff", "\ufffe", "\uffff", "\ud800", "\udcff", "\U000e0001",
    "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' onclick='",
    "<!--", "-->", "]]>", "<![CDATA[", "&lt;", "&#x202e;", "javascript:alert(1)", "{{ 7 * 7 }}", "{% raw %}",
    "::error::", "::warning file=x::", "::stop-commands::x", "##[error]", "%0A::error::x", "%25", ",line=1",
    "`", "``", "```", "~~~", "|", "[x](http://evil.example)", "![x](http://evil.example/x.png)", "<http://evil.example>",
    "@everyone", "#1", "# heading", "- item", "> quote", "***", "http://evil.example/", "www.evil.example",
    "'", '"', "\\", "$(touch owned)", "`touch owned`", ";touch owned", "&& touch owned", "| touch owned", "$HOME", "*",
    "-o/tmp/owned", "@/etc/passwd", "\N{COMBINING ACUTE ACCENT}" * 30, "\N{FULLWIDTH LATIN CAPITAL LETTER A}",
    "; expected ", "x" * 300, " ", "", "Grüße", "日本",
)

nasty = st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(), max_size=4)), max_size=6).map("".join)
"""Any text."""
carried = nasty.map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"))
"""Text as environ carries it: code points below 256."""
keys = st.one_of(st.sampled_from(["HTTP_ACCEPT", "HTTP_COOKIE", "HTTP_X_A", "HTTP_HOST", "CONTENT_TYPE",
                                  "CONTENT_LENGTH", "REMOTE_ADDR", "HTTP_", "HTTP_X_é"]), nasty)
methods = st.one_of(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "M-SEARCH", ""]), carried)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    variables = [("REQUEST_METHOD", draw(methods)), ("SCRIPT_NAME", draw(carried)), ("PATH_INFO", draw(carried)),
                 ("QUERY_STRING", draw(carried)), ("SERVER_NAME", "x"), ("SERVER_PORT", "80")]
    variables = [pair for pair in variables if draw(st.integers(0, 5))]
    variables += draw(st.lists(st.tuples(keys, st.one_of(carried, nasty)), max_size=4))
    return Request(tuple(variables), body=draw(st.one_of(st.just(b""), st.binary(max_size=20), st.sampled_from(
        [b"'; touch owned #", b"%s%n\\", b"\x00\xff", b"@/etc/passwd", b"</script>", b"a" * 100]))),
        reads=tuple(draw(st.lists(st.integers(1, 9), max_size=3))),
        input_terminated=draw(st.booleans()),
        url_scheme=draw(nasty), multithread=draw(st.booleans()), file_wrapper=draw(st.booleans()))


drives = st.builds(Drive, stop_after=st.none() | st.integers(0, 3), start_raises=st.booleans(),
                   write_raises_after=st.none() | st.integers(0, 2), calls=st.integers(1, 2),
                   headers=st.sampled_from(["", "cleared", "marked"]), closes=st.integers(1, 2), watched=st.booleans())
cases = st.builds(Case, requests(), drives)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    card = draw(st.sampled_from(cards_of()))
    site = st.builds(Site, nasty.map(lambda text: text or "x"), st.integers(1, 10**9), nasty)
    return Finding(card.id, card.family, card.level, draw(nasty), draw(nasty), draw(st.integers(1, 10**6)),
                   draw(st.none() | site), draw(st.none() | cases), draw(st.none() | cases),
                   tuple(draw(st.lists(nasty, max_size=3))), tuple(draw(st.lists(nasty, max_size=3))),
                   beside=tuple(draw(st.lists(requests(), max_size=1))), given=draw(st.just("") | nasty))


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Return a run in which everything that a subject can touch is drawn."""
    found = draw(st.lists(findings(), max_size=4))
    ids = st.sampled_from(sorted(CARDS))
    return run_of(*found, known=tuple(draw(st.lists(ids, max_size=1))),
                  crashed=tuple(draw(st.lists(ids, max_size=1))),
                  unexercised=tuple(draw(st.lists(ids, max_size=2))), nothing_checked=draw(st.just("") | nasty),
                  subject=Subject(draw(st.sampled_from(["application", "server", "middleware"])),
                                  draw(st.sampled_from(["shop:app", "shop/wsgi.py:app", "a.b:c.d()"]) | nasty),
                                  tuple(draw(st.lists(nasty, max_size=2)))),
                  notes=tuple(draw(st.lists(nasty, max_size=2))), layers=tuple(draw(st.lists(nasty, max_size=2))),
                  version=draw(st.just("0.1.0") | nasty),
                  reach={"routes": 3, "entered": 2, "succeeded": 1, "unreached": draw(st.lists(nasty, max_size=2))})
