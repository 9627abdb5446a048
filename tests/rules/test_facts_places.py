"""The graphs of a file, and the nodes in them, also where an analysis did not come that far."""
from __future__ import annotations

from types import SimpleNamespace

import archcheck
from archcheck.rules._places import Place, bodies


def test_a_node_that_was_not_analysed_is_told_by_its_name():
    """Findings point at what an analysis knows of a node, else at its name."""
    report = archcheck.analyze(b"input: N x 4\nlayers: relu as a -> relu as b\n")
    cut = SimpleNamespace(graph=report.graph, effects=report.walk.effects[:1], bodies={})
    first, second = (Place(report.graph, "", cut, {}).fault(index, "wrong") for index in (0, 1))
    assert (first.site.at, first.value) == (0, "")
    assert (second.site, second.value) == (None, report.graph.nodes[1].name)


def test_what_bodies_read_is_read_by_their_node():
    from onnx import parser
    graph = archcheck.load(parser.parse_model("""<ir_version: 10, opset_import: ["" : 17]>
        g (float[N] x, bool c) => (float[N] y) {
            h = Relu (x)
            y = If (c) <then_branch = t () => (a) { a = Neg (h) }, else_branch = e () => (b) { b = Abs (x) }>
        }""").SerializeToString())
    reads = Place(graph, "", None, {}).reads
    assert reads[0] == ("x",)
    assert sorted(reads[1]) == ["c", "h", "x"]
    assert [name for name, _ in bodies(graph.nodes[1])] == ["then_branch", "else_branch"]
