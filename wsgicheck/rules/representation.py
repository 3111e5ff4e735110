"""Whether the body is what its fields say: its charset, its content coding (RFC 9110, "Representations").

Judged at the end, over what a recording run keeps: without the bytes there is no verdict.
"""

from __future__ import annotations

import re
from typing import Any

from ..model.exchange import Exchange
from ..model.moments import Ending, Moment
from ..model.rule import APPLICATION, HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, rfc, rule
from ..show import show
from ..syntax import TOKEN
from .fields import content_type_is_a_media_type

_CHARSET = re.compile(r";[ \t]*charset=\"?([^\";]*)", re.IGNORECASE)

_AS_THE_WEB_HAS_IT = {
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "sjis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "big5": "big5hkscs",
}
"""Labels that browsers decode by a larger charset than the name's own (WHATWG Encoding Standard)."""

_OF_PYTHON_ALONE = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})


def _codings(x: Exchange) -> list[str]:
    """Return the content codings in the order in which they were applied, in lower case."""
    if "content-encoding" not in x.names:
        return []
    words = ",".join(x.values("content-encoding")).split(",")
    return [word for word in (word.strip(" \t").lower() for word in words) if word not in ("", "identity")]


@rule(at=Moment.END, binds=APPLICATION, level=SHOULD, covers=("HTTP-017",), given=(content_type_is_a_media_type,),
      cites=rfc(9110, "8.3.2"))
def text_decodes_in_its_charset(x: Exchange, ending: Ending) -> Verdict:
    """A body whose Content-Type names a charset is text in that charset.

    Where it is not, the reader sees � or strange letters, and a JSON or XML parser fails. The cause is a file read as
    bytes and sent under a charset that was never its own, text cut in the middle of a character, or two encodings
    in one page. Decode what you read, and encode all of it in one place: `page.encode("utf-8")`.
    """
    body = x.body
    if ending is not Ending.EXHAUSTED or not body or len(body) != x.bytes_sent or x.code == 206 or _codings(x):
        return NOT_APPLICABLE
    named = _CHARSET.search(x.value("content-type") or "")
    charset = named[1].strip(" \t").lower() if named is not None else ""
    if TOKEN.fullmatch(charset) is None or charset.replace("-", "_") in _OF_PYTHON_ALONE:
        return NOT_APPLICABLE
    try:
        body.decode(_AS_THE_WEB_HAS_IT.get(charset, charset))
    except UnicodeDecodeError as error:
        rest = body[error.start : error.start + 8]
        return f"the body is no {charset} at byte {error.start}, {show(rest)}; expected text in the declared charset"
    except Exception:
        # A charset that Python doesn't know, or that is none (a codec such as "hex").
        return NOT_APPLICABLE
    return HOLDS


@text_decodes_in_its_charset.bad(query="name=Zo%EB")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    from urllib.parse import unquote_to_bytes

    name = unquote_to_bytes(environ.get("QUERY_STRING", "").removeprefix("name="))
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"hello ", name]


@text_decodes_in_its_charset.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", 'text/plain;charset="US-ASCII"')])
    return ["Grüße".encode()]


@text_decodes_in_its_charset.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # A character may be spread over two items.
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    yield b"Zo\xc3"
    yield b"\xab"


@text_decodes_in_its_charset.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("206 Partial Content", [("Content-Type", "text/plain; charset=utf-8"),
                                           ("Content-Range", "bytes 0-2/4")])
    return [b"Zo\xc3"]


@text_decodes_in_its_charset.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain; charset=GB2312")])
    return ["朱镕基".encode("gbk")]


_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


def _is_zlib(head: bytes) -> bool:
    """Tell whether `head` can begin a zlib stream (RFC 1950 2.2): method 8, header a multiple of 31."""
    return head[0] & 0x0F == 8 and (len(head) < 2 or (head[0] * 256 + head[1]) % 31 == 0)


@rule(at=Moment.END, binds=APPLICATION, level=MUST, covers=("HTTP-018",),
      cites=(rfc(9110, "8.4"), rfc(9110, "8.4.1")))
def content_encoding_matches_the_bytes(x: Exchange, ending: Ending) -> Verdict:
    """A body under Content-Encoding gzip, deflate or zstd begins as such a stream begins.

    The client decompresses and fails: browsers show ERR_CONTENT_DECODING_FAILED, libraries raise. Mostly the header
    was kept while the body was replaced or decompressed (an error page under the headers of the page, a proxy whose
    HTTP library decompresses), or a .gz file was served under its inner name. "deflate" means the zlib format,
    `zlib.compress`. Remove Content-Encoding whenever you replace the body.
    """
    head, codings = x.head, _codings(x)
    # A part of a coded body need not begin where the body does.
    if not head or not codings or x.code == 206:
        return NOT_APPLICABLE
    outermost = codings[-1]
    if outermost == "deflate":
        fits = _is_zlib(head)
    elif outermost in _MAGIC:
        # The first item may be shorter than the mark; zstd may begin with a skippable frame.
        magic = _MAGIC[outermost]
        fits = magic.startswith(head[: len(magic)]) or (outermost == "zstd" and head[0] & 0xF0 == 0x50)
    else:
        return NOT_APPLICABLE
    if fits:
        return HOLDS
    return (f"Content-Encoding is {show(outermost)} and the body begins with {show(head[:16])}; "
            f"expected a {outermost} stream")


@content_encoding_matches_the_bytes.bad(path="/broken")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    headers = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")]
    if environ.get("PATH_INFO") == "/broken":
        start_response("500 Internal Server Error", headers)
        return [b"something went wrong"]
    start_response("200 OK", headers)
    return [gzip.compress(b"hello", mtime=0)]


@content_encoding_matches_the_bytes.bad
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import zlib

    squeeze = zlib.compressobj(wbits=-15)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "deflate")])
    return [squeeze.compress(b"hello") + squeeze.flush()]


@content_encoding_matches_the_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import gzip

    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "GZIP"),
                              ("Vary", "Accept-Encoding")])
    body = gzip.compress(b"hello", mtime=0)
    yield body[:1]
    yield body[1:]


@content_encoding_matches_the_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    import zlib

    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "deflate")])
    return [zlib.compress(b"hello")]


@content_encoding_matches_the_bytes.good
def _(environ: dict[str, Any], start_response: Any) -> Any:
    # An archive is gzip by its type, not by a coding of its transfer.
    import gzip

    start_response("200 OK", [("Content-Type", "application/gzip")])
    return [gzip.compress(b"hello", mtime=0)]


@content_encoding_matches_the_bytes.good(method="HEAD")
def _(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("Content-Length", "25")])
    return []
