"""The layer words of specifications for ONNX nodes, where they fit."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archcheck.dims import Size, same
from archcheck.frontends.spec.layers.elementwise import JOINS, PLAIN
from archcheck.graph import Node
from archcheck.writers._spec_items import (
    Arg,
    Item,
    Ref,
    Window,
    decimal,
    flag,
    operand,
    word,
)

if TYPE_CHECKING:
    from archcheck.writers._spec_read import Reading

Form = Callable[["Reading", Node, dict[str, Any]], "list[Arg] | tuple[str, list[Arg]] | None"]
FORMS: dict[str, tuple[str, Form | None, frozenset[str]]] = {}
"""By operator: the layer's word, what gives its arguments (and another word, where that fits better), and the
attributes that it looks at. Others must be at their defaults."""

DEFAULTS: dict[str, Any] = {"auto_pad": "NOTSET", "storage_order": 0, "training_mode": 0, "spatial": 1,
                            "alpha": 1.0, "beta": 1.0, "transA": 0, "allowzero": 0, "mode": "constant",
                            "approximate": "none", "stash_type": 1}
"""What attributes that no word looks at may be."""


def form(op: str, name: str, *attrs: str) -> Callable[[Form], Form]:
    """Register what says the operator ``op`` as the layer ``name``."""
    def register(function: Form) -> Form:
        FORMS[op] = name, function, frozenset(attrs)
        return function
    return register


def word_for(reading: Reading, node: Node) -> Item | None:
    """A node as a layer with a word, None where none fits."""
    if node.domain or not node.outputs[0]:
        return None
    if node.op in PLAIN_WORDS and len(node.inputs) == 1 and not node.attrs:
        return Item(PLAIN_WORDS[node.op], (), Ref(node.inputs[0]), node.outputs)
    if node.op in JOIN_WORDS or node.op == "Concat":
        return joining(reading, node)
    name, function, known = FORMS.get(node.op, ("", None, frozenset()))
    used = [name for name in node.outputs[1:] if name and reading.uses[name]]
    attrs = {key: value for key, value in node.attrs.items() if value is not None}
    strange = [key for key, value in attrs.items() if key not in known and DEFAULTS.get(key) != value]
    if function is None or used or not node.inputs or strange:
        return None
    made = function(reading, node, attrs)
    if made is None:
        return None
    name, args = made if isinstance(made, tuple) else (name, made)
    data = 1 if name == "embedding" else 0
    return Item(name, tuple(args), Ref(node.inputs[data]), node.outputs[:1])


PLAIN_WORDS = {op: word for word, op in PLAIN.items()}
JOIN_WORDS = {**{op: word for word, op in JOINS.items()}, "Sum": "add"}


def joining(reading: Reading, node: Node) -> Item | None:
    """Arithmetic of values, and their concatenation."""
    scalar = _scalar(reading, node)
    if scalar is not None:
        return scalar
    if len(node.inputs) < 2 or any(name in reading.fixed for name in node.inputs):
        return None
    several = len(node.inputs) > 2 and node.op in ("Sum", "Add", "Mul", "Sub", "Div")
    if several or set(node.attrs) - ({"axis"} if node.op == "Concat" else set()):
        return None
    axis = [Arg("axis={}", (node.attrs.get("axis", 1),), "axis", 1)] if node.op == "Concat" else []
    args = (*map(operand, node.inputs[1:]), *axis)
    return Item(JOIN_WORDS.get(node.op, "concat"), args, Ref(node.inputs[0]), node.outputs)


def _scalar(reading: Reading, node: Node) -> Item | None:
    """A factor."""
    if node.op != "Mul" or node.attrs or len(node.inputs) != 2:
        return None
    for data, factor in (node.inputs, node.inputs[::-1]):
        found = reading.value(factor)
        if found and reading.shape(factor) == () and reading.types[factor].dtype == "float32":
            return Item("scale", (word(decimal(found[0])),), Ref(data), node.outputs)
    return None


# ----------------------------------------------------------------------------------------------- windows
def _pads(kernel: tuple[Size, ...], pads: tuple[int, ...], dilations: tuple[int, ...]) -> list[Arg]:
    """``same`` or ``pad``."""
    count = len(kernel)
    half = tuple(d * (k - 1) // 2 if isinstance(k, int) and d * (k - 1) % 2 == 0 else None
                 for k, d in zip(kernel, dilations))
    is_same = pads == half * 2
    begin, end = pads[:count], pads[count:]
    if is_same:
        pad: Any = 0
    elif begin == end:
        pad = begin[0] if len(set(begin)) == 1 else Window(begin)
    else:
        return [flag("same", False), Arg(f"pad=[{', '.join(['{}'] * (2 * count))}]", pads, "pad")]
    return [flag("same", is_same), Arg("pad={}", (pad,), "pad", 0)]


def _window(sizes: tuple[Size, ...]) -> Any:
    return Window(sizes) if len(sizes) > 1 else sizes[0]


def _uniform(sizes: tuple[int, ...]) -> Any:
    """Sizes of which one stands for all, if they are equal."""
    return sizes[0] if len(set(sizes)) == 1 else Window(sizes)


def _slid(kernel: tuple[Size, ...], attrs: dict[str, Any], least: Any = 1) -> list[Arg] | None:
    """Window, stride, padding and dilation."""
    count = len(kernel)
    strides = tuple(attrs.get("strides") or (1,) * count)
    dilations = tuple(attrs.get("dilations") or (1,) * count)
    pads = tuple(attrs.get("pads") or (0,) * 2 * count)
    if not kernel:
        return None
    return [Arg("{}", (_window(kernel),), "kernel"), Arg("/{}", (_uniform(strides),), "stride", least),
            *_pads(kernel, pads, dilations), Arg("dilation={}", (_uniform(dilations),), "dilation", 1)]


def _bias(reading: Reading, node: Node, units: Size) -> bool | None:
    """Whether there is a bias, None where it is none that a word can say."""
    if len(node.inputs) < 3 or not node.inputs[2]:
        return False
    return True if reading.weight(node.inputs[2]) == (units,) else None


SLID = ("strides", "dilations", "pads", "kernel_shape")


@form("Conv", "conv", *SLID, "group")
def conv(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Convolutions, depthwise ones by their own word."""
    weight, shape = reading.weight(node.inputs[1]), reading.shape(node.inputs[0])
    if weight is None or len(weight) < 3 or shape is None:
        return None
    bias, slid, groups = _bias(reading, node, weight[0]), _slid(weight[2:], attrs), attrs.get("group", 1)
    if bias is None or slid is None:
        return None
    rest = [flag("bias", bias, True)]
    if groups == shape[1] != 1 and isinstance(weight[0], int) and weight[0] % groups == 0:
        return "depthwise", [*slid, Arg("multiplier={}", (weight[0] // groups,), "multiplier", 1), *rest]
    return [Arg("{}", (weight[0],), "filters"), *slid, Arg("groups={}", (groups,), "groups", 1), *rest]


@form("ConvTranspose", "deconv", *SLID, "group", "output_padding")
def deconv(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Transposed convolutions."""
    weight = reading.weight(node.inputs[1])
    if weight is None or len(weight) < 3:
        return None
    groups = attrs.get("group", 1)
    filters = weight[1] * groups
    bias, slid = _bias(reading, node, filters), _slid(weight[2:], attrs)
    if bias is None or slid is None:
        return None
    same_flag, pad = slid[2], slid[3]
    if same_flag.slots == (True,):
        half = _uniform(tuple(attrs["pads"])[:len(weight) - 2]) if attrs.get("pads") else 0
        pad = Arg("pad={}", (half,), "pad", 0)
    outpad = _uniform(tuple(attrs.get("output_padding") or (0,)))
    return [Arg("{}", (filters,), "filters"), *slid[:2], pad, slid[4],
            Arg("outpad={}", (outpad,), "outpad", 0), Arg("groups={}", (groups,), "groups", 1),
            flag("bias", bias, True)]


@form("MaxPool", "maxpool", *SLID, "ceil_mode")
def maxpool(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Pooling by maximum."""
    slid = _slid(attrs["kernel_shape"], attrs, None)
    return slid and [*slid, flag("ceil", bool(attrs.get("ceil_mode")))]


@form("AveragePool", "avgpool", *SLID, "ceil_mode", "count_include_pad")
def avgpool(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Pooling by mean."""
    slid = _slid(attrs["kernel_shape"], attrs, None)
    if slid is None or slid.pop().slots != (1,):
        return None
    return [*slid, flag("ceil", bool(attrs.get("ceil_mode"))),
            flag("count_pad", bool(attrs.get("count_include_pad")))]


@form("GlobalAveragePool", "gap")
@form("GlobalMaxPool", "gmp")
def whole(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Pooling over all positions."""
    return []


# ------------------------------------------------------------------------------------------------- products
@form("Gemm", "fc", "transB")
def fc(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """A matrix product with a weight."""
    weight, shape = reading.weight(node.inputs[1]), reading.shape(node.inputs[0])
    if weight is None or len(weight) != 2 or shape is None:
        return None
    units = weight[0 if attrs.get("transB") else 1]
    bias = _bias(reading, node, units)
    return None if bias is None else [Arg("{}", (units,), "units"), flag("bias", bias, True)]


@form("MatMul", "dense")
def dense(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """A product along the last axis; a bias is added later."""
    weight, shape = reading.weight(node.inputs[1]), reading.shape(node.inputs[0])
    if weight is None or len(weight) != 2 or shape is None or len(shape) < 3:
        return None
    return [Arg("{}", (weight[1],), "units"), flag("bias", False, True)]


@form("Gather", "embedding", "axis")
def embedding(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Rows of a table."""
    table = reading.weight(node.inputs[0])
    if table is None or len(table) != 2 or attrs.get("axis", 0) or node.inputs[1] in reading.fixed:
        return None
    return [Arg("{}", (table[0],), "words"), Arg("{}", (table[1],), "features")]


# ------------------------------------------------------------------------------------------- normalization
def _number(key: str, value: float, default: float) -> list[Arg]:
    """A number by its key, nothing where it is the default."""
    short = float(f"{value:.6g}")  # float32 has no more, and exporters round differently
    return [] if short == default else [word(f"{key}={decimal(short)}")]


def _eps(attrs: dict[str, Any]) -> list[Arg]:
    return _number("eps", attrs.get("epsilon", 1e-5), 1e-5)


@form("BatchNormalization", "bn", "epsilon", "momentum")
def bn(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Batch normalization."""
    shape = reading.shape(node.inputs[0])
    fits = shape is not None and len(shape) > 1 and all(
        reading.weight(name) == (shape[1],) for name in node.inputs[1:])
    return _eps(attrs) if fits else None


@form("InstanceNormalization", "instancenorm", "epsilon")
def instancenorm(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Normalization of each channel."""
    return bn(reading, node, attrs)


@form("GroupNormalization", "groupnorm", "epsilon", "num_groups")
def groupnorm(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Normalization of groups of channels."""
    found = bn(reading, node, attrs) if reading.opset >= 21 else None
    return None if found is None else [Arg("{}", (attrs["num_groups"],), "groups"), *found]


@form("LayerNormalization", "layernorm", "epsilon", "axis")
@form("RMSNormalization", "rmsnorm", "epsilon", "axis")
def layernorm(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Normalization over the last axis."""
    shape, axis = reading.shape(node.inputs[0]), attrs.get("axis", -1)
    if not shape or axis not in (-1, len(shape) - 1) or not all(
            reading.weight(name) == (shape[-1],) for name in node.inputs[1:]):
        return None
    shift = [flag("bias", len(node.inputs) > 2, True)] if node.op == "LayerNormalization" else []
    return [*_eps(attrs), *shift]


@form("LRN", "lrn", "size", "alpha", "beta", "bias")
def lrn(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Local response normalization."""
    return [Arg("{}", (attrs["size"],), "size"), *_number("alpha", attrs.get("alpha", 1e-4), 1e-4),
            *_number("beta", attrs.get("beta", 0.75), 0.75), *_number("k", attrs.get("bias", 1.0), 1.0)]


@form("Dropout", "dropout", "ratio")
def dropout(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Nothing, when the network runs."""
    given = len(node.inputs) > 1 and bool(node.inputs[1])
    ratio = reading.value(node.inputs[1]) if given else (attrs.get("ratio", 0.5),)
    return None if not ratio or len(node.inputs) > 2 else [word(decimal(ratio[0]))]


# ---------------------------------------------------------------------------------------------- activations
@form("Clip", "relu6", "min", "max")
def clip(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Bounds that have a name."""
    given = [reading.value(name) for name in node.inputs[1:] if name]
    bounds = tuple(entry[0] for entry in given if entry) or (attrs.get("min"), attrs.get("max"))
    return {(0.0, 6.0): ("relu6", []), (-1.0, 1.0): ("hardtanh", [])}.get(bounds)


@form("LeakyRelu", "leakyrelu", "alpha")
def leakyrelu(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """A slope below 0."""
    return [word(decimal(attrs.get("alpha", 0.01)))]


@form("HardSigmoid", "hardsigmoid", "alpha", "beta")
def hardsigmoid(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """The one that is a sixth steep."""
    steep, middle = attrs.get("alpha", 0.2), attrs.get("beta", 0.5)
    return [] if (decimal(steep), middle) == (decimal(1 / 6), 0.5) else None


@form("PRelu", "prelu")
def prelu(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """A learned slope for each channel."""
    shape, slope = reading.shape(node.inputs[0]), reading.weight(node.inputs[1])
    return [] if shape and slope == (shape[1], *(1,) * (len(shape) - 2)) else None


@form("Gelu", "gelu")
def gelu(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """The exact form."""
    return []


@form("Softmax", "softmax", "axis")
@form("LogSoftmax", "logsoftmax", "axis")
def softmax(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Along one axis; before opset 13 along all from ``axis`` on, which may be one."""
    shape = reading.shape(node.inputs[0])
    axis = attrs.get("axis", -1 if reading.opset >= 13 else 1)
    if shape is None:
        return None
    axis %= len(shape)
    last = axis == len(shape) - 1
    if not last and reading.opset < 13 and any(size != 1 for size in shape[axis + 1:]):
        return None
    return [Arg("axis={}", (-1 if last else axis,), "axis", -1)]


# -------------------------------------------------------------------------------------------------- moving
@form("Flatten", "flatten", "axis")
def flatten(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """As a matrix."""
    return [Arg("axis={}", (attrs.get("axis", 1),), "axis", 1)]


@form("Transpose", "transpose", "perm")
def transpose(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Axes in another order."""
    shape = reading.shape(node.inputs[0])
    order = attrs.get("perm") or (shape and tuple(reversed(range(len(shape)))))
    return order and [word(" ".join(map(str, order)))]


@form("Reshape", "reshape", "shape")
def reshape(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Into a known shape; an axis that stays is 0."""
    target = reading.value(node.inputs[1]) if len(node.inputs) > 1 else attrs.get("shape")
    shape = reading.shape(node.inputs[0])
    if target is None or shape is None:
        return None
    kept = [0 if not isinstance(size, int) and k < len(shape) and same(size, shape[k]) else size
            for k, size in enumerate(target)]
    return [Arg(" ".join(["{}"] * len(kept)), tuple(kept), "size")]


@form("Pad", "pad", "pads", "value")
def pad(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Zeros around what windows slide over."""
    pads = reading.value(node.inputs[1]) if len(node.inputs) > 1 else attrs.get("pads")
    shape, more = reading.shape(node.inputs[0]), [name for name in node.inputs[2:] if name]
    fill = reading.value(more[0]) if len(more) == 1 else (attrs.get("value", 0.0),)
    fits = pads and shape and len(shape) >= 3 and len(pads) == 2 * len(shape)
    if not pads or not shape or not fits or not fill or fill[0] != 0:
        return None
    begin, end = pads[:len(shape)], pads[len(shape):]
    if any((*begin[:2], *end[:2])) or len(more) > 1 or reading.types[node.inputs[0]].dtype != "float32":
        return None
    sizes = (*begin[2:], *end[2:])
    sizes = sizes[:1] if len(set(sizes)) == 1 else sizes
    return [Arg(" ".join(["{}"] * len(sizes)), sizes, "size")]


@form("SpaceToDepth", "space_to_depth", "blocksize")
def space_to_depth(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Positions as channels."""
    return [Arg("{}", (attrs["blocksize"],), "block")]


@form("DepthToSpace", "depth_to_space", "blocksize", "mode")
def depth_to_space(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Channels as positions."""
    return [Arg("{}", (attrs["blocksize"],), "block")] if attrs.get("mode") == "CRD" else None


@form("Resize", "upsample", "mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a")
@form("Upsample", "upsample", "mode", "scales")
def upsample(reading: Reading, node: Node, attrs: dict[str, Any]) -> Any:
    """Every position several times, or between them."""
    given = [name for name in node.inputs[1:] if name]
    scales = reading.value(given[-1]) if given and reading.opset >= 9 else attrs.get("scales")
    mode, where = attrs.get("mode", "nearest"), attrs.get("coordinate_transformation_mode", "half_pixel")
    old = node.op == "Upsample" or reading.opset < 11
    fits = mode == "nearest" and (old or where == "asymmetric" and attrs.get("nearest_mode") == "floor") or (
        mode == "linear" and where == "half_pixel" and not old)
    if not fits or not scales or len(scales) < 3 or not all(isinstance(scale, float) for scale in scales):
        return None
    factors = set(scales[2:])
    if set(scales[:2]) != {1.0} or len(factors) != 1 or scales[2] != int(scales[2]):
        return None
    return [Arg("{}", (int(scales[2]),), "factor"), *([word("mode=linear")] if mode == "linear" else [])]
