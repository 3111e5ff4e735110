"""Reading responses off the wire: nothing is repaired, and every byte is accounted for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgicheck.model.wire import Arrival, Wire, read_answers

OK = b"HTTP/1.1 200 OK\r\n"


def one(data: bytes, method: str = "GET", ended: bool = False):  # type: ignore[no-untyped-def]
    answers, rest = read_answers(data, (method,), ended)
    return answers[-1], rest


def test_a_body_of_known_length_and_what_follows_it() -> None:
    answer, rest = one(OK + b"Content-Length: 5\r\n\r\nhello, world")
    assert (answer.body, answer.complete, answer.framing, rest) == (b"hello", True, "length", b", world")


def test_chunks_keep_their_sizes() -> None:
    answer, rest = one(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: a\r\n\r\nX")
    assert (answer.body, answer.chunks, answer.complete, rest) == (b"hello!", (5, 1), True, b"X")


@pytest.mark.parametrize(("body", "problem"), [
    (b"zz\r\nhello\r\n", "chunk size line"), (b"5\r\nhelloXX", "chunk data not followed"),
    (b"-5\r\n", "chunk size line")])
def test_broken_chunks_are_a_problem(body: bytes, problem: str) -> None:
    answer, _ = one(OK + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert not answer.complete
    assert problem in answer.problem


@pytest.mark.parametrize("method", ["HEAD"])
def test_what_follows_the_head_of_head_is_left_over(method: str) -> None:
    answer, rest = one(OK + b"Content-Length: 5\r\n\r\nhello", method)
    assert (answer.body, rest) == (b"", b"hello")


@pytest.mark.parametrize("status", [b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.1 304 Not Modified\r\n"])
def test_what_follows_a_bodyless_status_is_left_over(status: bytes) -> None:
    assert one(status + b"\r\nhello")[1] == b"hello"


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert not one(OK + b"\r\nhello")[0].complete
    assert one(OK + b"\r\nhello", ended=True)[0].complete


def test_interim_responses_are_told_apart() -> None:
    wire = Wire(data=b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", methods=("POST",))
    assert [a.code for a in wire.interim] == [100]
    assert wire.answer is not None
    assert wire.answer.code == 200


def test_pipelined_responses_are_read_by_their_methods() -> None:
    data = OK + b"Content-Length: 9\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok"
    assert [a.body for a in Wire(data=data, methods=("HEAD", "GET")).answers] == [b"", b"ok"]


@pytest.mark.parametrize("head", [b"HTTP/1.1 None\r\n\r\n", b"hello\r\n\r\n", b"HTTP/1.1 200\r\nA : b\r\n\r\n"])
def test_what_is_no_http_is_a_problem(head: bytes) -> None:
    assert one(head)[0].problem


def test_a_body_cut_short_is_not_complete() -> None:
    answer, _ = one(OK + b"Content-Length: 10\r\n\r\nhello", ended=True)
    assert not answer.complete


def test_the_time_of_a_needle_is_that_of_the_read_that_completed_it() -> None:
    wire = Wire(data=b"abcdef", arrivals=(Arrival(1.0, 2), Arrival(2.0, 6)))
    assert (wire.at(b"ab"), wire.at(b"bc"), wire.at(b"zz")) == (1.0, 2.0, None)


@given(st.binary(max_size=200), st.lists(st.sampled_from(["GET", "HEAD", "POST"]), max_size=3), st.booleans())
def test_no_bytes_make_reading_fail(data: bytes, methods: list[str], ended: bool) -> None:
    for prefix in (b"", OK, OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"Content-Length: 3\r\n\r\n"):
        read_answers(prefix + data, tuple(methods), ended)
