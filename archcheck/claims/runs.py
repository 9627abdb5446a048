"""Functions that run a network in ONNX Runtime and tell what came out, for ``execute`` entries of claims."""
from __future__ import annotations

import random as randomness
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcheck.claims._functions import executed, function
from archcheck.claims._parts import Part
from archcheck.claims.examples import flat, whole

if TYPE_CHECKING:
    from archcheck.claims._running import Runner

TOLERANCE = Fraction(1, 100_000)
"""Numbers of single precision are the same that differ by no more than this part of the largest."""

MOST = 9
"""Numbers of `random` are no larger."""


@executed
def run(runner: Runner, x: Part, value: Any, *more: Any) -> Any:
    """The output for an input. More are pairs of a name and a value, as "conv1", [[1, 0], [0, 1]]: a layer's
    weights, or another weight or input. Weights that are not given are random. Axes of size 1 may be left out
    of what is given, and those in front are left out of the output."""
    from archcheck.claims._running import listed
    return listed(runner.ready(x).ran(value, more), x.name)


@executed
def measured(runner: Runner, x: Part) -> Any:
    """The shape of the output that comes out of a run, the batch first."""
    return tuple(map(int, runner.ready(x).drawn_output(0).shape))


@executed
def runs(runner: Runner, x: Part) -> bool:
    """Whether ONNX Runtime takes it and runs it."""
    from archcheck.claims._running import Refused
    try:
        runner.ready(x).drawn_output(0)
    except Refused as why:
        runner.notes.append(str(why))
        return False
    return True


@executed
def equivariant(runner: Runner, x: Part, how: str, by: Any = 1, then: Any = None) -> bool:
    """Whether moving the input moves the output, in 20 trials of random inputs and weights. how is "shift",
    by so many positions along the last axis, or a list of them for the last axes, then those of the output if
    they are others; "rotate", a quarter turn; "flip", along the last axis; "scale", to twice the size about
    the middle; or "channels", in the opposite order. Of a shift, only positions count whose field does not
    reach over the border."""
    from archcheck.claims._properties import counterexample
    return runner.noted(counterexample(runner.ready(x), how, by, by if then is None else then))


@executed
def invariant(runner: Runner, x: Part, how: str, by: Any = 1) -> bool:
    """Whether moving the input, as in equivariant, leaves the whole output as it is."""
    from archcheck.claims._properties import counterexample
    return runner.noted(counterexample(runner.ready(x), how, by, None))


@executed
def changes(runner: Runner, x: Part, how: str, by: Any = 1) -> Any:
    """The share of outputs that change when the input is moved, as in equivariant, over 20 trials."""
    from archcheck.claims._properties import changed_share
    return changed_share(runner.ready(x), how, by)


@executed
def agree(runner: Runner, a: Part, b: Part) -> bool:
    """Whether two networks give the same outputs in 20 trials of random inputs and weights. The weights of b
    are those of a in their order, in b's shapes."""
    from archcheck.claims._properties import disagreement
    return runner.noted(disagreement(runner.ready(a), runner.ready(b)))


@executed
def depends(runner: Runner, x: Part) -> Any:
    """Which outputs change when an input does, as a matrix of 0 and 1: a row for each output, a column for
    each input. Its sum is the number of connections."""
    from archcheck.claims._properties import dependence
    from archcheck.claims._running import nested
    return nested(dependence(runner.ready(x)).astype(int))


@executed
def uses(runner: Runner, x: Part, weight: str) -> Any:
    """How many outputs change when a weight does, for each weight of a layer, in the weights' shape."""
    from archcheck.claims._properties import reached_by
    from archcheck.claims._running import listed
    return listed(reached_by(runner.ready(x), weight), x.name)


@function
def near(a: Any, b: Any) -> bool:
    """Whether numbers, or lists of one shape, differ by no more than single precision does: 1/100,000 of the
    largest."""
    ours, theirs = list(flat(a)), list(flat(b))
    if len(ours) != len(theirs):
        return False
    bound = TOLERANCE * max([abs(Fraction(number)) for number in (*ours, *theirs)], default=Fraction(0))
    return all(abs(Fraction(one) - Fraction(other)) <= bound for one, other in zip(ours, theirs))


@function
def random_(shape: Any, seed: int = 0) -> Any:
    """Whole numbers from -9 to 9, in a list of lists of that shape; the seed decides which."""
    sizes = [whole(size, 1, "a size") for size in (shape if isinstance(shape, tuple) else (shape,))]
    source = randomness.Random(whole(seed, 0, "a seed"))
    count = 1
    for size in sizes:
        count = whole(count * size, 1, "the number of elements")
    numbers: list[Any] = [int(source.random() * (2 * MOST + 1)) - MOST for _ in range(count)]
    for size in reversed(sizes[1:]):
        numbers = [tuple(numbers[k:k + size]) for k in range(0, len(numbers), size)]
    return tuple(numbers)


