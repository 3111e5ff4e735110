"""A body that a middleware changed: its length, its validators and its coding are changed with it, or left alone.

PEP 3333, "Middleware: Components that Play Both Sides", whose example names the first two of these traps.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Any

from ..model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep, rfc
from ..model.sandwich import Half, Pair, sandwich
from ..reference.repertoire import Recipe
from ..show import show
from .content_length import body_fills_content_length, body_fits_content_length, written_data_fits_content_length
from .representation import content_encoding_matches_the_bytes
from .wrapping import App, Closing, closer


def _changed(pair: Pair) -> bool:
    one = pair.only
    if one is None or not pair.complete or (one.written and not pair.outer.written):
        return False  # what was written and never came out is another mistake
    return pair.outer.body != one.body and _has_content(pair)


def _has_content(pair: Pair) -> bool:
    return pair.request.method != "HEAD" and pair.outer.code not in (204, 304) and pair.outer.code >= 200


@sandwich(level=MUST, covers=("MW-016",),
          explains=(body_fills_content_length, body_fits_content_length, written_data_fits_content_length),
          cites=(pep("middleware-components-that-play-both-sides",
                     "Strip content-length if present, else it'll be wrong"), rfc(9110, "8.6")))
def length_fits_the_changed_body(pair: Pair) -> Verdict:
    """A middleware that changes the body takes the application's Content-Length away, or corrects it.

    The client stops reading at the length it was told: the end of the page is missing, or the next response on
    the connection is read as part of this one. Drop the field when the body is going to change and its new
    length is not known yet; the server adds it, or chunks.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    given, kept = one.values("content-length"), pair.outer.values("content-length")
    if not given or not kept:
        return NOT_APPLICABLE if not given else HOLDS
    size = len(pair.outer.body)
    if kept != given or not kept[0].isdigit() or int(kept[0]) == size:
        return HOLDS
    return (f"the application's Content-Length of {kept[0]} was kept for a body that was changed to {size} bytes; "
            "expected the field to be left out or corrected")


@length_fits_the_changed_body.bad(recipe=Recipe(length=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((item * 2 for item in body), closer(body))

    return middleware


@length_fits_the_changed_body.good(recipe=Recipe(length=True))
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return start_response(status, kept, *more)

        body = app(environ, start)
        return Closing((item * 2 for item in body), closer(body))

    return middleware


@length_fits_the_changed_body.good(recipe=Recipe(length=True))
def _(app: App) -> App:
    # As long as before, so the length is still right.
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


_DIGESTS = ("content-md5", "content-digest", "repr-digest", "digest")


@sandwich(level=SHOULD, covers=("MW-016",),
          cites=rfc(9110, "8.8.1"))
def validators_change_with_the_body(pair: Pair) -> Verdict:
    """A middleware that changes the body changes a strong ETag with it, or makes it weak, and drops digests.

    A cache that holds the compressed and the plain form under one ETag combines ranges of the two, and answers
    If-None-Match for the wrong one. Write `W/` in front of the tag, add a suffix, or leave it out.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    judged = False
    for name in ("etag", *_DIGESTS):
        for value in one.values(name):
            judged = True
            if value in pair.outer.values(name) and not value.startswith("W/"):
                return (f"the application's {name} {show(value)} was kept for a body that was changed; expected "
                        + ("another tag, a weak one, or none" if name == "etag" else "the field to be left out"))
    return HOLDS if judged else NOT_APPLICABLE


_TAGGED = Recipe(headers=(("Content-Type", "text/plain"), ("ETag", '"v1"')))


@validators_change_with_the_body.bad(recipe=_TAGGED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


@validators_change_with_the_body.good(recipe=_TAGGED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            weak = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
            return start_response(status, weak, *more)

        body = app(environ, start)
        return Closing(map(bytes.swapcase, body), closer(body))

    return middleware


def _decodes(half: Half) -> bool:
    """Tell whether the body is a gzip stream, as its Content-Encoding says."""
    try:
        stream = zlib.decompressobj(wbits=31)
        stream.decompress(half.body)
        return stream.eof
    except zlib.error:
        return False


@sandwich(level=MUST, covers=("MW-018",), explains=(content_encoding_matches_the_bytes,),
          given=(length_fits_the_changed_body,),
          cites=(pep("middleware-components-that-play-both-sides",
                     "a \"real\" middleware component would probably use a more robust way of checking the content "
                     "type, and should also check for a content encoding."), rfc(9110, "8.4")))
def encoded_body_is_left_alone(pair: Pair) -> Verdict:
    """A body with a Content-Encoding is not changed as if it were plain text.

    Text put into a gzip stream, or searched and replaced in one, leaves bytes that no browser can decode: a
    blank page. Look for Content-Encoding before you change a body, and pass encoded ones on as they are.
    """
    if not _changed(pair):
        return NOT_APPLICABLE
    one = pair.inner[0]
    if one.values("content-encoding") != ["gzip"] or not _decodes(one):
        return NOT_APPLICABLE
    if pair.outer.values("content-encoding") != ["gzip"] or _decodes(pair.outer):
        return HOLDS
    return ("the application's gzip stream was changed and is none any more, while Content-Encoding still says so; "
            "expected the body to be passed on as it is")


_GZIPPED = Recipe(
    headers=(("Content-Type", "text/plain"), ("Content-Encoding", "gzip")),
    items=(gzip.compress(b"Hello", mtime=0),))


@encoded_body_is_left_alone.bad(recipe=_GZIPPED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        return Closing((b"<!-- " + item for item in body), closer(body))

    return middleware


@encoded_body_is_left_alone.good(recipe=_GZIPPED)
def _(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: Any) -> Any:
        encoded: list[str] = []

        def start(status: str, headers: Any, *more: Any) -> Any:
            encoded.extend(value for name, value in headers if name.lower() == "content-encoding")
            return start_response(status, headers, *more)

        body = app(environ, start)
        return Closing((item if encoded else b"<!-- " + item for item in body), closer(body))

    return middleware
