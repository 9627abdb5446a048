"""Numeric examples on small lists: what a layer does to the numbers that a slide shows."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from archcheck.claims._functions import function
from archcheck.dims import Dim, maximum, minimum

MAX_ELEMENTS = 4096
"""A list of an example has no more elements."""
MAX_ROWS = 64


def whole(value: Any, least: int, what: str) -> int:
    """``value``, which must be a whole number from ``least`` to `MAX_ELEMENTS`. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_ELEMENTS:
        raise ValueError(f"{what} is a whole number from {least} to {MAX_ELEMENTS}")
    return value


def flat(value: Any) -> Iterator[Any]:
    """The numbers in a list of lists."""
    if not isinstance(value, tuple):
        yield value
        return
    for item in value:
        yield from flat(item)


def each(apply: Callable[..., Any], *values: Any) -> Any:
    """``apply`` of numbers, element by element where there are lists; a number goes with each element. Raises
    `ValueError` for lists of different lengths."""
    lengths = {len(value) for value in values if isinstance(value, tuple)}
    if not lengths:
        return apply(*values)
    if len(lengths) > 1:
        raise ValueError(f"lists of {' and '.join(map(str, sorted(lengths)))} elements do not go together")
    length = lengths.pop()
    columns = [value if isinstance(value, tuple) else (value,) * length for value in values]
    return tuple(each(apply, *items) for items in zip(*columns))


# ---------------------------------------------------------------------------------------------------- numbers
def _of(values: tuple[Any, ...]) -> list[Any]:
    """The numbers that a function of several numbers, or of a list, is about."""
    return list(flat(values))


@function
def sum_(*values: Any) -> Any:
    """The sum of numbers, or of all numbers in a list."""
    return sum(_of(values))


@function
def min_(*values: Any) -> Any:
    """The least of numbers, or of all numbers in a list."""
    found = _of(values)
    return _extreme(found, minimum, min)


@function
def max_(*values: Any) -> Any:
    """The greatest of numbers, or of all numbers in a list."""
    return _extreme(_of(values), maximum, max)


def _extreme(values: list[Any], of_sizes: Callable[[Any, Any], Any], plain: Callable[..., Any]) -> Any:
    from functools import reduce
    return reduce(of_sizes, values) if any(isinstance(value, Dim) for value in values) else plain(values)


@function
def len_(x: Any) -> int:
    """The number of elements of a list."""
    return len(x)


@function
def prod(*values: Any) -> Any:
    """The product of numbers, or of all numbers in a list."""
    return math.prod(_of(values))


@function
def at(x: Any, index: int) -> Any:
    """An element of a list, counted from 0; -1 is the last."""
    return x[index]


@function
def slice_(x: Any, first: int, last: int) -> Any:
    """The elements of a list from ``first`` to before ``last``, counted from 0."""
    return x[first:last]


def _rounded(apply: Callable[[Any], int]) -> Callable[[Any], Any]:
    return lambda x: x if isinstance(x, Dim) else apply(x)


@function
def floor(x: Any) -> Any:
    """The largest whole number that is not more."""
    return each(_rounded(math.floor), x)


@function
def ceil(x: Any) -> Any:
    """The smallest whole number that is not less."""
    return each(_rounded(math.ceil), x)


@function
def round_(x: Any, digits: int = 0) -> Any:
    """To so many decimals, halves up."""
    unit = Fraction(1, 10 ** whole(digits, 0, "the number of decimals"))
    half = Fraction(1, 2)
    return each(_rounded(lambda number: _plain(math.floor(Fraction(number) / unit + half) * unit)), x)


def _plain(number: Fraction) -> Any:
    return number.numerator if number.denominator == 1 else number


@function
def abs_(x: Any) -> Any:
    """Without its sign."""
    return each(abs, x)


@function
def log2(x: Any) -> Any:
    """The logarithm to base 2; a whole number where it is one."""
    return each(lambda number: round(found) if 2 ** round(found := math.log2(number)) == number else found, x)


@function
def ln(x: Any) -> Any:
    """The natural logarithm."""
    return each(math.log, x)


@function
def sqrt(x: Any) -> Any:
    """The square root; a whole number where it is one."""
    return each(lambda number: round(found) if round(found := math.sqrt(number)) ** 2 == number else found, x)


@function
def exp(x: Any) -> Any:
    """e to the power of x."""
    return each(math.exp, x)


@function
def acos(x: Any) -> Any:
    """The angle, in degrees, whose cosine is x."""
    return each(lambda number: math.degrees(math.acos(number)), x)


# ------------------------------------------------------------------------------------------------ activations
@function
def relu(x: Any) -> Any:
    """Nothing below 0."""
    return each(lambda number: max(number, 0), x)


@function
def sigmoid(x: Any) -> Any:
    """1/(1 + e^-x)."""
    return each(lambda number: 1 / (1 + math.exp(-number)), x)


@function
def softmax(x: Any) -> Any:
    """e^x over the sum of them all."""
    powers = [math.exp(number - max(x)) for number in x]
    return tuple(power / sum(powers) for power in powers)


@function
def step(x: Any, w: Any, b: Any) -> int:
    """The perceptron: 1 if w·x is at least b, else 0."""
    return int(dot(w, x) >= b)


@function
def onehot(i: int, n: int) -> Any:
    """1 at place i, counted from 0, of n, and 0 elsewhere."""
    return tuple(int(k == i) for k in range(whole(n, 1, "the number of places")))


# ------------------------------------------------------------------------------------------ vectors, matrices
@function
def dot(a: Any, b: Any) -> Any:
    """The dot product of two lists of equal length."""
    return sum(flat(each(lambda x, y: x * y, a, b)))


@function
def matmul(a: Any, x: Any) -> Any:
    """A matrix times a vector or a matrix."""
    if isinstance(x[0], tuple):
        return transpose(tuple(matmul(a, column) for column in transpose(x)))
    return tuple(dot(row, x) for row in a)


@function
def transpose(x: Any) -> Any:
    """Rows and columns exchanged."""
    return tuple(zip(*x))


@function
def rotate(x: Any) -> Any:
    """A matrix turned by a quarter, against the clock."""
    return transpose(x)[::-1]


@function
def flip(x: Any) -> Any:
    """A list, or a matrix, from its end to its beginning along every axis."""
    return tuple(flip(item) if isinstance(item, tuple) else item for item in x)[::-1]


@function
def shift(x: Any, n: int) -> Any:
    """A list, or the rows of a matrix, moved by n places to the right, below 0 to the left; zeros move in."""
    if isinstance(x[0], tuple):
        return tuple(shift(row, n) for row in x)
    kept = x[:max(len(x) - n, 0)] if n >= 0 else x[-n:]
    zeros = (0,) * (len(x) - len(kept))
    return zeros + kept if n >= 0 else kept + zeros


@function
def changed(a: Any, b: Any) -> int:
    """How many numbers of two lists of one shape differ."""
    return sum(flat(each(lambda x, y: int(x != y), a, b)))


@function
def toeplitz(w: Any, n: int, pad: int = 0) -> Any:
    """The matrix that correlates n numbers, ``pad`` zeros on both sides, with w: a row for each output."""
    if not isinstance(n, int) or n > MAX_ROWS:
        raise ValueError(f"a matrix has at most {MAX_ROWS} columns")
    columns = [correlate(onehot(k, n), w, pad) for k in range(n)]
    return transpose(tuple(columns))


# ---------------------------------------------------------------------------------------------------- windows
def _slid(x: Any, kernel: tuple[int, ...], stride: int, dilation: int, apply: Callable[[Any], Any]) -> Any:
    """``apply`` to each window of a list or matrix, of ``kernel`` taps along each axis."""
    span = whole(dilation, 1, "a dilation") * (whole(kernel[0], 1, "a window") - 1) + 1
    starts = range(0, len(x) - span + 1, whole(stride, 1, "a stride"))
    windows = [x[start:start + span:dilation] for start in starts]
    if len(kernel) == 1:
        return tuple(apply(window) for window in windows)
    return tuple(_across(window, kernel[1:], stride, dilation, apply) for window in windows)


def _across(rows: Any, kernel: tuple[int, ...], stride: int, dilation: int,
            apply: Callable[[Any], Any]) -> Any:
    """`_slid` over the columns of a band of rows."""
    return _slid(transpose(rows), kernel, stride, dilation, lambda columns: apply(transpose(columns)))


def _padded(x: Any, pad: int, value: Any) -> Any:
    if not whole(pad, 0, "the padding"):
        return x
    if pad > MAX_ROWS:
        raise ValueError(f"the padding of an example is at most {MAX_ROWS}")
    if isinstance(x[0], tuple):
        row = (value,) * (len(x[0]) + 2 * pad)
        return (row,) * pad + tuple(_padded(line, pad, value) for line in x) + (row,) * pad
    return (value,) * pad + x + (value,) * pad


def _sizes(x: Any, size: int) -> tuple[int, ...]:
    return (size, size) if isinstance(x[0], tuple) else (size,)


@function
def maxpool(x: Any, size: int, stride: int, pad: int = 0) -> Any:
    """The maximum of each window of a list or matrix; what is beyond the border is left out."""
    least = -math.inf
    return _slid(_padded(x, pad, least), _sizes(x, size), stride, 1, lambda window: max(flat(window)))


@function
def avgpool(x: Any, size: int, stride: int) -> Any:
    """The mean of each window of a list or matrix."""
    def mean(window: Any) -> Any:
        numbers = list(flat(window))
        return _plain(Fraction(sum(map(Fraction, numbers))) / len(numbers))
    return _slid(x, _sizes(x, size), stride, 1, mean)


@function
def correlate(x: Any, w: Any, pad: int = 0, stride: int = 1, dilation: int = 1) -> Any:
    """Each window of a list or matrix, with zeros around it, times w, added up: what networks call
    convolution."""
    kernel = (len(w), len(w[0])) if isinstance(w[0], tuple) else (len(w),)
    return _slid(_padded(x, pad, 0), kernel, stride, dilation, lambda window: dot(window, w))


@function
def convolve(x: Any, w: Any, pad: int = 0) -> Any:
    """Convolution proper: `correlate` with w flipped."""
    return correlate(x, flip(w), pad)


@function
def conv2d(x: Any, w: Any, b: Any = 0, pad: int = 0, stride: int = 1) -> Any:
    """The layer: x is a list of channels, w a list of filters that have a kernel a channel, b the biases."""
    out = []
    for k, kernels in enumerate(w):
        maps = [correlate(channel, kernel, pad, stride) for channel, kernel in zip(x, kernels)]
        bias = b[k] if isinstance(b, tuple) else b
        out.append(each(lambda *numbers, bias=bias: sum(numbers) + bias, *maps))
    return tuple(out)
