"""What was verified as JUnit's XML: a test case for each statement, and for each run of a network."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from archcheck.claims import Outcome, Verified
from archcheck.reporters.text import Script
from archcheck.reporters.verify import place

if TYPE_CHECKING:
    from archcheck.backends import measure


def junit(verified: Verified | None, networks: Sequence[measure.Verified] = ()) -> str:
    """A suite for each file: statements whose record is wrong fail, those without a figure are skipped; and
    one for each network: runs in which a value is not as predicted or declared fail."""
    root = ElementTree.Element("testsuites", name="archcheck verify")
    everything = verified.outcomes if verified else ()
    for file in dict.fromkeys(outcome.file for outcome in everything):
        outcomes = [outcome for outcome in everything if outcome.file == file]
        suite = ElementTree.SubElement(root, "testsuite", name=_safe(outcomes[0].source or file))
        for outcome in outcomes:
            _case(suite, outcome)
        _count(suite)
    for network in networks:
        suite = ElementTree.SubElement(root, "testsuite", name=_safe(network.name))
        for run in network.runs:
            _run(suite, network.name, run)
        _count(suite)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _count(suite: ElementTree.Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("skipped", str(len(suite.findall("*/skipped"))))


def _run(suite: ElementTree.Element, name: str, run: measure.Run) -> None:
    from archcheck.backends.verdicts import DECLARED, DISAGREES
    from archcheck.reporters.measured import at
    case = ElementTree.SubElement(suite, "testcase", classname=_safe(name),
                                  name=_safe(f"{len(run.verdicts)} values at {at(run.sizes) or 'its sizes'}"))
    wrong = [f"{one.value}: {one.why}" for one in run.verdicts if one.kind in (DECLARED, DISAGREES)]
    wrong = [run.refused, *wrong] if run.refused else wrong
    if wrong:
        failure = ElementTree.SubElement(case, "failure", message=_safe(wrong[0]))
        failure.text = _safe("\n".join(wrong))


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
