"""What an operator is: a function from the types of its inputs to an `Effect`.

The signature is the schema: positional parameters are ONNX's inputs, keyword-only ones its attributes, with
ONNX's names and defaults. A function gets a `TensorType` per input (None for an optional one left out) and
returns ``result(…)``. It may take shapes and values as known: whatever it cannot go on without raises
`Unknown` by itself, and the walk gives its outputs unknown shapes. It states what is impossible with
``require`` and what it had to believe with ``assume``; both are kept under its node.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, Union

from archcheck.dims import Dim, Size, counted, is_known, least, maximum, same, total, unknown
from archcheck.graph import TensorType


class ShapeError(Exception):
    """The inputs cannot be what they are said to be; the message says what met, with both numbers."""


class Unknown(Exception):
    """Something this operator needs is not known; the message says what."""


class Unranked(tuple[Any, ...]):
    """The shape of an input of unknown rank: looking into it raises `Unknown`, passing it on is allowed."""

    def _raise(self, *_: object) -> NoReturn:
        raise Unknown("the rank of an input")

    __iter__ = __len__ = __getitem__ = __add__ = __radd__ = __contains__ = _raise
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


UNRANKED = Unranked()


class Cost(NamedTuple):
    """Scalar operations of one run: multiply-accumulates, and what else is done, by kind. ``special`` counts
    exponentials, roots, logarithms and trigonometric functions; ``cmp`` comparisons, minima and maxima."""

    mac: Size = 0
    add: Size = 0
    mul: Size = 0
    div: Size = 0
    cmp: Size = 0
    special: Size = 0

    @property
    def flops(self) -> Size:
        """2·MACs plus every other scalar operation."""
        return 2 * self.mac + self.add + self.mul + self.div + self.cmp + self.special

    def __add__(self, other: Cost) -> Cost:  # type: ignore[override]
        return Cost(*(a + b for a, b in zip(self, other)))

    @staticmethod
    def total(costs: Iterable[Cost]) -> Cost:
        """What ``costs`` come to together."""
        return Cost(*map(total, zip(*costs)))

    def times(self, count: Size) -> Cost:
        """This cost, ``count`` times over."""
        return Cost(*(part * count for part in self))


FREE = Cost()


# ------------------------------------------------------------------------------- how an output reads an input
class Along(NamedTuple):
    """One axis of the input is read along one axis of the output: position ``o`` reads ``o·stride + start +
    k·dilation`` for ``k`` in ``range(taps)``. The default is the same position. A negative stride flips.
    Positions outside the input read nothing, or with a ``border`` what Pad's mode of that name puts there:
    ``reflect``, ``edge``, ``wrap``."""

    axis: int
    stride: int = 1
    start: Size = 0
    taps: Size = 1
    dilation: int = 1
    border: str = ""


class Spread(NamedTuple):
    """Position ``o`` of the output axis, ``o = q·phases + r``, reads every ``step``-th position of the input
    axis from ``q·stride + first[r]`` to ``q·stride + last[r]``, both included: upsampling, transposed
    convolution. ``first[r] > last[r]`` reads nothing; positions outside the input are left out."""

    axis: int
    stride: int
    first: tuple[int, ...]
    last: tuple[int, ...]
    step: int = 1


class Packed(NamedTuple):
    """The input axis is a row-major packing of output axes (Reshape splits it), or a part of one output axis
    (Reshape merges it): its position is ``Σ (o[axis] // divisor % size) · weight`` over ``parts = (axis,
    divisor, size, weight)``."""

    parts: tuple[tuple[int, Size, Size, Size], ...]


class Prefix(NamedTuple):
    """Everything up to the output's position is read (recurrence, causal attention, cumulative sums); with
    ``reverse``, everything from it on. It ends ``gap`` positions short of its own: 1 where that is not in the
    sum."""

    axis: int
    reverse: bool = False
    gap: int = 0


class BothWays(NamedTuple):
    """Position 0 of the output axis ``direction`` reads like a `Prefix` along ``axis``, position 1 like one
    in ``reverse``: a recurrence that runs in both directions."""

    axis: int
    direction: int


class Picked(NamedTuple):
    """Positions that a table names (Gather): ``indices[o]`` for position ``o`` of the output axis ``axis``,
    or any position where the indices are not known. With ``axis`` None the same positions are read by every
    output. ``single`` tells that each output reads one element of the input, wherever it is."""

    axis: int | None
    indices: tuple[Size, ...] | None
    single: bool = False


class All(NamedTuple):
    """The whole axis is read by every position: reduction, contraction, softmax. ``statistic`` marks what
    only scales the result (means, variances, gates)."""

    statistic: bool = False


ALL = All()
STATISTIC = All(statistic=True)
ONLY = Picked(None, (0,))
"""The one position of an axis that is broadcast."""
Reader = Union[Along, Spread, Packed, Prefix, BothWays, Picked, All]
Axes = tuple[Reader, ...]  # a reader per axis of one input
Reads = tuple[Union[Axes, None], ...]
"""For each input a reader per input axis; None for an input whose data are not read."""


class Product(NamedTuple):
    """``mac`` multiply-accumulates of two factors, ``real`` of which do not meet padding (None: not known). A
    factor is said by the inputs that it is computed from; the ``left`` one, if it is data, holds ``samples``
    of a batch."""

    mac: Size
    real: Size | None
    left: tuple[int, ...]
    right: tuple[int, ...]
    samples: Size = 1


class Effect(NamedTuple):
    """What one node does: its outputs' types; its cost (None: not counted); how each output reads each
    input's elements (``reads(k)`` for output ``k``, None: not stated); which input the first output is only a
    view of; and the ``statistics`` that training keeps of it though they are no outputs.

    ``products`` are those that its multiply-accumulates belong to, stated where they do not follow from
    ``reads``. ``runs`` says how often each body runs, by the name of its attribute or function: one mapping,
    or one for each way the node may take; empty where it is not known."""

    outputs: tuple[TensorType, ...]
    cost: Callable[[], Cost] | Cost | None = None
    reads: Callable[[int], Reads] | None = None
    alias: int | None = None
    products: Callable[[], tuple[Product, ...]] | None = None
    runs: tuple[Mapping[str, Size], ...] = ()
    statistics: tuple[TensorType, ...] = ()


def cost_of(effect: Effect) -> Cost | None:
    """What a node costs in one run, or None where it is not counted."""
    if not callable(effect.cost):
        return effect.cost
    try:
        cost = effect.cost()
        return None if float in map(type, cost) else cost  # an attribute that should have been whole is not
    except Exception:  # noqa: BLE001 - a cost that cannot be worked out must not take the others with it
        return None


def result(shape: Iterable[Size], like: TensorType | str | None, *, value: Any = None,
           cost: Callable[[], Cost] | Cost | None = None, reads: Callable[[int], Reads] | None = None,
           alias: int | None = None) -> Effect:
    """The effect of an operator with one output, of dtype ``like`` (a name, or that of another type)."""
    dtype = like.dtype if isinstance(like, TensorType) else like
    shape = shape if isinstance(shape, tuple) else tuple(shape)
    return Effect((TensorType(dtype, shape, value),), cost, reads, alias)


# ----------------------------------------------------------------------------- what is impossible or believed
class Assumption(NamedTuple):
    """What must hold of two sizes for the network to run, though that is not known. ``kind`` is ``equal``,
    ``broadcast`` (equal, or one of them 1), ``divides`` (``a`` is a multiple of ``b``) or ``at-least``
    (``a ≥ b``)."""

    kind: str
    a: Size
    b: Size


class Here(threading.local):
    """The node that runs: its name, for sizes that are not known; how many outputs it has; what it assumed.
    The walk sets and reads it."""

    def __init__(self) -> None:
        self.place, self.outputs, self.fresh = "", 1, 0
        self.assumed: list[Assumption] = []


here = Here()


def unknown_size(reason: str) -> Dim:
    """A size of the running node's output that is not known, and why."""
    here.fresh += 1
    return unknown(f"{here.place}.{here.fresh}", reason)


def counted_size(limit: Size | None = None) -> Dim:
    """A size of the running node's output that its data decide, at most ``limit``."""
    here.fresh += 1
    return counted(f"{here.place}.{here.fresh}", limit)


def require(condition: bool | None, message: str, *parts: object) -> None:
    """Raise `ShapeError` with ``message.format(*parts)`` where ``condition`` is False; None (not decided)
    passes."""
    if condition is False:
        raise ShapeError(message.format(*parts))


def alike(a: Size, b: Size) -> bool | None:
    """Whether two axes are of one size for all values of the symbols (True) or none (False); None: undecided.
    A formula may be below 0 where the network does not run, but the size of an axis is not."""
    verdict = same(a, b)
    if verdict is None and (least(a) < 0 or least(b) < 0):
        return same(maximum(a, 0), maximum(b, 0))
    return verdict


def equal(a: Size, b: Size, message: str, *parts: object) -> None:
    """``a`` and ``b`` must be equal: a `ShapeError` if they cannot be, an assumption if that is not
    decided."""
    if a is b:
        return
    verdict = alike(a, b)
    require(verdict, message, *parts)
    if verdict is None:
        here.assumed.append(Assumption("equal", a, b))


def agreed(a: Size, b: Size, message: str, *parts: object) -> Size:
    """The better known of ``a`` and ``b``, which must be `equal`; of two formulas the shorter one."""
    if a is b:
        return a
    equal(a, b, message, *parts)
    return min(a, b, key=_length)


def _length(size: Size) -> tuple[bool, int]:
    """How much there is to a size: what is not known, then what is long."""
    return not is_known(size), 0 if isinstance(size, int) else size.weight


def assume(kind: str, a: Size, b: Size) -> None:
    """Record what has to hold for the result to be right."""
    here.assumed.append(Assumption(kind, a, b))


# ---------------------------------------------------------------------------------- the registry
class Op(NamedTuple):
    """A registered operator: its function, the version it counts from, which of its parameters hold state
    that is not learned (``buffers``: running statistics, initial states), the dtypes of outputs whose shape
    is not known (a name, or the position of the input that has the same), the ``kind`` of its work, where
    tools that count operations or people who name layers tell it from others, and what training ``saves`` for
    its backward pass: inputs by name and outputs by position, each with the input whose gradient needs it
    (`ANY`). None: not stated."""

    name: str
    domain: str
    since: int
    function: Callable[..., Effect]
    buffers: tuple[str, ...] = ()
    dtypes: tuple[str | int | None, ...] = ()
    kind: str = ""
    saves: tuple[tuple[str | int, str], ...] | None = None


ANY = ""
Saves = Union[Sequence[Union[str, int]], Mapping[Union[str, int], str], None]
OPS: dict[tuple[str, str], list[Op]] = {}  # (domain, name) -> versions, oldest first


def op(*names: str, since: int = 1, domain: str = "", buffers: Sequence[str] = (),
       dtypes: Sequence[str | int | None] = (), kind: str = "", saves: Saves = None) -> Callable[[Any], Any]:
    """Register a function as the operator(s) ``names`` of ``domain`` from opset ``since`` on. ``dtypes``
    needs to be said only where an output's dtype is not that of the first input, ``kind`` only where a
    profile (`archcheck.analyses.profiles`) or the name of a layer (`archcheck.analyses.layers`) asks for it.
    ``saves`` lists what the backward pass needs again, as PyTorch keeps it; a mapping says for the gradient
    of which input."""
    needed = saves if isinstance(saves, Mapping) else dict.fromkeys(saves or (), ANY)
    kept = None if saves is None else tuple(needed.items())

    def register(function: Any) -> Any:
        for name in names:
            versions = OPS.setdefault((domain, name), [])
            if any(known.since == since for known in versions):
                raise ValueError(f"{domain or 'ai.onnx'}.{name} is registered twice since {since}")
            versions.append(Op(name, domain, since, function, tuple(buffers), tuple(dtypes), kind, kept))
            versions.sort(key=lambda known: known.since)
        return function
    return register


def rank(kind: TensorType) -> int:
    """The number of axes of ``kind``."""
    return len(kind.shape)  # type: ignore[arg-type]


def axis_of(axis: int, ndim: int) -> int:
    """``axis`` counted from 0, negative ones from the end; a `ShapeError` outside."""
    require(-ndim <= axis < ndim, "axis {} is outside a tensor of {} axes", axis, ndim)
    return axis % ndim


def ranked(*kinds: TensorType | None) -> bool:
    """Whether all ``kinds`` are given and the number of their axes is known."""
    return all(kind is not None and kind.shape is not UNRANKED for kind in kinds)
