"""A network that can be run with parts of its inputs changed, and what becomes of its values then."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto

from tests.oracles.prepare import FLOATS, Unprobed, expose, fill, graphs, passing

Array = np.ndarray[Any, Any]
Marks = dict[str, Array]
"""For some values which of their elements are meant."""

STEPS = 0.37, 40.0
"""What is added to an element to change it: a little, for functions that saturate, and a lot, for others."""
ROUNDING = 1e-5
"""The share of a change that may get through where a coordinate is rounded: behind Resize less is taken for
none."""
DATALESS = {"Shape", "Size", "ConstantOfShape", "RandomNormalLike", "RandomUniformLike"}
SELECTING = {"Where", "TopK", "ScatterND", "ScatterElements", "Loop", "Scan", "If", "RoiAlign", "MaxRoiPool",
             "GridSample", "DeformConv", "NonMaxSuppression", "Pow", "MaxUnpool", "Hardmax", "Shrink",
             "ThresholdedRelu"}
"""Operators that may drop a NaN which they read."""


LEAKING = {"Resize", "Upsample", "GridSample", "LRN"}
"""Operators that multiply by 0 what they do not read, or take out again what they summed before."""
BLOCKED = "com.microsoft.nchwc"
"""The operators of this domain lay channels out in blocks, without saying so in their outputs' shapes: which
element stands where cannot be seen from outside."""


class Given(NamedTuple):
    """An input of the network: its numpy dtype, its shape, and what it is fed with by default."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return tuple(self.array.shape)

    @property
    def is_float(self) -> bool:
        """Whether it can hold NaN."""
        return self.array.dtype.kind == "f"


class Network:
    """A model prepared for probing, at fixed shapes of its ``inputs``.

    Two networks run side by side: the one that was given, which is disturbed by finite amounts, and one in
    which every operator passes NaN on as far as that can be had. ``model`` is changed.
    """

    def __init__(self, model: ModelProto, shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> None:
        fill(model)
        expose(model)
        self.nodes = [NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
        self._true = _session(model)
        self.kinds = {output.name: output.type for output in self._true.get_outputs()}
        draw = np.random.default_rng(seed)
        self.inputs = {given.name: Given(_array(draw, given.type, shapes[given.name]))
                       for given in self._true.get_inputs()}
        self._before = self._run(self._true, self.inputs_as_given)
        self._passing = _session(model) if passing(model, self.kinds) else self._true

    @property
    def inputs_as_given(self) -> dict[str, Array]:
        """What the network is fed with where nothing is changed."""
        return {name: given.array for name, given in self.inputs.items()}

    @cached_property
    def values(self) -> dict[str, tuple[int, ...]]:
        """The values that are probed, and their shapes: those that hold floats without any change."""
        return {name: tuple(array.shape) for name, array in self._clean.items()}

    @cached_property
    def _clean(self) -> dict[str, Array]:
        found = self._run(self._passing, self.inputs_as_given)
        packed = {name for node in self.nodes if node.domain == BLOCKED for name in node.output
                  if node.op_type != "ReorderOutput"}
        return {name: np.isnan(array) for name, array in found.items()
                if array.shape == self._before.get(name, array).shape and name not in packed}

    @cached_property
    def through(self) -> dict[str, frozenset[str]]:
        """For each value the operators on the way to it that may drop a NaN."""
        return _through(self.nodes, self.inputs, self.kinds, _drops)

    @cached_property
    def leaking(self) -> dict[str, frozenset[str]]:
        """For each value the operators on the way to it that may spread a NaN to what does not depend on it,
        because they multiply it by 0."""
        return _through(self.nodes, self.inputs, {}, _leaks)

    def poisoned(self, where: Mapping[str, Array]) -> Marks:
        """Which elements turn NaN where the elements ``where`` of the inputs are NaN."""
        feeds = self.inputs_as_given
        for name, mask in where.items():
            feeds[name] = np.where(mask, feeds[name].dtype.type(np.nan), feeds[name])
        found = self._run(self._passing, feeds)
        return {name: np.isnan(found[name]) & ~clean for name, clean in self._clean.items()}

    def disturbed(self, where: Mapping[str, Array]) -> Marks:
        """Which elements change where the elements ``where`` of the inputs do, by finite amounts."""
        marks = {name: np.zeros(shape, bool) for name, shape in self.values.items()}
        for step in STEPS if any(self.inputs[name].is_float for name in where) else STEPS[:1]:
            feeds = self.inputs_as_given | {name: _changed(self.inputs[name].array, mask, step)
                                            for name, mask in where.items()}
            for name, after in self._run(self._true, feeds).items():
                before = self._before[name]
                if name in marks and before.shape == after.shape:
                    least = step * ROUNDING if self.leaking.get(name) else 0
                    marks[name] |= _differs(before, after, least)
        return marks

    def _run(self, session: Any, feeds: Mapping[str, Array]) -> dict[str, Array]:
        names = [output.name for output in session.get_outputs() if output.type in FLOATS[:3]]
        return dict(zip(names, session.run(names, dict(feeds))))


def _differs(before: Array, after: Array, least: float) -> Array:
    """Where two arrays differ by more than ``least``; NaN does not differ from NaN."""
    with np.errstate(invalid="ignore"):
        far = np.abs(before - after) > least
    appeared = np.isnan(before) != np.isnan(after)
    endless = np.isinf(before) & (before != after)
    return np.asarray(far | appeared | endless)


def _session(model: ModelProto) -> Any:
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                            providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Unprobed(f"ONNX Runtime refuses it: {str(error).splitlines()[0][:200]}") from None


def _array(draw: np.random.Generator, kind: str, shape: tuple[int, ...]) -> Array:
    """Floats between 1/4 and 1, so that rectifiers let them through; integers 0 and 1."""
    kind = kind.removeprefix("tensor(").removesuffix(")")
    dtype = np.dtype({"float": "float32", "double": "float64"}.get(kind, kind))
    if dtype.kind == "f":
        return draw.uniform(0.25, 1, shape).astype(dtype)
    return draw.integers(0, 2, shape).astype(dtype)


def _changed(array: Array, mask: Array, step: float) -> Array:
    """``array`` with other elements where ``mask`` says; integers stay 0 or 1."""
    other = array + array.dtype.type(step) if array.dtype.kind == "f" else 1 - array.astype(np.int64)
    return np.where(mask, other, array).astype(array.dtype)


# ----------------------------------------------------------------------------------------- what lies upstream
def _through(nodes: Any, inputs: Mapping[str, Any], kinds: Mapping[str, str], test: Any) -> dict[str, Any]:
    """For each value that depends on the inputs the operators on the way that pass a test."""
    found: dict[str, frozenset[str]] = {name: frozenset() for name in inputs}
    for node in nodes:
        read = [name for name in _reads(node) if name in found]
        if read and node.op_type not in DATALESS:
            upstream = frozenset(test(node, kinds)).union(*(found[name] for name in read))
            found.update({name: upstream for name in node.output if name})
    return found


def _reads(node: NodeProto) -> Iterator[str]:
    """What a node reads, in its bodies too."""
    yield from node.input
    bodies = [body for attribute in node.attribute for body in (attribute.g, *attribute.graphs)]
    for body in bodies:
        for graph in graphs(body):
            yield from (name for inner in graph.node for name in inner.input)
            yield from (output.name for output in graph.output)


def _drops(node: NodeProto, kinds: Mapping[str, str]) -> set[str]:
    if any(kinds.get(name, FLOATS[0]) not in FLOATS for name in node.output if name):
        return {"integers"}
    return {node.op_type} if node.op_type in SELECTING or node.domain not in ("", "ai.onnx") else set()


def _leaks(node: NodeProto, kinds: Mapping[str, str]) -> set[str]:
    return {node.op_type} & LEAKING
