"""What is said of suppressions that suppress nothing, or give no reason."""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck

NET = """<ir_version: 8, opset_import: ["" : 17], metadata_props: ["archcheck.ignore" : "{}"]>
g (float[N, 4] x) => (float[N, 4] y) {{ y = Relu (x) }}"""
SAFETY = "a model cannot suppress what is about safety"


def found(text, code, **options):
    """The messages of one rule about a suppression, and why they matter."""
    findings = archcheck.check(parser.parse_model(NET.format(text)), **options).findings
    return [(one.message, one.why) for one in findings if one.code == code]


@pytest.mark.parametrize(("entry", "why"), [("SEC101", SAFETY), ("SEC103", ""), ("SEC", ""), ("GEO003", "")])
def test_only_what_is_about_safety_cannot_be_suppressed(entry, why):
    """SEC101 has a CVSS score and SEC103 has none; SEC are both."""
    assert found(f"{entry}: so", "META001") == [(f"the suppression of {entry} suppresses nothing", why)]


@pytest.mark.parametrize("entry", ["ALL", "GEO3", "gaps"])
def test_there_is_no_suppression_of_whatever_comes(entry):
    told = [message for message, _ in found(f"{entry}: so", "META003")]
    assert told == [f"the suppression names {entry!r}, which is no rule"]


@pytest.mark.parametrize(("text", "of"), [("GEO003", "GEO003"), ("GEO003, SHP", "GEO003, SHP"),
                                          ("[]", "nothing")])
def test_a_suppression_without_a_reason(text, of):
    told = [message for message, _ in found(text, "META002", profiles=("strict",))]
    assert told == [f"the suppression of {of} gives no reason"]
