"""Tensors made from attributes, sizes and chance: constants, shapes, ranges, random numbers."""
from __future__ import annotations

from archcheck import elements, values
from archcheck.dims import Size, maximum, prod
from archcheck.dtypes import dtype_name
from archcheck.graph import Element, Shape, TensorType, Uniform
from archcheck.ops._op import (
    ALL,
    FREE,
    UNRANKED,
    Along,
    Cost,
    Effect,
    Reads,
    Unknown,
    op,
    require,
    result,
    unknown_size,
)
from archcheck.ops._packing import check_sizes
from archcheck.ops.pointwise import same_position
from archcheck.ops.views import NO_RANK


def _shape_only(_: int) -> Reads:
    """How an operator with one input reads it that looks at no more than its shape."""
    return (None,)


def _no_input(_: int) -> Reads:
    return ()


# ---------------------------------------------------------------------------------- constants
@op("Constant", dtypes=(None,))
def constant(*, value=None, sparse_value=None, value_float=None, value_floats=None, value_int=None,
             value_ints=None, value_string=None, value_strings=None):
    """The one attribute that is given, as a tensor."""
    stored = sparse_value if value is None else value
    if stored is not None:
        kind = type(stored).__name__
        require(isinstance(stored, TensorType), "its value must be a tensor, but is of type {}", kind)
        return Effect((stored,), FREE, _no_input)
    for dtype, single, several in (("float32", value_float, value_floats), ("int64", value_int, value_ints),
                                   ("string", value_string, value_strings)):
        if single is not None:
            return result((), dtype, value=(single,), cost=FREE, reads=_no_input)
        if several is not None:
            found = tuple(several) if len(several) <= values.CAP else None
            return result((len(several),), dtype, value=found, cost=FREE, reads=_no_input)
    raise Unknown("the value of the constant")


@op("ConstantOfShape", since=9, dtypes=(None,))
def constant_of_shape(input, *, value=None):
    """A tensor of the shape that ``input`` holds, filled with ``value``."""
    sizes = values.sizes(input, "the shape")
    check_sizes(sizes, "the shape")
    fill = (0.0,) if value is None else values.items(value)
    total = values.count(sizes)
    found = None if not fill else Uniform(fill[0]) if total is None else fill[:1] * total
    return result(tuple(sizes), "float32" if value is None else value.dtype, value=found, cost=FREE,
                  reads=_shape_only)


@op("EyeLike", since=9)
def eye_like(input, *, dtype=None, k=0):
    """Ones on diagonal ``k`` of a matrix as large as ``input``, zeros elsewhere."""
    shape = _unknown_matrix() if input.shape is UNRANKED else input.shape
    require(len(shape) == 2, "the input has {} axes, but a matrix has two", len(shape))
    name = input.dtype if dtype is None else dtype_name(dtype)
    found = None if values.count(shape) is None else tuple(
        [elements.cast(int(column - row == k), name) for row, column in values.grid(shape)])
    return result(shape, name, value=found, cost=FREE, reads=_shape_only)


def _unknown_matrix() -> Shape:
    return unknown_size(NO_RANK), unknown_size(NO_RANK)


# ---------------------------------------------------------------------------------- shapes
@op("Shape", dtypes=("int64",))
def shape_of(data, *, start=0, end=None):
    """The sizes of the axes ``start`` to ``end``, the latter not included; negative ones count from the
    end."""
    shape = data.shape
    if shape is UNRANKED:
        return result((unknown_size(NO_RANK),), "int64", cost=FREE, reads=_shape_only)
    if start or end is not None:
        shape = shape[start:end]
    return result((len(shape),), "int64", value=shape, cost=FREE, reads=_shape_only)


@op("Size", dtypes=("int64",))
def size_of(data):
    """The number of elements."""
    value = None if data.shape is UNRANKED else (prod(data.shape),)
    return result((), "int64", value=value, cost=FREE, reads=_shape_only)


# ---------------------------------------------------------------------------------- Range
@op("Range", since=11)
def range_(start, limit, delta, *, stash_type=1):
    """``start + k·delta`` for ``k`` from 0 up to ``⌈(limit - start) / delta⌉``, that not included."""
    first, step, dtype = values.scalar(start), values.scalar(delta), start.dtype or limit.dtype
    length = _length(first, values.scalar(limit), step, dtype)
    return result((length,), dtype, value=_progression(first, step, length, dtype),
                  cost=lambda: Cost(add=length, mul=length), reads=lambda _: (None,) * 3)


def _length(first: Element, last: Element, step: Element, dtype: str | None) -> Size:
    """``⌈(last - first) / step⌉``, at least 0. Runtimes subtract as ``dtype`` or as float64: it is known
    where that makes no difference."""
    require(step != 0, "the step of the range is 0")
    widths = (dtype,) if elements.is_integer(dtype) else (dtype, "float64")
    found = {_steps(first, last, step, width) for width in widths}
    if len(found) > 1:
        return unknown_size("runtimes round the bounds of the range differently")
    steps = found.pop()
    return unknown_size("a bound of the range is not known") if steps is None else maximum(steps, 0)


def _steps(first: Element, last: Element, step: Element, width: str | None) -> Size | None:
    """``⌈(last - first) / step⌉`` with the difference held as ``width``; None where it is not known."""
    span = values.applied(elements.sub, (last, first), width)
    if isinstance(step, (int, float)) and step < 0:
        span, step = values.applied(elements.neg, (span,), width), -step
    if type(span) is type(step) is int:
        return -(-span // step)
    exact = values.applied(elements.quotient, (span, step), "float64")
    return values.applied(elements.ceil, (exact,), "int64")  # type: ignore[no-any-return]


def _progression(first: Element, step: Element, length: Size, dtype: str | None) -> values.Items | None:
    """The elements, where rounding cannot make them depend on how the runtime adds up."""
    if not isinstance(length, int) or length > values.CAP or first is None:
        return None
    if any(isinstance(element, float) and not element.is_integer() for element in (first, step)):
        return None
    terms = [(first, values.applied(elements.mul, (k, step), dtype)) for k in range(length)]
    return values.some(tuple([values.applied(elements.add, pair, dtype) for pair in terms]))


# ---------------------------------------------------------------------------------- chance
def _drawn(shape: Shape, dtype: str | None, **per_element: int) -> Effect:
    """Random numbers, for which no more than the shape of an input is read."""
    return result(shape, dtype, cost=lambda: Cost(**per_element).times(prod(shape)), reads=_shape_only)


@op("RandomNormal")
def random_normal(*, shape, dtype=1, mean=0.0, scale=1.0, seed=None):
    """Normally distributed numbers: ``mean + scale·z``."""
    check_sizes(shape, "the shape")
    return _drawn(shape, dtype_name(dtype), special=1, mul=1, add=1)


@op("RandomUniform")
def random_uniform(*, shape, dtype=1, low=0.0, high=1.0, seed=None):
    """Uniformly distributed numbers from ``low`` up to ``high``."""
    check_sizes(shape, "the shape")
    return _drawn(shape, dtype_name(dtype), mul=1, add=1)


@op("RandomNormalLike")
def random_normal_like(input, *, dtype=None, mean=0.0, scale=1.0, seed=None):
    """Normally distributed numbers in the shape of ``input``."""
    return _drawn(input.shape, dtype_name(dtype) if dtype else input.dtype, special=1, mul=1, add=1)


@op("RandomUniformLike")
def random_uniform_like(input, *, dtype=None, low=0.0, high=1.0, seed=None):
    """Uniformly distributed numbers in the shape of ``input``."""
    return _drawn(input.shape, dtype_name(dtype) if dtype else input.dtype, mul=1, add=1)


@op("Bernoulli", since=15)
def bernoulli(input, *, dtype=None, seed=None):
    """1 with the probability that ``input`` says, else 0."""
    shape = input.shape
    return result(shape, dtype_name(dtype) if dtype else input.dtype, cost=lambda: Cost(cmp=prod(shape)),
                  reads=lambda _: (same_position(shape),))


@op("Multinomial", since=7, dtypes=(None,))
def multinomial(input, *, dtype=6, sample_size=1, seed=None):
    """For each row of unnormalised log-probabilities ``sample_size`` classes drawn from it."""
    name = dtype_name(dtype)
    if input.shape is UNRANKED:
        return result((unknown_size(NO_RANK), sample_size), name)
    batch, classes = input.shape
    numbers = batch * classes
    return result((batch, sample_size), name, reads=lambda _: ((Along(0), ALL),),
                  cost=lambda: Cost(special=numbers, add=numbers, cmp=numbers * sample_size))
