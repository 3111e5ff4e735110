"""Applications with one fault each; the line that did it is marked with an arrow and the id of its rule."""

import gzip
import hashlib
import io
import time
from urllib.parse import quote, unquote

TEXT = ("Content-Type", "text/plain; charset=utf-8")


# -- one exchange ----------------------------------------------------------------------------------------------------


def short_of_its_length(environ, start_response):
    body = b"hello"
    start_response("200 OK", [TEXT, ("Content-Length", "9")])  # <- body-fills-content-length
    return [body]


def body_on_204(environ, start_response):
    start_response("204 No Content", [])
    return [b"gone"]  # <- no-content-response-has-no-body


def generator_on_204(environ, start_response):
    start_response("204 No Content", [])
    yield b"gone"  # <- no-content-response-has-no-body


def returns_text(environ, start_response):
    start_response("200 OK", [TEXT])
    if environ.get("QUERY_STRING"):
        return [b"fine"]
    return "text"  # <- body-is-not-a-bare-string


def latin_under_utf_8(environ, start_response):
    start_response("200 OK", [TEXT])  # <- text-decodes-in-its-charset
    yield b"caf\xe9"


def raises_late(environ, start_response):
    start_response("200 OK", [TEXT])
    yield b"one"
    numbers = []
    yield numbers[3]  # <- errors-are-answered


def stubborn(environ, start_response):
    start_response("200 OK", [TEXT])
    try:
        yield b"one"
        yield b"two"
    finally:
        yield b"bye"  # <- generators-let-themselves-be-closed


# -- several ---------------------------------------------------------------------------------------------------------

PAGES = iter([b"the only page"])


def used_up(environ, start_response):
    page = next(PAGES, None)
    if page is None:
        raise LookupError("no page is left")  # <- application-can-be-called-again
    start_response("200 OK", [TEXT])
    return [page]


def needs_the_address(environ, start_response):
    start_response("200 OK", [TEXT])
    return [environ["REMOTE_ADDR"].encode()]  # <- optional-variables-may-be-absent


def needs_the_agent(environ, start_response):
    agent = environ["HTTP_USER_AGENT"]  # <- header-fields-may-be-absent
    start_response("200 OK", [TEXT])
    return [agent.encode("latin-1")]


def needs_request_uri(environ, start_response):
    uri = environ["REQUEST_URI"]  # <- keys-of-one-server-are-not-needed
    start_response("200 OK", [TEXT])
    return [uri.encode("latin-1")]


def needs_the_wrapper(environ, start_response):
    start_response("200 OK", [TEXT])
    wrap = environ["wsgi.file_wrapper"]  # <- file-wrapper-may-be-absent
    return wrap(io.BytesIO(b"a file"))


def needs_the_query(environ, start_response):
    query = environ["QUERY_STRING"]  # <- empty-and-absent-are-the-same
    start_response("200 OK", [TEXT])
    return [query.encode("latin-1")]


def measures_head(environ, start_response):
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    start_response("200 OK", [TEXT, ("Content-Length", str(len(body)))])  # <- head-declares-the-length-of-get
    return [body]


def other_fields_on_head(environ, start_response):
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [TEXT])  # <- head-has-the-fields-of-get
        return []
    start_response("200 OK", [TEXT, ("X-Pages", "3")])
    return [b"hello"]


def german(environ, start_response):
    if environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de"):
        start_response("200 OK", [TEXT])  # <- vary-names-what-the-answer-depends-on
        return [b"Guten Tag"]
    start_response("200 OK", [TEXT])
    return [b"good morning"]


def looks_at_connection(environ, start_response):
    start_response("200 OK", [TEXT])
    if environ.get("HTTP_CONNECTION") == "close":
        return [b"bye"]  # <- hop-by-hop-fields-change-nothing
    return [b"see you"]


def ignores_its_tag(environ, start_response):
    start_response("200 OK", [TEXT, ("ETag", '"v1"')])  # <- etag-is-evaluated
    return [b"hello"]


def empty_304(environ, start_response):
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        fields = [("ETag", '"v1"'), ("Content-Length", "0")]
        start_response("304 Not Modified", fields)  # <- not-modified-declares-the-length-of-the-page
        return []
    start_response("200 OK", [TEXT, ("ETag", '"v1"')])
    return [b"hello"]


def forgetful_304(environ, start_response):
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", [("ETag", '"v1"')])  # <- not-modified-keeps-what-caches-need
        return []
    start_response("200 OK", [TEXT, ("ETag", '"v1"'), ("Cache-Control", "max-age=60")])
    return [b"hello"]


def one_tag_for_two(environ, start_response):
    small = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    tag = f'"{hashlib.sha256(b"hello").hexdigest()[:8]}"'
    fields = [("ETag", tag), ("Vary", "Accept-Encoding")]
    if environ.get("HTTP_IF_NONE_MATCH") == tag:
        start_response("304 Not Modified", fields)
        return []
    if small:
        fields.append(("Content-Encoding", "gzip"))
        start_response("200 OK", [TEXT, *fields])  # <- strong-etags-differ-where-bodies-do
        return [gzip.compress(b"hello", mtime=0)]
    start_response("200 OK", [TEXT, *fields])
    return [b"hello"]


def tag_of_the_time(environ, start_response):
    start_response("200 OK", [TEXT, ("ETag", f'"{time.perf_counter_ns()}"')])  # <- etag-stays-while-the-body-stays
    return [b"hello"]


def one_byte_short(environ, start_response):
    data = b"0123456789"
    wanted = environ.get("HTTP_RANGE", "").removeprefix("bytes=").split("-")
    if len(wanted) == 2 and wanted[0].isdigit() and int(wanted[0]) < 9:
        first, last = int(wanted[0]), 9
        part = data[first:last]
        start_response("206 Partial Content", [TEXT, ("Content-Range", f"bytes {first}-{last}/10")])
        return [part]  # <- ranges-fit-the-whole
    start_response("200 OK", [TEXT, ("Accept-Ranges", "bytes")])
    return [data]


def leads_to_server_name(environ, start_response):
    url = f"http://{environ['SERVER_NAME']}/new"
    start_response("302 Found", [TEXT, ("Location", url)])  # <- urls-are-built-from-host
    return [b"over there"]


def encodes_twice(environ, start_response):
    url = environ.get("PATH_INFO", "").rstrip("/")
    start_response("302 Found", [TEXT, ("Location", quote(url) + "/x")])  # <- urls-quote-the-bytes-of-the-path
    return [b"over there"]


def decodes_the_query(environ, start_response):
    query = unquote(environ.get("QUERY_STRING", ""))
    query = f"?{quote(query, safe='=&+/')}" if query else ""
    start_response("302 Found", [TEXT, ("Location", "/new" + query)])  # <- urls-take-the-query-as-it-came
    return [b"over there"]


def forgets_its_mount(environ, start_response):
    if environ.get("PATH_INFO", "") not in ("", "/", "/about"):
        start_response("404 Not Found", [TEXT])
        return [b"nothing here"]
    if environ.get("PATH_INFO", "") == "/about":
        start_response("200 OK", [TEXT])
        return [b"about us"]
    start_response("302 Found", [TEXT, ("Location", "/about")])  # <- links-begin-at-the-mount
    return [b"over there"]


def shows_the_path(environ, start_response):
    start_response("404 Not Found" if environ.get("PATH_INFO") != "/" else "200 OK", [TEXT])
    return [f"no page {environ.get('PATH_INFO', '')}".encode()]  # <- paths-are-decoded-before-they-are-shown


BUSY = []


def never_reaches_the_end(environ, start_response):
    if BUSY:
        raise RuntimeError("still busy")  # <- bodies-may-be-closed-early
    BUSY.append(1)
    start_response("200 OK", [TEXT])
    yield b"one"
    yield b"two"
    BUSY.clear()


class Once:
    def __init__(self):
        self.files = ["a file"]

    def __iter__(self):
        return iter([b"hello"])

    def close(self):
        self.files.pop()  # <- close-may-be-called-twice


def closes_once(environ, start_response):
    start_response("200 OK", [TEXT])
    return Once()


SHARED = [TEXT]


def one_list_for_all(environ, start_response):
    start_response("200 OK", SHARED)  # <- header-lists-are-not-shared
    return [b"hello"]


def looks_its_list_up(environ, start_response):
    fields = [TEXT, ("X-Mode", "long")]
    start_response("200 OK", fields)
    mode = dict(fields)["X-Mode"]  # <- header-list-is-not-used-after-the-call
    return [mode.encode()]


LOG = []


def keeps_environ(environ, start_response):
    LOG.append(environ)
    start_response("200 OK", [TEXT])
    return [b"hello"]  # <- nothing-of-the-server-is-kept


STREAMS = []


def writes_late(environ, start_response):
    STREAMS.append(environ["wsgi.errors"])
    STREAMS[0].write("hello\n")  # <- errors-stream-is-used-within-its-request
    STREAMS[0].flush()
    start_response("200 OK", [TEXT])
    return [b"hello"]


class Greeter:
    name = ""

    def __call__(self, environ, start_response):
        self.name = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])
        greeting = f"hello, {self.name}"
        return [greeting.encode("latin-1")]  # <- answers-are-the-same-among-threads


mixes_visitors_up = Greeter()

SEEN = []


def tells_of_others(environ, start_response):
    SEEN.append(environ.get("HTTP_COOKIE", ""))
    start_response("200 OK", [TEXT])
    return [", ".join(SEEN[-2:]).encode("latin-1")]  # <- answers-hold-nothing-of-another-request


NOTES = [b"first"]


def notes_in_memory(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST" and len(NOTES) < 50:
        NOTES.append(b"more")
    start_response("200 OK", [TEXT])
    return [b", ".join(NOTES)]  # <- state-is-shared-by-all-processes


def knows_three_methods(environ, start_response):
    bodies = {"GET": b"hello", "HEAD": b"", "POST": b"thanks"}
    body = bodies[environ["REQUEST_METHOD"]]  # <- unknown-methods-are-answered
    start_response("200 OK", [TEXT])
    return [body]


def decodes_strictly(environ, start_response):
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")  # <- paths-and-queries-need-not-be-utf-8
    start_response("200 OK", [TEXT])
    return [path.encode()]


def splits_cookies(environ, start_response):
    pairs = environ.get("HTTP_COOKIE", "").split("; ")
    cookies = dict(pair.split("=") for pair in pairs if pair)  # <- cookies-may-be-malformed
    start_response("200 OK", [TEXT, ("Vary", "Cookie")])
    return [str(len(cookies)).encode()]


def reads_once(environ, start_response):
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [TEXT])
    return [data]  # <- short-reads-are-enough


def thinks_no_length_is_none(environ, start_response):
    left, data = int(environ.get("CONTENT_LENGTH") or 0), b""
    while left > len(data):
        part = environ["wsgi.input"].read(left - len(data))
        if not part:
            break
        data += part
    start_response("200 OK", [TEXT])
    return [str(len(data)).encode()]  # <- content-without-a-length-is-read-or-refused
