"""The algebras of receptive fields against brute force: which element depends on which, as one matrix."""
from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archcheck.analyses.phases import Relation, Term, flat, shortest, spanned
from archcheck.analyses.reach import Reach
from archcheck.analyses.tracing import Phases
from archcheck.ops._op import ALL, Along, Picked, Prefix, Reader, Spread
from archcheck.ops._packing import packing
from tests.ops._reach import _reads

Step = tuple[tuple[Reader, ...], tuple[int, ...]]  # how the input's axes are read, and the output's shape


# ------------------------------------------------------------------------------------------------ brute force
def matrix(readers: Sequence[Reader], source: tuple[int, ...], target: tuple[int, ...]) -> Any:
    """Which element of the output, flat, reads which of the input."""
    grid = np.meshgrid(*map(np.arange, target), indexing="ij", sparse=True)
    found = np.ones((*target, *source), bool)
    for axis, (reader, size) in enumerate(zip(readers, source, strict=True)):
        rows = [np.broadcast_to(_reads(reader, grid, at, size), target) for at in range(size)]
        shape = [1] * len(source)
        shape[axis] = size
        found &= np.stack(rows, axis=-1).reshape(*target, *shape)
    return found.reshape(prod(target), prod(source))


def dependence(steps: Sequence[Step], shape: tuple[int, ...]) -> Any:
    """Which element of the last output depends on which of the first input: axes of both, in this order."""
    found, source = np.eye(prod(shape), dtype=bool), shape
    for readers, target in steps:
        found = (matrix(readers, source, target).astype(int) @ found) > 0
        source = target
    return found.reshape(*source, *shape)


def projections(found: Any, shape: tuple[int, ...], axis: int) -> Any:
    """For each element of the output which positions of one axis of the input it depends on."""
    outputs = found.ndim - len(shape)
    others = tuple(outputs + k for k in range(len(shape)) if k != axis)
    return found.any(axis=others)


def folded(algebra: Any, steps: Sequence[Step], shape: tuple[int, ...]) -> list[Any]:
    """The relations that an algebra finds, one for each axis of the input."""
    relations = [algebra.identity(axis, size) for axis, size in enumerate(shape)]
    source = shape
    for readers, target in steps:
        relations = [algebra.through(relation, readers, source, target, size, "v")
                     for relation, size in zip(relations, shape, strict=True)]
        source = target
    return relations


def bits(rows: Any, target: tuple[int, ...], extent: int) -> Any:
    """Sets of a relation as truth values, for every element of the output."""
    spread = rows.data[0].reshape([target[axis] if axis in rows.axes else 1 for axis in range(len(target))])
    wide = np.broadcast_to(spread, target)
    return np.array([[bool(int(row) >> place & 1) for place in range(extent)]
                     for row in wide.reshape(-1)]).reshape(*target, extent)


def ends(relation: Relation, index: Sequence[int]) -> tuple[Any, Any]:
    """What a relation without sizes says of one element."""
    lo, hi = relation.lo, relation.hi
    for term in relation.terms:
        digit = index[term.axis] // term.divisor % (term.size or 10 ** 9)
        lo, hi = lo + term.first(digit), hi + term.last(digit)
    return lo, hi


# ------------------------------------------------------------------------------------------------ chains
@st.composite
def one_step(draw: Any, size: int) -> Step:
    """A reader of one axis of ``size`` positions."""
    kind = draw(st.sampled_from(["window", "spread", "slice", "flip", "pad", "prefix", "border"]))
    if kind == "window":
        taps, dilation, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        start = -draw(st.integers(0, 3))
        count = draw(st.integers(1, 9))
        return (Along(0, stride, start, taps, dilation),), (count,)
    if kind == "spread":
        phases, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        first = draw(st.lists(st.integers(-2, 3), min_size=phases, max_size=phases))
        lengths = draw(st.lists(st.integers(0, 3), min_size=phases, max_size=phases))
        last = tuple(a + n - 1 for a, n in zip(first, lengths, strict=True))
        return (Spread(0, stride, tuple(first), last),), (draw(st.integers(1, 12)),)
    if kind == "slice":
        start, step = draw(st.integers(0, 3)), draw(st.integers(1, 3))
        return (Along(0, step, start),), (max(1, -(-(size - start) // step)),)
    if kind == "flip":
        return (Along(0, -1, size - 1),), (size,)
    if kind == "pad":
        before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        return (Along(0, 1, -before),), (size + before + after,)
    if kind == "border":
        before, after = (draw(st.integers(0, max(0, size - 1))) for _ in range(2))
        mode = draw(st.sampled_from(["reflect", "edge", "wrap"]))
        return (Along(0, start=-before, border=mode),), (size + before + after,)
    return (Prefix(0, draw(st.booleans())),), (size,)


@st.composite
def chains(draw: Any) -> tuple[list[Step], tuple[int, ...]]:
    """A few readers one after the other along one axis."""
    size = draw(st.integers(1, 12))
    return draw(chain_over(size)), (size,)


@st.composite
def chain_over(draw: Any, size: int) -> list[Step]:
    """The same over an axis of ``size`` positions."""
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 5))):
        step = draw(one_step(size))
        size = step[1][0]
        steps.append(step)
    return steps


@given(chains())
@settings(max_examples=200, deadline=None)
def test_a_chain_reads_what_its_matrix_says(chain: tuple[list[Step], tuple[int, ...]]) -> None:
    steps, shape = chain
    truth = projections(dependence(steps, shape), shape, 0)
    target = steps[-1][1]
    exact, = folded(Reach(exact=True), steps, shape)
    assert not exact.bound
    assert (bits(exact, target, shape[0]) == truth).all()
    hull, = folded(Reach(), steps, shape)
    for index in np.ndindex(*target):
        read = np.flatnonzero(truth[index])
        low, high = (int(array[tuple(index[axis] for axis in hull.axes)]) for array in hull.data)
        assert (low, high) == (read[0], read[-1]) if read.size else low > high


@given(chains())
@settings(max_examples=200, deadline=None)
def test_a_chain_without_sizes_reads_no_more_than_said(chain: tuple[list[Step], tuple[int, ...]]) -> None:
    steps, shape = chain
    assume(not any(isinstance(reader, Along) and reader.border for (reader,), _ in steps))
    truth = projections(dependence(steps, shape), shape, 0)
    relation, = folded(Phases(), steps, shape)
    for index in np.ndindex(*steps[-1][1]):
        read = np.flatnonzero(truth[index])
        low, high = ends(relation, index)
        assert not read.size or low <= read[0] and read[-1] <= high


@given(chains(), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_far_from_the_borders_it_reads_just_that(chain: tuple[list[Step], tuple[int, ...]], at: int) -> None:
    """On an axis that is long enough, nothing is clipped, and both ends are read."""
    steps, _ = chain
    assume(not any(isinstance(reader, Prefix) or isinstance(reader, Along)
                   and (reader.border or reader.stride < 0) for (reader,), _ in steps))
    scale = prod(reader.stride for (reader,), _ in steps)  # type: ignore[union-attr]
    size = 60 * scale
    long, source = [], size
    for (reader,), _ in steps:
        source = source * len(getattr(reader, "first", (0,))) // reader.stride  # type: ignore[union-attr]
        long.append(((reader,), (source,)))
    assume(0 < source < 4000)
    relation, = folded(Phases(), long, (size,))
    hull, = folded(Reach(), long, (size,))
    place = source // 2 + at % max(1, source // 8)
    low, high = ends(relation, (place,))
    if low == np.inf:
        assert hull.data[0][place] > hull.data[1][place]
    else:
        assume(15 * scale <= low and high < size - 15 * scale)
        assert (int(hull.data[0][place]), int(hull.data[1][place])) == (low, high)


# ------------------------------------------------------------------------------------------- several axes
@st.composite
def several_axes(draw: Any) -> tuple[list[Step], tuple[int, ...]]:
    """Reshapes, transpositions, windows and reductions over a few axes."""
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=3)))
    assume(prod(shape) <= 36)
    steps: list[Step] = []
    source = shape
    for _ in range(draw(st.integers(1, 5))):
        step = draw(wide_step(source))
        source = step[1]
        assume(0 < prod(source) <= 72)
        steps.append(step)
    return steps, shape


@st.composite
def wide_step(draw: Any, source: tuple[int, ...]) -> Step:
    """One operator on a tensor of shape ``source``."""
    kind = draw(st.sampled_from(["reshape", "transpose", "window", "reduce", "pick", "broadcast"]))
    rank = len(source)
    axis = draw(st.integers(0, rank - 1)) if rank else 0
    same: list[Reader] = [Along(k) for k in range(rank)]
    if kind == "reshape" or rank == 0:
        return packing(source, target := draw(factorings(prod(source)))), target
    if kind == "transpose":
        order = draw(st.permutations(range(rank)))
        return tuple(Along(order.index(k)) for k in range(rank)), tuple(source[k] for k in order)
    if kind == "reduce":
        readers = [ALL if k == axis else Along(k - (k > axis)) for k in range(rank)]
        return tuple(readers), (*source[:axis], *source[axis + 1:])
    if kind == "pick":
        indices = draw(st.lists(st.integers(0, source[axis] - 1), min_size=1, max_size=4))
        same[axis] = Picked(axis, tuple(indices))
        return tuple(same), (*source[:axis], len(indices), *source[axis + 1:])
    if kind == "broadcast":
        same = [Along(k + 1) if size > 1 else Picked(None, (0,)) for k, size in enumerate(source)]
        return tuple(same), (draw(st.integers(1, 2)), *source)
    taps, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    same[axis] = Along(axis, stride, -draw(st.integers(0, 1)), taps)
    return tuple(same), (*source[:axis], draw(st.integers(1, source[axis] + 1)), *source[axis + 1:])


@st.composite
def factorings(draw: Any, count: int) -> tuple[int, ...]:
    """A shape of ``count`` elements."""
    shape: list[int] = []
    while count > 1 and len(shape) < 3:
        factor = draw(st.sampled_from([k for k in range(1, count + 1) if count % k == 0]))
        shape.append(factor)
        count //= factor
    return (*shape, count) if count > 1 or not shape else tuple(shape)


@given(several_axes())
@settings(max_examples=250, deadline=None)
def test_reshaped_and_transposed_values_read_what_their_matrix_says(
        chain: tuple[list[Step], tuple[int, ...]]) -> None:
    steps, shape = chain
    truth = dependence(steps, shape)
    target = steps[-1][1]
    nothing = ~truth.reshape(*target, -1).any(axis=-1)
    for axis, exact in enumerate(folded(Reach(exact=True), steps, shape)):
        said, read = bits(exact, target, shape[axis]), projections(truth, shape, axis)
        assert (read <= said).all()
        assert exact.bound or (read == said)[~nothing].all()
    for axis, relation in enumerate(folded(Phases(), steps, shape)):
        read = projections(truth, shape, axis)
        for index in np.ndindex(*target):
            places = np.flatnonzero(read[index])
            low, high = ends(relation, index)
            assert not places.size or low <= places[0] and places[-1] <= high


@given(st.integers(1, 12).flatmap(
    lambda size: st.tuples(st.just((size,)), chain_over(size), chain_over(size))))
@settings(max_examples=150, deadline=None)
def test_branches_read_what_either_does(drawn: tuple[tuple[int, ...], list[Step], list[Step]]) -> None:
    shape, a, b = drawn
    size = min(a[-1][1][0], b[-1][1][0])
    a, b = ([*steps, ((Along(0),), (size,))] for steps in (a, b))
    truth = projections(dependence(a, shape) | dependence(b, shape), shape, 0)
    for algebra in (Reach(exact=True), Reach(), Phases()):
        branches = (folded(algebra, steps, shape)[0] for steps in (a, b))
        joined = algebra.join(*branches, (size,), shape[0], "v")
        for index in range(size):
            read = set(np.flatnonzero(truth[index]).tolist())
            if isinstance(algebra, Phases):
                low, high = ends(joined, (index,))
                folds = any(isinstance(r, Along) and r.border for (r,), _ in [*a, *b])
                assert folds or all(low <= place <= high for place in read)
            elif algebra.exact:
                assert read == set(np.flatnonzero(bits(joined, (size,), shape[0])[index]).tolist())
            else:
                low, high = int(joined.data[0][index]), int(joined.data[1][index])
                assert (low, high) == (min(read), max(read)) if read else low > high


# ------------------------------------------------------------------------------------------------ tables
def test_a_term_is_written_with_as_few_phases_as_say_it() -> None:
    assert shortest(Term(0, 8, (0, 2, 4, 6), (1, 3, 5, 7))) == Term(0, 2, (0,), (1,))
    assert len(shortest(Term(0, 2, (0, 0), (1, 2))).lo) == 2


@pytest.mark.parametrize(("terms", "count", "expected"), [
    ([Term(0, 1, divisor=4), Term(0, 4, divisor=1, size=4)], 8, [0, 4, 8, 12, 1, 5, 9, 13]),
    ([Term(0, 1, divisor=1, size=3)], 6, [0, 1, 2, 0, 1, 2]),
    ([Term(0, 7, divisor=2)], 6, [0, 0, 7, 7, 14, 14]),
])
def test_digits_of_one_axis_make_one_table(terms: list[Term], count: int, expected: list[int]) -> None:
    table = flat(terms, count)
    assert [table.first(place) for place in range(count)] == expected


@given(st.integers(1, 4), st.lists(st.integers(-3, 5), min_size=1, max_size=4), st.integers(1, 20))
def test_what_all_positions_read_together_is_no_less_than_what_each_does(
        stride: int, lo: list[int], count: int) -> None:
    term = Term(0, stride, tuple(lo), tuple(end + 2 for end in lo))
    first, last = spanned(term, count)
    assert first <= min(term.first(o) for o in range(count))
    assert last >= max(term.last(o) for o in range(count))
