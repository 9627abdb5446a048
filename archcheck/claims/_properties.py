"""Properties of what networks compute, in trials: what happens to the output when the input is moved, or a
single number of it is another one."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from archcheck.claims._running import Array, Ready, listed
from archcheck.claims._show import text_of
from archcheck.claims.runs import TOLERANCE
from archcheck.dims import prod

TRIALS = 20
"""Trials have the seeds from 0 on."""
STEPS = 64.0, -64.0
"""By so much an input or weight is changed to see what depends on it: farther than others are apart."""
MAX_PAIRS = 1 << 20
"""Dependence is measured of no more pairs of an output and an input."""
MAX_SHOWN = 16

Amounts = tuple[int, ...]
Move = Callable[[Array, Amounts], Array]


# ------------------------------------------------------------------------------------------------ moves
def _shift(x: Array, by: Amounts) -> Array:
    """Moved by so many positions along the last axes; zeros move in."""
    for axis, n in zip(range(-len(by), 0), by):
        x = np.roll(x, n, axis)
        entered = np.arange(x.shape[axis]) < n if n > 0 else np.arange(x.shape[axis]) >= x.shape[axis] + n
        np.moveaxis(x, axis, 0)[entered] = 0
    return x


def _scale(x: Array, by: Amounts) -> Array:
    """The middle half of every axis after channels, each number of it twice."""
    for axis in range(_first(x), x.ndim):
        middle = x.shape[axis] // 2
        x = np.take(x, [middle + (place - middle) // 2 for place in range(x.shape[axis])], axis)
    return x


def _rotate(x: Array, by: Amounts) -> Array:
    if x.ndim < 3 or x.shape[-1] != x.shape[-2]:
        raise ValueError("a quarter turn takes squares")
    return np.rot90(x, axes=(-2, -1))


MOVES: dict[str, Move] = {
    "shift": _shift, "scale": _scale, "rotate": _rotate, "flip": lambda x, by: np.flip(x, -1),
    "channels": lambda x, by: np.flip(x, 1)}


def _first(x: Array) -> int:
    """The first axis after batch and channels; of two axes, the second."""
    rank: int = x.ndim
    return min(2, rank - 1)


def _move(how: Any) -> Move:
    if how not in MOVES:
        raise ValueError(f"a network is moved by {', '.join(map(repr, MOVES))}, and not by {how!r}")
    return MOVES[how]


def _amounts(by: Any, rank: int) -> Amounts:
    found = by if isinstance(by, tuple) else (by,)
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in found) or not 0 < len(found) < rank:
        raise ValueError("a shift is a whole number, or a list of them for the last axes")
    return found


def _placed(x: Array, how: str, by: Amounts) -> Array:
    """What is drawn, with zeros around it where it needs room: it stands in the middle half of each axis."""
    if how not in ("shift", "scale"):
        return x
    for axis, size in enumerate(x.shape):
        if axis >= _first(x):
            around = [place for place in range(size) if not size // 4 <= place < size - size // 4]
            x[(slice(None),) * axis + (around,)] = 0
    for n, size in zip(by, x.shape[-len(by):]):
        if how == "shift" and abs(n) > size // 4:
            raise ValueError(f"what is drawn stands in the middle half of {size} positions and moves by at "
                             f"most {size // 4}, not {abs(n)}")
    return x


# ------------------------------------------------------------------------------------------------ trials
def _trials(ready: Ready, how: str, by: Any) -> Iterator[tuple[int, Array, Array, Array]]:
    """The seed, the input, and the outputs for it and for the input moved, of each trial."""
    move, name = _move(how), ready.input
    for seed in range(TRIALS):
        feeds = ready.feeds(seed)
        amounts = _amounts(by, feeds[name].ndim)
        x = _placed(feeds[name], how, amounts)
        moved = np.ascontiguousarray(move(x, amounts))
        yield seed, x, ready.output({**feeds, name: x}), ready.output({**feeds, name: moved})


def counterexample(ready: Ready, how: str, by: Any, then: Any) -> str:
    """The first trial in which the output for the moved input is not the output, moved by ``then`` (None: as
    it is); empty where there is none."""
    for seed, x, out, after in _trials(ready, how, by):
        due, counts = out, np.ones(out.shape, bool)
        if then is not None:
            amounts = _amounts(then, out.ndim)
            due = _move(how)(out, amounts)
            counts = _away(ready, out, amounts) if how == "shift" else counts
        wrong = _differs(after, due) & counts
        if wrong.any():
            return _shown(ready, seed, x, after, due, wrong, f"the input moved by {how}")
    return ""


def _away(ready: Ready, out: Array, by: Amounts) -> Array:
    """The positions of an output that a shift by ``by`` brings from where there were any, and whose field is
    inside the input before and after."""
    counts = np.ones(out.shape, bool)
    for axis, n in zip(range(out.ndim - len(by), out.ndim), by):
        inside = _inside(ready, out, axis)
        after = np.zeros_like(inside)
        after[max(n, 0):len(inside) + min(n, 0)] = inside[max(-n, 0):len(inside) - max(n, 0)]
        counts &= (inside & after).reshape([-1 if k == axis else 1 for k in range(out.ndim)])
    if not counts.any():
        raise ValueError(f"no position of {ready.part.name} sees only what is inside the input; take a "
                         "larger input")
    return counts


def _inside(ready: Ready, out: Array, axis: int) -> Array:
    """Which positions of the output along an axis have a field that does not reach over the border."""
    places = np.arange(out.shape[axis])
    axes = ready.report.fields[ready.part.output].get(ready.input, ())
    field = axes[axis] if len(axes) == out.ndim else None
    window = field and (field.start, field.stride, field.size)
    if not window or not all(isinstance(number, int) for number in window) or not window[1]:
        return np.ones(len(places), bool)
    starts, shape = window[0] + places * window[1], ready.inputs[ready.input].shape or ()
    return (starts >= 0) & (starts + window[2] <= shape[axis])


def _differs(a: Array, b: Array) -> Array:
    """Where two outputs are not the same number, but for rounding."""
    if a.shape != b.shape:
        raise ValueError(f"outputs of {a.shape} and {b.shape} cannot be compared")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return ~(np.abs(a - b) <= float(TOLERANCE) * largest)


def changed_share(ready: Ready, how: str, by: Any) -> Fraction:
    """The share of the outputs that are others once the input is moved, in all trials together."""
    pairs = [_differs(after, out) for _, _, out, after in _trials(ready, how, by)]
    return Fraction(sum(int(pair.sum()) for pair in pairs), sum(pair.size for pair in pairs))


def disagreement(ours: Ready, theirs: Ready) -> str:
    """The first trial in which two networks with the same weights differ; empty where none does."""
    sizes, others = ([prod(kind.shape or ()) for kind in ready.open.values()] for ready in (ours, theirs))
    if sizes != others:
        raise ValueError(f"{theirs.part.name} does not have as many weights as {ours.part.name}, tensor by "
                         "tensor, and cannot take them")
    for seed in range(TRIALS):
        feeds = ours.feeds(seed)
        weights = {b: feeds[a].reshape(theirs.open[b].shape) for a, b in zip(ours.open, theirs.open)}
        x = feeds[ours.input]
        same = {theirs.input: x.reshape(theirs.inputs[theirs.input].shape)}
        out, other = ours.output(feeds), theirs.output({**weights, **same})
        if out.size != other.size:
            raise ValueError(f"outputs of {out.shape} and {other.shape} cannot be compared")
        other = other.reshape(out.shape)
        wrong = _differs(other, out)
        if wrong.any():
            return _shown(ours, seed, x, other, out, wrong, f"{theirs.part.name} in its place")
    return ""


def _shown(ready: Ready, seed: int, x: Array, after: Array, due: Array, wrong: Array, what: str) -> str:
    """A counterexample in words."""
    at = tuple(np.argwhere(wrong)[0])
    values = ", not ".join(text_of(listed(array[at].reshape(1), "")[0]) for array in (after, due))
    of = f" of {text_of(listed(x, ''))}" if x.size <= MAX_SHOWN else ""
    place = ", ".join(map(str, at[1:]))
    return f"with seed {seed}, {what}{of} makes {ready.part.name} {values} at [{place}]"


# ------------------------------------------------------------------------------------------------ dependence
def dependence(ready: Ready) -> Array:
    """Which outputs change when an input does: a row for each output, a column for each input."""
    name = ready.input
    return np.stack([column.reshape(-1) for column in _changed_by(ready, name)], 1)


def reached_by(ready: Ready, weight: str) -> Array:
    """How many outputs change when an element of a weight does, in the weight's shape."""
    name = ready.named(weight)
    counts = np.array([int(column.sum()) for column in _changed_by(ready, name)])
    return counts.reshape(ready.fed(name, 0)[name].shape)


def _changed_by(ready: Ready, name: str) -> Iterator[Array]:
    """For each element of an input or weight, which outputs are others when it is."""
    positive = {key: np.abs(value) for key, value in ready.fed(name, 0).items()}  # which no ReLU holds back
    drawn = [positive, ready.fed(name, 1)]
    outputs = [ready.output(feeds) for feeds in drawn]
    if drawn[0][name].size * outputs[0].size > MAX_PAIRS:
        raise ValueError(f"{ready.part.name} has {outputs[0].size:,} outputs for {drawn[0][name].size:,} "
                         f"numbers, more than {MAX_PAIRS:,} pairs; take a smaller network")
    for place in range(drawn[0][name].size):
        found = np.zeros(outputs[0].shape, bool)
        for feeds, out in zip(drawn, outputs):
            for step in STEPS:
                other = feeds[name].copy()
                other.reshape(-1)[place] += step
                found |= ready.output({**feeds, name: other}) != out
        yield found
