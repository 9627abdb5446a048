"""What a network is fed: random numbers, constants, or arrays of the user's, for each input at given
sizes."""
from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcheck.dims import Size, evaluate, symbols
from archcheck.dtypes import BITS
from archcheck.errors import UserError
from archcheck.graph import Graph, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import Effect, Picked, Reads
from archcheck.report import Report

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

RANDOM, ZEROS, ONES = "random", "zeros", "ones"
KINDS = RANDOM, ZEROS, ONES

LENGTH = 2
"""The number of elements of a sequence that is made up."""

_NUMPYS = {"bfloat16": "float32"}


def feeds(report: Report, sizes: Mapping[str, int], seed: int = 0,
          given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A value for each input of a network at ``sizes`` (all that are not numbers in ``report``): those
    ``given``, which are arrays or one of `KINDS`, and random ones for the others: see `made`. Raises
    `UserError` where a size is left open, or something given does not fit."""
    given = given or {}
    found = {}
    for name, kind in report.graph.inputs.items():
        kind = report.types.get(name) or kind
        value = given.get(name, RANDOM)
        if isinstance(value, str):
            found[name] = made(report, name, shape_at(name, kind, sizes), value, seed)
        else:
            found[name] = value
    return found


def made(report: Report, name: str, shape: tuple[int, ...], kind: str = RANDOM, seed: int = 0) -> Any:
    """A value for the input ``name``: zeros, ones or random elements. Random floats have the normal
    distribution; integers that name positions are any that there are, and others 0 or 1, but 1 at the start
    of every row, so that none is masked as a whole. A sequence has `LENGTH` elements, an optional has one.
    The same ``seed`` gives the same, whatever the other inputs are."""
    dtype = (report.types.get(name) or report.graph.inputs[name]).dtype or "float32"
    if dtype.startswith("opt("):
        dtype = dtype[4:-1]
    if dtype.startswith("seq("):
        return [_tensor(report, name, dtype[4:-1], shape, kind, seed + k) for k in range(LENGTH)]
    return _tensor(report, name, dtype, shape, kind, seed)


def shape_at(name: str, kind: TensorType, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an input at ``sizes``. Raises `UserError` where it stays open."""
    if kind.shape is None:
        raise UserError(f"the rank of the input {name!r} is not known; give it as a file: "
                        f"--input {name}=FILE.npy")
    found = tuple(evaluate(size, sizes) for size in kind.shape)
    left = sorted({atom.args[0] for size in found if not isinstance(size, int) and size is not None
                   for atom in symbols(size)})
    if left:
        raise UserError(f"the sizes {', '.join(left)} of the input {name!r} are open; bind them: "
                        + " ".join(f"--set {symbol}=…" for symbol in left))
    if any(not isinstance(size, int) or size < 0 for size in found):
        raise UserError(f"the input {name!r} has no shape at the sizes given; choose others with --set")
    return found  # type: ignore[return-value]


def _tensor(report: Report, name: str, dtype: str, shape: tuple[int, ...], kind: str, seed: int) -> Array:
    import numpy
    if dtype == "string":
        return numpy.full(shape, "" if kind == ZEROS else "a", object)
    stored = numpy_type(dtype)
    if kind != RANDOM:
        return numpy.full(shape, 0 if kind == ZEROS else 1, stored)
    draw = numpy.random.default_rng((seed, zlib.crc32(name.encode("utf-8", "surrogatepass"))))
    if stored.kind == "c":
        return (draw.standard_normal(shape) + 1j * draw.standard_normal(shape)).astype(stored)
    if stored.kind == "f":
        return draw.standard_normal(shape, "float32").astype(stored)
    limit = positions(report, name)
    whole = numpy.asarray(draw.integers(0, 2 if limit is None else max(limit, 1), shape))
    if limit is None:
        numpy.atleast_1d(whole)[..., :1] = 1
    return whole.astype(stored)


def numpy_type(dtype: str) -> Any:
    """The numpy type that elements of ``dtype`` are given in: a wider one where numpy has none."""
    import numpy
    if dtype in _NUMPYS or dtype.startswith("float") and BITS[dtype] < 16:
        return numpy.dtype("float32")
    if BITS.get(dtype, 8) < 8:
        return numpy.dtype("int8" if dtype.startswith("int") else "uint8")
    return numpy.dtype(dtype)


# ------------------------------------------------------------------------------------------------ positions
def positions(report: Report, name: str) -> int | None:
    """How many positions there are that the integers ``name`` can name: of the smallest axis that they are
    used as indices of, directly or moved about. None where they are none."""
    sizes = [size for size in _picked(report.walk, {name}) if isinstance(size, int)]
    return min(sizes, default=None)


def _picked(walk: Walk, names: set[str]) -> Iterator[Size]:
    """The sizes of the axes along which nodes read positions that ``names``, or what they are passed on as,
    decide."""
    carried = set(names)
    for index, node in enumerate(walk.graph.nodes):
        for body in walk.bodies.get(index, {}).values():
            yield from _picked(body, carried.intersection(body.graph.free_names)
                               | _entered(body.graph, node.inputs, carried))
        if carried.intersection(node.inputs):
            yield from _axes(walk, index, carried)
            if _is_whole(walk, node.outputs):
                carried.update(filter(None, node.outputs))


def _axes(walk: Walk, index: int, carried: set[str]) -> Iterator[Size]:
    node, effect = walk.graph.nodes[index], walk.effects[index]
    for name, axes in zip(node.inputs, _reads(effect)):
        kind = walk.types.get(name)
        if name not in carried and kind and kind.shape and axes:
            yield from (size for size, reader in zip(kind.shape, axes)
                        if isinstance(reader, Picked) and reader.indices is None)


def _entered(body: Graph, inputs: Sequence[str], carried: set[str]) -> set[str]:
    """What ``carried`` is called inside a function that is called with ``inputs``."""
    return {inner for inner, outer in zip(body.inputs, inputs) if outer in carried}


def _is_whole(walk: Walk, names: Sequence[str]) -> bool:
    kinds = [walk.types.get(name) for name in names if name]
    return any(kind and (kind.dtype or "").startswith(("int", "uint")) for kind in kinds)


def _reads(effect: Effect) -> Reads:
    """How the first output reads the inputs; nothing where that is not stated."""
    try:
        return effect.reads(0) if effect.reads else ()
    except Exception:  # noqa: BLE001 - as of a node that fails
        return ()
