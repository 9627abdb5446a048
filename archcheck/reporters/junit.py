"""Verified claims as JUnit's XML, a test case for each statement."""
from __future__ import annotations

from xml.etree import ElementTree

from archcheck.claims import Outcome, Verified
from archcheck.reporters.text import Script
from archcheck.reporters.verify import place


def junit(verified: Verified) -> str:
    """A suite for each file: statements whose record is wrong fail, those without a figure are skipped."""
    root = ElementTree.Element("testsuites", name="archcheck verify")
    for file in dict.fromkeys(outcome.file for outcome in verified.outcomes):
        outcomes = [outcome for outcome in verified.outcomes if outcome.file == file]
        suite = ElementTree.SubElement(root, "testsuite", name=_safe(outcomes[0].source or file))
        for outcome in outcomes:
            _case(suite, outcome)
        suite.set("tests", str(len(outcomes)))
        suite.set("failures", str(len(suite.findall("*/failure"))))
        suite.set("skipped", str(len(suite.findall("*/skipped"))))
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _case(suite: ElementTree.Element, outcome: Outcome) -> None:
    statement = outcome.statement
    case = ElementTree.SubElement(suite, "testcase", classname=_safe(outcome.source or outcome.file),
                                  name=_safe(f"{statement.id}: {statement.says}"))
    if outcome.problem:
        failure = ElementTree.SubElement(case, "failure", message=_safe(outcome.problem))
        failure.text = _safe(place(outcome))
    elif outcome.value is None:
        ElementTree.SubElement(case, "skipped", message=_safe(statement.text("why") or outcome.found))


def _safe(text: str) -> str:
    """Text without control characters, which XML does not allow."""
    return Script().safe(text)
