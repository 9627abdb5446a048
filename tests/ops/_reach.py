"""What an operator says of its cost and of how its outputs read its inputs, held against what the oracle
does.

An element of an input is changed, and the node is run again: no output position may change that does not read
it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from archcheck import evaluate
from archcheck.analyses.taps import inputs_of, products
from archcheck.dims import Dim, total
from archcheck.graph import Shape
from archcheck.ops._op import All, Along, BothWays, Effect, Packed, Picked, Prefix, Reader, Spread, cost_of
from archcheck.report import Report
from tests.ops._oracles import Rejected

Array = np.ndarray[Any, Any]
PROBES = 4


def faults(effect: Effect, inputs: Sequence[Shape | None], outputs: Sequence[int],
           sizes: Mapping[str, int]) -> list[str]:
    """What does not fit in an effect: its cost at ``sizes``, and the form of what it says ``outputs``
    read."""
    cost = cost_of(effect)
    parts = [] if cost is None else [evaluate(part, sizes) for part in cost]
    found = [f"costs {cost}"] if any(isinstance(part, int) and part < 0 for part in parts) else []
    for k in outputs if effect.reads else ():
        misfits = _misfits(effect.reads(k), inputs, effect.outputs[k].shape)
        found += [f"output {k}: {misfit}" for misfit in misfits]
    return found


def odd_products(report: Report, sizes: Mapping[str, int]) -> list[str]:
    """What does not fit in the products that the first node's MACs belong to."""
    cost, found = report.costs[0], products(report.effects[0], inputs_of(report.walk, 0))
    if found is None or cost is None:
        return []
    given = len(report.graph.nodes[0].inputs)
    odd = [f"{product} has no factors" for product in found
           if not any(k < given for k in product.left) or not any(k < given for k in product.right)]
    macs = [evaluate(product.mac, sizes) for product in found]
    real = [evaluate(product.real, sizes) for product in found]
    for mac, part in zip(macs, real, strict=True):
        if isinstance(mac, int) and isinstance(part, int) and not 0 <= part <= mac:
            odd.append(f"{part} of {mac} MACs do not meet padding")
    if evaluate(total(product.mac for product in found), sizes) != evaluate(cost.mac, sizes):
        odd.append(f"{macs} MACs of products are not {cost.mac}")
    return odd


def _misfits(reads: Sequence[Any], inputs: Sequence[Shape | None], output: Shape | None) -> list[str]:
    if len(reads) < len(inputs):
        return [f"it says how it reads {len(reads)} inputs, but there are {len(inputs)}"]
    found = []
    for index, (readers, shape) in enumerate(zip(reads, inputs, strict=False)):
        if readers is not None and shape is not None and len(readers) != len(shape):
            found.append(f"{len(readers)} readers for the {len(shape)} axes of input {index}")
        for reader in readers or ():
            if output is not None and any(not 0 <= axis < len(output) for axis in _axes(reader)):
                found.append(f"{reader} of input {index} is outside the {len(output)} axes of the output")
    return found


def _axes(reader: Reader) -> list[int]:
    """The output axes that a reader depends on."""
    if isinstance(reader, Packed):
        return [part[0] for part in reader.parts]
    if isinstance(reader, BothWays):
        return [reader.axis, reader.direction]
    axis = getattr(reader, "axis", None)
    return [] if axis is None else [axis]


# ------------------------------------------------------------------------------------------------ probing
def undeclared(effect: Effect, arrays: Sequence[Any], inputs: int, outputs: Sequence[int],
               run: Callable[[Sequence[Any]], list[Any]]) -> list[str]:
    """Elements of the first ``inputs`` arrays on which output positions depend that are not said to read
    them. ``run`` makes the outputs ``outputs`` from arrays."""
    before, again = run(arrays), run(arrays)
    random = any(_differs(a, b).any() for a, b in zip(before, again, strict=True))
    found = []
    for index in range(inputs if effect.reads and not random else 0):
        for position, other in _changes(arrays[index]):
            try:
                after = run([*arrays[:index], other, *arrays[index + 1:]])
            except Rejected:
                continue
            for k, old, new in zip(outputs, before, after, strict=True):
                readers = effect.reads(k)[index]
                said = np.True_ if readers is None else _readers_of(readers, position, other, old)
                if (_differs(old, new) & ~said).any():
                    what = f"output {k} changes with element {position} of input {index}"
                    found.append(f"{what}, which is read by {readers}")
    return found


def _differs(old: Any, new: Any) -> Array:
    """Where two outputs differ by more than the order of a sum may; nowhere if they cannot be compared
    position by position."""
    if not isinstance(old, np.ndarray) or not isinstance(new, np.ndarray) or old.shape != new.shape:
        return np.zeros((), bool)
    if old.dtype.kind == "f":
        scale = np.max(np.abs(old), initial=0, where=np.isfinite(old))
        return ~np.isclose(old, new, rtol=1e-6, atol=1e-6 * scale, equal_nan=True)
    return np.asarray((old != new) & ((old == old) | (new == new)))


def _changes(array: Any) -> Iterator[tuple[tuple[int, ...], Array]]:
    """A few positions spread over ``array``, each with the array that has another value there."""
    if not isinstance(array, np.ndarray) or array.size == 0:
        return
    for flat in sorted({round((array.size - 1) * k / (PROBES - 1)) for k in range(PROBES)}):
        position = tuple(int(i) for i in np.unravel_index(flat, array.shape))
        others = _others(array, array[position])
        if len(others):
            changed = array.copy()
            changed[position] = others[0]
            yield position, changed


def _others(array: Array, value: Any) -> Array:
    """Values that may stand in the place of ``value``: those of the array itself where it could be an
    index."""
    if array.dtype.kind in "biuO":
        return array[array != value]
    return np.asarray([0.4 - value], array.dtype)


def _readers_of(readers: Sequence[Reader], position: Sequence[int], array: Array, output: Array) -> Array:
    """Which positions of ``output`` read the element of ``array`` at ``position``."""
    grid = np.meshgrid(*map(np.arange, output.shape), indexing="ij", sparse=True)
    found = np.ones(output.shape, bool)
    for reader, at, size in zip(readers, position, array.shape, strict=True):
        found &= _reads(reader, grid, at, size)
    return found


def _reads(reader: Reader, grid: Sequence[Array], at: int, size: int) -> Any:
    """Whether each output position reads the position ``at`` of ``size`` of the input axis that ``reader`` is
    about."""
    if isinstance(reader, All) or _is_open(reader):
        return True
    if isinstance(reader, Packed):
        return sum(grid[axis] // d % size * weight for axis, d, size, weight in reader.parts) == at
    if isinstance(reader, Picked):
        return _picked(reader, grid, at)
    place = grid[reader.axis]
    if isinstance(reader, Along) and reader.border:
        return _padded(reader, place.size, size)[place] == at
    if isinstance(reader, Along):
        tap, between = np.divmod(at - place * reader.stride - reader.start, reader.dilation)
        return (between == 0) & (tap >= 0) & (tap < reader.taps)
    if isinstance(reader, Spread):
        step, phase = np.divmod(place, len(reader.first))
        first, last = np.array(reader.first)[phase], np.array(reader.last)[phase]
        start, end = step * reader.stride + first, step * reader.stride + last
        return (start <= at) & (at <= end) & ((at - start) % reader.step == 0)
    if isinstance(reader, BothWays):
        return np.where(grid[reader.direction] == 0, at <= place, at >= place)
    assert isinstance(reader, Prefix)
    return at >= place + reader.gap if reader.reverse else at <= place - reader.gap


def _padded(reader: Along, count: int, size: int) -> Array:
    """Which of ``size`` input positions stands at each of ``count`` output positions of a padded axis."""
    before, after = -reader.start, count - size + reader.start
    assert reader[1:2] + reader[3:5] == (1, 1, 1) and isinstance(before, int), "only a pad has a border"
    return np.pad(np.arange(size), (before, after), mode=reader.border)


def _is_open(reader: Any) -> bool:
    """Whether a number in it is left to the data, so that it may read anything."""
    return isinstance(reader, Dim) or isinstance(reader, tuple) and any(map(_is_open, reader))


def _picked(reader: Picked, grid: Sequence[Array], at: int) -> Any:
    if reader.indices is None:
        return True
    if reader.axis is None:
        return at in reader.indices
    return np.array(reader.indices)[grid[reader.axis]] == at
