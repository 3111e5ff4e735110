"""The spy on a BytesIO: whatever is done with it, it says and gives what the spy on any other stream does."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck.model.request import Request
from wsgicheck.reference.gateway import environ_of
from wsgicheck.spies.bytes_input import BytesInputSpy
from wsgicheck.validator import validator

SIZES = st.sampled_from((0, 1, 2, 3, 5, 8, 100, -1, None, True, 2.0, "1"))
STEPS = st.one_of(
    st.tuples(st.sampled_from(("read", "read", "readline", "readlines")), st.lists(SIZES, max_size=1).map(tuple)),
    st.tuples(st.sampled_from(("__iter__", "__next__", "close", "tell", "getvalue", "closed", "fileno", "nothing")),
              st.just(())),
    st.tuples(st.just("seek"), st.integers(0, 9).map(lambda place: (place,))),
    st.tuples(st.just("readinto"), st.just((bytearray(3),))),
)


class Other(BytesIO):
    """Does what a BytesIO does, and is none."""


def do(stream: Any, name: str, args: tuple[Any, ...]) -> Any:
    """Return what comes of one step, an exception by its type."""
    try:
        if name == "__iter__":
            return list(iter(stream))
        if name == "__next__":
            return next(stream)
        value = getattr(stream, name)
        return value(*args) if callable(value) else value
    except Exception as error:
        return type(error)


def outcome(stream: BytesIO, length: str | None, steps: list[tuple[str, tuple[Any, ...]]],
            ) -> tuple[type, list[Any], list[tuple[str, str]]]:
    """Return the spy's type, what each step gave, and what was found."""
    given: list[Any] = []
    found: list[tuple[str, str]] = []
    spies: list[type] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        spies.append(type(environ["wsgi.input"]))
        given.extend(do(environ["wsgi.input"], name, args) for name, args in steps)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    environ = environ_of(Request.make("POST", "/"))
    environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    environ["wsgi.input"] = stream
    watched = validator(application, on_violation=lambda finding: found.append((finding.rule, finding.evidence)))
    body = watched(environ, lambda *args: lambda data: None)
    list(body)
    body.close()
    return spies[0], given, found


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12), st.integers(0, 3), st.sampled_from((None, "0", "3", "12", "20")),
       st.lists(STEPS, max_size=6))
def test_it_is_the_spy_of_any_other_stream(data: bytes, begun: int, length: str | None, steps: list[Any]) -> None:
    one, other = BytesIO(data), Other(data)
    one.seek(begun)
    other.seek(begun)
    kind, gave, found = outcome(one, length, steps)
    other_kind, also_gave, also_found = outcome(other, length, steps)
    assert kind is BytesInputSpy
    assert other_kind is not BytesInputSpy
    assert gave == also_gave
    # Who goes back and forth in a stream is told so; how much he has read since is a matter of opinion.
    if not any(name in ("seek", "readinto", "nothing") for name, _ in steps):
        assert found == also_found


def test_what_is_needed_and_not_there_is_told_as_the_stream_tells_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].nothing]

    found: list[str] = []
    watched = validator(application, on_violation=lambda finding: found.append(finding.rule))
    raised = []
    for subject in (application, watched):
        with pytest.raises(AttributeError) as caught:
            subject({**environ_of(Request.make("POST", "/")), "wsgi.input": BytesIO()}, lambda *args: lambda data: None)
        raised.append(str(caught.value))
    assert raised[0] == raised[1]
    assert found == ["unlisted-attributes-of-input-are-not-needed"]


def test_what_read_does_not_take_the_stream_refuses() -> None:
    kind, gave, _ = outcome(BytesIO(b"abc"), "3", [("read", (1, 2)), ("read", (3,))])
    assert kind is BytesInputSpy
    assert gave == [TypeError, b"abc"]


@given(st.binary(max_size=40), st.integers(0, 40), st.lists(st.integers(0, 9), max_size=9), st.integers(1, 5))
def test_piecewise_reads_are_judged_as_each_by_itself(data: bytes, length: int, sizes: list[int], times: int) -> None:
    # The same object again and again, and equal ones that are others.
    steps = [("read", (size,)) for size in sizes for _ in range(times)]
    large = [("read", (int(str(size * 1000)),)) for size in sizes for _ in range(times)]
    for asked in (steps, large, [*steps, *large, *steps]):
        results = [outcome(kind(data), str(length), asked)[1:] for kind in (BytesIO, Other)]
        assert results[0] == results[1]


def test_attributes_of_its_own_are_seen() -> None:
    stream = BytesIO(b"abc")
    stream.name = "upload"  # type: ignore[attr-defined]
    kind, gave, _ = outcome(stream, "3", [("name", ())])
    assert kind is not BytesInputSpy
    assert gave == ["upload"]
