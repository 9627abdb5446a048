"""Networks with one fault each, of the kind that people report: the rule that finds it, and the words by
which its message names the cause. All rules are on, and nothing else at warning or above is said."""
from __future__ import annotations

import pytest

import archcheck

HEAD = "input: batch x 3 x 32 x 32\nlayers:\n"
STEM = f"{HEAD}- conv 16 3x3 same -> relu as stem\n"

FAULTS = [
    ("bias before a batch normalization", "ARC003",
     "biases of 16 numbers",
     f"{HEAD}- conv 16 3x3 same -> bn -> relu -> gap -> fc 10\n"),
    ("linear after linear", "ARC001",
     "16 → 64 → 10",
     f"{STEM}- gap -> fc 64 -> fc 10\n"),
    ("pooling moves farther than it reaches", "GEO003",
     "spans 2 positions and moves by 3",
     f"{STEM}- maxpool 2x2 /3 -> gap -> fc 10\n"),
    ("AlexNet at 224", "GEO002",
     "(224 + 0 - 11) mod 4 = 1",
     "input: N x 3 x 224 x 224\nlayers:\n- conv 96 11x11 /4 -> relu -> gap -> fc 10\n"),
    ("a sigmoid twice", "ARC004",
     "Sigmoid of what Sigmoid made",
     f"{STEM}- gap -> fc 10 -> sigmoid -> sigmoid\n"),
    ("a softmax, then a sigmoid", "ARC005",
     "Sigmoid of what Softmax made",
     f"{STEM}- gap -> fc 10 -> softmax -> sigmoid\n"),
    ("softmax of one score", "ARC006",
     "an axis of one position is 1",
     f"{STEM}- gap -> fc 1 -> softmax\n"),
    ("softmax over the samples", "ARC007",
     "over batch",
     f"{STEM}- gap -> fc 10 -> Softmax axis=0\n"),
    ("ReLU on scores", "ARC008",
     "10 scores",
     f"{STEM}- gap -> fc 10 -> relu\n"),
    ("a frozen batch", "SHP101",
     "[batch, 16, 8, 8] to [1, -1] makes [1, 1,024·batch]",
     f"{STEM}- maxpool 4x4 -> Reshape [1, -1] -> Gemm float32(1024, 10)\n"),
    ("a table for one length", "SHP102",
     "a stored tensor of [1, 128, 64] fixes T",
     "input: N x T x 64\nlayers:\n- dense 64 -> Add float32(1, 128, 64)\n"),
    ("a classifier for one size", "SHP105",
     "only H = 31 or 32 can run",
     ("input: 1 x 3 x H x 32\nlayers:\n"
      "- conv 4 3x3 /2 same -> relu -> Flatten axis=1 -> Gemm float32(1024, 10)\n")),
    ("a map of one channel is added", "SHP104",
     "[batch, 1, 32, 32] + [batch, 16, 32, 32] repeats one channel 16 times",
     f"{STEM}- conv 1 3x3 same -> add stem -> gap -> fc 10\n"),
    ("TopK of too few", "SHP108",
     "1000 of 900 elements",
     "input: N x 900\nlayers:\n- TopK [1000] as values, places\noutputs: [values, places]\n"),
    ("a stride without a projection", "ARC009",
     "[batch, 16, 32, 32] is added to [batch, 16, 16, 16]",
     f"{STEM}- conv 16 3x3 /2 pad=1 -> relu -> conv 16 3x3 same -> add stem\n"),
    ("channels without a projection", "ARC009",
     "[batch, 16, 32, 32] is added to [batch, 32, 32, 32]",
     f"{STEM}- conv 32 3x3 same -> relu -> add stem\n"),
    ("a window too large", "GEO005",
     "a window of 7 does not fit into 4 padded positions",
     f"{STEM}- maxpool 8x8 -> conv 16 7x7 -> relu -> gap -> fc 10\n"),
    ("an image that the decoder cannot restore", "GEO008",
     "66 is no multiple of the total stride 4",
     ("input: N x 3 x 66 x 66\nlayers:\n"
      "- conv 8 3x3 same -> relu -> conv 8 3x3 /2 pad=1 -> relu as half\n"
      "- conv 8 3x3 /2 pad=1 -> relu -> deconv 8 2x2 /2 -> concat half\n")),
    ("a crop from the corner", "GEO009",
     "lie 4 input positions apart",
     (f"{STEM}- conv 16 5x5 -> relu -> conv 16 5x5 -> relu as inner\n"
      "- from stem -> Slice [0, 0] [24, 24] [2, 3] -> add inner -> gap -> fc 10\n")),
    ("a normalization twice", "ARC010",
     "BatchNormalization of what BatchNormalization made",
     f"{HEAD}- conv 16 3x3 same bias=no -> bn -> bn -> relu -> gap -> fc 10\n"),
    ("a block without an activation", "ARC011",
     "2 layers of a residual block",
     f"{STEM}- (conv 16 3x3 same)*2 -> add stem -> relu -> gap -> fc 10\n"),
    ("channels that never meet", "ARC012",
     "16 channels",
     f"{STEM}- depthwise 3x3 same -> relu\n"),
    ("a product with nothing", "ARC013",
     "multiplied by 0",
     f"{STEM}- gap -> Mul 0.0 -> fc 10\n"),
    ("66 channels for 8 heads", "ARC014",
     "66 channels are not shared out evenly to 8 heads",
     "input: N x 8 x 66\nlayers:\n- Attention input input q_num_heads=8 kv_num_heads=8\n"),
]


@pytest.mark.parametrize(("code", "words", "text"), [row[1:] for row in FAULTS],
                         ids=[row[0] for row in FAULTS])
def test_a_fault_is_found_by_its_rule_and_named(code, words, text):
    findings = archcheck.check(text.encode(), profiles=("design",)).findings
    told = [one for one in findings if one.code == code]
    assert len(told) == 1, [one.code for one in findings]
    assert words in told[0].message or words in told[0].why, (told[0].message, told[0].why)
    assert told[0].fix and told[0].why
    assert {one.code for one in findings if one.severity != "advice"} <= {code}


@pytest.mark.parametrize("layer", [
    "relu", "softmax", "Softmax axis=0", "sigmoid", "Clip 0.0 6.0", "conv 8 3x3 /2", "maxpool 2x2 /3", "fc 8",
    "bn", "layernorm", "Mul 0.0", "Add float32(4)", "add image", "Reshape [1, -1]", "Expand [4, 4]",
    "TopK [3] as values, places", "Transpose perm=[1, 0]", "concat image", "NonZero", "Slice [0] [1] [0]",
    "Attention here here q_num_heads=2 kv_num_heads=2", "RotaryEmbedding float32(4, 2) float32(4, 2)",
])
def test_values_of_unknown_shape_are_passed_over(layer):
    """No rule takes a shape, a rank or a size for known; where they begin not to be is told once."""
    head = "inputs: {image: N x 4, wanted: int64 K}\nlayers:\n- from image -> Reshape wanted -> "
    text = f"{head}relu as unknown\n- {layer}\n"
    try:
        graph = archcheck.load(text.encode())
    except archcheck.LoadError:
        pytest.skip("the specification itself needs the shape")
    report = archcheck.check(graph, select=("SHP", "GEO", "ARC"), object_size=9, dynamic=("N",))
    assert [one.op for one in report.findings if one.code == "SHP106"] == ["Reshape"]
