"""JUnit XML for build servers: one test case a rule, in the form that pytest writes by default (xunit2).

Laws: a rule that was not exercised is skipped and never passed; a rule broken below the failing level does not
fail its case and says so in its output; every character is one that XML 1.0 allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from ..model.finding import Finding
from ..model.rule import Card
from ..model.run import RuleResult, Run, RunVerdict
from .options import Options
from .plain import finding_text
from .safe import line as safe
from .view import RunView, plural, reach_words

__all__ = ["render"]


def render(run: Run, cards: Mapping[str, Card], options: Options) -> str:
    """Return the report as a JUnit XML document, in ASCII."""
    view = RunView(run, options.fail_on)
    suites = ET.Element("testsuites", name="wsgicheck tests")
    suite = ET.SubElement(suites, "testsuite", name="wsgicheck")
    _properties(suite, run)
    for result in view.rules:
        _case(suite, result, view, cards, options)
    if run.nothing_checked:
        case = ET.SubElement(suite, "testcase", classname="wsgicheck", name="something-was-checked", time="0.000")
        ET.SubElement(case, "error", message=safe(run.nothing_checked)).text = safe(run.nothing_checked)
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{run.seconds:.3f}")
    ET.indent(suites)
    # In ASCII: a character beyond it is a reference, whatever the encoding of the file it is written to.
    text = ET.tostring(suites, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _properties(suite: ET.Element, run: Run) -> None:
    """Say what was checked and how far it was entered, as pytest does with record_testsuite_property."""
    told = {"subject": f"{run.subject.kind} {safe(run.subject.target, 400)}", "seed": str(run.seed),
            "exchanges": str(run.exchanges), "reach": reach_words(run)}
    properties = ET.SubElement(suite, "properties")
    for name, value in told.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=safe(value))


def _case(suite: ET.Element, result: RuleResult, view: RunView, cards: Mapping[str, Card],
          options: Options) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"wsgicheck.{safe(result.family)}", name=safe(result.id),
                         time="0.000")
    findings = [f for f in view.ordered if f.rule == result.id]
    text = "\n".join(finding_text(f, view, cards.get(f.name)) for f in findings)
    if result.verdict is RunVerdict.UNEXERCISED:
        ET.SubElement(case, "skipped", type="wsgicheck.unexercised",
                      message="not exercised: nothing that was done let this rule be judged")
    elif result.verdict is RunVerdict.KNOWN:
        ET.SubElement(case, "skipped", type="wsgicheck.known",
                      message="known: accepted in the baseline").text = text or None
    elif result.verdict is RunVerdict.CRASHED:
        message = "the check crashed: a bug of wsgicheck, and no verdict on the subject"
        ET.SubElement(case, "error", message=message).text = text or message
    elif findings and result.level.rank >= options.fail_on.rank:
        ET.SubElement(case, "failure", message=_message(findings)).text = text
    elif findings:
        ET.SubElement(case, "system-out").text = f"{result.level.value.upper()}, below the failing level\n{text}"


def _message(findings: list[Finding]) -> str:
    more = len(findings) - 1
    return safe(findings[0].evidence, 400) + (f" (and {plural(more, 'more finding')})" if more else "")
