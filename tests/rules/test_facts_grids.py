"""Windows on maps, held against windows that are laid down one by one."""
from __future__ import annotations

import pytest

from archcheck.rules._grids import moves_maps, slides
from tests.rules._sites import case

CASES = [  # size, window, stride, dilation, attributes, padded in front and behind
    (10, 3, 1, 1, "pads = [0, 0]", 0, 0), (10, 3, 2, 1, "pads = [1, 1]", 1, 1),
    (11, 4, 3, 1, "pads = [2, 0]", 2, 0), (12, 3, 2, 2, "pads = [0, 3]", 0, 3),
    (10, 3, 3, 1, 'auto_pad = "SAME_UPPER"', 1, 1), (10, 3, 2, 1, 'auto_pad = "SAME_UPPER"', 0, 1),
    (10, 3, 2, 1, 'auto_pad = "SAME_LOWER"', 1, 0), (9, 2, 3, 1, 'auto_pad = "SAME_UPPER"', 0, 0),
    (10, 4, 3, 1, 'auto_pad = "VALID"', 0, 0), (10, 4, 3, 1, "", 0, 0),
    (2, 3, 1, 1, "pads = [1, 1]", 1, 1), (2, 4, 1, 1, "pads = [2, 2]", 2, 2)]


@pytest.mark.parametrize("heights", [0, 1])
@pytest.mark.parametrize(("size", "window", "stride", "dilation", "attrs", "front", "behind"), CASES)
def test_windows_one_by_one(size, window, stride, dilation, attrs, front, behind, heights):
    """Of a signal, or of the columns of a map; how much ``SAME`` pads is in the page of AveragePool."""
    reach = (window - 1) * dilation + 1
    starts = range(-front, size + behind - reach + 1, stride)
    row = "1, " if heights else ""
    if heights and "pads" in attrs:
        attrs = f"pads = [0, {front}, 0, {behind}]"
    text = f"""g (float[N, 3, {row}{size}] x) => (y) {{
        y = MaxPool <kernel_shape = [{row}{window}], strides = [{row}{stride}],
        dilations = [{row}{dilation}]{', ' if attrs else ''}{attrs}> (x)
    }}"""
    (one,) = slides(case(text))
    last = starts[-1] + reach
    assert (one.size, one.reach, one.stride, one.start, one.outputs) == (
        size, reach, stride, -front, len(starts))
    assert (one.axis, one.is_map, one.padded) == (3 if heights else 2, False, size + front + behind)
    assert one.left == size + behind - last
    assert one.lost == max(0, size - last)
    assert one.inside == sum(start >= 0 and start + reach <= size for start in starts)


def test_what_a_map_is():
    """A window over several axes that have more than one position."""
    for shape, wanted in (("8, 8", True), ("2, 8", True), ("8, 1", False)):
        kernel = "[1, 1]" if shape == "8, 1" else "[2, 2]"
        judged = case(f"g (float[N, 3, {shape}] x) => (y) {{ y = MaxPool <kernel_shape = {kernel}> (x) }}")
        assert {one.is_map for one in slides(judged)} == ({wanted} if wanted else set())


@pytest.mark.parametrize("node", [
    "MaxPool <kernel_shape = [1], strides = [2]> (x)", "my.ops.F <kernel_shape = [3]> (x)",
    "MaxPool <kernel_shape = [9], strides = [2]> (x)", "MaxPool <kernel_shape = [2]> (h)",
    'Pad <mode = "reflect"> (x, p)', "Relu (x)", "MaxPool <kernel_shape = [2]> (unknown)",
    "my.ops.F <pads = [0, 0]> ()"])
def test_what_is_no_window_of_several_positions_of_known_size(node):
    judged = case(f"""g (float[N, 3, 8] x, float[N, 3, H] h) => (y) <int64[6] p = {{0, 0, 2, 0, 0, 2}}>
        {{ unknown = my.ops.F (x) y = {node} }}""")
    assert slides(judged) == ()


@pytest.mark.parametrize(("attrs", "wanted"), [
    ("kernel_shape = [3], pads = [1, 1]", False), ("kernel_shape = [3]", True),
    ("kernel_shape = [2], strides = [2]", False), ("kernel_shape = [3], strides = [2], pads = [1, 1]", False),
    ("kernel_shape = [2], pads = [0, 1]", True), ("kernel_shape = [4], pads = [1, 2]", True),
    ("kernel_shape = [3], strides = [2], pads = [0, 0]", False), ("kernel_shape = [4], strides = [2]", True)])
def test_windows_that_bring_maps_out_of_line(attrs, wanted):
    """Those whose centre lies half a step or more beside the middle of what a result stands for."""
    assert moves_maps(case(f"g (float[N, 3, 8] x) => (y) {{ y = MaxPool <{attrs}> (x) }}")) == wanted


@pytest.mark.parametrize(("node", "wanted"), [("Relu (x)", False), ("Split <axis = 2> (x)", True)])
def test_nodes_that_bring_maps_out_of_line(node, wanted):
    assert moves_maps(case(f"g (float[N, 3, 8] x) => (y) {{ y = {node} }}")) == wanted
