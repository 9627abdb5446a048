"""From a ``TypeProto`` to a `TensorType`, with a symbol for every axis whose size the file leaves open."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from archcheck.dims import Size, symbol, unknown
from archcheck.dtypes import dtype_name
from archcheck.graph import Shape, TensorType

MAX_RANK = 64
"""A shape with more axes is not taken for one; numpy has no more either."""

MAX_SYMBOL = 256
"""Longer names are no names: such an axis counts as unnamed."""

_FILLERS = "none", "unknown", "unk", "dynamic", "dyn"
_WRAPPERS = {"sequence_type": "seq", "optional_type": "opt", "sparse_tensor_type": "sparse"}

OpenAxis = Callable[[int], Size]  # the axis, to the size it gets where the file says none


class Symbols:
    """Names for the axes that inputs leave open, apart from each other and from all ``declared`` ones."""

    def __init__(self, declared: Callable[[], set[str]]) -> None:
        self._declared = declared
        self._counts: dict[str, int] = {}

    def fresh(self, value: str) -> OpenAxis:
        """A symbol ``<value>_<axis>`` for an axis of the input ``value``."""
        return lambda axis: symbol(self._name(value, axis))

    def _name(self, value: str, axis: int) -> str:
        stem = re.sub(r"[^0-9A-Za-z_]", "_", value[-MAX_SYMBOL:]) or "input"
        wanted = name = f"{'_' * stem[0].isdigit()}{stem}_{axis}"
        while name in self._taken:
            self._counts[wanted] = self._counts.get(wanted, 1) + 1
            name = f"{wanted}_{self._counts[wanted]}"
        self._taken.add(name)
        return name

    @cached_property
    def _taken(self) -> set[str]:
        return self._declared()


class Claims(Mapping[str, TensorType]):
    """What a file declares of values, by name, taken from its ``ValueInfoProto`` when it is asked for. An
    axis of which it says nothing is of unknown size."""

    def __init__(self, protos: Iterable[Any]) -> None:
        self._protos = {proto.name: proto for proto in protos}

    def __getitem__(self, name: str) -> TensorType:
        return type_of(self._protos[name].type, lambda axis: unknown(f"{name}[{axis}]", "not declared"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._protos)

    def __len__(self) -> int:
        return len(self._protos)


def type_of(proto: Any, open_axis: OpenAxis) -> TensorType:
    """What a ``TypeProto`` says of a value."""
    return TensorType(*_read(proto, open_axis))


def names_in(proto: Any) -> set[str]:
    """The names of symbolic sizes in the ``TypeProto`` of a tensor."""
    return {dim.dim_param for dim in proto.tensor_type.shape.dim if _is_name(dim.dim_param)}


def _read(proto: Any, open_axis: OpenAxis) -> tuple[str | None, Shape | None]:
    kind = proto.WhichOneof("value")
    if kind == "tensor_type":
        return _tensor(proto.tensor_type, open_axis)
    if kind == "map_type":
        value, _ = _read(proto.map_type.value_type, open_axis)
        return f"map({dtype_name(proto.map_type.key_type)},{value})", None
    if kind in _WRAPPERS:
        inner, sparse = getattr(proto, kind), kind == "sparse_tensor_type"
        dtype, shape = _tensor(inner, open_axis) if sparse else _read(inner.elem_type, open_axis)
        return f"{_WRAPPERS[kind]}({dtype})", shape
    return kind and "opaque", None


def _tensor(proto: Any, open_axis: OpenAxis) -> tuple[str | None, Shape | None]:
    dtype, sizes = dtype_name(proto.elem_type), proto.shape.dim
    if not proto.HasField("shape") or len(sizes) > MAX_RANK:
        return dtype, None
    return dtype, tuple(_size(dim, axis, open_axis) for axis, dim in enumerate(sizes))


def _size(proto: Any, axis: int, open_axis: OpenAxis) -> Size:
    number, name = proto.dim_value, proto.dim_param
    if number > 0:
        return int(number)
    if _is_name(name):
        return symbol(name)
    return 0 if number == 0 and proto.HasField("dim_value") else open_axis(axis)


def _is_name(text: str) -> bool:
    """Whether a ``dim_param`` names a size: some exporters write one filler for all sizes that are not fixed,
    and protobuf gives text that is not UTF-8 as bytes."""
    if not isinstance(text, str) or len(text) > MAX_SYMBOL or text.lower() in _FILLERS:
        return False
    return any(map(str.isalnum, text.lstrip("-0123456789")))
