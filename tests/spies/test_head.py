"""What is read off a header list at once: the same whatever was read before, and no memory of it grows."""

from __future__ import annotations

import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsgicheck.model.request import Request
from wsgicheck.reference.gateway import environ_of
from wsgicheck.spies.head import read_off
from wsgicheck.validator import validator

NAMES = st.sampled_from(["Content-Type", "content-length", "Content-Length", "X-One", "X-Two", ""])


class Text(str):
    __slots__ = ()


@given(st.lists(st.tuples(st.sampled_from(["200 OK", "404 Not Found", "x", ""]),
                          st.lists(st.tuples(NAMES, st.text(max_size=3)), max_size=4)), max_size=6))
def test_plain_pairs_areread_off(responses: list[tuple[str, list[tuple[str, str]]]]) -> None:
    for status, headers in responses:
        head, values = read_off(status, headers)
        assert head is not None
        names = [name for name, _ in headers]
        assert (head.status, list(head.names), values) == (status, names, [value for _, value in headers])
        assert head.lower == {name.lower() for name in names}
        assert [names[place].lower() for place in head.lengths_at] == ["content-length"] * len(head.lengths_at)
        assert head is read_off(status, list(headers))[0], "it is remembered"


@given(st.sampled_from([(), [["X-One", "1"]], [("X-One", "1"), None], [("X-One",)], [("X-One", "1", "2")], ["ab"],
                        [(b"X-One", "1")], [("X-One", 1)], [(Text("X-One"), "1")], [("X-One", Text("1"))]]))
def test_nothing_else_is(headers: Any) -> None:
    read_off("200 OK", [("X-One", "1")])
    assert read_off("200 OK", headers)[0] is None
    assert read_off(Text("200 OK"), [("X-One", "1")])[0] is None


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/plain"), *((f"X-{environ['test.n']}-{n}", "x") for n in range(2000))]
        start_response(f"200 OK {environ['test.n']}", headers)
        return [b"hello"]

    watched = validator(application)

    def ask(number: int) -> None:
        body = watched({**environ_of(Request()), "test.n": number}, lambda *args: lambda data: None)
        list(body)
        body.close()

    ask(0)
    tracemalloc.start()
    try:
        for number in range(12):
            ask(number)
        assert tracemalloc.get_traced_memory()[0] < 2 << 20
    finally:
        tracemalloc.stop()
