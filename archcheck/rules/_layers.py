"""Layers as rules on design see them: what is linear, what has weights, what lies between two of them."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._op import All, Along, Packed, Spread, cost_of
from archcheck.rules._case import Case
from archcheck.rules._paths import is_shared, is_view, is_weight, reads, windows
from archcheck.rules._rule import Site

SCALING = ("Add", "Sub", "Mul", "Div")
BATCH_NORM = "BatchNormalization"


class Dense(NamedTuple):
    """A layer that sums over all its ``inputs`` channels for each of its ``outputs``, at so many ``taps``."""

    site: Site
    inputs: int
    outputs: int
    taps: int
    has_bias: bool

    @property
    def weights(self) -> int:
        """How many weights it has, the bias left out."""
        return self.inputs * self.outputs * self.taps

    @property
    def macs(self) -> Size:
        """Its multiply-accumulates."""
        shape = self.site.outputs[0].shape or ()
        return self.weights * prod(shape[:self.axis] + shape[self.axis:][1:])

    @property
    def axis(self) -> int:
        """Where the channels are in what it reads and makes."""
        return 1 if self.site.op == "Conv" else -1

    @property
    def stride(self) -> int:
        """The largest stride along its spatial axes."""
        return max((along.stride for along in windows(self.site)), default=1)


def dense(case: Case, site: Site) -> Dense | None:
    """A node as a dense layer with a stored weight; None where it is none, or its sizes are symbols."""
    if site.op not in ("Conv", "Gemm", "MatMul") or not is_weight(case, site, 1):
        return None
    sizes: Any = site.inputs[1].shape or ()
    if not all(isinstance(size, int) for size in sizes) or site.node.attrs.get("group", 1) != 1:
        return None
    if len(sizes) < 2 or (len(sizes) > 2) != (site.op == "Conv") or site.node.attrs.get("transA"):
        return None
    if site.op == "Conv":
        return Dense(site, sizes[1], sizes[0], math.prod(sizes[2:]), len(site.node.inputs) > 2)
    inputs, outputs = sizes[::-1] if site.node.attrs.get("transB") else sizes
    return Dense(site, inputs, outputs, 1, len(site.node.inputs) > 2)


def is_depthwise(case: Case, site: Site) -> bool:
    """Whether each filter of a convolution reads one channel, and is stored."""
    shape = site.inputs[1].shape or ()
    return len(shape) > 2 and shape[1] == 1 and is_weight(case, site, 1)


def is_affine(case: Case, site: Site) -> bool:
    """Whether a node only scales and moves what it is given: by constants, or as a batch normalization that
    is not trained."""
    if site.op == BATCH_NORM:
        return not site.node.attrs.get("training_mode")
    if site.op not in SCALING:
        return False
    stored = [is_weight(case, site, position) for position in (0, 1)]
    return stored == [False, True] or stored == [True, False] and site.op != "Div"


def data_position(case: Case, site: Site) -> int:
    """Which input of a linear node holds the data."""
    return 1 if site.op in SCALING and is_weight(case, site, 0) else 0


def linear_before(case: Case, site: Site) -> tuple[Dense | None, bool]:
    """The dense layer whose result a node reads with only scales and biases in between, that nothing else
    reads; and whether any were between."""
    found, moved = site.producer(), False
    while found is not None and not is_shared(found):
        layer = dense(case, found)
        if layer:
            return layer, moved
        if is_affine(case, found):
            moved, found = True, found.producer(data_position(case, found))
        elif is_view(found) and _keeps_shape(found):
            found = found.producer()
        else:
            break
    return None, moved


def _keeps_shape(site: Site) -> bool:
    """Whether a view leaves the axes as they are, but for those of one position."""
    given, made = site.inputs[0].shape or (), site.outputs[0].shape or ()
    return bool(given) and [size for size in given if size != 1] == [size for size in made if size != 1] \
        and site.op != "Transpose"


def merged(first: Dense, second: Dense, moved: bool) -> int | None:
    """How many weights one layer has that does the work of both; None where none does. Zeros around what the
    first one made are not what it makes of zeros."""
    if first.outputs != second.inputs or first.taps == 1 and _pads(first.site) \
            or _behind(first.site.outputs[0], first.axis) != _behind(second.site.inputs[0], second.axis):
        return None
    if _pads(second.site) and (first.has_bias or moved or first.taps > 1 or first.stride > 1):
        return None
    if first.taps > 1 and (second.taps > 1 or second.stride > 1) or second.taps > 1 and first.stride > 1:
        return None
    return first.inputs * second.outputs * max(first.taps, second.taps)


def _behind(kind: TensorType, axis: int) -> Any:
    """The sizes behind an axis, those of 1 left out; where they are not known, the axis stands for them."""
    return axis if kind.shape is None else [size for size in kind.shape[axis:][1:] if size != 1]


def _pads(site: Site) -> bool:
    pads = site.node.attrs.get("pads") or ()
    return any(pads) or site.node.attrs.get("auto_pad") in ("SAME_UPPER", "SAME_LOWER")


# ------------------------------------------------------------------------------------------ mixing channels
def mixes_channels(site: Site) -> bool:
    """Whether a node's results may depend on several channels of its inputs: it multiplies and sums over a
    whole axis, reads more of axis 1 than its own position, or does not say what it reads."""
    cost = cost_of(site.effect)
    if site.effect.reads is None or cost is None or cost.mac != 0 and any(
            isinstance(reader, All) and size != 1
            for reader, size in zip(reads(site), site.inputs[0].shape or ())):
        return True
    for position, kind in enumerate(site.inputs):
        shape, found = kind.shape or (), reads(site, position)
        if len(shape) > 1 and len(found) == len(shape) and shape[1] != 1:
            reader = found[1]
            if not isinstance(reader, (Along, Spread, Packed)) or getattr(reader, "taps", 1) != 1:
                return True
    return False


def mixed_later(case: Case) -> frozenset[tuple[int, int]]:
    """The walks, by their ``id``, and places of the nodes whose channels a later node mixes; of bodies,
    which hand their values on, all."""
    main = case.report.walk
    found: set[tuple[int, int]] = {(id(site.walk), site.at) for site in case.sites if site.walk is not main}
    later = set[str]()
    for index in reversed(range(len(main.graph.nodes))):
        site = Site(main, index)
        if any(name in later for name in site.node.outputs):
            found.add((id(main), index))
            later.update(site.node.inputs)
        elif index in main.bodies or mixes_channels(site):
            later.update(site.node.inputs)
    return frozenset(found)


# ------------------------------------------------------------------------------------------ residual blocks
def linear_branch(case: Case, site: Site) -> tuple[Site, ...]:
    """The nodes, the last first, of the branch of an addition whose other side is the value that the branch
    began at; none where it is no such addition, or not all of them are linear."""
    for position in (0, 1):
        nodes = tuple(_back(case, site.producer(position), site.node.inputs[1 - position]))
        if nodes and nodes[-1].node.inputs[data_position(case, nodes[-1])] == site.node.inputs[1 - position]:
            return nodes
    return ()


def _back(case: Case, found: Site | None, origin: str) -> Iterator[Site]:
    while found is not None and not is_shared(found) and is_linear(case, found):
        yield found
        position = data_position(case, found)
        if found.node.inputs[position] == origin:
            return
        found = found.producer(position)


def is_linear(case: Case, site: Site) -> bool:
    """Whether a node is linear in its first input."""
    return is_view(site) or is_affine(case, site) or site.op in ("Conv", "Gemm", "MatMul") \
        and is_weight(case, site, 1) or site.op in ("AveragePool", "Pad")


