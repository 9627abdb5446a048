"""What the positions of each node's output read of the input, as the page shows it: formulas for all sizes,
and the exact sets at the sizes that the page begins with."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from archcheck.analyses.overview import Axis, Overview
from archcheck.analyses.receptive import AxisField
from archcheck.dims import evaluate
from archcheck.report import Report
from archcheck.reporters.html.pool import Pool

MOST_NODES, MOST_EXTENT, MOST_ROWS = 600, 2048, 120_000
"""Exact sets are worked out up to so many nodes, positions of an axis, and both of them multiplied."""


def fields(report: Report, pool: Pool, sizes: Mapping[str, int] | None) -> dict[str, Any]:
    """The fields along the axes of an input that windows slide over. ``of`` maps the index of a node to the
    places of its fields in ``table``, one an axis (-1: it does not depend on it), ``exact`` to those of its
    sets in ``rows``, at ``sizes``."""
    overview, table, rows = Overview(report), _Table(pool), _Rows()
    found = {index: overview.of(node.outputs[0]) for index, node in enumerate(report.graph.nodes)
             if node.outputs and node.outputs[0] in report.fields}
    found = {index: sides for index, sides in found.items() if any(field is not None for field in sides)}
    moving = [index for index, sides in found.items() if any(field and field.moves for field in sides)]
    exact = _exact(report, overview.axes, sizes, rows, moving) if sizes is not None else {}
    return {"axes": [[axis.source, axis.place, pool(axis.extent)] for axis in overview.axes],
            "of": {index: list(map(table.place, sides)) for index, sides in found.items()},
            "table": table.entries, "exact": exact, "rows": rows.entries, "patterns": rows.patterns}


class _Table:
    """The different fields, each once."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.entries, self._known = pool, list[Any](), dict[str, int]()

    def place(self, field: AxisField | None) -> int:
        """The place of a field, -1 for none."""
        if field is None:
            return -1
        entry = self.entry(field)
        key = repr(entry)
        if key not in self._known:
            self._known[key] = len(self.entries)
            self.entries.append(entry)
        return self._known[key]

    def entry(self, field: AxisField) -> dict[str, Any]:
        """A field: the ``axis`` of the value it moves along, by ``step`` for each period of ``lo`` and
        ``hi``, its sizes, and whether that is an upper bound, and why."""
        stride = field.stride
        step = None if stride is None else self.pool(int(stride * field.period))
        return {"axis": field.axis, "step": step, "whole": field.is_whole,
                "lo": [self.end(lo) for lo, _ in field.phases],
                "hi": [self.end(hi) for _, hi in field.phases],
                "sizes": [self.pool(size) for size in field.sizes],
                "stride": None if stride is None else str(stride), "bound": field.upper_bound,
                "why": field.reason}

    def end(self, end: Any) -> Any:
        """An end: a size, or ``-`` and ``+`` for the ends of the axis."""
        return "-" if end == -inf else "+" if end == inf else self.pool(end)


class _Rows:
    """The different rows of sets: for each position of an axis of the value the first position that it reads,
    and the place of the pattern of what it reads from there on."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.patterns: list[list[int]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._shapes: dict[int, int] = {}

    def place(self, axes: tuple[int, ...], sets: list[int]) -> int:
        """The place of the sets of an axis, -1 where they depend on several."""
        if len(axes) > 1:
            return -1
        key = (axes, *sets)
        if key not in self._known:
            self._known[key] = len(self.entries)
            firsts = [(bits & -bits).bit_length() - 1 for bits in sets]
            shapes = [self.shape(bits >> max(first, 0)) for bits, first in zip(sets, firsts)]
            self.entries.append([axes[0] if axes else None, firsts, shapes])
        return self._known[key]

    def shape(self, bits: int) -> int:
        """The place of a pattern: lengths of what is read and what is left out in turn."""
        if bits not in self._shapes:
            self._shapes[bits] = len(self.patterns)
            self.patterns.append(lengths(bits))
        return self._shapes[bits]


def lengths(bits: int) -> list[int]:
    """How many bits from the lowest on are set, then not, then set again, …"""
    found, wanted = list[int](), 1
    while bits:
        run = (~bits & bits + 1).bit_length() - 1 if wanted else (bits & -bits).bit_length() - 1
        found.append(run)
        bits, wanted = bits >> run, 1 - wanted
    return found


def _exact(report: Report, axes: Sequence[Axis], sizes: Mapping[str, int], rows: _Rows,
           moving: Sequence[int]) -> dict[int, list[int]]:
    """The places of the sets of the nodes ``moving``, one an axis; none where they would be too many."""
    from archcheck.analyses.reached import ReachError, reach
    extents = [evaluate(axis.extent, sizes) for axis in axes]
    most = max((size for size in extents if isinstance(size, int)), default=0)
    if len(moving) > MOST_NODES or most > MOST_EXTENT or len(moving) * most > MOST_ROWS:
        return {}
    try:
        reached = reach(report, dict(sizes), exact=True)
    except ReachError:
        return {}
    made = ((index, reached[report.graph.nodes[index].outputs[0]]) for index in moving)
    return {index: [_sets(found, axis, rows) for axis in axes] for index, found in made}


def _sets(found: Any, axis: Axis, rows: _Rows) -> int:
    sets = found[axis.source].sets if axis.source in found else None
    if sets is None:
        return -1
    own = sets[axis.place]
    return rows.place(own.axes, [int(bits) for bits in own.data[0].ravel()]) if not own.bound else -1
