"""From a `TensorType` to a ``TypeProto``."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, is_known
from archcheck.dtypes import NAMES
from archcheck.frontends._proto import schema
from archcheck.graph import Shape, TensorType


def value_info(name: str, kind: TensorType | None) -> Any:
    """A ``ValueInfoProto``, with no type where the dtype is not known or the format has no name for it."""
    info = schema().ValueInfoProto(name=name)
    if kind is not None and kind.dtype is not None and not fill(info.type, kind.dtype, kind.shape):
        info.ClearField("type")
    return info


def fill(proto: Any, dtype: str, shape: Shape | None) -> bool:
    """Set a ``TypeProto``; False where the format has no name for the dtype."""
    wrapper, _, inner = dtype.partition("(")
    if wrapper in ("seq", "opt"):
        part = proto.sequence_type if wrapper == "seq" else proto.optional_type
        return fill(part.elem_type, inner[:-1], shape)
    if wrapper == "map":
        key, _, value = inner[:-1].partition(",")
        proto.map_type.key_type = NAMES.index(key) if key in NAMES else 0
        return key in NAMES and fill(proto.map_type.value_type, value, ())
    tensor = proto.sparse_tensor_type if wrapper == "sparse" else proto.tensor_type
    element = inner[:-1] if wrapper == "sparse" else dtype
    tensor.elem_type = NAMES.index(element) if element in NAMES else 0
    if shape is not None:
        tensor.shape.SetInParent()
        for size in shape:
            _set_size(tensor.shape.dim.add(), size)
    return element in NAMES


def _set_size(dim: Any, size: Size) -> None:
    """A number, or a formula as the text of a ``dim_param``; a size that is not known stays unset."""
    if isinstance(size, int):
        if 0 <= size < 1 << 63:
            dim.dim_value = size
    elif is_known(size):
        dim.dim_param = repr(size)
