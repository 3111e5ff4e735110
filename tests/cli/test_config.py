"""Settings: which file, which precedence, which origin."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wsgicheck.config import KEYS, Config, load
from wsgicheck.errors import ConfigError
from wsgicheck.model.rule import Level

TOML = """\
app = "shop:app"
select = ["body", "close"]
ignore = "advice"
fail-on = "should"
max-examples = 7
max-time = 2
timeout = 1.5
seed = 3
paths = ["/a?b=c"]
headers = { "X-Token" = "secret" }
bodies = ['application/json: {"a": 1}']
routes = "none"
route = ["/a/<int:id>"]
login = "POST /login a=b"
cookies = { sid = "abc" }
openapi = "openapi.json"
har = "site.har"
access-log = "access.log"
traffic = "traffic.jsonl"
layers = "none"
unsafe-methods = true
chdir = "src"
settings = "shop.settings"
baseline = "known.json"
format = "json"
output = "out.json"
report = { junit = "out.xml" }
"""


def test_every_key_has_a_field_with_its_default() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Config)}
    assert {key.field: key.default for key in KEYS}.items() <= fields.items()
    assert set(fields) - {key.field for key in KEYS} == {"file", "origins"}


def test_a_file_sets_every_key(tmp_path: Path) -> None:
    (tmp_path / "wsgicheck.toml").write_text(TOML)
    config = load(str(tmp_path), environ={})
    here = str(tmp_path) + "/"
    assert config == Config(
        app="shop:app", select=("body", "close"), ignore=("advice",), fail_on=Level.SHOULD, max_examples=7,
        max_time=2.0, timeout=1.5, seed=3, paths=("/a?b=c",), headers=(("X-Token", "secret"),),
        bodies=(("application/json", '{"a": 1}'),), routes="none",
        route=("/a/<int:id>",), login="POST /login a=b", cookies=(("sid", "abc"),), openapi=here + "openapi.json",
        har=here + "site.har", access_log=here + "access.log", traffic=here + "traffic.jsonl", unsafe_methods=True,
        layers="none", chdir=here + "src",
        settings="shop.settings", baseline=here + "known.json", format="json", output=here + "out.json",
        report=(("junit", here + "out.xml"),), file=config.file, origins=config.origins)
    assert set(config.origins) == {key.name for key in KEYS}
    assert set(config.origins.values()) == {config.file}


def test_command_line_then_variable_then_file_then_default(tmp_path: Path) -> None:
    (tmp_path / "wsgicheck.toml").write_text("seed = 1\nmax-examples = 1\nmax-time = 1\n")
    config = load(str(tmp_path), environ={"WSGICHECK_SEED": "2", "WSGICHECK_MAX_EXAMPLES": "2"},
                  given={"seed": ("--seed", 3)})
    assert (config.seed, config.max_examples, config.max_time, config.timeout) == (3, 2, 1.0, 10.0)
    assert config.origin("seed") == "--seed"
    assert config.origin("max-examples") == "WSGICHECK_MAX_EXAMPLES"
    assert config.origin("max-time") == config.file
    assert config.origin("timeout") == "default"


def test_variables_of_every_kind(tmp_path: Path) -> None:
    config = load(str(tmp_path), environ={
        "WSGICHECK_SELECT": "body, close", "WSGICHECK_FAIL_ON": "advice", "WSGICHECK_TIMEOUT": "0.5",
        "WSGICHECK_PATHS": "/a /b", "WSGICHECK_HEADERS": "A: 1\nB: 2", "WSGICHECK_REPORT": "json=a.json,html=b.html"})
    assert config.select == ("body", "close")
    assert config.fail_on is Level.ADVICE
    assert config.timeout == 0.5
    assert config.paths == ("/a", "/b")
    assert config.headers == (("A", "1"), ("B", "2"))
    assert config.report == (("json", "a.json"), ("html", "b.html"))


def test_the_nearest_file_upward(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "wsgicheck.toml").write_text("seed = 1\n")
    assert load(str(inner), environ={}).seed == 1
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert load(str(inner), environ={}).seed == 1
    (tmp_path / "a" / "pyproject.toml").write_text("this mentions it nowhere and is = = broken")
    assert load(str(inner), environ={}).seed == 1
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.wsgicheck]\nseed = 2\n")
    assert load(str(inner), environ={}).seed == 2
    (tmp_path / "a" / "wsgicheck.toml").write_text("seed = 3\n")
    assert load(str(inner), environ={}).seed == 3


def test_a_named_file_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "wsgicheck.toml").write_text("seed = 1\n")
    (tmp_path / "other.toml").write_text("max-examples = 5\n")
    config = load(str(tmp_path), environ={}, file=str(tmp_path / "other.toml"))
    assert (config.seed, config.max_examples) == (None, 5)


def test_a_files_app_is_found_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "wsgicheck.toml").write_text("app = 'shop:app'\n")
    assert load(str(tmp_path / "sub"), environ={}).chdir == str(tmp_path)
    assert load(str(tmp_path / "sub"), environ={}, given={"app": ("TARGET", "x:y")}).chdir == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)


def taken_or_refused(key: Any, value: object) -> tuple[Any, str]:
    try:
        return load("/", environ={}, given={key.name: ("--it", value)}).value(key), ""
    except ConfigError as error:
        return None, str(error)


@given(key=st.sampled_from(KEYS), value=json_values)
@example(key=next(key for key in KEYS if key.name == "max-time"), value=10**400)
@example(key=next(key for key in KEYS if key.name == "max-examples"), value=-(10**5000))
def test_no_value_escapes(key: Any, value: object) -> None:
    """Any value is taken as the kind that Config declares, or refused in one printable line."""
    found, refusal = taken_or_refused(key, value)
    if refusal:
        assert refusal.startswith("--it takes ")
        assert refusal.isprintable()
    else:
        assert type(found) is (int if key.name == "seed" else type(key.default))


def test_what_config_prints_is_toml_that_says_the_same(project: Any) -> None:
    project.write({"wsgicheck.toml": TOML})
    answer = project.run("config", env={"WSGICHECK_SEED": "9"})
    assert (answer.returncode, answer.stderr) == (0, "")
    printed = tomllib.loads(answer.stdout)
    values = {name: row["value"] for name, row in json.loads(
        project.run("config", "--format", "json", env={"WSGICHECK_SEED": "9"}).stdout)["values"].items()}
    assert printed == {name: value for name, value in values.items() if value is not None}
    assert printed["seed"] == 9
    assert "seed = 9" in answer.stdout
    assert "# WSGICHECK_SEED" in answer.stdout
    assert "# wsgicheck.toml" in answer.stdout


def test_check_is_silent_where_all_is_well(project: Any) -> None:
    project.write({"pyproject.toml": '[tool.wsgicheck]\nselect = ["body"]\n'})
    answer = project.run("config", "--check")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_configured_app_is_checked_from_a_folder_below(project: Any) -> None:
    project.write({"pyproject.toml": '[tool.wsgicheck]\napp = "shop"\nmax-examples = 2\nformat = "json"\n',
                   "shop.py": "def app(environ, start_response):\n    start_response('200 OK', [])\n    return ['x']\n",
                   "docs/readme": ""})
    answer = project.run(cwd="docs")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["subject"]["target"] == "shop"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_reads_its_own_default_or_none(key: Any) -> None:
    if key.default not in ("", None):
        assert key.read(key.default) == key.default
