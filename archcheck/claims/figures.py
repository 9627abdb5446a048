"""Figures of networks, layers and scopes that statements are about."""
from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcheck.claims._functions import figure
from archcheck.claims._parts import NotKnown, Part, collapsed, part, shape_of
from archcheck.dims import Size, maximum, prod, same, total
from archcheck.ops._op import Along

if TYPE_CHECKING:
    from archcheck.analyses.connections import Connected
    from archcheck.analyses.params import Weight
    from archcheck.report import Report


@figure
def layer(x: Part, name: str) -> Part:
    """The layer, scope or value of a network that is called so, for names that are no identifiers."""
    _whole(x, "layer")
    return part(x.report, x.name, name)


# ------------------------------------------------------------------------------------------------ parameters
@figure
def params(x: Part) -> Size:
    """Parameters, each counted once."""
    if x.is_whole:
        return x.report.params
    used = x.report.weights.by_node
    return x.sum(lambda index: used.get(index, 0), "the parameters")


def _learned(x: Part) -> list[Weight]:
    """The learned tensors that a part is the first to use."""
    inside = set(x.indices)
    return [weight for weight in x.report.weights.weights
            if weight.kind == "learned" and weight.used_by and weight.used_by[0] in inside]


@figure
def weights(x: Part) -> Size:
    """Parameters that data are multiplied with: those in tensors of two axes or more."""
    return total(weight.elements for weight in _learned(x) if len(shape_of(x.report, weight.name)) > 1)


@figure
def biases(x: Part) -> Size:
    """Parameters that are added: vectors of layers that multiply, and of additions."""
    found = [weight for weight in _learned(x) if len(shape_of(x.report, weight.name)) <= 1]
    costs = x.report.costs
    return total(weight.elements for weight in found
                 if (cost := costs[weight.used_by[0]]) is not None and (cost.mac != 0 or cost.mul == 0))


@figure
def weight_shape(x: Part) -> Any:
    """The shape of a layer's weight."""
    reads = set(weighted(x))
    for weight in x.report.weights.weights:
        found = shape_of(x.report, weight.name)
        if len(found) > 1 and reads & set(weight.used_by):
            return found
    raise ValueError(f"{x.name} has no weight")


# ------------------------------------------------------------------------------------------------------ cost
@figure
def macs(x: Part) -> Size:
    """Multiply-accumulates, padding counted, no biases."""
    return x.sum(lambda index: cost.mac if (cost := x.report.costs[index]) else None, "the MACs")


@figure
def flops(x: Part) -> Size:
    """2 · MACs and every other scalar operation."""
    return x.sum(lambda index: cost.flops if (cost := x.report.costs[index]) else None, "the FLOPs")


@figure
def exact_macs(x: Part) -> Size:
    """Multiply-accumulates without those that meet padding."""
    return x.sum(lambda index: of[0] if (of := x.report.exact.by_node[index]) else None, "the exact MACs")


@figure
def activations(x: Part) -> Size:
    """Bytes of everything that the nodes make."""
    made = [name for node in x.nodes for name in node.outputs if name]
    return total(_bytes(x.report, name) for name in made)


def _bytes(report: Report, value: str) -> Size:
    found = report.types[value].bytes
    if found is None:
        raise NotKnown(f"how many bytes {value} has is not known")
    return found


@figure
def memory(x: Part) -> Size:
    """Bytes of activations in memory at once, at most, in a run of the whole network."""
    _whole(x, "memory")
    if x.report.memory.unknown:
        raise NotKnown(f"the size of {x.report.memory.unknown[0]} is not known")
    return x.report.memory.peak.bytes


def _whole(x: Part, what: str) -> None:
    if not x.is_whole:
        raise ValueError(f"{what} is of whole networks, and {x.name} is a part of one")


# ------------------------------------------------------------------------------------------------ connections
def _connected(x: Part, index: int) -> Connected:
    found = x.report.connections.by_node[index]
    if found is None:
        raise NotKnown(f"the connections of {x.report.graph.nodes[index].name} are not known")
    return found


@figure
def connections(x: Part) -> Size:
    """Arrows between units of layers that have weights, those from padding not counted."""
    return x.sum(lambda index: _connected(x, index).connections, "the connections")


@figure
def unshared(x: Part) -> Size:
    """The weights there would be if none were shared: one for each tap of each unit."""
    return x.sum(lambda index: _connected(x, index).unshared, "the connections")


@figure
def reuse(x: Part) -> Any:
    """How often each weight is used in one sample."""
    return _over(unshared(x), x.sum(lambda index: _connected(x, index).weights, "the weights"))


def _over(a: Size, b: Size) -> Any:
    """The exact quotient. Raises `NotKnown` where formulas do not divide."""
    if isinstance(a, int) and isinstance(b, int):
        found = Fraction(a, b)
        return found.numerator if found.denominator == 1 else found
    if same(a // b * b, a) is not True:
        raise NotKnown(f"whether {a} is a multiple of {b} depends on the symbols")
    return a // b


@figure
def taps(x: Part) -> Any:
    """Connections that reach one unit of a layer, away from padding."""
    return _over(unshared(x), prod(_weighted_one(x)[1:]))


def _weighted_one(x: Part) -> Any:
    found = weighted(x)
    if len(found) != 1:
        raise ValueError(f"{x.name} has {len(found)} layers with weights, and should be one")
    return shape_of(x.report, x.report.graph.nodes[found[0]].outputs[0])


# ----------------------------------------------------------------------------------------------------- shapes
@figure
def shape(x: Part) -> Any:
    """The shape of the output, the batch first."""
    return x.shape


@figure
def input_(x: Part) -> Any:
    """The shape of the value that is read first."""
    return shape_of(x.report, x.input)


@figure
def size(x: Part, axis: int) -> Size:
    """The size of an axis of the output, the batch being axis 0."""
    return x.shape[axis]


@figure
def elements(x: Part) -> Size:
    """The number of elements of the output, for one sample."""
    return prod(x.shape[1:])


@figure
def channels(x: Part) -> Size:
    """The channels of the output."""
    return x.shape[1]


@figure
def height(x: Part) -> Size:
    """The rows of the output."""
    return x.shape[-2]


@figure
def width(x: Part) -> Size:
    """The columns of the output."""
    return x.shape[-1]


# ----------------------------------------------------------------------------------------------------- fields
def _axes(x: Part, fields: Any, axis: int | None) -> list[Any]:
    found = fields.get(x.output)
    if not found:
        raise ValueError(f"{x.name} does not depend on an input of the network")
    axes = next(iter(found.values()))
    first = 2 if len(axes) > 2 else 1
    return [axes[axis]] if axis is not None else list(axes[first:])


def _known(x: Part, values: list[Any], what: str) -> Any:
    if None in values:
        raise NotKnown(f"the {what} of {x.name} is not one number")
    return collapsed(values)


@figure
def field(x: Part, axis: int | None = None) -> Any:
    """The receptive field in the network's first input: its size along each spatial axis, or one axis."""
    return _known(x, [one.size for one in _axes(x, x.report.fields, axis)], "field")


@figure
def local_field(x: Part, axis: int | None = None) -> Any:
    """The receptive field without statistics and gates, which only scale."""
    return _known(x, [one.size for one in _axes(x, x.report.local_fields, axis)], "local field")


@figure
def narrowest_field(x: Part, axis: int | None = None) -> Any:
    """The receptive field along the branches that keep it smallest."""
    return _known(x, [one.size for one in _axes(x, x.report.narrowest_fields, axis)], "narrowest field")


@figure
def stride(x: Part, axis: int | None = None) -> Any:
    """By how many input positions the receptive field moves for each position of the value."""
    return _known(x, [one.stride for one in _axes(x, x.report.fields, axis)], "stride")


@figure
def start(x: Part, axis: int | None = None) -> Any:
    """Where the receptive field of the first position begins, below 0 in padding."""
    return _known(x, [one.start for one in _axes(x, x.report.fields, axis)], "start")


# ---------------------------------------------------------------------------------------------- single layers
def _windows(x: Part) -> list[Along]:
    """How a layer's window reads each spatial axis; in a scope, that of the one layer with weights, or of the
    one that reads more than a position."""
    from archcheck.analyses.structure import main_reads
    found = {index: reads for index in x.indices if (reads := main_reads(x.report, index))}
    if len(found) > 1:
        heavy = set(weighted(x))
        wide = {index for index, reads in found.items() if any(reader.taps != 1 for reader in reads)}
        found = {index: found[index] for index in found if index in (heavy & found.keys() or wide)}
    if len(found) != 1:
        raise ValueError(f"{x.name} has {len(found) or 'no'} windows; name the layer" if found else
                         f"{x.name} has no window")
    return next(iter(found.values()))


@figure
def kernel(x: Part) -> Any:
    """The window of a convolution or pooling, along each spatial axis."""
    return collapsed(reader.taps for reader in _windows(x))


@figure
def window_stride(x: Part) -> Any:
    """By how much a layer's own window moves."""
    return collapsed(reader.stride for reader in _windows(x))


@figure
def pad(x: Part) -> Any:
    """How many positions of padding stand before the first."""
    return collapsed(-reader.start for reader in _windows(x))


@figure
def dilation(x: Part) -> Any:
    """The distance between neighbouring taps of a window."""
    return collapsed(reader.dilation for reader in _windows(x))


@figure
def filters(x: Part) -> Size:
    """The filters of a convolution: its output's channels."""
    return _weighted_one(x)[1]  # type: ignore[no-any-return]


@figure
def groups(x: Part) -> Size:
    """The groups of a convolution: the input's channels over those that one filter reads."""
    return input_(x)[1] // weight_shape(x)[1]  # type: ignore[no-any-return]


# -------------------------------------------------------------------------------------------------- structure
def weighted(x: Part) -> list[int]:
    """The nodes of a part that multiply data with a weight."""
    from archcheck.analyses.structure import with_weights
    all_of_them = with_weights(x.report)
    return [index for index in x.indices if index in all_of_them]


@figure
def layers(x: Part) -> int:
    """The number of layers that have weights."""
    return len(weighted(x))


@figure
def depth(x: Part) -> int:
    """Layers with weights on the longest path to the output, the first one where there are several."""
    return _path(x, max)


@figure
def shortest(x: Part) -> int:
    """Layers with weights on the shortest path."""
    return _path(x, min)


@figure
def depth_to(x: Part) -> int:
    """Layers with weights on the longest path from the network's inputs, its own among them."""
    from archcheck.analyses.structure import path, with_weights
    made = x.report.graph.producers.get(x.output, -1)
    return path(x.report, range(made + 1), set(with_weights(x.report)), max).get(x.output, 0)


def _path(x: Part, pick: Any) -> int:
    from archcheck.analyses.structure import path
    return path(x.report, x.indices, set(weighted(x)), pick).get(x.output, 0)


@figure
def chain(x: Part) -> bool:
    """Whether it is a chain: every layer reads one value, and every value is read once."""
    from archcheck.analyses.structure import is_chain
    return is_chain(x.report, x.indices)


@figure
def fails(x: Part) -> bool:
    """Whether something in it cannot be: shapes that do not go together, an operator that there is not."""
    return any(index in x.report.failures for index in x.indices)


@figure
def parts(x: Part, begin: str) -> int:
    """The number of scopes whose own name begins so: ``"inception"`` counts inception3a, inception3b."""
    from archcheck.scopes import scope
    paths = {path[:k] for path in map(scope, x.nodes) for k in range(1, len(path) + 1)}
    return sum(path[-1].startswith(begin) for path in paths)


@figure
def largest(x: Part, what: str) -> Size:
    """The largest ``"kernel"``, ``"params"``, ``"macs"``, ``"channels"`` or ``"field"`` of a single layer."""
    figures = {"kernel": kernel, "params": params, "macs": macs, "channels": filters, "field": field}
    if what not in figures:
        raise ValueError(f"the largest of {', '.join(figures)} is known, but not of {what!r}")
    found: Size = 0
    for index in weighted(x):
        one = Part(x.report, x.name, (index,), x.report.graph.nodes[index].outputs[0])
        try:
            value = figures[what](one)
        except ValueError:
            continue
        for number in value if isinstance(value, tuple) else (value,):
            found = maximum(found, number)
    return found
