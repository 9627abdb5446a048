"""A copy of an ONNX file with the inferred type of every value written into it, its payloads streamed, never loaded."""
from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from archcheck.dims import Size, is_known
from archcheck.dtypes import NAMES
from archcheck.errors import UserError
from archcheck.files import replacing
from archcheck.frontends._proto import schema
from archcheck.frontends._wire import Buffer, encoded, fields
from archcheck.graph import TensorType
from archcheck.report import Report

GRAPH, VALUE_INFO = 7, 13  # fields of ModelProto and of GraphProto
CHUNK = 1 << 20
_WRAPPERS = {"seq": "sequence_type", "opt": "optional_type"}


def annotate(report: Report, source: Path, target: Path) -> int:
    """Write to ``target`` the model in ``source`` with a ``value_info`` for every inner value whose type is known, in
    place of those it had; returns how many. ``source`` is the file that ``report`` was made from."""
    known = _annotations(report)
    with open(source, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data, \
            replacing(target) as out:
        _rewritten(data, known, out)
    return len(known)


def _annotations(report: Report) -> list[Any]:
    """A ``ValueInfoProto`` for every value that a node makes and whose rank or dtype is known."""
    inner = (name for node in report.graph.nodes for name in node.outputs if name)
    outputs = set(report.graph.outputs)
    return [_value_info(name, kind) for name in inner
            if name not in outputs and (kind := report.types.get(name)) is not None and kind.dtype is not None]


def _value_info(name: str, kind: TensorType) -> Any:
    info = schema().ValueInfoProto(name=name)
    slot, dtype = info.type, kind.dtype or ""
    while dtype[:4] in ("seq(", "opt("):
        slot, dtype = getattr(slot, _WRAPPERS[dtype[:3]]).elem_type, dtype[4:-1]
    if dtype.startswith("sparse("):
        slot, dtype = slot.sparse_tensor_type, dtype[7:-1]
    else:
        slot = slot.tensor_type
    slot.elem_type = NAMES.index(dtype) if dtype in NAMES else 0
    if kind.shape is not None:
        slot.shape.SetInParent()
        for size in kind.shape:
            _set_size(slot.shape.dim.add(), size)
    return info


def _set_size(dim: Any, size: Size) -> None:
    """A number, or a formula as the text of a ``dim_param``; a size that is not known stays unset."""
    if isinstance(size, int):
        dim.dim_value = size
    elif is_known(size):
        dim.dim_param = repr(size)


def _rewritten(data: Buffer, known: list[Any], out: IO[bytes]) -> None:
    """Stream the model ``data`` to ``out`` with ``known`` in the value_info of its graph."""
    graphs = [(start, body, end) for number, start, body, end in fields(data, 0, len(data)) if number == GRAPH]
    if len(graphs) != 1:
        raise UserError(f"the file stores its graph in {len(graphs)} pieces; save it with onnx.save first")
    start, body, end = graphs[0]
    annotations = schema().GraphProto(value_info=known).SerializeToString()
    kept = list(_without(data, body, end, {info.name for info in known}))
    length = sum(stop - begin for begin, stop in kept) + len(annotations)
    _copy(data, 0, start, out)
    out.write(encoded(GRAPH << 3 | 2) + encoded(length))
    for begin, stop in kept:
        _copy(data, begin, stop, out)
    out.write(annotations)
    _copy(data, end, len(data), out)


def _without(data: Buffer, body: int, end: int, names: set[str]) -> Iterator[tuple[int, int]]:
    """The ranges of a graph's bytes that hold anything but the value_info of ``names``."""
    begin = body
    for number, start, inner, after in fields(data, body, end):
        if number == VALUE_INFO and schema().ValueInfoProto.FromString(data[inner:after]).name in names:
            yield begin, start
            begin = after
    yield begin, end


def _copy(data: Buffer, begin: int, end: int, out: IO[bytes]) -> None:
    for at in range(begin, end, CHUNK):
        out.write(data[at:min(at + CHUNK, end)])
