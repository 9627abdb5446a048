"""Findings as JUnit's XML: a suite for each model, a case for each finding."""
from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

from archcheck.checked import Checked, Run, fails
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Tree
from archcheck.reporters.findings._words import called, said, suppression, troubles

CLEAN = "no findings"


def render(run: Run, view: View) -> str:
    """What fails the run fails; what does not is passed with its text, and what is suppressed is skipped."""
    root, tree = ElementTree.Element("testsuites", name="archcheck check"), Tree()
    for one in run.checked:
        _Suite(one, tree, view).write(root)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


class _Suite:
    """The cases of one model. No two have the same name: services would take them for one."""

    def __init__(self, one: Checked, tree: Tree, view: View) -> None:
        self.one, self.tree, self.script = one, tree, view.script
        self.path = self.said(tree.from_root(one.path))
        self.names: Counter[str] = Counter()
        self.suite = ElementTree.Element("testsuite", name=self.path)

    def write(self, root: ElementTree.Element) -> None:
        """Append the suite to ``root``."""
        for code, sentence in troubles(self.one):
            error = ElementTree.SubElement(self.case(code or "unreadable model"), "error",
                                           message=self.said(sentence), type=code or "unreadable model")
            error.text = self.path
        for found in self.one.findings:
            self.finding(found)
        if not len(self.suite):
            self.case(CLEAN)
        for counted, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            self.suite.set(counted, str(len(self.suite.findall(f"*/{tag}"))))
        self.suite.set("tests", str(len(self.suite)))
        root.append(self.suite)

    def finding(self, found: Finding) -> None:
        """A case for a finding."""
        about = called(found, self.script)
        case = self.case(f"{found.code} {found.name}" + (f" at {about}" if about else ""))
        message, text = self.said(found.message), self.text(found)
        if found.suppressed is not None:
            why = self.said(suppression(found))
            ElementTree.SubElement(case, "skipped", message=f"{message} ({why})")
        elif fails(found, self.one.fail_on):
            failure = ElementTree.SubElement(case, "failure", message=message, type=found.severity)
            failure.text = text
        else:
            ElementTree.SubElement(case, "system-out").text = f"{found.severity}: {message}\n{text}"

    def case(self, name: str) -> ElementTree.Element:
        """A case of this name, numbered from the second on."""
        self.names[name] += 1
        again = f" ({self.names[name]})" if self.names[name] > 1 else ""
        return ElementTree.SubElement(self.suite, "testcase", classname=self.path, name=name + again)

    def text(self, found: Finding) -> str:
        """Where, why, and how to mend it."""
        fix = f"Fix: {found.fix}" if found.fix else ""
        parts = (str(self.tree.place(self.one, found)), found.why, fix)
        return "\n".join(map(self.said, filter(None, parts)))

    def said(self, text: str) -> str:
        """A sentence without control characters, which XML does not allow."""
        return said(text, self.script)
