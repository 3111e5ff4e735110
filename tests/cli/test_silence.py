"""`# wsgicheck: ignore[rule-id]` silences one rule on one line, and an unused one is reported."""

from __future__ import annotations

from project import Project

APP = '''\
MARK = "# wsgicheck: ignore[chunks-are-bytes]"


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield "hello"  # wsgicheck: ignore[body/chunks-are-bytes]


def other(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])  # wsgicheck: ignore[chunks-are-bytes]
    yield "hello"
'''


def test_a_comment_silences_its_line(project: Project) -> None:
    project.write({"app.py": APP.partition("\n\ndef other")[0]})
    answer = project.run("app:application", "--max-examples", "10")
    assert answer.returncode == 0, answer.stdout
    assert "1 silenced by comments in the source" in answer.stdout
    assert "silences nothing" not in answer.stdout


def test_a_comment_elsewhere_silences_nothing_and_is_reported(project: Project) -> None:
    project.write({"app.py": APP})
    answer = project.run("app:other", "--max-examples", "10")
    assert answer.returncode == 1
    assert "app.py:10: ignore[chunks-are-bytes] silences nothing" in " ".join(answer.stdout.split())
    # The string on line 1 is no comment.
    assert "app.py:1:" not in answer.stdout


def test_places_are_told_from_where_the_command_is_given(project: Project) -> None:
    project.write({"site/app.py": APP})
    told = project.run("--chdir", "site", "app:other", "--max-examples", "10").stdout
    assert "site/app.py:11 in other" in told
    assert 'yield "hello"' in told, "the source line is shown"
    quiet = project.run("--chdir", "site", "app:application", "--max-examples", "10")
    assert quiet.returncode == 0, quiet.stdout
