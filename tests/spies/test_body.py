"""A body on its way: one item out for one in, the same objects, true counts, nothing kept, nothing allocated."""

from __future__ import annotations

import gc
import pickle
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgicheck.model.exchange import Exchange
from wsgicheck.model.moments import Ending
from wsgicheck.model.request import Case, Request
from wsgicheck.model.rule import Rule
from wsgicheck.plan import compile_plan
from wsgicheck.reference.gateway import environ_of
from wsgicheck.rules import passive_rules
from wsgicheck.rules.gates import gates
from wsgicheck.spies.spy import Spied
from wsgicheck.spies.watch import BATCH, MEASURED
from wsgicheck.stage import Stage

TEXT = [("Content-Type", "text/plain")]


def counted(x: Exchange) -> range:
    """Return the numbers of items that may have come."""
    return range(x.chunks, x.chunks + x.uncounted + 1)


class Found:
    """A sink that keeps what was broken and at which item."""

    def __init__(self) -> None:
        self.breaches: dict[str, range] = {}
        self.exchange = Exchange()

    def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
        self.breaches[rule.id] = counted(x)

    def crashed(self, rule: Rule, x: Exchange, error: Exception) -> None:
        raise error

    def begin(self, x: Exchange) -> None:
        self.exchange = x


def watch(application: Callable[..., Any], gated: bool = True) -> tuple[Any, Found]:
    """Call `application`, watched by all rules; return the body and what is found."""
    found = Found()
    plan = compile_plan(passive_rules(), found, gates=gates() if gated else ())
    body = Spied(application, plan, begin=found.begin)(environ_of(Request()), lambda *args: lambda data: None)
    return body, found


def answer(items: Iterable[Any], headers: list[tuple[str, str]] = TEXT) -> Callable[..., Any]:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return items

    return application


def logged(items: Iterable[bytes], log: list[Any]) -> Iterator[bytes]:
    for item in items:
        log.append(("in", item))
        yield item


class Counting:
    """An iterator that is no generator."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = iter(items)

    def __iter__(self) -> Counting:
        return self

    def __next__(self) -> Any:
        return next(self.items)


LONG = [b"item %d of a body that goes on and on" % number for number in range(MEASURED + 2 * BATCH + 40)]
SHAPES = {"list": list, "tuple": tuple, "generator": lambda items: (item for item in items), "iterator": Counting,
          "map": lambda items: map(bytes.__bytes__, items)}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_items_come_in_lock_step(shape: str) -> None:
    log: list[Any] = []
    items = LONG if shape in ("list", "tuple") else logged(LONG, log)
    body, found = watch(answer(SHAPES[shape](items)))
    number = 0
    for number, item in enumerate(body, 1):
        assert item is LONG[number - 1]
        if log:
            assert len(log) == number, "an item was taken ahead"
    body.close()
    assert number == len(LONG)
    x = found.exchange
    assert (x.ending, x.iterating) == (Ending.EXHAUSTED, False)
    assert len(LONG) in counted(x)
    assert x.uncounted <= (0 if shape in ("list", "tuple") else len(LONG) // 2)
    measured = x.chunks - x.unmeasured
    assert measured >= MEASURED
    assert x.bytes_yielded == sum(map(len, LONG[:measured]))


@pytest.mark.parametrize("shape", ["generator", "iterator"])
def test_with_a_content_length_all_is_measured(shape: str) -> None:
    size = sum(map(len, LONG))
    body, found = watch(answer(SHAPES[shape](LONG), [*TEXT, ("Content-Length", str(size))]))
    assert list(body) == LONG
    body.close()
    assert (found.exchange.bytes_yielded, found.exchange.unmeasured) == (size, 0)
    assert (found.exchange.chunks, found.exchange.uncounted) == (len(LONG), 0)
    assert not found.breaches


class Sized(Counting):
    """One that promises a number of items."""

    def __len__(self) -> int:
        return len(LONG) + 1


def test_where_a_length_is_promised_all_are_counted() -> None:
    body, found = watch(answer(Sized(LONG)))
    assert list(body) == LONG
    body.close()
    assert found.breaches == {"len-is-the-number-of-items": range(len(LONG), len(LONG) + 1)}


@given(st.integers(0, len(LONG)), st.sampled_from(["list", "tuple", "generator", "iterator"]),
       st.sampled_from(["end", "close", "wrong", "raise"]),
       st.sampled_from(["text", bytearray(b"x"), None, memoryview(b"x"), 7]))
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_gated_and_ungated_agree_on_every_body(length: int, shape: str, fate: str, wrong: Any) -> None:
    error = LookupError("on the way")

    def items() -> Iterator[Any]:
        yield from LONG[:length]
        if fate == "wrong":
            yield wrong
        if fate == "raise":
            raise error
        yield from LONG[length:]

    results, counts = [], []
    for gated in (True, False):
        if fate == "raise" and shape in ("list", "tuple"):
            return
        body, found = watch(answer(SHAPES[shape](items())), gated)
        taken = []
        caught: BaseException | None = None
        try:
            for item in body:
                taken.append(item)
                if fate == "close" and len(taken) > length:
                    break
        except LookupError as raised:
            caught = raised
            body.close()
        assert caught is (error if fate == "raise" else None)
        body.close()
        x = found.exchange
        results.append((taken, set(found.breaches), x.ending, x.raised, x.closes))
        counts.append({"all": counted(x), **found.breaches})
    assert results[0] == results[1]
    for name, (exactly,) in counts[1].items():
        assert exactly in counts[0][name]


def test_a_wrong_item_is_judged_before_the_server_gets_it() -> None:
    body, found = watch(answer(iter(item for item in [*LONG, "text"])))
    for item in body:
        if isinstance(item, str):
            assert "chunks-are-bytes" in found.breaches
    assert len(LONG) in found.breaches["chunks-are-bytes"]
    body.close()


def test_what_was_not_counted_is_told_as_a_range() -> None:
    told = []

    class Telling(Found):
        def broken(self, rule: Rule, x: Exchange, evidence: str) -> None:
            told.append(evidence)

    plan = compile_plan(passive_rules(), Telling(), gates=gates())
    for items in ([b"x", "text"], [*LONG, "text"]):
        body = Spied(answer(iter(item for item in items)), plan)(environ_of(Request()), lambda *args: lambda data: None)
        list(body)
        body.close()
    first, last = MEASURED + BATCH + 2, MEASURED + 3 * BATCH + 2
    assert [text.partition(" of the body")[0] for text in told] == ["item 1", f"one of the items {first} to {last}"]


def test_an_error_in_a_long_body_is_known_by_its_name() -> None:
    def items() -> Iterator[bytes]:
        yield from LONG
        raise SystemExit("bye")

    body, found = watch(answer(items()))

    def serve() -> None:
        try:
            for _ in body:
                pass
        finally:
            body.close()

    with pytest.raises(SystemExit, match="bye"):
        serve()
    assert (found.exchange.ending, found.exchange.raised) == (Ending.RAISED, "SystemExit: bye")
    assert len(LONG) in found.breaches["exits-do-not-escape"]


def test_write_in_a_long_body_is_seen_at_its_item() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", list(TEXT))

        def items() -> Iterator[bytes]:
            yield from LONG
            write(b"late")
            yield b"more"

        return items()

    body, found = watch(application)
    assert list(body) == [*LONG, b"more"]
    body.close()
    assert len(LONG) in found.breaches["write-is-not-called-while-iterating"]


def test_a_list_keeps_its_attributes() -> None:
    body, _ = watch(answer([b"a", b"b"]))
    assert (len(body), body.count(b"a"), body.index(b"b")) == (2, 1, 1)
    assert not hasattr(body, "gi_frame")
    body.close()


def blocks_in_use() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.parametrize("length", [None, 64])
def test_no_object_is_made_for_an_item(length: int | None) -> None:
    item = b"x" * 64
    headers = TEXT if length is None else [*TEXT, ("Content-Length", str(length * 100_000))]
    body, _ = watch(answer((item for _ in range(20_000)), headers))
    items = iter(body)
    for _ in range(2 * MEASURED):
        next(items)
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(10_000):
            next(items)
        # The counters themselves, grown past the ints that Python keeps ready.
        assert sys.getallocatedblocks() - before <= 16
    finally:
        gc.enable()
    del items
    body.close()


def test_nothing_is_left_of_an_exchange() -> None:
    def exchange() -> None:
        body, _ = watch(answer([b"hello"]))
        assert list(body) == [b"hello"]
        body.close()

    for _ in range(20):
        exchange()
    before = blocks_in_use()
    for _ in range(100):
        exchange()
    assert blocks_in_use() - before <= 5


def test_the_memory_is_flat_however_long_the_body() -> None:
    def items() -> Iterator[bytes]:
        for _ in range(400):
            yield bytes(1 << 16)

    body, _ = watch(answer(items()))
    tracemalloc.start()
    try:
        for number, _ in enumerate(body):
            if number == 2:
                tracemalloc.reset_peak()
                base = tracemalloc.get_traced_memory()[0]
        assert tracemalloc.get_traced_memory()[1] - base < 5 << 16
    finally:
        tracemalloc.stop()
        body.close()


def test_the_facts_cross_a_process_and_what_is_no_fact_stays() -> None:
    body, found = watch(answer([b"hello"]))
    found.exchange.subject = object()
    copy = pickle.loads(pickle.dumps(found.exchange))
    assert (copy.status, copy.headers, copy.names, copy.subject) == (
        "200 OK", (("Content-Type", "text/plain"),), frozenset({"content-type"}), None)
    body.close()


@pytest.mark.parametrize(("item", "line"), [("text", "chunk 'text' (no bytes)"), (b"data", "chunk b'data' (4 bytes)"),
                                            (None, "chunk None (no bytes)")])
def test_the_tape_has_each_item_whatever_it_is(item: Any, line: str) -> None:
    observed = Stage(answer([item, b"more"]), passive_rules()).perform(Case(Request()))
    assert observed.exchange.events is not None
    assert line in observed.exchange.events


def test_the_tape_has_what_was_written() -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))("text")
        return []

    observed = Stage(application, passive_rules()).perform(Case(Request()))
    assert "write 'text' (no bytes)" in (observed.exchange.events or [])
