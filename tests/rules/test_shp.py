"""Rules about shapes: the trap of a frozen batch, held against ONNX Runtime, and what is not meant."""
from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper, parser

import archcheck
from tests.rules._judged import found

RNG = np.random.default_rng(0)


def trap(target) -> onnx.ModelProto:
    """A convolution, a Reshape to a constant ``target``, a classifier for 2048 features."""
    weights = {"w": RNG.normal(size=(8, 8, 3, 3)), "fc": RNG.normal(size=(2048, 10))}
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c"], ["r"]),
             helper.make_node("Reshape", ["r", "target"], ["flat"]),
             helper.make_node("Gemm", ["flat", "fc"], ["y"])]
    stored = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    stored.append(numpy_helper.from_array(np.array(target, np.int64), "target"))
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 8, 16, 16])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "trap", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def runs(model: onnx.ModelProto, batch: int) -> bool:
    """Whether ONNX Runtime runs the model at a batch."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    try:
        session.run(None, {"x": np.ones((batch, 8, 16, 16), np.float32)})
    except Exception:
        return False
    return True


# ---------------------------------------------------------------------------------- the frozen batch
@pytest.mark.parametrize("target", [[1, -1], [1, 2048]])
def test_the_trap_is_an_error_that_a_run_confirms(target):
    model = trap(target)
    one, = found(model, "SHP")
    assert (one.code, one.severity, one.op) == ("SHP101", "error", "Reshape")
    assert "[batch, 8, 16, 16]" in one.message and f"[{target[0]}, {target[1]}]" in one.message
    assert "4,096, not 2,048" in one.why and "batch = 1 can run" in one.why
    assert runs(model, 1) and not runs(model, 2)
    mended = trap(one.facts["mended"])
    assert not found(mended, "SHP") and runs(mended, 1) and runs(mended, 2)


def test_what_the_message_shows_is_what_the_reshape_makes():
    one, = found(trap([1, -1]), "SHP101")
    assert one.message == ("[batch, 8, 16, 16] to [1, -1] makes [1, 2,048·batch]: the target has a number in "
                           "place of batch")


@pytest.mark.parametrize("target", ["-1, 2048", "0, -1", "0, 2048"])
def test_targets_that_keep_the_batch_are_silent(target):
    assert not found(trap([int(part) for part in target.split(",")]), "SHP")


@pytest.mark.parametrize("layers", [
    "Reshape [-1, 64]",                                                  # batch and tokens become one axis
    "Reshape [0, -1, 8, 8] -> Transpose perm=[0, 2, 1, 3] -> Reshape [0, 8, -1]",
    "Reshape [-1, 64] -> dense 64 -> Reshape [-1, 16, 64]",              # and come apart again
    "Reshape [1, -1, 64] -> relu -> Reshape [-1, 16, 64] -> dense 8",    # a batch of one for the moment
])
def test_reshapes_that_give_the_batch_a_place_are_silent(layers):
    assert not found(f"input: N x 16 x 64\nlayers:\n- dense 64 -> {layers}\n", "SHP")


def test_windows_of_a_map_are_silent():
    assert not found("input: N x 56 x 56 x 96\nlayers:\n- Reshape [-1, 8, 7, 8, 7, 96] -> Transpose "
                     "perm=[0, 1, 3, 2, 4, 5] -> Reshape [-1, 49, 96] -> dense 96\n", "SHP")


def test_a_frozen_length_is_found_by_the_sum_behind_it():
    one, = found("input: N x S x 64\nlayers:\n- dense 64 -> Reshape [-1, 32, 8, 8] -> sigmoid -> "
                 "Reshape [-1, 32, 64] -> add input\n", "SHP")
    assert (one.code, one.facts["symbols"], one.facts["mended"]) == ("SHP101", ["S"], [-1, 0, 8, 8])


def test_two_frozen_axes_are_told_at_once():
    one, = found("input: N x S x 64\nlayers:\n- dense 64 -> Reshape [2, 32, 8, 8] -> sigmoid -> "
                 "Reshape [2, 32, 64] -> add input\n", "SHP")
    assert one.facts["symbols"] == ["N", "S"] and one.facts["mended"] == [0, 0, 8, 8]
    assert "numbers in place of N and S" in one.message


def test_halves_of_a_batch_are_meant():
    assert not found("input: N x 3 x 4\nlayers:\n- Reshape [2, -1, 3, 4]\n", "SHP")


def test_a_shape_made_of_a_constant_is_named():
    one, = found("input: N x 8\nlayers:\n- dense 8 as x0\n"
                 "- tensor int64:[2, 8] -> ConstantOfShape -> add x0\n", "SHP")
    assert one.code == "SHP102" and "ConstantOfShape to [2, 8] fixes N" in one.message


@pytest.mark.parametrize(("layers", "wanted"), [
    ("Reshape [1, -1] -> relu -> sigmoid", "no axis of the output tells the samples apart"),
    ("Reshape [1, 2, -1] -> ReduceSum [1]", "elements of different samples come to share a row"),
    ("Reshape [1, -1] -> ReduceSum [1]", ""),                    # a sum over all of the batch
])
def test_samples_that_cannot_be_told_apart(layers, wanted):
    faults = found(f"input: batch x 2 x 4\nlayers:\n- relu -> {layers}\n", "SHP")
    assert [one.why.partition(":")[0] for one in faults] == [wanted] * bool(wanted)


def test_one_symbol_is_one_finding_with_all_its_reshapes():
    one, = found("input: N x 4 x 8\nlayers:\n- relu as x0\n- Reshape [1, 32] -> Gemm float32(32, 4) as a\n"
                 "- from x0 -> Reshape [1, 8, 4] -> relu as b\noutputs: [a, b]\n", "SHP101")
    assert one.places == 2


@pytest.mark.parametrize(("layers", "sizes"), [
    ("Reshape [1, -1] -> Gemm float32(12, 2)", [1]),
    ("Reshape [3, -1] -> Gemm float32(4, 2) -> Reshape [3, 2]", [1]),
    ("Reshape [-1, 12] -> Gemm float32(12, 2)", [1, 2, 3, 4]),
])
def test_the_sizes_named_are_those_at_which_the_graph_fits(layers, sizes):
    graph = archcheck.load(f"input: N x 3 x 4\nlayers:\n- relu -> {layers}\n".encode())
    fits = [n for n in range(1, 5) if not archcheck.analyze(graph, {"N": n}).failures]
    assert fits == sizes
    assert bool(archcheck.check(archcheck.analyze(graph), select=("SHP",)).findings) == (sizes == [1])


# ---------------------------------------------------------------------------------- tables and constants
@pytest.mark.parametrize(("layers", "wanted"), [
    ("Add float32(1, 128, 64)", ["SHP102"]),
    ("Add float32(128, 64)", ["SHP102"]),
    ("Add float32(1, 1, 64)", []),
    ("Add float32(64)", []),
])
def test_tables_for_one_length(layers, wanted):
    text = f"input: N x T x 64\nlayers:\n- dense 64 -> {layers}\n"
    assert [one.code for one in found(text, "SHP")] == wanted


def test_an_expand_to_a_constant():
    one, = found("input: N x 8\nlayers:\n- dense 8 -> Expand [4, 8]\n", "SHP")
    assert (one.code, one.message) == ("SHP102", "Expand to [4, 8] fixes N, declared free")


def test_an_input_of_another_length_is_no_stored_tensor():
    one, = found("inputs: {a: N x T x 64, b: N x 128 x 64}\nlayers:\n- from a -> add b\n", "SHP")
    assert one.code == "SHP105" and one.message.endswith("but only T = 1 or 128 can run")


def test_a_part_that_is_cut_out_does_not_fix_what_it_leaves_free():
    one, = found("input: 4 x H\nlayers:\n- relu -> Slice [0] [2] [0] -> MatMul float32(128, 10)\n", "SHP")
    assert (one.code, one.message) == ("SHP105", "H may be any size as declared, but only H = 128 can run")


def test_two_symbols_that_a_table_ties():
    one, = found("input: 1 x 3 x H x W\nlayers:\n- conv 8 4x4 /4 -> Reshape [0, 0, -1] -> "
                 "Add float32(1, 8, 49)\n", "SHP")
    assert one.code == "SHP102" and one.facts["symbols"] == ["H", "W"] and "= 49" in one.why


@pytest.mark.parametrize(("names", "wanted"), [(("N",), []), (("batch",), ["SHP103"]),
    (("N", "T"), ["SHP103"])])
def test_symbols_that_must_stay_free(names, wanted):
    text = "input: N x 3 x 8 x 8\nlayers:\n- relu\n"
    assert [one.code for one in found(text, "SHP103", dynamic=names)] == wanted


# ---------------------------------------------------------------------------------- broadcasting
STEM = "input: N x 3 x 8 x 8\nlayers:\n- conv 16 3x3 same -> relu as x0\n"


@pytest.mark.parametrize(("rest", "wanted"), [
    ("conv 1 3x3 same -> add x0", 1),
    ("conv 1 3x3 same -> relu -> Sub x0", 1),
    ("conv 16 3x3 same -> add x0", 0),
    ("conv 1 1x1 -> sigmoid -> mul x0", 0),                      # a gate in space
    ("gap -> conv 16 1x1 -> add x0", 0),                         # one number for each channel
    ("ReduceMean [1] keepdims=1 -> add x0", 0),                  # a mean over the channels, kept on purpose
    ("Add float32(1, 1, 8, 8)", 0),                              # a weight
])
def test_one_channel_added_to_many(rest, wanted):
    assert len(found(f"{STEM}- {rest}\n", "SHP104")) == wanted


@pytest.mark.parametrize(("places", "wanted"), [
    ("H x W", 1), ("8 x 8", 1), ("1 x 8", 1), ("8 x 1", 1), ("2", 1), ("1 x 1", 0), ("1", 0)])
def test_maps_extend_along_an_axis(places, wanted):
    """What is left of one position is no map: a number for each channel."""
    taps = "x".join("1" * (places.count("x") + 1))
    text = f"input: N x 3 x {places}\nlayers:\n- conv 1 {taps} as one\n- from input -> conv 16 {taps} as x0\n"
    for last in ("from x0 -> Sub one", "from one -> Sub x0"):
        faults = found(f"{text}- {last}\n", "SHP104")
        assert [one.facts for one in faults] == [{"channels": 16}] * wanted
        assert all(" - " in one.message and one.message.endswith("repeats one channel 16 times")
                   for one in faults)


def test_a_mask_that_is_given_is_no_map_of_a_layer():
    assert not found("inputs: {image: N x 3 x 8 x 8, mask: N x 1 x 8 x 8}\nlayers:\n"
                     "- from image -> conv 16 3x3 same -> add mask\n", "SHP104")


def test_a_column_less_a_row():
    one, = found("input: N x 32\nlayers:\n- fc 1 as column\n"
                 "- from input -> fc 8 -> ReduceMean [1] keepdims=0 -> Sub column\n", "SHP104")
    assert "makes [N, N]" in one.message


def test_maps_of_as_many_axes():
    text = ("inputs: {image: 8 x 3 x 8 x 8, signal: 8 x 3 x 8}\nlayers:\n- from image -> conv 1 1x1 as map\n"
            "- from signal -> conv 8 1 -> add map\n")
    assert not found(text, "SHP104")


@pytest.mark.parametrize(("rows", "columns", "others", "wanted"), [
    (2, 1, 2, 1), (2, 2, 2, 0), (1, 1, 1, 0), (3, 1, 2, 0), ("N", 1, "N", 1), ("N", 1, "M", 0)])
def test_a_table_of_two_vectors(rows, columns, others, wanted):
    """Each against each of the same vector is seldom meant; a column and a row of two kinds mostly are."""
    text = (f"inputs: {{image: {rows} x 4, other: {others} x 4}}\nlayers:\n"
            f"- from image -> fc {columns} as wide\n"
            "- from other -> fc 8 -> ReduceMean [1] keepdims=0 as short\n")
    for last in ("from short -> Sub wide", "from wide -> Add short"):
        assert len(found(f"{text}- {last}\n", "SHP104")) == wanted


@pytest.mark.parametrize("last", ["from given -> Sub column", "from column -> Sub given"])
def test_targets_that_are_given_are_no_table(last):
    text = f"inputs: {{image: N x 4, given: N}}\nlayers:\n- from image -> fc 1 as column\n- {last}\n"
    assert not found(text, "SHP104")


# ---------------------------------------------------------------------------------- unknown shapes, TopK
def test_the_first_cause_counts_what_comes_after():
    one, = found("inputs: {image: N x 8, wanted: int64 K}\nlayers:\n"
                 "- from image -> Reshape wanted -> relu -> sigmoid\n", "SHP106")
    assert one.op == "Reshape" and one.facts == {"behind": 2}


@pytest.mark.parametrize(("rest", "why"), [
    ("", ""), (" -> relu", "nor are those of one result after it"),
    (" -> relu -> sigmoid", "nor are those of 2 results after it")])
def test_what_is_not_known_with_it(rest, why):
    head = "inputs: {image: N x 8, wanted: int64 K}\nlayers:\n- from image -> Reshape wanted"
    one, = found(f"{head}{rest}\n", "SHP106")
    assert one.message == "the shape of its result is not known: the target shape is not known"
    assert one.why == why


@pytest.mark.parametrize(("rest", "why"), [
    ("", ""), (" -> Transpose", "and those of one result after it")])
def test_what_data_decide_with_it(rest, why):
    one, = found(f"input: 8 x 8\nlayers:\n- NonZero{rest}\n", "SHP107")
    assert (one.message, one.why) == ("the data decide the size of its result", why)


def test_what_follows_a_failure_is_not_told_again():
    assert not found("input: 1 x 3 x 4 x 4\nlayers:\n- conv 8 9x9 -> relu\n", "SHP106")


def test_counts_are_told_apart_from_what_is_not_known():
    text = "input: 8 x 8\nlayers:\n- relu -> NonZero -> Cast to=1\n"
    assert [one.code for one in found(text, "SHP106", "SHP107")] == ["SHP107"]


@pytest.mark.parametrize(("size", "wanted"), [("3", 1), ("4", 0), ("5", 0), ("A", 0)])
def test_top_k_of_an_axis(size, wanted):
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]>
        g (float[N, {size}] x) => (float[N, 4] v, int64[N, 4] i)
        <int64[1] k = {{4}}> {{ v, i = TopK(x, k) }}""")
    assert len(found(model, "SHP108")) == wanted


@pytest.mark.parametrize(("shape", "wanted"), [("N", 0), ("N x C", 1), ("N x 3", 0)])
def test_inputs_of_free_axes(shape, wanted):
    """One axis alone is a list of any length; plans are built by TensorRT."""
    text = f"input: {shape}\nlayers:\n- relu\n"
    for targets in ((), ("tensorrt",), ("tensorrt==10", "onnxruntime")):
        assert len(found(text, "SHP109", targets=targets)) == wanted
    assert not found(text, "SHP109", targets=("onnxruntime",))
