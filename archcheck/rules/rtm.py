"""What the runtimes that a model is for (``--target``) do not take, by tables of what they say of themselves.

`archcheck ops --runtime NAME` prints a table. What is in none is not judged.
"""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.rules._case import Case
from archcheck.rules._rule import ADVICE, ERROR, WARNING, Fault, Faults, Site, rule
from archcheck.rules.targets import Target
from archcheck.rules.targets import _clauses as clauses

NOT_RUN = frozenset(("Constant", "Dropout", "Identity"))
"""Operators that a runtime takes out before it asks who runs them."""


@rule("RTM101", "unsupported-operator", severity=WARNING, targeted=True)
def unsupported_operator(case: Case) -> Faults:
    """The target does not have an operator of the model.

    TensorRT's parser and OpenVINO refuse such a network unless a plugin has the operator. Where ONNX Runtime
    hands the work to CoreML, WebGPU or WebNN, the node runs on the CPU instead, its data are moved there and
    back, and the network is cut in two: that is advice. What follows from constants, or only computes shapes,
    is not meant. The lists are those of the runtimes: `archcheck ops --runtime NAME` shows one.

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[4, 4] x) => (float y) { y = Det (x) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[4, 4] x) => (float[4, 4] y) <float[4] s = {1, 1, 1, 1}> { y = LayerNormalization (x, s) }
    """
    for target in case.runtimes:
        for site in _run(case):
            if not site.node.domain and target.lacks(site.op, site.version):
                yield Fault(f"{target.text} has no {site.op}", _why(target, target.runtime.source),
                            "write it with operators that the target has, or run it apart", site,
                            severity=_severity(target), facts={"target": target.text, "op": site.op})


def _run(case: Case) -> Iterator[Site]:
    """The nodes that are left to be run: not those that follow from constants or only compute shapes."""
    flows = case.report.flows
    for site in case.sites:
        flow = flows.get(id(site.walk))
        if site.op not in NOT_RUN and (flow is None or not flow.data.isdisjoint(site.node.outputs)):
            yield site


def _severity(target: Target) -> str:
    return ADVICE if "CPU" in target.runtime.otherwise else ""


def _why(target: Target, source: str) -> str:
    return f"{target.runtime.otherwise}; see {source}"


@rule("RTM102", "missing-kernel", severity=ERROR, targeted=True)
def missing_kernel(case: Case) -> Faults:
    """ONNX Runtime has no kernel on the CPU for an operator with elements of this type.

    ONNX allows more than is implemented: convolutions in double precision, for one, are not. The network is
    not loaded: "Could not find an implementation for Conv(11)". Doubles are mostly not meant (DTY101).

    Bad (--target onnxruntime)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (double[N, 4] x) => (double[N, 4] y) { y = Erf (x) }

    Good (--target onnxruntime)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, double[N, 4] d) => (float[N, 4] y, double[N, 4] z) { y = Erf (x) z = Exp (d) }
    """
    for target in case.runtimes:
        for dtype, names in target.runtime.kernels.items():
            for site in case.of(*names.split()):
                if site.inputs and site.inputs[0].dtype == dtype:
                    yield Fault(f"{target.text} has no {site.op} of {dtype}",
                                _why(target, target.runtime.source), "cast its input to another type", site,
                                facts={"target": target.text, "op": site.op, "dtype": dtype})


def _broken(case: Case, kind: str, fix: str) -> Faults:
    """The nodes at which a condition of this ``kind`` does not hold."""
    for target in case.runtimes:
        for clause in target.clauses:
            if clause.kind != kind:
                continue
            for site in case.of(*clause.ops):
                wrong = clause.wrong(case.report, site)
                if wrong:
                    yield Fault(f"{target.text} does not take this {site.op}: {wrong}",
                                _why(target, clause.source), fix, site, severity=_severity(target),
                                facts={"target": target.text, "op": site.op})


@rule("RTM103", "unsupported-rank", severity=WARNING, targeted=True)
def unsupported_rank(case: Case) -> Faults:
    """An operator works on more or fewer axes than the target's does.

    TensorRT pools over two or three axes, not over one; CoreML and WebNN pool over two. A sequence can be
    pooled as an image with a height of 1.

    Bad (--target tensorrt)::

        input: N x 3 x 16
        layers:
        - maxpool 2 /2

    Good (--target tensorrt)::

        input: N x 3 x 16 x 16
        layers:
        - maxpool 2x2 /2
    """
    yield from _broken(case, clauses.RANK, "add an axis of 1 before it, and take it out after")


@rule("RTM104", "unsupported-resize-mode", severity=WARNING, targeted=True)
def unsupported_resize_mode(case: Case) -> Faults:
    """A Resize interpolates in a way that the target's does not.

    There are 3 modes, 7 ways to place coordinates and more switches; TensorRT and WebNN know some of them.
    What a runtime does not know it refuses, or worse, does otherwise (TensorRT 273, onnx-tensorrt 457).

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 16, 16] y)
        <float[4] scales = {1, 1, 2, 2}>
        { y = Resize <mode = "cubic"> (x, , scales) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 16, 16] y)
        <float[4] scales = {1, 1, 2, 2}>
        { y = Resize <mode = "linear"> (x, , scales) }
    """
    yield from _broken(case, clauses.RESIZE, "use a mode that the target has")


@rule("RTM105", "unsupported-ceil-mode", severity=WARNING, targeted=True)
def unsupported_ceil_mode(case: Case) -> Faults:
    """A pooling rounds its size up, and the target's rounds down.

    CoreML's format NeuralNetwork, the default, cannot round up. Padding at the end comes to the same for a
    maximum, where it makes the size the one that is rounded up to.

    Bad (--target coreml)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 4, 4] y)
        { y = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (x) }

    Good (--target coreml)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 4, 4] y)
        { y = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [0, 0, 1, 1]> (x) }
    """
    yield from _broken(case, clauses.CEIL, "pad at the end instead")


@rule("RTM107", "computed-parameter", severity=WARNING, targeted=True)
def computed_parameter(case: Case) -> Faults:
    """An input that the target wants to be a constant is computed as the network runs.

    Which axes to reduce, how to reshape, where to cut: ONNX lets all that be computed, and runtimes that plan
    ahead have to know it. Often it is a shape that was traced (SHP101) and can be written down.

    Bad (--target webnn)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[4, 6] x, int64 axis) => (float[4, 6] y) { y = CumSum (x, axis) }

    Good (--target webnn)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[4, 6] x) => (float[4, 6] y) <int64 axis = {1}> { y = CumSum (x, axis) }
    """
    yield from _broken(case, clauses.FIXED, "make it a constant, or fix the sizes that it follows from")


@rule("RTM108", "unsupported-attribute", severity=WARNING, targeted=True)
def unsupported_attribute(case: Case) -> Faults:
    """An operator does what the target's does not: dilated pooling, a reduction while it scatters, and such.

    ONNX's operators have more switches than most runtimes implement.

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 4, 4] y)
        { y = MaxPool <kernel_shape = [3, 3], dilations = [2, 2]> (x) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 6, 6] y)
        { y = MaxPool <kernel_shape = [3, 3], dilations = [1, 1]> (x) }
    """
    yield from _broken(case, clauses.ATTRIBUTE, "write it with what the target has")


@rule("RTM109", "unsupported-output", severity=WARNING, targeted=True)
def unsupported_output(case: Case) -> Faults:
    """An output is read that the target does not give.

    `MaxPool` can say where its maxima are, `LayerNormalization` what mean it took off. Few runtimes do.

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 4, 4] y, int64[1, 3, 4, 4] i)
        { y, i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 3, 8, 8] x) => (float[1, 3, 4, 4] y)
        { y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x) }
    """
    yield from _broken(case, clauses.OUTPUT, "do without it, or compute it in another way")


@rule("RTM110", "asymmetric-quantization", severity=WARNING, targeted=True)
def asymmetric_quantization(case: Case) -> Faults:
    """A zero point is not zero, and the target quantizes symmetrically.

    TensorRT takes scales only: the integer 0 has to stand for the number 0.

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (int8[N, 4] y) <float s = {0.5}, int8 z = {3}> { y = QuantizeLinear (x, s, z) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (int8[N, 4] y) <float s = {0.5}, int8 z = {0}> { y = QuantizeLinear (x, s, z) }
    """
    yield from _broken(case, clauses.ZERO, "calibrate with symmetric ranges, so that zero points are 0")
