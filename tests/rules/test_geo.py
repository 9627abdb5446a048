"""Rules about windows and fields, at the border of each: what a window reads is counted by brute force."""
from __future__ import annotations

from itertools import product

import pytest
from onnx import parser

import archcheck
from tests.rules._judged import found


def read(size: int, window: int, stride: int, before: int = 0, after: int = 0, dilation: int = 1) -> set[int]:
    """The positions of an axis that windows read, one by one."""
    reach = (window - 1) * dilation + 1
    starts = range(-before, size + after - reach + 1, stride)
    return {start + k * dilation for start in starts for k in range(window)} & set(range(size))


CASES = list(product((7, 8, 9, 10, 11), (2, 3, 4), (1, 2, 3, 4), (0, 1)))


@pytest.mark.parametrize(("size", "window", "stride", "pad"), CASES)
def test_dropped_positions_and_gaps_are_those_that_nobody_reads(size, window, stride, pad):
    text = f"input: N x 3 x {size} x {size}\nlayers:\n- conv 4 {window}x{window} /{stride} pad={pad}\n"
    unread = set(range(size)) - read(size, window, stride, pad, pad)
    codes = [one.code for one in found(text, "GEO002", "GEO003")]
    if stride > window:
        assert codes == ["GEO003"]
    else:
        assert codes == ["GEO002"] * bool(unread)
        if unread:
            fault, = found(text, "GEO002")
            assert fault.facts["lost"] == fault.facts["pixels"] == len(unread) and fault.severity == "warning"
            for good in fault.facts["good"]:
                assert read(good, window, stride, pad, pad) == set(range(good))


# ---------------------------------------------------------------------------------- pixels of the input
def test_alexnet_at_224_and_227():
    layers = "layers:\n- conv 96 11x11 /4 -> relu -> maxpool 3x3 /2\n"
    one, *_ = found(f"input: N x 3 x 224 x 224\n{layers}", "GEO002")
    assert "(224 + 0 - 11) mod 4 = 1" in one.message and one.facts["good"] == [223, 227]
    assert one.fix == "use an input of 223 or 227, or pad 3 more at the end"
    assert not found(f"input: N x 3 x 227 x 227\n{layers}", "GEO002")


@pytest.mark.parametrize(("layers", "wanted"), [
    ("conv 8 1x1 -> relu -> maxpool 3x3 /2", ["warning"]),
    ("conv 8 3x3 same -> relu -> maxpool 3x3 /2", ["advice"]),       # position 6 of 8 sees pixel 7 as well
    ("conv 8 3x3 same -> relu -> maxpool 3x3 /2 ceil", []),
    ("conv 8 3x3 same -> relu -> maxpool 3x3 /2 pad=1", []),
    ("Pad [0, 0, 0, 0, 0, 0, 1, 1] -> maxpool 4x4 /2", []),          # what is left over was padded
])
def test_left_over_positions_cost_pixels_only_where_no_field_reaches(layers, wanted):
    assert [one.severity for one in found(f"input: N x 3 x 8 x 8\nlayers:\n- {layers}\n", "GEO002")] == wanted


def test_an_inner_map_is_to_be_made_larger():
    one, = found("input: N x 3 x 8 x 8\nlayers:\n- conv 8 1x1 -> maxpool 3x3 /2\n", "GEO002")
    assert one.fix == "make its map 7 or 9, or pad 1 more at the end"


def test_who_asks_for_the_shape_reads_no_element():
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[N, 3, 8, 8] x) => (y, s) {
        r = Relu (x) s = Shape (r) y = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (%s)
    }"""
    for nodes in ("r", "i) i = Identity (r"):
        assert [one.severity for one in found(parser.parse_model(text % nodes), "GEO002")] == ["warning"] * (
            nodes != "r")


def test_what_is_made_of_a_stored_image_is_left_alone():
    text = ("input: N x 4 x 3 x 3\nlayers:\n"
            "- tensor float32(1, 4, 8, 8) -> relu -> maxpool 3x3 /2 -> add input\n")
    assert [one.severity for one in found(text, "GEO002")] == ["advice"]


def test_two_ways_through_the_input_lose_nothing():
    text = ("input: N x 3 x 8 x 8\nlayers:\n- concat:\n  - conv 8 1x1 -> relu -> maxpool 3x3 /2\n"
            "  - conv 8 3x3 same -> relu -> Slice [0, 0] [3, 3] [2, 3]\n")
    assert [one.severity for one in found(text, "GEO002")] == ["advice"]


@pytest.mark.parametrize("shape", ["N x 1 x 16000", "N x 1 x 1 x 16000"])
def test_framing_a_signal_is_not_meant(shape):
    window = "400" if shape.count("x") == 2 else "1x400"
    stride = "/160" if shape.count("x") == 2 else "/1x160"
    assert not found(f"input: {shape}\nlayers:\n- conv 64 {window} {stride}\n", "GEO002")


def test_sizes_that_are_symbols_are_left_alone():
    assert not found("input: N x 3 x H x W\nlayers:\n- conv 8 3x3 /2\n", "GEO002", "GEO005", "GEO011")


# ---------------------------------------------------------------------------------- windows and padding
@pytest.mark.parametrize(("size", "window", "pad", "wanted"), [
    (4, 7, 0, ["error"]), (4, 5, 0, ["error"]), (4, 4, 0, []), (4, 6, 1, []),
    (8, 3, 2, []), (8, 3, 3, ["warning"]), (8, 1, 1, []),
])
def test_windows_that_read_only_padding(size, window, pad, wanted):
    text = f"input: N x 3 x {size} x {size}\nlayers:\n- conv 4 {window}x{window} pad={pad}\n"
    assert [one.severity for one in found(text, "GEO005")] == wanted


def test_the_map_that_is_too_small_is_shown():
    one, = found("input: N x 3 x 4 x 5\nlayers:\n- conv 8 7x7\n", "GEO005")
    assert one.why == "the input is [N, 3, 4, 5]"


@pytest.mark.parametrize(("size", "window", "stride", "pad"), [(8, 3, 1, 3), (8, 3, 2, 4), (5, 2, 3, 4),
    (9, 3, 4, 6)])
def test_the_number_of_empty_windows(size, window, stride, pad):
    text = f"input: N x 3 x {size}\nlayers:\n- conv 4 {window} /{stride} pad={pad}\n"
    starts = range(-pad, size + pad - window + 1, stride)
    empty = sum(not any(0 <= start + k < size for k in range(window)) for start in starts)
    one, = found(text, "GEO005")
    assert one.facts == {"empty": empty, "windows": len(starts)}


@pytest.mark.parametrize(("size", "window", "stride", "pad"), [(14, 7, 1, 3), (8, 5, 2, 2), (7, 7, 1, 3),
    (28, 3, 1, 1)])
def test_the_share_of_windows_that_touch_padding(size, window, stride, pad):
    text = f"input: N x 3 x {size} x {size}\nlayers:\n- conv 4 {window}x{window} /{stride} pad={pad}\n"
    starts = range(-pad, size + pad - window + 1, stride)
    inside = sum(start >= 0 and start + window <= size for start in starts) ** 2
    faults = found(text, "GEO011")
    assert [one.facts for one in faults] == [{"inside": inside, "windows": len(starts) ** 2}] * (
        2 * inside < len(starts) ** 2)


@pytest.mark.parametrize(("size", "wanted"), [(11, [{"inside": 5, "windows": 11}]), (12, [])])
def test_half_of_the_windows_may_touch_padding(size, wanted):
    """Of the windows of 7 that are padded by 3, the first three and the last three do."""
    faults = found(f"input: N x 3 x {size}\nlayers:\n- conv 4 7 pad=3\n", "GEO011")
    assert [one.facts for one in faults] == wanted


@pytest.mark.parametrize(("layer", "wanted"), [
    ("conv 8 2x2 pad=[0,0,1,1]", 1), ("conv 8 3x3 pad=1", 0), ("conv 8 3x3", 0), ("conv 8 4x4 pad=1", 1),
    ("conv 8 2x2 /2 pad=[0,0,1,1]", 0)])
def test_windows_beside_their_result(layer, wanted):
    assert len(found(f"input: N x 3 x 8 x 8\nlayers:\n- {layer}\n", "GEO006")) == wanted


@pytest.mark.parametrize(("pads", "said"), [
    ([0, 1], "padded by 0 in front, is centred 0.5 positions behind its result"),
    ([1, 0], "padded by 1 in front, is centred 0.5 positions before its result"),
    ([0, 3], "padded by 0 in front, is centred 0.5 positions behind its result")])
def test_where_a_window_is_centred(pads, said):
    """Result q of a window of 2 is computed of positions q and q + 1, or q - 1 and q."""
    (one,) = found(f"input: N x 3 x 8\nlayers:\n- conv 8 2 pad={pads}\n", "GEO006")
    assert one.message == f"a window of 2, {said}"
    assert one.facts == {"shift": -0.5 if pads[0] else 0.5}


@pytest.mark.parametrize(("layer", "wanted"), [
    ("conv 8 1x1 /2", [(4, [2, 2])]), ("conv 8 1x1 /2x1", [(2, [2, 1])]), ("conv 8 1x1 /3x2", [(6, [3, 2])]),
    ("conv 3 1x1 /2 groups=3", [(4, [2, 2])]), ("conv 8 1x1", []), ("conv 8 3x3 /2 pad=1", []),
    ("conv 8 1x3 /2 pad=[0,1,0,1]", [])])
def test_pointwise_with_a_stride(layer, wanted):
    faults = found(f"input: N x 3 x 8 x 8\nlayers:\n- {layer}\n", "GEO004")
    assert [(one.message, one.facts["stride"]) for one in faults] == [
        (f"a pointwise convolution reads 1 of every {share} positions", strides) for share, strides in wanted]


# ---------------------------------------------------------------------------------- joins
UNET = """input: N x 3 x {size} x {size}
layers:
- conv 8 3x3 same -> relu as skip
- maxpool 3x3 /2 pad=1 -> conv 8 3x3 same -> relu as inner
- maxpool 3x3 /2 pad=1 -> conv 8 3x3 same -> relu -> deconv 8 2x2 /2 -> concat inner
- deconv 8 2x2 /2 -> concat skip
"""


@pytest.mark.parametrize(("size", "stride"), [(64, None), (68, None), (66, 4), (67, 2), (65, 2)])
def test_a_decoder_needs_multiples_of_the_stride(size, stride):
    faults = found(UNET.format(size=size), "GEO008")
    assert bool(faults) == (size % 4 > 0)
    for one in faults:
        assert one.severity == "error" and str(size) in one.message
        for good in one.facts["good"]:
            assert good % one.facts["stride"] == 0 and abs(good - size) < one.facts["stride"]


@pytest.mark.parametrize(("height", "width"), [(66, 64), (64, 66)])
def test_one_side_is_enough(height, width):
    text = UNET.format(size=64).replace("64 x 64", f"{height} x {width}")
    one, = found(text, "GEO008")
    assert one.facts["size"] == 66


def test_the_sizes_a_decoder_is_told_to_take_do_run():
    one, = found(UNET.format(size=66), "GEO008")
    assert all(not archcheck.analyze(UNET.format(size=good).encode()).failures for good in one.facts["good"])


def test_strides_that_meet_are_both_named():
    one, = found("input: N x 3 x 64 x 64\nlayers:\n- conv 8 3x3 /4 pad=1 -> relu as few\n"
                 "- from input -> conv 8 3x3 /2 pad=1 -> relu -> Slice [0, 0] [16, 16] [2, 3] -> add few\n",
                 "GEO009")
    assert "move by 2 and by 4 input" in one.message


CROP = ("input: N x 3 x 64 x 64\nlayers:\n- relu as all\n"
        "- conv 8 5x5 -> relu -> conv 8 5x5 -> relu as inner\n"
        "- from all -> Slice [{0}, {0}] [{1}, {1}] [2, 3] -> concat inner\n")


@pytest.mark.parametrize(("first", "wanted"), [(4, 0), (3, 0), (2, 0), (1, 1), (0, 1), (6, 0), (7, 1),
    (8, 1)])
def test_crops_beside_the_middle(first, wanted):
    """The inner branch's centre is 4 positions in, its field spans 9: a quarter of that is allowed."""
    assert len(found(CROP.format(first, first + 56), "GEO009")) == wanted


@pytest.mark.parametrize(("window", "first", "wanted"), [
    (3, 1, 0), (3, 0, 1),                                         # one position, of a field of 3
    (6, 2, 0), (6, 1, 0), (6, 0, 1)])                             # 1.5 positions are a quarter of 6, no more
def test_a_quarter_of_the_field_is_allowed(window, first, wanted):
    size = 65 - window
    text = (f"input: N x 3 x 64 x 64\nlayers:\n- relu as all\n- conv 3 {window}x{window} as inner\n"
            f"- from all -> Slice [{first}, {first}] [{first + size}, {first + size}] [2, 3] -> add inner\n")
    assert len(found(text, "GEO009")) == wanted


@pytest.mark.parametrize(("join", "wanted"), [("add", 1), ("Sub", 1), ("concat", 1), ("mul", 0)])
def test_a_factor_need_not_lie_on_its_map(join, wanted):
    text = ("input: N x 3 x 64 x 64\nlayers:\n- conv 8 3x3 /2 pad=1 -> relu as half\n"
            f"- from input -> conv 8 3x3 -> relu -> Slice [0, 0] [32, 32] [2, 3] -> {join} half\n")
    assert len(found(text, "GEO009")) == wanted


@pytest.mark.parametrize(("first", "wanted"), [("aab", 1), ("baa", 1), ("abb", 1), ("abc", 0)])
def test_branches_of_several_inputs(first, wanted):
    """Those of one input are held against each other."""
    text = ("inputs: {a: N x 3 x 64 x 64, b: N x 3 x 64 x 64, c: N x 3 x 64 x 64}\nlayers:\n"
            "- from %s -> conv 3 3x3 same /2 as x0\n- from %s -> Slice [0, 0] [32, 32] [2, 3] as x1\n"
            "- from %s -> maxpool 2x2 -> Sum x0 x1\n")
    assert len(found(text % tuple(first), "GEO009")) == wanted


def test_joins_in_functions_are_not_taken_for_others():
    """Node 1 of the function joins two strides; node 1 of the network adds the input to itself."""
    model = parser.parse_model("""<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
    g (float[1, 3, 8] x) => (z) { y = own.f (x) s = Add (x, x) z = Relu (s) }
    <domain: "own", opset_import: ["" : 17]> f (a) => (c) {
        b = MaxPool <kernel_shape = [1], strides = [2]> (a)
        zero = Constant <value_ints = [0]> () four = Constant <value_ints = [4]> ()
        two = Constant <value_ints = [2]> () d = Slice (a, zero, four, two) c = Add (b, d)
    }""")
    assert not found(model, "GEO009")
    assert not archcheck.analyze(model).fields.meetings


@pytest.mark.parametrize("text", [
    # causal
    "input: N x 8 x 64\nlayers:\n- relu as x0\n- conv 8 2 dilation=4 pad=[4,0] -> relu -> add x0\n",
    # moved
    "input: N x 8 x 64\nlayers:\n- add:\n  - Slice [0] [62] [2]\n  - Slice [2] [64] [2]\n",
    # enlarged
    "input: N x 8 x 64 x 64\nlayers:\n- relu as a\n- maxpool 2x2 -> conv 8 3x3 same -> upsample 2 -> add a\n",
])
def test_joins_that_are_meant(text):
    assert not found(text, "GEO009")


# ---------------------------------------------------------------------------------- fields and dilations
@pytest.mark.parametrize(("size", "wanted"), [(5, 0), (6, 1), (None, 0)])
def test_the_field_and_the_object(size, wanted):
    text = "input: N x 3 x 64 x 64\nlayers:\n- (conv 8 3x3 same -> relu)*2\n"
    assert len(found(text, "GEO010", object_size=size)) == wanted


@pytest.mark.parametrize(("layer", "wanted"), [
    ("maxpool 9x9 /1", []),                                       # of the channels it sees one
    ("conv 8 1x9 same", ["along axis 2 of input"]), ("conv 8 9x1 same", ["along axis 3 of input"])])
def test_a_field_counts_along_the_axes_of_the_map(layer, wanted):
    faults = found(f"input: N x 3 x 64 x 64\nlayers:\n- {layer}\n", "GEO010", object_size=5)
    assert [one.why for one in faults] == wanted


def test_a_gate_sees_all_but_does_not_count():
    text = ("input: N x 3 x 64 x 64\nlayers:\n- conv 8 3x3 same -> relu\n"
            "- mul: [pass, gap -> conv 8 1x1 -> sigmoid]\n")
    assert len(found(text, "GEO010", object_size=10)) == 1


def coverage(dilations) -> tuple[int, int]:
    """How many positions 3-tap layers of these dilations read together, and how many they span."""
    places = {0}
    for dilation in dilations:
        places = {place + k * dilation for place in places for k in (-1, 0, 1)}
    return len(places), max(places) - min(places) + 1


@pytest.mark.parametrize("dilations", [(2, 2, 2), (2, 4), (2, 4, 8), (4, 2), (3, 6), (1, 2, 4),
    (1, 2, 5), (2, 1),
                                       (2, 2, 1), (1, 1)])
def test_dilations_that_leave_holes(dilations):
    layers = " -> relu -> ".join(f"conv 8 3 same dilation={dilation}" for dilation in dilations)
    faults = found(f"input: N x 8 x 256\nlayers:\n- {layers}\n", "GEO012")
    read_, spanned = coverage(dilations)
    assert bool(faults) == (read_ < spanned)


@pytest.mark.parametrize(("layers", "facts"), [
    ("conv 8 3 same dilation=2", []),
    ("conv 8 3 same dilation=2 -> relu -> conv 8 3 same dilation=4", [{"factor": 2, "layers": 2}]),
    ("(conv 8 3 same dilation=3 -> bn -> relu)*3", [{"factor": 3, "layers": 3}]),
    ("conv 8 3 same dilation=2 -> conv 8 1 -> conv 8 3 same dilation=2", [{"factor": 2, "layers": 2}]),
    ("conv 8 3 same dilation=2 -> Reshape [0, 16, 16] -> conv 8 3 same dilation=2", []),
    ("conv 8 3 same dilation=2 -> Reshape [-1, 4, 32] -> conv 8 3 same dilation=2",  # splits the channels
     [{"factor": 2, "layers": 2}]),
    ("conv 8 3 same dilation=2 -> Transpose perm=[0, 2, 1] -> conv 8 3 same dilation=2", [])])
def test_dilated_layers_in_a_row(layers, facts):
    assert [one.facts for one in found(f"input: N x 8 x 32\nlayers:\n- {layers}\n", "GEO012")] == facts


@pytest.mark.parametrize(("size", "said"), [
    (127, "the last of 127 positions is never read: (127 + 0 - 16) mod 10 = 1"),
    (128, "the last 2 of 128 positions are never read: (128 + 0 - 16) mod 10 = 2")])
def test_how_many_positions_are_dropped(size, said):
    text = f"input: N x 1 x {size} x 126\nlayers:\n- conv 8 16x16 /10 -> relu -> gap -> fc 10\n"
    (one,) = found(text, "GEO002")
    assert one.message == said
