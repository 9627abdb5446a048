"""What is folded in pictures and in the summary, where names tell it and where they do not: held against the
figures of papers, and against brute force on random graphs."""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import networkx
import pytest
from onnx import ModelProto, TensorProto, helper

from archcheck import analyze
from archcheck.drawing.fold import Block, tree
from archcheck.drawing.folding import picture
from archcheck.drawing.pieces import PIECE, pieces
from archcheck.drawing.regions import circles
from archcheck.drawing.tree import Box
from archcheck.report import Report
from archcheck.reporters.summary import View, rows


def kinds(box: Box, times: int = 1) -> Iterator[tuple[str, int]]:
    """What the boxes inside one are called, and how often each is there."""
    for child in box.children:
        yield child.kind, child.count * times
        yield from kinds(child, child.count * times)


def counted(source: str, kind: str) -> int:
    return sum(count for name, count in kinds(picture(analyze(source)).root) if name == kind)


@pytest.mark.parametrize(("source", "kind", "number"), [
    ("onnx:light_resnet50", "residual", 16),  # He et al., 2016, table 1: 3 + 4 + 6 + 3
    ("onnx:light_densenet121", "dense layer", 58),  # Huang et al., 2017, table 1: 6 + 12 + 24 + 16
    ("specs:densenet121", "dense layer", 58),
    ("onnx:light_squeezenet", "fire", 8),  # Iandola et al., 2016, table 1
    ("onnx:light_inception_v2", "inception", 10),  # Ioffe and Szegedy, 2015, figure 5
    ("specs:googlenet", "inception", 9),  # Szegedy et al., 2015, table 1
    ("specs:mobilenet_v1", "depthwise separable", 13),  # Howard et al., 2017, table 1
    ("specs:mobilenet_v2", "inverted residual", 16),  # Sandler et al., 2018, table 2; 17 with one of t = 1
    ("specs:transformer_encoder", "transformer", 6),  # Vaswani et al., 2017, section 3.1
])
def test_blocks_are_called_what_they_are(source: str, kind: str, number: int):
    assert counted(source, kind) == number


def test_the_blocks_of_densenet_are_told_once_each():
    found = picture(analyze("onnx:light_densenet121")).root.children
    assert [box.count for box in found if box.kind == "dense layer"] == [6, 12, 24, 16]


# ------------------------------------------------------------------------------------------- the summary, too
def groups(block: Block) -> set[tuple[int, int, int]]:
    """The rows inside a block that are more than one layer: count, first and last node."""
    return {(row.count, row.first, row.last) for _, row in block.walk() if row.children and not row.fused}


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "squeezenet", "inception_v1", "shufflenet"])
def test_the_summary_has_the_blocks_of_the_picture(name: str):
    report = analyze(f"onnx:light_{name}")
    drawn, told = groups(tree(report, fused=True)), groups(tree(report))
    assert drawn <= told
    assert len(drawn) > 3


def test_the_summary_says_what_blocks_are():
    report = analyze("onnx:light_resnet50")
    found = [row for row in rows(report, View()) if row.scope]
    assert Counter(row.op for row in found) == {"residual": 8}
    assert sum(row.count for row in found) == 16
    assert found[0].name == "n4 .. n15"
    assert sum(row.macs for row in rows(report, View(depth=1))) == report.macs


# ----------------------------------------------------------------------------------------------------- scopes
def network(nodes: list[tuple[str, str, list[str], str]], output: str) -> Report:
    """A network of nodes (name, operator, inputs, output) on ``x``."""
    made = [helper.make_node(op, inputs, [out], name=name) for name, op, inputs, out in nodes]
    kind = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", output)]
    graph = helper.make_graph(made, "net", kind[:1], kind[1:])
    return analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))


def outline(block: Block) -> list[object]:
    """The labels of the rows, of those with rows inside as pairs."""
    return [(row.label, outline(row)) if row.children else row.label for row in block.children]


def test_nodes_without_scopes_join_their_neighbours():
    """An optimizer left ``between`` without a name that tells; it is inside ``a``, and ``end`` is not."""
    report = network([("/a/Relu", "Relu", ["x"], "p"), ("between", "Neg", ["p"], "q"),
                      ("/a/Abs", "Abs", ["q"], "r"), ("end", "Exp", ["r"], "s")], "s")
    assert outline(tree(report)) == [("a", ["Relu", "between", "Abs"]), "end"]


def test_a_chain_without_scopes_joins_too():
    report = network([("/a/b/Relu", "Relu", ["x"], "p"), ("one", "Neg", ["p"], "q"),
                      ("two", "Neg", ["q"], "r"), ("/a/b/Abs", "Abs", ["r"], "s"),
                      ("/a/Exp", "Exp", ["s"], "t"),
                      ("/c/Log", "Log", ["t"], "u"), ("/c/Sqrt", "Sqrt", ["u"], "v")], "v")
    assert outline(tree(report)) == [("a", [("b", ["Relu", "one", "two", "Abs"]), "Exp"]),
                                     ("c", ["Log", "Sqrt"])]


def test_a_module_that_is_used_twice_is_taken_apart():
    """``act`` stands between ``a`` and ``b``, and behind ``b``: the two larger ones keep their boxes."""
    report = network([("/a/Neg", "Neg", ["x"], "p"), ("/a/Abs", "Abs", ["p"], "q"),
                      ("/a/Exp", "Exp", ["q"], "r"), ("/act/Relu", "Relu", ["r"], "s"),
                      ("/b/Neg", "Neg", ["s"], "t"), ("/b/Abs", "Abs", ["t"], "u"),
                      ("/b/Exp", "Exp", ["u"], "v"), ("/act/Relu_1", "Relu", ["v"], "w")], "w")
    inside = ["Neg", "Abs", "Exp"]
    assert outline(tree(report)) == [("a", inside), "Relu", ("b", inside), "Relu_1"]


def branching_model() -> ModelProto:
    """A condition that chooses between two things to do with what is made outside of it."""
    def branch(op: str) -> object:
        out = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [2, 3])
        return helper.make_graph([helper.make_node(op, ["made"], ["inner"])], op, [], [out])
    nodes = [helper.make_node("Exp", ["x"], ["made"], name="maker"),
             helper.make_node("If", ["c"], ["y"], name="choice", then_branch=branch("Relu"),
                              else_branch=branch("Abs"))]
    kind = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    flag = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    graph = helper.make_graph(nodes, "net", [kind[0], flag], kind[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def test_what_a_body_reads_flows_into_its_node():
    root = picture(analyze(branching_model())).root
    assert ("maker", "choice") in {(link.source, link.target) for link in root.links}


def of_text(text: str, names: Mapping[str, str] = MappingProxyType({})) -> Report:
    """A network in ONNX's text form, with nodes given other ``names``."""
    from onnx import parser
    model = parser.parse_model(f'<ir_version: 10, opset_import: ["" : 17]> {text}')
    for node in model.graph.node:
        node.name = names.get(node.name, node.name)
    return analyze(model)


def links(report: Report) -> dict[tuple[str, str], tuple[str, ...]]:
    """What flows between the outermost boxes."""
    return {(link.source, link.target): link.values for link in picture(report).root.links}


def test_what_is_split_into_a_sequence_is_drawn():
    """How long a sequence is, and of what types its elements are, says nothing of their numbers."""
    report = of_text("""g (float[N, 8] x) => (float[N, 4] y)
    <int64 four = {4}, int64 a = {0}, int64 b = {1}> {
        [split] parts = SplitToSequence <axis = 1> (x, four)
        [first] p = SequenceAt (parts, a)
        [second] q = SequenceAt (parts, b)
        [sum] y = Add (p, q)
    }""")
    assert outline(tree(report)) == ["split", "first", "second", "sum"]
    found = links(report)
    assert {("split", "first"), ("split", "second"), ("first", "sum"), ("second", "sum")} <= found.keys()


def test_a_sequence_of_sizes_only_prepares_data():
    report = of_text("""g (float[2, 8] x) => (float[R, C] y) <int64 none = {0}> {
        [sizes] s = Shape (x)
        [pair] both = SequenceConstruct (s, s)
        [one] t = SequenceAt (both, none)
        [sum] z = Abs (x)
        [last] y = Reshape (z, t)
    }""")
    assert outline(tree(report)) == ["sum", "last"]


def test_neighbours_that_only_prepare_data_are_called_by_what_they_do():
    report = of_text("""g (float[N, 2] x, int64[N, 4] mask) => (float[N, 4] y)
        <float[2, 4] w = {1, 2, 3, 4, 5, 6, 7, 8}, int64 zero = {0}> {
            a = Equal (mask, zero)
            b = Not (a)
            c = Cast <to = 1> (b)
            d = Not (b)
            h = MatMul (x, w)
            y = Mul (h, c)
        }""")
    first = next(box for box in picture(report).root.children if len(box.nodes) == 4)
    assert (first.name, first.kind) == ("", "4 nodes: Not, Equal, Cast")


LEARNED = """g (float[4, 2] x) => (float[4, 2] y)
<float[2, 1] w = {{1, 2}}, float[1, 4] v = {{1, 2, 3, 4}}, int64[2] size = {{4, 2}}> {{
    [queries] a = MatMul (w, v)
    [turned] b = {}
    [abs] z = Abs (x)
    [sum] y = Add (z, b)
}}"""


def test_layers_on_constants_are_joined_to_what_reads_them():
    """By what stands between them and is not drawn: the value that is read is told."""
    found = links(of_text(LEARNED.format("Transpose (a)")))
    assert found["queries", "sum"] == ("b",)
    assert found["abs", "sum"] == ("z",)
    assert links(of_text(LEARNED.format("Identity (a) c = Transpose (b) d = Exp (c) b2 = Reshape (d, size)")
                         .replace("(z, b)", "(z, b2)")))["queries", "sum"] == ("b2",)


def test_what_enters_a_scope_so_enters_what_reads_it():
    """A scope of so many rows that it keeps its box."""
    rows = [f"[{op.lower()}] v{k + 1} = {op} (v{k})" for k, op in enumerate(("Exp", "Log", "Sqrt", "Sin"))]
    text = LEARNED.format("Transpose (a)").replace("] y = Add (z, b)", "] v0 = Add (z, b) " + " ".join(rows))
    names = {name: f"/in/{name}" for name in ("abs", "sum", "exp", "log", "sqrt", "sin")}
    root = picture(of_text(text.replace("(float[4, 2] y)", "(float[4, 2] v4)"), names)).root
    assert ("queries", "in", ("b",)) in {(link.source, link.target, link.values) for link in root.links}
    inner = next(box for box in root.children if box.name == "in")
    assert {("", "in/abs", ("x",)), ("in/abs", "in/sum", ("z",)), ("", "in/sum", ("b",)),
            ("in/sin", "", ("v4",))} <= {(link.source, link.target, link.values) for link in inner.links}


def test_what_only_reads_a_shape_is_not_joined():
    """As many ones as the product has elements do not depend on it."""
    found = links(of_text(LEARNED.format("Shape (a) c = ConstantOfShape (b) d = Exp (c)"
                                         " e = Transpose (d)").replace("(z, b)", "(z, e)")))
    assert ("queries", "sum") not in found
    assert ("abs", "sum") in found


# ---------------------------------------------------------------------------------------------- random graphs
def test_drawn_nodes_are_joined_as_data_flow_through_those_that_are_not():
    """Held against the ways that networkx finds in random networks of products of weights."""
    for seed in range(30):
        rng = random.Random(seed)
        nodes, made = [], ["x", "w", "v"]
        for k in range(14):
            inputs = rng.choices([*made[-6:], "w"], k=2)
            op = rng.choice(("MatMul", "Transpose", "Transpose", "Neg"))
            nodes.append((f"n{k}", op, inputs[:1 + (op == "MatMul")], f"v{k}"))
            made.append(f"v{k}")
        nodes.append(("last", "Sum", sorted({name for *_, name in nodes}), "y"))
        sizes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 3]) for name in ("x", "y")]
        stored = [helper.make_tensor(name, TensorProto.FLOAT, [3, 3], list(range(9))) for name in ("w", "v")]
        graph = helper.make_graph([helper.make_node(op, inputs, [out], name=name)
                                   for name, op, inputs, out in nodes], "net", sizes[:1], sizes[1:], stored)
        report = analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))
        boxes = Boxes(report)
        assert boxes.joined == boxes.wanted, seed


class Boxes:
    """The nodes that are drawn of a report and those that are joined, as drawn and as it should be."""

    def __init__(self, report: Report) -> None:
        root = picture(report, "depth=1").root
        rows = [row for _, row in tree(report, fused=True).walk() if not row.children]
        drawn = {index for row in rows for index in row.every}
        place = {index: box.id for box in root.children for index in box.nodes if index in drawn}
        self.joined = {(link.source, link.target) for link in root.links
                       if link.source in place.values() and link.target in place.values()}
        ways = networkx.DiGraph()
        for index, node in enumerate(report.graph.nodes):
            ways.add_edges_from((report.graph.producers[name], index) for name in node.inputs
                                if name in report.graph.producers)
        self.wanted = set[tuple[str, str]]()
        for index in place:
            inner = ways.subgraph([k for k in ways if k == index or k not in place])
            beyond = {index} | (networkx.descendants(inner, index) if index in inner else set())
            self.wanted |= {(place[index], place[reader]) for one in beyond if one in ways
                            for reader in ways.successors(one)
                            if reader in place and place[reader] != place[index]}


def before(rng: random.Random, count: int) -> list[list[int]]:
    """Which rows before it each of ``count`` rows reads."""
    return [rng.sample(range(max(0, k - 15), k), min(k, rng.choice((1, 1, 2, 4)))) for k in range(count)]


def test_pieces_can_be_run_one_after_the_other():
    for seed in range(40):
        rng = random.Random(seed)
        edges = before(rng, 120)
        loose = {k for k in range(120) if rng.random() < 0.8}
        found = list(pieces(edges, loose))
        members = [k for piece in found for k in piece]
        assert len(members) == len(set(members)) and set(members) <= loose
        assert all(3 <= len(piece) <= PIECE for piece in found)
        place = {k: f"piece {number}" for number, piece in enumerate(found) for k in piece}
        ways = networkx.DiGraph((place.get(other, other), place.get(k, k))
                                for k in range(120) for other in edges[k])
        ways.remove_edges_from(list(networkx.selfloop_edges(ways)))
        assert networkx.is_directed_acyclic_graph(ways), seed


def test_circles_are_those_that_networkx_finds():
    for seed in range(60):
        rng = random.Random(seed)
        after = [rng.sample(range(30), rng.choice((0, 1, 1, 2))) for _ in range(30)]
        ways = networkx.DiGraph((a, b) for a, others in enumerate(after) for b in others)
        wanted = [sorted(part) for part in networkx.strongly_connected_components(ways) if len(part) > 1]
        assert sorted(circles(after)) == sorted(wanted), seed


def test_boxes_of_one_form_are_open_all_or_the_first():
    found = picture(analyze("specs:googlenet"), limit=100)
    inceptions = [box for box in found.shown() if box.kind == "inception"]
    assert [box.id in found.open for box in inceptions] == [True] + [False] * 8


def test_nothing_is_lost_of_a_file_whose_nodes_read_each_other_in_a_circle():
    report = network([("/a/one", "Relu", ["x"], "p"), ("/a/two", "Add", ["p", "r"], "q"),
                      ("/b/three", "Abs", ["q"], "r"), ("/a/four", "Neg", ["r"], "s")], "s")
    assert tree(report).nodes == 4
    assert sorted(index for box in picture(report).root.children for index in box.nodes) == [0, 1, 2, 3]
