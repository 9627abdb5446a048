"""Data types: numbers wider than meant, and casts for nothing."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archcheck.dtypes import BITS
from archcheck.graph import TensorType
from archcheck.infer import Walk
from archcheck.ops._op import FREE, cost_of
from archcheck.rules._case import Case
from archcheck.rules._operands import cast_before, every, made, parameter
from archcheck.rules._paths import holds_data
from archcheck.rules._rule import ADVICE, SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule

SINGLE = ("float32", "float16", "bfloat16")
FLOATS = (*SINGLE, "float64")
INT32 = -(1 << 31), (1 << 31) - 1
ENDS = (-(1 << 63), -(1 << 63) + 1, (1 << 63) - 1)
"""What exporters write for "to the end"."""

INDEXING = frozenset(("indices", "shape", "starts", "ends", "axes", "steps", "repeats", "pads", "sizes", "k",
                      "split", "axis", "depth", "start", "limit", "delta", "position_ids", "sequence_lens",
                      "condition"))
"""What operators call inputs that name positions and sizes."""


@rule("DTY101", "float64-leak", severity=WARNING, fix=UNSAFE)
def float64_leak(case: Case) -> Faults:
    """Part of a network of single precision computes in double precision.

    A Python or NumPy number is a double, and what it meets in a traced program becomes one. Doubles take
    twice the memory and, on a GPU, 2 to 64 times the time; many runtimes have no kernels for them. The node
    named is the first of each part; only values that depend on the network's data are meant.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Relu (x)
            d = Cast <to = 11> (a)
            s = Sqrt (d)
            y = Cast <to = 1> (s)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (double[N, 4] x) => (double[N, 4] y)
        {
            a = Relu (x)
            y = Sqrt (a)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y, double[2] d)
        {
            s = Shape (x)
            d = Cast <to = 11> (s)
            y = Relu (x)
        }
    """
    found = doubles(case)
    dtype, count = single(case) if found else "", len(found)
    for site in found:
        if not any(kind.dtype == "float64" and holds_data(case, site, position)
                   for position, kind in enumerate(site.inputs)):
            yield Fault(f"{count} nodes compute float64 in a network of {dtype}" if count > 1 else
                        f"a node makes float64 in a network of {dtype}",
                        f"it begins with a {site.op} of {site.inputs[0].dtype}",
                        f"cast to {dtype} instead, or give the constant that it meets that type", site,
                        cause="double", facts={"nodes": count})


def doubles(case: Case) -> list[Site]:
    """The nodes that compute float64 out of data in a network of another floating-point type."""
    if not _has_doubles(case):
        return []
    made = [site for site in case.sites if _dtypes(site.outputs) == "float64"]
    return [site for site in made if _follows_data(case, site)] if _is_single(case, len(made)) else []


def _has_doubles(case: Case) -> bool:
    """Whether any value is of double precision."""
    return "float64" in {kind.dtype for walk in case.report.walk.and_inner()
                         for kind in walk.types.values() if kind}


def _dtypes(kinds: tuple[TensorType, ...]) -> str | None:
    return kinds[0].dtype if kinds else None


def _is_single(case: Case, doubles: int) -> bool:
    """Whether a network takes no doubles, and makes more values of other floating-point types."""
    given = {case.report.types[name].dtype for name in case.graph.inputs}
    return "float64" not in given and sum(_dtypes(site.outputs) in SINGLE for site in case.sites) >= doubles


def single(case: Case) -> str:
    """The floating-point type that a network has most values of, double left out."""
    made = Counter(_dtypes(site.outputs) for site in case.sites)
    return max(SINGLE, key=lambda dtype: made[dtype])


def _follows_data(case: Case, site: Site) -> bool:
    """Whether a node reads values that hold data."""
    return id(site.walk) in case.report.flows and any(
        holds_data(case, site, position) for position in range(len(site.node.inputs)))


@rule("DTY102", "cast-ping-pong", severity=ADVICE, fix=UNSAFE)
def cast_ping_pong(case: Case) -> Faults:
    """Floating-point values are cast to another type and back, and nothing is done in between.

    To a wider type and back changes nothing; to a narrower one and back only loses digits. Converters put a
    pair around each node that they keep in float32, and two such nodes in a row leave one in the middle.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float16[N, 4] x) => (float16[N, 4] y)
        {
            a = Relu (x)
            b = Cast <to = 1> (a)
            c = Cast <to = 10> (b)
            y = Exp (c)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float16[N, 4] x) => (float16[N, 4] y)
        {
            a = Relu (x)
            b = Cast <to = 1> (a)
            c = Exp (b)
            y = Cast <to = 10> (c)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            b = Cast <to = 6> (x)
            y = Cast <to = 1> (b)
        }
    """
    for site in case.of("Cast"):
        first = cast_before(site)
        if first is None:
            continue
        origin, middle, end = first.inputs[0].dtype, site.inputs[0].dtype, made(site)
        if origin == end and origin in FLOATS and middle in FLOATS and origin != middle:
            wider = BITS[middle or ""] > BITS[origin or ""]
            yield Fault(f"{origin} is cast to {middle} and back", "nothing changes" if wider else
                        f"what {middle} cannot hold is lost", "take both casts out", site,
                        fixable=SAFE if wider else UNSAFE, facts={"from": origin, "by": middle})


@rule("DTY103", "int64-out-of-int32", severity=WARNING, targeted=True)
def int64_out_of_int32(case: Case) -> Faults:
    """A constant of int64 that is used does not fit into int32, which the target computes in.

    TensorRT before 10 and WebNN clamp or refuse it. The numbers that stand for "to the end" in a Slice, such
    as 2⁶³ − 1, are fine: clamped they mean the same.

    Bad (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (int64[N, 4] x) => (bool[N, 4] y)
        <int64[1] c = {2147483648}>
        { y = Less (x, c) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, M] y)
        <int64[1] start = {1}, int64[1] end = {2147483648}, int64[1] axis = {1}>
        { y = Slice (x, start, end, axis) }

    Good (--target tensorrt)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (int64[N, 3] x) => (bool[N, 3] y)
        <int64[3] c = {2147483647, -2147483648, 9223372036854775807}>
        { y = Less (x, c) }
    """
    seen = set()
    for site in case.sites if case.aims_at("tensorrt", "webnn") else ():
        for position, (name, kind) in enumerate(zip(site.node.inputs, site.inputs)):
            if kind.dtype == "int64" and kind.value is not None and (id(site.walk), name) not in seen and \
                    parameter(site, position) not in ("starts", "ends", "steps") and _is_beyond(case, kind):
                seen.add((id(site.walk), name))
                yield Fault("a constant of int64 is beyond int32", f"int32 ends at {INT32[1]:,}",
                            "use a number that fits, or do this part outside the network", site, name,
                            cause="beyond")


def _is_beyond(case: Case, kind: TensorType) -> bool:
    """Whether an element of a constant is beyond int32, those that mean an end left out."""
    import numpy
    return every(case, kind, lambda part: bool(
        ((part >= INT32[0]) & (part <= INT32[1]) | numpy.isin(part, ENDS)).all())) is False


@rule("DTY104", "int64-activations", severity=ADVICE, targeted=True)
def int64_activations(case: Case) -> Faults:
    """The network computes with int64 data that name no positions and no sizes.

    TensorRT, WebNN and most accelerators have no 64-bit arithmetic; they narrow it, or give the nodes back to
    the CPU. Indices into tables are meant to be integers and are left out.

    Bad (--target webnn)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (int64[N, 4] x, int64[N, 4] z) => (float[N, 4] y)
        {
            a = Mul (x, z)
            y = Cast <to = 1> (a)
        }

    Good (--target webnn)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (int64[N, 4] x, int64[N, 4] z) => (float[N, 4, 2] y)
        <float[3, 2] table = {1, 2, 3, 4, 5, 6}>
        {
            a = Add (x, z)
            y = Gather (table, a)
        }
    """
    for walk in case.report.walk.and_inner() if case.aims_at("tensorrt", "webnn") else ():
        for site in _computing(case, walk):
            yield Fault(f"{site.op} computes int64 data", "the target has no 64-bit arithmetic",
                        "cast the data to int32 or to floating point first", site)


def _computing(case: Case, walk: Walk) -> Iterator[Site]:
    """The nodes of one graph that compute int64 data from such data for something else than indices."""
    needed: set[str] = set(walk.graph.outputs)
    for index in reversed(range(len(walk.graph.nodes))):
        site = Site(walk, index)
        is_needed = not needed.isdisjoint(site.node.outputs)
        is_long = "int64" in {kind.dtype for kind in site.outputs}
        if not is_long or is_needed:
            needed.update(name for position, name in enumerate(site.node.inputs)
                          if parameter(site, position) not in INDEXING)
        if is_long and is_needed and _computes(site) and _follows_long_data(case, site):
            yield site


def _computes(site: Site) -> bool:
    return cost_of(site.effect) not in (None, FREE)


def _follows_long_data(case: Case, site: Site) -> bool:
    return id(site.walk) in case.report.flows and any(
        kind.dtype == "int64" and holds_data(case, site, place) for place, kind in enumerate(site.inputs))
