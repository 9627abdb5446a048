"""Random arithmetic on sizes: what is said of it with symbols is what ONNX Runtime computes at any sizes.

``ARCHCHECK_FUZZ`` says how many chains to try.
"""
from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from tests.ops import _ort
from tests.ops._rows import disagreement

COUNT = int(os.environ.get("ARCHCHECK_FUZZ", "160"))
PARTS = 4
AXES = "NMHW"
SIZES = (2, 3, 5, 7), (1, 1, 1, 1), (1, 8, 224, 33), (3, 2, 6, 16), (0, 4, 3, 1)
FAR = (1 << 63) - 1


class Chain:
    """Nodes under construction; ``numbers`` are the scalars and ``vectors`` the vectors (and their lengths)
    that they have made, ``shapes`` the tensors whose sizes those decide."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.numbers: list[str] = []
        self.vectors = [(self.node("Shape", "x"), len(AXES))]
        self.shapes: list[str] = []

    def node(self, op: str, *inputs: str, **attrs: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attrs))
        return name

    def constant(self, value: Any, kind: Any = np.int64) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def number(self) -> str:
        """A scalar made before, or another element of a vector."""
        if self.numbers and self.chance.random() < 0.7:
            return self.chance.choice(self.numbers)
        vector, length = self.chance.choice([pair for pair in self.vectors if pair[1]])
        return self.node("Gather", vector, self.constant(self.chance.randrange(-length, length)))

    def row(self) -> str:
        """A scalar as a vector of one element."""
        return self.node("Unsqueeze", self.number(), self.constant([0]))

    # ------------------------------------------------------------------------------ steps
    def of_integers(self) -> None:
        op = self.chance.choice(("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min"))
        low = 2 if op in ("Div", "Mod") else -4
        given = op in ("Div", "Mod") or self.chance.random() < 0.5
        other = self.constant(self.chance.choice((-3, *range(low, 9)))) if given else self.number()
        self.numbers.append(self.node(op, self.number(), other))

    def of_floats(self) -> None:
        found = self.node("Cast", self.number(), to=TensorProto.FLOAT)
        for _ in range(self.chance.randint(1, 3)):
            factor = self.constant(self.chance.choice((0.5, 2, 1.5, 0.1, 1 / 3, 16, 1 / 16, -2)), np.float32)
            found = self.node(self.chance.choice(("Mul", "Div", "Add", "Sub")), found, factor)
        rounded = self.node(self.chance.choice(("Floor", "Ceil", "Round", "Identity")), found)
        self.numbers.append(self.node("Cast", rounded, to=TensorProto.INT64))

    def of_choices(self) -> None:
        op = self.chance.choice(("Equal", "Less", "Greater", "LessOrEqual"))
        condition = self.node(op, self.number(), self.number())
        self.numbers.append(self.node("Where", condition, self.number(), self.number()))

    def of_vectors(self) -> None:
        parts = [self.row() for _ in range(self.chance.randint(1, 4))]
        self.vectors.append((self.node("Concat", *parts, axis=0), len(parts)))

    def of_reductions(self) -> None:
        op = self.chance.choice(("ReduceProd", "ReduceMax", "ReduceMin", "ReduceSum"))
        self.numbers.append(self.node(op, self.chance.choice(self.vectors)[0], keepdims=0))

    def of_slices(self) -> None:
        vector, length = self.chance.choice(self.vectors)
        start, step = self.chance.randint(-5, 4), self.chance.choice((1, 2, -1))
        end = -FAR if step < 0 else FAR
        bounds = [self.constant([bound]) for bound in (max(start, -length), end, 0, step)]
        kept = range(length)[max(start, -length)::step]
        self.vectors.append((self.node("Slice", vector, *bounds), len(kept)))

    STEPS = (*(of_integers,) * 3, *(of_floats,) * 2, of_choices, of_vectors, of_reductions, of_slices)

    # ------------------------------------------------------------------------------ what the numbers are for
    def few(self) -> str:
        """A vector of one number between 0 and 40."""
        return self.node("Max", self.node("Min", self.row(), self.constant(40)), self.constant(0))

    def use(self) -> None:
        match self.chance.randrange(5):
            case 0:
                found = self.node("ConstantOfShape", self.node("Concat", self.few(), self.few(), axis=0))
            case 1:
                steps = self.constant(self.chance.choice((1, 2, -1)))
                found = self.node("Range", self.number(), self.number(), steps)
            case 2:
                axis, step = (self.constant([self.chance.choice(those)]) for those in (range(4), (1, 2, -1)))
                found = self.node("Slice", "x", self.row(), self.row(), axis, step)
            case 3:
                target = self.node("Concat", self.few(), *[self.constant([1])] * 4, axis=0)
                found = self.node("Expand", "x", target)
            case _:
                pads = [self.few(), *[self.constant([0])] * 6, self.few()]
                found = self.node("Pad", "x", self.node("Concat", *pads, axis=0))
        self.shapes.append(found)

    def model(self) -> onnx.ModelProto:
        """The chain as a model of one input ``x``, all of whose results are outputs."""
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(AXES))]
        names = [*self.numbers, *(name for name, _ in self.vectors), *self.shapes]
        outputs = [onnx.ValueInfoProto(name=name) for name in names]
        graph = helper.make_graph(self.nodes, "chain", inputs, outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_said_of_sizes_is_true_at_any_sizes(part: int) -> None:
    chance, ran = random.Random(part), 0
    for _ in range(COUNT // PARTS):
        chain = Chain(chance)
        for step in chance.choices(Chain.STEPS, k=chance.randint(3, 9)):
            step(chain)
        chain.use()
        ran += check(chain.model())
    assert ran > COUNT // PARTS


def check(model: onnx.ModelProto) -> int:
    """Compare every result at some sizes; at how many of them the chain runs."""
    data, ran = model.SerializeToString(), 0
    report = archcheck.analyze(data)
    for numbers in SIZES:
        try:
            seen = _ort.run(data, {"x": np.zeros(numbers, np.float32)})
        except _ort.Refused:
            continue
        ran += 1
        assert not report.failures, (report.failures, onnx.printer.to_text(model))
        at = dict(zip(AXES, numbers, strict=True))
        for output, actual in zip(model.graph.output, seen, strict=True):
            wrong = disagreement(report.types[output.name], actual, at)
            assert not wrong, f"{output.name} at {at}: {wrong}\n{onnx.printer.to_text(model)}"
    return ran
