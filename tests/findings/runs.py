"""Runs to be written: an ordinary one, an empty one, one whose every text is hostile, a large one."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.checked import Broken, Checked, Run
from archcheck.dims import symbol
from archcheck.findings import Finding, Suppression

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown")

NASTY = ("a\n::error file=x::owned\r\n::stop-commands::t\x1b[31mred\x1b]0;title\x07 ##[error]owned "
         "<script>alert(1)</script> <!-- ]]> & &lt; | `code` ``x`` [link](http://evil.example/) @team #1 "
         "www.evil.example % , : \x00\x01\x85\u202e\ufffe\udc80 {0} \\ \" ' é×" + "n" * 10_000)
"""Everything that means something to a terminal, a workflow, XML, HTML, Markdown or SARIF, and 10 KB long."""


def finding(**fields: Any) -> Finding:
    """A finding, of window-gaps unless ``fields`` say otherwise."""
    ordinary = {
        "code": "GEO003", "name": "window-gaps", "severity": "warning",
        "message": "the window spans 2 positions and moves by 3",
        "why": "of every 3 positions, 1 is never read",
        "fix": "use a stride of at most 2, or a larger window", "node": "pool1", "op": "MaxPool", "scope": (),
        "value": None, "file": None, "line": None, "column": None, "places": 1, "also": (), "fixable": "",
        "fingerprint": "4b38df47b5a9b0aa", "facts": {"span": 2, "stride": 3}}
    return Finding(**{**ordinary, **fields})


def checked(path: str, *found: Finding, **fields: Any) -> Checked:
    """A model in which so much was found."""
    totals = {"params": 25_557_032, "macs": "4089184256*N", "flops": None, "nodes": 3, "file_size": 1024}
    ordinary = {"sha256": "0" * 64, "format": "onnx", "producer": "pytorch 2.6", "totals": totals}
    return Checked(path, findings=found, **{**ordinary, **fields})


def ordinary() -> Run:
    """Two models with findings of each severity, suppressed ones, one without, and one that is not there."""
    baked = finding(
        code="SHP101", name="baked-dim-in-reshape", severity="error", fixable="unsafe", node="/f/Reshape",
        message="the target [1, -1] fixes the batch", fingerprint="1" * 16, op="Reshape",
        facts={"batch": symbol("batch"), "bound": float("inf"), "part": float("nan")})
    many = finding(places=12, also=tuple(f"blocks.{k}.pool" for k in range(1, 12)), node="blocks.0.pool",
                   scope=("blocks", "0"), fixable="safe")
    hidden = finding(fingerprint="2" * 16, suppressed=Suppression("inline", "taken from the vendor"))
    known = finding(fingerprint="3" * 16, suppressed=Suppression("baseline", ""))
    hint = finding(code="ONX016", name="unnamed-nodes", severity="advice", why="", fix="",
                   message="3 nodes have no name", node=None, op=None, fingerprint="4" * 16, value="graph")
    return Run((checked("models/net.onnx", baked, many, hidden, known),
                checked("models/other.onnx", hint),
                checked("models/clean.onnx"),
                checked("models/gone.onnx", sha256=None, format="", totals={},
                        error="models/gone.onnx does not exist"),
                checked("models/odd.onnx", broken=(Broken("GEO009", "KeyError: 'x'"),))))


def clean() -> Run:
    """One model, in which nothing was found."""
    return Run((checked("net.onnx"),))


def hostile() -> Run:
    """A run whose every text from outside is `NASTY`."""
    texts = dict.fromkeys(("message", "why", "fix", "node", "op", "value", "file"), NASTY)
    one = finding(**texts, scope=(NASTY,), also=(NASTY, NASTY), places=3, line=7, facts={NASTY: NASTY})
    hidden = finding(**texts, fingerprint="2" * 16, suppressed=Suppression("inline", NASTY))
    return Run((checked(f"{NASTY}.onnx", one, hidden, producer=NASTY, totals={"params": NASTY}),
                checked("b.onnx", error=NASTY, broken=(Broken("GEO009", NASTY),), totals={}, sha256=None)))


def large(number: int = 900) -> Run:
    """A run with very many findings."""
    return Run(tuple(checked(f"models/{k}.onnx", *_many(k, number // 10)) for k in range(10)))


def _many(model: int, number: int) -> Iterator[Finding]:
    for k in range(number):
        yield finding(node=f"stage{model}.block{k}.pool", fingerprint=f"{model:08x}{k:08x}",
                      message=f"the window spans 2 positions and moves by {k}",
                      severity=("error", "warning", "advice")[k % 3])
