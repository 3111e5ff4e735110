"""`pytest --wsgicheck TARGET`: items a pytest user can choose among, with outcomes that say what they mean."""

from __future__ import annotations

import json
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from suite_in_folder import Suite

BAD = "blog:application::body/chunks-are-bytes"


def test_one_item_a_rule_and_only_the_broken_rule_fails(suite: Suite) -> None:
    answer = suite.pytest("--wsgicheck", "blog:application")
    assert answer.code == 1
    assert answer.lines("FAILED") == [
        f"FAILED {BAD} - item 0 of the body is 'hello', of type str; expected bytes (blog.py:3)"]
    assert answer.counts["passed"] > 20
    assert answer.counts["skipped"] > 20
    assert "PASSED blog:application::start-response/start-response-called-positionally" in answer.text


def test_the_failure_shows_evidence_place_ground_remedy_and_reproduction(suite: Suite) -> None:
    said = suite.pytest("--wsgicheck", "blog:application", BAD, "--wsgicheck-seed", "5").text
    text = " ".join(said.split())  # wherever its lines break
    for part in ("item 0 of the body is 'hello', of type str", "--> blog.py:3 in application", 'yield "hello"',
                 "^^^^^^^", "request GET /", "PEP 3333 “", "(Unicode Issues)", "why ", "Encode text where",
                 "curl -i http://127.0.0.1:8000/", "from blog import application",
                 f"pytest --wsgicheck blog:application {BAD} --wsgicheck-seed 5"):
        assert part in text, part


def test_the_python_lines_of_the_failure_show_the_fault_by_themselves(suite: Suite) -> None:
    text = suite.pytest("--wsgicheck", "blog:application", BAD).text
    lines = text.partition("  python\n")[2].partition("  pytest ")[0].splitlines()
    suite.write(again="\n".join(line.removeprefix("    ") for line in lines))
    suite.write(test_again="def test_it(capsys):\n    import again\n    assert 'hello' in capsys.readouterr().out\n")
    assert suite.pytest("test_again.py").counts == {"passed": 1}


def test_a_good_application_passes_and_what_was_not_exercised_is_skipped(suite: Suite) -> None:
    answer = suite.pytest("--wsgicheck", "hello:application")
    assert answer.code == 0
    assert "failed" not in answer.counts
    assert "not exercised: nothing that was done let this rule be judged" in answer.text


def test_applications_of_the_ini_file_are_found_from_any_folder(suite: Suite) -> None:
    suite.write_file("pytest.ini", "[pytest]\nwsgicheck_apps =\n    blog:application\n    hello:application\n")
    suite.write_file("below/keep.txt", "")
    answer = suite.pytest("-k", "something-was-checked", cwd="below")
    assert answer.counts["passed"] == 2


def test_an_item_is_named_as_pytest_prints_it_from_another_folder(suite: Suite) -> None:
    suite.write_file("pytest.ini", "[pytest]\nwsgicheck_apps = blog:application\n")
    suite.write_file("below/keep.txt", "")
    answer = suite.pytest(f"../{BAD}", cwd="below")
    assert answer.counts == {"failed": 1}


def test_pythonpath_of_pytest_holds_for_the_target(suite: Suite) -> None:
    suite.write_file("src/inner.py", (suite.folder / "hello.py").read_text())
    suite.write_file("pytest.ini", "[pytest]\npythonpath = src\nwsgicheck_apps = inner:application\n")
    assert suite.pytest("-k", "something-was-checked").counts["passed"] == 1


@pytest.mark.parametrize(("words", "failed", "passed"), [
    (["-k", "chunks-are-bytes"], 1, 0),
    (["-m", "wsgicheck(family='body')"], 1, 1),
    (["-m", "not wsgicheck"], 0, 0),
    ([BAD], 1, 0),
    (["blog:application::body"], 1, 1),
    (["blog:application::something-was-checked"], 0, 1),
    (["--deselect", BAD, "-k", "body/"], 0, 1),
], ids=["k", "m", "not-m", "node-id", "family", "whole", "deselect"])
def test_items_are_selected_as_any(suite: Suite, words: list[str], failed: int, passed: int) -> None:
    counts = suite.pytest("--wsgicheck", "blog:application", *words).counts
    assert counts.get("failed", 0) == failed
    assert (counts.get("passed", 0) > 0) == bool(passed)


def test_levels_and_families_choose_rules(suite: Suite) -> None:
    answer = suite.pytest("--wsgicheck", "blog:application", "--wsgicheck-select", "start-response,advice",
                          "--wsgicheck-ignore", "start-response", "--collect-only", "-q")
    assert "start-response/" not in answer.text
    assert "blog:application::" in answer.text


def test_own_tests_run_beside(suite: Suite) -> None:
    suite.write(test_own="def test_one():\n    pass\n")
    answer = suite.pytest("--wsgicheck", "hello:application")
    assert "PASSED test_own.py::test_one" in answer.text
    assert answer.code == 0


def test_known_findings_are_expected_failures(suite: Suite) -> None:
    from wsgicheck.active.application import check_application
    from wsgicheck.active.options import Options
    from wsgicheck.cli.baseline import write_baseline

    options = Options(seed=1, max_examples=12, directory=str(suite.folder))
    run = check_application("blog:application", options=options)
    assert write_baseline(str(suite.folder / "known.json"), run) == 1
    answer = suite.pytest("--wsgicheck", "blog:application", "--wsgicheck-baseline=known.json")
    assert answer.code == 0
    assert answer.counts["xfailed"] == 1
    assert [line for line in answer.lines(f"XFAIL {BAD}") if "known, accepted in the baseline" in line]


def test_below_the_failing_level_passes_and_is_told(suite: Suite) -> None:
    suite.write(slow="def application(environ, start_response):\n"
                     "    start_response('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n")
    answer = suite.pytest("--wsgicheck", "slow:application")
    assert answer.code == 0
    assert "below the failing level: SHOULD content-length/body-has-a-content-type" in answer.text
    strict = suite.pytest("--wsgicheck", "slow:application", "--wsgicheck-strict")
    assert any("body-has-a-content-type" in line for line in strict.lines("FAILED"))


def test_junit_xml_read_back(suite: Suite) -> None:
    suite.pytest("--wsgicheck", "blog:application", "--junitxml", "out.xml", "--wsgicheck-seed", "9")
    cases = ET.parse(suite.folder / "out.xml").findall(".//testcase")
    by_name = {case.get("name"): case for case in cases}
    assert {case.get("classname") for case in cases} == {"blog:application"}
    bad = by_name["body/chunks-are-bytes"]
    failure = bad.find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("item 0 of the body is 'hello', of type str; expected bytes")
    assert "curl -i http://127.0.0.1:8000/" in (failure.text or "")
    facts = {p.get("name"): p.get("value") for p in bad.findall("properties/property")}
    assert facts["wsgicheck_rule"] == "body/chunks-are-bytes"
    assert facts["wsgicheck_level"] == "must"
    assert facts["wsgicheck_seed"] == "9"
    skipped = [case for case in cases if case.find("skipped") is not None]
    assert all("not exercised" in (case.find("skipped").get("message") or "") for case in skipped)  # type: ignore[union-attr]
    assert len(skipped) > 20


def test_last_failed_runs_what_failed_and_nothing_else(suite: Suite) -> None:
    suite.write(test_own="def test_one():\n    pass\n")
    suite.pytest("--wsgicheck", "blog:application")
    again = suite.pytest("--wsgicheck", "blog:application", "--lf")
    assert again.counts["failed"] == 1
    assert "passed" not in again.counts
    suite.write(blog=(suite.folder / "hello.py").read_text())
    mended = suite.pytest("--wsgicheck", "blog:application", "--lf")
    assert mended.counts["passed"] == 1
    assert mended.code == 0


def test_a_target_that_cannot_be_loaded_is_one_failure(suite: Suite) -> None:
    answer = suite.pytest("--wsgicheck", "nowhere:application")
    assert answer.code == 1
    failed = [line.split(" - ")[0] for line in answer.lines("FAILED")]
    assert failed == ["FAILED nowhere:application::something-was-checked"]
    assert "there is no module 'nowhere'" in answer.text
    assert "passed" not in answer.counts
    one = suite.pytest("--wsgicheck", "nowhere:application", "nowhere:application::body/chunks-are-bytes")
    assert one.counts == {"failed": 1}


def test_where_nothing_was_checked_nothing_passes(suite: Suite) -> None:
    suite.write(broken="def application(environ, start_response):\n"
                       "    start_response('500 Oh', [('Content-Type', 'text/plain')])\n    return [b'no']\n")
    answer = suite.pytest("--wsgicheck", "broken:application")
    assert answer.code == 1
    assert "passed" not in answer.counts
    assert "nothing was really checked: each of" in answer.text


@pytest.mark.parametrize(("words", "part"), [
    (["--wsgicheck-select", "chunks-are-byte"], "did you mean chunks-are-bytes"),
    (["--wsgicheck-report", "junitt=x"], "there is no format 'junitt'"),
    (["--wsgicheck-baseline", "none.json"], "there is no baseline none.json"),
    (["--wsgicheck-fail-on", "may"], "takes one of must, should, advice"),
    (["blog:application::body/no-such-rule"], "not found: blog:application::body/no-such-rule"),
    (["--wsgicheck-strict", "--wsgicheck-fail-on", "must"], "give one of the two"),
], ids=["rule", "format", "baseline", "level", "node-id", "strict"])
def test_what_is_wrong_with_the_request_is_one_line(suite: Suite, words: list[str], part: str) -> None:
    answer = suite.pytest("--wsgicheck", "blog:application", *words)
    assert answer.code == 4
    errors = answer.lines("ERROR: ")
    assert len(errors) == 1
    assert part in errors[0]
    assert "Traceback" not in answer.text


def test_reports_of_wsgicheck_are_written_too(suite: Suite) -> None:
    suite.pytest("--wsgicheck", "blog:application", "--wsgicheck", "hello:application", "--wsgicheck-report",
                 "json={app}.json")
    blog = json.loads((suite.folder / "blog-application.json").read_text())
    hello = json.loads((suite.folder / "hello-application.json").read_text())
    assert [finding["rule"] for finding in blog["findings"]] == ["chunks-are-bytes"]
    assert hello["findings"] == []
    one_file = suite.pytest("--wsgicheck", "blog:application", "--wsgicheck", "hello:application",
                            "--wsgicheck-report", "json=both.json")
    assert one_file.code == 4


@pytest.mark.slow
class TestSeveralProcesses:
    """xdist: nothing is done twice, and everybody gets all verdicts."""

    @pytest.fixture
    def counted(self, suite: Suite) -> Suite:
        """The bad application, which notes each of its imports and each request."""
        suite.write(noted="import os\n"
                          "with open('imports.txt', 'a') as file:\n    file.write(f'{os.getpid()}\\n')\n"
                          + (suite.folder / "blog.py").read_text())
        return suite

    def imports(self, suite: Suite) -> int:
        path = suite.folder / "imports.txt"
        count = len(path.read_text().splitlines())
        path.unlink()
        return count

    def test_every_item_runs_once_and_every_share_of_the_work_once(self, counted: Suite) -> None:
        alone = counted.pytest("--wsgicheck", "noted:application", "--wsgicheck-seed", "3")
        assert self.imports(counted) == 1
        together = counted.pytest("--wsgicheck", "noted:application", "--wsgicheck-seed", "3", "-n", "2")
        assert self.imports(counted) == 2
        names = Counter(line.split()[1] for line in together.text.splitlines()
                        if line.startswith(("PASSED", "FAILED", "XFAIL")))
        assert set(names.values()) == {1}
        assert together.counts["failed"] == alone.counts["failed"] == 1
        assert "-n 2" in together.text

    def test_each_process_draws_its_share_of_the_requests(self, counted: Suite) -> None:
        def exchanges(*words: str) -> int:
            answer = counted.pytest("--wsgicheck", "noted:application", "--wsgicheck-max-examples", "200", *words)
            line = next(line for line in answer.text.splitlines() if " exchanges, seed" in line)
            return int(line.split(" exchanges")[0].split()[-1].replace(",", ""))

        alone, together = exchanges(), exchanges("-n", "2")
        # The first requests of each process are looked at more thoroughly; all the others are divided.
        assert alone <= together < 1.5 * alone

    def test_one_item_left_still_does_all_of_the_work(self, counted: Suite) -> None:
        answer = counted.pytest("--wsgicheck", "noted:application", "noted:application::body/chunks-are-bytes",
                                "-n", "2")
        assert answer.counts == {"failed": 1}
        assert self.imports(counted) == 2

    def test_the_same_seed_gives_the_same_verdicts(self, counted: Suite) -> None:
        def outcomes() -> list[str]:
            answer = counted.pytest("--wsgicheck", "noted:application", "--wsgicheck-seed", "3", "-n", "2")
            return sorted(line for line in answer.text.splitlines() if line.startswith(("PASSED", "FAILED")))

        assert outcomes() == outcomes()
