"""Profiles against what the tools print: `tests/data/profiles.json`, written by ``python -m
tests.benchmarks.counters`` and ``counters_tf``."""
from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import onnx
import onnx.parser
import pytest

import archcheck
from archcheck.analyses.profiles import PROFILES, profiled
from archcheck.analyses.profiles.work import REFINED
from archcheck.errors import UserError
from archcheck.ops import load_families
from archcheck.ops._op import OPS

DATA = Path(__file__).parent / "data"
TRUTH = json.loads((DATA / "profiles.json").read_text(encoding="utf-8"))["networks"]
GRAPHS = {path.name.removesuffix(".onnx.gz"): path for path in sorted((DATA / "profiles").glob("*.onnx.gz"))}

RESNET18 = 64 * 112**2 + 4 * 64 * 56**2 + 5 * (128 * 28**2 + 256 * 14**2 + 512 * 7**2)  # normalized elements
MOBILENET = 6_678_112  # the same of MobileNetV2
SCORES = 12 * 12 * 197**2  # of ViT-B/16: layers, heads, tokens by tokens
SMALL_SCORES = 2 * 4 * 32**2
FUSED = "scaled_dot_product_attention is exported as products and a softmax"
FOLDED = "batch normalizations are folded into convolutions, which get biases"
FUNCTION = "a pooling or an activation that is no module"

DIFFERENCES = {
    ("attention_fused", "fvcore"): (SMALL_SCORES * 24, FUSED),
    ("attention_fused", "thop"): (3 * SMALL_SCORES - 2 * 4 * 32, FUSED),
    ("attention_fused", "ptflops"): (SMALL_SCORES // 2 * 25, FUSED),
    ("attention_fused", "deepspeed"): (SMALL_SCORES, FUSED),
    ("vit_b_16", "fvcore"): (SCORES * 128, FUSED),
    ("vit_b_16", "thop"): (12 * 197 * 4 * 768**2 + 3 * SCORES - 12 * 12 * 197,
                           "the projections inside nn.MultiheadAttention are no modules that it knows"),
    ("vit_b_16", "ptflops"): (-12 * 197 * 768, "nn.MultiheadAttention counts the scale of its queries"),
    ("vit_b_16", "deepspeed"): (SCORES, FUSED),
    ("convnext_tiny", "thop"): (4 * 828_672, "LayerNorm2d is a subclass, which it does not know"),
    ("convnext_tiny", "ptflops"): (828_672, "LayerNorm2d is a subclass, which it does not know"),
    ("densenet121", "thop"): (1024 * 7**2 + 1024, FUNCTION),
    ("densenet121", "ptflops"): (2 * 1024 * 7**2, FUNCTION),
    ("mobilenet_v2", "thop"): (1280 * 7**2 + 1280, FUNCTION),
    ("mobilenet_v2", "ptflops"): (1280 * 7**2, FUNCTION),
    ("max_global", "tf"): (2 * 6 * 24 * 20, "the exporter writes it as a window as large as the image"),
    ("resnet18.folded", "fvcore"): (-2 * RESNET18, FOLDED),
    ("resnet18.folded", "thop"): (-4 * RESNET18, FOLDED),
    ("resnet18.folded", "ptflops"): (-RESNET18, FOLDED),
    ("resnet18.folded", "deepspeed"): (-RESNET18, FOLDED),
    ("mobilenet_v2.folded", "fvcore"): (-2 * MOBILENET, FOLDED),
    ("mobilenet_v2.folded", "thop"): (-4 * MOBILENET + 1280 * 7**2 + 1280, FOLDED),
    ("mobilenet_v2.folded", "ptflops"): (-MOBILENET + 1280 * 7**2, FOLDED),
    ("mobilenet_v2.folded", "deepspeed"): (-MOBILENET, FOLDED),
}
"""(network or graph, tool) to what a profile gives beyond what the tool prints, and why. Others are equal."""


@cache
def report(graph):
    return archcheck.analyze(gzip.decompress(GRAPHS[graph].read_bytes()))


CASES = [(graph, tool) for graph in GRAPHS for tool in TRUTH[graph.split(".")[0]]["printed"]]


@pytest.mark.parametrize(("graph", "tool"), CASES, ids=map("-".join, CASES))
def test_a_profile_is_what_the_tool_prints(graph, tool):
    network, how = graph.split(".")
    batch = TRUTH[network]["batch"]
    if tool == "ptflops":
        if how == "dynamo" and batch > 1:
            pytest.skip("the tool counts a batch of 1")
        batch = 1
    difference, _ = DIFFERENCES.get((graph, tool)) or DIFFERENCES.get((network, tool)) or (0, "")
    found = archcheck.evaluate(profiled(report(graph), tool).total, {"N": batch})
    assert found == TRUTH[network]["printed"][tool] + difference


PUBLISHED = {"alexnet": .714, "vgg16": 15.470, "resnet18": 1.814, "resnet50": 4.089, "mobilenet_v2": .301,
             "densenet121": 2.834, "squeezenet1_1": .349, "shufflenet_v2_x1_0": .145, "efficientnet_b0": .386,
             "convnext_tiny": 4.456, "vit_b_16": 17.564}
"""GFLOPs that torchvision publishes with its weights (``_ops``), multiply-accumulates."""


@pytest.mark.parametrize("network", PUBLISHED)
def test_papers_print(network):
    total = archcheck.evaluate(profiled(report(f"{network}.script"), "paper-mac").total, {"N": 1})
    assert round(total / 1e9, 3) == PUBLISHED[network]


def test_every_tool_is_held_against_many_networks():
    counts = {tool: sum(tool == other for _, other in CASES) for tool in PROFILES}
    assert all(count >= 10 for tool, count in counts.items() if tool != "paper-mac"), counts


# ------------------------------------------------------------------------------------------------ the result
@pytest.mark.parametrize("name", PROFILES)
def test_nodes_and_total(name):
    found = profiled(report("resnet18.script"), name)
    nodes = report("resnet18.script").graph.nodes
    assert len(found.by_node) == len(nodes)
    numbers = [archcheck.evaluate(size, {"N": 1}) for size in (found.total, *found.by_node)]
    assert numbers[0] == sum(numbers[1:])
    assert found.unit in ("MACs", "FLOPs") and found.per_mac in (1, 2) and found.notes


@pytest.mark.parametrize("path", sorted(DATA.glob("*.onnx.gz")), ids=lambda path: path.name.split(".")[0])
def test_papers_print_macs(path):
    report = archcheck.analyze(gzip.decompress(path.read_bytes()))
    found = profiled(report, "paper-mac")
    assert found.total in (report.macs, None)
    assert (found.total is None) == (None in found.by_node)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(("model", "sizes"), [
    ("wavenet_script", {"N": 2, "T": 1000}), ("unet_dynamo", {"N": 3, "H": 64, "W": 96}),
    ("yolo_script", {"N": 2, "H": 64, "W": 96})])
def test_formulas_hold_at_numbers(model, sizes, name):
    file = gzip.decompress((DATA / f"{model}.onnx.gz").read_bytes())
    formula = profiled(archcheck.analyze(file), name).total
    number = profiled(archcheck.analyze(file, sizes=sizes), name).total
    assert formula is None or archcheck.evaluate(formula, sizes) == number


def test_an_unknown_profile():
    with pytest.raises(UserError, match=r"no profile 'fvcor'; did you mean 'fvcore'\?"):
        profiled(report("mlp.script"), "fvcor")
    with pytest.raises(UserError, match="there are torch, fvcore, deepspeed"):
        profiled(report("mlp.script"), "zzz")


def test_rules_are_for_kinds_that_there_are():
    load_families()
    registered = {version.kind for versions in OPS.values() for version in versions}
    refined = {"linear", "bias"}  # what else a kind may be refined to is also an operator's
    for profile in PROFILES.values():
        assert set(profile.rules) <= registered | refined
    assert set(REFINED) <= registered


# ------------------------------------------------------------------------------------------------ not known
def counted(body, name, functions=""):
    text = f'<ir_version: 8, opset_import: ["" : 17, "local" : 1]>\n{body}\n{functions}'
    return profiled(archcheck.analyze(onnx.parser.parse_model(text)), name)


@pytest.mark.parametrize("name", PROFILES)
def test_an_unknown_operator_makes_the_total_unknown(name):
    found = counted("g (float[2,3] x) => (float[2,3] y) { a = Relu(x) \n y = Mystery(a) }", name)
    assert found.by_node[1] is None and found.total is None


MISFITS = {
    "LSTM": "y = LSTM<hidden_size = 2>(x, x, x)", "ConvTranspose": "y = ConvTranspose(x, x)",
    "InstanceNormalization": "y = InstanceNormalization()", "Conv": "y = Conv(x)",
    "BatchNormalization": "y = BatchNormalization(v, v)",
    "Sigmoid": "s = Sigmoid() y = Mul(x, s)", "Resize": "y = Resize(x)", "Gemm": "y = Gemm(x)"}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("op", MISFITS)
def test_nodes_that_fail_take_nothing_with_them(op, name):
    found = counted(f"g (float[2,0] x, float[2] v) => (float[2,0] y, float[3,4] z) "
                    f"{{ {MISFITS[op]} w = Transpose(x) z = MatMul(w, w) }}", name)
    assert len(found.by_node) == 3 + (op == "Sigmoid")


@pytest.mark.parametrize("name", ["torch", "paper-mac", "fvcore"])
def test_an_operator_of_several_layers(name):
    body = """g (float[1,4,8] x, float[8,24] w, float[24] b) => (float[1,4,8] y) {
        y = com.microsoft.Attention<num_heads = 2>(x, w, b)
    }"""
    macs = 4 * 8 * 24 + 2 * 4 * 4 * (4 + 4)
    expected = {"torch": 2 * macs, "paper-mac": macs, "fvcore": None}[name]
    text = f'<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>\n{body}'
    assert profiled(archcheck.analyze(onnx.parser.parse_model(text)), name).total == expected


# ------------------------------------------------------------------------------------------------ bodies
def test_a_function_keeps_its_weights():
    """thop counts products with weights only, which in a function are inputs of it."""
    body = """g (float[2,3] x) => (float[2,2] y)
    <float[3,4] w = {1,2,3,4,5,6,7,8,9,1,2,3}, float[4] b = {1,2,3,4}> {
        h = local.dense(x, w, b)
        t = Transpose<perm = [1, 0]>(h)
        y = MatMul(h, t)
    }"""
    function = """<opset_import: ["" : 17], domain: "local"> dense (x, w, b) => (y) {
        p = MatMul(x, w)
        y = Add(p, b)
    }"""
    assert counted(body, "thop", function).by_node == (24, 0, 0)
    assert counted(body, "ptflops", function).by_node == (24 + 8, 0, 16)
    assert counted(body, "torch", function).by_node == (48, 0, 32)


BRANCH = """g (bool c, float[2,3] x, float[3,3] w) => (float[a,b] y) {{
    y = If(c) <then_branch = t () => (float[2,3] p) {{ p = MatMul(x, w) }},
               else_branch = e () => (float[2,3] q) {{ q = {} }}>
}}"""


@pytest.mark.parametrize(("other", "ptflops"), [
    ("MatMul(x, w)", 18),  # both branches agree
    ("Identity(x)", 18),  # the one with more multiply-accumulates
    ("Relu(x)", None),  # which has more of what is counted depends on the tool
])
def test_a_branch(other, ptflops):
    body = BRANCH.format(other)
    assert counted(body, "torch").total == 36
    assert counted(body, "thop").total == 0
    assert counted(body, "ptflops").total == ptflops


def test_a_loop():
    body = """g (float[2,3] x, float[3,3] w) => (float[2,3] y) {
        trips = Constant<value = int64 {5}>()
        go = Constant<value = bool {1}>()
        y = Loop(trips, go, x) <body = b (int64 i, bool c, float[2,3] h) => (bool d, float[2,3] k) {
            d = Identity(c)
            m = MatMul(h, w)
            k = Relu(m)
        }>
    }"""
    assert counted(body, "torch").total == 5 * 36
    assert counted(body, "thop").total == 0
    assert counted(body, "deepspeed").total is None  # how often the Relu runs is not told


# ------------------------------------------------------------------------------------- what the graph shows
def test_a_gate_is_no_silu():
    gate = "g (float[2,3] x, float[2,3] z) => (float[2,3] y) { s = Sigmoid(z) \n y = Mul(x, s) }"
    silu = "g (float[2,3] x) => (float[2,3] y) { s = Sigmoid(x) \n y = Mul(s, x) }"
    assert counted(gate, "deepspeed").total == 0
    assert counted(silu, "deepspeed").total == 6


@pytest.mark.parametrize(("window", "fvcore"), [(1, 2 * 3 * 25), (3, 0)])
def test_a_window_of_one_is_an_adaptive_pooling(window, fvcore):
    """Both leave the size as it is; fvcore counts adaptive pooling only."""
    pads = [window // 2] * 4
    body = f"""g (float[2,3,5,5] x) => (float[2,3,5,5] y) {{
        y = AveragePool<kernel_shape = [{window}, {window}], pads = {pads}>(x)
    }}"""
    assert counted(body, "fvcore").total == fvcore


def test_sizes_are_not_counted():
    """Shapes that a network computes are no work of it."""
    body = """g (float[2,3] x) => (int64[2] y) {
        s = Shape(x)
        y = Add(s, s)
    }"""
    assert counted(body, "tf").total == 0
