"""What is seen of an application's own code while an exchange runs, whatever it shares its modules with."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from wsgicheck.reach.watch import Watch

SOURCE = "def first(x):\n    if x:\n        return second()\n    return 0\n\n\ndef second():\n    return 2\n"


def module(path: Path, source: str = SOURCE, **names: Any) -> dict[str, Any]:
    """Return the globals of a module that was loaded from `path`."""
    path.write_text(source)
    found = {"__name__": path.stem, "__file__": str(path), **names}
    exec(compile(source, str(path), "exec"), found)
    return found


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    (tmp_path / "own").mkdir()
    (tmp_path / "library").mkdir()
    return Watch(lambda name: name.startswith(str(tmp_path / "own")))


def seen(watch: Watch) -> set[str]:
    return {code.co_name for code in watch.codes}


def test_functions_and_lines_of_its_own_are_seen(watch: Watch, tmp_path: Path) -> None:
    own = module(tmp_path / "own" / "app.py")
    with watch:
        own["first"](False)
    assert seen(watch) == {"first"}
    assert {line for _, line in watch.lines} == {2, 4}
    watch.forget()
    with watch:
        own["first"](True)
    assert seen(watch) == {"first", "second"}
    assert {line for _, line in watch.lines} == {2, 3, 4, 8}


def test_a_library_is_not_followed_but_for_what_is_wanted(watch: Watch, tmp_path: Path) -> None:
    library = module(tmp_path / "library" / "lib.py")
    other = module(tmp_path / "library" / "other.py")
    with watch:
        library["first"](True)
        other["first"](True)
    assert not watch.codes
    # Wanted only after its module was found to be a library's.
    watch.want([library["second"].__code__])
    with watch:
        library["first"](True)
        other["first"](True)
    assert watch.codes == {library["second"].__code__}
    assert not watch.lines


def test_own_code_is_seen_that_runs_in_a_librarys_module(watch: Watch, tmp_path: Path) -> None:
    library = module(tmp_path / "library" / "lib.py")
    own = module(tmp_path / "own" / "app.py")
    moved = types.FunctionType(own["second"].__code__, library, "moved")
    with watch:
        moved()
    assert seen(watch) == {"second"}


@pytest.mark.parametrize("name", [None, 3, [], "", "<string>"])
def test_a_module_may_call_its_file_what_it_likes(watch: Watch, tmp_path: Path, name: Any) -> None:
    own = module(tmp_path / "own" / "app.py")
    own["__file__"] = name
    nameless = module(tmp_path / "library" / "lib.py")
    del nameless["__file__"]
    with watch:
        nameless["first"](True)
        own["first"](True)
    assert seen(watch) == {"first", "second"}


def test_the_subject_may_trace_itself(watch: Watch, tmp_path: Path) -> None:
    own = module(tmp_path / "own" / "app.py")

    def trace(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with watch:
            own["first"](True)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert not watch.codes


def test_two_files_alike_are_two(watch: Watch, tmp_path: Path) -> None:
    library = module(tmp_path / "library" / "lib.py")
    one, two = module(tmp_path / "own" / "one.py"), module(tmp_path / "own" / "two.py")
    with watch:
        library["second"]()
        one["second"]()
        two["second"]()
    assert {(Path(file).name, line) for file, line in watch.lines} == {("one.py", 8), ("two.py", 8)}
