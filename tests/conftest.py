"""In CI nothing is skipped for want of a tool: a server, a browser or a package that should be there and is not
fails the test."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

# Skips that say something of the subject and nothing of the machine.
OF_THE_SUBJECT = ("no program",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None],
                              ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not reason.startswith(OF_THE_SUBJECT):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: skipped in CI: {reason}"
    return report
