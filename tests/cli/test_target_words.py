"""Any words at all are taken apart, or refused in one line."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from wsgicheck.errors import TargetError
from wsgicheck.targets import Spec, parse_spec

SPECIAL = st.sampled_from([":", ".", "/", "()", "(", ")", "a", "app", "shop", ".py", ".wsgi", "'", ",", "=", " ", "*",
                           "\n", "\0", "\x1b", "\ud800", "lambda: 0", "[", "0", "**{}", "~", ".."])


def taken_or_refused(text: str) -> Spec | str:
    try:
        return parse_spec(text)
    except TargetError as error:
        return str(error)


@given(st.text(max_size=30) | st.lists(SPECIAL, max_size=8).map("".join))
@example("shop:" + "(" * 5000)
@example("shop:f(" + "[" * 200 + ")")
@example("shop:f(1" + "+1" * 5000 + ")")
@example("x" * 5000 + "/y.py")
@example("shop:f(**{'a': 1})")
@example("shop:f(a=1, a=2)")
def test_taken_apart_or_refused(text: str) -> None:
    found = taken_or_refused(text)
    if isinstance(found, str):
        assert found.isprintable()
        assert 0 < len(found) <= 400
    else:
        assert bool(found.module) != bool(found.path)
        assert all(part.isidentifier() for part in (found.module or "a").split("."))
        assert all(part.isidentifier() for part in (found.attribute or "a").split("."))
        assert found.call is None or found.attribute


def test_what_is_taken_apart_how() -> None:
    assert parse_spec("shop.wsgi") == Spec("shop.wsgi", module="shop.wsgi")
    assert parse_spec("shop:site.app") == Spec("shop:site.app", module="shop", attribute="site.app")
    made = parse_spec("shop:make('a', {'b': [1, None]}, debug=True)")
    assert made.call is not None
    assert (made.attribute, made.call.args, made.call.keywords) == ("make", ("a", {"b": [1, None]}), {"debug": True})
    assert parse_spec(__file__ + ":app") == Spec(__file__ + ":app", path=__file__, attribute="app")
