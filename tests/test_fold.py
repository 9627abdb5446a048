"""The tree of a network: what is folded, what has no row, and that nothing gets lost."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx import ModelProto, TensorProto, helper, parser

from archcheck import analyze
from archcheck.drawing.fold import GATHERED, Block, tree

DATA = Path(__file__).parent / "data"
REAL = ["onnx:light_resnet50", "onnx:light_densenet121", "onnx:light_shufflenet",
        *(str(path) for path in sorted(DATA.glob("*.onnx.gz")))]


def network(text: str, **weights: tuple[int, ...]) -> ModelProto:
    model = parser.parse_model(f'<ir_version: 9, opset_import: ["" : 18]> net {text}')
    for name, shape in weights.items():
        size = 1
        for axis in shape:
            size *= axis
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, shape, [0.5] * size))
    return model


def outline(block: Block, level: int = 0) -> Iterator[tuple[int, str, int]]:
    """Level, label and count of every row."""
    for child in block.children:
        yield level, child.label, child.count
        yield from outline(child, level + 1)


def rows(model: ModelProto | str, everything: bool = False) -> list[tuple[int, str, int]]:
    return list(outline(tree(analyze(model), everything)))


def layer(index: int, weight: str) -> str:
    value = "x" if index == 0 else f"h{index - 1}"
    return (f"[\"/layers.{index}/fc/MatMul\"] m{index} = MatMul({value}, {weight})\n"
            f"[\"/layers.{index}/act/Relu\"] h{index} = Relu(m{index})\n")


def stack(weights: list[str], shape: tuple[int, ...] = (4, 4)) -> ModelProto:
    body = "".join(layer(index, weight) for index, weight in enumerate(weights))
    return network(f"(float[N,4] x) => (float[N,4] h{len(weights) - 1}) {{ {body} }}",
                   **dict.fromkeys(weights, shape))


class TestRepetition:
    def test_equal_blocks_are_one_row(self):
        assert rows(stack(["a", "b", "c"])) == [(0, "layers.{0..2}", 3), (1, "fc", 1), (1, "act", 1)]

    def test_weights_shared_between_blocks_do_not_keep_them_apart(self):
        """Shared weights count where they are used first, so only the first block has any."""
        root = tree(analyze(stack(["a", "a", "a"])))
        assert [child.label for child in root.children] == ["layers.{0..2}"]
        assert root.children[0].params == 16

    def test_figures_are_those_of_all_repetitions(self):
        report = analyze(stack(["a", "b", "c"]))
        layers, = tree(report).children
        assert (layers.params, layers.macs, layers.nodes) == (48, report.macs, 6)
        assert layers.children[0].macs == report.macs

    def test_blocks_that_use_other_amounts_are_kept_apart(self):
        """Adding a bias of 1 or of 4 elements has the same shape and cost, but not the same parameters."""
        body = "".join(f"[\"/{k}/fc/MatMul\"] m{k} = MatMul({x}, w)\n"
                       f"[\"/{k}/bias/Add\"] h{k} = Add(m{k}, {bias})\n"
                       for k, x, bias in ((0, "x", "one"), (1, "h0", "four")))
        model = network(f"(float[N,4] x) => (float[N,4] h1) {{ {body} }}", w=(4, 4), one=(1, 1), four=(4,))
        assert [label for _, label, _ in rows(model)] == ["0", "fc", "bias", "1", "fc", "bias"]

    def test_names_that_differ_in_more_than_numbers_are_kept_apart(self):
        names = "query", "key", "value"
        body = "".join(f"[\"/{name}/MatMul\"] {name} = MatMul(x, w{name})\n" for name in names)
        outputs = ", ".join(f"float[N,4] {name}" for name in names)
        weights = {f"w{name}": (4, 4) for name in names}
        model = network(f"(float[N,4] x) => ({outputs}) {{ {body} }}", **weights)
        assert [label for _, label, _ in rows(model)] == ["query", "key", "value"]

    def test_two_equal_nodes_are_not_worth_a_fold(self):
        model = network("(float[N] x) => (float[N] b) { [r1] a = Relu(x)  [r2] b = Relu(a) }")
        assert rows(model) == [(0, "r1", 1), (0, "r2", 1)]

    def test_a_sequence_that_repeats_without_scopes(self):
        body, value = "", "x"
        for index in range(4):
            body += f"[c{index}] c{index} = Conv<pads=[1,1,1,1]>({value}, w{index})\n"
            body += f"[a{index}] a{index} = Relu(c{index})\n"
            value = f"a{index}"
        model = network(f"(float[1,2,8,8] x) => (float[1,2,8,8] {value}) {{ {body} }}",
                        **{f"w{index}": (2, 2, 3, 3) for index in range(4)})
        assert rows(model) == [(0, "c{0..3}", 4), (1, "c0", 1), (1, "a0", 1)]


class TestWhatHasNoRow:
    MASKED = """(float[N,S,4] x, int64[N,S] mask) => (float[N,S,4] y) <float one = {1.0}> {
        ["/sizes/Shape"] s = Shape(x)
        ["/sizes/Cast"] t = Cast<to=1>(s)
        ["/sizes/Mul"] u = Mul(t, one)
        ["/net/Cast"] a = Cast<to=1>(mask)
        ["/net/Sub"] b = Sub(one, a)
        ["/net/Unsqueeze"] c = Unsqueeze(b, two)
        ["/net/fc/MatMul"] m = MatMul(x, w)
        ["/net/Add"] y = Add(m, c)
    }"""

    def model(self) -> ModelProto:
        model = network(self.MASKED, w=(4, 4))
        model.graph.initializer.append(helper.make_tensor("two", TensorProto.INT64, [1], [2]))
        return model

    def test_preparation_shares_a_row_and_shapes_have_none(self):
        labels = [label for _, label, _ in rows(self.model())]
        assert labels[-3:] == [GATHERED, "fc", "Add"]
        assert "Shape" not in labels

    def test_everything_has_a_row_on_demand(self):
        labels = [label for _, label, _ in rows(self.model(), everything=True)]
        assert {"Shape", "Mul", "Unsqueeze"} <= set(labels)
        assert GATHERED not in labels

    def test_a_network_of_shapes_only_is_shown(self):
        model = network("(float[N,4] x) => (int64[2] s) { [only] s = Shape(x) }")
        assert rows(model) == [(0, "only", 1)]

    def test_preparation_is_shown_where_there_is_nothing_else(self):
        model = network("(float[N] x) => (float[N] d) { "
                        "[a] a = Abs(x) [b] b = Neg(a) [c] c = Exp(b) [d] d = Log(c) }")
        assert [label for _, label, _ in rows(model)] == ["a", "b", "c", "d"]


class TestScopes:
    def test_a_scope_with_one_row_becomes_that_row(self):
        model = network('(float[N,4] x) => (float[N,4] z) { ["/a/b/fc/MatMul"] y = MatMul(x, w) '
                        '["/a/act/Relu"] z = Relu(y) }', w=(4, 4))
        assert rows(model) == [(0, "b", 1), (0, "act", 1)]

    def test_classes_that_the_exporter_left(self):
        model = network("(float[N,4] x) => (float[N,4] z) { "
                        "[n1] y = MatMul(x, w) [n2] z = Relu(y) [n3] q = Abs(z) }", w=(4, 4))
        for node, scope in zip(model.graph.node, ("fc", "fc", "other")):
            entries = f": net.Net/{scope}: torch.nn.modules.linear.Linear/{node.name}: aten.op"
            node.metadata_props.add(key="namespace", value=entries)
        assert tree(analyze(model)).children[0].op == "Linear"


@pytest.mark.parametrize("source", REAL)
@pytest.mark.parametrize("everything", [False, True])
def test_every_level_adds_up(source: str, everything: bool):
    """Children have all of a block's parameters, MACs and what is not counted; with the rest also its FLOPs
    and nodes."""
    report = analyze(source)
    root = tree(report, everything)
    for _, block in root.walk():
        if block.children:
            nodes, flops = block.rest
            rests = {"params": 0, "macs": 0, "flops": flops, "nodes": nodes, "uncounted": 0}
            for figure, rest in rests.items():
                total = sum((getattr(child, figure) for child in block.children), 0)
                assert total + rest == getattr(block, figure)
            assert flops == 0 or not everything
    assert (root.params, root.macs, root.flops) == (report.params, report.macs, report.flops)
