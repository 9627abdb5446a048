"""Control flow: the branches of If joined, the bodies of loops run until nothing changes, sequences
mapped."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import Any, NamedTuple

from archcheck import elements, values
from archcheck.dims import Dim, Size, least, maximum, same, symbols
from archcheck.graph import Element, Several, Shape, TensorType
from archcheck.ops._join import Differing, join
from archcheck.ops._op import (
    FREE,
    UNRANKED,
    Cost,
    Effect,
    axis_of,
    counted_size,
    equal,
    here,
    op,
    unknown_size,
)

PASSES = 8
"""How often a body is run before all that it carries is given up as unknown."""
UNROLLED_TRIPS, UNROLLED_NODES = 64, 4096
"""A loop of at most so many trips, and nodes walked in them, is followed trip by trip."""

Types = Sequence[TensorType]


# ---------------------------------------------------------------------------------- If
@op("If", dtypes=(None,))
def if_(cond, *, then_branch, else_branch):
    """``then_branch()`` if ``cond`` else ``else_branch()``; what both have in common where ``cond`` is not
    known."""
    holds = _truth(cond)
    if holds is None:
        outputs = tuple(map(join, then_branch(), else_branch()))
        return Effect(outputs, lambda: Cost(*map(maximum, then_branch.cost, else_branch.cost)),
                      runs=({then_branch.name: 1}, {else_branch.name: 1}))
    taken = then_branch if holds else else_branch
    return Effect(taken(), lambda: taken.cost, runs=({taken.name: 1},))


def _truth(kind: TensorType | None) -> bool | None:
    """The one element of a condition, if it is known; a condition left out holds."""
    return True if kind is None else values.scalar(kind)


# ---------------------------------------------------------------------------------- what loops share
class Settled(NamedTuple):
    """A body that carries state, run until no state changes: ``states`` are what every trip begins with,
    ``outputs`` what the body then gives."""

    states: Types
    outputs: Types


def _settle(body: Callable[[Types], Types], initial: Types, differing: Differing, lead: int = 0) -> Settled:
    """Widen the ``initial`` states to what holds in every trip: sizes that a trip changes to ``differing(old,
    new)``. ``body(states)`` gives ``lead`` outputs, the next states and then others."""
    states = list(initial)
    for _ in range(PASSES):
        outputs = body(states)
        wider = [join(a, b, differing) for a, b in zip(states, outputs[lead:])]
        if wider == states:
            return Settled(states, outputs)
        states = wider
    states = [TensorType(kind.dtype, None) for kind in states]
    return Settled(states, body(states))


def _widened(size: Size, _: Size) -> Size:
    return size if _inside(size) else unknown_size("it changes from trip to trip")


def _kept(size: Size, after: Size) -> Size:
    if not _inside(after):
        equal(size, after, "an axis of a state is {} before a trip and {} after it, but must stay the same",
              size, after)
    return size


def _inside(element: Element) -> bool:
    """Whether a size, an element or a type stands for another number in every trip of the loop that runs
    here."""
    if isinstance(element, TensorType):
        return any(map(_inside, chain(element.shape or (), values.items(element) or (), _length(element))))
    if isinstance(element, elements.Ratio):
        return _inside(element.num) or _inside(element.den)
    return isinstance(element, Dim) and any(
        symbol.origin and symbol.args[0].startswith(f"{here.place}.") for symbol in symbols(element))


def _length(kind: TensorType) -> tuple[Size, ...]:
    """The length of a sequence of which no more is known."""
    return (kind.value.length,) if isinstance(kind.value, Several) else ()


def _outside(kind: TensorType) -> TensorType:
    """``kind`` as it is known after the loop."""
    if not _inside(kind):
        return kind
    shape = kind.shape and tuple(unknown_size("it changes from trip to trip") if _inside(size) else size
                                 for size in kind.shape)
    found = values.items(kind) or ()
    value: Any = tuple(_outside(e) if isinstance(e, TensorType) else None if _inside(e) else e for e in found)
    if isinstance(kind.value, Several) and not _inside(kind.value.length):
        value = kind.value
    return TensorType(kind.dtype, shape, value or None)


def _stacked(kind: TensorType, trips: Size, axis: int = 0) -> TensorType:
    """What a scan output collects: a ``kind`` from each trip, along a new ``axis``. No trip, no size:
    runtimes then make up what the trips would have shown."""
    shape = _outside(kind).shape
    if shape is None:
        return TensorType(kind.dtype, None)
    if same(trips, 0):
        shape = tuple(unknown_size("the loop makes no trip") for _ in shape)
    axis = axis_of(axis, len(shape) + 1)
    return TensorType(kind.dtype, (*shape[:axis], trips, *shape[axis:]))


def _plain(kinds: Types) -> list[TensorType]:
    """``kinds`` as bodies take them."""
    return [kind._replace(shape=None) if kind.shape is UNRANKED else kind for kind in kinds]


# ---------------------------------------------------------------------------------- Loop
@op("Loop", dtypes=(None,), buffers=("v_initial",))
def loop(m=None, cond=None, *v_initial, body):
    """``body(trip, cond, *states)`` gives ``cond, *states, *scans``, at most ``m`` times while ``cond``
    holds. Followed trip by trip where all that decides the trips is known and they are few, else to a
    fix-point of the states."""
    initial, limit, starts = _plain(v_initial), _limit(m), _truth(cond)
    lead = _counter(body, 0, "int64", None), _counter(body, 1, "bool", True)
    settled = _settle(lambda states: body(*lead, *states), initial, _widened, 1)
    again, *outputs = settled.outputs
    trips = _trips(limit, starts, _truth(again))
    exact = _unrolled(body, limit, trips, starts, initial)
    scans = outputs[len(initial):]
    if exact is None:
        last = [_after(trips, *kinds) for kinds in zip(initial, settled.states, outputs)]
        return Effect((*map(_outside, last), *(_stacked(kind, trips) for kind in scans)),
                      lambda: body.cost.times(trips), runs=({body.name: trips},))
    rows = zip(*exact.scans) if exact.scans else [()] * len(scans)
    return Effect((*exact.states, *map(_collected, scans, rows)), exact.cost,
                  runs=_alike(body, len(exact.scans), exact.cost))


def _alike(body: Any, trips: int, cost: Cost) -> tuple[Mapping[str, Size], ...]:
    """How often ``body`` runs, if all trips, which cost ``cost`` together, are alike."""
    return ({body.name: trips},) if body.cost.times(trips) == cost else ()


def _after(trips: Size, first: TensorType, before: TensorType, after: TensorType) -> TensorType:
    """A state after all ``trips``: it is ``first`` at the beginning, and every trip makes ``after`` of
    ``before``."""
    last = after if least(trips) >= 1 else before
    kinds = first, before, after, last
    shape, value = last.shape, last.value
    shapes, lengths = zip(*((kind.shape, values.length(kind)) for kind in kinds))
    if None not in shapes and len({*map(len, shapes)}) == 1:
        shape = tuple(_grown(trips, *sizes) for sizes in zip(*shapes))
    if isinstance(value, Several) and None not in lengths:
        value = Several(_grown(trips, *lengths))
    return TensorType(last.dtype, shape, value)


def _grown(trips: Size, first: Size, before: Size, after: Size, last: Size) -> Size:
    """``last``; but where a size grows by the same in every trip, what it has become."""
    step = after - before
    return first + step * trips if _inside(before) and not _inside(step) else last


def _limit(m: TensorType | None) -> Size | None:
    """The largest number of trips that ``m`` allows, a count where that is not known; None for no limit."""
    if m is None:
        return None
    limit = values.scalar(m)
    return counted_size() if limit is None else maximum(limit, 0)


def _trips(limit: Size | None, starts: bool | None, continues: bool | None) -> Size:
    """How often a loop runs whose body gives the condition ``continues`` in every trip."""
    if starts is False or limit == 0:
        return 0
    return limit if starts and continues and limit is not None else counted_size(limit)


def _counter(body: Any, position: int, dtype: str, element: Element) -> TensorType:
    """The trip's number or its condition, of the rank (0 or 1) with which the body declares it."""
    declared = list(body.graph.inputs.values())[position].shape
    return TensorType(dtype, (1,) if declared else (), None if element is None else (element,))


class Unrolled(NamedTuple):
    """A loop followed trip by trip: the last states, the scan outputs of each trip, and the cost of all
    trips."""

    states: Types
    scans: list[Types]
    cost: Cost


def _unrolled(body: Any, limit: Size | None, trips: Size, holds: bool | None,
              states: Types) -> Unrolled | None:
    """The loop followed trip by trip, or None where its trips are not known or too many."""
    scans: list[Types] = []
    cost, count, most_nodes = FREE, len(states), body.nodes_walked + UNROLLED_NODES
    ended = None if isinstance(trips, int) and trips > UNROLLED_TRIPS else _ended(limit, holds, 0)
    while ended is False and len(scans) < UNROLLED_TRIPS and body.nodes_walked < most_nodes:
        walk = body.trial(_counter(body, 0, "int64", len(scans)), _counter(body, 1, "bool", True), *states)
        again, *outputs = walk.outputs
        states, cost = outputs[:count], cost + walk.cost
        scans.append(outputs[count:])
        ended = _ended(limit, _truth(again), len(scans))
    return Unrolled(states, scans, cost) if ended and not any(map(_inside, chain(states, *scans))) else None


def _ended(limit: Size | None, holds: bool | None, done: int) -> bool | None:
    """Whether a loop is over after ``done`` trips."""
    reached = limit is not None and same(limit, done)
    return True if holds is False or reached else None if holds is None or reached is None else False


def _collected(general: TensorType, rows: Types) -> TensorType:
    """The scan output whose trips gave ``rows``, each of them a ``general``."""
    found = [values.items(kind) for kind in rows]
    known = None not in found and sum(map(len, found)) <= values.CAP  # type: ignore[arg-type]
    value = tuple(chain(*found)) if known else None  # type: ignore[arg-type]
    return _stacked(reduce(join, rows) if rows else general, len(rows))._replace(value=value or None)


# ---------------------------------------------------------------------------------- Scan
@op("Scan", since=9, dtypes=(None,), buffers=("initial_state_and_scan_inputs",))
def scan(*initial_state_and_scan_inputs, body, num_scan_inputs, scan_input_axes=None, scan_output_axes=None,
         scan_input_directions=None, scan_output_directions=None):
    """``body(*states, *slices)`` gives ``*states, *scans``, once for each slice of the scan inputs along
    their axes."""
    initial, scanned = _split(initial_state_and_scan_inputs, num_scan_inputs)
    axes = [axis_of(axis, len(kind.shape))
            for kind, axis in zip(scanned, scan_input_axes or (0,) * len(scanned))]
    slices = [TensorType(kind.dtype, _without(kind.shape, axis)) for kind, axis in zip(scanned, axes)]
    trips = _common_length([kind.shape[axis] for kind, axis in zip(scanned, axes)])
    settled = _settle(lambda states: body(*states, *slices), initial, _kept)
    scans = settled.outputs[len(initial):]
    stacked = map(_stacked, scans, (trips,) * len(scans), scan_output_axes or (0,) * len(scans))
    return Effect((*map(_outside, settled.states), *stacked), lambda: body.cost.times(trips),
                  runs=({body.name: trips},))


@op("Scan", since=8, dtypes=(None,), buffers=("initial_state_and_scan_inputs",))
def scan_of_batches(sequence_lens=None, *initial_state_and_scan_inputs, body, num_scan_inputs,
                    directions=None):
    """Scan with a batch: all states begin with a batch axis, scan inputs and outputs with a batch and a time
    axis."""
    initial, scanned = _split(initial_state_and_scan_inputs, num_scan_inputs)
    batch, trips = scanned[0].shape[0], _common_length([kind.shape[1] for kind in scanned])
    single = [TensorType(kind.dtype, _without(kind.shape, 0)) for kind in initial]
    slices = [TensorType(kind.dtype, kind.shape[2:]) for kind in scanned]
    settled = _settle(lambda states: body(*states, *slices), single, _kept)
    scans = settled.outputs[len(initial):]
    return Effect((*(_stacked(kind, batch) for kind in settled.states),
                   *(_stacked(_stacked(kind, trips), batch) for kind in scans)),
                  lambda: body.cost.times(batch * trips), runs=({body.name: batch * trips},))


def _split(kinds: Types, scanned: int) -> tuple[list[TensorType], Sequence[Any]]:
    states = len(kinds) - scanned
    return _plain(kinds[:states]), kinds[states:]


def _without(shape: Shape | None, axis: int) -> Shape | None:
    return shape and shape[:axis] + shape[axis + 1:]


def _common_length(lengths: Sequence[Size]) -> Size:
    for length in lengths[1:]:
        equal(lengths[0], length, "the scan inputs have {} and {} slices, but must have the same number",
              lengths[0], length)
    return lengths[0]


# ---------------------------------------------------------------------------------- SequenceMap
@op("SequenceMap", since=17, dtypes=(None,))
def sequence_map(input_sequence, *additional_inputs, body):
    """``body(element, *others)`` for each element of a sequence, the others taken from sequences of the same
    length or the same tensor every time; a sequence for each output of the body."""
    inputs = _plain((input_sequence, *additional_inputs))
    outputs = tuple(map(_sequence_of, body(*map(_element, inputs))))
    found = values.items(input_sequence)
    if found is None or len(found) > UNROLLED_TRIPS:
        length = counted_size() if found is None else len(found)
        return Effect(outputs, lambda: body.cost.times(length), runs=({body.name: length},))
    walks = [body.trial(*row) for row in zip(*(_elements(kind, len(found)) for kind in inputs))]
    columns = zip(*(map(_outside, walk.outputs) for walk in walks)) if walks else [()] * len(outputs)
    exact = tuple(TensorType(general.dtype, reduce(join, column).shape if column else None, tuple(column))
                  for general, column in zip(outputs, columns))
    cost = sum((walk.cost for walk in walks), FREE)
    return Effect(exact, cost, runs=_alike(body, len(walks), cost))


def _is_sequence(kind: TensorType) -> bool:
    return kind.dtype is not None and kind.dtype.startswith("seq(")


def _element(kind: TensorType) -> TensorType:
    """What is known of every element of a sequence; any other type itself."""
    return TensorType(kind.dtype[4:-1], kind.shape) if _is_sequence(kind) else kind  # type: ignore[index]


def _elements(kind: TensorType, length: int) -> Types:
    found = values.items(kind) if _is_sequence(kind) else None
    return (_element(kind),) * length if found is None else found


def _sequence_of(kind: TensorType) -> TensorType:
    return TensorType(kind.dtype and f"seq({kind.dtype})", _outside(kind).shape)
