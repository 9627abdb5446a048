"""A run as SARIF 2.1.0, in the part of it that GitHub's code scanning takes."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from archcheck import __version__
from archcheck.checked import CLEAN, FOUND, Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Place, Tree
from archcheck.reporters.findings._records import dumped, plain
from archcheck.reporters.findings._sarif_rules import LEVELS, descriptor
from archcheck.reporters.findings._words import failures, said, told
from archcheck.reporters.text import Script
from archcheck.rules._rule import SEVERITIES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""What GitHub calls the repository's root."""
MOST_RESULTS, MOST_PLACES = 25_000, 100
"""GitHub refuses files with more results, and shows no more locations."""
MOST_NAME, MOST_TEXT = 1_000, 4_000


def render(run: Run, view: View) -> str:
    """One run over all models. Every result has a place in a file: without one GitHub refuses it."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_Log(run, Tree()).run()]}
    return dumped(log, 1) + "\n"


class _Log:
    """What is being written: results with the rules and models that they refer to by number."""

    def __init__(self, run: Run, tree: Tree) -> None:
        self.checked, self.exit_code, self.tree = run.checked, run.exit_code, tree
        found = [(at, finding) for at, one in enumerate(run.checked) for finding in one.findings]
        self.found = _worst(found)
        self.left_out = len(found) - len(self.found)
        first = {finding.code: finding for _, finding in self.found}
        self.rules = {code: (number, first[code]) for number, code in enumerate(sorted(first))}
        self.paths = [tree.from_root(one.path) for one in run.checked]
        self.artifacts = dict(zip(self.paths, run.checked))
        self.numbers = {path: number for number, path in enumerate(self.artifacts)}

    def run(self) -> dict[str, Any]:
        """The run."""
        rules = [descriptor(finding) for _, finding in self.rules.values()]
        return {
            "tool": {"driver": {"name": "archcheck", "version": __version__, "rules": rules}},
            "automationDetails": {"id": "archcheck/"},
            "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [self.invocation()],
            "artifacts": [self.artifact(path, one) for path, one in self.artifacts.items()],
            "results": [self.result(at, finding) for at, finding in self.found]}

    def invocation(self) -> dict[str, Any]:
        """How it went: models that could not be read, rules that failed."""
        notes = list(self.notes())
        return {"executionSuccessful": self.exit_code in (CLEAN, FOUND), "exitCode": self.exit_code,
                "toolExecutionNotifications": notes}

    def notes(self) -> Iterator[dict[str, Any]]:
        """What went wrong."""
        for at, one in enumerate(self.checked):
            for code, sentence in failures(one):
                place = {"physicalLocation": {"artifactLocation": self.file(self.paths[at])}}
                note = {"level": "error", "message": {"text": _said(sentence)}, "locations": [place]}
                yield {**note, "associatedRule": {"id": code}} if code else note
        if self.left_out:
            text = f"{self.left_out:,} of the least severe findings are left out: GitHub refuses more"
            yield {"level": "warning", "message": {"text": text}}

    def artifact(self, path: str, one: Checked) -> dict[str, Any]:
        """A model's file."""
        found: dict[str, Any] = {"location": self.file(path), "roles": ["analysisTarget"]}
        if one.sha256:
            found["hashes"] = {"sha-256": one.sha256}
        size = one.totals.get("file_size")
        return {**found, "length": size} if isinstance(size, int) and size > 0 else found

    def result(self, at: int, finding: Finding) -> dict[str, Any]:
        """A finding."""
        one = self.checked[at]
        number, _ = self.rules[finding.code]
        place = self.tree.place(one, finding)
        found = {
            "ruleId": finding.code, "ruleIndex": number, "level": LEVELS[finding.severity],
            "message": {"text": _said(told(one, finding, Script(), place.in_program))},
            "locations": [{"physicalLocation": self.physical(place), **_logical(finding)}],
            "partialFingerprints": _fingerprints(finding),
            "properties": {"model": one.path, "places": finding.places, "fixable": finding.fixable or None,
                           "facts": plain(finding.facts)}}
        return {**found, "suppressions": _suppressions(finding)} if finding.suppressed else found

    def physical(self, place: Place) -> dict[str, Any]:
        """Where a finding is shown: line 1 of a file that has no lines."""
        file = self.file(place.path)
        if place.path in self.numbers:
            file["index"] = self.numbers[place.path]
        region = {"startLine": place.line or 1, "startColumn": place.column}
        return {"artifactLocation": file, "region": {key: at for key, at in region.items() if at}}

    def file(self, path: str) -> dict[str, Any]:
        """A file by its path from the root, or from that of the machine."""
        if path.startswith("/"):
            return {"uri": f"file://{_quoted(path)}"}
        return {"uri": _quoted(path), "uriBaseId": ROOT}


def _worst(found: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    """At most as many findings as GitHub takes."""
    if len(found) <= MOST_RESULTS:
        return found
    return sorted(found, key=lambda pair: SEVERITIES.index(pair[1].severity))[:MOST_RESULTS]


def _quoted(path: str) -> str:
    return quote(path.encode(errors="backslashreplace"), safe="/-._~")


def _said(text: str) -> str:
    """Text in which ``[…](…)`` is no link."""
    return said(text, Script(), MOST_TEXT).replace("](", "] (")


def _logical(finding: Finding) -> dict[str, Any]:
    """The nodes of a finding; none where it is about no part of the network."""
    names = dict.fromkeys(_name(name) for name in (finding.node or finding.value, *finding.also) if name)
    nodes = [{"name": name.rpartition(" > ")[2], "fullyQualifiedName": name, "kind": "member"}
             for name in list(names)[:MOST_PLACES]]
    return {"logicalLocations": nodes} if nodes else {}


def _name(name: str) -> str:
    return said(name, Script(), MOST_NAME)


def _fingerprints(finding: Finding) -> dict[str, str]:
    """What says that two results are one. GitHub goes by ``primaryLocationLineHash``, which its upload would
    make from the text around line 1, so that exporting a model again would close every alert and open it
    anew."""
    return {"archcheck/v1": finding.fingerprint, "primaryLocationLineHash": f"{finding.fingerprint}:1"}


def _suppressions(finding: Finding) -> list[dict[str, str]]:
    """By whom a finding is suppressed: in the model, or in a file beside it."""
    by, reason = finding.suppressed or ("", "")
    found = {"kind": "inSource" if by == "inline" else "external", "status": "accepted"}
    return [{**found, "justification": _said(reason or by)}]
