"""The numbers of weights, read and written by fixes."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcheck.fixing._edit import Declined, Edit
from archcheck.fixing._scene import Scene
from archcheck.rules._rule import Site

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

LARGEST = 256 << 20
"""A weight of more bytes is not worked on: all of them would be in memory."""

FLOATS = ("float16", "float32", "float64")


def weight(edit: Edit, site: Site, name: str) -> Scene:
    """The scene that stores what a node reads as ``name``: its own, or the main graph."""
    scene, _ = edit.at(site)
    found = next((one for one in (scene, edit.main) if name in one.graph.weights), None)
    if found is None:
        raise Declined("the numbers are no weight of their own")
    return found


def read(edit: Edit, site: Site, position: int) -> Array:
    """The numbers that a node reads at ``position`` from a weight."""
    inputs = site.node.inputs
    if position >= len(inputs) or not inputs[position]:
        raise Declined("the numbers are not given")
    return numbers(edit, weight(edit, site, inputs[position]), inputs[position])


def numbers(edit: Edit, scene: Scene, name: str) -> Array:
    """The numbers of a weight."""
    import numpy
    kind: Any = scene.graph.weights[name]
    if kind.dtype not in FLOATS or not isinstance(kind.bytes, int) or kind.bytes > LARGEST:
        raise Declined("the weight is too large, or of another dtype")
    chunks = list(edit.case.payloads.arrays(kind))
    if sum(chunk.size for chunk in chunks) * chunks[0].itemsize != kind.bytes if chunks else kind.bytes:
        raise Declined("the weight's numbers are not in the file")
    return numpy.concatenate(chunks).reshape(kind.shape) if chunks else numpy.zeros(kind.shape, kind.dtype)


def store(scene: Scene, name: str, array: Array) -> str:
    """Add a weight; its name."""
    return scene.store(name, str(array.dtype), array.shape, _raw(array))


def overwrite(scene: Scene, name: str, array: Array) -> None:
    """Give a weight other numbers."""
    tensor = next(tensor for tensor in scene.proto.initializer if tensor.name == name)
    kept = tensor.data_type, list(tensor.dims), tensor.doc_string
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.doc_string, tensor.raw_data = name, kept[0], kept[2], _raw(array)
    tensor.dims.extend(kept[1])


def _raw(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
