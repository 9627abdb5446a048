"""What breaks those who use a network, and totals, by hand."""
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from archcheck.dims import symbol
from archcheck.graph import Graph, Node, TensorType
from tests.comparing._changed import difference

N, M, H = symbol("N"), symbol("M"), symbol("H")


def net(inputs, op="Relu", outputs=("y",), **fields):
    """A network in which ``op`` reads the first input and makes the first output, and every other output is
    a Selu of the first input."""
    kinds = {name: TensorType(dtype, shape) for name, (dtype, shape) in inputs.items()}
    first = next(iter(kinds))
    nodes = [Node("first", op, "", (first,), (outputs[0],), {})]
    nodes += [Node(f"make {name}", "Selu", "", (first,), (name,), {}) for name in sorted(outputs[1:])]
    return replace(Graph("net", kinds, outputs, tuple(nodes), {}, opsets={"": 18}, ir_version=9), **fields)


def of_shapes(of, old, new):
    found = difference(net({"x": ("float32", old)}), net({"x": ("float32", new)}))
    return [one.breaking for one in found.interface if one.of == of]


def changes(old, new):
    return [(one.of, one.name, one.what, one.breaking) for one in difference(old, new).interface
            if one.of != "output" or one.what not in ("shape", "dtype")]


@pytest.mark.parametrize(("old", "new", "breaking"), [
    ((1, 3), (1, 3), None),
    ((N, 3), (M, 3), None),
    ((N, 3), (1, 3), True),
    ((1, 3), (N, 3), False),
    ((1, 3), (2, 3), True),
    ((1, 3), (3,), True),
    ((1, 3), None, False),
    (None, (1, 3), True),
    ((N, H), (N, N), True),
    ((N, N), (N, H), False),
    ((2, H), (N, 4), True),
    ((1, 4), (N, N), True),
    ((4, 4), (N, N), False),
])
def test_an_input_has_to_take_what_it_took(old, new, breaking):
    found = of_shapes("input", old, new)
    assert found == ([] if breaking is None else [breaking]) or breaking and any(found)


@pytest.mark.parametrize(("old", "new", "breaking"), [
    ((1, 3), (2, 3), True),
    ((1, 3), (N, 3), True),
    ((N, 3), (1, 3), False),
    ((N, 3), (M, 3), None),
    ((1, 3), None, True),
    (None, (1, 3), False),
    ((1, 3), (1, 1, 3), True),
])
def test_an_output_has_to_be_what_was_relied_on(old, new, breaking):
    found = of_shapes("output", old, new)
    assert found == ([] if breaking is None else [breaking])


X = {"x": ("float32", (4,))}


@pytest.mark.parametrize(("old", "new", "expected"), [
    (net(X), net({"image": ("float32", (4,))}), [("input", "x", "renamed", True)]),
    (net(X), net({"x": ("float16", (4,))}), [("input", "x", "dtype", True)]),
    (net(X), net({**X, "mask": ("bool", (4,))}), [("input", "mask", "added", True)]),
    (net({**X, "mask": ("bool", (4,))}), net(X), [("input", "mask", "removed", True)]),
    (net({**X, "z": ("float32", (4,))}), net({**X, "image": ("float32", (4,))}),
     [("input", "z", "renamed", True)]),
    (net({**X, "z": ("float32", (4,))}), net({**X, "image": ("int64", (4,))}),
     [("input", "z", "removed", True), ("input", "image", "added", True)]),
    (net(X), net(X, outputs=("y", "z")), [("output", "z", "added", False)]),
    (net(X, outputs=("y", "z")), net(X), [("output", "z", "removed", True)]),
    (net(X), net(X, outputs=("probabilities",)), [("output", "y", "renamed", True)]),
    (net(X), net(X, opsets={"": 20}), [("opset", "ai.onnx", "version", True)]),
    (net(X), net(X, opsets={"": 16}), [("opset", "ai.onnx", "version", False)]),
    (net(X), net(X, opsets={"": 18, "com.acme": 1}), [("opset", "com.acme", "version", True)]),
    (net(X, opsets={"": 18, "com.acme": 1}), net(X), [("opset", "com.acme", "version", False)]),
    (net(X), net(X, ir_version=10), [("ir-version", "", "version", True)]),
    (net(X), net(X, ir_version=0), []),
])
def test_what_is_not_as_it_was_is_told_once(old, new, expected):
    assert changes(old, new) == expected


def test_the_order_of_outputs_counts_and_that_of_inputs_does_not():
    old = net({"x": ("float32", (4,)), "z": ("float32", (4,))}, outputs=("a", "b", "c"))
    new = replace(old, inputs=dict(reversed(old.inputs.items())), outputs=("a", "c", "b"))
    found = difference(old, new)
    assert [(one.of, one.what, one.breaking) for one in found.interface] == [
        ("output", "order", True), ("input", "order", False)]
    assert not found.layers


def test_breaking_changes_come_first():
    found = difference(net({"x": ("float32", (1, 3))}), net({"x": ("float32", (N, 3))}, opsets={"": 20}))
    assert [one.breaking for one in found.interface] == sorted((one.breaking for one in found.interface),
                                                               reverse=True)
    assert found.is_breaking and not found.is_empty


# ------------------------------------------------------------------------------------------------ totals
def convolution(filters, batch="N"):
    return (f"input: {batch} x 3 x 64 x 64\ndefaults: {{conv: same bias=no}}\n"
            f"layers:\n- conv {filters} 3x3\n").encode()


def test_totals_are_those_computed_by_hand():
    """A 3x3 convolution from 3 to k channels has 27·k weights, and 27·k·64·64 MACs an image."""
    found = {one.name: one for one in difference(convolution(10), convolution(14)).totals}
    assert (found["params"].old, found["params"].new) == (270, 378)
    assert (found["macs"].old, found["macs"].new) == (1_105_920 * N, 1_548_288 * N)
    assert found["params"].growth == found["macs"].growth == Fraction(2, 5)
    assert (found["weight_bytes"].old, found["weight_bytes"].new) == (1080, 1512)
    assert found["nodes"].growth == 0 and found["nodes"].is_same
    peak = found["peak_memory"]
    assert (peak.old, peak.new) == (4 * 64 * 64 * 13 * N, 4 * 64 * 64 * 17 * N)


def test_growth_that_depends_on_sizes_is_not_known():
    found = {one.name: one for one in difference(convolution(10), convolution(10, 8)).totals}
    assert found["macs"].growth is None and not found["macs"].is_same
    assert found["params"].growth == 0


def test_what_grew_by_more_than_is_allowed():
    found = difference(convolution(10), convolution(14))
    assert {one.name for one in found.grown(Fraction(39, 100))} >= {"params", "macs", "flops", "weight_bytes"}
    assert not found.grown(Fraction(2, 5))


def test_a_total_that_leaves_something_out_has_no_growth():
    old, new = net(X), net(X, op="Mystery")
    found = {one.name: one for one in difference(old, new).totals}
    assert found["flops"].least == (False, True) and found["flops"].growth is None
    assert not found["flops"].is_same
