"""Patterns of networks: those that are published, found and matched; and what does not match."""
from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.analyses.automaton import Runner
from archcheck.analyses.matching import compiled, match
from archcheck.analyses.plates import pattern_of, plates
from archcheck.errors import UserError
from archcheck.frontends import LoadError
from tests.golden.cases import printed

CONVNET = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
CLASSIFIER = "[(CONV-RELU)*N-POOL?]*M-(FC-RELU)*K,SOFTMAX"
"""The two patterns of the course CS231n, in its notes on convolutional networks and in its lectures."""


def spec(layers: str, shape: str = "1 x 3 x 64 x 64") -> bytes:
    return f"input: {shape}\ndefaults: {{conv: same}}\nlayers:\n{layers}".encode()


def report(layers: str, shape: str = "1 x 3 x 64 x 64"):
    return archcheck.analyze(spec(layers, shape))


# ------------------------------------------------------------------------------------- published networks
# VGG: Simonyan and Zisserman 2015, Table 1, where LRN stands in A-LRN and 1x1 convolutions in C
VGG = {"A": (1, 1, 2, 2, 2), "B": (2, 2, 2, 2, 2), "C": (2, 2, 3, 3, 3), "D": (2, 2, 3, 3, 3),
       "E": (2, 2, 4, 4, 4)}
VGG_MODELS = [("specs:vgg11", "A"), ("specs:vgg13", "B"), ("specs:vgg16", "D"), ("specs:vgg19", "E"),
              ("onnx:light_vgg19", "E")]


def vgg(configuration: str) -> bytes:
    stages = [f"- (conv {filters} 3x3 -> relu)*{count} -> maxpool 2x2\n"
              for count, filters in zip(VGG[configuration], (4, 8, 16, 32, 32))]
    return spec("".join(stages) + "- (fc 16 -> relu -> dropout)*2 -> fc 10 -> softmax")


@pytest.mark.parametrize("pattern", [CONVNET, CLASSIFIER])
@pytest.mark.parametrize(("model", "configuration"), [*VGG_MODELS, *((vgg(name), name) for name in VGG)])
def test_vgg_is_as_table_1_has_it(model, configuration, pattern):
    found = match(archcheck.analyze(model), pattern)
    assert found.binding == {"N": VGG[configuration], "M": 5, "K": 2}
    assert list(found.binding) == ["N", "M", "K"]


ALEXNET = "(CONV-RELU-NORM-POOL)*2-(CONV-RELU)*3-POOL-(FC-RELU)*2-FC-SOFTMAX"
PUBLISHED = [
    ("specs:vgg16", "[(CONV-RELU)*2-POOL]*2-[(CONV-RELU)*3-POOL]*3-(FC-RELU)*2-FC-SOFTMAX"),
    ("specs:vgg13", "[(CONV-RELU)*2-POOL]*5-(FC-RELU)*2-FC-SOFTMAX"),
    ("onnx:light_vgg19", "[(CONV-RELU)*2-POOL]*2-[(CONV-RELU)*4-POOL]*3-(FC-RELU)*2-FC-SOFTMAX"),
    ("specs:alexnet", ALEXNET), ("onnx:light_bvlc_alexnet", ALEXNET), ("onnx:light_zfnet512", ALEXNET),
    ("specs:zfnet", "(CONV-RELU-POOL-NORM)*2-(CONV-RELU)*3-POOL-(FC-RELU)*2-FC-SOFTMAX"),
    ("specs:lenet5", "(CONV-SIGMOID-POOL)*2-(FC-SIGMOID)*2-FC"),
    ("specs:resnet18", "CONV-RELU-POOL-(RES)*8-GAP-FC-SOFTMAX"),
    ("specs:resnet34", "CONV-RELU-POOL-(RES)*16-GAP-FC-SOFTMAX"),  # 3 + 4 + 6 + 3
    ("specs:resnet50", "CONV-RELU-POOL-(RES)*16-GAP-FC-SOFTMAX"),
    ("onnx:light_resnet50", "CONV-RELU-POOL-(RES)*16-GAP-FC-SOFTMAX"),
    ("specs:resnet152", "CONV-RELU-POOL-(RES)*50-GAP-FC-SOFTMAX"),  # 3 + 8 + 36 + 3
    ("specs:plain34", "CONV-RELU-POOL-(CONV-RELU)*32-GAP-FC-SOFTMAX"),
    ("specs:mobilenet_v1", "(CONV-RELU)*27-GAP-FC-SOFTMAX"),  # 1 + 13 depthwise and 13 pointwise ones
    ("specs:inception_v3", "(CONV-RELU)*3-POOL-(CONV-RELU)*2-POOL-(INCEPTION)*11-GAP-FC"),
    ("specs:unet", "(CONV-RELU)*2-SKIP-(CONV-RELU)*2-CONV"),
    ("specs:lstm", "EMBEDDING-(LSTM)*2-FC-SOFTMAX"),
    ("specs:transformer_encoder", "EMBEDDING-(ATTENTION-LN-MLP-LN)*6"),
    ("onnx:light_squeezenet",  # fire modules: 2, 2, 4, with poolings after the first, the third and the fifth
     "CONV-RELU-[POOL-(CONV-RELU-CONCAT)*2]*2-POOL-(CONV-RELU-CONCAT)*4-CONV-RELU-GAP-SOFTMAX"),
]


@pytest.mark.parametrize(("model", "pattern"), PUBLISHED)
def test_the_pattern_of_a_network_is_found(model, pattern):
    found = archcheck.analyze(model)
    assert pattern_of(found) == pattern
    assert match(found, pattern).binding == {}


@pytest.mark.parametrize(("model", "longer"), [
    # nine modules of Inception v1 with poolings after the second and the seventh; four dense blocks
    ("specs:googlenet", ("CONV-RELU-POOL-NORM-(CONV-RELU)*2-NORM-POOL-(INCEPTION)*2-POOL-(INCEPTION)*5-POOL-"
                         "(INCEPTION)*2-GAP-FC-SOFTMAX")),
    ("specs:densenet121", ("CONV-RELU-POOL-(DENSEBLOCK)*6-RELU-CONV-POOL-(DENSEBLOCK)*12-RELU-CONV-"
                           "POOL-(DENSEBLOCK)*24-RELU-CONV-POOL-(DENSEBLOCK)*16-RELU-GAP-FC-SOFTMAX"))])
def test_a_pattern_that_is_long_is_left_out(model, longer):
    found = archcheck.analyze(model)
    assert pattern_of(found) is None
    assert pattern_of(found, longest=200) == longer


def test_symbolic_sizes_change_nothing():
    found = archcheck.analyze(vgg("D").replace(b"1 x 3 x 64 x 64", b"N x 3 x H x W"))
    assert match(found, CONVNET).binding == {"N": VGG["D"], "M": 5, "K": 2}


# ----------------------------------------------------------------------------------------------- blocks
@pytest.mark.parametrize(("layers", "pattern"), [
    ("- add: [conv 3 3x3 -> relu -> conv 3 3x3, pass]\n- relu", "RES"),
    ("- add: [conv 8 3x3 -> relu -> conv 8 3x3, conv 8 1x1]\n- relu -> gap", "RES-GAP"),
    ("- add: [conv 8 3x3, conv 8 5x5]\n- relu", "ADD-RELU"),
    ("- concat: [pass, bn -> relu -> conv 4 3x3]", "DENSEBLOCK"),
    ("- concat: [conv 4 1x1 -> relu, conv 4 3x3 -> relu, maxpool 3x3 /1 same]", "INCEPTION"),
    ("- concat: [conv 4 1x1 -> relu, conv 4 3x3 -> relu]", "CONCAT"),
    ("- concat: [conv 4 1x3, conv 4 3x1]", "CONV"),
    ("- concat: [pass, maxpool 2x2 -> conv 4 3x3 -> deconv 4 2x2 /2]", "SKIP"),
    ("- conv 8 3x3\n- mul: [pass, gap -> conv 2 1x1 -> relu -> conv 8 1x1 -> sigmoid]", "CONV-SE"),
    ("- conv 8 3x3 -> silu -> gelu -> bn -> relu6 -> dropout", "CONV-SILU-GELU-RELU6"),
    ("- conv 8 3x3 -> flatten -> fc 10 -> logsoftmax", "CONV-FC-LOGSOFTMAX"),
    ("- conv 8 3x3 -> lrn -> maxpool 2x2 -> avgpool 2x2 -> upsample 2", "CONV-NORM-(POOL)*2-UPSAMPLE"),
])
def test_words(layers, pattern):
    assert pattern_of(report(layers)) == pattern


def test_what_does_nothing_is_no_layer():
    """Exporters write an adaptive pooling that has nothing to do as one with a window of 1."""
    found = report("- conv 4 3x3 -> relu -> maxpool 2x2 -> avgpool 1x1 -> fc 10")
    assert pattern_of(found) == "CONV-RELU-POOL-FC"
    assert match(found, CONVNET).binding == {"N": (1,), "M": 1, "K": 0}


def test_a_bias_is_no_sum():
    found = report("- dense 8\n- add: [pass, dense 8]\n- fc 10", "1 x 5 x 4")
    assert match(found, "FC-RES-(ADD)*N-FC").binding == {"N": 0}


def test_a_network_of_two_ways_has_no_pattern():
    two = spec("- conv 4 3x3 as body\n- gap -> fc 3 as main\n- from body -> gap -> fc 2 as other\n"
               "outputs: [main, other]")
    found = archcheck.analyze(two)
    assert pattern_of(found) is None
    assert match(found, "CONV-GAP-FC").whole is False


def test_a_block_that_holds_a_network_has_no_word():
    inner = " -> ".join(["conv 3 3x3 -> relu"] * 40)
    assert pattern_of(report(f"- add: [{inner}, pass]")) is None


# ----------------------------------------------------------------------------------------------- mismatches
NET = "- (conv 8 3x3 -> relu)*2 -> maxpool 2x2 -> fc 10 -> softmax"
MISMATCHES = [
    ("(CONV-RELU)*3-POOL-FC", 4, ("CONV",)),
    ("(CONV-RELU)*1-POOL-FC", 2, ("POOL",)),
    ("(CONV-RELU)*N-POOL-POOL-FC", 5, ("POOL",)),
    ("(CONV-RELU)*N-POOL?", 5, ("the end",)),
    ("(CONV-RELU)*N-POOL-(FC-RELU)*K-FC-SOFTMAX-FC", 7, ("FC",)),
    ("CONV-SIGMOID|TANH", 1, ("SIGMOID or TANH",)),
    ("(CONV-RELU)*3..4-POOL-FC", 4, ("CONV",)),
    ("(CONV-RELU)*N=0..1-POOL-FC", 2, ("POOL",)),
    ("(CONV-RELU)*N-DROPOUT-POOL-FC", 4, ("CONV", "DROPOUT")),
]


@pytest.mark.parametrize(("pattern", "reached", "wanted"), MISMATCHES)
def test_where_a_network_departs(pattern, reached, wanted):
    found = match(report(NET), pattern)
    assert found.binding is None
    assert (found.reached, found.wanted) == (reached, wanted)


@pytest.mark.parametrize(("pattern", "binding"), [
    ("(CONV-RELU)*2-POOL-FC", {}),
    ("(CONV-RELU)*1..-POOL-FC", {}),
    ("(CONV-RELU)*N=1..2-POOL-FC-SOFTMAX", {"N": 2}),
    ("(CONV-ACT)*N-MAXPOOL-FLATTEN-LINEAR", {"N": 2}),
    ("(conv-relu|tanh)*N → POOL, DENSE", {"N": 2}),
    ("[(CONV-RELU)*N]*M-POOL-FC", {"N": (2,), "M": 1}),
    ("[[(CONV-RELU)*N-POOL?]*M-FC]*K", {"N": ((2,),), "M": (1,), "K": 1}),
    ("(CONV-RELU)*N-(POOL)*K-FC-(RELU)*Z", {"N": 2, "K": 1, "Z": 0}),
    ("(CONV)*N-RELU-(CONV)*N-RELU-(POOL)*N-FC", {"N": 1}),
])
def test_what_names_stand_for(pattern, binding):
    assert match(report(NET), pattern).binding == binding


def test_a_name_at_two_places_is_one_number():
    both = "(CONV)*N-RELU-(FC)*N"
    assert match(report("- (conv 4 3x3)*2 -> relu -> (fc 5)*2"), both).binding == {"N": 2}
    assert match(report("- (conv 4 3x3)*2 -> relu -> (fc 5)*3"), both).binding is None


@pytest.mark.parametrize(("pattern", "message"), [
    ("CONV-RELLU", "there is no layer 'RELLU'; did you mean RELU?"),
    ("CONV 3x3-RELU", "leave out what else is said"),
    ("(CONV)*N-1", "a layer begins with its name"),
    ("(CONV)*x..3", "there is a number, a range or a name"),
    ("(CONV)*3..2", "a range goes up"),
    ("[(CONV)*N]*M-(FC)*N", "N stands in fewer repetitions"),
    ("CONV-(FC", "is not closed"),
    ("CONV|3", "there is one word"),
    ("from x", "leave out 'from'"),
    ("", "a layer is missing"),
])
def test_what_is_no_pattern(pattern, message):
    with pytest.raises(LoadError, match=None) as caught:
        match(report(NET), pattern)
    assert message in str(caught.value) and str(caught.value).startswith("PATTERN:1:")


def test_alternatives_are_not_built():
    text = b"input: 1 x 3 x 8 x 8\npattern: CONV-RELU|TANH\n"
    with pytest.raises(LoadError, match="which layer to build is left open, RELU or TANH"):
        archcheck.load(text)


# ----------------------------------------------------------------------------------------- any pattern
WORDS = st.sampled_from(["CONV", "RELU", "POOL", "FC", "NORM"])


def sequences(parts):
    return st.lists(parts, min_size=1, max_size=3)


def repeated(parts):
    return st.tuples(sequences(parts), st.integers(0, 3))


PARTS = st.recursive(WORDS, repeated, max_leaves=8)


def written(parts, free: bool) -> str:
    """A pattern: words, and groups with how often they stand there, or a name of its own for that."""
    count = iter(range(100))

    def text(part) -> str:
        if isinstance(part, str):
            return part
        name = f"N{next(count)}" if free else part[1]
        return f"({'-'.join(map(text, part[0]))})*{name}"
    return "-".join(map(text, parts))


def expanded(parts) -> list[str]:
    return [word for part in parts for word in
            ([part] if isinstance(part, str) else expanded(part[0]) * part[1])]


def fits(pattern: str, words: list[str]) -> bool:
    return Runner(compiled(pattern)[0], [{word} for word in words]).run().counts is not None


@given(sequences(PARTS))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_pattern_matches_its_own_expansion(parts):
    words = expanded(parts)
    assert fits(written(parts, free=False), words)
    assert fits(written(parts, free=True), words)


@given(sequences(PARTS), st.lists(WORDS, max_size=6))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_numbers_match_nothing_but_the_expansion(parts, words):
    assert fits(written(parts, free=False), words) == (words == expanded(parts))


@given(st.lists(WORDS, min_size=1, max_size=40))
def test_plates_tell_the_sequence(words):
    text = plates(words)
    assert fits(text, words) and len(text) <= len("-".join(words))
    assert not fits(text, words[1:])


@given(st.lists(st.sampled_from(["CONV", "RELU"]), max_size=9))
def test_free_counts_against_a_regular_expression(words):
    text = "".join(word[0] for word in words)
    assert fits("[(CONV)*N-RELU?]*M-CONV-(RELU)*1..2", words) == bool(re.fullmatch(r"(C*R?)*CR{1,2}", text))


def test_a_pattern_that_leaves_everything_open_ends_soon():
    words = [{"CONV"}] * 3000
    assert Runner(compiled("[[(CONV)*N-RELU?]*M-RELU?]*K-FC")[0], words).run().counts is None
    with pytest.raises(UserError, match="leaves so much open"):
        Runner(compiled("(CONV)*N-(CONV)*M-(CONV)*N-(CONV)*M-(CONV)*K-FC")[0], words).run()


# ----------------------------------------------------------------------------------------------- the command
def ran(*args: str) -> SimpleNamespace:
    from click.testing import CliRunner

    from archcheck.cli import cli
    return CliRunner().invoke(cli, list(args))


def test_the_command_says_yes():
    assert printed("match", "specs:vgg16", CONVNET) == (
        "fits         yes\n"
        "binding      N=2,2,3,3,3  M=5  K=2\n"
        "network      [(CONV-RELU)*2-POOL]*2-[(CONV-RELU)*3-POOL]*3-(FC-RELU)*2-FC\n"
        "passed over  FLATTEN, 2 DROPOUT, SOFTMAX\n")


def test_the_command_says_where_not():
    found = ran("match", "specs:alexnet", CONVNET)
    text = Path(__file__).parent.parent.joinpath("specs", "alexnet.yaml").read_text(encoding="utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "-> lrn" in line)
    assert found.exit_code == 1
    assert found.output == (
        "fits         no\n"
        "layer 3      NORM came where CONV, POOL or FC could come\n"
        f"             node lrn1, line {line}\n"
        "network      (CONV-RELU-NORM-POOL)*2-(CONV-RELU)*3-POOL-(FC-RELU)*2-FC\n"
        "passed over  FLATTEN, 2 DROPOUT, SOFTMAX\n")


def test_the_command_as_data():
    found = ran("match", "specs:alexnet", CONVNET, "--format", "json")
    record = json.loads(found.output)
    assert found.exit_code == 1 and record["schema"] == "archcheck.match/1"
    assert record["failure"] == {"layer": 3, "found": "NORM", "node": "lrn1",
                                 "wanted": ["CONV", "POOL", "FC"]}
    assert [row["fits"] for row in record["layers"][:4]] == [True, True, False, False]
    record = json.loads(ran("match", "specs:vgg16", CONVNET, "--format", "json").output)
    assert record["fits"] and record["binding"] == {"N": [2, 2, 3, 3, 3], "M": 5, "K": 2}
    table = ran("match", "specs:vgg16", CONVNET, "--format", "csv").output.splitlines()
    assert table[:2] == ["word,first,last,fits", "CONV,conv1.1.conv1,conv1.1.conv1,True"]


def test_a_network_that_ends_early():
    found = ran("match", "specs:lenet5", "(CONV-SIGMOID-POOL)*2-(FC-SIGMOID)*2-FC-SOFTMAX")
    assert found.exit_code == 1
    assert "layer 12     is missing: the network ends where SOFTMAX could come\n" in found.output


def test_the_summary_has_the_pattern():
    assert "\npattern  CONV-RELU-POOL-(RES)*16-GAP-FC-SOFTMAX\n" in printed("summary", "specs:resnet50")
    assert json.loads(printed("summary", "specs:vgg13", "--format", "json"))["pattern"] == PUBLISHED[1][1]
    assert "pattern" not in printed("summary", "specs:googlenet")


def test_an_operator_that_nobody_knows_has_its_name():
    import onnx
    text = ('<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]> net (float[1,3,8,8] x) => (float y) '
            "{ r = Relu(x)\n y = com.acme.Mystery(r) }")
    found = archcheck.analyze(onnx.parser.parse_model(text))
    assert pattern_of(found) == "RELU-MYSTERY"
    assert match(found, "ACT-MYSTERY").binding == {}


def test_what_is_quantized_is_still_a_layer():
    import onnx
    text = ('<ir_version: 9, opset_import: ["" : 18]> net (float[1,2] x) => (float[1,2] y) '
            "<uint8[2,2] w = {1, 2, 3, 4}> "
            "{ q, s, z = DynamicQuantizeLinear(x)\n m = MatMulInteger(q, w, z)\n c = Cast<to=1>(m)\n"
            " p = Mul(c, s)\n y = Relu(p) }")
    assert pattern_of(archcheck.analyze(onnx.parser.parse_model(text))) == "FC-RELU"
