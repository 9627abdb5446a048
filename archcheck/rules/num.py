"""Values of weights, and arithmetic that loses numbers."""
from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from archcheck.graph import TensorType, Uniform
from archcheck.rules._case import Case
from archcheck.rules._operands import (
    Operand,
    cast_before,
    judged,
    kernels,
    least,
    made,
    meets_data,
    of_kind,
    operand,
    output_axis,
)
from archcheck.rules._paths import before, constant
from archcheck.rules._ranges import TINY, range_of
from archcheck.rules._rule import ADVICE, ERROR, UNSAFE, WARNING, Fault, Faults, Site, rule
from archcheck.rules._statistics import Values, statistics
from archcheck.rules._training import fresh

LEAST = 65_520
"""The least number that float16 rounds to infinity; its largest finite one is 65,504."""

DEAD, DENORMAL, FLUSHED = 100, 1_000, 20
"""One part in so many of a tensor is worth a word."""

BOUNDING = ("Clip", "Max", "Min")
"""Operators for which a bound of infinity is none."""

WIDE = ("float32", "float64", "bfloat16")
"""The dtypes with a wider range than float16."""


# ---------------------------------------------------------------------------------- stored values
@rule("NUM100", "untrained-weights", severity=ADVICE, weights=True)
def untrained_weights(case: Case) -> Faults:
    """The weights are those that a network starts with: nothing was learned yet.

    Every batch normalization has means of 0 and variances of 1; or, without any, all biases are 0, or all
    residual branches end in a layer of zeros, as they do where they are to start as nothing. A model
    that ships so answers by chance; a checkpoint was not loaded before the export. A network exported for its
    architecture alone is fine. NUM102, NUM103 and NUM104 say nothing of such a network: zeros are usual in
    it.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2] b = {0, 0}, float[2, 2] v = {1, 3, 3, 4}, float[2] c = {0,0}>
        {
            a = Gemm (x, w, b)
            r = Relu (a)
            y = Gemm (r, v, c)
        }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {0, 0}, float[2] var = {1, 1}>
        { y = BatchNormalization (x, s, b, mean, var) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2] b = {0, 1}, float[2, 2] u = {0, 0, 0, 0},
         float[2, 2] v = {0, 0, 0, 0}>
        {
            a = Gemm (x, w, b)
            c = Gemm (a, u)
            g = Sigmoid (a)
            m = Mul (g, c)
            d = Add (x, m)
            e = Gemm (d, v)
            y = Add (e, d)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2] b = {0, 0}, float[2, 2] v = {1, 3, 3, 4}, float[2] c = {0, 1}>
        {
            a = Gemm (x, w, b)
            r = Relu (a)
            y = Gemm (r, v, c)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2] s = {1, 2}, float[2] b = {0, 0}, float[2] mean = {0, 0}, float[2] var = {1, 1.5}>
        { y = BatchNormalization (x, s, b, mean, var) }
    """
    told = case.fact(fresh)
    if told:
        yield Fault(f"the weights are untrained: {told}", "so a network starts; training changes them",
                    "load the checkpoint before the export")


@rule("NUM101", "nonfinite-weight", severity=ERROR, weights=True)
def nonfinite_weight(case: Case) -> Faults:
    """A weight of a convolution, a matrix product, a normalization or an embedding is infinite or no number.

    One NaN in a filter makes a whole channel NaN, and after the next layer everything. Training has diverged,
    or a conversion to float16 overflowed. Masks of −∞ that are added before a softmax are fine, and so are
    infinities that a maximum starts with: no sum of products reads them.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, nan, 3, 4}>
        { y = MatMul (x, w) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, inf, 4}>
        {
            v = Transpose <perm = [1, 0]> (w)
            y = MatMul (x, v)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2] mask = {0, -inf}>
        {
            a = MatMul (x, w)
            b = Add (a, mask)
            y = Softmax (b)
        }
    """
    for one, found in case.fact(judged):
        if not found.is_finite:
            said = [f"{count:,} {'is' if count == 1 else 'are'} {what}"
                    for count, what in ((found.nan, "NaN"), (found.infinite, "infinite")) if count]
            yield _of(one, f"of a weight's {found.size:,} numbers {' and '.join(said)}",
                      "every result that reads one is no number",
                      "train or convert it again, and look for the step at which it broke",
                      nan=found.nan, infinite=found.infinite)


@rule("NUM102", "all-zero-weight", severity=WARNING, weights=True)
def all_zero_weight(case: Case) -> Faults:
    """All numbers of a matrix or of a convolution's filters are zero.

    What comes out is the bias, whatever goes in: the layer does nothing. It was never loaded, or was zeroed
    to start with and not trained.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {0, 0, 0, 0}, float[2] b = {1, 2}>
        { y = Gemm (x, w, b) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {0, 1, 1, 0}, float[2] b = {1, 2}>
        { y = Gemm (x, w, b) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[1, 2] h = {0, 0}, float[2, 2] w = {1, 2, 3, 4}, float[2, 2] v = {4, 3, 2, 1}>
        {
            a = MatMul (h, w)
            b = MatMul (x, v)
            y = Add (a, b)
        }
    """
    for one, found in kernels(case) if not case.fact(fresh) else ():
        if found.is_zero and meets_data(case, one):
            yield _of(one, f"all {found.size:,} weights are zero", "the result is the same for all inputs",
                      "load its weights, or take the layer out", count=found.size)


@rule("NUM103", "dead-filters", severity=ADVICE, weights=True)
def dead_filters(case: Case) -> Faults:
    """At least 1 % of a layer's output channels have only zeros as weights.

    Such a channel is its bias for all inputs. Weight decay or pruning left it; the layer, and the one after
    it, can be made smaller by that many channels without any change. The sines of a Fourier transform have
    two such channels, those of frequencies 0 and a half.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        <float[2, 2, 1, 1] w = {1, 2, 0, 0}>
        { y = Conv (x, w) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 0, 2, -0.0}>
        { y = MatMul (x, w) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 0, 0}>
        { y = MatMul (x, w) }
    """
    dead = [] if case.fact(fresh) else list(_dead(case))
    for one, count, size in dead:
        total, of = sum(count for _, count, _ in dead), sum(size for *_, size in dead)
        layers = f" of {len(dead)} layers" if len(dead) > 1 else ""
        yield _of(one, f"{total:,} of the {of:,} output channels{layers} have only zeros as weights",
                  "they are their bias for all inputs", "take these channels out here and in what reads them",
                  "dead", dead=total, channels=of)


def _dead(case: Case) -> Iterator[tuple[Operand, int, int]]:
    """Layers with dead channels: the weight, how many are dead, and of how many."""
    for one, found in kernels(case):
        axis = output_axis(one)
        if axis is not None and found.zero and not found.is_zero:
            size = (one.kind.shape or ())[axis]
            count = case.fact(statistics).empty_slices(one.kind, axis)
            if isinstance(size, int) and count and count * DEAD >= size and meets_data(case, one):
                yield one, count, size


@rule("NUM104", "denormal-weights", severity=ADVICE, weights=True, fix=UNSAFE)
def denormal_weights(case: Case) -> Faults:
    """More than 0.1 % of a matrix's or filter's numbers are denormal: closer to zero than 1.2 × 10⁻³⁸.

    Most CPUs handle them in microcode, up to a hundred times slower than others, unless the runtime flushes
    them to zero (onnxruntime: `session.set_denormal_as_zero`). They are what weight decay leaves of a dead
    channel. float16 numbers are not meant.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 1e-40, 4}>
        { y = MatMul (x, w) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 1.2e-38, 0}>
        { y = MatMul (x, w) }
    """
    tensors = [] if case.fact(fresh) else kernels(case)
    yield from _shares([(one, found.denormal, found) for one, found in tensors], DENORMAL,
                       "are denormal", "they cost many times what others do, and are as good as zero",
                       "set them to zero")


def _shares(tensors: list[tuple[Operand, int, Values]], part: int, what: str, why: str,
            fix: str) -> Faults:
    """One finding about the tensors of which more than one number in ``part`` is of some sort."""
    many = [(one, count, found.size) for one, count, found in tensors if count * part > found.size]
    count, size = sum(each for _, each, _ in many), sum(each for *_, each in many)
    for one, _, _ in many:
        place = f" of {len(many)} weights" if len(many) > 1 else ""
        yield _of(one, f"{count:,} of the {size:,} numbers{place} {what}", why, fix, what,
                  count=count, of=size)


def _of(one: Operand, message: str, why: str, fix: str, cause: str | None = None, **facts: int) -> Fault:
    return Fault(message, why, fix, one.site, one.name, cause=cause, facts=facts)


# ---------------------------------------------------------------------------------- float16
@rule("NUM105", "fp16-overflow-constant", severity=WARNING, targeted=True, weights=True, fix=UNSAFE)
def fp16_overflow_constant(case: Case) -> Faults:
    """A constant is beyond what float16 can hold, 65,504: converted, it is infinite.

    Masks are often filled with −3.4 × 10³⁸, the least float32. As −∞ in float16 a row that is masked out
    altogether becomes NaN in the softmax. Bounds of a Clip, a Max or a Min are fine.

    Bad (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, bool[N, 4] mask) => (float[N, 4] y)
        <float low = {-65520}>
        { y = Where (mask, x, low) }

    Good (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, bool[N, 4] mask) => (float[N, 4] y)
        <float low = {-65504}>
        { y = Where (mask, x, low) }

    Good (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float low = {-3.4e38}, float high = {3.4e38}>
        { y = Clip (x, low, high) }
    """
    seen = set()
    for site in case.sites if case.aims_at("fp16") else ():
        for name, kind in zip(site.node.inputs, site.inputs):
            if kind.dtype in WIDE and (id(site.walk), name) not in seen and site.op not in BOUNDING:
                count = _beyond(case, kind) if kind.value is not None else 0
                if count:
                    seen.add((id(site.walk), name))
                    yield Fault(f"{count:,} numbers of a constant are infinite in float16" if count > 1 else
                                "a constant is infinite in float16", "float16 ends at 65,504",
                                "use a number within ±65,504, such as −10,000 in a mask", site, name,
                                cause="beyond", facts={"count": count})


def _beyond(case: Case, kind: TensorType) -> int:
    """How many finite elements of a constant float16 has no finite number for."""
    if isinstance(kind.value, Uniform):
        element = kind.value.element
        return int(isinstance(element, float) and isfinite(element) and abs(element) >= LEAST)
    found = case.fact(statistics).of(kind)
    return found.over if found else 0


@rule("NUM106", "fp16-underflow-weights", severity=ADVICE, targeted=True, weights=True)
def fp16_underflow_weights(case: Case) -> Faults:
    """More than 5 % of a weight's numbers become zero in float16, the next to it being 6 × 10⁻⁸.

    What was learned in them is lost (TensorRT issue 3101). bfloat16 has the range of float32; a scale
    per channel helps as well.

    Bad (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 2.9e-8, 4}>
        { y = MatMul (x, w) }

    Good (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3.1e-8, 0}>
        { y = MatMul (x, w) }
    """
    tensors = case.fact(judged) if case.aims_at("fp16") else ()
    yield from _shares([(one, found.flushed, found) for one, found in tensors], FLUSHED,
                       "become zero in float16", "float16 has no numbers between 0 and 6e-8",
                       "keep these weights in float32 or bfloat16, or scale them up")


@rule("NUM107", "fp16-sensitive-reduction", severity=WARNING, targeted=True)
def fp16_sensitive_reduction(case: Case) -> Faults:
    """Squares are worked out and then summed up by nodes of their own, which float16 overflows in.

    A normalization taken apart squares what it reads: from 256 on a square is beyond 65,504, and the sum
    before that (TensorRT issues 2564, 3101, 4338). LayerNormalization, of opset 17, and RMSNormalization,
    of opset 23, keep their sums in float32. Values that were cast to float32 for it are fine.

    Bad (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 1] y)
        <float two = {2}>
        {
            a = Pow (x, two)
            y = ReduceMean <axes = [-1]> (a)
        }

    Bad (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 1] y)
        <int64[1] axes = {-1}>
        {
            a = Mul (x, x)
            y = ReduceSum (a, axes)
        }

    Good (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float16[N, 4] x) => (float[N, 1] y)
        {
            f = Cast <to = 1> (x)
            a = Mul (f, f)
            y = ReduceMean <axes = [-1]> (a)
        }

    Good (--target fp16)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[N, 4] z) => (float[N, 1] y)
        {
            a = Mul (x, z)
            y = ReduceMean <axes = [-1]> (a)
        }
    """
    for site in case.of("ReduceMean", "ReduceSum") if case.aims_at("fp16") else ():
        square = before(site)
        if square and _squares(square) and not _is_lifted(square):
            yield Fault(f"squares are made by {square.op} and reduced by {site.op}",
                        "256² = 65,536 is beyond float16's 65,504", "use LayerNormalization (opset 17) or "
                        "RMSNormalization (opset 23), or keep these nodes in float32", site)


def _squares(site: Site) -> bool:
    """Whether a node squares floating-point numbers."""
    if "float" not in made(site):
        return False
    if site.op == "Mul":
        return len(set(site.node.inputs)) == 1
    return site.op == "Pow" and constant(site, 1) == (2,)


def _is_lifted(site: Site) -> bool:
    """Whether what a node reads was cast from float16 to a wider type."""
    maker = before(site)
    cast = cast_before(site) or (cast_before(maker) if maker is not None and maker.op == "Sub" else None)
    return cast is not None and site.inputs[0].dtype in WIDE and cast.inputs[0].dtype == "float16"


# ---------------------------------------------------------------------------------- arithmetic
@rule("NUM108", "log-of-softmax", severity=WARNING, fix=UNSAFE)
def log_of_softmax(case: Case) -> Faults:
    """The logarithm of a softmax, or of a sigmoid, is taken by a node of its own.

    The softmax of a logit 104 below the largest is 0 in float32, and its logarithm −∞; LogSoftmax says −104.
    log(sigmoid(x)) = −softplus(−x) is −104 at x = −104, where the sigmoid is 0.

    Bad::

        input: N x 8
        layers:
        - softmax -> Log

    Bad::

        input: N x 8
        layers:
        - sigmoid -> Log

    Good::

        input: N x 8
        layers:
        - softplus -> Log

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float eps = {1e-7}>
        {
            a = Softmax (x)
            b = Add (a, eps)
            y = Log (b)
        }
    """
    instead = {"Softmax": "LogSoftmax", "Sigmoid": "−Softplus(−x)"}
    for site in case.of("Log"):
        maker = before(site)
        if maker is not None and maker.op in instead:
            yield Fault(f"a Log follows a {maker.op}",
                        f"where {maker.op} is rounded to 0, its logarithm is −∞",
                        f"use {instead[maker.op]}", site, facts={"of": maker.op})


DIVISOR = "a divisor"
GUARDED = {"Div": (1, DIVISOR, TINY), "Reciprocal": (0, DIVISOR, TINY),
           "Log": (0, "a logarithm's argument", TINY), "Sqrt": (0, "a radicand", 0.0)}
"""Operators that not every number can be given to: the input, what it is, and from where on all is well."""


@rule("NUM109", "unsafe-division-or-sqrt", severity=ADVICE, profiles=("numeric",))
def unsafe_division_or_sqrt(case: Case) -> Faults:
    """A divisor, or what a root or a logarithm is taken of, can be zero or less whatever was meant.

    Division by 0 is infinite, the root of a negative number NaN, and one such value is in every result after
    it. The root's own slope is infinite at 0, so that training breaks there too. What the operators before
    it allow decides: a Relu can be 0, an Exp cannot, a sum of squares can be 0, and plus 10⁻⁵ cannot.

    Bad (--profile numeric)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Mul (x, x)
            s = ReduceMean <axes = [-1]> (a)
            y = Div (x, s)
        }

    Bad (--profile numeric)::

        input: N x 8
        layers:
        - Tanh -> Sqrt

    Good (--profile numeric)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float eps = {1e-5}>
        {
            a = Mul (x, x)
            s = ReduceMean <axes = [-1]> (a)
            t = Add (s, eps)
            r = Sqrt (t)
            y = Div (x, r)
        }

    Good (--profile numeric)::

        input: N x 8
        layers:
        - relu -> Sqrt
    """
    for op, (position, what, bound) in GUARDED.items():
        for site in case.of(op):
            found = range_of(case, site, position)
            if "float" in made(site) and found.low < bound and (what != DIVISOR or found.has_zero):
                yield Fault(f"{what} can be {'0' if found.low >= 0 else '0 or negative'}",
                            f"it lies between {found.low:g} and {found.high:g} for all that is known",
                            "add a small number to it, or bound it from below", site,
                            facts={"low": found.low, "high": found.high})


@rule("NUM110", "negative-variance", severity=ERROR, weights=True)
def negative_variance(case: Case) -> Faults:
    """A batch normalization has a variance below 0, or divides by 0.

    A variance is a mean of squares. Below 0 it was damaged, loaded in another's place, or made by arithmetic
    on checkpoints; where it and `epsilon` come to 0 or less, the channel is infinite or NaN.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {1, -0.5}>
        { y = BatchNormalization (x, s, b, mean, var) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {0, 1}>
        { y = BatchNormalization <epsilon = 0.0> (x, s, b, mean, var) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {0, 1}>
        { y = BatchNormalization (x, s, b, mean, var) }
    """
    for site in of_kind(case, "batch normalization"):
        variance, epsilon = operand(site, 4), site.node.attrs.get("epsilon")
        low = least(case, variance.kind) if variance else None
        if variance is None or low is None:
            continue
        if low < 0:
            yield _of(variance, "a variance is negative", f"{low:g} can be no mean of squares",
                      "load the statistics again; look for what was put in their place")
        elif isinstance(epsilon, float) and low + epsilon <= 0:
            yield _of(variance, "a variance of 0 is divided by", f"epsilon is {epsilon:g}",
                      "set epsilon to 1e-5")
