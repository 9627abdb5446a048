"""Values whose shape is not known, before layers of every kind."""
from __future__ import annotations

import pytest

import archcheck


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
